"""Data flow over a body: a state at the start, what an instruction does to it, and how two states become one.

Stack depth, block stacks, kinds of stack entries and definite assignment are all found by `forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, opcode, places, where
from pyasm.translate.effects import Effects
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    State = TypeVar("State")


def forward(
    body: Sequence[Row],
    start: State,
    transfer: Callable[[int, Row, State], tuple[State | None, State | None]],
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
    body: Sequence[Row],
    table: Effects,
    *,
    handlers: bool = False,
    ops: Sequence[str] | None = None,
    turns: Sequence[int] | None = None,
) -> bytearray:
    """For each instruction, 1 if a way without exceptions leads there. Compilers move all other code to the end.

    With `handlers`, exceptions are ways too. `ops` are the mnemonics of the body, `turns` the indexes of `table.turns`,
    where they are at hand.
    """
    if ops is None:
        ops = list(map(opcode, body))
    if turns is None:
        turns = list(where(ops, table.turns))
    naming, ends = table.naming if handlers else table.jumps, table.ends
    if handlers and _leads_everywhere(body, ops, turns, naming, ends):
        return bytearray(b"\1") * len(body)
    found = bytearray(len(body))
    named: set[Any] = set()
    """The labels to which something goes that is reached."""
    lost: dict[Any, int] = {}
    """Labels to which nothing in front of them goes, behind what ends a way -> their numbers among the turns."""
    pending: list[int] = []
    start: int | None = 0
    for number, index in enumerate(turns):
        op = ops[index]
        if op == LABEL:
            if start is None:
                label = body[index][1]
                if label in named:
                    start = index
                else:
                    lost[label] = number
        elif start is not None:
            if op in naming:
                label = body[index][1]
                named.add(label)
                if label in lost:
                    pending.append(lost[label])
            if op in ends:
                found[start : index + 1] = b"\1" * (index + 1 - start)
                start = None
    if start is not None:
        found[start:] = b"\1" * (len(found) - start)
    if pending:
        _reach_lost(body, ops, turns, found, lost, pending, naming, ends)
    return found


def _leads_everywhere(
    body: Sequence[Row], ops: Sequence[str], turns: Sequence[int], naming: Set[str], ends: Set[str]
) -> bool:
    """Is behind each instruction that ends a way a label to which something in front of it goes? Mostly it is."""
    size = len(body)
    named: set[Any] = set()
    for index in turns:
        op = ops[index]
        if op == LABEL:
            continue
        if op in naming:
            named.add(body[index][1])
        if op in ends:
            for behind in range(index + 1, size):
                op, label, _ = body[behind]
                if op != LABEL:
                    return False
                if label in named:
                    break
    return True


def _reach_lost(
    body: Sequence[Row],
    ops: Sequence[str],
    turns: Sequence[int],
    found: bytearray,
    lost: dict[Any, int],
    pending: list[int],
    naming: Set[str],
    ends: Set[str],
) -> None:
    """Where ways lead from the pending labels, to which something behind them goes."""
    while pending:
        number = pending.pop()
        start, behind = turns[number], len(found)
        for at in range(number, len(turns)):
            index = turns[at]
            op = ops[index]
            if found[index]:
                behind = index
                break
            if op in naming and body[index][1] in lost:
                pending.append(lost[body[index][1]])
            if op in ends:
                behind = index + 1
                break
        found[start:behind] = b"\1" * (behind - start)


def drop_unreached(code: Code, ops: list[str], table: Effects) -> None:
    """Take the code away that no path comes to. The positions of the rest are what they were, the labels stay."""
    body = code.rows
    found = reached(body, table, handlers=True, ops=ops)
    if all(found):
        return
    new: list[Row] = []
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
    code.rows = new
    ops[:] = map(opcode, new)
