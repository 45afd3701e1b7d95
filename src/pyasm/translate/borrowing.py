"""Which loads of locals may go without a reference of their own: those of CPython's compiler.

A borrowed entry must be gone from the stack before its local changes, must not be stored in a local, and must be gone
at the end of the basic block, behind which nothing is known of it. Only blocks are looked at to which execution comes
without an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import compress
from operator import not_

from pyasm import isa
from pyasm.code import Instruction
from pyasm.native.units import LABEL
from pyasm.translate import hidden
from pyasm.translate.columns import Turns, both, flags, numbered
from pyasm.translate.edit import places
from pyasm.translate.effects import effects
from pyasm.translate.flow import reached
from pyasm.translate.loaded import BORROWED, LOADING, Follower, taking
from pyasm.typed import NamedTuple

_REGIONS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})


class _Tables(NamedTuple):
    """For `translate`, from the numbers of mnemonics."""

    plain: bytes
    """Loads that do not borrow."""
    kept: bytes
    """What need not take the entry in front of it."""
    label: int
    regions: bytes


@cache
def _tables(dialect_name: str) -> _Tables:
    taken = flags(taking(dialect_name), dialect_name)
    kept = bytes(map(not_, taken))
    return _Tables(flags(BORROWED, dialect_name), kept, numbered([LABEL], dialect_name)[0], flags(_REGIONS, dialect_name))


def borrowing(body: Sequence[Instruction], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> bytearray:
    """For each instruction, 1 if it is a load that may borrow. None of them loads two locals.

    `ops` are the mnemonics of the body, `numbers` those of the mnemonics, here and below.
    """
    tables = _tables(dialect.name)
    if dialect.empty_hides and tables.label in numbers and hidden.has_empty(places(body, ops)):
        found = bytearray(len(ops))
        for index in hidden.Blocks(body, ops, dialect).all_borrowable():
            found[index] = 1
        return found
    loads = numbers.translate(tables.plain)
    if 1 in numbers.translate(tables.regions):
        loads = both(loads, _reached(body, ops, numbers, dialect))
    kept = both(loads, numbers.translate(tables.kept)[1:] + b"\1")
    found = bytearray(loads)
    for index in Follower(body, ops, dialect).owned(compress(range(len(ops)), kept), len(ops)):
        found[index] = 0
    return found


def _reached(body: Sequence[Instruction], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> bytearray:
    """For each instruction, 1 if execution comes there without an exception."""
    return reached(body, effects(dialect.name), turns=Turns(ops, numbers, dialect.name))


def hidden_blocks(
    body: Sequence[Instruction], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect
) -> dict[int, str]:
    """Where the compiler began a block, as loads that do not borrow show, but no jump: index -> BEGIN or EMPTY."""
    tables = _tables(dialect.name)
    loads = list(compress(range(len(ops)), numbers.translate(tables.plain)))
    owned = Follower(body, ops, dialect).owned(loads, len(ops))
    wrong = [index for index in loads if index not in owned]
    if wrong and 1 in numbers.translate(tables.regions):
        wrong = list(filter(_reached(body, ops, numbers, dialect).__getitem__, wrong))
    return hidden.marks(body, ops, dialect) if wrong else {}
