"""Variables: which instruction loads, stores or deletes `$name` and `§name` in which code."""

from __future__ import annotations

from pyasm.lang import scopes, tree
from pyasm.lang.frame import Frame
from pyasm.text.tokens import described
from pyasm.typed import Any


def local(frame: Frame, action: str, node: tree.Local) -> None:
    """LOAD, STORE or DELETE `$name`."""
    name = node.name
    if isinstance(name, int):
        name = by_number(frame, name, node)
    named(frame, action, name, node)


def named(frame: Frame, action: str, name: str, node: Any) -> None:
    """LOAD, STORE or DELETE the variable of that name, wherever this code has it."""
    scope = frame.scope
    if scope.kind != scopes.FUNCTION:
        op = action + "_NAME"
    elif name in scope.cells or name in scope.frees:
        op = action + "_DEREF"
    elif name in scope.globals:
        op = action + "_GLOBAL"
    else:
        op = action + "_FAST"
    frame.emit(op, name, node)


def is_fast(frame: Frame, name: str | int) -> bool:
    """Is `$name` a variable of this code alone?"""
    scope = frame.scope
    return (
        isinstance(name, str) and scope.kind == scopes.FUNCTION and not scope.shared(name) and name not in scope.globals
    )


def captured(frame: Frame, action: str, node: tree.Captured) -> None:
    """LOAD, STORE or DELETE `§name`."""
    if action == "LOAD" and frame.scope.kind == scopes.CLASS:
        frame.emit("LOAD_CLASSDEREF", node.name, node)
    else:
        frame.emit(f"{action}_DEREF", node.name, node)


def by_number(frame: Frame, number: int, node: Any) -> str:
    """The name of the local variable with that number: parameters first, then in the order of the text."""
    names = frame.numbered
    if number < len(names):
        return names[number]
    if frame.scope.kind != scopes.FUNCTION:
        frame.wrong(node, "only functions have local variables with numbers")
    else:
        known = f"0 is ${names[0]}, {len(names) - 1} is ${names[-1]}" if names else "it has none"
        frame.wrong(node, f"{described(frame.code.name)} has no local variable {number}", known)
    return "_"
