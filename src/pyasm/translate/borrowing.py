"""Which loads of locals may go without a reference of their own: those of CPython's compiler.

A borrowed entry must be gone from the stack before its local changes, must not be stored in a local, and must be gone
at the end of the basic block, behind which nothing is known of it. Only blocks are looked at to which execution comes
without an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Row
from pyasm.translate import hidden
from pyasm.translate.columns import both, classes, flags, labels, turns
from pyasm.translate.effects import effects
from pyasm.translate.flow import reached
from pyasm.translate.loaded import BORROWED, Follower, taking
from pyasm.typed import NamedTuple

_REGIONS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})


class _Tables(NamedTuple):
    """For `translate`, from the numbers of mnemonics."""

    plain: bytes
    """Loads that do not borrow: 1."""
    taken: bytes
    """The same, and 2 for what takes the entry in front of it in any case."""
    regions: bytes


@cache
def _tables(dialect_name: str) -> _Tables:
    kinds = {**dict.fromkeys(taking(dialect_name), 2), **dict.fromkeys(BORROWED, 1)}
    return _Tables(flags(BORROWED, dialect_name), classes(kinds, dialect_name), flags(_REGIONS, dialect_name))


def borrowing(body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> bytearray:
    """For each instruction, 1 if it is a load that may borrow. None of them loads two locals.

    `ops` are the mnemonics, `numbers` those of them, here and below.
    """
    tables = _tables(dialect.name)
    loads = numbers.translate(tables.plain)
    kept = numbers.translate(tables.taken).replace(b"\1\2", b"\0\0").replace(b"\2", b"\0")
    """Those of them that are not gone with the next instruction."""
    parts: bytearray | None = None
    if dialect.empty_hides and hidden.has_empty(labels(body, numbers, dialect.name)):
        parts = hidden.Blocks(body, ops, numbers, dialect).reached()
    elif 1 in numbers.translate(tables.regions):
        parts = _reached(body, ops, numbers, dialect)
    if parts is not None:
        loads, kept = both(loads, parts), both(kept, parts)
    found = bytearray(loads)
    if 1 in kept:
        for index in Follower(body, numbers, dialect).owned(compress(range(len(numbers)), kept), len(numbers)):
            found[index] = 0
    return found


def _reached(body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> bytearray:
    """For each instruction, 1 if execution comes there without an exception."""
    return reached(body, effects(dialect.name), ops=ops, turns=turns(numbers, dialect.name))


def hidden_blocks(body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> dict[int, str]:
    """Where the compiler began a block, as loads that do not borrow show, but no jump: index -> BEGIN or EMPTY."""
    tables = _tables(dialect.name)
    loads = list(compress(range(len(numbers)), numbers.translate(tables.plain)))
    owned = Follower(body, numbers, dialect).owned(loads, len(numbers))
    wrong = [index for index in loads if index not in owned]
    if wrong and 1 in numbers.translate(tables.regions):
        wrong = list(filter(_reached(body, ops, numbers, dialect).__getitem__, wrong))
    return hidden.marks(body, ops, numbers, dialect, wrong) if wrong else {}
