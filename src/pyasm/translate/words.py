"""words: the instructions that differ by their names, their operands, or a few neighbours: one walk for all of them."""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from pyasm import isa
from pyasm.code import Code
from pyasm.translate import constants, jumps, longhand, names
from pyasm.translate.edit import opcode
from pyasm.translate.peephole import Peephole, Rules

CONSTRUCTS = (constants, jumps, names)


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _lifting(dialect.name).keys() | longhand.lifting(dialect.name).keys()


def lift(code: Code, dialect: isa.Dialect) -> None:
    """To the portable words."""
    present = set(map(opcode, code.body))
    longhand.lift(code, dialect, present)
    rules = _lifting(dialect.name)
    if not rules.keys().isdisjoint(present):
        Peephole(code, dialect).run(rules)


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    own, name = _lowering(dialect.name), dialect.name
    return own.keys() | longhand.lowering(name).keys() | names.lacking(name).keys()


def lower(code: Code, dialect: isa.Dialect) -> None:
    """To those of the dialect, its compiler's choice; TargetError for what it has no words for."""
    present = set(map(opcode, code.body))
    names.refuse(code, dialect, present)
    longhand.lower(code, dialect, present)
    rules = _lowering(dialect.name)
    if not rules.keys().isdisjoint(present):
        Peephole(code, dialect).run(rules)


@cache
def _lifting(name: str) -> Rules:
    return _together([each.lifting(name) for each in CONSTRUCTS])


@cache
def _lowering(name: str) -> Rules:
    return _together([each.lowering(name) for each in CONSTRUCTS])


def _together(parts: list[Rules]) -> Rules:
    found: Rules = {}
    for rules in parts:
        assert found.keys().isdisjoint(rules), "two constructs have rules for one mnemonic"
        found.update(rules)
    return found
