"""Assembly text in colour: which piece of a line is what, as the lexer for Pygments has it."""

from itertools import groupby
from typing import Any

from pygments.token import Comment, Keyword, Literal, Name, Token

from pyasm.cli.console import Paint
from pyasm.lexer import PyasmLexer
from pyasm.text.printer import Line

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

_KINDS: dict[Any, str] = {
    Token: "plain",
    Comment: "comment",
    Keyword: "keyword",
    Keyword.Constant: "constant",
    Literal: "constant",
    Name: "name",
    Name.Builtin: "constant",
    Name.Label: "label",
}


class Highlighter:
    """Paints the lines of a text."""

    def __init__(self, paint: Paint) -> None:
        self.paint = paint
        self.lexer = PyasmLexer()

    def head(self, line: Line, text: str) -> str:
        """The first word of a line, as `text`, which may be padded."""
        return self.paint(_HEADS[line.kind], text)

    def operand(self, line: Line) -> str:
        """The rest of a line."""
        if not self.paint.colored:
            return line.operand
        if line.kind in ("position", "comment"):
            return self.paint("comment", line.operand)
        before = len(line.head) + 1  # the operand means what the word before it makes of it
        tokens = self.lexer.get_tokens_unprocessed(f"{line.head} {line.operand}")
        pieces = ((_kind(token), text) for start, token, text in tokens if start >= before)
        runs = groupby(pieces, key=lambda piece: piece[0])
        return "".join([self.paint(kind, "".join([text for _, text in run])) for kind, run in runs])


def _kind(token: Any) -> str:
    """The kind of a token: its own, or that of what it is a case of."""
    while token not in _KINDS:
        token = token.parent
    return _KINDS[token]
