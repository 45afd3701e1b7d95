"""The writer: objects to bytes, in the form in which they were read as long as it fits, else in a form of our own.

Our own form is deterministic: sets are sorted by what their members are written as, identifiers are interned, and
whatever is immutable and occurs again is a reference.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Hashable, Iterator

from pyasm import isa
from pyasm.errors import EncodeError, Finding, TargetError
from pyasm.marshal import form as f
from pyasm.native import constants, variables
from pyasm.native.raw import RawCode
from pyasm.typed import Any, NoReturn

_long = struct.Struct("<i").pack
_length = struct.Struct("<I").pack

MAX_LENGTH = 0x7FFFFFFF
"""The format has 31 bits for a length."""


def dumps(value: Any, dialect: isa.Dialect, form: f.Form | None = None) -> bytes:
    """The bytes of an object: a number, str, bytes, container, singleton, RawCode. `form`: how it was written before.

    TargetError for what the format of the dialect cannot express; EncodeError for what is too large or too deep.
    """
    writer = _Writer(dialect, form)
    try:
        writer.write(value)
    except RecursionError:
        raise EncodeError("objects are nested too deeply") from None
    return b"".join(writer.parts)


class _Writer:
    def __init__(self, dialect: isa.Dialect, form: f.Form | None = None) -> None:
        self.dialect = dialect
        self.fields = f.fields(dialect.name)
        self.parts: list[bytes] = []
        self.follows = form is not None
        """Is all that was written so far in the form that was given?"""
        self.kinds: Iterator[int] = iter(form.kinds if form else b"")
        self.numbers: Iterator[int] = iter(form.references if form else ())
        self.orders: Iterator[tuple[Any, ...]] = iter(form.orders if form else ())
        self.references: list[Any] = []
        """What can be referred to, by number."""
        self.known: dict[Hashable, int] = {}
        """The same, as a number for each key; only kept once the form is our own."""
        self.sorted: dict[int, tuple[Any, list[Any]]] = {}
        """Id of a set -> the set, and its members in order."""
        self.owners: list[str] = []
        """The code objects that are being written."""

    def write(self, value: Any) -> None:
        """Append an object, with all that it contains. The stack is of our own: deep nesting costs no recursion."""
        stack: list[Iterator[Any]] = []
        objects: Iterator[Any] = iter((value,))
        while True:
            for item in objects:
                inner = self._put(item)
                if inner is not None:
                    if len(stack) > f.MAX_DEPTH:
                        self._fail(f"objects are nested more than {f.MAX_DEPTH} deep")
                    stack.append(objects)
                    objects = inner
                    break
            else:
                if not stack:
                    return
                objects = stack.pop()

    def _put(self, value: Any) -> Iterator[Any] | None:
        """Append an object, or only its beginning: then what is still to be written is returned."""
        kind = type(value)
        if self.follows:
            byte = next(self.kinds, f.NULL)
            if byte == f.REFERENCE:
                if self._refer(value, next(self.numbers, -1)):
                    return None
            elif kind is _TYPES[byte & ~f.FLAG]:
                content = _CONTENT[byte & ~f.FLAG](self, value)
                if content is not None:
                    return self._append(value, byte, content)
            self._depart()
        byte = _NATURAL[kind](value) if kind in _NATURAL else f.NULL
        if byte & f.FLAG:
            number = self.known.setdefault(constants.key(value), len(self.references))
            if self._refer(value, number):
                return None
        if byte == f.NULL:
            raise TargetError(Finding(f"a constant of type {kind.__name__} has no form in a .pyc file", self._owner()))
        content = _CONTENT[byte & ~f.FLAG](self, value)
        if content is None:
            self._fail(f"a {kind.__name__} that is too large")
        return self._append(value, byte, content)

    def _append(self, value: Any, byte: int, content: Any) -> Iterator[Any] | None:
        if byte & f.FLAG:
            self.references.append(value)
        self.parts.append(_BYTE[byte])
        if type(content) is bytes:
            self.parts.append(content)
            return None
        inner: Iterator[Any] = content
        return inner

    def _refer(self, value: Any, number: int) -> bool:
        """Append a reference, if it is to the same."""
        if not 0 <= number < len(self.references) or not _same(value, self.references[number]):
            return False
        self.parts.append(b"r" + _length(number))
        return True

    def _depart(self) -> None:
        """From here on the form is our own; what was written so far can be referred to."""
        self.follows = False
        for number, value in enumerate(self.references):
            if type(value) in _SHARED:
                self.known.setdefault(constants.key(value), number)

    def _owner(self) -> str:
        return f"code object {self.owners[-1]}" if self.owners else ""

    def _fail(self, message: str) -> NoReturn:
        raise EncodeError(Finding(message, self._owner()))

    # -- containers: what of them is still to be written, once the type byte is

    def put_small_tuple(self, value: tuple[Any, ...]) -> Iterator[Any] | None:
        return self._items(_BYTE[len(value)], value) if len(value) < 256 else None

    def put_sized(self, value: Any) -> Iterator[Any] | None:
        return self._items(_length(len(value)), value) if len(value) <= MAX_LENGTH else None

    def _items(self, length: bytes, value: Any) -> Iterator[Any]:
        self.parts.append(length)
        yield from value

    def put_set(self, value: Any) -> Iterator[Any] | None:
        members = next(self.orders, ()) if self.follows else ()
        return self.put_sized(members if _have_same_members(members, value) else self._order(value))

    def _order(self, value: Any) -> Any:
        found = self.sorted.get(id(value))
        if found is None:
            found = self.sorted[id(value)] = value, sorted(value, key=self._rank)
        return found[1]

    def _rank(self, member: Any) -> bytes:
        writer = _Writer(self.dialect)
        writer.sorted, writer.owners = self.sorted, self.owners
        writer.write(member)
        return b"".join(writer.parts)

    def put_dict(self, value: Any) -> Iterator[Any]:
        for key, item in value.items():
            yield key
            yield item
        if self.follows and next(self.kinds, f.REFERENCE) != f.NULL:
            self._depart()
        self.parts.append(_BYTE[f.NULL])

    def put_frozendict(self, value: Any) -> Iterator[Any]:
        self._check_version(f.FROZENDICT, value)
        return self.put_dict(value)

    def put_slice(self, value: Any) -> Iterator[Any]:
        self._check_version(f.SLICE, value)
        return iter((value.start, value.stop, value.step))

    def _check_version(self, kind: int, value: Any) -> None:
        if self.dialect.marshal < f.SINCE[kind]:
            message = f"{self.dialect.name} has no constants of type {type(value).__name__}: {_short(value)}"
            raise TargetError(Finding(message, self._owner()))

    def put_code(self, raw: RawCode) -> Iterator[Any]:
        self.owners.append(raw.co_name)
        self.parts += [self._number(raw, name) for name in self.fields.numbers]
        for name, _ in self.fields.objects:
            yield self._field(raw, name)
        self.parts.append(self._number(raw, "co_firstlineno"))
        for name, _ in self.fields.tables:
            yield self._field(raw, name)
        self.owners.pop()

    def _number(self, raw: RawCode, name: str) -> bytes:
        number = getattr(raw, name)
        if type(number) is not int or not -(1 << 31) <= number < 1 << 31:
            self._fail(f"{name} is no number of 32 bits")
        return _long(number)

    def _field(self, raw: RawCode, name: str) -> Any:
        if name == "joint_names":
            return variables.joint_names(raw)
        return self._kinds(raw) if name == "local_kinds" else getattr(raw, name)

    def _kinds(self, raw: RawCode) -> bytes:
        derived = variables.joint_kinds(raw, self.dialect)
        kinds = raw.local_kinds
        return kinds if kinds is not None and variables.agree(kinds, derived) else derived

    # -- what contains nothing: its bytes, or None where it does not fit the type byte

    def put_short_ascii(self, value: str) -> bytes | None:
        return _BYTE[len(value)] + value.encode() if len(value) < 256 and value.isascii() else None

    def put_ascii(self, value: str) -> bytes | None:
        return self.put_text(value) if value.isascii() else None

    def put_text(self, value: str) -> bytes | None:
        return self.put_bytes(value.encode("utf-8", "surrogatepass"))

    def put_bytes(self, value: bytes) -> bytes | None:
        return _length(len(value)) + value if len(value) <= MAX_LENGTH else None

    def put_int(self, value: int) -> bytes | None:
        return _long(value) if -(1 << 31) <= value < 1 << 31 else None

    def put_long(self, value: int) -> bytes | None:
        count = -(-value.bit_length() // f.DIGIT_BITS)
        if count > MAX_LENGTH:
            return None
        bits = f"{abs(value):0{count * f.DIGIT_BITS}b}" if count else ""
        digits = [int(bits[i : i + f.DIGIT_BITS], 2) for i in range(0, len(bits), f.DIGIT_BITS)]
        return struct.pack(f"<i{count}H", count if value > 0 else -count, *reversed(digits))

    def put_float(self, value: float) -> bytes:
        return struct.pack("<d", value)

    def put_complex(self, value: complex) -> bytes:
        return struct.pack("<dd", value.real, value.imag)


def _short(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except (ValueError, RecursionError):  # an int of too many digits
        return "a very large one"


def _same(one: Any, other: Any) -> bool:
    """May a reference to one stand for the other? They are of the same type and value, through and through.

    A NaN is only itself: a set can have two of the same bits.
    """
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in (str, bytes, int):
        return bool(one == other)
    if kind in (tuple, RawCode):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and constants.key(one) == constants.key(other)


def _have_same_members(members: tuple[Any, ...], value: Any) -> bool:
    if len(members) != len(value):
        return False
    if set(map(id, members)) == set(map(id, value)):
        return True
    return set(map(constants.key, members)) == set(map(constants.key, value))


def _singleton(singleton: Any) -> Callable[[_Writer, Any], bytes | None]:
    return lambda writer, value: b"" if value is singleton else None


_BYTE = [bytes((byte,)) for byte in range(256)]

_Content = Callable[[_Writer, Any], Any]
_FORMS: list[tuple[int, type, _Content]] = [
    (f.SHORT, str, _Writer.put_short_ascii),
    (f.SHORT_INTERNED, str, _Writer.put_short_ascii),
    (f.ASCII, str, _Writer.put_ascii),
    (f.ASCII_INTERNED, str, _Writer.put_ascii),
    (f.TEXT, str, _Writer.put_text),
    (f.INTERNED, str, _Writer.put_text),
    (f.BYTES, bytes, _Writer.put_bytes),
    (f.INT, int, _Writer.put_int),
    (f.LONG, int, _Writer.put_long),
    (f.FLOAT, float, _Writer.put_float),
    (f.COMPLEX, complex, _Writer.put_complex),
    (f.SMALL_TUPLE, tuple, _Writer.put_small_tuple),
    (f.TUPLE, tuple, _Writer.put_sized),
    (f.LIST, list, _Writer.put_sized),
    (f.SET, set, _Writer.put_set),
    (f.FROZENSET, frozenset, _Writer.put_set),
    (f.DICT, dict, _Writer.put_dict),
    (f.FROZENDICT, f.frozendict, _Writer.put_frozendict),
    (f.SLICE, slice, _Writer.put_slice),
    (f.CODE, RawCode, _Writer.put_code),
    *[(kind, type(singleton), _singleton(singleton)) for kind, singleton in f.SINGLETONS.items()],
]

_TYPES: list[type | None] = [None] * 128
"""Type byte -> type of the objects that are written so."""
_CONTENT: dict[int, _Content] = {}
"""Type byte -> what gives the bytes after it, or an iterator over what is written after it."""
for _kind, _type, _content in _FORMS:
    _TYPES[_kind] = _type
    _CONTENT[_kind] = _content


def _text_kind(value: str) -> int:
    if not value.isascii():
        return f.INTERNED if value.isidentifier() else f.TEXT
    if len(value) < 256:
        return f.SHORT_INTERNED if value.isidentifier() else f.SHORT
    return f.ASCII_INTERNED if value.isidentifier() else f.ASCII


_SHARED: dict[type, Callable[[Any], int]] = {
    str: _text_kind,
    bytes: lambda value: f.BYTES,
    int: lambda value: f.INT if -(1 << 31) <= value < 1 << 31 else f.LONG,
    float: lambda value: f.FLOAT,
    complex: lambda value: f.COMPLEX,
    tuple: lambda value: f.SMALL_TUPLE if len(value) < 256 else f.TUPLE,
    frozenset: lambda value: f.FROZENSET,
    slice: lambda value: f.SLICE,
}
"""Type -> type byte of our own form, for what is written once."""


def _flagged(kind: Callable[[Any], int]) -> Callable[[Any], int]:
    return lambda value: kind(value) | f.FLAG


_NATURAL: dict[type, Callable[[Any], int]] = {
    list: lambda value: f.LIST,
    set: lambda value: f.SET,
    dict: lambda value: f.DICT,
    f.frozendict: lambda value: f.FROZENDICT,
    RawCode: lambda value: f.CODE,
    bool: lambda value: ord("T") if value else ord("F"),
    type(None): lambda value: ord("N"),
    type(...): lambda value: ord("."),
    type: lambda value: ord("S") if value is StopIteration else f.NULL,
    **{kind: _flagged(natural) for kind, natural in _SHARED.items()},
}
"""Type -> type byte of our own form, with its flag; NULL where there is none."""
