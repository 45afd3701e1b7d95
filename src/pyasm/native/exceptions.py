"""The exception table of 3.11 and later, both ways. Its format: `InternalDocs/exception_handling.md` of CPython."""

from __future__ import annotations

from pyasm.errors import MalformedError
from pyasm.typed import Any, NamedTuple


class Entry(NamedTuple):
    """A region in code units, half open, and the unit of its handler."""

    start: int
    end: int
    target: int
    depth: int
    lasti: bool


_MAX_NUMBER = 0xFFFFFFFF
_new: Any = tuple.__new__  # of a NamedTuple: faster than its own


def read(table: bytes) -> list[Entry]:
    """The entries of a table. MalformedError when it is cut off or an entry does not begin where it should."""
    entries: list[Entry] = []
    numbers: list[int] = []
    value = first = 0
    for i, byte in enumerate(table):
        if i == first and byte < 128:
            raise MalformedError(f"exception table, byte {i}: {byte:#x} does not begin an entry")
        value = value << 6 | byte & 63
        if value > _MAX_NUMBER:
            raise MalformedError(f"exception table, byte {i}: a number of more than 32 bits")
        if byte & 64:
            continue
        numbers.append(value)
        value = 0
        if len(numbers) == 4:
            start, length, target, depth = numbers
            entries.append(_new(Entry, (start, start + length, target, depth >> 1, depth & 1 == 1)))
            numbers, first = [], i + 1
    if first < len(table):
        raise MalformedError("exception table: cut off in its last entry")
    return entries


def write(entries: list[Entry]) -> bytes:
    """The table of these entries, in their order; the inverse of `read`."""
    table = bytearray()
    for start, end, target, depth, lasti in entries:
        first = len(table)
        for value in (start, end - start, target, depth << 1 | lasti):
            if 0 <= value < 64:
                table.append(value)
            elif 0 <= value < 4096:
                table += bytes((64 | value >> 6, value & 63))
            else:
                _write_number(table, value)
        table[first] |= 128
    return bytes(table)


def _write_number(table: bytearray, value: int) -> None:
    shift = 6 * ((value.bit_length() - 1) // 6)
    for bits in range(shift, 0, -6):
        table.append(64 | value >> bits & 63)
    table.append(value & 63)
