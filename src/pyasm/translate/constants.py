"""constants: the short forms in which compilers load constants, all of them LOAD_CONST, and constants made by code.

    LOAD_SMALL_INT n        an int up to 255 (3.14 and later)
    LOAD_COMMON_CONSTANT    None, True, False, '', -1 (3.15), AssertionError (3.14 and later): LOAD_ASSERTION_ERROR;
                            what else it loads has no other word
    RETURN_CONST            LOAD_CONST and RETURN_VALUE (3.12 and 3.13)
    LOAD_CONST of a slice   slices are no constants before 3.14: made where they are loaded

A label between LOAD_CONST and RETURN_VALUE keeps them apart, as a block does that begins there in the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from operator import itemgetter

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.blocks import BEGIN
from pyasm.translate.edit import Labels, instruction, rewrite
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
_RETURNS = frozenset({RETURNED, RETURN})
_SHORT = frozenset({SMALL, COMMON, RETURNED})
_LOWERED = frozenset({CONST, ASSERTION, COMMON})
OP = itemgetter(0)


def lift(code: Code, dialect: isa.Dialect) -> None:
    """To LOAD_CONST, RETURN_VALUE and LOAD_ASSERTION_ERROR."""
    if dialect.opcodes.keys().isdisjoint(_SHORT):
        return
    body = code.body
    if RETURNED in dialect.opcodes:
        code.body = _with_returns(body)
        return
    for index in [i for i, op in enumerate(map(OP, body)) if op in _SHORT]:
        op, arg, position = body[index]
        body[index] = instruction(CONST, arg, position) if op == SMALL else _lifted_common(body[index])


def _with_returns(body: list[Instruction]) -> list[Instruction]:
    edits: dict[int, Sequence[Instruction]] = {}
    labels: Labels | None = None
    for index in [i for i, op in enumerate(map(OP, body)) if op in _RETURNS]:
        op, arg, position = each = body[index]
        if op == RETURNED:
            edits[index] = instruction(CONST, arg, position), instruction(RETURN, None, position)
        elif index and body[index - 1][0] == CONST:
            labels = labels or Labels(body, BEGIN)
            edits[index] = instruction(LABEL, labels.new()), each
    return rewrite(body, edits)


def _lifted_common(each: Instruction) -> Instruction:
    _, arg, position = each
    if arg == "AssertionError":
        return instruction(ASSERTION, None, position)
    return instruction(CONST, _LITERALS[arg], position) if arg in _LITERALS else each


# -- lowering


def lower(code: Code, dialect: isa.Dialect) -> None:
    """To the forms that the dialect has; what it cannot hold is made where it is loaded, or a TargetError."""
    body = code.body
    short = _short(dialect.name)
    returns = RETURNED in dialect.opcodes
    edits: dict[int, Sequence[Instruction]] = {}
    for index in [i for i, op in enumerate(map(OP, body)) if op in _LOWERED]:
        op, value, position = body[index]
        if op == CONST:
            kind = type(value)
            if kind in _SIMPLE:
                made = short.get((kind, value))
                if made is not None:
                    body[index] = instruction(made[0], made[1], position)
                    continue
            elif kind in _BUILT and not dialect.slice_constants and _has_slice(value):
                _make(code, index, dialect, edits)
                continue
            if returns and index + 1 < len(body) and body[index + 1][0] == RETURN:
                edits[index] = (instruction(RETURNED, value, position),)
                edits[index + 1] = ()
        elif op == ASSERTION and ASSERTION not in dialect.opcodes:
            edits[index] = (instruction(COMMON, "AssertionError", position),)
        elif op == COMMON and value not in dialect.enums.get("constant", {}).values():
            parts = [(CONST, _LITERALS[value])] if value in _LITERALS else _imported(value, dialect)
            edits[index] = [instruction(*each, position) for each in parts]
    code.body = rewrite(body, edits)


@cache
def _short(dialect_name: str) -> dict[tuple[type, Any], tuple[str, Any]]:
    """Type and value of a constant -> the instruction that loads it without the pool."""
    dialect = isa.load(dialect_name)
    found: dict[tuple[type, Any], tuple[str, Any]] = {}
    if SMALL in dialect.opcodes:
        found.update({(int, n): (SMALL, n) for n in range(LAST_SMALL + 1)})
    if COMMON in dialect.opcodes:
        names = set(dialect.enums["constant"].values())
        found.update({(type(v), v): (COMMON, name) for name, v in _LITERALS.items() if name in names})
    return found


_SIMPLE = frozenset({int, bool, str, type(None)})
_BUILT = frozenset({slice, tuple, frozenset})


def _has_slice(value: Any) -> bool:
    """Is a slice in a constant?"""
    kind = type(value)
    return kind is slice or ((kind is tuple or kind is frozenset) and any(map(_has_slice, value)))


def _make(code: Code, index: int, dialect: isa.Dialect, edits: dict[int, Sequence[Instruction]]) -> None:
    """Instructions instead of a constant with slices; those for a subscript alone where the dialect has such."""
    _, value, position = code.body[index]
    following = code.body[index + 1][0] if index + 1 < len(code.body) else ""
    made = list(_makes(value, f"{code.qualname}, instruction {index} ({CONST})", dialect))
    direct = {"BINARY_SUBSCR": "BINARY_SLICE", "STORE_SUBSCR": "STORE_SLICE"}.get(following)
    if direct in dialect.opcodes and type(value) is slice and value.step is None:
        made[-1] = direct, None
        edits[index + 1] = ()
    edits[index] = [instruction(op, arg, position) for op, arg in made]


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
        raise TargetError(Finding(f"{dialect.name} has no constant with a slice in a frozenset: {value!r}", place))


def _imported(name: str, dialect: isa.Dialect) -> list[tuple[str, Any]]:
    """What the interpreter does not have at hand comes from builtins, whatever the name means in the code."""
    zero = (SMALL, 0) if SMALL in dialect.opcodes else (CONST, 0)
    exchange = ("SWAP", 2) if "SWAP" in dialect.opcodes else ("ROT_TWO", None)
    loads = [zero, (CONST, (name,)), ("IMPORT_NAME", "builtins"), ("IMPORT_FROM", name)]
    return [*loads, exchange, ("POP_TOP", None)]
