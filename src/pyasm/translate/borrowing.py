"""Which loads of locals may go without a reference of their own: those of CPython's compiler.

A borrowed entry must be gone from the stack before its local changes, must not be stored in a local, and must be gone
at the end of the basic block, behind which nothing is known of it. Only blocks are looked at to which execution comes
without an exception.

What an instruction does with an entry follows from its stack signature: what stands at the same place on both sides has
stayed, a name that stands on both sides elsewhere is the same entry again, all else is consumed and new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter

from pyasm import isa
from pyasm.code import Instruction
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, places
from pyasm.translate.effects import number
from pyasm.translate.notes import BEGIN, EMPTY
from pyasm.typed import Any, NamedTuple

BORROWED = {"LOAD_FAST": "LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST": "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
_BORROWS = frozenset(BORROWED.values())

_FIXED, _COUNTED, _LOAD, _LOADS, _STORE, _STORE_LOAD, _STORES, _CLEAR, _KILL, _COPY, _SWAP, _SETUP = range(12)
_SPECIAL = {
    "LOAD_FAST": _LOAD,
    "LOAD_FAST_LOAD_FAST": _LOADS,
    "LOAD_FAST_BORROW": _LOAD,
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": _LOADS,
    "STORE_FAST": _STORE,
    "STORE_FAST_LOAD_FAST": _STORE_LOAD,
    "STORE_FAST_STORE_FAST": _STORES,
    "LOAD_FAST_AND_CLEAR": _CLEAR,
    "DELETE_FAST": _KILL,
    "MAKE_CELL": _KILL,
    "COPY": _COPY,
    "SWAP": _SWAP,
}

_NEXT, _BRANCH, _JUMP, _END = range(4)
_FLOWS = {"branch": _BRANCH, "jump": _JUMP, "return": _END, "raise": _END}


OP = itemgetter(0)

_Change = tuple[int, tuple[None, ...], bool]
"""How many entries go, what comes instead; does the top entry come back above that?"""


class _Step(NamedTuple):
    """What an instruction does with entries of the stack, and where execution goes on."""

    kind: int
    flow: int
    pops: int = 0
    pushes: tuple[None, ...] = ()
    counted: Any = None
    """When that depends on the operand: the changes by operand, found when they are first needed."""


@cache
def _steps(dialect_name: str) -> dict[str, tuple[Any, ...]]:
    """The steps of the native instructions, of the portable ones that it does not have, and of pseudo instructions."""
    rows = {**isa.load(isa.PORTABLE).opcodes, **isa.load(dialect_name).opcodes}
    steps = {name: _step(row) for name, row in rows.items()}
    steps.update(dict.fromkeys(("SETUP_WITH", "POP_BLOCK"), _Step(_FIXED, _NEXT)))
    steps["SETUP_FINALLY"], steps["SETUP_CLEANUP"] = (
        _Step(_SETUP, _NEXT, 0, (None,)),
        _Step(_SETUP, _NEXT, 0, (None,) * 2),
    )
    return {name: tuple(step) for name, step in steps.items()}  # plain tuples are faster to take apart


def _step(row: isa.Opcode) -> _Step:
    flow = _FLOWS.get(row.flow, _NEXT)
    if row.name in _SPECIAL:
        return _Step(_SPECIAL[row.name], flow)
    before, _, after = row.stack.partition("--")
    left, right = before.split(), after.partition("|")[0].split()
    while left and right and left[0] == right[0]:
        del left[0], right[0]
    kept = ""
    if left and right and (left[-1] == right[-1] or "METHOD" in row.flags):  # the attribute comes with its object
        kept = right.pop()
    counted = _Counted(f"{' '.join(left)} -- {' '.join(right)}", kept)
    if kept or any("[" in entry for entry in left + right):
        return _Step(_COUNTED, flow, counted=counted)
    return _Step(_FIXED, flow, *counted[0][:2])


class _Counted(dict[int, _Change]):
    """Operand -> change of the stack."""

    def __init__(self, signature: str, kept: str) -> None:
        self.found, self.keeps = isa.effects(signature), isa.effects(f"-- {kept}").net

    def __missing__(self, n: int) -> _Change:
        pops = self.found.pops(n)
        self[n] = change = pops, (None,) * (pops + self.found.net(n)), self.keeps(n) > 0
        return change


def borrow(body: list[Instruction], dialect: isa.Dialect) -> None:
    """Change the loads in place."""
    for index in _Blocks(body, dialect).all_borrowable():
        op, arg, position = body[index]
        body[index] = instruction(BORROWED[op], arg, position)


def hidden(body: Sequence[Instruction], dialect: isa.Dialect) -> dict[int, str]:
    """Where the compiler began a block, as loads that do not borrow show, but no jump: index -> BEGIN or EMPTY."""
    marks: dict[int, str] = {}
    if not any(body[index][0] in BORROWED for index in _Blocks(body, dialect).all_borrowable()):
        return marks
    blocks = _Blocks(body, dialect)
    while blocks.pending:
        start = blocks.next()
        if start is None:
            continue
        may = blocks.borrowable(start, len(body))
        wrong = [index for index in may if body[index][0] in BORROWED]
        if wrong:
            do = [index for index in range(start, blocks.end) if body[index][0] in _BORROWS]
            alone = len(wrong) == 1 and blocks.flow == _END  # part of an expression that is returned
            if blocks.hides and not (do and (alone or do[-1] > wrong[0])):
                marks[blocks.left(start, wrong[0], do)] = EMPTY
                continue
            for index in blocks.splits(start, do):
                marks[index] = BEGIN
        blocks.go_on()
    return marks


class _Blocks:
    """The basic blocks of a body, one after the other, in which loads may borrow."""

    def __init__(self, body: Sequence[Instruction], dialect: isa.Dialect) -> None:
        self.body = body
        self.steps = _steps(dialect.name)
        ops = list(map(OP, body))
        self.step_at = list(map(self.steps.get, ops))
        """For each instruction; None for a label."""
        self.labels = places(body, ops)
        self.pending = [0]
        self.seen: set[int] = set()
        self.done: set[int] = set()
        """Indexes of the first instructions of blocks; a block with several labels begins at each of them."""
        self.hides = dialect.empty_hides
        self.empties = self.hides and any(str(label).startswith(EMPTY) for label in self.labels)
        self.named: set[Any] | None = None
        """The labels to which something goes; found when they are needed."""
        self.first = self.end = 0
        """Of the block: the index behind its labels, and that behind all of it."""
        self.flow = _NEXT
        """How it ends."""
        self.handling: set[Any] = set()
        """The labels of the handlers that are looked at."""

    def next(self) -> int | None:
        """Where another block begins; None when it was there already, or is behind an empty one that hides it."""
        start = self.pending.pop()
        if start in self.seen:
            return None
        self.seen.add(start)
        step_at, first = self.step_at, start
        while first < len(step_at) and step_at[first] is None:
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
            jumps = {op for op, step in self.steps.items() if step[1] in (_BRANCH, _JUMP)}
            self.named = {arg for op, arg, _ in self.body if op in jumps or op[:6] == "SETUP_"}
        return any(str(each[1]).startswith(EMPTY) and each[1] not in self.named for each in self.body[start:first])

    def go_on(self) -> None:
        """To where the block goes."""
        flow, end = self.flow, self.end
        if flow in (_BRANCH, _JUMP):
            label = self.body[end - 1][1]
            if label in self.labels:  # the encoder tells of those that are not there
                self.pending.append(self.labels[label])
        if flow <= _BRANCH and end < len(self.body):
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
        loads: list[int] = []
        owned: set[int] = set()
        self.end, self.flow = self._run(max(start, self.first), stop, [], loads, owned)
        return [load for load in loads if load not in owned]

    def all_borrowable(self) -> list[int]:
        """The loads that may borrow in all blocks."""
        loads: list[int] = []
        owned: set[int] = set()
        size = len(self.body)
        while self.pending:
            start = self.next()
            if start is not None:
                self.end, self.flow = self._run(self.first, size, [], loads, owned)
                self.go_on()
        return [load for load in loads if load not in owned] if owned else loads

    def _run(self, start: int, stop: int, stack: list[_Entry], loads: list[int], owned: set[int]) -> tuple[int, int]:  # noqa: C901  # one loop, for speed
        """Through one block: notes its loads and those that may not borrow. Gives its end, and how it goes on."""
        body, step_at = self.body, self.step_at
        end, flow = stop, _NEXT
        for index in range(start, stop):
            step = step_at[index]
            if step is None:
                end, flow = index, _NEXT
                break
            kind, flow, pops, pushes, counted = step
            if kind == _FIXED:
                if pops:
                    del stack[-pops:]
                if pushes:
                    stack += pushes
            elif kind == _LOAD:
                stack.append((index, body[index][1]))
                loads.append(index)
            elif kind == _COUNTED:
                top = stack[-1] if stack else None
                arg = body[index][1]
                pops, pushes, keeps = counted[arg if type(arg) is int else number(arg)]
                if pops:
                    del stack[-pops:]
                if pushes:
                    stack += pushes
                if keeps:
                    stack.append(top)
            elif kind == _LOADS:
                arg = body[index][1]
                stack += [(index, arg[0]), (index, arg[1])]
                loads.append(index)
            elif kind == _SETUP:
                self._handle(body[index][1], [*stack, *pushes], owned)
            else:
                _OTHERS[kind](index, body[index][1], stack, owned)
            if flow:
                end = index + 1
                break
        if stack:
            owned.update([entry[0] for entry in stack if entry])
        return end, flow

    def _handle(self, label: Any, stack: list[_Entry], owned: set[int]) -> None:
        """A handler finds the entries that are there when its region begins; what it does with them counts as well."""
        if not any(stack):
            return
        place = self.labels.get(label)
        if place is None or label in self.handling:
            owned.update([entry[0] for entry in stack if entry])
            return
        body = self.body
        while place < len(body) and body[place][0] == LABEL:
            place += 1
        self.handling.add(label)
        found: set[int] = set()
        own = {entry[0] for entry in stack if entry}
        self._run(place, len(body), stack, [], found)
        owned.update(found & own)  # not the loads of the handler
        self.handling.remove(label)


# -- what instructions do with a stack: an entry is the index of the load that pushed it and the local, or None

_Entry = Any


def _store(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    top = stack.pop() if stack else None
    _kill(index, arg, stack, owned)
    if top:
        owned.add(top[0])


def _store_load(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    _store(index, arg[0], stack, owned)
    stack.append((index, arg[1]))


def _stores(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    _store(index, arg[0], stack, owned)
    _store(index, arg[1], stack, owned)


def _kill(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    owned.update([entry[0] for entry in stack if entry and entry[1] == arg])


def _clear(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    _kill(index, arg, stack, owned)
    stack.append((index, arg))


def _copy(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    stack.append(stack[-arg] if arg <= len(stack) else None)


def _swap(index: int, arg: Any, stack: list[_Entry], owned: set[int]) -> None:
    if arg > len(stack):
        stack[:0] = [None] * (arg - len(stack))
    stack[-arg], stack[-1] = stack[-1], stack[-arg]


_OTHERS: dict[int, Callable[[int, Any, list[_Entry], set[int]], None]] = {
    _STORE: _store,
    _STORE_LOAD: _store_load,
    _STORES: _stores,
    _CLEAR: _clear,
    _KILL: _kill,
    _COPY: _copy,
    _SWAP: _swap,
}
