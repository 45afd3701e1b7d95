"""The order in which the labels of a code object are best walked: each behind all that lead to it, loops aside.

Mostly that of the instructions is as good. Where handlers stand far behind what they lead back to, it is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.verifier.walk import Walk


def ranks(walk: Walk) -> dict[int, int]:
    """Index of each label, and of the beginning, -> its rank, the first one the least."""
    found: list[int] = []
    seen = {0}
    ways = [(0, _following(walk, 0))]
    while ways:
        start, following = ways[-1]
        index = next(following, -1)
        if index < 0:
            found.append(start)
            ways.pop()
        elif index not in seen:
            seen.add(index)
            ways.append((index, _following(walk, index)))
    return {index: -place for place, index in enumerate(found)}


def _following(walk: Walk, start: int) -> Iterator[int]:
    """The labels that come next on some way from one of them."""
    region = walk.regions.get(start)
    if region is not None:
        yield region.target
    for index in range(start + (walk.ops[start : start + 1] == [LABEL]), len(walk.ops)):
        op = walk.ops[index]
        if op == LABEL:
            yield index
            return
        row = walk.rows.get(op)
        if row is not None and row.operand in JUMPS and row.flow != "next":
            target = walk.labels.get(walk.args[index])
            if target is not None:
                yield target
        if row is None or row.flow in ("jump", "return", "raise"):
            return
