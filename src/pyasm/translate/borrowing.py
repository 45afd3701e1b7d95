"""Which loads of locals may go without a reference of their own: those of CPython's compiler.

A borrowed entry must be gone from the stack before its local changes, must not be stored in a local, and must be gone
at the end of the basic block, behind which nothing is known of it. Only blocks are looked at to which execution comes
without an exception.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import compress

from pyasm import isa
from pyasm.code import Instruction
from pyasm.native.units import LABEL
from pyasm.translate import hidden
from pyasm.translate.edit import places, rename_each, where
from pyasm.translate.effects import effects
from pyasm.translate.flow import reached
from pyasm.translate.loaded import BORROWED, LOADING, Follower

_REGIONS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})


def borrow(body: list[Instruction], ops: Sequence[str], dialect: isa.Dialect) -> None:
    """Change the loads in place. `ops` are the mnemonics of the body, here and below."""
    if dialect.empty_hides and hidden.has_empty(places(body, ops)):
        may = hidden.Blocks(body, ops, dialect).all_borrowable()
    else:
        loads = _without_exception(body, ops, dialect, BORROWED)
        owned = Follower(body, ops, dialect).owned(loads, len(ops))
        may = [index for index in loads if index not in owned] if owned else loads
    rename_each(body, may, map(BORROWED.__getitem__, map(ops.__getitem__, may)))


def _without_exception(
    body: Sequence[Instruction], ops: Sequence[str], dialect: isa.Dialect, wanted: Container[str]
) -> list[int]:
    """The indexes of these mnemonics, where execution comes without an exception."""
    found = list(where(ops, wanted))
    if not found or _REGIONS.isdisjoint(ops):
        return found
    reach = reached(body, effects(dialect.name), ops=ops)
    return list(compress(found, map(reach.__getitem__, found)))


def hidden_blocks(body: Sequence[Instruction], ops: Sequence[str], dialect: isa.Dialect) -> dict[int, str]:
    """Where the compiler began a block, as loads that do not borrow show, but no jump: index -> BEGIN or EMPTY."""
    follower = Follower(body, ops, dialect)
    steps = follower.steps
    end, size = 0, len(ops)
    for index in _without_exception(body, ops, dialect, BORROWED):
        if index < end:
            continue
        start = end = index
        while start and not steps[ops[start - 1]].flow:
            start -= 1
        while end < size and not steps[ops[end]].flow:
            end += 1
        end += end < size and ops[end] != LABEL  # what ends a block belongs to it
        loads = [index for index in range(start, end) if ops[index] in LOADING]
        owned = follower.owned(loads, end)
        if any(ops[load] in BORROWED and load not in owned for load in loads):
            return hidden.marks(body, ops, dialect)
    return {}
