"""Positions as text, both ways: `3:4-3:10` is line 3, column 4 to line 3, column 10; `?` is what is not known."""

from __future__ import annotations

import re

from pyasm.code import Position
from pyasm.text.constants import NoText

NOWHERE = "none"
SAME = "same"
"""No position of its own: that of the instruction before."""

_PLACE = re.compile(r"(-?\d{1,10}|\?)(?::(\d{1,10}|\?))?(?:-(-?\d{1,10}|\?)(?::(\d{1,10}|\?))?)?", re.ASCII)


def text(position: Position) -> str:
    """A position as text; without the end, or without columns, where these are not known."""
    line, end_line, column, end_column = position
    if not all(part is None or type(part) is int for part in position):
        raise NoText("a position that is not made of numbers")
    start = _place(line, column)
    if end_line is None and end_column is None:
        return NOWHERE if start == "?" else start
    return f"{start}-{_place(end_line, end_column)}"


def _place(line: int | None, column: int | None) -> str:
    place = "?" if line is None else str(line)
    return place if column is None else f"{place}:{column}"


def read(text: str) -> Position | None:
    """The position that a text gives; None when it is none."""
    if text == NOWHERE:
        return Position()
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    line, column, end_line, end_column = [None if part is None or part == "?" else int(part) for part in match.groups()]
    return Position(line, end_line, column, end_column)
