"""What a list of tuples is made of: entries that know their position, and strings that know what they describe."""

from __future__ import annotations

from pyasm.code import Position
from pyasm.typed import Any

DEFINE, ADD_ARG, END = "DEFINE", "ADD_ARG", "END"
LOAD_OBJECT = "LOAD_OBJECT"
HANDLER = "HANDLER"
"""Of native lists only: a region of the exception table."""

_new = tuple.__new__


class Entry(tuple[str, Any]):
    """`(instruction, argument)`: equal to the plain tuple, with the source position of the instruction beside it."""

    position: Position | None


def entry(op: str, arg: Any, position: Position | None = None) -> Entry:
    """An entry with a position; None: that of the one before it."""
    made = _new(Entry, (op, arg))
    made.position = position
    return made


class Described(str):
    """A text that describes a value: a constant, or the name of a code object. `value` is the very object."""

    __slots__ = ("value",)

    value: Any

    def __new__(cls, text: str, value: Any = None) -> Described:  # noqa: D102
        self = str.__new__(cls, text)
        self.value = value
        return self

    def __deepcopy__(self, memo: object) -> Described:
        return self


class Const:
    """A constant to be taken as it stands: `("LOAD_CONST", Const("text"))`, where a plain str is read as a literal."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((Const, self.value))

    def __repr__(self) -> str:
        return f"Const({self.value!r})"


class Wrong(Exception):
    """Something that cannot stand in a list: what is wrong, and perhaps a hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint
