"""What the entries of the stack are: an abstract interpretation that knows blocks and kinds of entries.

An entry is VALUE, or a pair of a kind and the handler (or place) that it belongs to. Kinds have a native *width*, the
number of entries that stand for one: instructions that only move entries are rebuilt from the widths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Instruction
from pyasm.errors import Finding, TargetError
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, places
from pyasm.translate.effects import number
from pyasm.typed import Any, NamedTuple

VALUE = ("value", None)
_ROTATIONS = {2: "ROT_TWO", 3: "ROT_THREE", 4: "ROT_FOUR"}


class State:
    """The block stack, innermost first: (kind, handler, the rest) or None; the entries, top last."""

    __slots__ = ("after", "blocks", "stack")

    def __init__(self, blocks: Any, stack: tuple[Any, ...]) -> None:
        self.blocks = blocks
        self.stack = stack
        self.after: dict[Any, Any] = {}
        """What instructions make of it: mnemonic -> State, when that is all; else mnemonic and number -> both."""


class Row(NamedTuple):
    """What an instruction does: entries that it reads and leaves where they are; entries that it takes; that it leaves,
    going on and jumping."""

    stays: Any
    takes: Any
    leaves: Any
    jumped: Any
    goes_on: bool
    names_label: bool
    fixed: bool
    """Is all that the same for every operand?"""


@cache
def rows(*dialects: str) -> dict[str, Row]:
    """Mnemonic -> row; where several of the dialects have a name, it is that of the last."""
    found = {}
    for dialect in dialects:
        for name, opcode in isa.load(dialect).opcodes.items():
            found[name] = _row(opcode)
    return found


def _row(opcode: isa.Opcode) -> Row:
    before, _, after = opcode.stack.partition("--")
    following, bar, jumping = after.partition("|")
    left, right = before.split(), following.split()
    other = jumping.split() if bar else right
    same = 0
    while same < min(len(left), len(right), len(other)) and left[same] == right[same] == other[same]:
        same += 1
    parts = [" ".join(side) for side in (left[:same], left[same:], right[same:], other[same:])]
    stays, takes, leaves, jumped = [isa.effects(f"{part} --").pops for part in parts]
    label = opcode.operand in JUMPS and opcode.flow != "next"  # END_ASYNC_FOR names one for tracing only
    return Row(
        stays, takes, leaves, jumped, opcode.flow not in ("jump", "return", "raise"), label, "[" not in opcode.stack
    )


def permutation(op: str, arg: Any) -> tuple[int, list[int]] | None:
    """Of an instruction that only moves, copies or drops entries: how many, and which of them it leaves."""
    if op in _PERMUTATIONS:
        return _PERMUTATIONS[op]
    if type(arg) is not int or arg < 1:
        return None
    if op == "COPY":
        return arg, [*range(arg), 0]
    if op == "SWAP":
        return arg, [arg - 1, *range(1, arg - 1), 0] if arg > 1 else [0]
    return (arg, [arg - 1, *range(arg - 1)]) if op == "ROT_N" else None


_PERMUTATIONS: dict[str, tuple[int, list[int]]] = {
    "POP_TOP": (1, []),
    "ROT_TWO": (2, [1, 0]),
    "ROT_THREE": (3, [2, 0, 1]),
    "ROT_FOUR": (4, [3, 0, 1, 2]),
    "DUP_TOP": (1, [0, 0]),
    "DUP_TOP_TWO": (2, [0, 1, 0, 1]),
}

MOVING = frozenset({*_PERMUTATIONS, "COPY", "SWAP", "ROT_N"})
"""The instructions that `permutation` knows."""


def moved(each: Instruction, taken: int, left: Sequence[int], widths: Sequence[int]) -> list[Instruction]:
    """The instructions that do with entries of these widths what a permutation does with entries of one."""
    if all(width == 1 for width in widths):
        return [each]
    starts = [sum(widths[:i]) for i in range(taken)]
    target = [starts[i] + j for i in left for j in range(widths[i])]
    position = each[2]
    return [instruction(op, arg, position) for op, arg in _moves(sum(widths), target)]


def _moves(count: int, target: list[int]) -> list[tuple[str, Any]]:
    """Instructions after which these of `count` entries are left."""
    source = list(range(count))
    if target == source[: len(target)]:
        return [("POP_TOP", None)] * (count - len(target))
    if target[:count] == source:
        more = target[count:]
        if more == [count - 1]:
            return [("DUP_TOP", None)]
        if more == [count - 2, count - 1]:
            return [("DUP_TOP_TWO", None)]
        return [("COPY", count - each + i) for i, each in enumerate(more)]
    for top in range(1, count):
        if target == source[-top:] + source[:-top]:
            return rotation(count) * top
    return _swaps(target)


def rotation(count: int) -> list[tuple[str, Any]]:
    """Move the top entry below the next count - 1."""
    if count in _ROTATIONS:
        return [(_ROTATIONS[count], None)]
    return [("SWAP", n) for n in range(count, 1, -1)]


def _swaps(target: Sequence[int]) -> list[tuple[str, Any]]:
    """Any order of the entries, by exchanging the top with another: each exchange brings one to its place."""
    now = list(range(len(target)))
    moves: list[tuple[str, Any]] = []

    def exchange(place: int) -> None:
        moves.append(("SWAP", len(now) - place) if len(now) - place > 2 else ("ROT_TWO", None))
        now[place], now[-1] = now[-1], now[place]

    for place in range(len(now) - 1):
        if now[place] != target[place]:
            if now[-1] != target[place]:
                exchange(now.index(target[place]))
            exchange(place)
    return moves


Special = Callable[[int, Any, State], "tuple[State | None, State | None]"]


class Walk:
    """The state before each instruction of a body. Subclasses say what blocks and handlers do, in `specials`."""

    def __init__(self, body: Sequence[Instruction], name: str, *dialects: str) -> None:
        self.body = body
        self.name = name
        self.rows = rows(*dialects)
        self.states: list[Any] = []
        self.specials: Mapping[str, Special] = {}
        self.first = State(None, ())

    def run(self) -> None:
        """Fill `states`: `flow.forward`, where each state remembers what instructions make of it."""
        body, merge, specials = self.body, self.merge, self.specials
        size = len(body)
        labels = places(body)
        states = self.states = [None] * (size + 1)
        pending: list[tuple[int, Any]] = [(0, self.first)]
        while pending:
            index, state = pending.pop()
            while True:
                old = states[index]
                if old is not None and (state is old or (state := merge(old, state)) is old):
                    break
                states[index] = state
                if index == size:
                    break
                op, arg, _ = each = body[index]
                if op != LABEL:
                    following = state.after.get(op)
                    if following is None:
                        if op in specials:
                            following, jumping = specials[op](index, arg, state)
                        else:
                            following, jumping = self._after(index, each, state)
                        if jumping is not None:
                            pending.append((labels[arg], jumping))
                        if following is None:
                            break
                    state = following
                index += 1

    def _after(self, index: int, each: Instruction, state: State) -> tuple[State | None, State | None]:
        """What `transfer` gives, from memory if it was there already."""
        op, arg, _ = each
        key = op, arg if type(arg) is int else number(arg)
        known: tuple[State | None, State | None] | None = state.after.get(key)
        if known is None:
            known = state.after[key] = self.transfer(index, each, state)
            if known[1] is None and known[0] is not None and (op in _PERMUTATIONS or self.rows[op].fixed):
                state.after[op] = known[0]
        return known

    def transfer(self, index: int, each: Instruction, state: State) -> tuple[State | None, State | None]:
        """What is after an instruction that is none of `specials`, and at its label."""
        op, arg, _ = each
        stack = state.stack
        moves = permutation(op, arg)
        if moves is not None:
            taken, left = moves
            top = self.top(index, stack, taken)
            return State(state.blocks, (*stack[: len(stack) - taken], *[top[i] for i in left])), None
        row, n = self.rows.get(op), number(arg)
        if row is None:
            raise self.error(index, "there is no such instruction")
        taken = row.takes(n)
        top = self.top(index, stack, taken + row.stays(n))
        if taken:
            self.takes(index, top[len(top) - taken :])
        below = stack[: len(stack) - taken]
        following = State(state.blocks, below + (VALUE,) * row.leaves(n)) if row.goes_on else None
        return following, State(state.blocks, below + (VALUE,) * row.jumped(n)) if row.names_label else None

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """An instruction takes these entries as values."""

    def top(self, index: int, stack: tuple[Any, ...], count: int) -> tuple[Any, ...]:
        """The entries that an instruction reads. TargetError when there are not as many."""
        if count > len(stack):
            raise self.error(index, f"it takes {count} entries from a stack of {len(stack)}")
        return stack[len(stack) - count :]

    def merge(self, old: State, new: State) -> State:
        """Two ways to one instruction must come with the same blocks and the same kinds."""
        if old.blocks != new.blocks:
            raise TargetError(Finding("it is reached inside of different blocks", self.name))
        if len(old.stack) != len(new.stack):
            depths = f"{len(old.stack)} and {len(new.stack)} entries"
            raise TargetError(Finding(f"it is reached with {depths} on the stack", self.name))
        if old.stack == new.stack:
            return old
        return self.merge_kinds(old, new)

    def merge_kinds(self, old: State, new: State) -> State:
        """The state for two that differ in kinds only."""
        raise TargetError(Finding("it is reached with different kinds of entries on the stack", self.name))

    def error(self, index: int, message: str, hint: str = "") -> TargetError:
        """For an instruction."""
        op = self.body[index][0]
        return TargetError(Finding(f"{op}: {message}", f"{self.name}, instruction {index}", hint))


def next_real(body: Sequence[Instruction], index: int) -> int:
    """Index of the first instruction from there on that is no label."""
    while index < len(body) and body[index][0] == LABEL:
        index += 1
    return index
