"""Single literals, both ways: names, strings, bytes, numbers."""

from __future__ import annotations

import re
import struct
from re import Match

from pyasm.typed import TYPE_CHECKING, Any

_PIECE = 4000
"""A longer string is written in pieces of so many characters, one after the other."""

MAX_DIGITS = 600
"""Decimal numbers may be so long everywhere; a longer one is written in base 16, which no interpreter limits."""

_READABLE = 4300
"""A number in base 10 that is longer is not read: that takes a time that grows faster than its length."""

# -- writing


_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\"}


def quoted(text: str, quote: str) -> str:
    """A text in these quotes."""
    if text.isprintable() and quote not in text and "\\" not in text:
        return quote + text + quote
    return quote + re.sub(rf"[^ -~]|[{quote}\\]", lambda match: _escape(match[0]), text) + quote


def _escape(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if char.isprintable():
        return char if code > 126 else "\\" + char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def name_text(name: str) -> str:
    """A name as it is written: in backquotes when it is no identifier."""
    return name if name.isidentifier() else quoted(name, "`")


def dotted_text(name: str) -> str:
    """A qualified name as it is written: in backquotes when a part is no identifier."""
    return name if all(map(str.isidentifier, name.split("."))) else quoted(name, "`")


def string_text(text: str) -> str:
    """A string in double quotes; a very long one in several pieces."""
    if len(text) <= _PIECE:
        return quoted(text, '"')
    return " ".join([quoted(text[i : i + _PIECE], '"') for i in range(0, len(text), _PIECE)])


def bytes_text(value: bytes) -> str:
    """Bytes as a literal, a very long one in several pieces."""
    pieces = [value[i : i + _PIECE] for i in range(0, len(value), _PIECE)] or [b""]
    return " ".join(["b" + _bytes_piece(piece) for piece in pieces])


def _bytes_piece(value: bytes) -> str:
    return '"' + re.sub(r'[^ -~]|["\\]', lambda match: _escape_byte(match[0]), value.decode("latin-1")) + '"'


def _escape_byte(char: str) -> str:
    return _SHORT.get(char) or ("\\" + char if char == '"' else f"\\x{ord(char):02x}")


def int_text(value: int) -> str:
    """An integer: in base 10, or in base 16 when it is very long."""
    return repr(value) if value.bit_length() < 3 * MAX_DIGITS else hex(value)


_NAN = 0x7FF8000000000000


def float_text(value: float) -> str:
    """A float: as Python writes it, or `float("inf")`, `float("nan")`, `float("nan", bits)`."""
    if value != value:
        (bits,) = struct.unpack("<Q", struct.pack("<d", value))
        return 'float("nan")' if bits == _NAN else f'float("nan", {bits:#x})'
    if value - value:  # infinite
        return 'float("inf")' if value > 0 else 'float("-inf")'
    return repr(value)


def complex_text(value: complex) -> str:
    """A complex number: `2.0j` where that is it, else `complex(real, imag)`."""
    real, imag = repr(value.real), float_text(value.imag)
    if real == "0.0" and imag[0].isdigit():
        return imag + "j"
    return f"complex({float_text(value.real)}, {imag})"


# -- reading


class Malformed(ValueError):
    """A literal that is none: why, a hint, and where in it."""

    def __init__(self, message: str, hint: str = "", shift: int = 0) -> None:
        super().__init__(message)
        self.message, self.hint, self.shift = message, hint, shift


_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|.)", re.DOTALL)
_CHARS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CHARS.update((char, char) for char in "\\\"'`")


def unquoted(token: str) -> str:
    """The text of a token in quotes of any kind. Malformed for a wrong escape or a missing quote."""
    body = _body(token)
    return _ESCAPE.sub(_char, body) if "\\" in body else body


def unquoted_bytes(token: str) -> bytes:
    """The value of a bytes token. Malformed as for `unquoted`."""
    body = _body(token[1:])
    if not body.isascii():
        raise Malformed("bytes are ASCII characters and escapes", _BYTES_HINT)
    try:
        return _ESCAPE.sub(_byte, body).encode("latin-1")
    except Malformed as malformed:
        malformed.shift += 1
        raise


def _body(token: str) -> str:
    if len(token) > 1 and token[-1] == token[0]:
        backslashes = len(token) - 1 - len(token[:-1].rstrip("\\"))
        if backslashes % 2 == 0:
            return token[1:-1]
    raise Malformed("a quote is missing at the end")


_BYTES_HINT = r'for example b"\xff"'


def _byte(match: Match[str]) -> str:
    char = _char(match) if match[1][0] not in "uUN" else ""
    if not char or char > "\xff":
        raise Malformed("an escape that is no single byte", _BYTES_HINT, match.start() + 1)
    return char


def _char(match: Match[str]) -> str:
    escape = match[1]
    plain = _CHARS.get(escape)
    if plain is not None:
        return plain
    try:
        if escape[0] in "01234567":
            return chr(int(escape, 8))
        if escape[0] in "xuU" and len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape[0] == "N" and len(escape) > 1:
            import unicodedata  # only when a text has such an escape

            return unicodedata.lookup(escape[2:-1])
    except (KeyError, ValueError, OverflowError):
        pass
    raise Malformed("an escape that is none", r"a backslash itself is written \\", match.start() + 1)


if TYPE_CHECKING:
    Number = int | float | complex


def number(token: str) -> Number:
    """The value of a number token, which has no sign. Malformed for one that is none."""
    if not token.isascii():
        raise Malformed("a number that is none", "digits are 0 to 9")
    based = token[:2].lower() in ("0x", "0o", "0b")
    if not based and len(token) > _READABLE:
        raise Malformed(f"a number of more than {_READABLE} digits", "write it in base 16")
    try:
        if based:
            return int(token, 0)
        if token[-1] in "jJ":
            return complex(0.0, float(token[:-1]))
        if token.replace("_", "").isdecimal():
            return int(token, 0)
        return float(token)
    except ValueError as error:
        hint = "write it in base 16" if "limit" in str(error) else ""
        raise Malformed("a number that is none", hint) from None


def nan(bits: Any) -> float:
    """The float of these 64 bits, which must be one that is not a number."""
    if type(bits) is int and 0 <= bits < 1 << 64:
        (value,) = struct.unpack("<d", struct.pack("<Q", bits))
        if value != value:
            return float(value)
    raise Malformed("these are not the bits of a NaN", f"for example {_NAN:#x}")
