"""Variables: which instruction loads, stores or deletes `$name` and `§name` in which code."""

from __future__ import annotations

from pyasm.lang import scopes, tree
from pyasm.lang.frame import Frame
from pyasm.text.tokens import described
from pyasm.typed import Any, NamedTuple


class Words(NamedTuple):
    """The instructions that do something with a variable, by where it is."""

    fast: str
    deref: str
    name: str
    globals: str


LOAD = Words("LOAD_FAST", "LOAD_DEREF", "LOAD_NAME", "LOAD_GLOBAL")
STORE = Words("STORE_FAST", "STORE_DEREF", "STORE_NAME", "STORE_GLOBAL")
DELETE = Words("DELETE_FAST", "DELETE_DEREF", "DELETE_NAME", "DELETE_GLOBAL")
WORDS = {"LOAD": LOAD, "STORE": STORE, "DELETE": DELETE}


def local(frame: Frame, words: Words, node: tree.Local) -> None:
    """LOAD, STORE or DELETE `$name`."""
    name = node.name
    if type(name) is int:
        name = by_number(frame, name, node)
    named(frame, words, name, node)  # type: ignore[arg-type]


def named(frame: Frame, words: Words, name: str, node: Any) -> None:
    """LOAD, STORE or DELETE the variable of that name, wherever this code has it."""
    scope = frame.scope
    if not frame.is_function:
        op = words.name
    elif name in scope.cells or name in scope.frees:
        op = words.deref
    elif name in scope.globals:
        op = words.globals
    else:
        op = words.fast
    frame.emit(op, name, node)


def is_fast(frame: Frame, name: str | int) -> bool:
    """Is `$name` a variable of this code alone?"""
    scope = frame.scope
    return (
        isinstance(name, str) and scope.kind == scopes.FUNCTION and not scope.shared(name) and name not in scope.globals
    )


def captured(frame: Frame, words: Words, node: tree.Captured) -> None:
    """LOAD, STORE or DELETE `§name`."""
    if words is LOAD and frame.scope.kind == scopes.CLASS:
        frame.emit("LOAD_CLASSDEREF", node.name, node)
    else:
        frame.emit(words.deref, node.name, node)


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
