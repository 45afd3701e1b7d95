"""The reader: bytes to objects. Code objects become RawCode.

It works on a stack of its own, so that no input can exhaust the interpreter's, and looks at every size before it
takes anything.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Callable

from pyasm import isa
from pyasm.errors import Finding, MalformedError
from pyasm.marshal import codes
from pyasm.marshal import form as f
from pyasm.marshal.budget import Budget
from pyasm.native.raw import RawCode
from pyasm.typed import Any, NoReturn

_long = struct.Struct("<i").unpack_from
_double = struct.Struct("<d").unpack_from


def loads(data: bytes, dialect: isa.Dialect, start: int = 0) -> tuple[Any, f.Form]:
    """The one object that `data` holds from byte `start` to its end, and the form in which it is written.

    MalformedError, with the byte where it was found, for what no compiler of the dialect writes.
    """
    reader = _Reader(data, dialect, start)
    value = reader.read()
    if reader.pos != len(data):
        reader.fail(f"{len(data) - reader.pos} bytes too many")
    return value, f.Form(bytes(reader.kinds), reader.numbers, tuple(reader.orders))


_INCOMPLETE: Any = object()
_ENDLESS = 1 << 62


class _Frame:
    """A container that is being read."""

    __slots__ = ("count", "extra", "index", "items", "kind", "numbers", "order", "start")

    def __init__(self, kind: int, start: int, count: int, extra: int) -> None:
        self.kind, self.start, self.count, self.extra = kind, start, count, extra
        self.items: list[Any] = []
        self.index = -1
        """Its reference number, if it has one."""
        self.order = -1
        """Of a set: its place in `Form.orders`."""
        self.numbers: tuple[int, ...] = ()
        """Of a code object: its numbers so far."""


class _Reader:
    def __init__(self, data: bytes, dialect: isa.Dialect, start: int) -> None:
        self.data, self.dialect, self.pos, self.size = data, dialect, start, len(data)
        self.start = start
        """Where the object begins that is being read."""
        self.fields = f.fields(dialect.name)
        self.kinds = bytearray()
        self.numbers = array("I")
        self.orders: list[tuple[Any, ...]] = []
        self.stack: list[_Frame] = []
        self.references: list[Any] = []
        self.weights: list[int] = []
        """For each object that can be referred to: how much longer the data were if it were written again."""
        self.budget = Budget(self.size)
        self.holders: dict[int, Any] = {}
        """Tuples with code objects in them, by id: they are constants of a code object and nothing else."""

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise MalformedError(Finding(message, f"byte {self.pos if at is None else at}"))

    def read(self) -> Any:
        """The object at `pos`, with all that it contains."""
        data, stack, kinds, atoms = self.data, self.stack, self.kinds, _ATOMS
        while True:
            self.start = start = self.pos
            if start >= self.size:
                self.fail("the data end where an object is expected")
            byte = data[start]
            self.pos = start + 1
            kinds.append(byte)
            atom = atoms.get(byte)
            if atom is not None:
                value = atom(self)
                if byte & f.FLAG:
                    self.references.append(value)
                    self.weights.append(1 if type(value) is str else self.pos - start)
            else:
                frame = self._open(byte)
                if frame.count:
                    stack.append(frame)
                    continue
                value = self._close(frame)
            while stack:
                frame = stack[-1]
                frame.items.append(value)
                if len(frame.items) < frame.count or (frame.kind == f.CODE and self._expect_tables(frame)):
                    break
                value = self._close(stack.pop())
            else:
                return value

    # -- what contains nothing

    def _take(self, size: int) -> bytes:
        start, self.pos = self.pos, self.pos + size
        if self.pos > self.size:
            self._cut(start, size)
        return self.data[start : self.pos]

    def _cut(self, start: int, size: int) -> NoReturn:
        self.pos = start
        self.fail(f"{size} bytes are needed, and {self.size - start} are left")

    def _number(self) -> int:
        start, self.pos = self.pos, self.pos + 4
        if self.pos > self.size:
            self._cut(start, 4)
        number: int = _long(self.data, start)[0]
        return number

    def _length(self) -> int:
        length = self._number()
        if not 0 <= length <= self.size - self.pos:
            self.fail(f"a length of {length}, and {self.size - self.pos} bytes are left", self.pos - 4)
        return length

    def _short_length(self) -> int:
        if self.pos >= self.size:
            self._cut(self.pos, 1)
        self.pos += 1
        return self.data[self.pos - 1]

    def read_short_ascii(self) -> str:
        return self._ascii(self._take(self._short_length()))

    def read_ascii(self) -> str:
        return self._ascii(self._take(self._length()))

    def _ascii(self, content: bytes) -> str:
        try:
            return content.decode("ascii")
        except UnicodeDecodeError as error:
            self.fail("not ASCII, in a str that is marked so", self.pos - len(content) + error.start)

    def read_text(self) -> str:
        content = self._take(self._length())
        try:
            return content.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            self.fail("not UTF-8", self.pos - len(content) + error.start)

    def read_bytes(self) -> bytes:
        return self._take(self._length())

    def read_int(self) -> int:
        return self._number()

    def read_long(self) -> int:
        count = self._number()
        if 2 * abs(count) > self.size - self.pos:
            self.fail(f"an int of {abs(count)} digits, and {self.size - self.pos} bytes are left", self.pos - 4)
        if count == 0:
            return 0
        digits = struct.unpack(f"<{abs(count)}H", self._take(2 * abs(count)))
        if max(digits) >> f.DIGIT_BITS:
            self.fail(f"an int with a digit of more than {f.DIGIT_BITS} bits", self.start)
        if not digits[-1]:
            self.fail("an int that begins with a digit 0", self.start)
        value = int("".join([f"{digit:015b}" for digit in reversed(digits)]), 2)
        return value if count > 0 else -value

    def read_float(self) -> float:
        value: float = _double(self._take(8))[0]
        return value

    def read_complex(self) -> complex:
        return complex(*struct.unpack("<dd", self._take(16)))

    def read_reference(self) -> Any:
        number = self._number()
        if not 0 <= number < len(self.references):
            self.fail(
                f"reference {number}, but only {len(self.references)} objects so far can be referred to", self.start
            )
        value = self.references[number]
        if value is _INCOMPLETE:
            self.fail(f"reference {number} is to an object that contains it", self.start)
        self.numbers.append(number)
        self.budget.refer(self.weights[number], self.start)
        if type(value) is RawCode:
            self._check_place_of_code()
            self.budget.add_code(self.weights[number], self.start)
        elif id(value) in self.holders:
            self._check_is_consts()
        return value

    # -- containers

    def _open(self, byte: int) -> _Frame:
        kind = byte & ~f.FLAG
        opener = _OPENERS.get(kind)
        if opener is None or (kind == f.NULL and byte & f.FLAG) or f.SINCE.get(kind, 0) > self.dialect.marshal:
            self.fail(f"the type {bytes([byte])!r} is none of marshal version {self.dialect.marshal}", self.start)
        if kind == f.NULL:
            return self._end_of_dict()
        if len(self.stack) >= f.MAX_DEPTH:
            self.fail(f"objects are nested more than {f.MAX_DEPTH} deep", self.start)
        frame = _Frame(kind, self.start, 0, self.budget.extra)
        if byte & f.FLAG:
            frame.index = len(self.references)
            self.references.append(_INCOMPLETE)
            self.weights.append(0)
        if kind in (f.SET, f.FROZENSET):
            frame.order = len(self.orders)
            self.orders.append(())
        frame.count = opener(self, frame)
        return frame

    def _end_of_dict(self) -> _Frame:
        frame = self.stack.pop() if self.stack else None
        if frame is None or frame.kind not in (f.DICT, f.FROZENDICT) or len(frame.items) % 2:
            self.fail("the end of a dict where there is none", self.start)
        frame.count = 0
        return frame

    def open_small_tuple(self, frame: _Frame) -> int:
        return self._short_length()

    def open_sized(self, frame: _Frame) -> int:
        return self._length()

    def open_endless(self, frame: _Frame) -> int:
        return _ENDLESS

    def open_slice(self, frame: _Frame) -> int:
        return 3

    def open_code(self, frame: _Frame) -> int:
        self._check_place_of_code()
        frame.numbers = tuple([self._number() for _ in self.fields.numbers])
        return len(self.fields.objects)

    def _expect_tables(self, frame: _Frame) -> bool:
        """The objects of a code object are read; its tables are still to come, unless these are read too."""
        if len(frame.numbers) > len(self.fields.numbers):
            return False
        frame.numbers += (self._number(),)
        frame.count += len(self.fields.tables)
        return True

    def _check_place_of_code(self) -> None:
        """A code object stands alone or is a constant of another one."""
        if self.stack:
            holder = self.stack[-1]
            if holder.kind not in (f.TUPLE, f.SMALL_TUPLE):
                self.fail("a code object that is no constant of another one", self.start)
            self._check_is_consts(1)

    def _check_is_consts(self, up: int = 0) -> None:
        owner = self.stack[-1 - up] if len(self.stack) > up else None
        if owner is None or owner.kind != f.CODE or len(owner.items) != f.CONSTS_FIELD:
            self.fail("a code object inside a constant", self.start)

    def _close(self, frame: _Frame) -> Any:
        if len(frame.items) > _MAX_SAME_HASH:
            self._check_hashes(frame)
        try:
            value = _CLOSERS[frame.kind](self, frame)
        except (TypeError, RecursionError) as error:
            self.fail(f"no member of a set and no key of a dict: {error}", frame.start)
        if frame.index >= 0:
            self.references[frame.index] = value
            self.weights[frame.index] = self._weight(frame)
        if frame.kind == f.CODE:
            self.budget.extra = frame.extra
        return value

    def _check_hashes(self, frame: _Frame) -> None:
        """Objects with the same hash are compared one by one when they come into a set, as constants do later."""
        self.budget.look(self._weight(frame), frame.start)
        hashes = {id(item): _hash(item) for item in frame.items if type(item) is not RawCode}
        most = Counter(hashes.values()).most_common(1)
        if most and most[0][1] > _MAX_SAME_HASH:
            self.fail(f"{most[0][1]} different objects with the same hash in one container", frame.start)

    def as_tuple(self, frame: _Frame) -> Any:
        value: tuple[Any, ...] = tuple(frame.items)
        if RawCode in map(type, value):
            self.holders[id(value)] = value
        return value

    def as_list(self, frame: _Frame) -> Any:
        return frame.items

    def as_set(self, frame: _Frame) -> Any:
        kind: Any = set if frame.kind == f.SET else frozenset
        value = kind(frame.items)
        if len(value) < len(frame.items):
            self.fail("a set with equal members", frame.start)
        self.orders[frame.order] = tuple(frame.items)
        return value

    def as_dict(self, frame: _Frame) -> Any:
        kind: Any = dict if frame.kind == f.DICT else f.frozendict
        value = dict(zip(frame.items[::2], frame.items[1::2]))
        if 2 * len(value) < len(frame.items):
            self.fail("a dict with equal keys", frame.start)
        return kind(value)

    def as_slice(self, frame: _Frame) -> Any:
        return slice(*frame.items)

    def as_code(self, frame: _Frame) -> RawCode:
        try:
            raw = codes.build(self.fields, frame.numbers, frame.items, self.dialect)
        except codes.WrongField as error:
            self.fail(str(error), frame.start)
        self.budget.add_code(codes.size(self.fields, frame.items), frame.start)
        return raw

    def _weight(self, frame: _Frame) -> int:
        """How long a container is that is written out without references."""
        return self.pos - frame.start + self.budget.extra - frame.extra


_MAX_SAME_HASH = 128
"""How many different objects with the same hash a container may have; more are made, not found."""


def _hash(item: Any) -> int:
    try:
        return hash(item)
    except (TypeError, RecursionError):  # not in any set, so it is only itself
        return id(item)


def _singleton(value: Any) -> Callable[[_Reader], Any]:
    return lambda reader: value


_FLAGGED: dict[int, Callable[[_Reader], Any]] = {
    f.SHORT: _Reader.read_short_ascii,
    f.SHORT_INTERNED: _Reader.read_short_ascii,
    f.ASCII: _Reader.read_ascii,
    f.ASCII_INTERNED: _Reader.read_ascii,
    f.TEXT: _Reader.read_text,
    f.INTERNED: _Reader.read_text,
    f.BYTES: _Reader.read_bytes,
    f.INT: _Reader.read_int,
    f.LONG: _Reader.read_long,
    f.FLOAT: _Reader.read_float,
    f.COMPLEX: _Reader.read_complex,
}

_ATOMS: dict[int, Callable[[_Reader], Any]] = {
    f.REFERENCE: _Reader.read_reference,
    **{kind: _singleton(value) for kind, value in f.SINGLETONS.items()},
    **_FLAGGED,
    **{kind | f.FLAG: atom for kind, atom in _FLAGGED.items()},
}
"""Type byte, with flag where it may have one -> what reads the rest."""

_OPENERS: dict[int, Callable[[_Reader, _Frame], int]] = {
    f.SMALL_TUPLE: _Reader.open_small_tuple,
    f.TUPLE: _Reader.open_sized,
    f.LIST: _Reader.open_sized,
    f.SET: _Reader.open_sized,
    f.FROZENSET: _Reader.open_sized,
    f.DICT: _Reader.open_endless,
    f.FROZENDICT: _Reader.open_endless,
    f.NULL: _Reader.open_endless,
    f.SLICE: _Reader.open_slice,
    f.CODE: _Reader.open_code,
}
"""Type byte of a container -> what reads how many objects it has."""

_CLOSERS: dict[int, Callable[[_Reader, _Frame], Any]] = {
    f.SMALL_TUPLE: _Reader.as_tuple,
    f.TUPLE: _Reader.as_tuple,
    f.LIST: _Reader.as_list,
    f.SET: _Reader.as_set,
    f.FROZENSET: _Reader.as_set,
    f.DICT: _Reader.as_dict,
    f.FROZENDICT: _Reader.as_dict,
    f.SLICE: _Reader.as_slice,
    f.CODE: _Reader.as_code,
}
"""Type byte of a container -> what makes it of its objects."""
