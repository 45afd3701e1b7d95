"""Statements with blocks."""

from __future__ import annotations

from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyasm.lang.tree.expressions import Expression, Target
    from pyasm.lang.tree.statements import Block, Name


class If(NamedTuple):
    """The conditions with their blocks, in order, and the block of ELSE."""

    start: int
    end: int
    label: Name | None
    branches: tuple[tuple[Expression, Block], ...]
    orelse: Block | None


class While(NamedTuple):
    """`WHILE condition 'label' { } ELSE { }`"""

    start: int
    end: int
    label: Name | None
    condition: Expression
    body: Block
    orelse: Block | None


class Foreach(NamedTuple):
    """`FOREACH targets IN a, b * c`: `sources` is ((a, b), (c,)), the product of what is zipped.

    There is one target for each source, in order.
    """

    start: int
    end: int
    asynchronous: bool
    label: Name | None
    targets: tuple[Target, ...]
    sources: tuple[tuple[Expression, ...], ...]
    body: Block


class Break(NamedTuple):
    """`BREAK 'label'`"""

    start: int
    end: int
    label: Name | None


class Continue(NamedTuple):
    """`CONTINUE 'label'`"""

    start: int
    end: int
    label: Name | None


class Try(NamedTuple):
    """`TRY { } EXCEPT { } ELSE { } FINALLY { }`"""

    start: int
    end: int
    body: Block
    handlers: tuple[Except, ...]
    orelse: Block | None
    final: Block | None


class Except(NamedTuple):
    """`EXCEPT type -> target { }`; `star`: `EXCEPT *type`. Without a target the exception is dropped."""

    start: int
    end: int
    star: bool
    type: Expression | None
    target: Target | None
    body: Block


class With(NamedTuple):
    """`WITH value -> target, value { }`"""

    start: int
    end: int
    asynchronous: bool
    items: tuple[WithItem, ...]
    body: Block


class WithItem(NamedTuple):
    """One value of a WITH, and where what it gives on entry goes; without a target it is dropped."""

    start: int
    end: int
    value: Expression
    target: Target | None
