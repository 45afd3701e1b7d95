"""`%`: which of the values on the stack each one in a statement stands for.

The plain ones of a statement take the topmost values, the leftmost the deepest of them; `%n` takes the one that is n
below the top, whatever else is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyasm.lang import tree
from pyasm.lang.scopes import NODES, left_spine
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.lang.frame import Frame

IMPLICIT = -1
"""The key of the value that a statement takes without a `%`, as STORE does."""


def claim_statement(frame: Frame, statement: Any) -> None:
    """Find the values of the `%` in a statement, as far as it evaluates them at its beginning, and once."""
    frame.tops = {}
    kind = type(statement)
    parts = _FIRST.get(kind)
    implicit = statement if kind in IMPLYING and statement.value is None else None
    if parts is not None:
        claim(frame, parts(statement), implicit)
    elif implicit is not None or frame.unit.origins or frame.unit.text.find("%", statement.start, statement.end) >= 0:
        claim(frame, (statement,), implicit)


def claim(frame: Frame, nodes: tuple[Any, ...], implicit: Any) -> None:
    """Note the places of the values of all `%` in the nodes."""
    frame.tops = {}
    found = sorted((top for node in nodes for top in find(node)), key=_start)
    wanted: list[tuple[int, Any, int]] = [(id(top), top, top.depth) for top in found]
    if implicit is not None:
        wanted.append((IMPLICIT, implicit, 0))
    if not wanted:
        return
    taken = {depth for _, _, depth in wanted if depth}
    plain = sum(not depth for _, _, depth in wanted)
    free = [depth for depth in range(plain + len(taken) + 1) if depth not in taken][:plain]
    seen: set[int] = set()
    deepest: tuple[int, Any] = (-1, None)
    for key, top, depth in wanted:
        if not depth:
            depth = free.pop()
        elif depth in seen:
            frame.wrong(top, f"%{depth} is taken twice", "store the value in a variable")
        seen.add(depth)
        frame.tops[key] = frame.depth - 1 - depth
        if depth > deepest[0]:
            deepest = depth, top
    check(frame, deepest[1], deepest[0] + 1)


def _start(top: Any) -> int:
    start: int = top.start
    return start


def check(frame: Frame, node: Any, count: int) -> None:
    """Note an error when there are fewer values on the stack."""
    there = max(0, frame.depth - frame.floor)
    if not frame.reached or count <= there:
        return
    if there:
        message = f"there {'is only 1 value' if there == 1 else f'are only {there} values'} on the stack"
    else:
        message = "the stack is empty"
    inside = "; what the blocks around keep there is not counted" if frame.floor else ""
    frame.wrong(node, f"{message} here{inside}", f"{count} {'is' if count == 1 else 'are'} needed")


def find(node: Any) -> Iterator[Any]:
    """The `%` in a node that are values, blocks and functions in it left out."""
    if type(node) is tree.Top:
        yield node
        return
    if type(node) is tree.Binary:
        for operand in left_spine(node):
            yield from find(operand)
        return
    for name, child in zip(node._fields, node):
        kind = type(child)
        if kind is tuple:
            yield from _each(child, name in _TARGETS or (type(node) is tree.Targets))
        elif kind in NODES and kind not in _OTHER and (name not in _TARGETS or kind is not tree.Top):
            yield from find(child)


def _each(nodes: Any, targets: bool) -> Iterator[Any]:
    for node in nodes:
        kind = type(node)
        if kind is tuple:
            yield from _each(node, targets)
        elif kind in NODES and kind not in _OTHER and not (targets and kind is tree.Top):
            if kind is tree.Argument and node.delayed:
                continue
            yield from find(node)


_TARGETS = ("target", "targets")
_OTHER = (tree.Block, tree.Name)
IMPLYING = frozenset({tree.Store, tree.Return, tree.Yield})

_FIRST: dict[type, Any] = {
    tree.If: lambda node: (node.branches[0][0],),
    tree.While: lambda node: (),
    tree.Foreach: lambda node: node.sources[0],
    tree.Try: lambda node: (),
    tree.With: lambda node: (node.items[0].value,),
    tree.Label: lambda node: (),
    tree.Namespace: lambda node: (),
    tree.Macro: lambda node: (),
    tree.Python: lambda node: (),
}
"""What structured statements evaluate at their beginning, and once."""
