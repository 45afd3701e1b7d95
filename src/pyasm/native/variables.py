"""Which index means which variable: separate index spaces up to 3.10, one joint array since 3.11."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from pyasm import isa
from pyasm.code import Code, Free
from pyasm.native.flags import OPTIMIZED, VARARGS, VARKEYWORDS
from pyasm.typed import Any

HIDDEN, LOCAL, CELL, FREE = 0x10, 0x20, 0x40, 0x80
"""Bits of the kind that a `.pyc` file gives for each joint variable."""
POSITIONAL, KEYWORD, VARIABLE = 0x2, 0x4, 0x8
"""And those of an argument: how it may be passed."""

_ROLES = bytes([kind & (LOCAL | CELL | FREE) for kind in range(256)])


def deref_operands(joint: bool, varnames: Sequence[str], cells: Sequence[str], frees: Sequence[str]) -> list[str]:
    """The operand for every index that a `deref` instruction may have; where variables are joint, any instruction."""
    return _joint(varnames, cells, frees) if joint else _marked(cells, frees)


def _joint(varnames: Sequence[str], cells: Sequence[str], frees: Sequence[str]) -> list[str]:
    return _marked([*varnames, *own_cells(varnames, cells)], frees)


def own_cells(varnames: Iterable[str], cells: Sequence[str]) -> list[str]:
    """The cells with a slot of their own: a local that is a cell has only one slot."""
    if not cells:
        return []
    locals = set(varnames)
    return [name for name in cells if name not in locals]


def _marked(names: Sequence[str], frees: Sequence[str]) -> list[str]:
    if not frees:
        return [*names]
    taken = set(names)
    return [*names, *(Free(name) if name in taken else name for name in frees)]


def indexes(operands: Sequence[Any]) -> dict[Any, int]:
    """Operand -> index, the inverse of the lists above; the closure's variables can always be named by Free."""
    table = dict(zip(operands, count()))
    if len(table) < len(operands):  # the first of several counts
        for index in range(len(operands) - 1, -1, -1):
            table[operands[index]] = index
    return table


def duplicates(names: Iterable[str]) -> tuple[str, ...]:
    """The names that occur more than once."""
    seen = set()
    return tuple(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def joint_names(raw: Any) -> tuple[str, ...]:
    """The joint variables of a code object, in their order."""
    return (*raw.co_varnames, *own_cells(raw.co_varnames, raw.co_cellvars), *raw.co_freevars)


def joint_kinds(raw: Any, dialect: isa.Dialect) -> bytes:
    """The kind of each joint variable, as a `.pyc` file of the dialect has it when the compiler writes it."""
    hidden = HIDDEN if dialect.hidden_locals and not raw.co_flags & OPTIMIZED else 0
    locals = [LOCAL | hidden] * len(raw.co_varnames)
    if dialect.argument_kinds:
        for i, kind in enumerate(_argument_kinds(raw)[: len(locals)]):
            locals[i] |= kind
    cells = set(raw.co_cellvars)
    if cells:
        locals = [kind | CELL if name in cells else kind for kind, name in zip(locals, raw.co_varnames)]
        locals += [CELL] * (len(cells) - sum(name in cells for name in raw.co_varnames))
    return bytes(locals) + bytes([FREE]) * len(raw.co_freevars)


def agree(kinds: bytes, others: bytes) -> bool:
    """Are both of the same locals, cells and free variables?"""
    return kinds.translate(_ROLES) == others.translate(_ROLES)


def _argument_kinds(raw: Any) -> list[int]:
    posonly, plain, keyword = raw.co_posonlyargcount, raw.co_argcount, raw.co_kwonlyargcount
    kinds = [POSITIONAL] * posonly + [POSITIONAL | KEYWORD] * (plain - posonly) + [KEYWORD] * keyword
    if raw.co_flags & VARARGS:
        kinds.append(VARIABLE | POSITIONAL)
    if raw.co_flags & VARKEYWORDS:
        kinds.append(VARIABLE | KEYWORD)
    return kinds


def promised(code: Code) -> dict[str, str]:
    """What is passed to functions that compute annotations: the format, of which nobody asks whether it is an int."""
    first = code.posonlyargs[:1]
    named = first == [".format"] or (first == ["format"] and code.name == "__annotate__")
    return {first[0]: "int"} if named else {}
