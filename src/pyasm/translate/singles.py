"""Lowering the usual way: iterators that GET_ITER makes for loops, and that are only moved and dropped, become pairs.

Only they are followed, from where they are made to where they are gone. Code with anything else is left to `webs`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import Picked, instruction
from pyasm.translate.effects import effects
from pyasm.translate.iteration import (
    ADDING,
    MOVING,
    ROTATING,
    Edits,
    effect_of,
    made_by,
    makes_first,
    plain_effects,
    steady_effects,
    swaps,
    turned,
)
from pyasm.typed import Any

_LOOPS = frozenset({"FOR_ITER"})
_MAKERS = frozenset({"GET_ITER", "MAKE_FUNCTION"})
_VALUES = frozenset({"MAKE_FUNCTION"})
PICKED = frozenset({"FOR_ITER", "GET_ITER", "MAKE_FUNCTION", LABEL})
"""What is looked up, besides what names labels."""
_LOOKED_AT = MOVING.union(ADDING, _LOOPS, _MAKERS, {"POP_TOP", "GET_ANEXT", "CALL_FUNCTION"})
"""What does not just use the entries that it takes."""

Slot = tuple[int, int]
"""The height of the stack with an entry on top; the index of what made it, an iterator or a generator expression."""


def pair_all(code: Code, ops: Sequence[str], picked: Picked, dialect: isa.Dialect) -> Edits | None:
    """The edits that make pairs of all iterators; None when something is not as usual.

    In a dialect whose iterators are single entries, only what drops them matters.

    `ops` are the mnemonics; `picked` has those that matter here.
    """
    body = code.rows
    if "GET_AITER" in ops and "MAKE_FUNCTION" in ops:
        return None
    follower = _Follower(body, ops, picked, dialect)
    try:
        if body[0][1] == ".0":
            follower.follow_argument()
        for index in picked.where(_MAKERS):
            if index not in follower.done and (ops[index] == "GET_ITER" or made_by(body, index)):
                follower.follow(index, ())
        for index in follower.calls.keys() - follower.done:
            follower.follow(index, ())
    except _Unusual:
        return None
    usual = follower.loops.issuperset(picked.where(_LOOPS)) and follower.has_met_all()
    return follower.edits if usual else None


class _Unusual(Exception):
    """Something that only a look at all entries can tell."""


class _Follower:
    """Follows iterators, and notes what they become."""

    def __init__(self, body: Sequence[Row], ops: Sequence[str], picked: Picked, dialect: isa.Dialect) -> None:
        self.body, self.ops, self.picked, self.dialect = body, ops, picked, dialect
        self.plain, self.steady = plain_effects(dialect.name), steady_effects(dialect.name)
        self.effect = effect_of(dialect.name).of
        self.labels = picked.places(body)
        self.edits: Edits = {}
        self.done: set[int] = set()
        """The makers so far."""
        befores = {self._before(loop): loop for loop in picked.where(_LOOPS)}
        self.calls = {index: loop for index, loop in befores.items() if ops[index] == "CALL_FUNCTION"}
        """Calls that make iterators, as `all` and `any` have them -> their loops."""
        self.loops: set[int] = set()
        self.pairs = dialect.opcodes["FOR_ITER"].pops(0) == 2
        self.values = _VALUES if self.pairs else _VALUES | {"GET_ITER"}
        """What makes entries that may be used as values."""
        self.table = effects(dialect.name)
        self.entered: set[int] = set()
        """The labels to which a way came from what stands before, and the jumps on ways."""
        self.known: dict[int, tuple[int, tuple[Slot, ...]]] = {}
        """Label -> the height and the entries there."""

    def _before(self, index: int) -> int:
        """The index of the instruction before this one, labels left out."""
        index -= 1
        while index > 0 and self.ops[index] == LABEL:
            index -= 1
        return index

    def follow(self, start: int, slots: tuple[Slot, ...]) -> None:
        """From there to where no entry is left, on all ways. The stack has the height 0."""
        pending: list[tuple[int, int, tuple[Slot, ...]]] = [(start, 0, slots)]
        while pending:
            index, height, slots = pending.pop()
            if self.known.get(index) != (height, slots):
                self._follow(index, height, slots, pending)

    def follow_argument(self) -> None:
        """What a generator expression or comprehension gets to iterate over."""
        loop = next((index for index in range(1, len(self.ops)) if self.ops[index] != LABEL), 0)
        if self.ops[0] == "LOAD_FAST" and loop <= _NEAR and self.ops[loop] == "FOR_ITER":
            self._pair_behind(0, loop)
            self.entered.add(1)
            self.follow(1, ((0, 0),))

    def _pair_behind(self, index: int, loop: int) -> None:
        """A second entry for what an instruction pushes for a loop."""
        position = self.body[loop if loop - index <= _NEAR else index][2]
        self.edits[index] = (self.body[index], instruction("PUSH_NULL", None, position))

    def _follow(self, index: int, height: int, slots: tuple[Slot, ...], pending: list[Any]) -> None:
        body, ops, plain, steady = self.body, self.ops, self.plain, self.steady
        size, start = len(ops), index
        lowest = slots[-1][0] if slots else 0
        while index < size:
            op = ops[index]
            effect = plain.get(op)
            if effect is not None and height - effect[0] >= lowest:
                height += effect[1] - effect[0]
            elif op == LABEL:
                if index != start:
                    self.entered.add(index)
                there = height, slots
                known = self.known.setdefault(index, there)
                if known is not there:
                    if known != there and _below(*known) != _below(*there):
                        raise _Unusual
                    return
            else:
                arg = body[index][1]
                calls = op == "CALL_FUNCTION" and height - arg > lowest and index not in self.calls
                if slots and (calls or op not in _LOOKED_AT):
                    pops, net, jump, goes_on = steady.get(op) or self.effect(op, arg)
                    if height - pops < lowest:
                        slots = self._used(height - pops, slots)
                    jumping = None if jump is None else (height + jump, slots)
                    height += net
                else:
                    height, slots, jumping, goes_on = self._step(index, op, arg, height, slots)
                if jumping is not None and jumping[1]:
                    self.entered.add(index)
                    pending.append((self.labels[arg], *jumping))
                if not goes_on or not slots:
                    return
                lowest = slots[-1][0]
            index += 1

    def has_met_all(self) -> bool:
        """Are all ways known that lead to where the entries are?"""
        body, ops, entered, ends = self.body, self.ops, self.entered, self.table.ends
        if [place for place in self.known if place not in entered and ops[place - 1] not in ends]:
            return False
        others = [body[index][1] for index in self.picked.where(self.table.naming) if index not in entered]
        return {body[place][1] for place in self.known}.isdisjoint(others)

    def _used(self, height: int, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
        """The entries up to this height, when those above are used as values: functions may be, pairs may not."""
        while slots and slots[-1][0] > height:
            if self.ops[slots[-1][1]] not in self.values:
                raise _Unusual
            slots = slots[:-1]
        return slots

    def _step(self, index: int, op: str, arg: Any, height: int, slots: tuple[Slot, ...]) -> Any:
        """Height and iterators behind an instruction, both at its label or None, and does execution go on?"""
        top = slots[-1][1] if slots and slots[-1][0] == height else None
        if top is not None and self.ops[top] == "MAKE_FUNCTION":
            top = None
        if op == "FOR_ITER":
            if top is None:
                raise _Unusual
            self.loops.add(index)
            return height + 1, slots, (height - 1, slots[:-1]), True
        if op == "GET_ITER":
            self.done.add(index)
            slots = self._used(height - 1, slots)
            self.edits[index] = (instruction(op, 0 if arg is None else arg, self.body[index][2]),)
            return height, (*slots, (height, index)), None, True
        if op == "POP_TOP":
            if top is not None:
                self.edits[index] = self._dropping(top, self.body[index][2])
            return height - 1, slots[:-1] if slots and slots[-1][0] == height else slots, None, True
        if op in MOVING or op in ADDING:
            height, slots = self._moved(index, op, arg, height, slots)
            return height, slots, None, True
        if op == "GET_ANEXT" and top is not None:
            raise _Unusual
        if op == "CALL_FUNCTION" and arg == 1 and top is not None and self.pairs:
            slots = self._passed(top, height, slots)
        pops, net, jump, goes_on = self.effect(op, arg)
        slots = self._used(height - pops, slots)
        if index in self.calls or (op == "MAKE_FUNCTION" and made_by(self.body, index)):
            self.done.add(index)
            slots = (*slots, (height + net, index))
            if op != "MAKE_FUNCTION":
                self._pair_behind(index, self.calls[index])
        return height + net, slots, None if jump is None else (height + jump, slots), goes_on

    def _dropping(self, maker: int, position: Any) -> Sequence[Row]:
        if self.ops[maker] != "GET_ITER":
            return (instruction("POP_ITER", None, position),)
        pop = instruction("POP_TOP", None, position)
        return pop, pop

    def _passed(self, maker: int, height: int, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
        """A call of a generator expression with its iterator: that is made there."""
        below = slots[-2] if len(slots) > 1 else (0, 0)
        if below[0] != height - 1 or self.ops[below[1]] != "MAKE_FUNCTION" or maker in self.calls:
            raise _Unusual
        if not makes_first(self.body, below[1], self.dialect):
            raise _Unusual
        self.edits[maker] = ()
        return slots[:-1]

    def _moved(
        self, index: int, op: str, arg: Any, height: int, slots: tuple[Slot, ...]
    ) -> tuple[int, tuple[Slot, ...]]:
        """Height and entries behind an instruction that counts or moves entries."""
        position = self.body[index][2]
        taken = ADDING.get(op, 0)
        slots = self._used(height - taken, slots)
        height -= taken
        span = arg - 1 if taken else arg if op in ("SWAP", "COPY", "ROT_N") else _SPANS[op]
        bottom = height - span + 1
        if taken and any(slot == bottom - 1 for slot, _ in slots):
            raise _Unusual
        inside = {slot - bottom: maker for slot, maker in slots if slot >= bottom}
        copied = _COPIED.get(op, 0)
        if not inside:
            return height + copied, slots
        if any(self.ops[maker] == "MAKE_FUNCTION" for maker in inside.values()):
            raise _Unusual
        if copied:
            if not inside.keys().isdisjoint(range(copied)):
                raise _Unusual
        elif not taken:
            return height, self._turned(index, op, span, inside, slots, bottom)
        self.edits[index] = (instruction(op, arg + len(inside), position),)
        return height + copied, slots

    def _turned(
        self, index: int, op: str, span: int, inside: dict[int, int], slots: tuple[Slot, ...], bottom: int
    ) -> tuple[Slot, ...]:
        """The entries behind a SWAP or a rotation of so many, with iterators at these places among them."""
        position = self.body[index][2]
        if op == "SWAP" and 0 not in inside and span - 1 not in inside:
            self.edits[index] = (instruction(op, span + len(inside), position),)
            return slots
        order = turned(op, range(span))
        drops = span == 2 and op in ("SWAP", "ROT_TWO") and self.ops[index + 1 : index + 2] == ["POP_TOP"]
        if drops and 0 in inside and self.ops[inside[0]] == "GET_ITER":
            self.edits[index] = (instruction("SWAP", 3, position),)
        else:
            moves = swaps(op, range(span), set(inside))
            self.edits[index] = tuple([instruction("SWAP", n, position) for n in moves])
        below = slots[: len(slots) - len(inside)]
        return (*below, *[(bottom + place, inside[entry]) for place, entry in enumerate(order) if entry in inside])


def _below(height: int, slots: tuple[Slot, ...]) -> list[Slot]:
    """For each entry, how far below the top it is, and its maker: ways from different starts have the same there."""
    return [(height - slot, maker) for slot, maker in slots]


_SPANS = {**ROTATING, "DUP_TOP": 1, "DUP_TOP_TWO": 2}
_COPIED = {"COPY": 1, "DUP_TOP": 1, "DUP_TOP_TWO": 2}
"""How many entries come above, copies of the lowest of those that are counted."""
_NEAR = 3
