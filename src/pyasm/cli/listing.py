"""Assembly text for the eye: operands and columns line up, source lines stand in between.

All that is added to the text is comments.
"""

import linecache
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, Optional

import pyasm
from pyasm.cli.console import Paint
from pyasm.cli.highlight import Highlighter
from pyasm.text.printer import Line

_INDENT = "    "
_WIDEST = 60
"""Columns stand no further right, even where a line is longer."""


class Columns(NamedTuple):
    """What is shown beside the instructions."""

    offsets: bool = False
    """The byte offset of each."""
    lines: bool = False
    """The number of the source line that it comes from, where that is another one than before."""
    source: bool = False
    """The source line itself, above the first instruction that comes from it."""


def listing(lines: Iterable[Line], columns: Columns, paint: Paint) -> Iterator[str]:
    """The lines of the printer as they are shown."""
    highlight = Highlighter(paint)
    for _, group in groupby(lines, lambda line: id(line.code)):  # by identity: two functions may well be equal
        same = list(group)
        if same[0].code is None:
            yield from (f"{highlight.head(line, line.head)} {highlight.operand(line)}".rstrip() for line in same)
        else:
            yield from _Definition(same[0].code, same, columns, highlight).shown()


class _Definition:
    """The lines of one code object."""

    def __init__(self, code: pyasm.Code, lines: list[Line], columns: Columns, highlight: Highlighter) -> None:
        self.lines, self.columns, self.highlight = lines, columns, highlight
        self.filename = code.filename
        self.heads = max((len(line.head) for line in lines if line.kind == "instruction"), default=0)
        widths = [len(self.head(line)) + 1 + len(line.operand) for line in lines if line.kind == "instruction"]
        self.width = min(max(widths, default=0), _WIDEST)
        self.offsets = pyasm.offsets(code) if columns.offsets else []
        self.source_lines = _source_lines(code)

    def head(self, line: Line) -> str:
        """The first word, padded so that operands stand below each other."""
        if line.kind == "instruction":
            return f"{_INDENT}{line.head:{self.heads}} " if line.operand else _INDENT + line.head
        return line.head if line.kind in ("define", "label", "end") else _INDENT + line.head

    def shown(self) -> Iterator[str]:
        """The lines with what stands beside and between them."""
        number: Optional[int] = None
        for line in self.lines:
            mark = ""
            if line.kind == "instruction" and self.source_lines[line.at] != number:
                number = self.source_lines[line.at]
                mark = "no line" if number is None else f"line {number}"
                yield from self._source(number)
            yield self._line(line, mark)

    def _source(self, number: Optional[int]) -> Iterator[str]:
        source = linecache.getline(self.filename, number).rstrip() if self.columns.source and number else ""
        if source:
            yield self.highlight.paint("comment", f"{_INDENT}# {number:4} | {source}")

    def _line(self, line: Line, mark: str) -> str:
        head = self.head(line)
        beside = self._beside(line, mark) if line.kind == "instruction" else ""
        text = self.highlight.head(line, head)
        if line.operand:
            text += " " + self.highlight.operand(line)
        if not beside:
            return text
        size = len(head) + (1 + len(line.operand) if line.operand else 0)
        return text + " " * (max(0, self.width - size) + 2) + self.highlight.paint("comment", beside)

    def _beside(self, line: Line, mark: str) -> str:
        """The comment behind an instruction."""
        cells = []
        if self.columns.offsets:
            cells.append(f"{self.offsets[line.at]:5}")
        if self.columns.lines and mark:
            cells.append(mark)
        return "# " + "  ".join(cells) if cells else ""


def _source_lines(code: pyasm.Code) -> list[Optional[int]]:
    """The number of the source line of every instruction."""
    numbers: list[Optional[int]] = []
    number: Optional[int] = None
    for _, _, position in code.body:
        number = position.line if position is not None else number
        numbers.append(number)
    return numbers
