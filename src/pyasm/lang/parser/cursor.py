"""A place in the tokens of a text, and what every part of the parser asks of it."""

from __future__ import annotations

from pyasm.lang.parser.tokens import LanguageTokens
from pyasm.lang.tree import Name
from pyasm.text import constants
from pyasm.text.definition import Definition
from pyasm.text.errors import Report
from pyasm.text.operands import Readers
from pyasm.text.tokens import ENDS, Wrong, described
from pyasm.typed import NoReturn

MAX_DEPTH = 90
"""So deep may brackets and blocks be nested; each level takes several calls, of which Python allows 1000."""

TOO_DEEP = f"nested more than {MAX_DEPTH} deep"


new = tuple.__new__  # of a NamedTuple: faster than its own


class Cursor:
    """Where the parser is. Methods that read move `i` behind what they have read."""

    def __init__(self, tokens: LanguageTokens, report: Report, constants: constants.Reader, readers: Readers) -> None:
        self.tokens, self.texts, self.starts = tokens, tokens.texts, tokens.starts
        self.report, self.constants, self.readers = report, constants, readers
        self.i = 0
        self.depth = 0
        self.free = False
        """Are we in the brackets of a set or map? Newlines are tokens there, and nothing."""
        self.delaying = False
        """May the arguments of the next call have a `?`?"""
        self.settings: Definition | None = None
        """What the directives of the code object say that we are in."""

    def end(self) -> int:
        """Where the token before this one ends."""
        last = self.i - 1
        return self.starts[last] + len(self.texts[last])

    def word(self) -> str:
        """This token in capitals."""
        return self.texts[self.i].upper()

    def deeper(self) -> None:
        """One level of nesting more; whoever calls it takes it back."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Wrong(self.i, TOO_DEEP)

    def wanted(self, what: str, hint: str = "") -> NoReturn:
        """Something else is needed here."""
        raise Wrong(self.i, f"{what} is needed, not {described(self.texts[self.i])}", hint)

    def expect(self, token: str, hint: str = "") -> None:
        """Read a sign that must stand here."""
        if self.texts[self.i] != token:
            self.wanted(repr(token), hint)
        self.i += 1

    def close(self, opener: int, closing: str) -> None:
        """Read the bracket that closes another one."""
        self.skip_free()
        token = self.texts[self.i]
        if token == closing:
            self.i += 1
            return
        if token in ENDS or (self.texts[self.i - 1] == "\n" and opener not in self.tokens.closers):
            self.i = self.tokens.statement_end(opener)  # what comes on the next lines has nothing to do with it
            raise Wrong(opener, f"{self.texts[opener]!r} is not closed")
        self.wanted(f"',' or {closing!r}", _SURPLUS.get(token, ""))

    def skip_free(self) -> None:
        """Go on to the next line where lines mean nothing."""
        if self.free:
            self.skip_lines()

    def skip_lines(self) -> None:
        """Go on to the next token that is no end of a line."""
        while self.texts[self.i] == "\n":
            self.i += 1

    def name(self) -> str:
        """A name, with or without backquotes."""
        token = self.texts[self.i]
        if token.isidentifier():
            self.i += 1
            return token
        name, self.i = self.constants.name(self.i)
        return name

    def named(self) -> Name:
        """A name and its place."""
        i = self.i
        start, token = self.starts[i], self.texts[i]
        if token.isidentifier():
            self.i = i + 1
            return new(Name, (start, start + len(token), token))
        text = self.name()
        return new(Name, (start, self.end(), text))

    def label(self) -> Name:
        """A label: a name, names with colons between them, or any text in single quotes."""
        start = self.starts[self.i]
        text, self.i = self.constants.label(self.i)
        while self.texts[self.i] == ":" and self.texts[self.i + 1].isidentifier():
            text += ":" + self.texts[self.i + 1]
            self.i += 2
        return Name(start, self.end(), text)

    def path(self) -> tuple[str, ...]:
        """Names with colons between them."""
        names = [self.name()]
        while self.texts[self.i] == ":":
            self.i += 1
            names.append(self.name())
        return tuple(names)

    def dotted(self) -> str:
        """A dotted name."""
        name = self.name()
        while self.texts[self.i][:1] == "." and self.texts[self.i][1:].isidentifier():
            name += self.texts[self.i]
            self.i += 1
        return name


_SURPLUS = {
    "->": "a target stands behind the whole statement",
    "=": "the name of an argument has no sign before it",
}
