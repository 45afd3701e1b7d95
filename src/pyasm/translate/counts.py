"""Operands that count the entries which an instruction moves or leaves: translation makes as many of something."""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import Finding, TargetError, shown
from pyasm.translate.edit import NOTHING, where
from pyasm.translate.effects import effects, number


@cache
def pushing(name: str) -> frozenset[str]:
    """The mnemonics, of a dialect and the portable ones, of instructions that push as many entries as they say."""
    return frozenset(op for op in moving(name) if effects(name).rows[op].net(9) > 1)


@cache
def moving(name: str) -> frozenset[str]:
    """Of those that leave as many, pushed or not."""
    rows = [row for table in (isa.PORTABLE, name) for row in isa.load(table).opcodes.values()]
    return frozenset(row.name for row in rows if row.operand == "number" and "[" in row.stack.partition("--")[2])


def refuse(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """TargetError for those that say more than a stack may have."""
    rows = effects(dialect.name).rows
    findings = []
    for index in where(ops, moving(dialect.name)):
        op, arg, _ = code.rows[index]
        n = number(arg)
        if max(rows[op].pops(n), rows[op].net(n)) > isa.DEEPEST:
            place = f"{code.qualname}, instruction {index} ({op})"
            findings.append(Finding(f"{shown(arg)} is more than the {isa.DEEPEST} entries of a stack", place))
    if findings:
        raise TargetError(findings)
    return NOTHING
