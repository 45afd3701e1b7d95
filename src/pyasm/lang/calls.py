"""Calls, in Python's order of evaluation: the callable, positional arguments, keyword arguments."""

from __future__ import annotations

import builtins

from pyasm.lang import expressions, tree
from pyasm.lang.frame import Frame
from pyasm.typed import Any


class _Builtins(dict[str, Any]):
    """The objects that operators call."""

    def __missing__(self, name: str) -> Any:
        import math

        return math.prod if name == "prod" else getattr(builtins, name)


BUILTINS = _Builtins()


def call(frame: Frame, node: tree.Call) -> None:
    """A call, but no CALL PARTIAL."""
    function: Any = node.function
    arguments = node.arguments
    plain = True
    for argument in arguments:
        if argument.delayed:
            frame.wrong(argument, "only CALL PARTIAL can delay an argument")
        if argument.stars or argument.name:
            plain = False
    method = plain and type(function) is tree.Attribute
    if method:
        frame.push(function.value)
        frame.emit("LOAD_METHOD", function.name, function)
    else:
        frame.push(function)
    if not plain:
        finish(frame, arguments, node)
        return
    frame.push_all([argument.value for argument in arguments])
    frame.emit("CALL_METHOD" if method else "CALL_FUNCTION", len(arguments), node)


def builtin(frame: Frame, name: str, values: tuple[Any, ...], node: Any) -> None:
    """Call a builtin with these values."""
    frame.emit("LOAD_CONST", BUILTINS[name], node)
    frame.push_all(values)
    frame.emit("CALL_FUNCTION", len(values), node)


def arguments(frame: Frame, name: str, arguments: tuple[tree.Argument, ...], node: Any) -> None:
    """Call a builtin with arguments of all kinds."""
    frame.emit("LOAD_CONST", BUILTINS[name], node)
    finish(frame, arguments, node)


def finish(frame: Frame, arguments: tuple[tree.Argument, ...], node: Any, before: int = 0) -> None:
    """Push the arguments and call; the callable is there, with `before` positional arguments above it."""
    _check(frame, arguments)
    starred = [argument for argument in arguments if argument.stars]
    if starred:
        _unpacked(frame, arguments, node, before)
        return
    keywords = [argument for argument in arguments if argument.name]
    frame.push_all([argument.value for argument in arguments if not argument.name])
    frame.push_all([argument.value for argument in keywords])
    if keywords:
        frame.emit("LOAD_CONST", tuple([argument.name for argument in keywords]), node)
        frame.emit("CALL_FUNCTION_KW", before + len(arguments), node)
    else:
        frame.emit("CALL_FUNCTION", before + len(arguments), node)


def _check(frame: Frame, arguments: tuple[tree.Argument, ...]) -> None:
    seen = set()
    for argument in arguments:
        if argument.name is not None and argument.name in seen:
            frame.wrong(argument, f"the argument {argument.name}= stands twice")
        seen.add(argument.name)


def _unpacked(frame: Frame, arguments: tuple[tree.Argument, ...], node: Any, before: int) -> None:
    """A call with `*e` or `**e` among its arguments."""
    positional = [argument for argument in arguments if not argument.name and argument.stars < 2]
    keywords = [argument for argument in arguments if argument.name or argument.stars == 2]
    if len(positional) == 1 and positional[0].stars and not before:
        frame.push(positional[0].value)
    else:
        found = [tree.Starred(a.start, a.end, a.value) if a.stars else a.value for a in positional]
        items = tree.Tuple(node.start, node.end, tuple(found))
        if before:
            expressions.elements(frame, items, "LIST", before)
            frame.emit("LIST_TO_TUPLE", None, node)
        else:
            frame.push(items)
    if keywords:
        _keywords(frame, keywords, node)
    frame.emit("CALL_FUNCTION_EX", 1 if keywords else 0, node)


def _keywords(frame: Frame, keywords: list[tree.Argument], node: Any) -> None:
    """The mapping of keyword arguments."""
    group: list[tree.Argument] = []
    built = False
    for argument in [*keywords, None]:
        if argument is not None and argument.name:
            group.append(argument)
            continue
        if group:
            pairs = [tree.Pair(a.start, a.end, tree.Constant(a.start, a.end, a.name), a.value) for a in group]
            expressions.map_(frame, tree.Map(node.start, node.end, tuple(pairs)))
            if built:
                frame.emit("DICT_MERGE", 1, node)
            built, group = True, []
        if argument is not None:
            if not built:
                frame.emit("BUILD_MAP", 0, node)
                built = True
            frame.push(argument.value)
            frame.emit("DICT_MERGE", 1, node)
