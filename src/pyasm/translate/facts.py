"""What is known of mnemonics where straight code is gone back, in a body between a dialect and the portable one."""

from __future__ import annotations

from functools import cache

from pyasm.native.units import LABEL
from pyasm.translate.habits import Habits, habits
from pyasm.translate.rows import PERMUTING, TableRow, rows
from pyasm.typed import NamedTuple

_PAIRS = frozenset({"LOAD_GLOBAL", "LOAD_METHOD", "LOAD_SUPER_ATTR"})
"""Instructions that may leave two entries, for calls alone."""


class Facts(NamedTuple):
    """About the instructions of a body between a dialect and the portable one."""

    rows: dict[str, TableRow]
    changes: dict[str, int]
    """The change of the depth when execution goes on, where it is always the same …"""
    nets: dict[str, int | None]
    """… and the instruction goes on, and only drops some entries and pushes one or none; None for all others."""
    called: dict[str, int]
    """The same of what leaves a callable, whose second entry, if it has one, goes with the first."""
    makers: frozenset[str]
    """What leaves something of its own on top."""
    silent: frozenset[str]
    """What leaves nothing on top."""
    bends: frozenset[str]
    """Labels, and what names one or does not go on."""
    naming: frozenset[str]
    """What names a label."""
    ways: dict[str, tuple[bool, int, bool]]
    """Does it name a label, how does the depth change on the way there, and does it go on?"""
    turns: frozenset[str]
    """What does more with the entries than drop some and push one, but for pairs that only calls take …"""
    reading: frozenset[str]
    """… and that of it which leaves nothing on top of what it reads."""
    idle: frozenset[str]
    """What does nothing with the entries."""
    valueless: frozenset[str]
    """What leaves nothing of its own on top, or more than that."""
    habits: Habits


@cache
def facts(dialect: str, portable: frozenset[str]) -> Facts:
    """Those of a body between this dialect and the portable one."""
    changes, turns, bends = {LABEL: 0}, set(), {LABEL}
    table = rows(dialect, portable)
    for name, row in table.items():
        if not (callable(row.pops) or callable(row.pushes)):
            changes[name] = row.pushes - row.pops
        if row.names_label or not row.goes_on:
            bends.add(name)
        elif name not in _PAIRS and (row.reads != 0 or name in PERMUTING or callable(row.pushes) or row.pushes > 1):
            turns.add(name)
    silent = {LABEL, *(name for name, row in table.items() if row.pushes == 0)}
    nets = {name: change for name, change in changes.items() if name not in turns and name not in bends}
    makers = frozenset(table) - silent - bends - turns | {"LOAD_SPECIAL"}
    reading = frozenset(name for name in turns & silent if table[name].reads != 0)
    idle = frozenset(name for name in nets.keys() & silent if nets[name] == 0)
    return Facts(
        rows=table,
        changes=changes,
        nets={**dict.fromkeys([LABEL, *table]), **nets},
        called={**nets, "LOAD_METHOD": 0, "LOAD_GLOBAL": 1},
        makers=makers,
        silent=frozenset(silent),
        bends=frozenset(bends),
        naming=frozenset(name for name, row in table.items() if row.names_label),
        ways={name: _way(table[name]) for name in bends - {LABEL}},
        turns=frozenset(turns),
        reading=reading,
        idle=idle,
        valueless=frozenset(silent | bends | turns),
        habits=habits(dialect),
    )


def _way(row: TableRow) -> tuple[bool, int, bool]:
    return row.names_label, row.jump_pushes - row.jump_pops if row.names_label else 0, row.goes_on
