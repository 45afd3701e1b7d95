"""Handlers of the versions that have a block stack: theirs are the portable ones, but for the operand of RERAISE."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code


def lift(code: Code, dialect: isa.Dialect) -> None:
    """Nothing yet."""


def lower(code: Code, dialect: isa.Dialect) -> None:
    """Nothing yet."""
