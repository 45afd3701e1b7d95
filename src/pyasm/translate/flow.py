"""Data flow over a body: a state at the start, what an instruction does to it, and how two states become one.

Stack depth, block stacks, kinds of stack entries and definite assignment are all found by `forward`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from pyasm.code import Instruction
from pyasm.native.units import LABEL
from pyasm.translate.edit import Picked, instruction, opcode, places, where
from pyasm.translate.effects import Effects
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    State = TypeVar("State")


def forward(
    body: Sequence[Instruction],
    start: State,
    transfer: Callable[[int, Instruction, State], tuple[State | None, State | None]],
    merge: Callable[[State, State], State],
) -> list[State | None]:
    """The state before each instruction, None where no path comes; one more for the end of the body.

    `transfer(index, instruction, state)` gives the state for the next instruction and the one for the label that the
    instruction names, each None when execution does not go on there. A label passes the state on. `merge(old, new)` is
    the state of an instruction that is reached with both; it must return `old` itself when nothing changes, and come to
    rest after finitely many steps.
    """
    labels = places(body)
    states: list[State | None] = [None] * (len(body) + 1)
    pending: list[tuple[int, Any]] = [(0, start)]
    while pending:
        index, state = pending.pop()
        while True:
            old = states[index]
            if old is not None:
                state = merge(old, state)
                if state is old:
                    break
            states[index] = state
            if index == len(body):
                break
            each = body[index]
            if each[0] == LABEL:
                following: Any = state
            else:
                following, jumping = transfer(index, each, state)
                if jumping is not None:
                    pending.append((labels[each[1]], jumping))
            if following is None:
                break
            state = following
            index += 1
    return states


def reached(
    body: Sequence[Instruction],
    table: Effects,
    *,
    handlers: bool = False,
    ops: Sequence[str] | None = None,
    turns: Picked | None = None,
) -> bytearray:
    """For each instruction, 1 if a way without exceptions leads there. Compilers move all other code to the end.

    With `handlers`, exceptions are ways too. `ops` are the mnemonics of the body, `turns` those of `table.turns`, where
    they are at hand.
    """
    if ops is None:
        ops = list(map(opcode, body))
    size = len(ops)
    naming = table.naming if handlers else table.jumps
    stops = list(where(ops, naming | table.ends) if turns is None else turns.where(naming | table.ends))
    found = bytearray(size)
    labels: dict[Any, int] | None = None
    pending = [0]
    while pending:
        index = pending.pop()
        for number in range(bisect_left(stops, index), len(stops)):
            stop = stops[number]
            op = ops[stop]
            if found[stop]:  # the rest is known
                found[index : found.find(1, index)] = b"\1" * (found.find(1, index) - index)
                break
            found[index : stop + 1] = b"\1" * (stop + 1 - index)
            if op in naming:
                labels = labels or places(body, ops)
                place = labels.get(body[stop][1])
                if place is not None and not found[place]:
                    pending.append(place)
            if op in table.ends:
                break
            index = stop + 1
        else:
            found[index:] = b"\1" * (size - index)
    return found


def without_unreached(body: list[Instruction], table: Effects) -> list[Instruction]:
    """The body without the code that no path comes to. Its positions are what they were, its labels stay."""
    found = reached(body, table, handlers=True)
    if all(found):
        return body
    new: list[Instruction] = []
    position, lost = None, False
    for each, there in zip(body, found):
        position = each[2] or position
        if each[0] == LABEL:
            new.append(each)
        elif there:
            new.append(instruction(each[0], each[1], position) if lost else each)
            lost = False
        else:
            lost = True
    return new
