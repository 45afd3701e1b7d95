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
from pyasm.tuples.assemble import assembled, source_of
from pyasm.tuples.form import DEFINE, END, Entry, entry
from pyasm.tuples.reader import read
from pyasm.tuples.writer import named, statements, tuples
from pyasm.typed import Any

_snippets = count(1)
_END = "__end_of_byte_compile__"


def statements_of(source: str) -> list[Entry]:
    """The tuples of statements, without DEFINE and END; `pyasm.byte_compile` says more."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        text = _undescribed(source)
        if text is None:
            raise
        tree = ast.parse(text)
    code = source_of(compile(_with_end(tree), "<byte_compile>", "single", dont_inherit=True), isa.PORTABLE)
    number = next(_snippets)
    body = [Instruction(op, arg) for op, arg, _ in _before_end(code.body)]
    inner = Code(code.name, body, dialect=code.dialect)
    return [_renamed(each, number) for each in statements(inner, {id(name.value): name for name in named(inner)})]


def _undescribed(source: str) -> str | None:
    """The source when it was cut out of a description, where quotes, newlines and backslashes are escaped."""
    try:
        text = ast.literal_eval(f'"{source}"') if "\\" in source else None
    except SyntaxError:
        return None
    return text if isinstance(text, str) else None


def _with_end(tree: ast.Module) -> ast.Interactive:
    """The statements, and some more, which mark their end: so many that no compiler moves or copies it."""
    line = (tree.body[-1].end_lineno or 1) if tree.body else 1
    mark = ast.increment_lineno(ast.parse(f"{_END} = None\n" * 3), line)
    return ast.Interactive(body=[*tree.body, *mark.body])


def _before_end(body: list[Instruction]) -> list[Instruction]:
    """The body without the mark and the return behind it, or all of it when execution never gets there."""
    marks = [i for i, (op, arg, _) in enumerate(body) if op == "STORE_NAME" and arg == _END]
    if not marks:
        return body
    rest = body[marks[-1] + 3 :]  # handlers that some compilers move to the end
    if not rest:
        return body[: marks[0] - 1]
    return [*body[: marks[0] - 1], Instruction("JUMP_FORWARD", _END), *rest, Instruction(LABEL, _END)]


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
