"""mappings: how annotations and type parameters in a class see its names, for versions without words for that.

There LOAD_LOCALS is a call of the builtin locals(), LOAD_FROM_DICT_OR_x a test whether the name is in the mapping.
Nothing is lifted: compilers of those versions make neither.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Place, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, instruction, rewrite
from pyasm.typed import Any

_LOCALS: tuple[tuple[str, Any], ...] = (
    ("LOAD_CONST", 0),
    ("LOAD_CONST", ("locals",)),
    ("IMPORT_NAME", "builtins"),
    ("IMPORT_FROM", "locals"),
    ("ROT_TWO", None),
    ("POP_TOP", None),
    ("CALL_FUNCTION", 0),
)
_CELL = "__classdictcell__"
_OTHERWISE = {"LOAD_FROM_DICT_OR_GLOBALS": "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_DEREF": "LOAD_DEREF"}
_MAPPED = frozenset({"LOAD_LOCALS", "STORE_NAME", *_OTHERWISE})


def lifts(dialect: isa.Dialect) -> Set[str]:
    """Nothing."""
    return frozenset()


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return frozenset() if "LOAD_LOCALS" in dialect.opcodes else _MAPPED


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Nothing: the portable words are the native ones."""


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """To calls and tests, where the dialect has nothing else."""
    edits: dict[int, Sequence[Row]] = {}
    labels: Labels | None = None
    for index, (op, arg, position) in enumerate(code.rows):
        if arg == _CELL and op == "STORE_NAME" and index and code.rows[index - 1][0] == "LOAD_CLOSURE":
            edits[index - 1] = edits[index] = ()  # for the metaclass, which knows nothing of it
        elif op == "LOAD_LOCALS":
            edits[index] = [instruction(word, operand, position) for word, operand in _LOCALS]
        elif op in _OTHERWISE:
            labels = labels or Labels(code.rows)
            edits[index] = _tested(_OTHERWISE[op], arg, labels, position)
    code.rows = rewrite(code.rows, edits)


def _tested(otherwise: str, name: Any, labels: Labels, position: Place | None) -> list[Row]:
    """The value of the name in the mapping on top, else what that instruction loads."""
    missing, end = labels.new(), labels.new()
    words: tuple[tuple[str, Any], ...] = (
        ("DUP_TOP", None),
        ("LOAD_CONST", str(name)),
        ("ROT_TWO", None),
        ("CONTAINS_OP", 0),
        ("POP_JUMP_IF_FALSE", missing),
        ("LOAD_CONST", str(name)),
        ("BINARY_SUBSCR", None),
        ("JUMP_FORWARD", end),
        (LABEL, missing),
        ("POP_TOP", None),
        (otherwise, name),
        (LABEL, end),
    )
    return [instruction(word, operand, None if word == LABEL else position) for word, operand in words]
