"""returns: a RETURN_VALUE with more on the stack than the value, as hand-written code has it in a loop.

Compilers leave nothing behind, and interpreters count on it: some would keep what is left, or stop.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import accumulate
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import TargetError
from pyasm.native.units import LABEL
from pyasm.translate.edit import NOTHING, instruction, put_in, where
from pyasm.translate.effects import effects, number
from pyasm.translate.kinds import VALUE, SparseWalk, State
from pyasm.typed import Any

_SETUPS = ("SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH", "SETUP_ASYNC_WITH")
_RAISED = ("raised", None)


def clean(code: Code, ops: list[str]) -> Set[str]:
    """Let a portable body drop what is below a value before it is returned. The mnemonics of what does so.

    Not what a handler finds: that is for POP_EXCEPT. Where it is not certain what is on the stack, nothing is dropped.
    `ops` are the mnemonics.
    """
    body = code.rows
    walk = _Depths(code, ops)
    try:
        walk.run()
    except TargetError:
        return NOTHING
    edits = {}
    for index, each in enumerate(body):
        state = walk.states.get(index) if each[0] == "RETURN_VALUE" else None
        below = state[1][:-1] if state is not None else ()
        if below and _RAISED not in below:
            position = each[2]
            if body[index - 1][0] == "LOAD_CONST":
                edits[index - 1] = [*[instruction("POP_TOP", None, position)] * len(below), body[index - 1]]
            else:
                drop = [instruction(op, None, position) for op in ("ROT_TWO", "POP_TOP")]
                edits[index] = [*drop * len(below), each]
    return put_in(code, ops, edits)


def is_clean(body: list[Row], ops: list[str]) -> bool:
    """Is there nothing but the value at each RETURN_VALUE, and are there ways to all instructions?

    False also where counting from top to bottom cannot tell. `ops` are the mnemonics.
    """
    table = effects(isa.PORTABLE)
    if not table.following.keys() >= set(ops):
        return False
    sums = list(accumulate(table.changed(body, ops), initial=0))
    known: dict[str, int] = {}
    """Label -> the depth there."""
    base: int | None = 0
    """What the sums lack of the depth; None in code that nothing above leads to."""
    for index in where(ops, table.turns):
        op, arg, _ = body[index]
        if op == LABEL:
            if base is None:
                base = known[arg] - sums[index] if arg in known else None
            elif known.setdefault(arg, base + sums[index]) != base + sums[index]:
                return False
        elif base is None:
            return False
        else:
            depth = base + sums[index]
            if op == "RETURN_VALUE" and depth != 1:
                return False
            if op in table.naming:
                there = depth + table.rows[op].jump(number(arg))
                if known.setdefault(arg, there) != there:
                    return False
            if op in table.ends:
                base = None
    return base is None


class _Depths(SparseWalk):
    """What is on the stack: values, and what handlers find."""

    def __init__(self, code: Code, ops: Sequence[str]) -> None:
        super().__init__(code.rows, ops, code.qualname, isa.PORTABLE)

    def end(self, index: int, operand: Any, state: State) -> tuple[State | None, State | None]:
        return self.transfer(index, self.body[index], state)

    def setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        following, handler = self.transfer(index, self.body[index], state)
        if handler is None:
            return following, None
        count = self.rows[self.body[index][0]].jumped(0)
        kept = handler[1][: len(handler[1]) - count]
        return following, (None, (*kept, *[_RAISED] * count))

    def merge_kinds(self, old: State, new: State) -> State:
        """A value may be what a handler finds."""
        stack: tuple[Any, ...] = tuple(_RAISED if _RAISED in (a, b) else VALUE for a, b in zip(old[1], new[1]))
        return old if stack == old[1] else (None, stack)

    specials = MappingProxyType({**dict.fromkeys(_SETUPS, setup), "RETURN_VALUE": end})
