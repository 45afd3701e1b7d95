"""The constructs that programs are made of: each a function that emits one, in a table by what it is for."""

from __future__ import annotations

from collections.abc import Callable

from pyasm import isa
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyasm.smith.frame import Frame

Maker = Callable[..., None]


class Construct(NamedTuple):
    """One construct: `make(frame, depth)` emits it."""

    name: str
    kind: str
    """`statement`, which leaves the stack as it was, or the type of the value that it pushes."""
    make: Maker
    weight: float
    leaf: bool
    """Has it no expressions or statements within?"""
    where: Callable[[Frame], Any]
    """May it be in this frame, as this now is?"""
    since: str
    """The first version that can express it."""


CONSTRUCTS: dict[str, Construct] = {}
"""Name -> construct."""


def construct(
    kind: str,
    weight: float = 1,
    *,
    leaf: bool = False,
    needs: str = "NOP",
    where: Callable[[Frame], Any] = lambda frame: True,
) -> Callable[[Maker], Maker]:
    """Enters a function in the table. `needs` is the instruction that came last to the portable set."""

    def enter(make: Maker) -> Maker:
        name = make.__name__
        CONSTRUCTS[name] = Construct(name, kind, make, weight, leaf, where, isa.expressing(needs)[0])
        return make

    return enter
