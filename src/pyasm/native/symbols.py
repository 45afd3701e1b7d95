"""What the numbers in instructions stand for, when code is decoded: names, constants, variables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

from pyasm import isa
from pyasm.errors import Finding, MalformedError
from pyasm.native import units, variables
from pyasm.typed import Any


class _Rest(dict[int, Any]):
    """Names of some operands; any other is the number itself."""

    def __missing__(self, number: int) -> int:
        return number


class _Pairs(dict[int, tuple[str, str]]):
    """Two locals in the halves of one byte."""

    def __init__(self, locals: Sequence[str]) -> None:
        self.locals = locals

    def __missing__(self, number: int) -> tuple[str, str]:
        pair = self[number] = self.locals[number >> 4], self.locals[number & 15]
        return pair


CONST, _PAIR, _FLAG, _FLAGS = map(units.OPERAND_KINDS.index, ("const", "locals", "name+1", "name+2"))
_NOTHING = _Rest({0: None})
_NUMBERS = _Rest({number: number for number in range(256)})


def operands(raw: Any, consts: list[Any], columns: units.Units, kinds: bytes, form: units.Shape) -> list[Any]:
    """The symbolic operand of each instruction; that of a jump is still a number."""
    joint = form.dialect.variables == "joint"
    names, locals, cells, frees = raw.co_names, raw.co_varnames, raw.co_cellvars, raw.co_freevars
    derefs: Sequence[str] = locals if joint else ()
    if cells or frees:
        derefs = variables.deref_operands(joint, locals, cells, frees)
        locals = derefs if joint else locals
    resolvers: list[Any] = [  # in the order of units.OPERAND_KINDS
        _NOTHING,
        _NUMBERS,
        _NUMBERS,
        _NUMBERS,
        consts,
        names,
        locals,
        derefs,
        _Pairs(locals) if _PAIR in kinds else (),
        [*product(names, (0, 1))] if _FLAG in kinds else (),
        _Flagged(names) if _FLAGS in kinds else (),
        *_enums(form.dialect.name),
    ]
    try:
        return [resolvers[kind][operand] for kind, operand in zip(kinds, columns.operands)]
    except IndexError:
        raise _out_of_range(columns, kinds, resolvers, form.dialect) from None


class _Flagged(dict[int, tuple[str, int]]):
    """A name's index above two flag bits."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __missing__(self, number: int) -> tuple[str, int]:
        return self.names[number >> 2], number & 3


@cache
def _enums(dialect_name: str) -> list[dict[int, Any]]:
    return [_Rest(members) for members in isa.load(dialect_name).enums.values()]


def _out_of_range(columns: units.Units, kinds: bytes, resolvers: list[Any], dialect: isa.Dialect) -> MalformedError:
    findings = []
    for opcode, operand, start, kind in zip(columns.opcodes, columns.operands, columns.bounds, kinds):
        try:
            resolvers[kind][operand]
        except IndexError:
            row = dialect.by_number[opcode]
            findings.append(Finding(f"byte {2 * start}: {row.name} {operand}: there is no such {row.operand}"))
    return MalformedError(findings)
