"""What is wrong with a text, gathered: each finding with its place, its line and a caret."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pyasm.errors import AssemblySyntaxError, Finding, excerpt, nearest

_MOST = 100
"""So many findings are reported; a text with more is not read any further."""


class Report:
    """The findings of one text."""

    def __init__(self, text: str, filename: str) -> None:
        self.text, self.filename = text, filename
        self.found: list[tuple[int, str, str]] = []

    @property
    def full(self) -> bool:
        """Have enough errors been found?"""
        return len(self.found) >= _MOST

    def add(self, offset: int, message: str, hint: str = "") -> None:
        """Note what is wrong at a place of the text, unless there is enough."""
        if not self.full:
            self.found.append((offset, message, hint))

    def finish(self) -> None:
        """Raise an AssemblySyntaxError with all findings, in the order of the text, if there are any."""
        if not self.found:
            return
        full = self.full
        self.found.sort(key=lambda found: found[0])
        findings = [self._finding(*found) for found in self.found]
        if full:
            findings.append(Finding("too many errors; the rest of the text has not been read", self.filename))
        line, column, text = self._place(self.found[0][0])
        raise AssemblySyntaxError(findings, self.filename, line, column, text)

    def _place(self, offset: int) -> tuple[int, int, str]:
        """Line and column, both counted from 1, and the line itself."""
        text = self.text
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        line = text[start : end if end >= 0 else len(text)].rstrip("\r")
        return text.count("\n", 0, offset) + 1, offset - start + 1, line

    def _finding(self, offset: int, message: str, hint: str) -> Finding:
        line, column, text = self._place(offset)
        return Finding(message, f"{self.filename}:{line}:{column}", hint, excerpt(text, column - 1))


def near(word: str, words: Iterable[str]) -> str:
    """The hint `did you mean ...?`, also where words are long or many."""
    if len(word) > 100:
        return ""
    return nearest(word, [w for w in islice(words, 5000) if abs(len(w) - len(word)) < 10])
