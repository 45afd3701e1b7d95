"""Constants, both ways: literals, and the tuples, frozensets and slices made of them."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.native.units import MAX_OPERAND
from pyasm.text import literals
from pyasm.text.literals import Malformed
from pyasm.text.tokens import ENDS, Tokens, Wrong, described
from pyasm.typed import Any

MAX_NESTING = 250
"""How deep constants may be nested; Python's own compiler takes 200 brackets."""


# -- writing


class NoText(Exception):
    """A constant that cannot be written."""


def text(value: Any, depth: int = 0) -> str:
    """A constant as text. NoText for what is none: a code object, a list, any other object."""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if depth > MAX_NESTING:
        raise NoText(f"a constant nested more than {MAX_NESTING} deep")
    kind = type(value)
    if kind is tuple:
        items = [text(item, depth + 1) for item in value]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    if kind is frozenset:
        items = sorted([text(item, depth + 1) for item in value])
        return f"frozenset({{{', '.join(items)}}})" if items else "frozenset()"
    if kind is slice:
        parts = [text(part, depth + 1) for part in (value.start, value.stop, value.step)]
        return f"slice({', '.join(parts)})"
    raise NoText(f"an object of type {kind.__name__} has no text")


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): repr,
    bool: repr,
    type(...): lambda value: "...",
    int: literals.int_text,
    float: literals.float_text,
    complex: literals.complex_text,
    str: literals.string_text,
    bytes: literals.bytes_text,
}


# -- reading

Read = tuple[Any, int]
"""A value and the index of the token after it."""


class Reader:
    """Reads constants. `code` gives the code object of a name, given the index of the token that names it."""

    def __init__(self, tokens: Tokens, code: Callable[[str, int], Any]) -> None:
        self.tokens, self.texts, self.code = tokens, tokens.texts, code
        self._known: dict[str, Any] = {}
        self._calls: dict[str, Callable[[int, int], Read]] = {
            "frozenset": self._frozenset,
            "slice": self._slice,
            "complex": self._complex,
            "float": self._float,
        }

    def operand(self, i: int) -> Read:
        """The constant that begins at a token: any, or `code(name)`."""
        token = self.texts[i]
        if token in self._known and self.texts[i + 1] in _AFTER_OPERAND:
            return self._known[token], i + 1
        if token == "code" and self.texts[i + 1] == "(":
            name, i = self.name(i + 2)
            code = self.code(name, i - 1)
            return code, self._expect(")", i)
        value, end = self.constant(i, 0)
        if end == i + 1:  # the same token is the same object from now on, as in a pool
            self._known[token] = value
        return value, end

    def name(self, i: int) -> tuple[str, int]:
        """The name that begins at a token, with or without backquotes."""
        token = self.texts[i]
        if token.isidentifier():
            return token, i + 1
        if token[:1] == "`":
            return self._literal(literals.unquoted, i), i + 1
        hint = "" if token in ENDS or token in _BRACKETS else "a name that is no identifier stands in backquotes"
        raise Wrong(i, f"a name is needed, not {described(token)}", hint)

    def label(self, i: int) -> tuple[str, int]:
        """The name of a label: any name, or text in single quotes."""
        token = self.texts[i]
        if token.isidentifier():
            return token, i + 1
        return (self._literal(literals.unquoted, i), i + 1) if token[:1] == "'" else self.name(i)

    def number(self, i: int, most: int = MAX_OPERAND) -> tuple[int, int]:
        """A whole number from 0 to `most`."""
        token = self.texts[i]
        value = self._literal(literals.number, i) if token[:1].isdecimal() else None
        if type(value) is int and value <= most:
            return value, i + 1
        raise Wrong(i, f"a number from 0 to {most} is needed, not {described(token)}")

    def constant(self, i: int, depth: int) -> Read:
        """The constant that begins at a token, without code objects."""
        token = self.texts[i]
        first, last = token[:1], token[-1:]
        if first == '"' or (last == '"' and first in ("b", "B")):
            return self._strings(i)
        if _is_number(token):
            return self._literal(literals.number, i), i + 1
        if token in NAMED:
            return NAMED[token], i + 1
        if token in ("-", "+"):
            return self._signed(i)
        if depth > MAX_NESTING:
            raise Wrong(i, f"brackets nested more than {MAX_NESTING} deep")
        if token == "(":
            return self._tuple(i, depth)
        if token in self._calls:
            return self._calls[token](self._expect("(", i + 1), depth)
        raise Wrong(i, f"a constant is needed, not {described(token)}", _hint(token))

    def _literal(self, read: Callable[[str], Any], i: int) -> Any:
        try:
            return read(self.texts[i])
        except Malformed as malformed:
            raise Wrong(i, malformed.message, malformed.hint, malformed.shift) from None

    def _strings(self, i: int) -> Read:
        """One string or bytes literal, or several that make one."""
        parts: list[Any] = []
        while self.texts[i][-1:] == '"' or self.texts[i][:1] == '"':
            token = self.texts[i]
            parts.append(self._literal(literals.unquoted if token[0] == '"' else literals.unquoted_bytes, i))
            if type(parts[-1]) is not type(parts[0]):
                raise Wrong(i, "strings and bytes cannot be joined")
            i += 1
        return (parts[0] if len(parts) == 1 else type(parts[0])().join(parts)), i

    def _signed(self, i: int) -> Read:
        token = self.texts[i + 1]
        if not _is_number(token):
            raise Wrong(i + 1, f"a number is needed after the sign, not {described(token)}")
        value = self._literal(literals.number, i + 1)
        return (-value if self.texts[i] == "-" else value), i + 2

    def _tuple(self, i: int, depth: int) -> Read:
        items, comma, end = self._items(i, ")", depth)
        if len(items) == 1 and not comma:
            return items[0], end
        return tuple(items), end

    def _items(self, opening: int, closing: str, depth: int) -> tuple[list[Any], bool, int]:
        """The items up to a bracket, whether a comma is the last thing before it, and where it goes on."""
        items: list[Any] = []
        comma = True
        i = self._next(opening + 1, opening)
        while self.texts[i] != closing:
            broken = self.texts[i - 1] == "\n"
            if not comma:
                if broken:
                    raise Wrong(opening, f"{self.texts[opening]!r} is not closed", "a comma goes on in the next line")
                raise Wrong(i, f"',' or {closing!r} is needed, not {described(self.texts[i])}")
            try:
                value, end = self.constant(i, depth + 1)
            except Wrong as wrong:
                if broken and wrong.index == i:
                    raise Wrong(opening, f"{self.texts[opening]!r} is not closed") from None
                raise
            items.append(value)
            i = self._next(end, opening)
            comma = self.texts[i] == ","
            if comma:
                i = self._next(i + 1, opening)
        return items, comma, i + 1

    def _next(self, i: int, opening: int) -> int:
        """The index of the next token, past the ends of lines."""
        while self.texts[i] == "\n":
            i += 1
        if self.texts[i] in ENDS:
            raise Wrong(opening, f"{self.texts[opening]!r} is not closed")
        return i

    def _expect(self, token: str, i: int) -> int:
        if self.texts[i] != token:
            raise Wrong(i, f"{token!r} is needed, not {described(self.texts[i])}")
        return i + 1

    def _frozenset(self, i: int, depth: int) -> Read:
        if self.texts[i] == ")":
            return frozenset(), i + 1
        self._expect("{", i)
        items, _, end = self._items(i, "}", depth + 1)
        self._check_hashes(i, items)
        return frozenset(items), self._expect(")", end)

    def _check_hashes(self, i: int, items: list[Any]) -> None:
        """Refuse what no set can hold: a slice, in some versions, and thousands of values of one hash."""
        try:
            hashes = sorted(map(hash, items))
        except TypeError:
            raise Wrong(i, "one of these cannot be in a set") from None
        if any(one == other for one, other in zip(hashes, hashes[_SAME_HASH:])):
            raise Wrong(i, f"more than {_SAME_HASH} values of the same hash in a set")

    def _slice(self, i: int, depth: int) -> Read:
        items, _, end = self._items(i - 1, ")", depth)
        if len(items) not in (2, 3):
            raise Wrong(i, f"a slice has two or three parts, not {len(items)}")
        return slice(*items), end

    def _complex(self, i: int, depth: int) -> Read:
        items, _, end = self._items(i - 1, ")", depth)
        if len(items) != 2 or not {type(item) for item in items} <= {int, float}:
            raise Wrong(i, "a complex number has two parts that are real", "for example complex(0.0, -1.0)")
        try:
            return complex(*items), end
        except OverflowError:
            raise Wrong(i, "a number that is too large for a float") from None

    def _float(self, i: int, depth: int) -> Read:
        items, _, end = self._items(i - 1, ")", depth)
        if len(items) == 1 and items[0] in _FLOATS and type(items[0]) is str:
            return _FLOATS[items[0]], end
        if len(items) == 2 and items[0] == "nan":
            try:
                return literals.nan(items[1]), end
            except Malformed as malformed:
                raise Wrong(i, malformed.message, malformed.hint) from None
        hint = "other numbers are written without float"
        raise Wrong(i, 'float takes "nan", "inf" or "-inf", or "nan" and the bits', hint)


_AFTER_OPERAND = ENDS | {","}
_BRACKETS = frozenset("()[]{}")
_SAME_HASH = 100
NAMED: dict[str, Any] = {"None": None, "True": True, "False": False, "...": ..., "Ellipsis": ...}
"""The constants that are words."""

FORMS = ("code", "complex", "float", "frozenset", "slice")
"""The constants that are written like a call."""

_FLOATS = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}


def _is_number(token: str) -> bool:
    return token[:1].isdecimal() or (token[:1] == "." and token[1:2].isdecimal())


def _hint(token: str) -> str:
    if token[:1] == "'":
        return "strings stand in double quotes"
    if token == "code":
        return "a code object stands alone, not in a tuple"
    if token.lower() in ("none", "true", "false"):
        return f"did you mean {token.capitalize()}?"
    if token in ("[", "{"):
        return "lists, sets and dicts are made by instructions; constants are tuples and frozensets"
    return ""
