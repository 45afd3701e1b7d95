"""The stack and the blocks at each instruction of portable code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyasm.code import Instruction
from pyasm.isa import PORTABLE
from pyasm.native.units import LABEL
from pyasm.translate.edit import places
from pyasm.translate.effects import effects
from pyasm.typed import NamedTuple

TRY, WITH, ASYNC_WITH, HANDLER, OTHER = "try", "with", "async with", "handler", "other"

HANDLED = 6
"""So many entries a handler begins with; POP_EXCEPT takes the lower three."""


class Block(NamedTuple):
    """What is open around an instruction: the label of its handler, and the entries below it."""

    kind: str
    label: str
    depth: int


class State(NamedTuple):
    """What is there before an instruction: entries on the stack, blocks from the outermost, what texts have left."""

    depth: int
    blocks: tuple[Block, ...]
    left: tuple[tuple[int, int], ...] = ()
    """Entries that texts have left for later ones: how deep the stack would be without any, and how many there are."""

    def below(self, depth: int) -> int:
        """How many entries texts have left below what the code around has on the stack."""
        return sum([count for place, count in self.left if place < depth])

    def leaving(self, depth: int, value: int = 0) -> State:
        """Where the code around has so many entries: all others, but the value on top, are what texts have left."""
        count = self.depth - value - depth - self.below(depth)
        outer = tuple([each for each in self.left if each[0] < depth])
        return self._replace(left=(*outer, (depth, count)) if count > 0 else outer)


_SETUPS = {
    "SETUP_FINALLY": (TRY, 0),
    "SETUP_WITH": (WITH, 0),
    "SETUP_ASYNC_WITH": (ASYNC_WITH, -1),
    "SETUP_CLEANUP": (OTHER, 0),
}
"""The kind of the block, and how many entries fewer there are below it than before the instruction."""

_CLOSING = frozenset({"POP_BLOCK", "POP_EXCEPT", "END_ASYNC_FOR"})

Step = tuple["State | None", "tuple[str, State] | None"]


def step(each: Instruction, state: State) -> Step:
    """The state for the next instruction, and label and state where it may jump to."""
    op, arg, _ = each
    depth, blocks, left = state
    table = effects(PORTABLE)
    following, jumping = table.step(op, arg, depth)
    setup = _SETUPS.get(op)
    if setup is not None:
        kind, below = setup
        level = depth + below
        entered = HANDLER if kind != OTHER else OTHER
        base = (jumping or 0) - HANDLED
        target = arg, State(jumping or 0, (*blocks, Block(entered, arg, base)), left)
        return State(following or 0, (*blocks, Block(kind, arg, level)), left), target
    if op in _CLOSING and blocks:
        blocks = blocks[:-1]
    after = None if following is None else State(following, blocks, left)
    return after, None if jumping is None else (arg, State(jumping, blocks, left))


def find(
    body: Sequence[Instruction],
    known: Mapping[str, State],
    visit: Callable[[int, State], Step | None] = lambda index, state: None,
    differ: Callable[[int, State, State], None] = lambda index, one, other: None,
) -> list[State | None]:
    """The state before each instruction, None where no path comes.

    `known` are states of labels that are reached otherwise too. `visit` may say what an instruction does in place of
    `step`; `differ(index, old, new)` is told of paths that come with different states.
    """
    labels = places(body)
    states: list[State | None] = [None] * (len(body) + 1)
    pending = [(labels[name], state) for name, state in known.items() if name in labels]
    pending.append((0, State(0, ())))
    while pending:
        index, state = pending.pop()
        while True:
            old = states[index]
            if old is not None:
                if old != state:
                    differ(index, old, state)
                break
            states[index] = state
            if index == len(body):
                break
            each = body[index]
            following: State | None = state
            if each[0] != LABEL:
                following, jumping = visit(index, state) or step(each, state)
                if jumping is not None and jumping[0] in labels:
                    pending.append((labels[jumping[0]], jumping[1]))
            if following is None:
                break
            state = following
            index += 1
    return states
