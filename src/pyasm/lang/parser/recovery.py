"""Where reading goes on behind a statement that is wrong."""

from __future__ import annotations

from pyasm.lang.parser.expressions import OPERAND_WORDS
from pyasm.lang.parser.flow import CONTINUATIONS
from pyasm.lang.parser.tokens import CLOSING
from pyasm.text.tokens import ENDS, Wrong
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.lang.parser.text import Parser


def resume(p: Parser, start: int) -> None:
    """Go to the end of the statement that begins at a token; what stands in its blocks is read, for its errors.

    `p.i` is where the parser has found out that something is wrong.
    """
    p.i = max(_outside(p, start), start + 1)
    texts, closers = p.texts, p.tokens.closers
    block_end = closers.get(p.inside[-1], -1) if p.inside else -1
    while texts[p.i] not in ENDS and p.i != block_end and not p.report.full:
        if texts[p.i] == "{" and _is_block(p, p.i):
            _lost_block(p)
        elif texts[p.i] in CLOSING and p.i in closers:
            p.i = closers[p.i] + 1
        else:
            p.i += 1


def _outside(p: Parser, start: int) -> int:
    """The place of the parser, or behind the outermost bracket of the statement that it is in."""
    texts, closers = p.texts, p.tokens.closers
    i = start
    while i < p.i:
        closer = closers.get(i) if texts[i] in CLOSING else None
        if closer is not None and closer >= p.i and not _is_block(p, i):
            return closer + 1
        i = i + 1 if closer is None or closer >= p.i else closer + 1
    return p.i


def _is_block(p: Parser, i: int) -> bool:
    if p.texts[i] != "{":
        return False
    i += 1
    if p.texts[i].upper() in OPERAND_WORDS:
        return False  # rather a set
    while p.texts[i] in ENDS and p.texts[i]:
        i += 1
    return p.begins_statement(i) or p.texts[i].lower() == ".loc"


def _lost_block(p: Parser) -> None:
    """Read the block of a statement that is wrong, and the words behind it that go on with the statement."""
    i = p.i
    try:
        p.code_block("?")
    except Wrong as wrong:
        p.note(wrong)
        p.i = max(p.i, i + 1)
    i = p.i
    while p.texts[i] == "\n":
        i += 1
    if p.texts[i].upper() in CONTINUATIONS:
        p.i = i
