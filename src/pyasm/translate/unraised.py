"""Handlers of regions in which nothing can raise: `try: pass`. A table has no entry for them, but the code is there.

Such a handler begins with PUSH_EXC_INFO like any other, and the region of its cleanup tells how deep the stack is. It
gets an empty region, `SETUP_FINALLY L; POP_BLOCK`, where its `try` was, as far as positions tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyasm.code import Code, Handler, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, instruction, places, rewrite
from pyasm.translate.effects import Effects
from pyasm.translate.regions import Regions
from pyasm.typed import Any


def add_entries(code: Code, regions: Regions, table: Effects) -> bool:
    """Give each such handler a label and an entry of no size; was there one?"""
    body, ops = code.rows, regions.ops
    known = {regions.first[target] for target in regions.setups}
    lost = [i for i in regions.others["PUSH_EXC_INFO"] if i not in known and not _falls_into(ops, i, table)]
    if not lost:
        return False
    cleanups = _covering(code, regions.labels, lost)
    new_label = Labels(body, taken=regions.labels).new
    found = {index: new_label() for index in lost if index in cleanups}
    code.rows = rewrite(body, {index: [instruction(LABEL, name), body[index]] for index, name in found.items()})
    code.handlers += [Handler(name, name, name, cleanups[index] - 1) for index, name in found.items()]
    return bool(found)


def _falls_into(ops: Sequence[str], index: int, table: Effects) -> bool:
    """Does a way without exceptions lead to this instruction?"""
    index -= 1
    while index >= 0 and ops[index] == LABEL:
        index -= 1
    return index < 0 or ops[index] not in table.ends


def _covering(code: Code, labels: dict[Any, int], lost: Sequence[int]) -> dict[int, int]:
    """Index of a handler's first instruction -> the depth that the entry of its cleanup keeps.

    PUSH_EXC_INFO itself is in no region, or in that around; what comes behind it is in that of the cleanup.
    """
    found: dict[int, int] = {}
    for start, end, _, depth, lasti in code.handlers:
        if lasti:
            for index in lost:
                if labels[start] <= index + 1 < labels[end] or labels[start] == index:
                    found[index] = depth
    return found


def by_depth(body: Sequence[Row], handlers: Sequence[Handler], table: Effects) -> dict[int, list[int]]:
    """Depth of the stack -> the instructions behind which it is that deep, where execution just goes on."""
    labels = places(body)
    found: dict[int, list[int]] = {}
    seen = bytearray(len(body))
    pending = [(labels[each.target], each.depth + 1 + each.lasti) for each in handlers]
    pending.append((0, 0))
    while pending:
        index, depth = pending.pop()
        while index < len(body) and not seen[index]:
            seen[index] = 1
            op, arg, _ = body[index]
            if op != LABEL:
                following, jumped = table.step(op, arg, depth)
                if jumped is not None:
                    pending.append((labels[arg], jumped))
                if following is None:
                    break
                depth = following
                if jumped is None:
                    found.setdefault(depth, []).append(index)
            index += 1
    return found


def place(body: Sequence[Row], handler: int, fitting: Sequence[int]) -> int | None:
    """Of these indexes, the one where the `try` of a handler was: NOP or other instruction of the last line in front
    of that of the handler."""
    line = next((each[2][0] for each in body[handler + 1 :] if each[2] is not None and each[2][0] is not None), None)
    best, found = None, None
    for index in fitting:
        op, _, position = body[index]
        own = position[0] if position is not None else None
        key = (own is not None and line is not None and own <= line, op == "NOP", op in _ENDS, own or 0, index)
        if best is None or key > best:
            best, found = key, index
    return found


_ENDS = frozenset({"POP_TOP", "STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR", "STORE_SUBSCR"})
"""Instructions that end statements."""
