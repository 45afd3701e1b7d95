"""Position tables: `co_lnotab` (3.9), line ranges (3.10) and locations (3.11 and later), both ways.

Reading gives the position of every code unit. Compilers write one entry for neighbours with equal positions, except
that of 3.11, which writes one for each instruction; the dialect tells which. The formats: `Objects/lnotab_notes.txt`
and `InternalDocs/code_objects.md` in CPython's sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from operator import length_hint

from pyasm.code import Place
from pyasm.errors import EncodeError, MalformedError
from pyasm.isa import Dialect

Groups = Iterable[tuple[Place, int]]
"""Positions, each with the number of units that it covers."""


def read(dialect: Dialect, table: bytes, first_line: int, units: int) -> list[Place]:
    """The positions of all units of a code object. MalformedError for a table that cannot be read.

    A table that covers less is filled up: with its last line up to 3.9, with unknown positions later.
    """
    positions = _READERS[dialect.line_table](table, first_line)
    missing = units - len(positions)
    if missing > 0:
        positions += [positions[-1] if dialect.line_table == "lnotab" else _on(None)] * missing
    return positions


def of_instructions(dialect: Dialect, table: bytes, first_line: int, bounds: Sequence[int]) -> list[Place]:
    """The same for instructions with these bounds: of each that of its opcode, which comes before its caches.

    The optimizer of 3.9 may part it from its prefixes, which come before it.
    """
    if dialect.line_table != "locations":
        positions = read(dialect, table, first_line, bounds[-1])
        if len(bounds) > bounds[-1]:  # there are no prefixes
            return positions[: bounds[-1]]
        return [positions[end - 1] for end in bounds[1:]]
    positions = _read_locations(table, first_line, bounds[:-1])
    missing = len(bounds) - 1 - len(positions)
    return positions + [_on(None)] * missing if missing else positions


def write(dialect: Dialect, positions: Sequence[Place | None], sizes: Iterable[int], first_line: int) -> bytes:
    """The table for instructions with these positions and sizes in units; the inverse of `read`.

    EncodeError for positions that are not made of numbers from 0 on.
    """
    arrange = _merged if dialect.merges_positions else _separate
    try:
        return _WRITERS[dialect.line_table](arrange(zip(positions, sizes), first_line), first_line)
    except (TypeError, ValueError) as error:
        raise EncodeError(f"a position that is none: {error}") from None


def _on(line: int | None) -> Place:
    """A position of which the line alone is known, or nothing."""
    return line, None, None, None


def _separate(groups: Iterable[tuple[Place | None, int]], first_line: int) -> Groups:
    """Each position by itself; None is the position before."""
    before = _on(first_line)
    for position, size in groups:
        before = before if position is None else position
        yield before, size


def _merged(groups: Iterable[tuple[Place | None, int]], first_line: int) -> Groups:
    """Neighbours with equal positions as one; None goes on with the position before."""
    merged: list[tuple[Place, int]] = []
    current, units = _on(first_line), 0
    for position, size in groups:
        if position is current or position is None or position == current:
            units += size
        else:
            if units:
                merged.append((current, units))
            current, units = position, size
    if units:
        merged.append((current, units))
    return merged


# -- 3.9: pairs (bytes forward, lines forward) from the first line on


def _read_lnotab(table: bytes, first_line: int) -> list[Place]:
    positions: list[Place] = []
    line = first_line
    current = _on(first_line)
    for forward, lines in zip(table[::2], table[1::2]):
        positions += [current] * (forward // 2)
        if lines:
            line += lines - 256 if lines > 127 else lines
            current = _on(line)
    positions.append(current)
    return positions


def _write_lnotab(groups: Groups, first_line: int) -> bytes:
    table = bytearray()
    put = table.append
    current, skipped, bridging = first_line, 0, 0
    for position, units in groups:
        line = position[0]
        delta = 0 if line is None else line - current
        if delta:
            current += delta
            table += b"\xff\x00" * (skipped // 255)
            skipped %= 255
            step = 127 if delta > 0 else -128
            if not -128 <= delta <= 127:
                count = delta // step
                bridging = _bridging(count, bridging)
                table += bytes((skipped, step & 255)) + bytes((0, step & 255)) * (count - 1)
                delta, skipped = delta - count * step, 0
            put(skipped)
            put(delta & 255)  # even when nothing is left
            skipped = 0
        skipped += 2 * units
    return bytes(table)


# -- 3.10: pairs (bytes covered, lines forward), -128 for no line

_NO_LINE = -128
_MOST = 1 << 22
"""So many entries of a table may bridge distances between lines: about 500,000,000 lines in all."""


def _bridging(count: int, before: int) -> int:
    """How many entries bridge distances, `count` more than before. EncodeError when they are too many."""
    if count + before > _MOST:
        raise EncodeError("the lines are too far apart for a table that has an entry for every 127 of them")
    return count + before


def _read_ranges(table: bytes, first_line: int) -> list[Place]:
    positions: list[Place] = []
    line = first_line
    for length, lines in zip(table[::2], table[1::2]):
        delta = lines - 256 if lines > 127 else lines
        if delta != _NO_LINE:
            line += delta
        if length:
            positions += [_on(None if delta == _NO_LINE else line)] * (length // 2)
    return positions


def _on_lines(groups: Groups) -> Iterator[tuple[int | None, int]]:
    """The lines, each with the units of all neighbours on it: raising takes time for each entry of the table."""
    line: int | None = None
    size = 0
    for position, units in groups:
        if position[0] == line:
            size += units
        else:
            if size:
                yield line, size
            line, size = position[0], units
    if size:
        yield line, size


def _write_ranges(groups: Groups, first_line: int) -> bytes:
    table = bytearray()
    put = table.append
    line, bridging = first_line, 0
    for new, units in _on_lines(groups):
        if new is None:
            delta = _NO_LINE
        else:
            delta = new - line
            line = new
            if not -128 < delta < 128:
                step = 127 if delta > 0 else -127
                count = (abs(delta) - 1) // 127
                bridging = _bridging(count, bridging)
                table += bytes((0, step & 255)) * count
                delta -= count * step
        length = 2 * units
        while length > 254:
            put(254)
            put(delta & 255)
            delta = 0 if new is not None else _NO_LINE
            length -= 254
        put(length)
        put(delta & 255)
    return bytes(table)


# -- 3.11 and later: entries of a head byte (0x80 | form << 3 | units - 1) and what the form needs

_ONE_LINE, _NO_COLUMNS, _LONG, _NOWHERE = 10, 13, 14, 15
"""Forms: below 10 columns on the line before, 10 to 12 on a line up to two further on, and the rest."""
_FIRST_ONE_LINE, _FIRST_OTHER, _FIRST_LONG, _FIRST_NOWHERE = [
    0x80 | form << 3 for form in (_ONE_LINE, _NO_COLUMNS, _LONG, _NOWHERE)
]
_FIRST_ONE_LATER = _FIRST_ONE_LINE + 8
_SHORT_COLUMNS, _SHORT_WIDTH, _BYTE_COLUMNS = 80, 16, 128
_UNITS_PER_ENTRY = 8
_MOST_BITS = 30
"""Of a number, without its last six."""


def _read_locations(table: bytes, first_line: int, starts: Iterable[int] | None = None) -> list[Place]:
    """The positions of the units at `starts`, or of all, as far as the table goes."""
    positions: list[Place] = []
    current = _on(None)
    line, end = first_line, 0
    entries = iter(table + b"\0")  # which does not begin an entry
    try:
        for start in count() if starts is None else chain(starts, (_UNITS_PER_ENTRY * len(table),)):
            while end <= start:
                head = next(entries)
                if head < _FIRST_ONE_LINE:
                    if head < 128 and not length_hint(entries):
                        return positions
                    if head < 128:
                        raise ValueError("not the head of an entry")
                    second = next(entries)
                    column = head & 120 | second >> 4
                    current = (line, line, column, column + (second & 15))
                elif head < _FIRST_OTHER:
                    if head >= _FIRST_ONE_LATER:
                        line += (head >> 3) - (_FIRST_ONE_LINE >> 3)
                    current = (line, line, next(entries), next(entries))
                elif head < _FIRST_NOWHERE:
                    line, current = _read_numbers(head, line, entries)
                else:
                    current = _on(None)
                end += (head & 7) + 1
            positions.append(current)
    except (StopIteration, ValueError):
        pass
    raise MalformedError(f"position table: {_broken(table)}")


def _read_numbers(head: int, line: int, entries: Iterator[int]) -> tuple[int, Place]:
    """The line and the position of an entry without columns or of the long form."""
    number = next(entries)
    if number > 63:
        number = _read_number(number, entries)
    line += -(number >> 1) if number & 1 else number >> 1
    if head < _FIRST_LONG:
        return line, (line, line, None, None)
    extent = next(entries)
    if extent > 63:
        extent = _read_number(extent, entries)
    column = next(entries)
    if column > 63:
        column = _read_number(column, entries)
    end_column = next(entries)
    if end_column > 63:
        end_column = _read_number(end_column, entries)
    return line, (line, line + extent, column - 1 if column else None, end_column - 1 if end_column else None)


def _read_number(byte: int, entries: Iterator[int]) -> int:
    """A number that begins with this byte: groups of six bits, lowest first, 0x40 marking all but the last."""
    value, shift = byte & 63, 0
    while byte & 64:
        shift += 6
        if shift > _MOST_BITS:
            raise ValueError("a number of more than 36 bits")
        byte = next(entries)
        value |= (byte & 63) << shift
    return value


def _broken(table: bytes) -> str:
    """What is wrong with the first entry that cannot be read."""
    first = 0
    while first < len(table) and table[first] >= 128:
        form = table[first] >> 3 & 15
        i = first + 1
        if form < _NO_COLUMNS:
            i += 1 if form < _ONE_LINE else 2
        for _ in range({_NO_COLUMNS: 1, _LONG: 4}.get(form, 0)):
            start = i
            while i < len(table) and table[i] & 64:
                i += 1
            if 6 * (i - start) > _MOST_BITS:
                return f"a number of more than {_MOST_BITS + 6} bits at byte {start}"
            i += 1
        if i > len(table):
            return f"cut off in the entry at byte {first}"
        first = i
    return f"byte {first} does not begin an entry"


def _write_locations(groups: Groups, first_line: int) -> bytes:
    table = bytearray()
    add = table.append
    line_before = first_line
    for (line, end_line, column, end_column), units in groups:
        while units > 0:
            head = 127 + (units if units < _UNITS_PER_ENTRY else _UNITS_PER_ENTRY)
            units -= _UNITS_PER_ENTRY
            if line is None:
                add(head | _NOWHERE << 3)
                continue
            lines = line - line_before
            line_before = line
            if end_line != line and end_line is not None:
                form = _LONG
            elif column is None or end_column is None:
                form = _NO_COLUMNS
            elif lines == 0 and column < _SHORT_COLUMNS and 0 <= end_column - column < _SHORT_WIDTH:
                add(head | column & 120)
                add((column & 7) << 4 | end_column - column)
                continue
            elif 0 <= lines <= 2 and column < _BYTE_COLUMNS and end_column < _BYTE_COLUMNS:
                add(head | _ONE_LINE + lines << 3)
                add(column)
                add(end_column)
                continue
            else:
                form = _LONG
            add(head | form << 3)
            _write_number(table, -lines << 1 | 1 if lines < 0 else lines << 1)
            if form == _LONG:
                _write_number(table, 0 if end_line is None else end_line - line)
                _write_number(table, 0 if column is None else column + 1)
                _write_number(table, 0 if end_column is None else end_column + 1)
    return bytes(table)


def _write_number(table: bytearray, value: int) -> None:
    if value < 0:
        raise ValueError(f"{value} is negative")
    while value > 63:
        table.append(64 | value & 63)
        value >>= 6
    table.append(value)


_READERS = {"lnotab": _read_lnotab, "ranges": _read_ranges, "locations": _read_locations}
_WRITERS = {"lnotab": _write_lnotab, "ranges": _write_ranges, "locations": _write_locations}
