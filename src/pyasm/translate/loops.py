"""loops: FOR_ITER, delegations (YIELD_FROM), `async for`, GET_AWAITABLE."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code
from pyasm.translate import delegations


def lift(code: Code, dialect: isa.Dialect) -> None:
    """Native loops to portable ones."""
    delegations.lift(code, dialect)


def lower(code: Code, dialect: isa.Dialect) -> None:
    """Portable loops to native ones."""
    delegations.lower(code, dialect)
