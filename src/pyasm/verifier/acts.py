"""What instructions do beside their steps to local variables and cells.

An act gets the walk, the index and operand of the instruction, and the stacks before and after it. It may give another
stack instead of the one after.
"""

from __future__ import annotations

from pyasm.errors import shown
from pyasm.isa.slots import fits, meaning
from pyasm.typed import TYPE_CHECKING, Any
from pyasm.verifier.stack import Problem, Stack
from pyasm.verifier.types import TUPLES

if TYPE_CHECKING:
    from pyasm.verifier.walk import Walk

# -- local variables; `walk.slots` has what is known of them


def _load(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    place = walk.variables[name]
    return None if walk.slots & place.bits == place.value else _loaded(walk, index, name, before)


def _loaded(walk: Walk, index: int, name: Any, before: Stack, kind: str = "value") -> Stack:
    """The stack with the value of a variable on it."""
    found = walk.kind(name)
    if found is None and walk.unchecked:
        message = f"the variable {shown(name)} may have no value here"
        walk.wrong(index, Problem("unbound", message, "LOAD_FAST_CHECK, or a value on every way to it"), before)
    if found == "cell" and name in TUPLES:
        found = "tuple_cell"
    if found in (None, "value"):
        return before.push(kind)
    return before.push(f"borrowed {found}" if kind == "borrowed" else found)


def _load_checked(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    kind = walk.kind(name)
    if kind is None:
        walk.raises(index, before)  # the handler is not to take it for bound, but what follows is
        walk.know(name, "value")
    return None if kind in (None, "value") else before.push(kind)


def _load_two(walk: Walk, index: int, names: Any, before: Stack, after: Stack) -> Stack | None:
    if not _two(walk, index, names, before):
        return None
    return _loaded(walk, index, names[1], _loaded(walk, index, names[0], before))


def _borrow(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    walk.borrowed.setdefault(name, before.depth)
    if before.depth < walk.borrowed[name]:
        walk.borrowed[name] = before.depth
    place = walk.variables[name]
    return None if walk.slots & place.bits == place.value else _loaded(walk, index, name, before, "borrowed")


def _borrow_two(walk: Walk, index: int, names: Any, before: Stack, after: Stack) -> Stack | None:
    if not _two(walk, index, names, before):
        return None
    middle = _borrow(walk, index, names[0], before, after) or before.push("borrowed")
    return _borrow(walk, index, names[1], middle, after) or middle.push("borrowed")


def _store(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    _set(walk, index, name, before.type, after.depth, before)


def _set(walk: Walk, index: int, name: Any, kind: str, depth: int, before: Stack) -> None:
    """A variable gets an entry; `depth` is what is left of the stack then."""
    place = walk.variables[name]
    if walk.borrowed:
        walk.check_borrowed(index, place.name, depth)
    old = walk.slots
    if kind in _CELLS:
        walk.know(name, "cell")
    elif kind in _NULLS:
        walk.know(name, None)
    elif old & place.bits != place.value:
        walk.know(name, "value")
    if walk.strict and place.name in walk.strict:
        _keep_cell(walk, index, place.name, kind, before)
    if walk.slots != old and old & place.bits:
        walk.weaker()


_CELLS = frozenset({"cell", "tuple_cell"})
_NULLS = frozenset({"null", "value_or_null", "dict_or_null", "cell_or_null"})


def _keep_cell(walk: Walk, index: int, name: Any, kind: str, before: Stack) -> None:
    """The place of a parameter with a cell holds that or nothing, that of a variable of the closure always a cell."""
    wanted = "cell" if name in walk.closure else "cell_or_null"
    if not fits(kind, wanted) or (name in TUPLES) != (kind == "tuple_cell"):
        message = f"{shown(name)} is a variable with a cell, and this is {meaning(kind)}"
        walk.wrong(index, Problem("cell", message, "STORE_DEREF"), before)


def _store_load(walk: Walk, index: int, names: Any, before: Stack, after: Stack) -> Stack | None:
    if not _two(walk, index, names, before):
        return None
    below = before.cut(before.depth - 1)
    _set(walk, index, names[0], before.type, below.depth, before)
    return _loaded(walk, index, names[1], below)


def _store_two(walk: Walk, index: int, names: Any, before: Stack, after: Stack) -> None:
    if _two(walk, index, names, before):
        _set(walk, index, names[0], before.type, after.depth + 1, before)
        _set(walk, index, names[1], before.cut(before.depth - 1).type, after.depth, before)


def _two(walk: Walk, index: int, names: Any, before: Stack) -> bool:
    if isinstance(names, tuple) and len(names) == 2:
        return True
    walk.wrong(index, Problem("operand", f"{shown(names)} is no operand of it", "the names of two variables"), before)
    return False


def _delete(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    _clear(walk, index, walk.variables[name].name, after.depth, before)


def _clear(walk: Walk, index: int, name: Any, depth: int, before: Stack) -> str | None:
    if walk.borrowed:
        walk.check_borrowed(index, name, depth)
    if name in walk.closure and walk.joint:
        message = f"{shown(name)} is a variable of the closure, whose place must hold a cell"
        walk.wrong(index, Problem("cell", message, "DELETE_DEREF"), before)
    kind = walk.kind(name)
    if kind is not None:
        walk.know(name, None)
        walk.weaker()
    return kind


def _load_and_clear(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack:
    name = walk.variables[name].name
    kind = _clear(walk, index, name, before.depth, before)
    if name in walk.strict:
        return before.push("tuple_cell" if name in TUPLES else kind or "cell_or_null")
    return before.push(kind or "value_or_null")


def _moved(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if walk.borrowed:  # entries are no longer where they were
        walk.borrowed = dict.fromkeys(walk.borrowed, -1)


# -- cells


def _make_cell(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    name = walk.variables[name].name
    if walk.borrowed:
        walk.check_borrowed(index, name, after.depth)
    if name in TUPLES and walk.kind(name) is not None:
        walk.wrong(index, Problem("cell", f"{shown(name)} has a value that need be no tuple", "an empty cell"), before)
    walk.know(name, "cell")


def _copy_free_vars(walk: Walk, index: int, count: Any, before: Stack, after: Stack) -> None:
    if count != len(walk.code.frees) or not count:
        expected = f"{len(walk.code.frees)} of them" if walk.code.frees else "no COPY_FREE_VARS"
        walk.wrong(
            index, Problem("cell", f"the code has {len(walk.code.frees)} free variables, not {count}", expected), before
        )
    for name in walk.closure:
        walk.know(name, "cell")


def _deref(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    if walk.kind(name) != "cell":
        message = f"the variable {shown(name)} has no cell here"
        expected = "MAKE_CELL on every way to it" if name not in walk.closure else "COPY_FREE_VARS on every way to it"
        walk.wrong(index, Problem("cell", message, expected), before)


def _load_deref(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    _deref(walk, index, name, before, after)
    return before.push("tuple") if name in TUPLES else None


def _load_from_deref(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    _deref(walk, index, name, before, after)
    return after.cut(after.depth - 1).push("tuple") if name in TUPLES else None


def _store_deref(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    _deref(walk, index, name, before, after)
    if fits(before.type, "cell"):
        message = "cells in cells without end cannot be freed"
        walk.wrong(index, Problem("nested", message, "an object that is no cell"), before)
    if name in TUPLES and not fits(before.type, "tuple"):
        message = f"{shown(name)} holds nothing but tuples, and this is {meaning(before.type)}"
        walk.wrong(index, Problem("cell", message, meaning("tuple")), before)


def _load_closure(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    _deref(walk, index, name, before, after)
    return before.push("tuple_cell") if name in TUPLES else None


def _class_deref(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> None:
    if walk.code.flags & 1:
        message = "a function has no local mapping to look in"
        walk.wrong(index, Problem("flags", message, "LOAD_DEREF, or a code without the flag 1"), before)
    if walk.made and walk.variables[name].name not in walk.closure:
        walk.wrong(index, Problem("cell", f"{shown(name)} is no variable of the closure", "LOAD_DEREF"), before)
    _deref(walk, index, name, before, after)


CELLS: dict[str, Any] = {
    "LOAD_DEREF": _load_deref,
    "STORE_DEREF": _store_deref,
    "DELETE_DEREF": _deref,
    "LOAD_CLOSURE": _load_closure,
    "LOAD_FROM_DICT_OR_DEREF": _load_from_deref,
    "LOAD_CLASSDEREF": _class_deref,
    "MAKE_CELL": _make_cell,
    "COPY_FREE_VARS": _copy_free_vars,
}

TRACKED: dict[str, Any] = {
    "COPY": _moved,
    "SWAP": _moved,
    "LOAD_FAST": _load,
    "LOAD_FAST_CHECK": _load_checked,
    "LOAD_FAST_LOAD_FAST": _load_two,
    "LOAD_FAST_BORROW": _borrow,
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": _borrow_two,
    "LOAD_FAST_AND_CLEAR": _load_and_clear,
    "STORE_FAST": _store,
    "STORE_FAST_LOAD_FAST": _store_load,
    "STORE_FAST_STORE_FAST": _store_two,
    "DELETE_FAST": _delete,
}
"""Where local variables are followed."""
