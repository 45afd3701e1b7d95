"""Changing a body: what all passes do at the end, and the names of new labels."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, compress
from operator import itemgetter

from pyasm.code import Code, Place, Row
from pyasm.native.units import LABEL
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    Part = TypeVar("Part")

opcode = itemgetter(0)
"""The mnemonic of an instruction: `map(opcode, body)` is the fastest look at all of them."""
operand = itemgetter(1)
_is_label = frozenset({LABEL}).__contains__

NOTHING: Set[str] = frozenset()
"""What a pass gives back that puts nothing into a body that a pass after it deals with."""


def instruction(op: str, arg: Any = None, position: Place | None = None) -> Row:
    """A row, of which two parts may be left out."""
    return op, arg, position


_LONG = 1000
"""Above so many instructions, to move all that stands behind an edit takes longer than its share of a new list."""


def rewrite(body: list[Part], edits: Mapping[int, Sequence[Part]]) -> list[Part]:
    """The body with the instruction at each of these indexes replaced by any number of others.

    Takes time for the edits and one copy of the body. An index equal to the body's length appends.
    """
    if not edits:
        return body
    if len(body) > _LONG:
        return _rewrite_long(body, edits)
    new = body[:]
    for index in sorted(edits, reverse=True):  # so what is still to be edited stays where it is
        new[index : index + 1] = edits[index]
    return new


def _rewrite_long(body: list[Part], edits: Mapping[int, Sequence[Part]]) -> list[Part]:
    parts: list[Part] = []
    done = 0
    for index in sorted(edits):
        parts += body[done:index]
        parts += edits[index]
        done = index + 1
    return parts + body[done:]


def change(code: Code, ops: list[str], edits: Mapping[int, Sequence[Row]]) -> None:
    """The same for the body of a code object and for its mnemonics: both are changed in place."""
    if not edits:
        return
    rows, size = code.rows, len(ops)
    if size > _LONG:
        rows[:] = _rewrite_long(rows, edits)
        ops[:] = map(opcode, rows)
        return
    order = sorted(edits, reverse=True)
    if order[0] == size:
        rows += edits[size]
        ops += map(opcode, edits[size])
        del order[0]
    for index in order:
        made = edits[index]
        if not made:
            del rows[index], ops[index]
        elif len(made) == 1:
            row = rows[index] = made[0]
            ops[index] = row[0]
        else:
            rows[index : index + 1] = made
            ops[index : index + 1] = [each[0] for each in made]


def put_in(code: Code, ops: list[str], edits: Mapping[int, Sequence[Row]]) -> Set[str]:
    """The same; gives the mnemonics of what the edits put in, which a pass tells those behind it."""
    change(code, ops, edits)
    return set(map(opcode, chain.from_iterable(edits.values())))


def places(body: Sequence[Row], ops: Sequence[str] | None = None) -> dict[Any, int]:
    """Name of each label -> its index. `ops` are the mnemonics of the body, where they are at hand."""
    if ops is None:
        ops = list(map(opcode, body))
    return {body[index][1]: index for index in compress(range(len(ops)), map(_is_label, ops))}


def where(ops: Sequence[str], wanted: Container[str]) -> Iterator[int]:
    """The indexes of these mnemonics, in order."""
    return compress(range(len(ops)), map(wanted.__contains__, ops))


class Picked:
    """Some instructions of a body: their indexes, their mnemonics. To look for one of them takes less time."""

    __slots__ = ("indexes", "ops")

    def __init__(self, ops: Sequence[str], wanted: Container[str]) -> None:
        self.indexes = list(where(ops, wanted))
        self.ops = list(map(ops.__getitem__, self.indexes))

    def where(self, wanted: Container[str]) -> Iterator[int]:
        """The indexes of these mnemonics, in order."""
        return compress(self.indexes, map(wanted.__contains__, self.ops))

    def places(self, body: Sequence[Row]) -> dict[Any, int]:
        """Name of each label -> its index."""
        return {body[index][1]: index for index in compress(self.indexes, map(_is_label, self.ops))}


class Labels:
    """Names that no label of a body has yet."""

    def __init__(self, body: Sequence[Row], stem: str = "L", taken: Iterable[Any] | None = None) -> None:
        """`taken` are the names of the body's labels, where they are at hand."""
        self.taken = frozenset(places(body) if taken is None else taken)
        self.stem = stem
        self.count = len(self.taken)

    def new(self) -> str:
        """Another name, each time."""
        stem, taken, count = self.stem, self.taken, self.count + 1
        while (name := f"{stem}{count}") in taken:
            count += 1
        self.count = count
        return name
