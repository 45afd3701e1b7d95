"""The machine of each dialect: what it has found out of instructions is kept from one program to the next."""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.typed import NamedTuple
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


class Traits(NamedTuple):
    """What is true of all code objects of a dialect."""

    dialect: isa.Dialect
    rows: dict[str, isa.Opcode]
    joint: bool
    """Has each variable one place, whether with a cell or without?"""
    made: bool
    """Does a call make the cells, before the first instruction?"""
    unchecked: bool
    """Do some instructions take it for granted that a variable has a value?"""
    loop_ends: dict[str, list[str]]
    """What must stand at the label of a loop: it goes on behind some of it."""


@cache
def traits(dialect_name: str) -> Traits:
    """Those of a dialect. TargetError when there is none."""
    dialect = isa.load(dialect_name)
    rows = dialect.opcodes
    joint = dialect.variables == "joint" or dialect_name == isa.PORTABLE
    return Traits(dialect, rows, joint, "COPY_FREE_VARS" not in rows, "LOAD_FAST_CHECK" in rows, _loop_ends(rows))


def _loop_ends(rows: dict[str, isa.Opcode]) -> dict[str, list[str]]:
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
