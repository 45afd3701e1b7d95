"""Builtins, modules and functions of modules, which a text refers to by `~name`: loaded by their names.

The code of a file has to stand by itself, since it is written to a `.pyc` file, which holds no such objects.
"""

from __future__ import annotations

import builtins
import sys
from types import ModuleType

from pyasm.code import Code, Row
from pyasm.typed import Any

_PLAIN = frozenset({int, str, bytes, bool, float, complex, tuple, frozenset, slice, type(None), type(...), Code})
"""The types of what a `.pyc` file can hold."""

_STORES = frozenset({"STORE_NAME", "STORE_GLOBAL", "IMPORT_STAR", "DELETE_NAME", "DELETE_GLOBAL"})


def by_name(code: Code) -> None:
    """Load such objects by their names, in this code object and in all that it contains.

    A builtin is a global that nobody has set, unless the text sets one of that name.
    """
    found: list[Code] = []
    codes = [code]
    seen = {id(code)}
    for each in codes:
        constants = [arg for op, arg, _ in each.rows if op == "LOAD_CONST"]
        kinds = set(map(type, constants))
        if not kinds <= _PLAIN:
            found.append(each)
        for arg in constants if Code in kinds else ():
            if type(arg) is Code and id(arg) not in seen:
                seen.add(id(arg))
                codes.append(arg)
    if not found:
        return
    stored = {arg for each in codes for op, arg, _ in each.rows if op in _STORES}
    for each in found:
        each.rows = _with_loads(each.rows, stored)


def _with_loads(body: list[Row], stored: set[Any]) -> list[Row]:
    new: list[Row] = []
    last = 0
    for i in [i for i, (op, arg, _) in enumerate(body) if op == "LOAD_CONST" and type(arg) not in _PLAIN]:
        new += body[last:i]
        new += _loaded(body[i], stored)
        last = i + 1
    return new + body[last:]


def _loaded(old: Row, stored: set[Any]) -> list[Row]:
    """What loads the constant of an instruction."""
    _, value, position = old
    module, *path = _place(value)
    if not module:
        return [old]
    if module == builtins.__name__ and len(path) == 1 and path[0] not in stored and None not in stored:
        return [("LOAD_GLOBAL", path[0], position)]
    words: list[tuple[str, Any]] = [("LOAD_CONST", 0), ("LOAD_CONST", None), ("IMPORT_NAME", module)]
    for name in module.split(".")[1:]:
        words += [("IMPORT_FROM", name), ("ROT_TWO", None), ("POP_TOP", None)]
    words += [("LOAD_ATTR", name) for name in path]
    return [(word, arg, position) for word, arg in words]


def _place(value: Any) -> tuple[str, ...]:
    """The module of an object and the names that lead to it there; empty when there are none."""
    if isinstance(value, ModuleType):
        return (value.__name__,) if sys.modules.get(value.__name__) is value else ("",)
    module, qualname = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str):
        return ("",)
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return (module, *qualname.split(".")) if found is value else ("",)
