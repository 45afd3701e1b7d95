"""Where a function calls `assembly`, `label` and `jump`: patterns of portable instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyasm
from pyasm import inlining
from pyasm.code import Code, Instruction, Position
from pyasm.errors import Finding
from pyasm.inlining.states import State
from pyasm.typed import Any, NamedTuple

ASSEMBLY, LABEL_, JUMP = "assembly", "label", "jump"

KINDS = {inlining.assembly: ASSEMBLY, inlining.label: LABEL_, inlining.jump: JUMP}


class Site(NamedTuple):
    """One call: the instructions from `start` up to `end`. Those from `inner` to `call` are a jump's condition."""

    kind: str
    text: str
    start: int
    inner: int
    call: int
    end: int
    statement: bool
    """Is its value dropped?"""
    position: Position | None
    """Of the call, None when the code has no positions."""

    @property
    def line(self) -> int | None:
        """The line of the call."""
        return self.position.line if self.position is not None else None


class Named(NamedTuple):
    """Instructions that push one of the names, or load it as a method of the package."""

    kind: str
    end: int


class Names:
    """What the names in a function mean."""

    def __init__(self, function: Any) -> None:
        self.globals = function.__globals__
        self.cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        self.builtins = self.globals.get("__builtins__", {})

    def value(self, op: str, name: Any) -> Any:
        """The object that an instruction pushes, as far as that is known; of a name that nothing has, a string."""
        if op == "LOAD_DEREF" and name in self.cells:
            try:
                return self.cells[name].cell_contents
            except ValueError:
                return None
        if op not in ("LOAD_GLOBAL", "LOAD_NAME"):
            return None
        builtins = getattr(self.builtins, "__dict__", self.builtins)
        return self.globals.get(name, builtins.get(name, name))

    def at(self, body: Sequence[Instruction], i: int) -> Named | None:
        """Which of the names is pushed at an index, if any."""
        op, arg, _ = body[i]
        if op not in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"):
            return None
        value = self.value(op, arg)
        if value is pyasm and i + 1 < len(body) and body[i + 1].op in ("LOAD_ATTR", "LOAD_METHOD"):
            value, i = getattr(pyasm, str(body[i + 1].arg), None), i + 1
        if type(value) is str and value == arg and value in KINDS.values():
            return Named(value, i + 1)
        kind = KINDS.get(value) if callable(value) and getattr(value, "__hash__", None) else None
        return Named(kind, i + 1) if kind is not None else None


def find(
    code: Code, names: Names, states: Sequence[State | None], wrong: Callable[[Any, str, str], None]
) -> list[Site]:
    """The calls in a code object, in order. What is no pattern is reported to `wrong(position, message, hint)`."""
    body = code.body
    found = []
    for i in range(len(body)):
        named = names.at(body, i)
        if named is None:
            continue
        site = _site(body, named, i, states)
        if isinstance(site, Finding):
            wrong(body[i].position, site.message, site.hint)
        elif site is not None:
            found.append(site)
    return found


_CALLS = frozenset({"CALL_FUNCTION", "CALL_METHOD"})
_HINTS = {
    ASSEMBLY: 'assembly("..."), with a literal',
    LABEL_: 'label("name"), with a literal',
    JUMP: 'jump("name") or jump("name", condition), with a literal as the name',
}


def _site(body: Sequence[Instruction], named: Named, i: int, states: Sequence[State | None]) -> Site | Finding | None:
    if states[i] is None:
        return None  # nothing comes here
    kind, inner = named.kind, named.end
    call = _call(body, i, inner, states)
    text = body[inner].arg if inner < len(body) and body[inner].op == "LOAD_CONST" else None
    if call is None or type(text) is not str:
        return Finding(f"{kind} is called in another way than it can be", "", _HINTS[kind])
    count = body[call].arg
    if count == 1 and call == inner + 1:
        inner = call
    elif count == 2 and kind == JUMP:
        inner += 1
    else:
        return Finding(f"{kind} has other arguments than it can have", "", _HINTS[kind])
    statement = call + 1 < len(body) and body[call + 1].op == "POP_TOP"
    return Site(kind, text, i, inner, call, call + 1 + statement, statement, position_of(body, call))


def _call(body: Sequence[Instruction], i: int, start: int, states: Sequence[State | None]) -> int | None:
    """The index of the instruction that calls what is pushed at i."""
    base = states[i]
    assert base is not None
    for j in range(start, len(body)):
        op, arg, _ = body[j]
        state = states[j]
        if state is None:
            continue
        if state.depth <= base.depth:
            return None
        if op in _CALLS:
            below = arg + 1 + (op == "CALL_METHOD")
            if state.depth - below == base.depth:
                return j
    return None


def position_of(body: Sequence[Instruction], i: int) -> Position | None:
    """The position of an instruction, or of the last one before it that has one."""
    while i >= 0:
        position = body[i].position
        if position is not None and position.line is not None:
            return position
        i -= 1
    return None
