"""CALL PARTIAL: what functools.partial gives of a callable and arguments, some of them evaluated at the call."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import calls, definitions, tree
from pyasm.lang.frame import Frame
from pyasm.typed import Any


def call(frame: Frame, node: tree.Call) -> None:
    """A call of either kind."""
    if not node.partial:
        calls.call(frame, node)
        return
    import functools

    first = tree.Argument(node.start, node.end, node.function)
    arguments = (first, *node.arguments)
    if any(argument.delayed for argument in arguments):
        frame.emit("LOAD_CONST", functools.partial, node)
        _delayed(frame, node, arguments)
    else:
        partial = tree.Constant(node.start, node.end, functools.partial)
        calls.call(frame, tree.Call(node.start, node.end, partial, arguments))


def _delayed(frame: Frame, node: tree.Call, arguments: tuple[tree.Argument, ...]) -> None:
    """Make a function that gets what is known now, evaluates the rest, and calls; bind what is known to it."""
    known = [argument.value for argument in arguments if not argument.delayed]
    names = [f".{i}" for i in range(len(known))]
    span = node.start, node.end
    # the first name is the callable's; the others follow in order
    rest = iter(names[1:])
    inner = [
        argument._replace(delayed=False)
        if argument.delayed
        else argument._replace(value=tree.Local(argument.start, argument.end, next(rest)))
        for argument in arguments[1:]
    ]
    inner.append(tree.Argument(*span, tree.Local(*span, ".args"), stars=1))
    inner.append(tree.Argument(*span, tree.Local(*span, ".kwargs"), stars=2))
    code = definitions.new_code(frame, "<lambda>", node)
    code.posonlyargs, code.vararg, code.kwarg = names, ".args", ".kwargs"
    made = definitions.frame_of(frame, node, code)
    made.push(tree.Call(*span, tree.Local(*span, names[0]), tuple(inner)))
    made.emit("RETURN_VALUE", None, node)
    definitions.close(made, node)
    definitions.make(frame, code, node, 0)
    for value in known:
        frame.push(value)
    frame.emit("CALL_FUNCTION", 1 + len(known), node)


EXPRESSIONS: dict[type, Callable[[Frame, Any], None]] = {tree.Call: call}
