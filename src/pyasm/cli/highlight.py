"""Assembly text in colour: which piece of a line is what."""

import re
from collections.abc import Iterator

from pyasm import isa
from pyasm.cli.console import Paint
from pyasm.text.printer import Line

_CONSTANTS = frozenset(("None", "True", "False", "code", "frozenset", "slice", "complex", "float", "nan", "inf"))

_PIECE = re.compile(
    r"""(?P<constant>b?"(?:\\.|[^"\\])*" | (?<!\w)\.?\d[\w.]* (?:[eE][+-]?\d+)? | \.\.\.)
      | (?P<word>[^\W\d]\w* | `(?:\\.|[^`\\])*`)
      | (?P<plain>\s+|.)""",
    re.VERBOSE | re.DOTALL,
)
_HEADS = {
    "blank": "plain",
    "target": "directive",
    "define": "keyword",
    "argument": "keyword",
    "directive": "directive",
    "position": "comment",
    "label": "label",
    "instruction": "mnemonic",
    "comment": "comment",
    "end": "keyword",
}


class Highlighter:
    """Paints the lines of one dialect's text."""

    def __init__(self, paint: Paint, dialect: str) -> None:
        self.paint = paint
        self.jumps = {name for name, opcode in isa.load(dialect).opcodes.items() if opcode.operand in isa.JUMPS}

    def head(self, line: Line, text: str) -> str:
        """The first word of a line, as `text`, which may be padded."""
        return self.paint(_HEADS[line.kind], text)

    def operand(self, line: Line) -> str:
        """The rest of a line."""
        if not self.paint.colored:
            return line.operand
        if line.kind in ("position", "comment"):
            return self.paint("comment", line.operand)
        words = "label" if line.head in self.jumps or line.head == ".handler" else "name"
        return "".join([self.paint(kind, text) for kind, text in _pieces(line.operand, words)])


def _pieces(operand: str, words: str) -> Iterator[tuple[str, str]]:
    for match in _PIECE.finditer(operand):
        kind, text = str(match.lastgroup), match.group()
        if kind == "word":
            kind = "constant" if text in _CONSTANTS else words
        yield kind, text
