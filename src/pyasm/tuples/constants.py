"""Constants as text and back: LOAD_CONST's argument is the value's `repr`, with strings in double quotes."""

from __future__ import annotations

import ast

from pyasm.text.literals import int_text, quoted
from pyasm.tuples.form import Const, Described, Wrong
from pyasm.typed import Any


def described(value: Any) -> Described:
    """A value and the text for it."""
    kind = type(value)
    if kind is str:
        return Described(quoted(value, '"'), value)
    if kind is int:
        return Described(int_text(value), value)
    try:
        return Described(repr(value), value)
    except Exception:  # it is any object, with any repr
        return Described(f"<{kind.__name__}>", value)


def constant(arg: Any) -> Any:
    """The value that LOAD_CONST's argument stands for. Wrong for text that is no literal."""
    if isinstance(arg, (Described, Const)):
        return arg.value
    if isinstance(arg, str):
        return literal(arg)
    return arg


def literal(text: str) -> Any:
    """The value of a literal: any of Python, `nan`, `inf`, and calls of frozenset, set and slice with literals."""
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        short = text if len(text) <= 40 else text[:37] + "..."
        hint = f"""a text is {quoted(short, '"')!r} or Const({short!r}); what is no str stands for itself"""
        raise Wrong(f"{short!r} is no literal", hint) from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return _COLLECTIONS[type(node)](map(_value, node.elts))
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values) if key is not None}
    if isinstance(node, ast.Name):
        return _NAMES[node.id] if node.id in _NAMES else _refuse()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _CALLS[node.func.id](*map(_value, node.args)) if node.func.id in _CALLS else _refuse()
    if isinstance(node, ast.UnaryOp):
        return _signed(node.op, _value(node.operand))
    if isinstance(node, ast.BinOp):
        return _complex(node.op, node.left, _value(node.right))
    return _refuse()


_COLLECTIONS: dict[type, Any] = {ast.Tuple: tuple, ast.List: list, ast.Set: set}
_NAN, _INF = float("nan"), float("inf")
_NAMES = {"nan": _NAN, "inf": _INF, "nanj": complex(0, _NAN), "infj": complex(0, _INF), "Ellipsis": ...}
_CALLS: dict[str, Any] = {"frozenset": frozenset, "set": set, "slice": slice}


def _refuse() -> Any:
    raise ValueError("no literal")


def _signed(sign: ast.unaryop, value: Any) -> Any:
    if not isinstance(sign, (ast.USub, ast.UAdd)) or type(value) not in (int, float, complex):
        return _refuse()
    if isinstance(sign, ast.UAdd):
        return value
    return complex(0.0, -value.imag) if type(value) is complex else -value  # what has this repr


def _complex(sign: ast.operator, real: ast.expr, imaginary: Any) -> complex:
    """A complex number, the only sum that is a literal; zeros have the signs that they have in a repr."""
    minus = isinstance(real, ast.UnaryOp) and isinstance(real.op, ast.USub)
    part = _value(real.operand if minus and isinstance(real, ast.UnaryOp) else real)
    if type(part) not in (int, float) or type(imaginary) is not complex or not isinstance(sign, (ast.Add, ast.Sub)):
        _refuse()
    return complex(-float(part) if minus else part, imaginary.imag if isinstance(sign, ast.Add) else -imaginary.imag)
