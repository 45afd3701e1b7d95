"""How deep the stack gets: the number of entries that an interpreter allocates before it runs a code object.

Every path from the start is followed, into the branches of jumps and into handlers. Compilers leave code behind that
no path reaches, and give it a stack as well: it is followed in the end, each part from the least depth that it can have
there. The effects of instructions are those of the dialect's table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.errors import EncodeError, Finding
from pyasm.native import units
from pyasm.native.flags import GENERATORS
from pyasm.typed import Any, NamedTuple

_VISITS = 16
"""How often, on average, an instruction may be found deeper than before, until the stack is said not to balance."""


class Region(NamedTuple):
    """A handler's region: indexes of its first instruction, the one after it, and the handler; the stack that it keeps
    of what the region has, and what the handler starts with."""

    start: int
    end: int
    target: int
    kept: int
    depth: int


class Flow(NamedTuple):
    """Instructions in columns, with where they may go on."""

    opcodes: bytes
    operands: Sequence[int]
    targets: dict[int, int]
    """Index of a jump -> index of the instruction that it goes to."""
    regions: Sequence[Region]
    consts: Sequence[Any] = ()


def stack_size(flow: Flow, dialect: isa.Dialect, flags: int) -> int:
    """The largest depth that the instructions reach; `flags` tell whether it is a generator.

    EncodeError when the stack grows in a loop.
    """
    effects = _effects(dialect.name)
    walk = _Walk(flow, effects)
    walk.follow(0, 1 if dialect.first_send and flags & GENERATORS else 0)
    walk.enter_handlers()
    starts = [region.start for region in flow.regions]  # they come in order and do not overlap
    for start, depth in enumerate(walk.depths):
        if depth < 0:  # no path comes here
            before = bisect_right(starts, start) - 1
            kept = flow.regions[before].kept if before >= 0 and start < flow.regions[before].end else 0
            walk.follow(start, max(effects.needs(flow.opcodes[start], flow.operands[start]), kept))
    walk.enter_handlers()
    folded = _folded_defaults(flow, dialect, walk.depths, effects) if dialect.folds_late else 0
    return max(walk.largest, folded, dialect.least_stack)


def _folded_defaults(flow: Flow, dialect: isa.Dialect, depths: Sequence[int], effects: _Effects) -> int:
    """The depth that constant defaults of functions had, before the compiler made one tuple of them."""
    make, load = dialect.opcodes["MAKE_FUNCTION"].number, dialect.opcodes["LOAD_CONST"].number
    largest = 0
    for index in units.indexes(flow.opcodes, make):
        if flow.operands[index] & 1:
            base = depths[index] - effects.needs(make, flow.operands[index])
            first = index - 1
            while first > 0 and depths[first] > base:
                first -= 1
            if first >= 0 and flow.opcodes[first] == load and isinstance(flow.consts[flow.operands[first]], tuple):
                largest = max(largest, base + len(flow.consts[flow.operands[first]]))
    return largest


class _Walk:
    """The depth before every instruction that was reached so far, -1 for the others, and the largest at all."""

    def __init__(self, flow: Flow, effects: _Effects) -> None:
        self.flow, self.effects = flow, effects
        self.deltas = effects.deltas(flow.opcodes, flow.operands)
        self.ends = flow.opcodes.translate(effects.ends)
        self.depths = [-1] * len(flow.opcodes)
        self.largest = 0
        self.handlers = list(flow.regions)
        self.steps = _VISITS * (len(flow.opcodes) + 1)

    def enter_handlers(self) -> None:
        """Follow the handlers of regions that were reached, and of those that these reach."""
        found = True
        while found and self.handlers:
            waiting, self.handlers = self.handlers, []
            for region in waiting:
                if max(self.depths[region.start : region.end], default=-1) >= 0:
                    self.follow(region.target, region.depth)
                else:
                    self.handlers.append(region)
            found = len(self.handlers) < len(waiting)

    def follow(self, start: int, depth: int) -> None:
        """Go every way from an instruction that is reached with this depth. EncodeError for a stack that only grows."""
        depths, deltas, ends, targets = self.depths, self.deltas, self.ends, self.flow.targets
        count, largest = len(depths), max(self.largest, depth)
        pending = [(start, depth)]
        while pending:
            i, depth = pending.pop()
            first = i
            while i < count and depth > depths[i]:
                depths[i] = depth
                if i in targets:
                    jumped = max(0, depth + self.effects.jump(self.flow.opcodes[i], self.flow.operands[i]))
                    pending.append((targets[i], jumped))
                    if jumped > largest:
                        largest = jumped
                depth += deltas[i]
                if depth > largest:
                    largest = depth
                elif depth < 0:
                    depth = 0
                if ends[i]:
                    break
                i += 1
            self.steps -= i - first + 1
            if self.steps < 0:
                raise EncodeError(Finding("the stack grows in a loop", f"instruction {first}"))
        self.largest = largest


class _Effects:
    """What the instructions of a dialect do to the depth, by opcode number."""

    def __init__(self, dialect: isa.Dialect) -> None:
        self.effects = {number: isa.effects(opcode.stack) for number, opcode in dialect.by_number.items()}
        self.fixed: list[int] = [0] * 256
        varying = bytearray(256)
        ends = bytearray(256)
        for number, opcode in dialect.by_number.items():
            if "[" in opcode.stack:
                varying[number] = 1
            else:
                self.fixed[number] = opcode.effect(0)
            ends[number] = opcode.flow in ("jump", "return", "raise")
        self.varying, self.ends = bytes(varying), bytes(ends)

    def deltas(self, opcodes: bytes, operands: Sequence[int]) -> list[int]:
        """The effect of each instruction when it does not jump."""
        deltas = list(map(self.fixed.__getitem__, opcodes))
        for i in units.indexes(opcodes.translate(self.varying), 1):
            deltas[i] = self.effects[opcodes[i]].net(operands[i])
        return deltas

    def needs(self, opcode: int, operand: int) -> int:
        """The entries that an instruction reads."""
        return self.effects[opcode].pops(operand) if opcode in self.effects else 0

    def jump(self, opcode: int, operand: int) -> int:
        """The effect of an instruction when it jumps."""
        return self.effects[opcode].net_of_jump(operand)


@cache
def _effects(dialect_name: str) -> _Effects:
    return _Effects(isa.load(dialect_name))
