"""The operands of a `Code` as numbers: names and constants become places in pools, labels become places in the body.

Labels stay in the columns, as instructions that take no units, so that an index always is one of the body.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Code, Free, Layout
from pyasm.errors import EncodeError, Finding, named, nearest, shown
from pyasm.native import constants, units, variables
from pyasm.native.flags import OPTIMIZED
from pyasm.typed import Any, NamedTuple


class Numbered(NamedTuple):
    """The body of a code object in columns; the operands of jumps are not known yet."""

    opcodes: bytes
    operands: list[int]
    positions: Sequence[Any]
    labels: dict[Any, int]
    """Name of a label -> its index."""
    jumps: dict[int, Any]
    """Index of a jump -> the label that it names."""
    varnames: Sequence[str]
    consts: list[Any]
    names: list[str]


def number(code: Code, form: units.Shape) -> Numbered:
    """The operands of a code object as numbers. EncodeError with every operand that cannot be one."""
    varnames = code.parameters + code.locals
    try:
        tables = _Tables(code, varnames, form)
    except TypeError:
        raise EncodeError(wrong_names(code, varnames)) from None
    numbered = _number(code, tables, form)
    new = tables.locals.new
    if new and tables.locals.others:  # their indexes come behind those of all locals
        numbered = _number(code, _Tables(code, varnames + new, form), form)
    return numbered._replace(varnames=varnames + new) if new else numbered


def _number(code: Code, tables: _Tables, form: units.Shape) -> Numbered:
    try:
        names, args, positions = tuple(zip(*code.rows)) if code.rows else ((), (), ())
        opcodes = bytes(units.pick(form.numbers, names))
        kinds = opcodes.translate(form.kinds)
        resolvers = tables.resolvers(kinds)
        operands = [resolvers[kind][arg] for kind, arg in zip(kinds, args)]
        places = units.indexes(kinds, _LABEL)
        labels = {args[i]: i for i in places}
    except (_Bad, TypeError, ValueError, LookupError, AttributeError) as error:
        raise EncodeError(_findings(code, tables) or [Finding(str(error), named(code.name))]) from None
    jumps = {i: args[i] for i in units.indexes(kinds, units.JUMP)}
    if (places or jumps) and not _fit(labels, len(places), jumps):
        raise EncodeError(_findings(code, tables) + _unknown_labels(code, jumps, labels))
    return Numbered(
        opcodes, operands, positions, labels, jumps, tables.variables[0], tables.pool.values, tables.names.pool
    )


def _fit(labels: dict[Any, int], count: int, jumps: dict[int, Any]) -> bool:
    """Have so many labels a name each, and all jumps a label?"""
    are_names = _STRINGS.issuperset(map(type, labels)) or all(isinstance(label, str) for label in labels)
    return are_names and len(labels) == count and labels.keys() >= set(jumps.values())


_STRINGS = frozenset({str})


# -- what a number stands for


class _Bad(Exception):
    """An operand that cannot be a number: what is wrong, and perhaps a hint."""


class _Names(dict[str, int]):
    """The pool of names, and the index of each; one that is not there yet is added."""

    __slots__ = ("pool",)

    def __init__(self, pool: Sequence[str]) -> None:
        for number, name in enumerate(pool):
            self[name] = number
        self.pool = [*pool]
        if len(self) < len(pool):  # the first of several counts
            self.update((name, pool.index(name)) for name in pool)

    def __missing__(self, name: str) -> int:
        if not isinstance(name, str):
            raise _Bad(f"a name is needed, not {shown(name)}")
        number = self[name] = len(self.pool)
        self.pool.append(name)
        return number


class _Plain(dict[Any, int]):
    """The operand of an instruction without one, or of an enum: those that have a name, and any number."""

    def __missing__(self, operand: Any) -> int:
        if type(operand) is int and 0 <= operand <= units.MAX_OPERAND:
            return operand
        known = [name for name in self if name is not None]
        if not known:
            raise _Bad(f"it takes no operand, not {shown(operand)}")
        raise _Bad(f"{shown(operand)} is no operand of it", nearest(operand, known) or "one of " + " ".join(known))


class _Flagged(dict[tuple[str, int], int]):
    """A name above some flag bits."""

    __slots__ = ("bits", "names")

    def __init__(self, names: _Names, bits: int) -> None:
        self.names, self.bits = names, bits

    def __missing__(self, operand: tuple[str, int]) -> int:
        if not isinstance(operand, tuple) or len(operand) != 2:
            raise _Bad(f"a name and its flags are needed, not {shown(operand)}", "for example ('print', 0)")
        name, flags = operand
        if type(flags) is not int or not 0 <= flags < 1 << self.bits:
            raise _Bad(f"flags {shown(flags)} are not 0 to {(1 << self.bits) - 1}")
        number = self[operand] = self.names[name] << self.bits | flags
        return number


class _Variables(dict[str, int]):
    """Variables by name; locals that are not there yet are noted in `new`."""

    __slots__ = ("new", "others")

    def __init__(self, joint: bool, varnames: Sequence[str], cells: Sequence[str], frees: Sequence[str]) -> None:
        self.others = joint and bool(cells or frees)
        """Are there also cells or free variables? Then the numbers of new variables are not known yet."""
        if self.others:
            varnames = variables.deref_operands(joint, varnames, cells, frees)
        for number, name in enumerate(varnames):
            self[name] = number
        if len(self) < len(varnames):
            raise TypeError("a variable is listed twice")
        self.new: list[str] = []

    def __missing__(self, name: str) -> int:
        if not isinstance(name, str):
            raise _Bad(f"the name of a variable is needed, not {shown(name)}")
        if isinstance(name, Free):
            if str(name) not in self:
                raise _Bad(f"{str(name)!r} is not among the free variables")
            return self[str(name)]
        self.new.append(name)
        number = self[name] = 0 if self.others else len(self)
        return number


class _Cells(dict[str, int]):
    """Cells and free variables by name."""

    def __missing__(self, name: str) -> int:
        if isinstance(name, Free) and str(name) in self:
            return self[str(name)]
        hint = nearest(name, self) if isinstance(name, str) else ""
        raise _Bad(f"{shown(name)} is neither a cell nor a free variable", hint)


class _Pairs(dict[tuple[str, str], int]):
    """Two locals in the halves of one byte."""

    def __init__(self, locals: _Variables) -> None:
        self.locals = locals

    def __missing__(self, operand: tuple[str, str]) -> int:
        if not isinstance(operand, tuple) or len(operand) != 2:
            raise _Bad(f"the names of two variables are needed, not {shown(operand)}")
        first, second = self.locals[operand[0]], self.locals[operand[1]]
        if first > 15 or second > 15:
            raise _Bad(f"{shown(operand)}: only the first 16 variables can stand in it", "use an instruction for each")
        number = self[operand] = first << 4 | second
        return number


class _Tables:
    """What makes numbers of the operands of one code object."""

    __slots__ = ("form", "locals", "names", "pool", "variables")

    def __init__(self, code: Code, varnames: Sequence[str], form: units.Shape) -> None:
        dialect = form.dialect
        layout = code.layout if code.layout is not None else Layout()
        self.form = form
        self.names = _Names(layout.names)
        self.pool = constants.Pool(first_constants(code, layout, dialect))
        self.variables = varnames, code.cells, code.frees
        self.locals = _Variables(dialect.variables == "joint", *self.variables)
        if len(set(code.cells)) < len(code.cells) or len(set(code.frees)) < len(code.frees):
            raise TypeError("a cell or free variable is listed twice")

    def resolvers(self, kinds: bytes) -> list[Any]:
        """By operand kind, what maps operands to numbers; those that are rarely needed only where they occur."""
        later: dict[Any, int] = defaultdict(int)  # of labels, and of jumps as long as it is not known how far they go
        plain = [_NOTHING, _NUMBERS, later, later, self.pool, self.names, self.locals]
        found: list[Any] = [*plain, None, None, None, None, *_enums(self.form.dialect.name)]
        if _DEREF in kinds:
            joint = self.form.dialect.variables == "joint"
            found[_DEREF] = _Cells(variables.indexes(variables.deref_operands(joint, *self.variables)))
        if _PAIR in kinds:
            found[_PAIR] = _Pairs(self.locals)
        if _FLAG in kinds:
            found[_FLAG] = _Flagged(self.names, 1)
        if _FLAGS in kinds:
            found[_FLAGS] = _Flagged(self.names, 2)
        return found

    def number(self, name: str, operand: Any) -> int:
        """The operand of one instruction as a number."""
        dialect = self.form.dialect
        opcode = dialect.opcodes.get(name)
        if opcode is None:
            raise _Bad(f"unknown instruction {shown(name)} in {dialect.name}", nearest(name, dialect.opcodes))
        kind = self.form.kinds[opcode.number]
        number: int = self.resolvers(bytes([kind]))[kind][operand]
        return number


class _Numbers(dict[int, int]):
    """Numbers as they are; the small ones are there from the start."""

    def __missing__(self, operand: Any) -> int:
        if isinstance(operand, int) and 0 <= operand <= units.MAX_OPERAND:
            return operand
        raise _Bad(f"its operand is a number from 0 to {units.MAX_OPERAND}, not {shown(operand)}")


_LABEL, _DEREF, _PAIR, _FLAG, _FLAGS = map(units.OPERAND_KINDS.index, ("label", "deref", "locals", "name+1", "name+2"))
_NOTHING = _Plain({None: 0})
_NUMBERS = _Numbers({number: number for number in range(256)})


@cache
def _enums(dialect_name: str) -> list[_Plain]:
    enums = isa.load(dialect_name).enums.values()
    return [_Plain((name, number) for number, name in members.items()) for members in enums]


def first_constants(code: Code, layout: Layout, dialect: isa.Dialect) -> Sequence[Any]:
    """The pool to start from, with the docstring, or what says that there is none, in its first place."""
    pool: Sequence[Any] = layout.consts
    has_doc = bool(pool) and isinstance(pool[0], str)
    if code.doc is not None:
        return pool if has_doc and pool[0] == code.doc else [code.doc, *pool]
    is_function = getattr(dialect, "docstring", "") == "slot" and code.flags & OPTIMIZED
    if is_function and (has_doc or (not pool and _first_is_text(code, dialect))):
        return [None, *pool]
    return pool


def _first_is_text(code: Code, dialect: isa.Dialect) -> bool:
    loads = {opcode.name for opcode in dialect.opcodes.values() if opcode.operand == "const"}
    first = next((i for i in code.rows if _is_instruction(i) and isinstance(i[0], str) and i[0] in loads), None)
    return first is not None and isinstance(first[1], str)


# -- what is wrong


def place(code: Code, i: int) -> str:
    """How an error names an instruction: by its index in the body, labels included."""
    instruction = code.rows[i]
    if not _is_instruction(instruction):
        return f"{named(code.qualname)}, instruction {i}"
    line = getattr(instruction[2], "line", None)
    return f"{named(code.qualname)}, instruction {i} ({named(instruction[0])})" + (f", line {line}" if line else "")


def _is_instruction(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3


def _findings(code: Code, tables: _Tables) -> list[Finding]:
    """What is wrong with each instruction and label."""
    found = []
    labels = set()
    for i, instruction in enumerate(code.rows):
        try:
            if not _is_instruction(instruction):
                raise _Bad(f"{shown(instruction)} is no Instruction: mnemonic, operand, position")
            op, arg, _ = instruction
            if op != units.LABEL:
                tables.number(op, arg)
            elif arg in labels:
                raise _Bad(f"the label {shown(arg)} is defined twice")
            elif not isinstance(arg, str):
                raise _Bad(f"the name of a label is needed, not {shown(arg)}")
            else:
                labels.add(arg)
        except _Bad as bad:
            found.append(Finding(bad.args[0], place(code, i), *bad.args[1:]))
        except (TypeError, ValueError, LookupError, AttributeError):
            found.append(Finding(f"{shown(instruction)} cannot have that operand", place(code, i)))
    return found


def wrong_names(code: Code, varnames: Sequence[str]) -> list[Finding]:
    """The variables whose names are no str, or are listed twice."""
    found = []
    for what, names in [("local variable", varnames), ("cell", code.cells), ("free variable", code.frees)]:
        bad = [name for name in names if not isinstance(name, str)]
        found += [Finding(f"{what} {shown(name)} is not a str", named(code.name)) for name in bad]
        if not bad and len(set(names)) < len(names):
            twice = ", ".join(variables.duplicates(names))
            found.append(Finding(f"{what} {twice} is listed twice", named(code.name)))
    return found


def _unknown_labels(code: Code, jumps: dict[int, Any], labels: dict[Any, int]) -> list[Finding]:
    known = [label for label in labels if isinstance(label, str)]
    unknown = [(i, label) for i, label in jumps.items() if label not in labels]
    return [Finding(f"no label {shown(label)}", place(code, i), nearest(label, known)) for i, label in unknown]
