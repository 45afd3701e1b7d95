"""Text as tokens. They are plain strings; where one stands is looked up only when something needs to know."""

from __future__ import annotations

import re
from array import array
from itertools import accumulate, repeat
from operator import sub

_ESCAPES = 20_000
"""How many escapes one literal may have: a regular expression needs memory for each."""


def _quoted(quote: str) -> str:
    """A literal in these quotes. One that is not closed is a token too, and ends with its line."""
    return rf"{quote}[^{quote}\\\n]*(?:\\[^\n][^{quote}\\\n]*){{0,{_ESCAPES}}}{quote}?"


_LETTERS = "A-Za-z_\x80-\xa6\xa8-\U0010ffff"  # all beyond ASCII but the paragraph sign; what is no name is found later
_OPERATORS = r"\*\*|//|>>|<<|->|:=|=:|\.\.\.|[<>=!]="
_KINDS = [
    rf"[{_LETTERS}][{_LETTERS}0-9]*",
    r"\n",
    r"0[xXoObB]\w*",
    r"(?:[0-9][0-9_]*(?:\.[0-9][0-9_]*|\.(?![^\W\d]|\(|!\w))?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?\w*",
    rf"\.[{_LETTERS}][{_LETTERS}0-9]*",
    _quoted('"'),
    _quoted("`"),
    _quoted("'"),
    _OPERATORS,
]
_REST = r".|\Z"
_COMMENT = r"#[^\n]*"
_BEFORE = " \t\r\f"
"""What separates tokens, beside comments."""

_TOKEN = rf"[bB]{_quoted(chr(34))}|{'|'.join(_KINDS)}"
TOKEN = re.compile(rf"[{_BEFORE}]*(?:{_COMMENT})?({_TOKEN}|{_REST})")
_WITH_GAP = re.compile(rf"[{_BEFORE}]*(?:{_TOKEN}|{_COMMENT}\n?|{_REST})")
"""The same with what is before a token; a comment is looked for last, and has the end of its line with it."""

ENDS = frozenset({"\n", ";", ""})
"""The tokens that end a statement; the empty one is the end of the text."""

FINAL = ENDS | {"}"}
"""The tokens that a statement ends before; the bracket closes a block of the language."""


def lexed(text: str) -> tuple[list[str], array[int]]:
    """The tokens of a text, and where each begins."""
    pieces = _WITH_GAP.findall(text)
    texts = list(map(str.lstrip, pieces, repeat(_BEFORE)))
    if "#" in text:  # behind a comment there is the end of the line, or of the text
        texts = ["\n"[: piece[-1] == "\n"] if piece[:1] == "#" else piece for piece in texts]
    return texts, array("Q", map(sub, accumulate(map(len, pieces)), map(len, texts)))


class Tokens:
    """The tokens of a text. `texts` ends with an empty one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.texts: list[str] = TOKEN.findall(text)
        self._offsets: array[int] | None = None

    def offset(self, index: int) -> int:
        """The place in the text where a token begins."""
        if self._offsets is None:
            self._offsets = array("Q", (match.start(1) for match in TOKEN.finditer(self.text)))
        return self._offsets[index]

    def lines(self) -> array[int]:
        """The line of the text on which each token stands."""
        return array("L", accumulate(map("\n".__eq__, self.texts[:-1]), initial=1))

    def statement_end(self, index: int) -> int:
        """The index of the token that ends the statement in which a token stands."""
        texts = self.texts
        while texts[index] not in ENDS:
            index += 1
        return index

    def skip_ends(self, index: int) -> int:
        """The index of the next token that is no end of a statement, or of the end of the text."""
        texts = self.texts
        while texts[index] in ENDS and texts[index]:
            index += 1
        return index


class Wrong(Exception):
    """What is wrong with a statement: the token's index, what, a hint, and how far inside of the token."""

    def __init__(self, index: int, message: str, hint: str = "", shift: int = 0) -> None:
        super().__init__(message)
        self.index, self.message, self.hint, self.shift = index, message, hint, shift


def described(token: str) -> str:
    """How a message names a token."""
    if token in ENDS:
        return {"\n": "the end of the line", ";": "';'", "": "the end of the text"}[token]
    return repr(token) if len(token) <= 40 else f"{token[:40]!r}..."
