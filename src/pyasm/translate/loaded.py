"""What becomes of the locals that a basic block loads on the stack: followed entry by entry.

What an instruction does with an entry follows from its stack signature: what stands at the same place on both sides has
stayed, a name that stands on both sides elsewhere is the same entry again, all else is consumed and new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Row
from pyasm.native.units import LABEL
from pyasm.translate.columns import by_number, labels
from pyasm.typed import Any, NamedTuple

BORROWED = {"LOAD_FAST": "LOAD_FAST_BORROW", "LOAD_FAST_LOAD_FAST": "LOAD_FAST_BORROW_LOAD_FAST_BORROW"}
BORROWS = frozenset(BORROWED.values())
LOADING = BORROWS.union(BORROWED)

FIXED, COUNTED, LOAD, LOADS, STORE, STORE_LOAD, STORES, CLEAR, KILL, COPY, SWAP, SETUP, OWN = range(13)
"""What an instruction does with entries: always the same; dependent on its operand; something with locals; …"""
_SPECIAL = {
    "LOAD_FAST": LOAD,
    "LOAD_FAST_LOAD_FAST": LOADS,
    "LOAD_FAST_BORROW": LOAD,
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": LOADS,
    "STORE_FAST": STORE,
    "STORE_FAST_LOAD_FAST": STORE_LOAD,
    "STORE_FAST_STORE_FAST": STORES,
    "LOAD_FAST_AND_CLEAR": CLEAR,
    "DELETE_FAST": KILL,
    "MAKE_CELL": KILL,
    "COPY": COPY,
    "SWAP": SWAP,
    "GET_YIELD_FROM_ITER": OWN,  # it may leave what it finds, and keep it
}

_STORING = frozenset({STORE, OWN})
"""These need the top entry to have a reference of its own."""

NEXT, BRANCH, JUMP, END = range(4)
"""Where execution goes on."""
_FLOWS = {"branch": BRANCH, "jump": JUMP, "return": END, "raise": END}
LABELLED = 4
"""The flow of a label: a block ends before it."""

_Change = tuple[int, int, bool]
"""How many entries go, how many come instead; does the top entry come back above that?"""


class Step(NamedTuple):
    """What an instruction does with entries of the stack, and where execution goes on."""

    kind: int
    flow: int
    pops: int = 0
    pushes: int = 0
    counted: Any = None
    """When that depends on the operand: the changes by operand, found when they are first needed."""

    @property
    def least(self) -> int:
        """How many entries go in any case."""
        if self.kind != COUNTED:
            return self.pops
        return min(0 if keeps else pops for pops, _, keeps in map(self.counted.__getitem__, range(4)))


@cache
def steps(dialect_name: str) -> dict[str, Step]:
    """The steps of the native instructions, of the portable ones that it does not have, and of pseudo instructions."""
    rows = {**isa.load(isa.PORTABLE).opcodes, **isa.load(dialect_name).opcodes}
    found = {name: _step(row) for name, row in rows.items()}
    found.update(dict.fromkeys(("SETUP_WITH", "POP_BLOCK"), Step(FIXED, NEXT)))
    found["SETUP_FINALLY"], found["SETUP_CLEANUP"] = Step(SETUP, NEXT, 0, 1), Step(SETUP, NEXT, 0, 2)
    found[LABEL] = Step(FIXED, LABELLED)
    return found


def _step(row: isa.Opcode) -> Step:
    flow = _FLOWS.get(row.flow, NEXT)
    if row.name in _SPECIAL:
        return Step(_SPECIAL[row.name], flow)
    before, _, after = row.stack.partition("--")
    left, right = before.split(), after.partition("|")[0].split()
    while left and right and left[0] == right[0]:
        del left[0], right[0]
    kept = ""
    if left and right and (left[-1] == right[-1] or "METHOD" in row.flags):  # the attribute comes with its object
        kept = right.pop()
    counted = _Counted(f"{' '.join(left)} -- {' '.join(right)}", kept)
    if kept or any("[" in entry for entry in left + right):
        return Step(COUNTED, flow, counted=counted)
    return Step(FIXED, flow, *counted[0][:2])


class _Counted(dict[Any, _Change]):
    """Operand, or the flags of a name -> change of the stack."""

    def __init__(self, signature: str, kept: str) -> None:
        self.found, self.keeps = isa.effects(signature), isa.effects(f"-- {kept}").net

    def __missing__(self, arg: Any) -> _Change:
        n = arg if type(arg) is int else 0
        pops = self.found.pops(n)
        change = pops, pops + self.found.net(n), self.keeps(n) > 0
        if arg is n:
            self[n] = change
        return change


class _Tables(NamedTuple):
    """What instructions do, by the numbers of their mnemonics."""

    steps: list[Step]
    loads: list[int]
    """How many locals they load."""
    fixed: list[tuple[int, int] | None]
    """Of those that just go on: how many entries they take, how many more are there afterwards …"""
    counted: list[dict[Any, _Change] | None]
    """… or, where the operand says it, the changes …"""
    last: list[int]
    """… and of those that end a block: how many they take; -1 for all others."""


@cache
def _tables(dialect_name: str) -> _Tables:
    found = steps(dialect_name)
    simple = {name: step for name, step in found.items() if step.kind == FIXED}
    fixed = {name: (step.pops, step.pushes - step.pops) for name, step in simple.items() if not step.flow}
    loads = {name: 2 if "_LOAD" in name else 1 for name in LOADING}
    fixed.update({name: (0, number) for name, number in loads.items()})
    last = {name: step.pops for name, step in simple.items() if step.flow}
    counted = {name: step.counted for name, step in found.items() if step.kind == COUNTED and not step.flow}
    return _Tables(
        by_number(found, dialect_name),
        by_number(loads, dialect_name, 0),
        by_number(fixed, dialect_name),
        by_number(counted, dialect_name),
        by_number(last, dialect_name, -1),
    )


@cache
def taking(dialect_name: str) -> frozenset[str]:
    """What takes the entry in front of it, whatever its operand."""
    return frozenset(name for name, step in steps(dialect_name).items() if step.least)


_Entry = tuple[int, Any]
"""What a load has pushed: its index, and the local."""


class Follower:
    """Follows what a body loads, from each load to where it is gone again."""

    def __init__(self, body: Sequence[Row], numbers: bytes, dialect: isa.Dialect) -> None:
        """`numbers` are those of the mnemonics."""
        self.body, self.numbers = body, numbers
        self.dialect = dialect.name
        self.tables = _tables(dialect.name)
        self.labels: dict[Any, int] | None = None
        """Found when they are needed."""
        self.handling: set[Any] = set()
        """The labels of the handlers that are looked at."""

    def owned(self, loads: Iterable[int], stop: int) -> set[int]:
        """Those of the loads that need a reference of their own; a block ends at `stop`.

        They are still on the stack when their local changes, or at the end of their block, or are stored.
        """
        body, numbers = self.body, self.numbers
        steps, pushing, fixed, counted, last = self.tables
        owned: set[int] = set()
        done = 0
        for load in loads:
            if load < done:
                continue
            height = pushing[numbers[load]]
            done, index = 0, load
            while (index := index + 1) < stop:
                number = numbers[index]
                change = fixed[number]
                if change:
                    pops, more = change
                    if height <= pops:
                        done = index + 1
                        break
                    height += more
                    continue
                changes = counted[number]
                if changes is None:
                    if height <= last[number]:
                        done = index + 1
                    elif last[number] >= 0 or (height == 1 and steps[number].kind in _STORING):
                        owned.add(load)
                        done = load + 1
                    break
                arg = body[index][1]
                pops, pushes, keeps = changes[arg[1] if type(arg) is tuple else arg]
                if height > pops:
                    height += pushes + keeps - pops
                elif not keeps:
                    done = index + 1
                    break
                elif height > 1:  # another entry is kept
                    break
            done = done or self._follow(load, stop, [], [], 0, owned)
        return owned

    def _follow(  # one loop, for speed
        self, index: int, stop: int, entries: list[_Entry], slots: list[int], height: int, owned: set[int]
    ) -> int:
        """From there until none of the loads is left; the index behind that.

        The stack has this height, and the entries in these slots.
        """
        body, numbers, steps = self.body, self.numbers, self.tables.steps
        while index < stop:
            kind, flow, pops, pushes, counted = steps[numbers[index]]
            if kind == FIXED:
                height -= pops
                if height <= slots[-1] and _cut(entries, slots, height):
                    return index + 1
                height += pushes
                if flow:
                    break
            elif kind == COUNTED:
                arg = body[index][1]
                pops, pushes, keeps = counted[arg[1] if type(arg) is tuple else arg]
                top = entries[-1] if keeps and slots[-1] == height - 1 else None
                height -= pops
                if height <= slots[-1]:
                    _cut(entries, slots, height)
                height += pushes + keeps
                if top:
                    entries.append(top)
                    slots.append(height - 1)
                elif not slots:
                    return index + 1
                if flow:
                    break
            elif kind == LOAD:
                entries.append((index, body[index][1]))
                slots.append(height)
                height += 1
            elif kind == LOADS:
                one, other = body[index][1]
                entries += (index, one), (index, other)
                slots += height, height + 1
                height += 2
            elif kind == SETUP:
                self._handle(body[index][1], entries, slots, height + pushes, owned)
            else:
                height = _OTHERS[kind](body[index][1], entries, slots, height, owned)
                if not slots:
                    return index + 1
            index += 1
        owned.update([entry[0] for entry in entries])
        return index

    def _handle(self, label: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> None:
        """A handler finds the entries that are there when its region begins; what it does with them counts as well."""
        if self.labels is None:
            self.labels = labels(self.body, self.numbers, self.dialect)
        place = self.labels.get(label)
        own = {index for index, _ in entries}
        if place is None or label in self.handling:
            owned.update(own)
            return
        while place < len(self.body) and self.body[place][0] == LABEL:
            place += 1
        self.handling.add(label)
        found: set[int] = set()
        self._follow(place, len(self.body), entries[:], slots[:], height, found)
        owned.update(found & own)  # not the loads of the handler
        self.handling.remove(label)


def _cut(entries: list[_Entry], slots: list[int], height: int) -> bool:
    """Down to this height; is none left?"""
    while slots and slots[-1] >= height:
        slots.pop()
        entries.pop()
    return not slots


# -- what instructions do with locals and by moving entries: they give the height afterwards


def _store(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    top = _pop(entries, slots, height)
    _kill(arg, entries, slots, height, owned)
    if top:
        owned.add(top[0])
    return height - 1


def _pop(entries: list[_Entry], slots: list[int], height: int) -> _Entry | None:
    if not slots or slots[-1] != height - 1:
        return None
    slots.pop()
    return entries.pop()


def _own(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    top = _pop(entries, slots, height)
    if top:
        owned.add(top[0])
    return height


def _store_load(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    return _store(arg[0], entries, slots, height, owned) + 1  # its load never borrows


def _stores(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    return _store(arg[1], entries, slots, _store(arg[0], entries, slots, height, owned), owned)


def _kill(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    owned.update([index for index, name in entries if name == arg])
    return height


def _clear(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    return _kill(arg, entries, slots, height, owned) + 1


def _copy(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    if height - arg in slots:
        entries.append(entries[slots.index(height - arg)])
        slots.append(height)
    return height + 1


def _swap(arg: Any, entries: list[_Entry], slots: list[int], height: int, owned: set[int]) -> int:
    low, high = height - arg, height - 1
    moved = {low: high, high: low}
    order = sorted((moved.get(slot, slot), entry) for slot, entry in zip(slots, entries))
    slots[:] = [slot for slot, _ in order]
    entries[:] = [entry for _, entry in order]
    return height


_OTHERS: dict[int, Callable[[Any, list[_Entry], list[int], int, set[int]], int]] = {
    STORE: _store,
    OWN: _own,
    STORE_LOAD: _store_load,
    STORES: _stores,
    CLEAR: _clear,
    KILL: _kill,
    COPY: _copy,
    SWAP: _swap,
}
