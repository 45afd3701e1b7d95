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
from pyasm.translate.edit import where
from pyasm.typed import Any

FOLLOWED = 64
"""How many locals are followed from block to block."""

LOAD, STORE, UNBIND, MARK, JUMP, BRANCH, END, SETUP, POP = range(1, 10)
"""What an instruction is to the analysis of locals."""

_JUMPS = frozenset({JUMP, BRANCH})
_LEAVING = frozenset({JUMP, END})

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


def events(body: Sequence[Instruction], ops: Sequence[str], dialect: isa.Dialect) -> list[Event]:
    """What happens to locals in a body with these mnemonics, and where it branches, in order."""
    kinds = _kinds(dialect.name)
    return [(index, kinds[ops[index]], body[index][1]) for index in where(ops, kinds.keys())]


def numbered(code: Code, happenings: Sequence[Event]) -> dict[str, int]:
    """Name of each local -> its index, as the encoder will number them."""
    names = {name: index for index, name in enumerate(code.parameters + code.locals)}
    if not {arg for _, kind, arg in happenings if kind <= UNBIND} <= names.keys():
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
    if restores:
        touched.update([arg for index, _, arg in happenings if index in restores])
    if len(names) == parameters and not touched:
        return found
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
    lasting = bool(touched or restores)
    for segment, mask in zip(scan.segments, _masks(scan.segments, scan.places, start, lasting)):
        if mask is not None:
            _, _, first, certain, exposed, _, _, _ = segment
            found.update(certain)
            if mask & exposed:
                found.update([index for bit, index in first.items() if bit & mask])
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


_Segment = tuple[int, Any, dict[int, int], list[int], int, int, int, int]
"""Instructions in a row with one handler: what they need of the locals and what they leave.

- what its last instruction is, and its operand
- bit of a local -> index of its first load, where that comes before anything else
- indexes of the loads of what the segment has unbound itself
- masks: loaded before anything else; bound or loaded; unbound at the end; unbound where something may be raised
"""


class _Scan:
    """Finds the segments, and the number of that which begins at each label."""

    def __init__(self, bits: Mapping[str, int], restores: Set[int]) -> None:
        self.bits, self.restores = bits, restores
        self.segments: list[_Segment] = []
        self.places: dict[Any, int] = {}

    def run(self, happenings: Sequence[Event]) -> None:
        """Through all of a body."""
        bit_of, restores, segments = self.bits.get, self.restores, self.segments
        first: dict[int, int] = {}
        certain: list[int] = []
        exposed = bound = unbound = raises = 0
        last = -1
        for index, kind, arg in happenings:
            if kind <= UNBIND:
                raises |= unbound
                bit = bit_of(arg, 0)
                if not bit or (bit & bound and not unbound and kind == LOAD):
                    if kind == UNBIND or index in restores:
                        last = index
                elif kind == UNBIND or index in restores:
                    unbound |= bit
                    bound &= ~bit
                    last = index
                else:
                    if kind == LOAD and not bit & bound:
                        if bit & unbound:
                            certain.append(index)
                        elif not bit & exposed:
                            first[bit] = index
                            exposed |= bit
                    unbound &= ~bit
                    bound |= bit
            else:
                if unbound and (last < index - 1 or kind not in (MARK, POP)):
                    raises |= unbound
                segments.append((kind, arg, first, certain, exposed, bound, unbound, raises))
                if kind == MARK:
                    self.places[arg] = len(segments)
                first, certain = {}, []
                exposed = bound = unbound = raises = 0
        segments.append((MARK, None, first, certain, exposed, bound, unbound, raises))


_Chain = tuple[Any, ...]
"""The labels of the handlers around, innermost first."""


def _masks(segments: Sequence[_Segment], places: Mapping[Any, int], start: int, lasting: bool) -> list[int | None]:
    """The locals that may be unbound where each segment begins, None where nothing leads to.

    Without `lasting`, nothing unbinds any, and ways end where all are bound.
    """
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
            elif not (mask or lasting):
                break
            masks[at] = mask
            kind, label, _, _, _, bound, unbound, raises = segments[at]
            if chain and chain[0] in places:  # the encoder tells of labels that are not there
                handler = places[chain[0]]
                known = masks[handler]
                if known is None or (mask | raises) & ~known:
                    pending.append((handler, mask | raises, chain[1:]))
            mask = mask & ~bound | unbound
            if kind in _JUMPS and label in places:
                pending.append((places[label], mask, chain))
            elif kind == SETUP:
                chain = (label, *chain)
            elif kind == POP:
                chain = chain[1:]
            if kind in _LEAVING:
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
