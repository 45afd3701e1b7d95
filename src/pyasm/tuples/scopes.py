"""What a list leaves open about variables: what a name means in a function, which variables are cells, what is a
generator."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cache
from types import CodeType

from pyasm import isa
from pyasm.code import Code, Free, Instruction
from pyasm.native.decode import decode
from pyasm.native.flags import GENERATORS, OPTIMIZED
from pyasm.translate import lift
from pyasm.typed import Any, NamedTuple

GENERATOR, COROUTINE, ASYNC_GENERATOR, NESTED = 0x20, 0x80, 0x200, 0x10

_AWAITS = frozenset({"GET_AWAITABLE", "GET_AITER", "GET_ANEXT", "BEFORE_ASYNC_WITH", "SETUP_ASYNC_WITH"})
_YIELDS = frozenset({"YIELD_VALUE", "YIELD_FROM"})
_DEREF_OF = {"LOAD_FAST": "LOAD_DEREF", "STORE_FAST": "STORE_DEREF", "DELETE_FAST": "DELETE_DEREF"}
_GLOBAL_OF = {"LOAD_NAME": "LOAD_GLOBAL", "STORE_NAME": "STORE_GLOBAL", "DELETE_NAME": "DELETE_GLOBAL"}


class Scope(NamedTuple):
    """Where a code object is made: what is said of it there, if nothing else is known of it."""

    prefix: str = ""
    """What its qualified name begins with."""
    filename: str = "<assembly>"
    first_line: int = 1
    nested: bool = False
    """Is it in a function, at any depth?"""
    closure: tuple[str, ...] | None = None
    """The variables whose cells it gets; None: the place does not tell."""
    is_class: bool = False

    def inside(self, code: Code) -> Scope:
        """For what a code object in this scope contains; its body need not be there yet."""
        if code.name == MODULE:
            return Scope("", code.filename, code.first_line)
        is_function = bool(code.flags & OPTIMIZED)
        prefix = f"{code.qualname}.<locals>." if is_function else f"{code.qualname}."
        return Scope(prefix, code.filename, code.first_line, is_function or self.nested)

    def at(self, body: Sequence[Instruction], i: int) -> Scope:
        """For the code object that the instruction i of a body loads."""
        closure, first = _closure_before(body, i)
        is_class = first > 0 and body[first - 1].op == "LOAD_BUILD_CLASS"
        return self._replace(closure=closure, is_class=is_class)


MODULE = "<module>"


def _closure_before(body: Sequence[Instruction], i: int) -> tuple[tuple[str, ...] | None, int]:
    """The variables whose cells the instructions before i put into a tuple, and where they begin."""
    if i and body[i - 1].op == "BUILD_TUPLE":
        count = body[i - 1].arg
        loads = body[max(0, i - 1 - count) : i - 1]
        if count and len(loads) == count and all(load.op == "LOAD_CLOSURE" for load in loads):
            return tuple(load.arg for load in loads), i - 1 - count
    return None, i


def code_of(value: Any, dialect: isa.Dialect) -> Code | None:
    """A code object of any kind as `Code` in the dialect of a list; None for what is none."""
    code = decode(value) if isinstance(value, CodeType) else value
    if not isinstance(code, Code):
        return None
    return lift(code) if dialect.name == isa.PORTABLE else code


def settle(code: Code, scope: Scope) -> None:
    """Give a code object that came from a list the variables and flags that its instructions ask for."""
    if scope.closure is not None and tuple(code.frees) != scope.closure:
        code.frees = list(scope.closure)
        code.cells = [name for name in code.cells if name not in scope.closure]
    _add_cells(code)
    if code.flags & OPTIMIZED:
        if scope.nested:
            code.flags |= NESTED
        _mend_names(code)
        _mend_flags(code)


@cache
def _naming(kind: str) -> frozenset[str]:
    """The instructions whose operand is of this kind."""
    return frozenset(name for name, row in isa.load(isa.PORTABLE).opcodes.items() if row.operand == kind)


def _add_cells(code: Code) -> None:
    """Variables that are used as cells and are none yet become some, in all the instructions that use them."""
    derefs, known = _naming("deref"), {*code.cells, *code.frees}
    named = dict.fromkeys([arg for op, arg, _ in code.body if op in derefs and not isinstance(arg, Free)])
    new = [name for name in named if name not in known]
    if new:
        code.cells += new
        others = _naming("local") - _DEREF_OF.keys()  # of inlined comprehensions, which handle slots themselves
        slots = {arg for op, arg, _ in code.body if op in others}
        _rename(code, _DEREF_OF, set(new) - slots)


def _mend_names(code: Code) -> None:
    """In a function, a name is read from the variables that it has, and is otherwise a global."""
    fasts = _naming("local")
    used = {arg for op, arg, _ in code.body if op in fasts}
    parameters = code.parameters
    code.locals = [name for name in code.locals if name in used and name not in parameters]
    if any(op in _GLOBAL_OF for op, _, _ in code.body):
        _rename(code, {"LOAD_NAME": "LOAD_DEREF"}, {*code.cells, *code.frees})
        _rename(code, {"LOAD_NAME": "LOAD_FAST"}, used.union(parameters))
        _rename(code, _GLOBAL_OF, None)


def _rename(code: Code, ops: dict[str, str], names: Container[str] | None) -> None:
    """Other instructions for these, where their operand is among the names; None: everywhere."""
    code.body[:] = [
        each._replace(op=ops[each.op]) if each.op in ops and (names is None or each.arg in names) else each
        for each in code.body
    ]


def _mend_flags(code: Code) -> None:
    """A function that yields or awaits is a generator or a coroutine, and one that was stays one."""
    ops = {each.op for each in code.body}
    kind = code.flags & GENERATORS
    if not kind and not ops.isdisjoint(_AWAITS):
        kind = COROUTINE
    if not kind and not ops.isdisjoint(_YIELDS):
        kind = GENERATOR
    if kind == COROUTINE and "YIELD_VALUE" in ops:
        kind = ASYNC_GENERATOR
    code.flags = code.flags & ~GENERATORS | kind
