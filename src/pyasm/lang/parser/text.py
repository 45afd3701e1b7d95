"""A whole text: blocks of statements, errors in them, and what belongs together."""

from __future__ import annotations

from collections.abc import Container

from pyasm import isa
from pyasm.code import FIELDS, Code
from pyasm.lang import tree
from pyasm.lang.parser import macros
from pyasm.lang.parser.cursor import MAX_DEPTH, TOO_DEEP, new
from pyasm.lang.parser.expressions import OPERAND_WORDS, REDUCERS
from pyasm.lang.parser.flow import CONTINUATIONS
from pyasm.lang.parser.linking import complete
from pyasm.lang.parser.operators import INFIXES, Operations
from pyasm.lang.parser.recovery import resume
from pyasm.lang.parser.statements import instruction
from pyasm.lang.parser.table import DEFINING, STATEMENTS, WITHIN, is_structured
from pyasm.lang.parser.tokens import LanguageTokens
from pyasm.text import directives
from pyasm.text.constants import NAMED
from pyasm.text.definition import Definition
from pyasm.text.errors import Report, near
from pyasm.text.flat import FlatReader, Structured
from pyasm.text.parser import target
from pyasm.text.tokens import ENDS, FINAL, Wrong, described
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.lang.tree import Statement


class Parser(Operations):
    """Reads one text."""

    def __init__(self, tokens: LanguageTokens, report: Report) -> None:
        self.dialect = isa.load(isa.PORTABLE)
        self.flat = FlatReader(tokens, report, self.dialect, self._is_structured)
        super().__init__(tokens, report, self.flat.constants, self.flat.readers)
        self.mnemonics = self.flat.readers.table
        self.definitions: list[tree.Define | tree.Flat] = []
        self.inside: list[int] = []
        """The brackets of the blocks that we are in."""
        self.scope = ("<module>", 0)
        """The name of the code object that we are in, and the token where it begins."""
        self.define: Definition | None = None
        """The DEFINE that we are in."""
        self._assembly: set[str] | None = None

    def module(self, start: int) -> tree.Module:
        """The whole text, from a token on."""
        self.i = start
        statements = self._statements("")
        text = self.tokens.text
        body = tree.Block(0, len(text), tuple(statements))
        return tree.Module(0, len(text), text, body, tuple(self.definitions), self.settings)

    def note(self, wrong: Wrong) -> None:
        """Add to the report what is wrong."""
        self.flat.note(wrong)

    # -- blocks

    def block(self) -> tree.Block:
        """`{ statements }`; it may begin on the next line."""
        texts, opener = self.texts, self.i
        while texts[opener] == "\n":
            opener += 1
        if texts[opener] != "{":
            self.wanted("'{'")
        if self.depth >= MAX_DEPTH:
            return self._too_deep(opener)
        self.depth += 1
        self.i = opener + 1
        self.inside.append(opener)
        statements = self._statements("}")
        self.inside.pop()
        self.depth -= 1
        closer = self.i
        if texts[closer] != "}":
            return self._unclosed(opener, statements)
        self.i = closer + 1
        return new(tree.Block, (self.starts[opener], self.starts[closer] + 1, tuple(statements)))

    def _unclosed(self, opener: int, statements: list[Statement]) -> tree.Block:
        """Note that a block is not closed."""
        if not self.report.full:
            self.note(Wrong(opener, "'{' is not closed"))
        return tree.Block(self.starts[opener], self.end(), tuple(statements))

    def _too_deep(self, opener: int) -> tree.Block:
        """Note that a block is nested too deeply, and leave it out."""
        self.note(Wrong(opener, TOO_DEEP))
        self.i = self.tokens.closers.get(opener, len(self.texts) - 2) + 1
        return tree.Block(self.starts[opener], self.end(), ())

    def at_block(self) -> bool:
        """Does a block begin here, or on the next line?"""
        i = self.i
        while self.texts[i] == "\n":
            i += 1
        return self.texts[i] == "{"

    def continued(self, words: Container[str]) -> str:
        """Read one of the words that go on with a statement behind its block, and give it; empty without one."""
        texts, i = self.texts, self.i
        while texts[i] == "\n":
            i += 1
        word = texts[i].upper()
        if word not in words:
            return ""
        self.i = i + 1
        return word

    def code_block(self, name: str) -> tuple[tree.Block, Definition | None]:
        """A block that is a code object of its own, and what its directives say."""
        outer = self.settings, self.scope
        self.settings, self.scope = None, (name, self.i)
        block, settings = self.block(), self.settings
        self.settings, self.scope = outer
        return block, settings

    # -- statements

    def _statements(self, closing: str) -> list[Statement]:
        """Statements up to a closing bracket, the word END, or the end of the text."""
        found: list[Statement] = []
        texts, starts = self.texts, self.starts
        state = self.depth, self.settings, self.scope, len(self.inside)
        while True:
            start = self.i
            token = texts[start]
            if token in ENDS:
                if not token:
                    return found
                self.i = start + 1
                continue
            reader = STATEMENTS.get(token)
            if reader is None or texts[start + 1] == ":":
                if token == "}" == closing or (closing == "END" and self._ends_define(token, start)):
                    return found
                reader = None
            try:
                node: Statement | None = reader(self, starts[start]) if reader else self._statement(token, start)
                if node is not None:
                    found.append(node)
                token = texts[self.i]
                if token == "\n":
                    self.i += 1
                elif token not in FINAL and not (type(node) is tree.Label and texts[self.i - 1] == ":"):
                    self.wanted("the end of the statement", self._surplus())
            except Wrong as wrong:
                self.note(wrong)
                self.depth, self.settings, self.scope, blocks = state
                del self.inside[blocks:]
                self.free = self.delaying = False
                resume(self, start)
                if self.report.full:
                    self.i = len(texts) - 1

    def _ends_define(self, token: str, start: int) -> bool:
        """Does a DEFINE end before this token?"""
        return token.upper() in ("END", "DEFINE") and self.texts[start + 1] != ":"

    def _surplus(self) -> str:
        """A hint about what stands behind a statement."""
        token = self.texts[self.i]
        if token.isidentifier() and not self.is_keyword(token):
            return near(token.lower(), INFIXES) or _SURPLUS.get(token.upper(), "")
        return _SURPLUS.get(token.upper(), "")

    def is_keyword(self, word: str) -> bool:
        """Has a word a meaning of its own?"""
        word = word.upper()
        return word in STATEMENTS or word in CONTINUATIONS or word in WITHIN or word in DEFINING

    def _statement(self, token: str, start: int) -> Statement | None:
        """The statement that begins here; None for what is no part of a block."""
        if self.texts[start + 1] == ":" and self._is_label(token, start):
            return self._label(start)
        reader = STATEMENTS.get(token.upper())
        if reader is not None:
            return reader(self, self.starts[start])
        mnemonic = token if token in self.mnemonics else token.upper()
        if mnemonic in self.mnemonics:
            return instruction(self, self.starts[start], mnemonic)
        if token[0] == ".":
            return self._directive(start)
        return self._other(token, start)

    def _is_label(self, token: str, start: int) -> bool:
        """Is the token before a colon a label, and not the first word of a path?"""
        return token[:1] in ("'", "`") or (token.isidentifier() and not self._is_path(start))

    def _label(self, start: int) -> Statement:
        text, self.i = self.constants.label(start)
        name = tree.Name(self.starts[start], self.end(), text)
        self.i += 1
        return tree.Label(name.start, self.end(), name)

    def _directive(self, start: int) -> Statement | None:
        if self.settings is None:
            name, begin = self.scope
            code = Code(name, dialect=self.dialect.name)
            self.settings = Definition(self.constants, code, self.dialect, name, begin)
        settings = self.settings
        self.i = directives.read(settings, start)
        if self.texts[start] != ".loc":
            return None
        return tree.Located(self.starts[start], self.end(), settings.position)

    def _other(self, token: str, start: int) -> Statement | None:
        word = token.upper()
        if word == "DEFINE":
            self._define(start)
            return None
        if word == "ADD_ARG" and self.define is not None:
            self.i = self.define.add_argument(start + 1)
            return None
        if token.isidentifier() and self._is_assembly(start):
            return macros.bare_call(self, self.starts[start])
        raise Wrong(start, *self._unknown(token, word))

    def _unknown(self, token: str, word: str) -> tuple[str, str]:
        """What is wrong with a statement that begins so, and a hint."""
        if token == "}":
            return "'}' closes nothing", ""
        if word in ("END", "ADD_ARG"):
            return f"{word} belongs to a DEFINE", "a DEF { } ends with its bracket" if word == "END" else ""
        if word in CONTINUATIONS or word in WITHIN:
            return f"{word} does not begin a statement", f"{word} stands behind the block of another statement"
        if not token.isidentifier():
            return f"a statement does not begin with {described(token)}", _BEGINNINGS.get(token, "")
        words = [*STATEMENTS, *self.mnemonics, *DEFINING, *(self._assembly or ())]
        hint = self.flat.elsewhere(word) or near(word, words) or near(token, self._assembly or ())
        hint = self._as_python(token) or hint
        return f"no statement or portable instruction is called {described(token)}", hint

    def _as_python(self, token: str) -> str:
        """A hint for what looks like a statement of Python."""
        following = self.texts[self.i + 1]
        if following == "=":
            return f"a value is stored by LOAD e -> ${token}"
        if following == "(" and token.isidentifier() and not token.isupper():
            return f"a function is called by CALL @{token}(...)"
        return ""

    # -- macros that are called by their name alone

    def _is_assembly(self, i: int) -> bool:
        """Does the name at a token call a MACRO ASSEMBLY? Where macros are imported, any name may."""
        names = self._assembly_names()
        last = i
        while self.texts[last + 1] == ":" and self.texts[last + 2].isidentifier() and last < i + _LONGEST_PATH:
            last += 2
        return self.texts[last] in names or "*" in names

    def _assembly_names(self) -> set[str]:
        if self._assembly is None:
            self._assembly = _assembly_macros(self.texts)
        return self._assembly

    def _is_path(self, i: int) -> bool:
        """Is `a:b` at a token the path of a macro, and no label before an instruction?"""
        if not self._assembly_names():
            return False
        last = i
        while self.texts[last + 1] == ":" and self._adjacent(last) and self.texts[last + 2].isidentifier():
            last += 2
            if last > i + _LONGEST_PATH:
                return False
        word = self.texts[last].upper()
        known = word in STATEMENTS or word in self.mnemonics or self.texts[last + 1] == ":"
        return last > i and not known and self._is_assembly(last)

    def _adjacent(self, i: int) -> bool:
        """Is nothing between a name, the colon behind it, and what comes next?"""
        return self.starts[i + 2] == self.starts[i] + len(self.texts[i]) + 1

    def begins_statement(self, i: int) -> bool:
        """Does a statement begin with this token?"""
        word = self.texts[i].upper()
        if word in STATEMENTS or word in self.mnemonics or self.texts[i][:1] == "'":
            return True
        if self.texts[i + 1] == "(" and self.texts[i].lower() in REDUCERS:
            return False
        is_word = self.texts[i].isidentifier()
        return is_word and (self.texts[i + 1] == ":" or self._is_assembly(i)) and self.texts[i] not in NAMED

    def is_statement_in(self, opener: int) -> bool:
        """Does a statement, and no operand, begin behind a bracket?"""
        i = opener + 1
        while self.texts[i] == "\n":
            i += 1
        word = self.texts[i].upper()
        return (word in STATEMENTS or word in self.mnemonics) and word not in OPERAND_WORDS

    # -- DEFINE

    def _is_structured(self, i: int) -> bool:
        return is_structured(self.texts, i) or self._is_assembly(i)

    def _define(self, start: int) -> None:
        """Read a flat definition; one with other statements in it as a tree."""
        if self.inside or self.define is not None:
            raise Wrong(start, "DEFINE stands outside of all blocks", "a function in a block is a DEF")
        definition, self.i = self.flat.head(start)
        name = tree.Name(self.starts[start + 1], self.end(), definition.name)
        found = len(self.report.found)
        try:
            self.i = self.flat.rest(definition, self.i)
            self.i -= self.word() == "DEFINE"  # for want of an END; the statement has ended
            self.definitions.append(tree.Flat(self.starts[start], self.end(), name, definition.code))
        except Structured:
            del self.report.found[found:]
            self._structured(definition, name, self.tokens.statement_end(start))

    def _structured(self, flat: Definition, name: tree.Name, i: int) -> None:
        code = flat.code
        _clear(code)
        settings = Definition(self.constants, code, self.dialect, flat.name, flat.start)
        self.flat.definitions[flat.name] = settings
        outer = self.settings, self.scope
        self.settings, self.scope, self.define, self.i = settings, (flat.name, flat.start), settings, i
        statements = self._statements("END")
        (self.settings, self.scope), self.define = outer, None
        body = tree.Block(self.starts[i], self.end(), tuple(statements))
        if self.word() == "END":
            self.i += 1
            self.i += self.texts[self.i] == "0"
        elif not self.report.full:
            self.note(Wrong(flat.start, "this DEFINE has no END"))
        self.definitions.append(tree.Define(self.starts[flat.start], self.end(), name, body, settings))


def read(text: str, filename: str, report: Report) -> tree.Module | None:
    """The tree of a text; what is wrong with it goes into the report."""
    tokens = LanguageTokens(text)
    start = tokens.skip_ends(0)
    dialect, start = target(tokens, report, start)
    if dialect is None:
        return None
    if dialect.name != isa.PORTABLE:
        report.add(0, f"text of {dialect.name} has the flat form only", "the language is portable: no .target")
        return None
    parser = Parser(tokens, report)
    try:
        module = parser.module(start)
    except RecursionError:
        report.add(tokens.offset(parser.i), "nested too deeply")
        return None
    return complete(parser.flat, module, filename)


def _clear(code: Code) -> None:
    """Take back what the flat reader has read of a code object."""
    empty = Code(code.name, dialect=code.dialect)
    for field in FIELDS:
        setattr(code, field, getattr(empty, field))


def _assembly_macros(texts: list[str]) -> set[str]:
    """The names of all MACRO ASSEMBLY, and `*` when there are macros that we cannot see."""
    found: set[str] = set()
    for i, token in enumerate(texts):
        word = token.upper()
        if word == "MACRO" and texts[i + 1].upper() == "ASSEMBLY":
            i += 2
            while texts[i + 1 : i + 2] == [":"]:
                i += 2
            found.add(texts[i] if i < len(texts) else "")
        elif word == "MACRO_IMPORT":
            found.add("*")
    return found


_LONGEST_PATH = 40
"""So many tokens ahead the end of a path is looked for."""

_SURPLUS = {
    "=": "a value is stored by '-> target'",
    "AS": "a name is given by '-> target'",
    ",": "a tuple stands in brackets",
}
_BEGINNINGS: dict[str, Any] = {
    "$": "LOAD e -> $x stores a value, LOAD $x pushes one",
    "@": "LOAD e -> @x stores a value, LOAD @x pushes one, CALL @f() calls",
    "{": "a block stands behind IF e, WHILE e, TRY and the like",
    "->": "a target stands behind a statement, on its line",
}
