"""smith: random programs in portable assembly that are valid, end, and print the same on every version.

`shrink` makes a program small, of whatever kind it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyasm import isa
from pyasm.code import Code
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

SIZE = 150


def program(
    seed: int | random.Random, *, size: int = SIZE, since: str | None = None, weights: Mapping[str, float] | None = None
) -> Code:
    """A random program: a module that prints what it does and raises nothing. The same seed gives the same program.

    `size` is about how many constructs it has. `since` is the first version that has to run it, by default the first
    there is. `weights` are how often constructs are chosen, by their names, see the function `weights`; 0 is never.
    TargetError for an unknown version, AssemblyError for an unknown construct.
    """
    from pyasm.smith.making import Program

    return Program(seed, size, since or isa.names()[0], weights or {}).code()


def programs(*, size: int = SIZE, since: str | None = None, weights: Mapping[str, float] | None = None) -> Any:
    """A hypothesis strategy for programs: it draws seed and size, and shrinks to small ones."""
    from hypothesis import strategies

    def made(seed: int, limit: int) -> Code:
        return program(seed, size=limit, since=since, weights=weights)

    return strategies.builds(made, strategies.integers(0, 2**32 - 1), strategies.integers(1, size))


def weights() -> dict[str, float]:
    """The names of all constructs, with their weights."""
    from pyasm.smith import making
    from pyasm.smith.constructs import CONSTRUCTS

    assert making.ROOMS  # they fill the table
    return {each.name: each.weight for each in CONSTRUCTS.values()}
