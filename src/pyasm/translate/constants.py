"""constants: the short forms in which compilers load constants, all of them LOAD_CONST, and constants made by code.

    LOAD_SMALL_INT n        an int up to 255 (3.14 and later)
    LOAD_COMMON_CONSTANT    None, True, False, '', -1 (3.15), AssertionError (3.14 and later): LOAD_ASSERTION_ERROR;
                            what else it loads has no other word
    RETURN_CONST            LOAD_CONST and RETURN_VALUE (3.12 and 3.13)
    LOAD_CONST of a slice   slices are no constants before 3.14: made where they are loaded

A label between LOAD_CONST and RETURN_VALUE keeps them apart, as a block does that begins there in the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pyasm import isa
from pyasm.code import Place
from pyasm.errors import Finding, TargetError, shown
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction
from pyasm.translate.notes import BEGIN
from pyasm.translate.peephole import ByType, Peephole, Rules
from pyasm.typed import Any

CONST, SMALL, COMMON, RETURNED, RETURN = (
    "LOAD_CONST",
    "LOAD_SMALL_INT",
    "LOAD_COMMON_CONSTANT",
    "RETURN_CONST",
    "RETURN_VALUE",
)
ASSERTION = "LOAD_ASSERTION_ERROR"
LAST_SMALL = 255
_LITERALS: dict[str, Any] = {"None": None, "True": True, "False": False, "''": "", "-1": -1}
"""Those of the common constants that a LOAD_CONST can have."""


@cache
def lifting(name: str) -> Rules:
    """The rules to LOAD_CONST, RETURN_VALUE and LOAD_ASSERTION_ERROR."""
    opcodes = isa.load(name).opcodes
    rules: Rules = {}
    if SMALL in opcodes:
        rules[SMALL] = {n: (CONST, n) for n in range(LAST_SMALL + 1)}
    if COMMON in opcodes:
        rules[COMMON] = {
            **{name: (CONST, value) for name, value in _LITERALS.items()},
            "AssertionError": (ASSERTION, None),
        }
    if RETURNED in opcodes:
        rules[RETURNED] = _returned
        rules[RETURN] = _apart
    return rules


@cache
def lowering(name: str) -> Rules:
    """The rules to the forms that the dialect has; what it cannot hold is made where it is loaded."""
    return _Lowering(isa.load(name)).rules()


def _returned(walk: Peephole, index: int, arg: Any, position: Place | None) -> None:
    walk.edits[index] = instruction(CONST, arg, position), instruction(RETURN, None, position)


def _apart(walk: Peephole, index: int, _: Any, __: Place | None) -> None:
    """A label keeps what this dialect has as one instruction apart."""
    if walk.ops[index - 1] == CONST:
        walk.edits[index] = instruction(LABEL, walk.new_label(BEGIN)), walk.body[index]


# -- lowering


class _Lowering:
    """The rules for one dialect."""

    def __init__(self, dialect: isa.Dialect) -> None:
        self.dialect = dialect
        self.commons = frozenset(dialect.enums.get("constant", {}).values())

    def rules(self) -> Rules:
        """Those that the dialect needs."""
        rules: Rules = {COMMON: self.common}
        kinds = ByType(_short(self.dialect))
        if not self.dialect.slice_constants:
            kinds.update(dict.fromkeys(_BUILT, self.built))
        if kinds:
            rules[CONST] = kinds
        if RETURNED in self.dialect.opcodes:
            rules[RETURN] = _return
        if ASSERTION not in self.dialect.opcodes:
            rules[ASSERTION] = {None: (COMMON, "AssertionError")}
        return rules

    def built(self, walk: Peephole, index: int, value: Any, position: Place | None) -> None:
        if _has_slice(value):
            _make(walk, index, self.dialect)

    def common(self, walk: Peephole, index: int, value: Any, position: Place | None) -> None:
        if value not in self.commons:
            parts = [(CONST, _LITERALS[value])] if value in _LITERALS else _imported(value, self.dialect)
            walk.edits[index] = [instruction(*each, position) for each in parts]


def _return(walk: Peephole, index: int, _: Any, __: Place | None) -> None:
    """One instruction with the constant before it, unless that is made."""
    if walk.ops[index - 1] == CONST and index - 1 not in walk.edits:
        _, value, position = walk.body[index - 1]
        walk.put(index - 1, instruction(RETURNED, value, position))
        walk.edits[index] = ()


def _short(dialect: isa.Dialect) -> dict[type, dict[Any, tuple[str, Any]]]:
    """Type and value of a constant -> the instruction that loads it without the pool."""
    found: dict[type, dict[Any, tuple[str, Any]]] = {}
    if SMALL in dialect.opcodes:
        found[int] = {n: (SMALL, n) for n in range(LAST_SMALL + 1)}
    if COMMON in dialect.opcodes:
        names = set(dialect.enums["constant"].values())
        for name, value in _LITERALS.items():
            if name in names:
                found.setdefault(type(value), {})[value] = COMMON, name
    return found


_BUILT = frozenset({slice, tuple, frozenset})


def _has_slice(value: Any) -> bool:
    """Is a slice in a constant?"""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return not _BUILT.isdisjoint(map(type, value)) and any(map(_has_slice, value))
    return kind is slice


def _make(walk: Peephole, index: int, dialect: isa.Dialect) -> None:
    """Instructions instead of a constant with slices; those for a subscript alone where the dialect has such."""
    _, value, position = walk.body[index]
    made = list(_makes(value, f"{walk.code.qualname}, instruction {index} ({CONST})", dialect))
    direct = {"BINARY_SUBSCR": "BINARY_SLICE", "STORE_SUBSCR": "STORE_SLICE"}.get(walk.ops[index + 1])
    if direct in dialect.opcodes and type(value) is slice and value.step is None:
        made[-1] = direct, None
        walk.edits[index + 1] = ()
    walk.edits[index] = [instruction(op, arg, position) for op, arg in made]


def _makes(value: Any, place: str, dialect: isa.Dialect) -> Iterator[tuple[str, Any]]:
    if not _has_slice(value):
        yield CONST, value
    elif type(value) is slice:
        parts = [value.start, value.stop, value.step]
        for part in parts if value.step is not None else parts[:2]:
            yield from _makes(part, place, dialect)
        yield "BUILD_SLICE", 3 if value.step is not None else 2
    elif type(value) is tuple:
        for part in value:
            yield from _makes(part, place, dialect)
        yield "BUILD_TUPLE", len(value)
    else:
        raise TargetError(Finding(f"{dialect.name} has no constant with a slice in a frozenset: {shown(value)}", place))


def _imported(name: str, dialect: isa.Dialect) -> list[tuple[str, Any]]:
    """What the interpreter does not have at hand comes from builtins, whatever the name means in the code."""
    zero = (SMALL, 0) if SMALL in dialect.opcodes else (CONST, 0)
    exchange = ("SWAP", 2) if "SWAP" in dialect.opcodes else ("ROT_TWO", None)
    loads = [zero, (CONST, (name,)), ("IMPORT_NAME", "builtins"), ("IMPORT_FROM", name)]
    return [*loads, exchange, ("POP_TOP", None)]
