"""Tuples from source text, and running them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from itertools import count
from types import FunctionType

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.native.flags import OPTIMIZED
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction
from pyasm.tuples.assemble import assembled, source_of
from pyasm.tuples.form import DEFINE, END, Entry, entry
from pyasm.tuples.reader import read
from pyasm.tuples.writer import named, statements, tuples
from pyasm.typed import Any

_snippets = count(1)
_END = "end"


def statements_of(source: str) -> list[Entry]:
    """The tuples of statements, without DEFINE and END; `pyasm.byte_compile` says more."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        text = _undescribed(source)
        if text is None:
            raise
        tree = ast.parse(text)
    interactive = ast.Interactive(body=tree.body)
    code = source_of(compile(interactive, "<byte_compile>", "single", dont_inherit=True), isa.PORTABLE)
    number = next(_snippets)
    body = [instruction(op, arg) for op, arg, _ in _without_return(code.body)]
    inner = Code(code.name, body, dialect=code.dialect)
    return [_renamed(each, number) for each in statements(inner, {id(name.value): name for name in named(inner)})]


def _undescribed(source: str) -> str | None:
    """The source when it was cut out of a description, where quotes, newlines and backslashes are escaped."""
    try:
        text = ast.literal_eval(f'"{source}"') if "\\" in source else None
    except SyntaxError:
        return None
    return text if isinstance(text, str) else None


def _without_return(body: list[Instruction]) -> list[Instruction]:
    """The body with the place behind it wherever the module would return None."""
    returns = [
        i for i, each in enumerate(body) if each.op == "RETURN_VALUE" and i and body[i - 1][:2] == ("LOAD_CONST", None)
    ]
    new: list[Instruction] = []
    done = 0
    for i in returns:
        new += body[done : i - 1]
        new.append(instruction("JUMP_FORWARD", _END))
        done = i + 1
    new += body[done:]
    if new and new[-1].op == "JUMP_FORWARD":
        new.pop()
    return [*new, instruction(LABEL, _END)] if any(e[:2] == ("JUMP_FORWARD", _END) for e in new) else new


def _renamed(each: Entry, number: int) -> Entry:
    """With a label that no other list has."""
    op, arg = each
    row = isa.load(isa.PORTABLE).opcodes.get(op)
    names_label = op == LABEL or (row is not None and row.operand in isa.JUMPS)
    return entry(op, f"{arg}@{number}") if names_label else each


def module_of(source: str) -> list[Entry]:
    """The list of a module."""
    return tuples(source_of(compile(source, "<byte_compile_obj>", "exec", dont_inherit=True), isa.PORTABLE))


def execute(tups: Iterable[Any], namespace: dict[str, Any] | None) -> Any:
    """Run a list, or statements without DEFINE; `pyasm.execute_tups` says more."""
    tups = list(tups)
    if not any(str(tup[0]).upper() == DEFINE for tup in tups if tup):
        tups = [(DEFINE, "<module>"), *tups, ("LOAD_CONST", None), ("RETURN_VALUE", 0), (END, 0)]
    made = read(tups, isa.load(isa.PORTABLE))
    code = assembled(made, verify=True, pad_underflow=False)
    if namespace is None:
        namespace = sys._getframe(2).f_globals
    if code.co_flags & OPTIMIZED:
        return FunctionType(code, namespace)()
    exec(code, namespace)
    return None


def unused(lists: Iterable[Iterable[Any]]) -> str:
    """A variable name that is in none of the lists."""
    used = {str(arg).lstrip("*") for tups in lists for tup in tups for arg in tup}
    return next(name for name in map("v{}".format, count(1)) if name not in used)
