"""merges: DICT_MERGE that is for no call, as hand-written code has it.

In portable code it merges two mappings, whatever stands below them. Interpreters look for a callable there, since they
name it when a key comes twice. Where there is none, something stands in for it meanwhile.
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import Finding, TargetError
from pyasm.translate.edit import NOTHING, put_in, where
from pyasm.translate.kinds import Walk
from pyasm.typed import Any

MERGES = frozenset({"DICT_MERGE"})
_BETWEEN = 3
"""How many entries beside those between the dict and the mapping there are with a callable: it, its arguments, …"""
_NEAR, _FAR = 2, frozenset({"COPY", "ROT_N"})
"""Without one of these instructions, entries further away are moved as those of tuples."""
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


def complete(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Give each of a portable body its callable. The mnemonics of what does so; `ops` are those of the body.

    TargetError where the dict is so far away that the dialect cannot bring it near as a dict.
    """
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
            if count > _NEAR and _FAR.isdisjoint(dialect.opcodes):
                message = f"{dialect.name} can only express DICT_MERGE {count} for the arguments of a call"
                raise TargetError(Finding(message, f"{code.qualname}, instruction {index}"))
            edits[index] = _alone(count, code.rows[index][2])
    return put_in(code, ops, edits)


def _alone(count: int, position: Any) -> list[Row]:
    """The same without a callable: the dict comes next to the mapping, if it is further away."""
    words = _ALONE
    if count > 1:
        words = (("COPY", count + 1), ("ROT_TWO", None), *_ALONE, ("POP_TOP", None))
    return [(op, arg, position) for op, arg in words]
