"""The machine of each dialect: what it has found out of instructions is kept from one program to the next."""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.verifier import acts, context
from pyasm.verifier.rules import RULES
from pyasm.verifier.stack import Machine

_KEPT = 50_000
"""So many steps are kept from one program to the next."""
_machines: dict[tuple[str, bool], Machine] = {}


def machine(dialect_name: str, tracked: bool) -> Machine:
    """The machine of a dialect, with or without following local variables: a new one when the last knows too much."""
    found = _machines.get((dialect_name, tracked))
    if found is None or found.steps > _KEPT:
        found = _machines[dialect_name, tracked] = _new_machine(dialect_name, tracked)
    return found


def forget() -> None:
    """Drop all that is known from one program to the next, to measure what starts from nothing."""
    _machines.clear()


def _new_machine(dialect_name: str, tracked: bool) -> Machine:
    dialect = isa.load(dialect_name)
    found = {**acts.CELLS, **context.ALWAYS}
    if dialect.blocks == "stack":
        found.update(context.STACKED)
    if tracked:
        found.update(acts.TRACKED)
    if dialect_name == isa.PORTABLE:
        found.update(context.PORTABLE)
    return Machine(dialect, RULES, found)


@cache
def loop_ends(dialect_name: str) -> dict[str, list[str]]:
    """What must stand at the label of a loop: it goes on behind some of it."""
    rows = isa.load(dialect_name).opcodes
    ends: dict[str, list[str]] = {"FOR_ITER": [], "SEND": ["END_SEND"] if "END_SEND" in rows else []}
    if "END_FOR" in rows:
        drop = (
            ["POP_ITER"]
            if "POP_ITER" in rows
            else ["POP_TOP"]
            if isa.effects(rows["END_FOR"].stack).pops(0) == 1
            else []
        )
        ends["FOR_ITER"] = ["END_FOR", *drop]
    return ends
