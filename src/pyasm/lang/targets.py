"""Targets: what a value is stored in. A function each, of a frame and a node; it takes the top of the stack."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree, variables
from pyasm.lang.frame import Frame
from pyasm.lang.static import fold
from pyasm.typed import Any

_MOST_BEFORE = 255
"""So many targets may come before a starred one."""


def _global_(frame: Frame, node: tree.Global) -> None:
    frame.emit("STORE_GLOBAL", node.name, node)


def _local(frame: Frame, node: tree.Local) -> None:
    name = node.name
    if name in frame.fast:
        frame.emit("STORE_FAST", name, node)
    else:
        variables.local(frame, variables.STORE, node)


def _captured(frame: Frame, node: tree.Captured) -> None:
    variables.captured(frame, variables.STORE, node)


def _attribute(frame: Frame, node: tree.Attribute) -> None:
    frame.push(node.value)
    frame.emit("STORE_ATTR", node.name, node)


def _computed_attribute(frame: Frame, node: tree.ComputedAttribute) -> None:
    frame.emit("LOAD_CONST", setattr, node)
    frame.emit("ROT_TWO", None, node)
    for part in (node.value, node.name):
        frame.push(part)
        frame.emit("ROT_TWO", None, node)
    frame.emit("CALL_FUNCTION", 3, node)
    frame.emit("POP_TOP", None, node)


def _item(frame: Frame, node: tree.Item) -> None:
    frame.push_all((node.value, node.key))
    frame.emit("STORE_SUBSCR", None, node)


def leave(frame: Frame, node: tree.Top) -> None:
    """`%`: the value stays where it is."""
    if node.depth:
        frame.wrong(node, "as a target, % has no number: the value stays on top of the stack")


def _discard(frame: Frame, node: tree.Discard) -> None:
    frame.emit("POP_TOP", None, node)


def targets(frame: Frame, node: tree.Targets) -> None:
    """Unpack into several targets."""
    starred = [i for i, each in enumerate(node.elements) if type(each) is tree.Starred]
    if len(starred) > 1:
        frame.wrong(node.elements[starred[1]], "there is a * already")
    if any(type(each) is tree.Top for each in node.elements[:-1]):
        frame.wrong(node, "only the last target can be %", "the others have to be stored first")
    count = len(node.elements)
    if starred:
        first = starred[0]
        if first > _MOST_BEFORE:
            frame.wrong(node, "too many targets before the one with *", f"at most {_MOST_BEFORE}")
        frame.emit("UNPACK_EX", first | (count - first - 1) << 8, node)
    else:
        frame.emit("UNPACK_SEQUENCE", count, node)
    for each in node.elements:
        frame.store(each.value if type(each) is tree.Starred else each)


def load(frame: Frame, node: tree.Load) -> None:
    """Evaluate an expression and store it."""
    value, target = node.value, node.target
    kind = type(value)
    if kind is tree.Tuple:
        evaluated(frame, value, target)
        return
    frame.expressions[kind](frame, value)
    if target is not None:
        frame.targets[type(target)](frame, target)


def evaluated(frame: Frame, value: Any, target: Any) -> None:
    """Evaluate an expression and store it. A tuple of two or three values that is taken apart at once is not made."""
    if type(value) is not tree.Tuple or not _fits(value, target):
        frame.push(value)
        frame.put(target)
        return
    frame.push_all(value.elements)
    stored = list(target.elements)
    if _are_plain(frame, stored):
        stored.reverse()
    elif len(stored) == _TWO:
        frame.emit("ROT_TWO", None, target)
    else:
        frame.emit("SWAP", _THREE, target)
    for each in stored:
        frame.store(each)


_TWO, _THREE = 2, 3


def _fits(value: tree.Tuple, target: Any) -> bool:
    """Are these few values, each with a target of its own?"""
    count = len(value.elements)
    if type(target) is not tree.Targets or count != len(target.elements) or count not in (_TWO, _THREE):
        return False
    kinds = [type(each) for each in (*value.elements, *target.elements)]
    return tree.Starred not in kinds and tree.Top not in kinds[count:-1] and fold(value) is None


def _are_plain(frame: Frame, stored: list[Any]) -> bool:
    """Are these local variables, all different, so that nobody sees in which order they get their values?"""
    names = {each.name for each in stored if type(each) is tree.Local and variables.is_fast(frame, each.name)}
    return len(names) == len(stored)


def no_target(frame: Frame, node: Any) -> None:
    """Nothing can be stored here."""
    message, hint = "nothing can be stored here", "@name, $name, §name, e.name, e[i], a list of these, % or \\"
    if type(node) is tree.Binding:
        message = f"&{node.name} is an object, and nothing can be stored in its place"
        hint = f"parameters of a MACRO can be targets, and &{node.name}.name or &{node.name}[e] can"
    frame.wrong(node, message, hint)
    frame.emit("POP_TOP", None, node)


TARGETS: dict[type, Callable[[Frame, Any], None]] = {
    tree.Global: _global_,
    tree.Local: _local,
    tree.Captured: _captured,
    tree.Attribute: _attribute,
    tree.ComputedAttribute: _computed_attribute,
    tree.Item: _item,
    tree.Top: leave,
    tree.Discard: _discard,
    tree.Targets: targets,
}


# -- DELETE


def delete(frame: Frame, node: tree.Delete) -> None:
    """Delete what a target names."""
    target: Any = node.target
    kind = type(target)
    if kind is tree.Local:
        variables.local(frame, variables.DELETE, target)
    elif kind is tree.Captured:
        variables.captured(frame, variables.DELETE, target)
    elif kind is tree.Global:
        frame.emit("DELETE_GLOBAL", target.name, node)
    elif kind is tree.Attribute:
        frame.push(target.value)
        frame.emit("DELETE_ATTR", target.name, node)
    elif kind is tree.Item:
        frame.push_all((target.value, target.key))
        frame.emit("DELETE_SUBSCR", None, node)
    elif kind is tree.ComputedAttribute:
        frame.emit("LOAD_CONST", delattr, node)
        frame.push(target.value)
        frame.push(target.name)
        frame.emit("CALL_FUNCTION", 2, node)
        frame.emit("POP_TOP", None, node)
    elif kind is tree.Targets:
        for each in target.elements:
            delete(frame, tree.Delete(each.start, each.end, each))
    else:
        frame.wrong(target, "this cannot be deleted", "@name, $name, §name, e.name, e[i]")
