"""The argument of an instruction, both ways, by the operand kind that the table gives it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from pyasm.code import Free
from pyasm.errors import nearest
from pyasm.isa import JUMPS, PORTABLE, Dialect, Opcode, load
from pyasm.native.units import MAX_OPERAND
from pyasm.tuples.constants import constant, described
from pyasm.tuples.form import Wrong
from pyasm.typed import Any

NAMES = frozenset({"name", "local", "deref"})


def argument(row: Opcode | None, operand: Any) -> Any:
    """The argument that a macro sees."""
    if row is not None and row.operand == "const":
        return described(operand)
    return 0 if operand is None else operand


@cache
def bare(dialect_name: str) -> frozenset[str]:
    """The instructions of a portable list whose argument does not matter."""
    rows = load(PORTABLE).opcodes if dialect_name == PORTABLE else {}
    return frozenset(name for name, row in rows.items() if row.operand == "-")


class Operands:
    """Reads the arguments that a macro gives."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        portable = dialect.name == PORTABLE
        self.readers: dict[str, Callable[[Opcode, Any], Any]] = {
            "-": _nothing if portable else _nothing_or_number,
            "const": lambda row, arg: constant(arg),
            "number": _counted if portable else lambda row, arg: number(arg),
            "locals": _as_it_is,
            **dict.fromkeys(NAMES, _name),
            **dict.fromkeys(JUMPS, lambda row, arg: label(arg)),
            **dict.fromkeys(dialect.enums, self._enum),
        }

    def operand(self, row: Opcode, arg: Any) -> Any:
        """The operand of an instruction. Wrong when the argument is none for it."""
        return _as_it_is(row, arg) if row.flags else self.readers[row.operand](row, arg)

    def _enum(self, row: Opcode, arg: Any) -> Any:
        members = self.dialect.enums[row.operand]
        if arg in members.values():
            return arg
        try:
            index = number(arg)
        except Wrong:
            known = list(members.values())
            hint = _BECAME.get(arg) if row.operand == "compare" and isinstance(arg, str) else None
            hint = hint or nearest(str(arg), known) or "one of " + " ".join(known)
            raise Wrong(f"{arg!r} is no argument of {row.name}", hint) from None
        return members.get(index, index)


_BECAME = {
    "in": "('CONTAINS_OP', 0)",
    "not in": "('CONTAINS_OP', 1)",
    "is": "('IS_OP', 0)",
    "is not": "('IS_OP', 1)",
    "exception match": "JUMP_IF_NOT_EXC_MATCH",
}
"""What has taken the place of comparisons that older versions had."""


def label(arg: Any) -> str:
    """The name of a label, which may be given as any str or int."""
    if isinstance(arg, (str, int)):
        return str(arg)
    raise Wrong(f"the name of a label is needed, not {arg!r}")


def number(arg: Any) -> int:
    """A number, which may be given as decimal text."""
    value = int(arg) if isinstance(arg, str) and arg.strip().isdecimal() and len(arg) < 20 else arg
    if isinstance(value, int) and 0 <= value <= MAX_OPERAND:
        return int(value)
    raise Wrong(f"a number from 0 to {MAX_OPERAND} is needed, not {arg!r}")


def _nothing(row: Opcode, arg: Any) -> None:
    """The document says that it does not matter."""


def _nothing_or_number(row: Opcode, arg: Any) -> Any:
    return None if arg in (0, "0", "", None) else number(arg)


def _counted(row: Opcode, arg: Any) -> int:
    n = number(arg)
    if n == 0 and "_[n-1]" in row.stack:  # an entry below the top
        if row.name != "DICT_MERGE":  # the document gives it no argument
            raise Wrong("entries are counted from 1, the one below the top")
        return 1
    return n


def _name(row: Opcode, arg: Any) -> str:
    if isinstance(arg, str):
        return arg if isinstance(arg, Free) else str(arg)
    raise Wrong(f"a name is needed, not {arg!r}")


def _as_it_is(row: Opcode, arg: Any) -> Any:
    if isinstance(arg, (tuple, list)) and len(arg) == 2:
        return tuple(arg)
    raise Wrong(f"two values in a tuple are needed, not {arg!r}")
