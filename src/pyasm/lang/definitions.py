"""Code objects of their own: DEF, CLASS, and what makes functions of them."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.code import FUNCTION_FLAGS, Code
from pyasm.isa import PORTABLE
from pyasm.lang import calls, scopes, tidy, tree, variables
from pyasm.lang.flow import head
from pyasm.lang.frame import Frame, Span
from pyasm.text.definition import Definition
from pyasm.typed import Any

NESTED, GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x10, 0x20, 0x80, 0x200

DEFAULTS, KEYWORD_DEFAULTS, ANNOTATIONS, CLOSURE = 1, 2, 4, 8
"""What MAKE_FUNCTION finds on the stack."""


# -- code objects


def new_code(frame: Frame, name: str, node: Any) -> Code:
    """An empty code object in that of the frame."""
    outer = frame.code.qualname
    if frame.scope.kind == scopes.MODULE:
        qualname = name
    else:
        qualname = f"{outer}.{name}" if frame.scope.kind == scopes.CLASS else f"{outer}.<locals>.{name}"
    line = frame.unit.position(node.start, node.start)[0]
    return Code(name, dialect=PORTABLE, qualname=qualname, filename=frame.code.filename, first_line=line or 1)


def frame_of(frame: Frame, node: Any, code: Code) -> Frame:
    """The frame of the code object of a node."""
    scope = frame.unit.scopes[id(node)]
    code.cells, code.frees = sorted(scope.cells), sorted(scope.frees)
    if scope.kind == scopes.FUNCTION:
        code.flags = FUNCTION_FLAGS | (NESTED if scope.nested else 0)
    else:
        code.flags = 0
    return Frame(frame.unit, scope, code, frame)


def close(frame: Frame, node: Any, result: tuple[tuple[str, Any], ...] = (("LOAD_CONST", None),)) -> None:
    """The code object gets its instructions, and returns at their end what `result` pushes."""
    scope, code = frame.scope, frame.code
    if frame.reached or _may_be_reached(frame):
        frame.drop(0)
        for op, arg in (*result, ("RETURN_VALUE", None)):
            frame.emit(op, arg, node)
    if scope.coroutine:
        code.flags |= ASYNC_GENERATOR if scope.yields else COROUTINE
    elif scope.yields and scope.kind == scopes.FUNCTION:
        code.flags |= GENERATOR
    code.rows = tidy.tidied(frame.body)


def _may_be_reached(frame: Frame) -> bool:
    """Does the code end with a label, which a jump may go to that we do not follow?"""
    return not frame.body or frame.body[-1][0] == "LABEL"


def apply(settings: Definition | None, code: Code) -> None:
    """What the directives of a code object say of it."""
    if settings is None:
        return
    given, said = settings.given, settings.code
    for directive, slot in _SLOTS.items():
        if directive in given:
            setattr(code, slot, getattr(said, slot))
    for slot in ("locals", "cells", "frees"):
        names = getattr(code, slot)
        names += [name for name in getattr(said, slot) if name not in names]
    if settings.first_line is not None:
        code.first_line = settings.first_line
    if settings.filename is not None:
        code.filename = settings.filename


_SLOTS = {
    ".name": "name",
    ".qualname": "qualname",
    ".flags": "flags",
    ".doc": "doc",
    ".stacksize": "stack_size",
}


def make(frame: Frame, code: Code, node: Any, flags: int) -> None:
    """Push the function of a code object. What the flags announce is on the stack, without a closure."""
    if code.frees:
        for name in code.frees:
            frame.emit("LOAD_CLOSURE", name, node)
        frame.emit("BUILD_TUPLE", len(code.frees), node)
        flags |= CLOSURE
    frame.emit("LOAD_CONST", code, node)
    frame.emit("LOAD_CONST", code.qualname, node)
    frame.emit("MAKE_FUNCTION", flags, node)


# -- DEF


def _function(frame: Frame, node: tree.Function) -> None:
    place = head(frame, node, node.body)
    flags = _defaults(frame, node, place) | _annotations(frame, node, place)
    code = new_code(frame, node.name.text if node.name is not None else "<lambda>", node)
    _parameters(code, node)
    inner = frame_of(frame, node, code)
    apply(node.settings, code)
    inner.statements(node.body)
    close(inner, Span(max(node.start, node.end - 1), node.end))
    make(frame, code, place, flags)
    if node.target is not None:
        frame.store(node.target)
    elif node.name is not None:
        variables.named(frame, variables.STORE, node.name.text, place)


def _parameters(code: Code, node: tree.Function) -> None:
    for parameter in node.parameters:
        if parameter.kind in ("vararg", "kwarg"):
            setattr(code, parameter.kind, parameter.name)
        else:
            getattr(code, parameter.kind + ("args" if parameter.kind != "arg" else "s")).append(parameter.name)


def _defaults(frame: Frame, node: tree.Function, place: Any) -> int:
    """Push the defaults of parameters; the flags that announce them."""
    flags = 0
    positional = [p for p in node.parameters if p.kind in ("posonly", "arg") and p.default is not None]
    if positional:
        frame.push(tree.Tuple(place.start, place.end, tuple(p.default for p in positional if p.default is not None)))
        flags |= DEFAULTS
    keyword = [p for p in node.parameters if p.kind == "kwonly" and p.default is not None]
    if keyword:
        for parameter in keyword:
            frame.push(parameter.default)
        frame.emit("LOAD_CONST", tuple(p.name for p in keyword), place)
        frame.emit("BUILD_CONST_KEY_MAP", len(keyword), place)
        flags |= KEYWORD_DEFAULTS
    return flags


def _annotations(frame: Frame, node: tree.Function, place: Any) -> int:
    annotated = [p for p in node.parameters if p.annotation is not None]
    if not annotated:
        return 0
    for parameter in annotated:
        frame.push(parameter.annotation)
    frame.emit("LOAD_CONST", tuple(p.name for p in annotated), place)
    frame.emit("BUILD_CONST_KEY_MAP", len(annotated), place)
    return ANNOTATIONS


# -- CLASS


def _class(frame: Frame, node: tree.Class) -> None:
    place = head(frame, node, node.body)
    code = new_code(frame, node.name.text, node)
    inner = frame_of(frame, node, code)
    apply(node.settings, code)
    inner.emit("LOAD_NAME", "__name__", place)
    inner.emit("STORE_NAME", "__module__", place)
    inner.emit("LOAD_CONST", code.qualname, place)
    inner.emit("STORE_NAME", "__qualname__", place)
    if code.doc is not None:
        inner.emit("LOAD_CONST", code.doc, place)
        inner.emit("STORE_NAME", "__doc__", place)
        code.doc = None
    inner.statements(node.body)
    if scopes.CLASS_CELL in inner.scope.cells:
        cell: Any = (("LOAD_CLOSURE", scopes.CLASS_CELL), ("DUP_TOP", None), ("STORE_NAME", "__classcell__"))
        close(inner, place, cell)
    else:
        close(inner, place)
    frame.emit("LOAD_BUILD_CLASS", None, place)
    make(frame, code, place, 0)
    frame.emit("LOAD_CONST", node.name.text, place)
    calls.finish(frame, node.arguments, place, before=2)
    if node.target is not None:
        frame.store(node.target)
    else:
        variables.named(frame, variables.STORE, node.name.text, place)


STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {tree.Function: _function, tree.Class: _class}
