"""words: the instructions that differ by their names, their operands, or a few neighbours: one walk for all of them."""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import cache

from pyasm import isa
from pyasm.code import Code
from pyasm.translate import constants, jumps, longhand, names
from pyasm.translate.edit import NOTHING, where
from pyasm.translate.peephole import Peephole, Rules
from pyasm.typed import NamedTuple

CONSTRUCTS = (constants, jumps, names)


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _lifting(dialect.name).all


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To the portable words."""
    return _translate(code, ops, dialect, _lifting(dialect.name), longhand.lift)


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _lowering(dialect.name).all


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To those of the dialect, its compiler's choice; TargetError for what it has no words for."""
    return _translate(code, ops, dialect, _lowering(dialect.name), _lower_rest)


def _lower_rest(code: Code, ops: list[str], dialect: isa.Dialect, present: Set[str]) -> None:
    names.refuse(code, dialect, present)
    longhand.lower(code, ops, dialect, present)


def _translate(code: Code, ops: list[str], dialect: isa.Dialect, words: _Words, rest: _Rest) -> Set[str]:
    """What more is done than rules can say, where there is something of it; then the rules."""
    found = list(where(ops, words.all))
    present = words.rest.intersection(map(ops.__getitem__, found))
    if present:
        rest(code, ops, dialect, present)
        found = list(where(ops, words.rules))
    if found:
        Peephole(code, ops, dialect).run(found, words.rules)
    return NOTHING


_Rest = Callable[[Code, "list[str]", isa.Dialect, Set[str]], None]


class _Words(NamedTuple):
    """What one direction deals with."""

    rules: Rules
    rest: frozenset[str]
    """The mnemonics that more is done about than rules can say."""
    all: frozenset[str]


@cache
def _lifting(name: str) -> _Words:
    return _together([each.lifting(name) for each in CONSTRUCTS], longhand.lifting(name).keys())


@cache
def _lowering(name: str) -> _Words:
    rest = longhand.lowering(name).keys() | names.lacking(name).keys()
    return _together([each.lowering(name) for each in CONSTRUCTS], rest)


def _together(parts: list[Rules], rest: Set[str]) -> _Words:
    found: Rules = {}
    for rules in parts:
        assert found.keys().isdisjoint(rules), "two constructs have rules for one mnemonic"
        found.update(rules)
    return _Words(found, frozenset(rest), frozenset(found.keys() | rest))
