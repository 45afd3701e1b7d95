"""Where entries come from: the instructions that made them, along one way. Only for what is looked at twice."""

from __future__ import annotations

from collections.abc import Iterable

from pyasm.isa import JUMPS, Opcode, effects
from pyasm.isa.slots import sides
from pyasm.translate.effects import number
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.verifier.walk import Walk

_METHODS = {"LOAD_ATTR": 0, "LOAD_SUPER_ATTR": 2}
"""Instructions that may leave one of their entries as self."""


def advance(rows: dict[str, Opcode], entries: list[Any], op: str, arg: Any, maker: Any, jumps: bool = False) -> None:
    """What an instruction does to the makers of the entries."""
    row = rows.get(op)
    if row is None:
        return
    n = number(arg)
    if effects(row.stack).pops(n) > len(entries):
        entries.clear()
        return
    found = sides(row.stack, n)
    cut = len(entries) - len(found.takes)
    taken = entries[cut:]
    left = found.jumping if jumps and row.operand in JUMPS else found.leaves
    entries[cut:] = [taken[each] if isinstance(each, int) else maker for each in left]
    if op in _METHODS and n & 1:
        entries[-1] = taken[_METHODS[op]]


def borrowed(walk: Walk, index: int, name: Any, depth: int) -> bool:
    """Is one of the lowest entries borrowed from a variable? Nothing was when the block began."""
    state = walk.states[walk.block_start]
    entries: list[Any] = [None] * state.stack.depth
    for i in range(walk.block_start, index):
        op, arg, _ = walk.body[i]
        if op != "LABEL":
            advance(walk.rows, entries, op, arg, i)
            _mark(entries, op, arg, i)
    return any(each == ("borrowed", name) for each in entries[:depth])


def _mark(entries: list[Any], op: str, arg: Any, index: int) -> None:
    if op.startswith("LOAD_FAST_BORROW"):
        names: Iterable[Any] = arg if type(arg) is tuple else (arg,)
        made = [("borrowed", each) for each in names]
        if len(entries) >= len(made):
            entries[-len(made) :] = made
