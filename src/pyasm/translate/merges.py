"""merges: DICT_MERGE that is for no call, as hand-written code has it.

In portable code it merges two mappings, whatever stands below them. Interpreters look for a callable there, since they
name it when a key comes twice. Where there is none, something stands in for it meanwhile.
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import TargetError
from pyasm.translate.edit import NOTHING, put_in, where
from pyasm.translate.kinds import Walk
from pyasm.typed import Any

MERGES = frozenset({"DICT_MERGE"})
_BETWEEN = 3
"""How many entries beside those between the dict and the mapping there are with a callable: it, its arguments, …"""
_ALONE: tuple[tuple[str, Any], ...] = (
    ("LOAD_CONST", "DICT_MERGE"),
    ("LOAD_CONST", None),
    ("ROT_FOUR", None),
    ("ROT_FOUR", None),
    ("DICT_MERGE", 1),
    ("ROT_THREE", None),
    ("POP_TOP", None),
    ("POP_TOP", None),
)
"""Of a dict and the mapping on it: with a name and arguments below them."""


def complete(code: Code, ops: list[str]) -> Set[str]:
    """Give each of a portable body its callable. The mnemonics of what does so; `ops` are those of the body."""
    walk = Walk(code.rows, ops, code.qualname, isa.PORTABLE)
    try:
        walk.run()
    except TargetError:  # a pass that finds this as well says what is wrong
        return NOTHING
    is_for_calls = "CALL_FUNCTION_EX" in ops
    edits = {}
    for index in where(ops, MERGES):
        state = walk.states.get(index)
        count = code.rows[index][1]
        if state is not None and not (is_for_calls and len(state[1]) >= count + _BETWEEN):
            edits[index] = _alone(count, code.rows[index][2])
    return put_in(code, ops, edits)


def _alone(count: int, position: Any) -> list[Row]:
    """The same without a callable: the dict comes next to the mapping, if it is further away."""
    words = _ALONE
    if count > 1:
        words = (("COPY", count + 1), ("ROT_TWO", None), *_ALONE, ("POP_TOP", None))
    return [(op, arg, position) for op, arg in words]
