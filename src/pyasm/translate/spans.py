"""Spans: which neighbouring instructions do one thing to the stack, such as pushing one entry."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm.code import Row
from pyasm.native.units import LABEL
from pyasm.translate.effects import Effects, number
from pyasm.typed import Any


def start_of_entry(body: Sequence[Row], end: int, table: Effects) -> int | None:
    """Index where the instructions begin that push the top entry there is in front of index `end`.

    None when that is not one straight run of instructions.
    """
    wanted = 1
    for index in range(end - 1, -1, -1):
        op, arg, _ = body[index]
        row = table.rows.get(op)
        if op == LABEL or row is None or row.flow not in ("next", "yield"):
            return None
        n = number(arg)
        net = row.net(n)
        if net + row.pops(n) > wanted:
            return None
        wanted -= net
        if wanted == 0:
            return index
    return None


def end_of_entry(body: Sequence[Row], start: int, consumer: str, table: Effects) -> int | None:
    """Index of the instruction `consumer` that reads the one entry which is pushed from index `start` on.

    None when other instructions read it, or what is below, or when that is not one straight run of instructions.
    """
    depth = 0
    for index in range(start, len(body)):
        op, arg, _ = body[index]
        if op == consumer and depth == 1:
            return index
        row = table.rows.get(op)
        if op == LABEL or row is None or row.flow not in ("next", "yield"):
            return None
        n = number(arg)
        if row.pops(n) > depth:
            return None
        depth += row.net(n)
    return None


def replaces_entry(body: Sequence[Row], start: int, stop: int, table: Effects) -> bool:
    """Do the instructions from `start` up to `stop` leave one entry in place of the top one, and the rest alone?

    They may jump, but only among themselves, and nobody else may jump into them; handlers may be elsewhere.
    """
    depths: dict[str, int] = {}
    depth: int | None = 1
    for index in range(start, stop):
        op, arg, _ = body[index]
        if op == LABEL:
            depth = depths.setdefault(arg, depth) if depth is not None else depths.get(arg)
        row = table.rows.get(op)
        if depth is None or op == LABEL:
            continue
        if row is None or row.pops(number(arg)) > depth:
            return False
        depth, jumped = table.step(op, arg, depth)
        if jumped is not None and row.flow != "setup" and depths.setdefault(arg, jumped) != jumped:
            return False
    return depth == 1 and _is_closed(body, start, stop, table)


def _is_closed(body: Sequence[Row], start: int, stop: int, table: Effects) -> bool:
    inside: set[Any] = set()
    outside: set[Any] = set()
    marks = {arg for op, arg, _ in body[start:stop] if op == LABEL}
    for index, (op, arg, _) in enumerate(body):
        row = table.rows.get(op)
        if row is not None and row.names_label and row.flow != "setup":
            (inside if start <= index < stop else outside).add(arg)
    return inside <= marks and not outside & marks
