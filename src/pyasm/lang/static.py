"""What is known when a text is assembled: globals, builtins, modules, objects that were handed in; constants."""

from __future__ import annotations

import builtins
import operator
import sys
from collections.abc import Callable, Mapping
from types import FunctionType

from pyasm import isa
from pyasm.errors import nearest
from pyasm.lang import tree
from pyasm.text.tokens import described
from pyasm.typed import Any


class NotStatic(Exception):
    """An expression has no value when the text is assembled: its node, why, and a hint."""

    def __init__(self, node: Any, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint


class Static:
    """The values that a text may use when it is assembled. `used` gets the names of the bindings that it does use."""

    def __init__(self, bindings: Mapping[str, Any], globals: Mapping[str, Any], target: str | None = None) -> None:
        self.bindings, self.globals = bindings, globals
        self.target = target or isa.running().name
        """The dialect that the text is assembled for."""
        self.used: set[str] = set()

    def value(self, node: Any) -> Any:
        """The value of an expression. NotStatic when it has none yet."""
        find = _VALUES.get(type(node))
        if find is None:
            raise NotStatic(node, "this is not known when the text is assembled", "@!name, ~name and &name are")
        return find(self, node)

    def functions(self) -> list[str]:
        """The names of the Python functions among the bindings and globals."""
        return [name for known in (self.bindings, self.globals) for name, value in known.items() if _is_function(value)]

    def binding(self, node: tree.Binding) -> Any:
        """The object for `&name`."""
        if node.name not in self.bindings:
            hint = nearest(node.name, self.bindings) or f"pyasm.assemble(text, {node.name}=...) hands it in"
            raise NotStatic(node, f"there is no object for &{node.name}", hint)
        self.used.add(node.name)
        return self.bindings[node.name]

    def global_(self, node: Any) -> Any:
        """The value of a global or builtin."""
        for names in (self.globals, vars(builtins)):
            if node.name in names:
                return names[node.name]
        hint = nearest(node.name, [*self.globals, *vars(builtins)])
        raise NotStatic(node, f"there is no global {described(node.name)} yet", hint)

    def builtin(self, node: tree.Builtin) -> Any:
        """The object for `~name`."""
        if node.name in WORDS:
            return WORDS[node.name](self)
        if hasattr(builtins, node.name):
            return getattr(builtins, node.name)
        return self.run(node, _module, node)

    def attribute(self, node: Any) -> Any:
        """The value of an attribute."""
        value = self.value(node.value)
        return self.run(node, getattr, value, node.name)

    def run(self, node: Any, action: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Any:
        """What a function gives; NotStatic for what it raises."""
        try:
            return action(*arguments, **keywords)
        except NotStatic:
            raise
        except (Exception, SystemExit) as error:
            text = str(error)
            message = f"this raises {type(error).__name__}" + (f": {text}" if text else "")
            raise NotStatic(node, message) from None


def _is_function(value: Any) -> bool:
    return isinstance(value, FunctionType)


def _module(node: tree.Builtin) -> Any:
    from importlib import import_module
    from importlib.util import find_spec

    if node.name not in sys.modules and find_spec(node.name) is None:
        hint = nearest(
            node.name, [*vars(builtins), *WORDS, *sys.stdlib_module_names] if _NAMES else [*vars(builtins), *WORDS]
        )
        raise NotStatic(node, f"no builtin and no module is called {described(node.name)}", hint)
    return import_module(node.name)


_NAMES = hasattr(sys, "stdlib_module_names")


def _target(static: Static) -> int:
    """The version that the text is assembled for, 313 for 3.13."""
    major, minor = map(int, static.target.split("."))
    return major * 100 + minor


def _version(static: Static) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("python-assembly")
    except PackageNotFoundError:
        return "0"


WORDS: dict[str, Callable[[Static], Any]] = {
    "PY_VERSION": _target,
    "VERSION": _version,
}
"""The words behind `~` that name neither a builtin nor a module."""


# -- operators

_BITS = 256
_ITEMS = 256
_CHARACTERS = 4096


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and b > 0 and a.bit_length() * b > _BITS:
        raise OverflowError("the result is too large")
    return a**b


def _times(a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, int) and isinstance(other, (str, bytes)) and len(other) * one > _CHARACTERS:
            raise OverflowError("the result is too large")
        if isinstance(one, int) and isinstance(other, (tuple, list)) and len(other) * one > _ITEMS:
            raise OverflowError("the result is too large")
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() > 100_000:
        raise OverflowError("the result is too large")
    return a * b


def _shift(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and a and b > _BITS:
        raise OverflowError("the result is too large")
    return a << b


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes)):
        raise OverflowError("formatting is not done here")
    return a % b


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _times,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": _modulo,
    "**": _power,
    "@": operator.matmul,
    "<<": _shift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "xor": lambda a, b: bool(a) is not bool(b),
    "xnor": lambda a, b: bool(a) is bool(b),
    "nand": lambda a, b: not (a and b),
    "nor": lambda a, b: not (a or b),
    "isinstance": isinstance,
    "issubclass": issubclass,
    "hasattr": hasattr,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}
"""What two known values give; OverflowError for what would be too large."""

UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "not": operator.not_,
}


def _binary(static: Static, node: tree.Binary) -> Any:
    left, right = static.value(node.left), static.value(node.right)
    return static.run(node, OPERATORS[node.operator], left, right)


def _unary(static: Static, node: tree.Unary) -> Any:
    value = static.value(node.operand)
    return static.run(node, UNARY[node.operator], value)


def _compare(static: Static, node: tree.Compare) -> Any:
    left = static.value(node.first)
    result = True
    for op, operand in node.rest:
        right = static.value(operand)
        result = static.run(node, OPERATORS[op], left, right)
        if not result:
            break
        left = right
    return result


def _logic(static: Static, node: tree.Logic) -> Any:
    value = None
    for operand in node.operands:
        value = static.value(operand)
        if static.run(operand, bool, value) is (node.operator == "or"):
            break
    return value


def _item(static: Static, node: tree.Item) -> Any:
    value, key = static.value(node.value), static.value(node.key)
    return static.run(node, operator.getitem, value, key)


def _slice(static: Static, node: tree.Slice) -> Any:
    return slice(*[None if part is None else static.value(part) for part in node[2:]])


def _computed(static: Static, node: tree.ComputedAttribute) -> Any:
    value, name = static.value(node.value), static.value(node.name)
    return static.run(node, getattr, value, name)


def _elements(static: Static, elements: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for element in elements:
        if type(element) is tree.Starred:
            found += static.run(element, list, static.value(element.value))
        else:
            found.append(static.value(element))
    return found


def _map(static: Static, node: tree.Map) -> Any:
    found: dict[Any, Any] = {}
    for pair in node.pairs:
        value = static.value(pair.value)
        if pair.key is None:
            static.run(pair, found.update, value)
        else:
            key = static.value(pair.key)
            static.run(pair, found.__setitem__, key, value)
    return found


def _arguments(static: Static, node: Any) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for argument in node.arguments:
        value = static.value(argument.value)
        if argument.stars == 1:
            positional += static.run(argument, list, value)
        elif argument.stars == 2:
            static.run(argument, keywords.update, value)
        elif argument.name is not None:
            keywords[argument.name] = value
        else:
            positional.append(value)
    return positional, keywords


def _call(static: Static, node: tree.Call) -> Any:
    if node.partial:
        raise NotStatic(node, "CALL PARTIAL is not known when the text is assembled")
    function = static.value(node.function)
    positional, keywords = _arguments(static, node)
    return static.run(node, function, *positional, **keywords)


def _len(static: Static, node: tree.Reduce) -> Any:
    if node.operator not in ("len", "min", "max"):
        raise NotStatic(node, f"{node.operator} is not known when the text is assembled")
    positional, keywords = _arguments(static, node)
    return static.run(node, getattr(builtins, node.operator), *positional, **keywords)


_VALUES: dict[type, Callable[[Static, Any], Any]] = {
    tree.Constant: lambda static, node: node.value,
    tree.Literal: lambda static, node: node.value,
    tree.Global: Static.global_,
    tree.StaticGlobal: Static.global_,
    tree.Builtin: Static.builtin,
    tree.Binding: Static.binding,
    tree.Attribute: Static.attribute,
    tree.StaticAttribute: Static.attribute,
    tree.ComputedAttribute: _computed,
    tree.Item: _item,
    tree.Slice: _slice,
    tree.List: lambda static, node: _elements(static, node.elements),
    tree.Tuple: lambda static, node: tuple(_elements(static, node.elements)),
    tree.Set: lambda static, node: static.run(node, set, _elements(static, node.elements)),
    tree.Map: _map,
    tree.Binary: _binary,
    tree.Unary: _unary,
    tree.Compare: _compare,
    tree.Logic: _logic,
    tree.Call: _call,
    tree.Reduce: _len,
}


# -- folding

_FOLDED = frozenset(("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^"))


def fold(node: Any) -> tree.Constant | None:
    """The constant that an expression of constants is, as CPython's compiler finds it; None for every other one."""
    kind = type(node)
    if kind is tree.Constant:
        constant: tree.Constant = node
        return constant
    if kind is tree.Tuple:
        return _folded_tuple(node)
    if kind is tree.Binary and node.operator in _FOLDED:
        right = fold(node.right)
        left = fold(node.left) if right is not None else None
        if left is not None and right is not None:
            return _folded(node, lambda: OPERATORS[node.operator](left.value, right.value))
    elif kind is tree.Unary:
        operand = fold(node.operand)
        if operand is not None:
            return _folded(node, lambda: UNARY[node.operator](operand.value))
    return None


def _folded(node: Any, action: Callable[[], Any]) -> tree.Constant | None:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tree.Constant(node.start, node.end, action())
    except Exception:
        return None  # it raises when it runs


def _folded_tuple(node: tree.Tuple) -> tree.Constant | None:
    values = []
    for element in node.elements:
        constant = fold(element)
        if constant is None:
            return None
        values.append(constant.value)
    return tree.Constant(node.start, node.end, tuple(values))
