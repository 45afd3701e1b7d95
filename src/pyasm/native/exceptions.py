"""The exception table of 3.11 and later, both ways. Its format: `InternalDocs/exception_handling.md` of CPython."""

from __future__ import annotations

from pyasm.errors import MalformedError
from pyasm.typed import NamedTuple


class Entry(NamedTuple):
    """A region in code units, half open, and the unit of its handler."""

    start: int
    end: int
    target: int
    depth: int
    lasti: bool


_MAX_NUMBER = 0xFFFFFFFF


def read(table: bytes) -> list[Entry]:
    """The entries of a table. MalformedError when it is cut off or an entry does not begin where it should."""
    entries: list[Entry] = []
    i = 0
    while i < len(table):
        if not table[i] & 128:
            raise MalformedError(f"exception table, byte {i}: {table[i]:#x} does not begin an entry")
        numbers = []
        for _ in range(4):
            value, more = 0, 64
            while more:
                if i == len(table):
                    raise MalformedError("exception table: cut off in its last entry")
                value = value << 6 | table[i] & 63
                more = table[i] & 64
                i += 1
                if value > _MAX_NUMBER:
                    raise MalformedError(f"exception table, byte {i - 1}: a number of more than 32 bits")
            numbers.append(value)
        start, length, target, depth = numbers
        entries.append(Entry(start, start + length, target, depth >> 1, bool(depth & 1)))
    return entries


def write(entries: list[Entry]) -> bytes:
    """The table of these entries, in their order; the inverse of `read`."""
    table = bytearray()
    for start, end, target, depth, lasti in entries:
        first = len(table)
        for value in (start, end - start, target, depth << 1 | lasti):
            if 0 <= value < 64:
                table.append(value)
            else:
                _write_number(table, value)
        table[first] |= 128
    return bytes(table)


def _write_number(table: bytearray, value: int) -> None:
    shift = 6 * ((value.bit_length() - 1) // 6)
    for bits in range(shift, 0, -6):
        table.append(64 | value >> bits & 63)
    table.append(value & 63)
