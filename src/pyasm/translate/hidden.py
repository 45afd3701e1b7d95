"""Where CPython's compiler had begun a basic block, as loads that do not borrow show, but no jump.

Lifting leaves labels there, of the kinds BEGIN and EMPTY.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Row
from pyasm.native.units import LABEL
from pyasm.translate.columns import classes, flags
from pyasm.translate.edit import places
from pyasm.translate.loaded import BORROWED, BORROWS, BRANCH, END, JUMP, LABELLED, LOADING, NEXT, Follower, steps
from pyasm.translate.notes import BEGIN, EMPTY
from pyasm.typed import Any

_TURN = re.compile(b"[^\0]")
"""What does not just go on."""


@cache
def _tables(dialect_name: str) -> tuple[bytes, bytes]:
    """For `translate`, from the numbers of mnemonics: the flows; flags of loads."""
    flows = {name: step.flow for name, step in steps(dialect_name).items()}
    return classes(flows, dialect_name), flags(LOADING, dialect_name)


def marks(body: Sequence[Row], ops: Sequence[str], numbers: bytes, dialect: isa.Dialect) -> dict[int, str]:
    """Index -> BEGIN or EMPTY, in a body where some loads do not borrow though they might."""
    found: dict[int, str] = {}
    blocks = Blocks(body, ops, numbers, dialect)
    while blocks.pending:
        start = blocks.next()
        if start is None:
            continue
        may = blocks.borrowable(start, len(body))
        wrong = [index for index in may if ops[index] in BORROWED]
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
        self.flows, self.loads = (numbers.translate(table) for table in _tables(dialect.name))
        self.labels = places(body, self.ops)
        self.pending = [0]
        self.seen: set[int] = set()
        self.done: set[int] = set()
        """Indexes of the first instructions of blocks; a block with several labels begins at each of them."""
        self.hides = dialect.empty_hides
        self.empties = self.hides and has_empty(self.labels)
        self.named: set[Any] | None = None
        """The labels to which something goes; found when they are needed."""
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
        if first in self.done or (self.empties and self._is_empty(start, first)):
            return None
        self.done.add(first)
        return start

    def _is_empty(self, start: int, first: int) -> bool:
        """Is an empty block among these labels?"""
        if not any(str(each[1]).startswith(EMPTY) for each in self.body[start:first]):
            return False
        if self.named is None:
            flows = zip(self.flows, self.body)
            self.named = {arg for flow, (op, arg, _) in flows if flow in (BRANCH, JUMP) or op[:6] == "SETUP_"}
        return any(str(each[1]).startswith(EMPTY) and each[1] not in self.named for each in self.body[start:first])

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

    def borrowable(self, start: int, stop: int) -> list[int]:
        """The loads that may borrow in the block that begins there, or its part up to `stop`."""
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
        loads = list(compress(range(start, end), self.loads[start:end]))
        owned = self.follower.owned(loads, end)
        return [index for index in loads if index not in owned]

    def all_borrowable(self) -> list[int]:
        """The loads that may borrow in all blocks."""
        found: list[int] = []
        while self.pending:
            start = self.next()
            if start is not None:
                found += self.borrowable(start, len(self.body))
                self.go_on()
        return found


def has_empty(labels: Iterable[Any]) -> bool:
    """Does one of these labels stand for an empty block?"""
    return any(type(label) is str and label.startswith(EMPTY) for label in labels)
