"""Where CPython's compiler had begun a basic block, as loads that do not borrow show, but no jump.

Lifting leaves labels there, of the kinds BEGIN and EMPTY.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Row
from pyasm.native.units import LABEL
from pyasm.translate.columns import classes, flags, labels
from pyasm.translate.loaded import BORROWED, BORROWS, BRANCH, END, JUMP, LABELLED, LOADING, NEXT, Follower, steps
from pyasm.translate.notes import BEGIN, EMPTY
from pyasm.typed import Any, NamedTuple

_TURN = re.compile(b"[^\0]")
"""What does not just go on."""


class _Tables(NamedTuple):
    """For `translate`, from the numbers of mnemonics."""

    flows: bytes
    loads: bytes
    naming: bytes
    """What names a label that something goes to."""


@cache
def _tables(dialect_name: str) -> _Tables:
    flows = {name: step.flow for name, step in steps(dialect_name).items()}
    naming = [name for name, flow in flows.items() if flow in (BRANCH, JUMP) or name.startswith("SETUP_")]
    return _Tables(classes(flows, dialect_name), flags(LOADING, dialect_name), flags(naming, dialect_name))


def marks(
    body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect, suspects: Iterable[int]
) -> dict[int, str]:
    """Index -> BEGIN or EMPTY, in a body where some loads do not borrow though they might: the `suspects`."""
    found: dict[int, str] = {}
    blocks = Blocks(body, ops, numbers, dialect)
    suspected = bytearray(len(body))
    for index in suspects:
        suspected[index] = 1
    while blocks.pending:
        start = blocks.next()
        if start is None:
            continue
        blocks.bound(start, len(body))
        wrong: list[int] = []
        if suspected.find(1, start, blocks.end) >= 0:
            wrong = [index for index in blocks.borrowable(start, len(body)) if ops[index] in BORROWED]
        if wrong:
            do = [index for index in range(start, blocks.end) if ops[index] in BORROWS]
            alone = len(wrong) == 1 and blocks.flow == END  # part of an expression that is returned
            if blocks.hides and not (do and (alone or do[-1] > wrong[0])):
                found[blocks.left(start, wrong[0], do)] = EMPTY
                continue
            for index in blocks.splits(start, do):
                found[index] = BEGIN
        blocks.go_on()
    return found


class Blocks:
    """The basic blocks of a body, one after the other, in which loads may borrow."""

    def __init__(self, body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> None:
        self.body, self.ops = body, ops
        self.follower = Follower(body, numbers, dialect)
        self.tables = _tables(dialect.name)
        self.flows, self.loads = numbers.translate(self.tables.flows), numbers.translate(self.tables.loads)
        self.labels = labels(body, numbers, dialect.name)
        self.pending = [0]
        self.seen: set[int] = set()
        self.done: set[int] = set()
        """Indexes of the first instructions of blocks; a block with several labels begins at each of them."""
        self.hides = dialect.empty_hides
        self.hiding: Set[int] = self._hiding(numbers) if self.hides and has_empty(self.labels) else frozenset()
        """Indexes of the labels of empty blocks to which nothing goes."""
        self.first = self.end = 0
        """Of the block: the index behind its labels, and that behind all of it."""
        self.flow = NEXT
        """How it ends."""

    def next(self) -> int | None:
        """Where another block begins; None when it was there already, or is behind an empty one that hides it."""
        start = self.pending.pop()
        if start in self.seen:
            return None
        self.seen.add(start)
        ops, first = self.ops, start
        while first < len(ops) and ops[first] == LABEL:
            first += 1
        self.first = first
        if first in self.done or not self.hiding.isdisjoint(range(start, first)):
            return None
        self.done.add(first)
        return start

    def _hiding(self, numbers: bytes) -> set[int]:
        naming = numbers.translate(self.tables.naming)
        named = {self.body[index][1] for index in compress(range(len(naming)), naming)}
        return {index for label, index in self.labels.items() if str(label).startswith(EMPTY) and label not in named}

    def go_on(self) -> None:
        """To where the block goes."""
        flow, end = self.flow, self.end
        if flow in (BRANCH, JUMP):
            label = self.body[end - 1][1]
            if label in self.labels:  # the encoder tells of those that are not there
                self.pending.append(self.labels[label])
        if flow <= BRANCH and end < len(self.body):
            self.pending.append(end)

    def left(self, start: int, wrong: int, do: Sequence[int]) -> int:
        """Where an empty block is after which nothing borrows: behind a region, as the end of a `try`, if possible."""
        stop, body = self.end, self.body
        for place in range(wrong, self.first, -1):
            if body[place - 1][0] == "POP_BLOCK" and self.borrowable(start, place) == do:
                break
        else:
            place = wrong if do else self.first
        self.end = stop
        return place

    def splits(self, start: int, do: Sequence[int]) -> list[int]:
        """Where a block has to be split so that these loads borrow, and no other does."""
        stop, flow = self.end, self.flow
        found = []
        part = self.first
        while part < stop:
            may = self.borrowable(part, stop)
            wrong = [index for index in may if index not in do]
            if not wrong:
                break
            for place in range(wrong[0] + 1, stop):
                if self.borrowable(part, place) == [index for index in do if part <= index < place]:
                    found.append(place)
                    part = place
                    break
            else:
                break
        self.end, self.flow = stop, flow
        return found

    def bound(self, start: int, stop: int) -> int:
        """Find the end and the flow of the block that begins there, or of its part up to `stop`; its first index."""
        start = max(start, self.first)
        turn = _TURN.search(self.flows, start, stop)
        end, flow = max(start, stop), NEXT
        if turn:
            end, flow = turn.start(), self.flows[turn.start()]
            if flow == LABELLED:
                flow = NEXT
            else:
                end += 1  # it belongs to the block
        self.end, self.flow = end, flow
        return start

    def borrowable(self, start: int, stop: int) -> list[int]:
        """The loads that may borrow in the block that begins there, or its part up to `stop`."""
        start = self.bound(start, stop)
        loads = list(compress(range(start, self.end), self.loads[start : self.end]))
        owned = self.follower.owned(loads, self.end)
        return [index for index in loads if index not in owned]

    def reached(self) -> bytearray:
        """For each instruction, 1 if it is in one of the blocks."""
        found = bytearray(len(self.body))
        while self.pending:
            start = self.next()
            if start is not None:
                start = self.bound(start, len(found))
                found[start : self.end] = b"\1" * (self.end - start)
                self.go_on()
        return found


def has_empty(labels: Iterable[Any]) -> bool:
    """Does one of these labels stand for an empty block?"""
    try:
        found = EMPTY in " ".join(labels)
    except TypeError:  # the name of a label may be anything
        found = True
    return found and any(type(label) is str and label.startswith(EMPTY) for label in labels)
