"""Which loads of locals may find them unbound: definite assignment, with the answers of CPython's compiler.

The compiler follows the first 64 locals through the whole code. Of the others it only knows what happened since the
basic block began, to save time; labels show where blocks begin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.native.units import LABEL
from pyasm.typed import Any

FOLLOWED = 64
"""How many locals are followed from block to block."""

LOAD, STORE, UNBIND, MARK, JUMP, BRANCH, END, SETUP, POP = range(1, 10)
"""What an instruction is to the analysis of locals."""

Event = tuple[int, int, Any]
"""The index of an instruction, what it is, its operand."""

_FIXED = {
    "LOAD_FAST": LOAD,
    "STORE_FAST": STORE,
    "DELETE_FAST": UNBIND,
    "LOAD_FAST_AND_CLEAR": UNBIND,
    LABEL: MARK,
    "SETUP_FINALLY": SETUP,
    "SETUP_CLEANUP": SETUP,
    "SETUP_WITH": SETUP,
    "POP_BLOCK": POP,
}
_FLOWS = {"return": END, "raise": END, "jump": JUMP, "branch": BRANCH}


@cache
def _kinds(dialect_name: str) -> dict[str, int]:
    rows = isa.load(dialect_name).opcodes.values()
    return {**{row.name: _FLOWS[row.flow] for row in rows if row.flow in _FLOWS}, **_FIXED}


def events(body: Sequence[Instruction], dialect: isa.Dialect) -> list[Event]:
    """What happens to locals in a body, and where it branches, in order."""
    kind = _kinds(dialect.name).get
    return [(index, found, each[1]) for index, each in enumerate(body) if (found := kind(each[0]))]


def numbered(code: Code, happenings: Sequence[Event]) -> dict[str, int]:
    """Name of each local -> its index, as the encoder will number them."""
    names = {name: index for index, name in enumerate(code.parameters + code.locals)}
    shared = {*code.cells, *code.frees}
    for _, kind, arg in happenings:
        if kind <= UNBIND and arg not in names and arg not in shared:
            names[arg] = len(names)
    return names


def unchecked(code: Code, names: Mapping[str, int], happenings: Sequence[Event], restores: Set[int]) -> set[int]:
    """The indexes of the LOAD_FAST that may find their local unbound and have to look.

    `restores` are the STORE_FAST that may store NULL.
    """
    parameters = len(code.parameters)
    found = _of_many(names, happenings, restores) if len(names) > FOLLOWED else set()
    touched = {arg for _, kind, arg in happenings if kind == UNBIND}
    unsure = {arg for _, kind, arg in happenings if kind == LOAD} - (_bound_first(happenings) - touched)
    bits = {
        name: 1 << index
        for name, index in names.items()
        if index < FOLLOWED and name in unsure and (index >= parameters or name in touched)
    }
    if not bits:
        return found
    scan = _Scan(bits, restores)
    scan.run(happenings)
    start = sum(bit for name, bit in bits.items() if names[name] >= parameters)
    for segment, mask in zip(scan.segments, _masks(scan.segments, scan.places, start)):
        if mask is not None:
            found.update(segment.certain)
            if mask & segment.exposed:
                found.update(index for bit, index in segment.first.items() if bit & mask)
    return found


def _bound_first(happenings: Sequence[Event]) -> set[str]:
    """The locals that are stored before execution can take different ways, and not loaded before that."""
    stored: set[str] = set()
    loaded: set[str] = set()
    for _, kind, arg in happenings:
        if kind == STORE and arg not in loaded:
            stored.add(arg)
        elif kind == LOAD and arg not in stored:
            loaded.add(arg)
        elif kind > UNBIND:
            break
    return stored


class _Segment:
    """Instructions in a row with one handler: what they need of the locals and what they leave, as masks."""

    __slots__ = ("bound", "certain", "exposed", "first", "kind", "label", "raises", "unbound")

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        """Bit of a local -> index of its first load, where that comes before anything else."""
        self.certain: list[int] = []
        """Indexes of the loads of what the segment has unbound itself."""
        self.exposed = self.bound = self.unbound = self.raises = 0
        """Loaded before anything else; bound or loaded; unbound at the end; unbound where something may be raised."""
        self.kind = MARK
        """What its last instruction is."""
        self.label: Any = None


class _Scan:
    """Finds the segments, and the number of that which begins at each label."""

    def __init__(self, bits: Mapping[str, int], restores: Set[int]) -> None:
        self.bits, self.restores = bits, restores
        self.segments = [_Segment()]
        self.places: dict[Any, int] = {}

    def run(self, happenings: Sequence[Event]) -> None:
        """Through all of a body."""
        now, bit_of, restores = self.segments[0], self.bits.get, self.restores
        last = -1
        for index, kind, arg in happenings:
            if kind <= UNBIND:
                bit = bit_of(arg, 0)
                if kind == LOAD and bit & ~now.bound:
                    self._load(now, index, bit)
                if now.unbound:
                    now.raises |= now.unbound
                if kind == UNBIND or index in restores:
                    now.unbound |= bit
                    now.bound &= ~bit
                    last = index
                else:
                    now.unbound &= ~bit
                    now.bound |= bit
            else:
                if now.unbound and (last < index - 1 or kind not in (MARK, POP)):
                    now.raises |= now.unbound
                now = self._next(now, kind, arg)

    def _load(self, now: _Segment, index: int, bit: int) -> None:
        if bit & now.unbound:
            now.certain.append(index)
        elif bit not in now.first:
            now.first[bit] = index
            now.exposed |= bit

    def _next(self, now: _Segment, kind: int, arg: Any) -> _Segment:
        if kind == MARK:
            self.places[arg] = len(self.segments)
        now.kind, now.label = kind, arg
        new = _Segment()
        self.segments.append(new)
        return new


_Chain = tuple[Any, ...]
"""The labels of the handlers around, innermost first."""


def _masks(segments: Sequence[_Segment], places: Mapping[Any, int], start: int) -> list[int | None]:
    """The locals that may be unbound where each segment begins, None where nothing leads to."""
    masks: list[int | None] = [None] * len(segments)
    pending: list[tuple[int, int, _Chain]] = [(0, start, ())]
    while pending:
        at, mask, chain = pending.pop()
        while at < len(segments):
            old = masks[at]
            if old is not None:
                if not mask & ~old:
                    break
                mask |= old
            masks[at] = mask
            now = segments[at]
            if chain and chain[0] in places:  # the encoder tells of labels that are not there
                pending.append((places[chain[0]], mask | now.raises, chain[1:]))
            mask = mask & ~now.bound | now.unbound
            kind = now.kind
            if kind in (JUMP, BRANCH) and now.label in places:
                pending.append((places[now.label], mask, chain))
            elif kind == SETUP:
                chain = (now.label, *chain)
            elif kind == POP:
                chain = chain[1:]
            if kind in (JUMP, END):
                break
            at += 1
    return masks


def _of_many(names: Mapping[str, int], happenings: Sequence[Event], restores: Set[int]) -> set[int]:
    """Of the locals that are not followed: loads with nothing before them in their block that makes sure of them."""
    return _one_by_one(names, happenings, restores, frozenset())[0]


def splits(names: Mapping[str, int], happenings: Sequence[Event], restores: Set[int], checks: Set[int]) -> list[int]:
    """The indexes of those `checks` that the compiler had to make only because a block begins before them."""
    return _one_by_one(names, happenings, restores, checks)[1]


def _one_by_one(
    names: Mapping[str, int], happenings: Sequence[Event], restores: Set[int], checks: Set[int]
) -> tuple[set[int], list[int]]:
    found, begins = set(), []
    sure: set[str] = set()
    for index, kind, arg in happenings:
        if kind > UNBIND:
            if kind < SETUP:
                sure.clear()
        elif names.get(arg, 0) >= FOLLOWED:
            if kind == UNBIND or index in restores:
                sure.discard(arg)
                continue
            if kind == LOAD and arg not in sure:
                found.add(index)
            elif index in checks:
                begins.append(index)
                sure.clear()
            sure.add(arg)
    return found, begins
