"""Expressions: names, attributes, items, displays. A function each, of a frame and a node; it leaves one value."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree, variables
from pyasm.lang.frame import Frame
from pyasm.lang.static import NotStatic, fold
from pyasm.typed import Any

_FROM_CONSTANT = 3
"""A list or set of so many constants is made from a constant tuple, as CPython does it."""


def _constant(frame: Frame, node: tree.Constant) -> None:
    frame.emit("LOAD_CONST", node.value, node)


def static(frame: Frame, node: Any) -> None:
    """`@!name`, `~name`, `&name`, `e.!name`: a constant."""
    try:
        value = frame.unit.static.value(node)
    except NotStatic as error:
        frame.wrong(error.node, error.message, error.hint)
        value = None
    frame.emit("LOAD_CONST", value, node)


def _global_(frame: Frame, node: tree.Global) -> None:
    frame.emit("LOAD_GLOBAL", node.name, node)


def _local(frame: Frame, node: tree.Local) -> None:
    name = node.name
    if name in frame.fast:
        frame.emit("LOAD_FAST", name, node)
    else:
        variables.local(frame, variables.LOAD, node)


def _captured(frame: Frame, node: tree.Captured) -> None:
    variables.captured(frame, variables.LOAD, node)


def _top(frame: Frame, node: tree.Top) -> None:
    frame.take(id(node), node)


def _attribute(frame: Frame, node: tree.Attribute) -> None:
    frame.push(node.value)
    frame.emit("LOAD_ATTR", node.name, node)


def _computed_attribute(frame: Frame, node: tree.ComputedAttribute) -> None:
    frame.emit("LOAD_CONST", getattr, node)
    frame.push(node.value)
    frame.push(node.name)
    frame.emit("CALL_FUNCTION", 2, node)


def _item(frame: Frame, node: tree.Item) -> None:
    frame.push_all((node.value, node.key))
    frame.emit("BINARY_SUBSCR", None, node)


def _slice_(frame: Frame, node: tree.Slice) -> None:
    for part in (node.lower, node.upper):
        if part is None:
            frame.emit("LOAD_CONST", None, node)
        else:
            frame.push(part)
    if node.step is not None:
        frame.push(node.step)
    frame.emit("BUILD_SLICE", 2 if node.step is None else 3, node)


# -- displays


def _tuple_(frame: Frame, node: tree.Tuple) -> None:
    folded = fold(node)
    if folded is not None:
        frame.emit("LOAD_CONST", folded.value, node)
    elif not _plain(node.elements):
        elements(frame, node, "LIST")
        frame.emit("LIST_TO_TUPLE", None, node)
    else:
        frame.push_all(node.elements)
        frame.emit("BUILD_TUPLE", len(node.elements), node)


def _list_(frame: Frame, node: tree.List) -> None:
    _sequence(frame, node, "LIST", tuple)


def _set_(frame: Frame, node: tree.Set) -> None:
    _sequence(frame, node, "SET", frozenset)


def _sequence(frame: Frame, node: tree.List | tree.Set, kind: str, make: Callable[[Any], Any]) -> None:
    folded = fold(tree.Tuple(*node)) if len(node.elements) >= _FROM_CONSTANT else None
    if folded is not None:
        frame.emit(f"BUILD_{kind}", 0, node)
        frame.emit("LOAD_CONST", make(folded.value), node)
        frame.emit("LIST_EXTEND" if kind == "LIST" else "SET_UPDATE", 1, node)
    elif _plain(node.elements):
        frame.push_all(node.elements)
        frame.emit(f"BUILD_{kind}", len(node.elements), node)
    else:
        elements(frame, node, kind)


def _plain(nodes: tuple[Any, ...]) -> bool:
    return tree.Starred not in map(type, nodes)


def elements(frame: Frame, node: Any, kind: str, waiting: int = 0) -> None:
    """A list or set of elements with starred ones among them, and before them what is `waiting` on the stack."""
    append, extend = ("LIST_APPEND", "LIST_EXTEND") if kind == "LIST" else ("SET_ADD", "SET_UPDATE")
    built = False
    for element in node.elements:
        starred = type(element) is tree.Starred
        if starred and not built:
            frame.emit(f"BUILD_{kind}", waiting, node)
            built = True
        frame.push(element.value if starred else element)
        if starred:
            frame.emit(extend, 1, node)
        elif built:
            frame.emit(append, 1, node)
        else:
            waiting += 1
    if not built:
        frame.emit(f"BUILD_{kind}", waiting, node)


def map_(frame: Frame, node: tree.Map) -> None:
    """A dict, of pairs and of mappings."""
    pairs = list(node.pairs)
    group: list[tree.Pair] = []
    built = False
    for pair in [*pairs, None]:
        if pair is not None and pair.key is not None:
            group.append(pair)
            continue
        if group or not built:
            _group(frame, node, group)
            if built:
                frame.emit("DICT_UPDATE", 1, node)
            built, group = True, []
        if pair is not None:
            frame.push(pair.value)
            frame.emit("DICT_UPDATE", 1, node)


def _group(frame: Frame, node: tree.Map, pairs: list[tree.Pair]) -> None:
    keys = (
        fold(tree.Tuple(node.start, node.end, tuple(pair.key for pair in pairs if pair.key)))
        if len(pairs) > 1
        else None
    )
    for pair in pairs:
        if keys is None:
            frame.push(pair.key)
        frame.push(pair.value)
    if keys is None:
        frame.emit("BUILD_MAP", len(pairs), node)
    else:
        frame.emit("LOAD_CONST", keys.value, node)
        frame.emit("BUILD_CONST_KEY_MAP", len(pairs), node)


# -- the rest


def _assign(frame: Frame, node: tree.Assign) -> None:
    frame.push(node.value)
    frame.emit("DUP_TOP", None, node)
    frame.store(node.target)


def _await_(frame: Frame, node: tree.Await) -> None:
    frame.push(node.value)
    wait(frame, node)


def wait(frame: Frame, node: Any) -> None:
    """Await the top of the stack."""
    if not frame.scope.coroutine:
        frame.wrong(node, "this stands in an ASYNC DEF only")
    frame.emit("GET_AWAITABLE", None, node)
    frame.emit("LOAD_CONST", None, node)
    frame.emit("YIELD_FROM", None, node)


EXPRESSIONS: dict[type, Callable[[Frame, Any], None]] = {
    tree.Constant: _constant,
    tree.Literal: _constant,
    tree.Global: _global_,
    tree.StaticGlobal: static,
    tree.Builtin: static,
    tree.Binding: static,
    tree.StaticAttribute: static,
    tree.Local: _local,
    tree.Captured: _captured,
    tree.Top: _top,
    tree.Item: _item,
    tree.Slice: _slice_,
    tree.Attribute: _attribute,
    tree.ComputedAttribute: _computed_attribute,
    tree.List: _list_,
    tree.Tuple: _tuple_,
    tree.Set: _set_,
    tree.Map: map_,
    tree.Assign: _assign,
    tree.Await: _await_,
}
