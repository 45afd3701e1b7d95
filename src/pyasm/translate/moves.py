"""Instructions that only move, copy or drop entries of the stack, and what they become for entries of other widths."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Row
from pyasm.translate.edit import instruction
from pyasm.typed import Any

_ROTATIONS = {2: "ROT_TWO", 3: "ROT_THREE", 4: "ROT_FOUR"}
PERMUTATIONS: dict[str, tuple[int, list[int]]] = {
    "POP_TOP": (1, []),
    "ROT_TWO": (2, [1, 0]),
    "ROT_THREE": (3, [2, 0, 1]),
    "ROT_FOUR": (4, [3, 0, 1, 2]),
    "DUP_TOP": (1, [0, 0]),
    "DUP_TOP_TWO": (2, [0, 1, 0, 1]),
}

MOVING = frozenset({*PERMUTATIONS, "COPY", "SWAP", "ROT_N"})
"""The instructions that `permutation` knows."""


def permutation(op: str, arg: Any) -> tuple[int, list[int]] | None:
    """Of an instruction that only moves, copies or drops entries: how many, and which of them it leaves."""
    if op in PERMUTATIONS:
        return PERMUTATIONS[op]
    if type(arg) is not int or not 0 < arg <= isa.DEEPEST:
        return None
    if op == "COPY":
        return arg, [*range(arg), 0]
    if op == "SWAP":
        return arg, [arg - 1, *range(1, arg - 1), 0] if arg > 1 else [0]
    return (arg, [arg - 1, *range(arg - 1)]) if op == "ROT_N" else None


def moved(each: Row, taken: int, left: Sequence[int], widths: Sequence[int]) -> list[Row]:
    """The instructions that do with entries of these widths what a permutation does with entries of one."""
    if all(width == 1 for width in widths):
        return [each]
    starts = [sum(widths[:i]) for i in range(taken)]
    target = [starts[i] + j for i in left for j in range(widths[i])]
    position = each[2]
    return [instruction(op, arg, position) for op, arg in _moves(sum(widths), target)]


def _moves(count: int, target: list[int]) -> list[tuple[str, Any]]:
    """Instructions after which these of `count` entries are left."""
    source = list(range(count))
    if target == source[: len(target)]:
        return [("POP_TOP", None)] * (count - len(target))
    if target[:count] == source:
        more = target[count:]
        if more == [count - 1]:
            return [("DUP_TOP", None)]
        if more == [count - 2, count - 1]:
            return [("DUP_TOP_TWO", None)]
        return [("COPY", count - each + i) for i, each in enumerate(more)]
    for top in range(1, count):
        if target == source[-top:] + source[:-top]:
            return rotation(count) * top
    return _swaps(target)


def rotation(count: int) -> list[tuple[str, Any]]:
    """Move the top entry below the next count - 1."""
    if count in _ROTATIONS:
        return [(_ROTATIONS[count], None)]
    return [("SWAP", n) for n in range(count, 1, -1)]


def _swaps(target: Sequence[int]) -> list[tuple[str, Any]]:
    """Any order of the entries, by exchanging the top with another: each exchange brings one to its place."""
    now = list(range(len(target)))
    moves: list[tuple[str, Any]] = []

    def exchange(place: int) -> None:
        moves.append(("SWAP", len(now) - place) if len(now) - place > 2 else ("ROT_TWO", None))
        now[place], now[-1] = now[-1], now[place]

    for place in range(len(now) - 1):
        if now[place] != target[place]:
            if now[-1] != target[place]:
                exchange(now.index(target[place]))
            exchange(place)
    return moves
