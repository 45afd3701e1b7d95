"""Iterators that are two entries, as in 3.15."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code


def lift(code: Code, dialect: isa.Dialect) -> None:
    """Nothing yet."""


def lower(code: Code, dialect: isa.Dialect) -> None:
    """Nothing yet."""
