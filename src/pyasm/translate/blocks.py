"""blocks: the exception table of 3.11 and later, and CPython's own pseudo instructions for it.

    SETUP_FINALLY L   from here on an exception goes to L, with [exc] above the stack as it is here
    SETUP_CLEANUP L   the same with [lasti, exc]
    SETUP_WITH L      the same with [lasti, exc] in place of the top entry
    POP_BLOCK         until here; the regions nest

A position on one of them is that of the NOP which the compiler leaves where nothing else stands for the line.
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code
from pyasm.translate import blocks_lift, blocks_lower
from pyasm.translate.edit import NOTHING
from pyasm.translate.effects import PSEUDO


def lifts(dialect: isa.Dialect) -> None:
    """It is the table that says whether there is anything to do, no mnemonic."""


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """From the table to instructions; the code has no `handlers` afterwards."""
    if not code.handlers:
        return NOTHING
    return blocks_lift.lift(code, ops, dialect)


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return PSEUDO.keys() if dialect.blocks == "table" else frozenset()


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """From the instructions to the table."""
    if dialect.blocks == "table":
        blocks_lower.lower(code, ops, dialect)
