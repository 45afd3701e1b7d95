"""The tokens of a text in the language: those of the flat form, with two differences.

Newlines inside of `( )` and `[ ]` are no tokens. The source in `PYTHON { ... }` is one.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from itertools import accumulate, compress

from pyasm.text.tokens import TOKEN, Tokens, lexed

SOURCE = "Python source"
"""What stands among the tokens for the source in PYTHON { }."""

CLOSING = {"(": ")", "[": "]", "{": "}"}


class LanguageTokens(Tokens):
    """The tokens of a text, and where each begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.texts, self.starts = _lexed(text)
        self._closers: dict[int, int] | None = None
        free = [] if _closes_on_lines(self.texts) else self._free_newlines()
        if free:
            kept = bytearray(b"\1") * len(self.texts)
            for i in free:
                kept[i] = 0
            self.texts = [token for token, keep in zip(self.texts, kept) if keep]
            self.starts = array("Q", [start for start, keep in zip(self.starts, kept) if keep])
        # Whoever looks ahead may look a few tokens behind the end.
        self.texts += [""] * 4
        self.starts.extend([len(text)] * 4)

    def _free_newlines(self) -> list[int]:
        """The newlines in round and square brackets that are closed."""
        closers, newlines = _pairs(self.texts)
        return [i for opener, i in newlines if opener in closers]

    def offset(self, index: int) -> int:
        """The place in the text where a token begins."""
        return self.starts[index]

    def lines(self) -> array[int]:
        """The line of the text on which each token stands."""
        ends = list(accumulate(len(line) + 1 for line in self.text.split("\n")))
        return array("L", [bisect_right(ends, start) + 1 for start in self.starts])

    @property
    def closers(self) -> dict[int, int]:
        """The index of each bracket that is closed -> the index of the one that closes it."""
        if self._closers is None:
            self._closers = _pairs(self.texts)[0]
        return self._closers


def _closes_on_lines(texts: list[str]) -> bool:
    """Is every round and square bracket closed before its line ends, with none but such in it, and not many?"""
    signs = "".join(filter(_BRACKETS.__contains__, texts))
    for _ in range(_USUAL_DEPTH):
        signs = signs.replace("()", "").replace("[]", "")
    return _OPEN.isdisjoint(signs)


def _pairs(texts: list[str]) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """Which bracket closes which, and the newlines in round and square ones, each with the bracket that it is in.

    A bracket that nothing closes ends with the block around it. One that closes nothing is left out.
    """
    closers: dict[int, int] = {}
    newlines: list[tuple[int, int]] = []
    stack: list[int] = []
    wanted = ""
    """What closes the innermost bracket."""
    for i in compress(range(len(texts)), map(_BRACKETS.__contains__, texts)):
        token = texts[i]
        if token == "\n":
            if wanted and wanted != "}":
                newlines.append((stack[-1], i))
            continue
        if token in CLOSING:
            stack.append(i)
            wanted = CLOSING[token]
            continue
        if token != wanted:
            if token != "}" or not any(texts[opener] == "{" for opener in stack):
                continue
            while texts[stack[-1]] != "{":
                stack.pop()
        closers[stack.pop()] = i
        wanted = CLOSING[texts[stack[-1]]] if stack else ""
    return closers, newlines


_USUAL_DEPTH = 4
"""So deep are brackets nested on a line at most, where no look at each is needed."""
_OPEN = frozenset("([")
_BRACKETS = _OPEN | frozenset(")]{}\n")


# -- the source in PYTHON { }


def _lexed(text: str) -> tuple[list[str], array[int]]:
    if "PYTHON" not in text.upper():
        return lexed(text)
    texts: list[str] = []
    starts = array("Q")
    position: int | None = 0
    while position is not None:
        position = _lex(text, position, texts, starts)
    return texts, starts


def _lex(text: str, position: int, texts: list[str], starts: array[int]) -> int | None:
    """Add tokens up to the bracket that closes a PYTHON, and give its place; None at the end of the text."""
    for match in TOKEN.finditer(text, position):
        token = match[1]
        texts.append(token)
        starts.append(match.start(1))
        if token == "{" and len(texts) > 1 and texts[-2].upper() == "PYTHON" and _begins(texts, len(texts) - 2):
            texts.append(SOURCE)
            starts.append(match.end())
            return python_end(text, match.end())
    return None


def _begins(texts: list[str], i: int) -> bool:
    """Does the token begin a statement?"""
    return i == 0 or texts[i - 1] in ("\n", ";", "{", "}", ":")


_PIECE = re.compile(
    r"""#[^\n]*|(?P<formatted>\b(?:[fFtT][rR]?|[rR][fFtT]))?(?P<quote>\"{3}|'{3}|["'])|[{}]""",
)
_ENDS = {
    quote: re.compile(rf"\\[\s\S]|{quote}" + (r"|\n" if len(quote) == 1 else "") + r"|\{\{|[{]")
    for quote in ('"', "'", '"""', "'''")
}
"""What stands in a string: escapes, its end, and brackets, which mean something where it is formatted."""


def python_end(text: str, start: int) -> int:
    """Where the bracket stands that closes Python source, which begins at `start`; the end of the text without one.

    Brackets in comments and strings do not count. In `f"{...}"` there is source again, and strings in that.
    """
    depth = [1]
    """Of the source, and of that in each string that we are in: how many brackets are open."""
    strings: list[str] = []
    """The quotes of these strings."""
    position = start
    while True:
        match = _PIECE.search(text, position)
        if match is None:
            return len(text)
        position = match.end()
        if match["quote"]:
            position = _in_string(text, position, match["quote"], match["formatted"] is not None, strings, depth)
        elif match[0] == "{":
            depth[-1] += 1
        elif match[0] == "}":
            depth[-1] -= 1
            if depth[-1] == 0:
                if not strings:
                    return match.start()
                depth.pop()
                position = _in_string(text, position, strings.pop(), True, strings, depth)


def _in_string(text: str, position: int, quote: str, formatted: bool, strings: list[str], depth: list[int]) -> int:
    """Go on in a string: behind it, or into source in it, which is noted then."""
    for match in _ENDS[quote].finditer(text, position):
        if match[0] in (quote, "\n"):
            return match.end()
        if formatted and match[0] == "{":
            strings.append(quote)
            depth.append(1)
            return match.end()
    return len(text)
