"""The types of constants."""

from __future__ import annotations

from collections.abc import Sequence
from types import CodeType

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.flags import GENERATORS
from pyasm.native.variables import promised
from pyasm.typed import Any

ARGUMENTS = {".0": "iter", ".defaults": "tuple", ".kwdefaults": "dict"}
"""Parameters that only compilers make, and what they are: the iterator of a comprehension, the defaults of a function
with type parameters."""
GENERATOR = 0x20
TUPLES = frozenset({".type_params"})
"""Variables that only compilers make, whose cells hold nothing but tuples."""
PLAIN = {type(None): "none", bool: "bool", int: "int", str: "str", float: "value", bytes: "value"}
"""Classes of constants, all of one type."""


def constant_type(value: Any) -> str:
    """The type of the entry that a constant makes."""
    kind = type(value)
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is tuple:
        if not value:
            return "empty"
        return f"names {len(value)}" if all(type(each) is str for each in value) else f"tuple {len(value)}"
    if kind is Code:
        needs = needed_arguments(value)
        generator = value.flags & GENERATORS == GENERATOR
        if needs:
            makes = f"{'picky_maker' if generator else 'picky'} {','.join(needs)}"
        else:
            makes = "maker" if generator else "func"
        return f"code {closure_size(value.frees)}:{makes}"
    return f"code {closure_size(value.co_freevars)}:func" if kind is CodeType else "value"


def closure_size(names: Sequence[str]) -> str:
    """The size of a closure, and the places of the cells in it that hold nothing but tuples: `2`, `2/1`."""
    if not names:
        return "0"
    places = [str(i) for i, name in enumerate(names) if name in TUPLES]
    return f"{len(names)}/{'/'.join(places)}" if places else str(len(names))


def types_of_arguments(code: Code) -> dict[str, str]:
    """Argument -> the type that it must have, when that is not just any."""
    promises = promised(code)
    if ARGUMENTS.keys().isdisjoint(code.args):
        return promises
    needs = {name: kind for name, kind in zip(code.args, needed_arguments(code)) if kind != "value"}
    needs.update(promises)
    return needs


def needed_arguments(code: Code) -> list[str]:
    """The types that its arguments must have, when that is not just any."""
    if ARGUMENTS.keys().isdisjoint(code.args):
        return []
    needs = [ARGUMENTS.get(name, "value") for name in code.args]
    if needs[0] == "iter":
        if not _loops_over_argument(code):
            return []
        if "index" in isa.load(code.dialect).opcodes["FOR_ITER"].stack:  # an iterator is one that has a NULL above it
            needs[0] = "real_iter"
    return needs


def _loops_over_argument(code: Code) -> bool:
    """Is its first argument the iterator of a loop, which nothing looks at? A NULL may be above it."""
    found = [each for each in code.rows if each[0] not in ("LABEL", "PUSH_NULL")]
    loads = [i for i, each in enumerate(found) if _loaded_last(each) == code.args[0]]
    return any(found[i + 1][0] == "FOR_ITER" for i in loads if i + 1 < len(found))


def _loaded_last(row: Row) -> Any:
    """The local that an instruction leaves on top, alone or behind another one."""
    op, arg = row[0], row[1]
    if op in _LOADS_LAST:
        return arg[1] if type(arg) is tuple and len(arg) == 2 else None
    return arg if op == "LOAD_FAST" else None


_LOADS_LAST = frozenset({"LOAD_FAST_LOAD_FAST", "STORE_FAST_LOAD_FAST"})


def beginnings(dialect: isa.Dialect) -> tuple[int, ...]:
    """What RESUME says where a call begins."""
    return (0, 4) if dialect.first_iterator == "generator" else (0,)
