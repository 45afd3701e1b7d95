"""From the fields of a code object, as they stand in the data, to RawCode; and what may not be in them."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.marshal.form import Fields
from pyasm.native import variables
from pyasm.native.raw import RawCode
from pyasm.typed import Any

_TYPES: dict[str, Any] = {"bytes": bytes, "str": str, "tuple": tuple, "names": tuple}
_KINDS = (("co_varnames", variables.LOCAL), ("co_cellvars", variables.CELL), ("co_freevars", variables.FREE))


class WrongField(Exception):
    """A field of a code object is not what it has to be: the reason."""


def build(fields: Fields, numbers: Sequence[int], objects: Sequence[Any], dialect: isa.Dialect) -> RawCode:
    """The code object with these numbers, the first line last, and objects, tables last. WrongField when it is none."""
    values: dict[str, Any] = dict.fromkeys(RawCode._fields)
    values.update(zip(fields.numbers + ("co_firstlineno",), numbers))
    for (name, kind), value in zip(fields.objects + fields.tables, objects):
        if type(value) is not _TYPES[kind]:
            raise WrongField(f"{name} is of type {type(value).__name__}, not {kind}")
        if kind == "names" and value and set(map(type, value)) != {str}:
            raise WrongField(f"{name} has members that are no str")
        values[name] = value
    if min(numbers[:-2]) < 0:  # all but the flags and the first line
        raise WrongField("a negative number of arguments, variables or stack entries")
    joint = values.pop("joint_names", None)
    if joint is not None:
        _split(joint, values)
    raw = RawCode(**values)
    _check_variables(raw, joint, dialect)
    return raw


def size(fields: Fields, objects: Sequence[Any]) -> int:
    """How much there is to decode in these objects, without the constants: bytes and names."""
    kinds = fields.objects + fields.tables
    return sum([len(value) for (_, kind), value in zip(kinds, objects) if kind in ("bytes", "names")])


def _split(names: tuple[str, ...], values: dict[str, Any]) -> None:
    """The joint variables by kind."""
    kinds = values["local_kinds"]
    if len(names) != len(kinds):
        raise WrongField(f"{len(names)} variables, but the kinds of {len(kinds)}")
    pairs = list(zip(names, kinds))
    for field, bit in _KINDS:
        values[field] = tuple([name for name, kind in pairs if kind & bit])
    values["co_nlocals"] = len(values["co_varnames"])


def _check_variables(raw: RawCode, joint: tuple[str, ...] | None, dialect: isa.Dialect) -> None:
    named, posonly = raw.co_argcount + raw.co_kwonlyargcount, raw.co_posonlyargcount
    if posonly > raw.co_argcount or named > raw.co_nlocals:
        raise WrongField(f"{named} parameters, {posonly} positional-only, but {raw.co_nlocals} local variables")
    if raw.co_nlocals != len(raw.co_varnames):
        raise WrongField(f"{raw.co_nlocals} local variables, but the names of {len(raw.co_varnames)}")
    for names in (raw.co_names, raw.co_varnames, raw.co_cellvars, raw.co_freevars):
        if len(set(names)) < len(names):
            raise WrongField(f"the name {variables.duplicates(names)[0]!r} is listed twice")
    if joint is not None and not _is_in_order(raw, joint, dialect):
        raise WrongField("variables that are not in the order locals, cells, free variables")


def _is_in_order(raw: RawCode, joint: tuple[str, ...], dialect: isa.Dialect) -> bool:
    kinds, derived = raw.local_kinds, variables.joint_kinds(raw, dialect)
    return joint == variables.joint_names(raw) and kinds is not None and variables.agree(kinds, derived)
