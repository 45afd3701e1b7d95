"""How dialects since 3.11 call."""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.typed import NamedTuple


class Habits(NamedTuple):
    """How a dialect calls."""

    null_first: bool
    """Is NULL below the callable, not above it?"""
    flagless: bool
    """Does CALL_FUNCTION_EX find NULL in the place of a mapping?"""
    counted: bool
    """Is there a PRECALL before CALL?"""
    names_pushed: bool
    """Are the names of arguments on the stack?"""
    looks_up_super: bool
    """Are a call of super and the attribute of that one instruction?"""


@cache
def habits(dialect: str) -> Habits:
    """How it calls."""
    opcodes = isa.load(dialect).opcodes
    call = opcodes["CALL_FUNCTION_EX"]
    return Habits(
        call.stack.startswith("null"),
        call.operand == "-",
        "PRECALL" in opcodes,
        "CALL_KW" in opcodes,
        "LOAD_SUPER_ATTR" in opcodes,
    )
