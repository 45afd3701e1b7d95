"""returns: a RETURN_VALUE with more on the stack than the value, as hand-written code has it in a loop.

Compilers leave nothing behind, and interpreters count on it: some would keep what is left, or stop.
"""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.translate.edit import instruction, opcode, rewrite
from pyasm.translate.kinds import VALUE, SparseWalk, State
from pyasm.typed import Any

_SETUPS = ("SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH", "SETUP_ASYNC_WITH")
_RAISED = ("raised", None)


def cleaned(code: Code) -> list[Instruction]:
    """The portable body, with what is below a value dropped before it is returned.

    Not what a handler finds: that is for POP_EXCEPT. Where it is not certain what is on the stack, nothing is dropped.
    """
    body = code.body
    if "RETURN_VALUE" not in map(opcode, body):
        return body
    walk = _Depths(code)
    try:
        walk.run()
    except TargetError:
        return body
    edits = {}
    for index, each in enumerate(body):
        state = walk.states.get(index) if each[0] == "RETURN_VALUE" else None
        below = state.stack[:-1] if state is not None else ()
        if below and _RAISED not in below:
            drop = [instruction(op, None, each[2]) for op in ("ROT_TWO", "POP_TOP")]
            edits[index] = [*drop * len(below), each]
    return rewrite(body, edits)


class _Depths(SparseWalk):
    """What is on the stack: values, and what handlers find."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.body, code.qualname, isa.PORTABLE)
        self.specials = {**dict.fromkeys(_SETUPS, self.setup), "RETURN_VALUE": self.end}

    def end(self, index: int, operand: Any, state: State) -> tuple[State | None, State | None]:
        return self.transfer(index, self.body[index], state)

    def setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        following, handler = self.transfer(index, self.body[index], state)
        if handler is None:
            return following, None
        count = self.rows[self.body[index][0]].jumped(0)
        kept = handler.stack[: len(handler.stack) - count]
        return following, State(None, (*kept, *[_RAISED] * count))

    def merge_kinds(self, old: State, new: State) -> State:
        """A value may be what a handler finds."""
        stack: tuple[Any, ...] = tuple(_RAISED if _RAISED in (a, b) else VALUE for a, b in zip(old.stack, new.stack))
        return old if stack == old.stack else State(None, stack)
