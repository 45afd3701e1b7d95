"""handlers: the six values of a 3.9 handler, and the one exception of 3.11 and later.

    portable    saved traceback, saved value, saved type, traceback, value, type
    native      [lasti of a with handler,] what was handled before, exception

A native handler sets up its cleanup and begins with PUSH_EXC_INFO; the cleanup is `COPY 3; POP_EXCEPT; RERAISE 1`, by
which an exception in the handler ends it. Both follow from the block stack, so portable code has neither. A handler
that is no except clause (the one that restores what an inlined comprehension shadows, those inside of except*) keeps
the native form, as a handler of SETUP_CLEANUP.
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code
from pyasm.translate import handlers_lift, handlers_lower, handlers_stack

_HANDLED = frozenset(
    {
        "SETUP_FINALLY",
        "SETUP_CLEANUP",
        "SETUP_WITH",
        "SETUP_ASYNC_WITH",
        "RERAISE",
        "RERAISE_VALUE",
        "JUMP_IF_NOT_EXC_MATCH",
        "POP_BLOCK",
        "POP_EXCEPT",
        "WITH_EXCEPT_START",
        "END_ASYNC_FOR",
    }
)


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    if dialect.blocks == "table":
        return _HANDLED
    return frozenset({"RERAISE"}) if dialect.opcodes["RERAISE"].operand == "number" else frozenset()


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """From one exception to six values."""
    if dialect.blocks == "table":
        return handlers_lift.lift(code, ops, dialect)
    return handlers_stack.lift(code, ops, dialect)


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _HANDLED if dialect.blocks == "table" else handlers_stack.LOWERED


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """From six values to one exception."""
    if dialect.blocks == "table":
        return handlers_lower.lower(code, ops, dialect)
    return handlers_stack.lower(code, ops, dialect)
