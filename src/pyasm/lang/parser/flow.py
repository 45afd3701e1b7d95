"""Statements with blocks: IF, WHILE, FOREACH, TRY, WITH, PYTHON."""

from __future__ import annotations

from pyasm.lang import tree
from pyasm.lang.parser.cursor import new
from pyasm.text.tokens import Wrong
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.lang.parser.statements import Reader
    from pyasm.lang.parser.text import Parser
    from pyasm.lang.tree import Expression, Statement, Target


def _quoted_label(p: Parser) -> tree.Name | None:
    """The label of a structure, which stands in single quotes before its block."""
    return p.label() if p.texts[p.i][:1] == "'" else None


def _condition(p: Parser) -> Expression:
    """What stands between a word and its block; a `{ }` alone is that block."""
    i = p.i
    condition = p.operation()
    if p.texts[i] == "{" and p.tokens.closers.get(i) == p.i - 1 and not p.at_block() and p.texts[p.i][:1] != "'":
        raise Wrong(i, "a condition is needed before the block")
    return condition


def _if(p: Parser, start: int) -> Statement:
    p.i += 1
    condition = _condition(p)
    label = _quoted_label(p)
    branches = [(condition, p.block())]
    word = p.continued(_BRANCHES)
    while word == "ELIF":
        condition = _condition(p)
        branches.append((condition, p.block()))
        word = p.continued(_BRANCHES)
    orelse = p.block() if word else None
    last = branches[-1][1] if orelse is None else orelse
    return new(tree.If, (start, last[1], label, tuple(branches), orelse))


def _while(p: Parser, start: int) -> Statement:
    p.i += 1
    condition = _condition(p)
    label = _quoted_label(p)
    body = p.block()
    orelse = p.block() if p.continued(_ELSE) else None
    return new(tree.While, (start, (orelse or body)[1], label, condition, body, orelse))


def foreach(p: Parser, start: int, asynchronous: bool = False) -> Statement:
    """FOREACH; `p.i` is at this word."""
    p.i += 1
    i = p.i
    targets = [p.target()]
    while p.texts[p.i] == ",":
        p.i += 1
        targets.append(p.target())
    if p.word() != "IN":
        p.wanted("',' or IN", "FOREACH $x IN iterable { }")
    p.i += 1
    sources = _sources(p)
    count = sum(map(len, sources))
    if count != len(targets):
        message = f"there are {len(targets)} targets, and {count} iterables"
        raise Wrong(i, message, "brackets take one value apart: FOREACH ($a, $b) IN e")
    label = _quoted_label(p)
    body = p.block()
    return new(tree.Foreach, (start, body[1], asynchronous, label, tuple(targets), sources, body))


def _sources(p: Parser) -> tuple[tuple[Expression, ...], ...]:
    """`a, b * c`: the product of what is zipped."""
    groups = [[p.operand()]]
    while p.texts[p.i] in (",", "*"):
        if p.texts[p.i] == "*":
            groups.append([])
        p.i += 1
        groups[-1].append(p.operand())
    return tuple(map(tuple, groups))


def _try(p: Parser, start: int) -> Statement:
    i = p.i
    p.i += 1
    body = p.block()
    handlers: list[tree.Except] = []
    word = p.continued(_BEHIND_TRY)
    while word == "EXCEPT":
        handlers.append(_except(p, handlers))
        word = p.continued(_BEHIND_TRY)
    orelse = None
    if word == "ELSE":
        orelse = p.block()
        if not handlers:
            raise Wrong(i, "a TRY with ELSE has an EXCEPT")
        word = p.continued(_FINALLY)
    final = p.block() if word else None
    if not handlers and final is None:
        raise Wrong(i, "a TRY has an EXCEPT or a FINALLY")
    return new(tree.Try, (start, p.end(), body, tuple(handlers), orelse, final))


def _except(p: Parser, before: list[tree.Except]) -> tree.Except:
    """What stands behind the word EXCEPT, which has been read."""
    word = p.i - 1
    star = p.texts[p.i] == "*"
    p.i += star
    kind = None
    if star or (p.texts[p.i] != "->" and not p.at_block()):
        kind = p.operation()
    target = p.arrow_one()
    if before and before[-1].type is None:
        raise Wrong(word, "an EXCEPT without a type is the last one")
    if before and before[0].star != star:
        raise Wrong(word, "EXCEPT and EXCEPT * do not go together")
    body = p.block()
    return new(tree.Except, (p.starts[word], body[1], star, kind, target, body))


def with_(p: Parser, start: int, asynchronous: bool = False) -> Statement:
    """WITH; `p.i` is at this word."""
    p.i += 1
    items = [_with_item(p)]
    while p.texts[p.i] == ",":
        p.i += 1
        items.append(_with_item(p))
    body = p.block()
    return tree.With(start, p.end(), asynchronous, tuple(items), body)


def _with_item(p: Parser) -> tree.WithItem:
    start = p.starts[p.i]
    value = p.operation()
    target: Target | None = p.arrow_one()
    return tree.WithItem(start, p.end(), value, target)


def _async(p: Parser, start: int) -> Statement:
    from pyasm.lang.parser.definitions import function

    p.i += 1
    readers: dict[str, Any] = {"DEF": function, "FOREACH": foreach, "WITH": with_}
    reader = readers.get(p.word())
    if reader is None:
        p.wanted("DEF, FOREACH or WITH")
    statement: Statement = reader(p, start, True)
    return statement


def _python(p: Parser, start: int) -> Statement:
    opener = p.i + 1
    if p.texts[opener] != "{":
        p.i = opener
        p.wanted("'{' with Python source")
    p.i += 3
    if p.texts[p.i] != "}":
        raise Wrong(opener, "'{' is not closed")
    p.i += 1
    source_start = p.starts[opener] + 1
    return tree.Python(start, p.end(), p.tokens.text[source_start : p.end() - 1], source_start)


READERS: dict[str, Reader] = {
    "IF": _if,
    "WHILE": _while,
    "FOREACH": foreach,
    "TRY": _try,
    "WITH": with_,
    "ASYNC": _async,
    "PYTHON": _python,
}
_ELSE = ("ELSE",)
_FINALLY = ("FINALLY",)
_BRANCHES = ("ELIF", "ELSE")
_BEHIND_TRY = ("EXCEPT", "ELSE", "FINALLY")
CONTINUATIONS = ("ELIF", "ELSE", "EXCEPT", "FINALLY")
"""Words that only follow the block of another statement."""
