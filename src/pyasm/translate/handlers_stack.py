"""Handlers of the versions that have a block stack: theirs are the portable ones, but for the operand of RERAISE.

The operand is 1 where the traceback is to go on from the instruction that raised: at the end of `except … as e`, and
after a with statement. What is handled with one value is said with six here.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.translate.edit import NOTHING, change, instruction, places, put_in, where
from pyasm.translate.handlers_lift import is_unbinding
from pyasm.typed import Any

_RERAISE = frozenset({"RERAISE"})
LOWERED = frozenset({"SETUP_CLEANUP", "RERAISE", "RERAISE_VALUE"})
"""What lowering deals with."""


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Drop the operands of RERAISE."""
    body = code.rows
    change(code, ops, {index: [instruction("RERAISE", None, body[index][2])] for index in where(ops, _RERAISE)})
    return NOTHING


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Give RERAISE its operand, and handlers that want one value what they want."""
    body = code.rows
    edits: dict[int, list[Row]] = {}
    labels = places(body, ops) if "SETUP_CLEANUP" in ops else {}
    for index in where(ops, LOWERED):
        op, arg, position = body[index]
        if op == "RERAISE":
            edits[index] = [_reraise(dialect, _goes_on(body, index), position)]
        elif op == "RERAISE_VALUE":
            edits[index] = [*_instructions(_SIX, position), _reraise(dialect, 0, position)]
        else:
            edits[index] = [instruction("SETUP_FINALLY", arg, position)]
            at = labels[arg]
            edits[at] = [body[at], *_instructions(_ONE, None)]
    return put_in(code, ops, edits)


_ONE = (
    ("POP_TOP", None),
    ("ROT_TWO", None),
    ("POP_TOP", None),
    ("ROT_FOUR", None),
    ("POP_EXCEPT", None),
    ("LOAD_CONST", None),
    ("ROT_TWO", None),
)
"""From six values to a place and the exception, out of the handler."""
_SIX = (
    ("DUP_TOP", None),
    ("LOAD_ATTR", "__traceback__"),
    ("ROT_TWO", None),
    ("DUP_TOP", None),
    ("LOAD_ATTR", "__class__"),
)
"""From an exception to traceback, exception, type."""


def _instructions(words: Sequence[tuple[str, Any]], position: Any) -> list[Row]:
    return [instruction(op, arg, position) for op, arg in words]


def _reraise(dialect: isa.Dialect, goes_on: int, position: Any) -> Row:
    return instruction("RERAISE", goes_on if dialect.opcodes["RERAISE"].operand == "number" else None, position)


def _goes_on(body: Sequence[Row], index: int) -> int:
    """The operand of a RERAISE."""
    if index >= 3 and is_unbinding(body, index - 3):
        return 1
    index -= 1
    if index < 1 or body[index][0] != "POP_JUMP_IF_TRUE":
        return 0
    if body[index - 1][0] == "YIELD_FROM":
        index -= 3
    return int(body[index - 1][0] == "WITH_EXCEPT_START")
