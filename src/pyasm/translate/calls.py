"""Calls: where the callable is, what stands beside it, how keywords and the receiver of a method get there.

Portable code calls as 3.9 does. Since 3.11 a call has a second entry beside the callable: the receiver of a method, or
NULL, which the compiler pushes before the callable's expression or right after it. Lifting drops it; lowering finds the
expression and puts it back. Where no such place is, because paths meet or instructions count entries across it, the
NULL is put there at the call itself.

A value in the place of NULL is an argument: `[f, a1 … an]` with CALL n-1 calls f with n arguments. Compilers use that
for calls that the source does not write as calls.
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code
from pyasm.native.units import LABEL
from pyasm.translate import calls_lift, calls_lower
from pyasm.translate.callables import Paths
from pyasm.translate.edit import NOTHING
from pyasm.translate.straight import Straight, Winding
from pyasm.typed import Any

_LIFTED = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX", "LOAD_GLOBAL", "LOAD_SUPER_ATTR", "KW_NAMES", "PRECALL"})
_LOWERED = frozenset(
    {"CALL_FUNCTION", "CALL_FUNCTION_KW", "CALL_FUNCTION_EX", "CALL_METHOD", "LOAD_GLOBAL", "DICT_MERGE"}
)
_NONE: Set[str] = frozenset()


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _LIFTED if "PUSH_NULL" in dialect.opcodes else _NONE


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Calls of 3.11 and later as those of 3.9."""
    _rewrite(calls_lift.Lift, calls_lift.PORTABLE, code, ops, dialect)
    return NOTHING


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _LOWERED if "PUSH_NULL" in dialect.opcodes else _NONE


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str] | None:
    """The calls of the dialect, with NULL where its compiler puts it."""
    found: Set[str] | None = _rewrite(calls_lower.Lower, calls_lower.PORTABLE, code, ops, dialect)
    return found


def _rewrite(direction: Any, portable: frozenset[str], code: Code, ops: list[str], dialect: isa.Dialect) -> Any:
    """By what is known of code that goes straight on; where that does not do, by following every path."""
    old = ops[:]
    try:
        return direction(code, ops, dialect, Straight(code, old, dialect, portable)).rewrite()
    except Winding:
        ops[:] = old
        return direction(code, ops, dialect, Paths(code, dialect, portable)).rewrite()


def plain_names(module: Code) -> frozenset[str]:
    """Names that compilers of 3.11 and later take for modules, whose functions are no methods: what the module imports.

    `super` is among them when the module has another meaning for it, or any at all.
    """
    found = set()
    imported = False
    for op, arg, _ in module.rows if module.name == "<module>" else ():
        if op.startswith("IMPORT_"):
            imported = True
        elif op in ("STORE_NAME", "STORE_GLOBAL") and imported:
            found.add(str(arg))
            imported = False
        elif op not in ("ROT_TWO", "POP_TOP", LABEL):
            imported = False
            if arg == "super" and op != "LOAD_CONST":
                found.add("super")
    return frozenset(found)
