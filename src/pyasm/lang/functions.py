"""Macros from Python functions: CALL MACRO with a function that the text has at hand expands its body in place.

The function's variables become variables of the code around, under names that nobody else has; `return` becomes a jump
to the end, with the value on the stack.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from types import FunctionType

from pyasm.code import Code, Instruction
from pyasm.errors import AssemblyError
from pyasm.isa import JUMPS, PORTABLE, load
from pyasm.lang import scopes, tree, variables
from pyasm.lang.frame import Frame
from pyasm.lang.static import Static
from pyasm.native.decode import decode
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate import lift
from pyasm.typed import Any


def find(static: Static, path: Sequence[str]) -> Any:
    """The object that a text has under a name, as a binding or as a global when it is assembled; None without one.

    `a:b` is the attribute b of a.
    """
    name, *attributes = path
    found = static.bindings.get(name, static.globals.get(name))
    for attribute in attributes:
        try:
            found = getattr(found, attribute, None)
        except Exception:  # it is the object's own business what it raises; there is no such function then
            return None
    return found


def expand(frame: Frame, function: Any, node: tree.MacroCall) -> None:
    """Put the body of a Python function here, with the arguments of a call; its value is on the stack then."""
    name = ":".join(node.path)
    if not isinstance(function, FunctionType):
        frame.wrong(node, f"{name} is of type {type(function).__name__}; a Python function or a MACRO can be expanded")
        return
    try:
        code = lift(decode(function.__code__))
    except AssemblyError as error:
        frame.wrong(node, f"{name} cannot be expanded: {error.findings[0].message}")
        return
    reason = _refusal(code, frame)
    if reason:
        frame.wrong(node, f"{name} cannot be expanded: {reason}", "CALL @f(...) calls it")
        return
    body = _Body(frame, function, code, node)
    if body.arguments():
        body.instructions()


def _refusal(code: Code, frame: Frame) -> str:
    """Why a function can only be called, if that is so."""
    if code.flags & GENERATORS:
        return "it is a generator or a coroutine"
    if code.cells and frame.scope.kind != scopes.FUNCTION:
        return "functions in it share its variables, which only a function can have"
    closures = {arg for op, arg, _ in code.body if op in ("LOAD_CLOSURE", "LOAD_CLASSDEREF")}
    if closures & set(code.frees):
        return "functions in it share variables of a function around it"
    return ""


class _Body:
    """The body of a function on its way into a frame."""

    def __init__(self, frame: Frame, function: FunctionType, code: Code, node: tree.MacroCall) -> None:
        self.frame, self.function, self.code, self.node = frame, function, code, node
        self.suffix = f"@{function.__name__}{node.start}"
        self.cells = dict(zip(code.frees, function.__closure__ or ()))
        self.foreign = function.__globals__ is not frame.unit.static.globals
        self.rows = load(PORTABLE).opcodes

    # -- arguments

    def arguments(self) -> bool:
        """Store the arguments of the call in the variables of the parameters. False when they do not fit."""
        code, given = self.code, self.node.arguments
        names = code.posonlyargs + code.args
        defaults = dict(zip(reversed(names), reversed(self.function.__defaults__ or ())))
        defaults.update(self.function.__kwdefaults__ or {})
        missing = [n for n in names[len(given) :] + code.kwonlyargs if n not in defaults]
        if missing:
            self.frame.wrong(self.node, f"{code.name} needs an argument for {missing[0]}")
            return False
        if len(given) > len(names) and code.vararg is None:
            self.frame.wrong(self.node, f"{code.name} takes {len(names)} arguments, not {len(given)}")
            return False
        for argument in given:
            if type(argument) in (tree.Block, tree.Name):
                self.frame.wrong(argument, "a Python function takes values only")
                return False
        for name, argument in zip(names, given):
            self.frame.push(argument)
            self._variable("STORE", name)
        for name in [*names[len(given) :], *code.kwonlyargs]:
            self._emit("LOAD_CONST", defaults[name])
            self._variable("STORE", name)
        if code.vararg is not None:
            rest: Any = given[len(names) :]
            self.frame.push(tree.Tuple(self.node.start, self.node.end, rest))
            self._variable("STORE", code.vararg)
        if code.kwarg is not None:
            self._emit("BUILD_MAP", 0)
            self._variable("STORE", code.kwarg)
        return True

    # -- instructions

    def instructions(self) -> None:
        """Emit the body. It ends with the value on the stack."""
        body = self.code.body
        labels = {each.arg: self.frame.fresh() for each in body if each.op == LABEL}
        end = self.frame.fresh()
        last = max((i for i, each in enumerate(body) if each.op != LABEL), default=-1)
        for i, each in enumerate(body):
            op, arg, _ = each
            if op == LABEL:
                self.frame.label(labels[arg])
            elif op == "RETURN_VALUE":
                if i != last:
                    self._emit("JUMP_ABSOLUTE", end)
            elif self.rows[op].operand in JUMPS:
                self._emit(op, labels[arg])
            else:
                self._other(each)
        self.frame.label(end)

    def _other(self, each: Instruction) -> None:
        op, arg, _ = each
        action, _, kind = op.partition("_")
        if op in ("LOAD_DEREF", "STORE_DEREF") and arg in self.cells:
            self._emit("LOAD_CONST", self.cells[arg])
            self._emit(f"{action}_ATTR", "cell_contents")
        elif self.rows[op].operand == "local" and kind == "FAST":
            self._variable(action, arg)
        elif self.rows[op].operand in ("local", "deref"):
            self._share(arg)
            self._emit(op, arg + self.suffix)
        elif kind == "GLOBAL" and self.foreign and not (op == "LOAD_GLOBAL" and self._is_builtin(arg)):
            self._emit("LOAD_CONST", self.function.__globals__)
            self._emit("LOAD_CONST", arg)
            self._emit("BINARY_SUBSCR" if action == "LOAD" else f"{action}_SUBSCR", None)
        elif isinstance(arg, Code):
            self._emit(op, self._inner(arg))
        else:
            self._emit(op, arg)

    def _variable(self, action: str, name: str) -> None:
        """LOAD, STORE or DELETE a variable of the function."""
        if name in self.code.cells:
            self._share(name)
        elif self.frame.scope.kind == scopes.FUNCTION:
            self.frame.scope.locals.setdefault(name + self.suffix)
        variables.named(self.frame, variables.WORDS[action], name + self.suffix, self.node)

    def _is_builtin(self, name: str) -> bool:
        return hasattr(builtins, name) and name not in self.function.__globals__

    def _share(self, name: str) -> None:
        """Make a variable one that inner functions share."""
        own = name + self.suffix
        if name in self.code.cells and own not in self.frame.scope.cells:
            self.frame.scope.cells[own] = None
            self.frame.fast.discard(own)
            self.frame.code.cells.append(own)

    def _inner(self, code: Code) -> Code:
        """An inner function, which knows the variables that it shares by their new names."""
        names = {name: name + self.suffix for name in code.frees if name in self.code.cells}
        return _renamed(code, names) if names else code

    def _emit(self, op: str, arg: Any) -> None:
        self.frame.emit(op, arg, self.node)


def _renamed(code: Code, names: dict[str, str]) -> Code:
    """A code object whose free variables have other names, and those in it."""
    rows = load(PORTABLE).opcodes
    body = []
    for each in code.body:
        op, arg, _ = each
        if isinstance(arg, Code):
            inner = {name: new for name, new in names.items() if name in arg.frees}
            each = each._replace(arg=_renamed(arg, inner))
        elif op in rows and rows[op].operand == "deref" and arg in names:
            each = each._replace(arg=names[arg])
        body.append(each)
    return code.replace(body=body, frees=[names.get(name, name) for name in code.frees])


def call(frame: Frame, node: tree.MacroCall) -> None:
    """CALL MACRO, where the name is that of a Python function."""
    static = frame.unit.static
    function = find(static, node.path)
    if node.path[0] in static.bindings:
        static.used.add(node.path[0])
    expand(frame, function, node)
    frame.put(node.target)
