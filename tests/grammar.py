"""The grammar of a page, as data: does a text follow it, and texts that do.

The notation is that of docs/text.md. Both work on the tokens of the language. Names that the page does not define are
terminals: `TERMINALS` says what they look like.
"""

import re

from pyasm import isa
from pyasm.lang.parser.flow import CONTINUATIONS
from pyasm.lang.parser.table import DEFINING, STATEMENTS
from pyasm.lang.parser.tokens import SOURCE, LanguageTokens

_ITEM = re.compile(r'\s*("[^"]*"|[\w-]+|[=|.()\[\]{}])')


def read(page):
    """Name -> rule, of a page's `ebnf` block. A rule is a kind (or, all, some, maybe, word, rule) and its content."""
    (text,) = re.findall(r"^```ebnf\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    items = _ITEM.findall(text)
    rules = {}
    i = 0
    while i < len(items):
        rules[items[i]], i = _choice(items, i + 2)
        assert items[i] == "."
        i += 1
    return rules


def _choice(items, i):
    found = []
    while True:
        sequence = []
        while items[i] not in ("|", ".", ")", "]", "}"):
            node, i = _one(items, i)
            sequence.append(node)
        found.append(("all", sequence))
        if items[i] != "|":
            return (("or", found) if len(found) > 1 else found[0]), i
        i += 1


def _one(items, i):
    item = items[i]
    if item in ("(", "[", "{"):
        node, i = _choice(items, i + 1)
        return {"(": node, "[": ("maybe", node), "{": ("some", node)}[item], i + 1
    if item[0] == '"':
        return ("word", item[1:-1]), i + 1
    return ("rule", item), i + 1


# -- does a text follow it?


def _tokens(text):
    """The tokens, with the dot of an attribute apart from its name."""
    found = [""]
    for token in LanguageTokens(text).texts:
        begins = found[-1] in ("", "\n", ";", "{")
        if token[:1] == "." and token[1:].isidentifier() and not begins:
            found += [".", token[1:]]
        else:
            found.append(token)
    return found[1:]


ENDS = ("\n", ";", "")


class Recognizer:
    """Says of texts whether the rules allow them."""

    def __init__(self, rules):
        self.rules = rules

    def reach(self, text, start="text"):
        """How many tokens the rules cover, and how many there are."""
        self.tokens = _tokens(text)
        self.known = {}
        while self.tokens[-1] == "":
            self.tokens.pop()
        count = len(self.tokens)
        self.tokens += [""] * 4
        return max(self._rule(start, 0, False), default=0), count

    def _rule(self, name, i, free):
        key = name, i, free
        if key not in self.known:
            self.known[key] = frozenset()
            free = free or name == "curly"
            rule = self.rules.get(name)
            self.known[key] = frozenset(self._terminal(name, i, free) if rule is None else self._match(rule, i, free))
        return self.known[key]

    def _match(self, node, i, free):
        kind, content = node
        if kind == "rule":
            return self._rule(content, i, free)
        if kind == "word":
            i = self._skip(i, free or content == "{" or content in CONTINUATIONS)
            return {i + 1} if self.tokens[i].lower() == content.lower() else set()
        if kind == "or":
            return set().union(*[self._match(one, i, free) for one in content])
        if kind == "maybe":
            return {i} | self._match(content, i, free)
        if kind == "all":
            places = {i}
            for one in content:
                places = set().union(*[self._match(one, place, free) for place in places])
            return places
        places, new = {i}, {i}
        while new:
            new = set().union(*[self._match(content, place, free) for place in new]) - places
            places |= new
        return places

    def _skip(self, i, free):
        while free and self.tokens[i] == "\n":
            i += 1
        return i

    def _terminal(self, name, i, free):
        if name == "newline":
            return {i + 1} if self.tokens[i] == "\n" else set()
        i = self._skip(i, free)
        token = self.tokens[i]
        if name in _RUNS:
            end = i
            found = set()
            while self.tokens[end] not in ENDS:
                end += 1
                found.add(end)
            return found if _RUNS[name](token) else set()
        if name == "argument":
            return (
                {i + 1} if token == "/" or token.isidentifier() else {i + 1, i + 2} if token in ("*", "**") else set()
            )
        if name == "assembly":
            return self._assembly(i)
        if name == "top":
            return {i + 1} | ({i + 2} if self.tokens[i + 1].isdigit() else set()) if token == "%" else set()
        return {i + 1} if TERMINALS[name](token) else set()

    def _assembly(self, i):
        found = set()
        while self.tokens[i].isidentifier():
            if self.tokens[i].upper() not in _TAKEN:
                found.add(i + 1)
            if self.tokens[i + 1] != ":":
                break
            i += 2
        return found


_TAKEN = {*isa.load(isa.PORTABLE).opcodes, *STATEMENTS, *DEFINING, *CONTINUATIONS}
_RUNS = {
    "directive": lambda token: token[:1] == ".",
    "raw": lambda token: True,
    "instruction_operand": lambda token: token not in ("->", "{"),
}
TERMINALS = {
    "name": lambda token: token.isidentifier() or token[:1] == "`",
    "number": lambda token: token[:1].isdigit() or (token[:1] == "." and token[1:2].isdigit()),
    "string": lambda token: token[:1] == '"',
    "bytes": lambda token: token[:2].lower() == 'b"',
    "quoted": lambda token: token[:1] == "'",
    "mnemonic": lambda token: token.upper() in isa.load(isa.PORTABLE).opcodes,
    "dots": lambda token: token in (".", "..."),
    "source": lambda token: token == SOURCE,
}


# -- texts that follow it


class Generator:
    """Makes texts by the rules, of a random source."""

    def __init__(self, rules, rng, samples):
        self.rules, self.rng, self.samples = rules, rng, samples
        self.depths = self._least_depths()

    def text(self, name="text", size=12):
        """A text, with a space between tokens."""
        return self._make(("rule", name), size)

    def _least_depths(self):
        """How deep the shallowest text of each rule is."""
        depths = dict.fromkeys(self.samples, 0)
        while True:
            before = dict(depths)
            for name, rule in self.rules.items():
                if name not in self.samples:
                    depth = self._depth(rule, depths)
                    if depth is not None:
                        depths[name] = depth + 1
            if depths == before:
                return depths

    def _depth(self, node, depths):
        kind, content = node
        if kind in ("word", "some", "maybe"):
            return 0
        if kind == "rule":
            return depths.get(content)
        found = [self._depth(one, depths) for one in content]
        if kind == "or":
            return min((depth for depth in found if depth is not None), default=None)
        return None if None in found else max(found, default=0)

    def _make(self, node, size):
        kind, content = node
        if kind == "word":
            return content
        if kind == "rule":
            if content in self.samples:
                return self.samples[content](self, size)
            return self._make(self.rules[content], size - 1)
        if kind == "or":
            fitting = [one for one in content if self._depth(one, self.depths) < size]
            return self._make(
                self.rng.choice(fitting or [min(content, key=lambda one: self._depth(one, self.depths))]), size
            )
        if kind == "all":
            return " ".join(filter(None, [self._make(one, size) for one in content]))
        count = self.rng.choice((0, 0, 1) if kind == "maybe" else (0, 0, 0, 0, 1, 2))
        if self._depth(content, self.depths) >= size:
            count = 0
        return " ".join(self._make(content, size) for _ in range(count))
