"""How deep the stack gets: the number of entries that an interpreter allocates before it runs a code object.

Every path from the start is followed, into the branches of jumps and into handlers. Compilers leave code behind that
no path reaches, and give it a stack as well: it is followed in the end, each part from the least depth that it can have
there. The effects of instructions are those of the dialect's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate

from pyasm import isa
from pyasm.errors import EncodeError, Finding
from pyasm.native import units
from pyasm.native.flags import GENERATORS
from pyasm.typed import NamedTuple

_VISITS = 16
"""How often, on average, a block may be found deeper than before, until the stack is said not to balance."""


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


class _Block(NamedTuple):
    """Instructions that always run one after the other: what the first reads, and what they do to the depth."""

    needs: int
    peak: int
    net: int
    next: int | None
    target: int | None
    """Index of the instruction that its last one may jump to, and what that does to the depth."""
    jump_net: int
    region: Region | None


def stack_size(flow: Flow, dialect: isa.Dialect, flags: int) -> int:
    """The largest depth that the instructions reach; `flags` tell whether it is a generator.

    EncodeError when the stack grows in a loop.
    """
    blocks = _blocks(flow, _effects(dialect.name))
    walk = _Walk(blocks)
    walk.follow(0, 1 if dialect.first_send and flags & GENERATORS else 0)
    for start, block in blocks.items():
        if start not in walk.depths:
            walk.follow(start, max(block.needs, block.region.kept if block.region is not None else 0))
    return max(walk.largest, dialect.least_stack)


class _Walk:
    """The depth at every block that was reached so far, and the largest at all."""

    def __init__(self, blocks: dict[int, _Block]) -> None:
        self.blocks = blocks
        self.depths: dict[int, int] = {}
        self.largest = 0
        self.entered: set[Region] = set()
        self.visits = _VISITS * (len(blocks) + 1)

    def follow(self, start: int, depth: int) -> None:
        """Go every way from a block that is reached with this depth. EncodeError when the stack grows in a loop."""
        pending = [(start, depth)]
        while pending:
            start, depth = pending.pop()
            block = self.blocks.get(start)
            if block is None or depth <= self.depths.get(start, -1):
                continue
            self.depths[start] = depth
            self.visits -= 1
            if self.visits < 0:
                raise EncodeError(Finding("the stack grows in a loop", f"instruction {start}"))
            self.largest = max(self.largest, depth, depth + block.peak)
            if block.region is not None and block.region not in self.entered:
                self.entered.add(block.region)
                pending.append((block.region.target, block.region.depth))
            if block.target is not None:
                pending.append((block.target, max(0, depth + block.jump_net)))
            if block.next is not None:
                pending.append((block.next, max(0, depth + block.net)))


def _blocks(flow: Flow, effects: _Effects) -> dict[int, _Block]:
    """Index of the first instruction of each block -> the block."""
    count = len(flow.opcodes)
    deltas = effects.deltas(flow.opcodes, flow.operands)
    ends = flow.opcodes.translate(effects.ends)
    leaders = {0, *flow.targets.values(), *[i + 1 for i in flow.targets], *[i + 1 for i in units.indexes(ends, 1)]}
    for region in flow.regions:
        leaders.update(region[:3])
    starts = sorted(leaders)
    covered = _covered(starts, flow.regions)
    blocks = {}
    for start, end in zip(starts, [*starts[1:], count]):
        if start >= count:
            break
        last = end - 1
        depths = list(accumulate(deltas[start:end], initial=0))
        target = flow.targets.get(last)
        jump_net = depths[-2] + effects.jump(flow.opcodes[last], flow.operands[last]) if target is not None else 0
        peak = max(max(depths), jump_net)
        needs = effects.needs(flow.opcodes[start], flow.operands[start])
        blocks[start] = _Block(
            needs, peak, depths[-1], None if ends[last] else end, target, jump_net, covered.get(start)
        )
    return blocks


def _covered(starts: Sequence[int], regions: Sequence[Region]) -> dict[int, Region]:
    """First instruction of each block inside a region -> the region. Both come in order and do not overlap."""
    covered = {}
    left = iter(regions)
    region = next(left, None)
    for start in starts:
        while region is not None and region.end <= start:
            region = next(left, None)
        if region is not None and region.start <= start:
            covered[start] = region
    return covered


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
