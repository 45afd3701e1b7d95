"""deferred: annotations of classes and modules that are made when somebody asks, for versions that make them at once.

There a class makes its annotations at the end of its body; a module makes each where it stands, by asking for that one
alone. (The annotations of functions are with `functions`.) Nothing is lifted.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import Finding, TargetError
from pyasm.translate.edit import NOTHING, instruction, rewrite, where
from pyasm.typed import Any

_OF_CLASS, _OF_MODULE = "__annotate_func__", "__annotate__"
_STORES = frozenset({"STORE_NAME"})
_PRESENT = "__conditional_annotations__"
_VALUES = 1
"""What a function for annotations is called with, to get values."""
_Words = tuple[tuple[str, Any], ...]
_ASKED: _Words = (("LOAD_CONST", _VALUES), ("CALL_FUNCTION", 1), ("STORE_NAME", "__annotations__"))
_NOTED: _Words = (("SET_ADD", 1), ("POP_TOP", None))
_UPDATED: _Words = (
    ("BUILD_SET", 1),
    ("STORE_NAME", _PRESENT),
    ("LOAD_NAME", "__annotations__"),
    ("LOAD_METHOD", "update"),
    ("LOAD_NAME", _OF_MODULE),
    ("LOAD_CONST", _VALUES),
    ("CALL_FUNCTION", 1),
    ("CALL_METHOD", 1),
    ("POP_TOP", None),
)
"""What becomes of noting in a set that an annotation of the module was passed, behind its number."""


def lifts(dialect: isa.Dialect) -> Set[str]:
    """Nothing."""
    return frozenset()


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return frozenset() if dialect.annotations == "function" else _STORES


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Nothing: the portable words are the native ones."""


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str] | None:
    """To annotations that are there at once, where the dialect knows no others."""
    body = code.rows
    edits: dict[int, Sequence[Row]] = {}
    for index in where(ops, _STORES):
        _, arg, position = body[index]
        if arg in (_OF_CLASS, _OF_MODULE) and _is_annotate(body, index - 3):
            if arg == _OF_CLASS:
                edits[index] = _instructions(_ASKED, position)
            else:
                edits[index] = [body[index], instruction("SETUP_ANNOTATIONS", None, position)]
                edits.update(_each(code, index, dialect))
    code.rows = rewrite(body, edits)
    return None if edits else NOTHING


def _is_annotate(body: Sequence[Row], index: int) -> bool:
    """Is there, from this index on, what makes a function for annotations?"""
    made = body[index : index + 3] if index >= 0 else []
    return (
        [each[0] for each in made] == ["LOAD_CONST", "LOAD_CONST", "MAKE_FUNCTION"]
        and isinstance(made[0][1], Code)
        and made[0][1].name == _OF_MODULE
    )


def _each(code: Code, stored: int, dialect: isa.Dialect) -> dict[int, Sequence[Row]]:
    """An update of the annotations wherever the module notes that it has passed one."""
    body = code.rows
    edits: dict[int, Sequence[Row]] = {}
    for index, each in enumerate(body):
        after = tuple(other[:2] for other in body[index + 2 : index + 4])
        if each[:2] == ("LOAD_NAME", _PRESENT) and after == _NOTED:
            edits[index] = ()
            edits[index + 2] = _instructions(_UPDATED, each[2])
            edits[index + 3] = ()
    if not edits:
        message = f"{dialect.name} cannot express a module that does not say which of its annotations are there"
        raise TargetError(
            Finding(message, f"{code.qualname}, instruction {stored}", f"add their numbers to {_PRESENT}")
        )
    return edits


def _instructions(words: _Words, position: Any) -> list[Row]:
    return [instruction(op, arg, position) for op, arg in words]
