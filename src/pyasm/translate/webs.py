"""Lowering in general: the single entries of portable code that are only iterators become pairs."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, places
from pyasm.translate.iteration import (
    ADDING,
    DELEGATED,
    MAKERS,
    MOVING,
    ROTATING,
    Edits,
    effect_of,
    made_by,
    makes_first,
    plain_effects,
    swaps,
    turned,
)
from pyasm.typed import Any


class Webs:
    """The entries of the stack of portable code, and which of them are the same at some place: a web.

    An entry is a number; entries that meet at a label are united.
    """

    def __init__(self, code: Code, dialect: isa.Dialect, edits: Edits) -> None:
        self.body = code.rows
        self.settled = {index + 2 for index in edits}
        """Delegations that are lowered already."""
        self.dialect = dialect
        self.effect = effect_of(dialect.name).of
        self.parent: list[int] = []
        self.producer: list[int] = []
        """Entry -> index of the instruction that it comes from; below zero when nothing can be put behind it."""
        self.values: set[int] = set()
        """The entries that are used as values."""
        self.loops: dict[int, int] = {}
        """Index of FOR_ITER or YIELD_FROM -> its iterator."""
        self.drops: dict[int, int] = {}
        """Index of POP_TOP -> what it drops."""
        self.spans: dict[int, tuple[int, ...]] = {}
        """Index of an instruction that counts entries -> those that it counts, the top last."""
        self.functions: dict[int, int] = {}
        """Function of a generator expression -> index of its making."""
        self.passed: dict[int, int] = {}
        """Entry that is passed to such a function -> index of its making."""

    def find(self) -> None:
        """Follow the whole body."""
        self._follow()
        root = self.root
        self.values = {root(entry) for entry in self.values}
        self.passed = {root(entry): made for entry, made in self.passed.items()}
        self.iterated = {root(entry) for entry in self.loops.values()}
        self.members: dict[int, list[int]] = {}
        """Web of iterators -> indexes of the instructions that its entries come from."""
        tops = [entry if entry == parent else root(entry) for entry, parent in enumerate(self.parent)]
        made = {top for top, index in zip(tops, self.producer) if index >= 0 and self.body[index][0] in MAKERS}
        self.asynchronous: list[tuple[int, int]] = []
        """Web, and index of a GET_AITER that its entries come from."""
        for top, index in zip(tops, self.producer):
            if top in self.iterated or top in made:
                self.members.setdefault(top, []).append(index)
            elif top in self.passed and index >= 0 and self.body[index][0] == "GET_AITER":
                self.asynchronous.append((top, index))

    def _follow(self) -> None:
        body, plain, labels = self.body, plain_effects(self.dialect.name), places(self.body)
        parent, producer, values = self.parent, self.producer, self.values
        size = len(body)
        states: dict[int, Sequence[int]] = {}
        pending: list[tuple[int, Sequence[int]]] = [(0, ())]
        while pending:
            index, entries = pending.pop()
            stack = list(entries)
            while index < size:
                op, arg, _ = each = body[index]
                if op in plain and op != "POP_TOP":
                    pops, made = plain[op]
                    if pops:
                        values.update(stack[-pops:])
                        del stack[-pops:]
                    while made:
                        made -= 1
                        stack.append(len(parent))
                        parent.append(len(parent))
                        producer.append(-1 if made else index)
                elif op == LABEL:
                    if index in states:
                        self._unite(states[index], stack)
                        break
                    states[index] = tuple(stack)
                else:
                    following, jumping = self._transfer(index, each, tuple(stack))
                    if jumping is not None:
                        pending.append((labels[arg], jumping))
                    if following is None:
                        break
                    stack = list(following)
                index += 1

    def root(self, entry: int) -> int:
        """The entry that stands for the web of this one."""
        parent = self.parent
        while parent[entry] != entry:
            parent[entry] = parent[parent[entry]]
            entry = parent[entry]
        return entry

    def is_pair(self, entry: int) -> bool:
        """Is it only iterated over, moved and dropped, and made where a second entry can be made?"""
        top = self.root(entry)
        producers = self.members.get(top)
        return producers is not None and top not in self.values and top not in self.passed and min(producers) >= 0

    def by_makers(self, entry: int) -> bool:
        """Do only GET_ITER and its like make it?"""
        return all(self.body[index][0] in MAKERS for index in self.members[self.root(entry)])

    def popped(self) -> Edits:
        """POP_ITER for the iterators that no GET_ITER made."""
        found: Edits = {}
        for index, entry in self.drops.items():
            if self.is_pair(entry) and not self.by_makers(entry):
                found[index] = (instruction("POP_ITER", None, self.body[index][2]),)
        return found

    def _unite(self, old: Sequence[int], new: Sequence[int]) -> None:
        for one, other in zip(old, new):
            if one != other:
                self.parent[self.root(other)] = self.root(one)

    def _new(self, producer: int) -> int:
        self.parent.append(len(self.parent))
        self.producer.append(producer)
        return len(self.parent) - 1

    def _transfer(self, index: int, each: Row, stack: tuple[int, ...]) -> Any:
        """The stack behind an instruction and at its label."""
        op, arg, _ = each
        if op == "POP_TOP":
            self.drops[index] = stack[-1]
            return stack[:-1], None
        if op == "FOR_ITER":
            self.loops[index] = stack[-1]
            return (*stack, self._new(index)), stack[:-1]
        if op in MOVING:
            return self._moved(index, op, arg, stack), None
        if op in ADDING:
            taken = ADDING[op]
            self.values.update(stack[-taken:])
            stack = stack[:-taken]
            self.values.update(stack[-arg : len(stack) - arg + 1])
            self.spans[index] = stack[len(stack) - arg + 1 :]
            return stack, None
        if op == "GET_ANEXT":
            self.values.add(stack[-1])
            return (*stack, self._new(index)), None
        if op == "YIELD_FROM":
            if index not in self.settled:
                self.loops[index] = stack[-2]
            return (*stack[:-2], self._new(index)), None
        return self._generic(index, op, arg, stack)

    def _generic(self, index: int, op: str, arg: Any, stack: tuple[int, ...]) -> Any:
        pops, net, jumped, goes_on = (1, 0, None, True) if op in MAKERS else self.effect(op, arg)
        if pops:
            used = stack[-pops:]
            if op == "CALL_FUNCTION" and arg == 1 and used[0] in self.functions:
                self.passed[used[1]] = self.functions[used[0]]
            else:
                self.values.update(used)
        below = stack[: max(0, len(stack) - pops)]
        after: tuple[int, ...] | None = None
        if goes_on:
            made = pops + net
            after = below
            if made > 0:
                after = (*below, *[self._new(-1) for _ in range(made - 1)], self._new(index))
            if op == "MAKE_FUNCTION" and after and made_by(self.body, index):
                self.functions[after[-1]] = index
        if jumped is None:
            return after, None
        if jumped == net and after is not None and pops + net <= 0:
            return after, after
        return after, (*below, *[self._new(-1) for _ in range(pops + jumped)])

    def _moved(self, index: int, op: str, arg: Any, stack: tuple[int, ...]) -> tuple[int, ...]:
        if op in ("COPY", "DUP_TOP", "DUP_TOP_TWO"):
            count = 2 if op == "DUP_TOP_TWO" else arg if op == "COPY" else 1
            copied = stack[-2:] if op == "DUP_TOP_TWO" else stack[-count : len(stack) - count + 1]
            self.values.update(copied)
            self.spans[index] = stack[-count:]
            return (*stack, *[self._new(-1) for _ in copied[1:]], self._new(index))
        span = ROTATING.get(op) or arg
        moved = self.spans[index] = stack[-span:]
        return (*stack[:-span], *turned(op, moved))


class Lowering:
    """Native instructions for portable ones that make, move and use iterators."""

    def __init__(self, webs: Webs, edits: Edits) -> None:
        self.webs = webs
        self.body = webs.body
        self.edits = edits

    def run(self) -> None:
        """Note all edits."""
        webs = self.webs
        for index, entry in webs.loops.items():
            if not webs.is_pair(entry):
                self._pair_here(index)
        for top, producers in webs.members.items():
            self._make(top, producers)
        for top, index in webs.asynchronous:
            if self._is_made_there(top):
                self.edits[index] = ()
        for index, entry in webs.drops.items():
            if webs.is_pair(entry):
                position = self.body[index][2]
                pop = instruction("POP_TOP", None, position)
                pops = (pop, pop) if webs.by_makers(entry) else (instruction("POP_ITER", None, position),)
                self.edits[index] = pops
        for index, span in webs.spans.items():
            self._count(index, span)

    def _pair_here(self, index: int) -> None:
        """A second entry for an iterator that has one only here."""
        each = self.body[index]
        position = each[2]
        null, swap = instruction("PUSH_NULL", None, position), instruction("SWAP", 2, position)
        if each[0] == "FOR_ITER":
            self.edits[index] = (null, each, swap, instruction("POP_TOP", None, position))
        else:
            self.edits[index] = (null, swap, each)

    def _make(self, top: int, producers: Sequence[int]) -> None:
        """The instructions that make the entries of a web."""
        pair = self.webs.is_pair(top)
        for index in producers:
            if index < 0 or index in self.edits:
                continue
            op, arg, position = self.body[index]
            if op not in MAKERS:
                if pair:
                    self.edits[index] = (self.body[index], instruction("PUSH_NULL", None, self._used_at(index)))
            elif pair:
                native = 0 if op == "GET_ITER" else DELEGATED
                self.edits[index] = (instruction("GET_ITER", native if arg is None else arg, position),)
            elif self._is_made_there(top):
                self.edits[index] = ()
            else:
                self.edits[index] = _real(position)

    def _used_at(self, index: int) -> Any:
        """The position of the FOR_ITER that comes next, if one does, else of the instruction itself."""
        for op, _, position in self.body[index + 1 : index + 4]:
            if op != LABEL:
                return position if op == "FOR_ITER" else self.body[index][2]
        return self.body[index][2]

    def _is_made_there(self, top: int) -> bool:
        """Is the web only passed to a generator expression that calls iter() itself?"""
        if top not in self.webs.passed or top in self.webs.values:
            return False
        return makes_first(self.body, self.webs.passed[top], self.webs.dialect)

    def _count(self, index: int, span: Sequence[int]) -> None:
        """An instruction that counts or moves entries, some of them pairs."""
        pairs = [entry for entry in span if self.webs.is_pair(entry)]
        if not pairs:
            return
        op, arg, position = self.body[index]
        if op in ADDING or op == "COPY" or (op == "SWAP" and span[0] not in pairs and span[-1] not in pairs):
            self.edits[index] = (instruction(op, arg + len(pairs), position),)
        elif self._drops_turned(index, span, pairs):
            self.edits[index] = (instruction("SWAP", 3, position),)
        else:
            self.edits[index] = tuple(instruction("SWAP", n, position) for n in swaps(op, span, set(pairs)))

    def _drops_turned(self, index: int, span: Sequence[int], pairs: Sequence[int]) -> bool:
        """Is this a pair that goes above one value, to be dropped?"""
        op, arg, _ = self.body[index]
        turns = op == "ROT_TWO" or (op == "SWAP" and arg == 2)
        return turns and span[0] in pairs and index + 1 in self.webs.drops and self.webs.by_makers(span[0])


def _real(position: Any) -> Sequence[Row]:
    """iter() of the top entry."""
    steps: Sequence[tuple[str, Any]] = (
        ("LOAD_CONST", 0),
        ("LOAD_CONST", ("iter",)),
        ("IMPORT_NAME", "builtins"),
        ("IMPORT_FROM", "iter"),
        ("ROT_TWO", None),
        ("POP_TOP", None),
        ("ROT_TWO", None),
        ("CALL_FUNCTION", 1),
    )
    return [instruction(op, arg, position) for op, arg in steps]
