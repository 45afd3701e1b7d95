"""lift and lower: between a native dialect and the portable one, a module for each construct.

Each module holds a pass and its inverse: `lift(code, ops, dialect)` and `lower(code, ops, dialect)` change
`code.rows`, and `ops`, its mnemonics. Lifting runs them in the order of PASSES, lowering in the opposite one. Between
two passes a body is neither native nor portable: what the passes so far stand for is portable, the rest is native.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import cache

from pyasm import isa
from pyasm.code import Code, Layout, Row, made_by_compiler
from pyasm.errors import Finding, TargetError, VerificationError, nearest
from pyasm.native.collector import uncollected
from pyasm.native.encode import derived_tables
from pyasm.native.malformed import explained, malformed
from pyasm.native.units import LABEL
from pyasm.translate import (
    blocks,
    calls,
    counts,
    deferred,
    exits,
    frames,
    functions,
    handlers,
    loads,
    loops,
    mappings,
    shadows,
    words,
)
from pyasm.translate.edit import NOTHING, instruction, opcode, put_in, where
from pyasm.translate.effects import constant_loads, effects
from pyasm.translate.flow import drop_unreached
from pyasm.translate.merges import MERGES, complete
from pyasm.translate.returns import clean, is_clean
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyasm.verifier import Proof

PASSES = (
    blocks,
    frames,
    loads,
    words,
    calls,
    functions,
    loops,
    exits,
    handlers,
    mappings,
    shadows,
    deferred,
)
"""In the order of lifting."""


def _reasons(code: Code) -> list[Finding]:
    """Why code cannot be translated: passes trust its form, and what verifying it would prove."""
    from pyasm.verifier import verify

    found = malformed(code)
    if not found:
        try:
            verify(code)
        except VerificationError as error:
            found = list(error.findings)
    return found


@explained(TargetError, _reasons)
@uncollected
def lift(code: Code) -> Code:
    """The portable form of a native `Code`, nested ones included; a portable one is given back as it is.

    TargetError, with the instruction and the construct, for what no compiler makes and portable code cannot say.
    """
    return code if code.dialect == isa.PORTABLE else _lifted(code, isa.load(code.dialect))


@explained(TargetError, _reasons)
@uncollected
def lower(code: Code, dialect: str | None = None, proof: Proof | None = None) -> Code:
    """The same program in a native dialect, by default that of the running interpreter.

    Code of another native dialect is lifted first. `proof` is what `verify` found out about this very `Code`: it tells
    what need not be tidied, which is found out anew without it. TargetError, with every instruction, construct and the
    target, for what the target cannot express.
    """
    target = isa.running() if dialect is None else isa.load(dialect)
    if code.dialect == target.name:
        return code
    portable = lift(code)
    tidy: Set[Any] = proof.tidy if proof is not None else NOTHING
    return _lowered(portable, target, calls.plain_names(portable), tidy)


def _lifted(code: Code, dialect: isa.Dialect) -> Code:
    """A portable copy of it and of all that it contains."""
    loads = constant_loads(dialect.name)
    copies = _Copies(loads, lambda old, body, consts: _portable(old, body, consts, dialect))
    new = copies.of(code)
    _run(copies.codes, copies.columns, dialect, _lifting(dialect.name))
    return new


def _portable(
    old: Code, body: list[Row], consts: Callable[[tuple[Any, ...]], tuple[Any, ...]], dialect: isa.Dialect
) -> Code:
    new = old.rewritten(body, isa.PORTABLE)
    layout = old.layout
    if layout is None:
        new.layout = Layout(origin=old.dialect)
    else:
        line_table = _odd_line_table(old, layout, dialect)
        new.layout = layout.without_body(consts(layout.consts), line_table, old.dialect)
    return new


def _lowered(code: Code, dialect: isa.Dialect, plain: frozenset[str], tidy: Set[Any]) -> Code:
    """A native copy, in the same way. `plain` is what the whole module says of names whose attributes compilers do not
    call as methods; `tidy` are the identities of code objects in which there is nothing to tidy.
    """
    loads = constant_loads(dialect.name)
    copies = _Copies(loads, lambda old, body, consts: _native(old, body, consts, dialect, plain, tidy))
    new = copies.of(code)
    foreign = [each for each in copies.codes if each.layout is not None and each.layout.origin != dialect.name]
    _run(copies.codes, copies.columns, dialect, _lowering(dialect.name))
    for each in foreign:
        each.layout = None
    if not dialect.qualname:  # what makes functions has their names
        for each in copies.codes[:-1]:
            each.qualname = each.name
    return new


def _native(
    old: Code,
    body: list[Row],
    consts: Callable[[tuple[Any, ...]], tuple[Any, ...]],
    dialect: isa.Dialect,
    plain: frozenset[str],
    tidy: Set[Any],
) -> Code:
    new = old.rewritten(body, dialect.name)
    layout = old.layout
    if layout is not None and layout.origin == dialect.name:
        new.layout = layout.with_pool(consts(layout.consts), layout.plain | plain if layout.plain else plain)
        return new
    if layout is not None:  # another compiler's pools and habits
        new.stack_size = 0
    by_hand = _TIDY if id(old) in tidy else _BY_HAND
    new.layout = Layout(plain=plain, origin=isa.PORTABLE if made_by_compiler(old) else by_hand)
    return new


_BY_HAND, _TIDY = "by hand", "by hand, tidy"
"""As the origin of a layout, while code is lowered: no compiler has made it; and all of it is reached, and nothing left
below what is returned."""


class _Copies:
    """Copies of a code object and of all within it."""

    def __init__(self, loads: Set[str], copied: Callable[..., Code]) -> None:
        """`loads` are the instructions that may have a code object as their operand. `copied(old, body, consts)` makes
        a copy with this body; `consts` gives a pool with the copies in it.
        """
        self.loads = loads
        self.copied = copied
        self.codes: list[Code] = []
        """All of them, inner ones first, since functions are made of them …"""
        self.columns: list[list[str]] = []
        """… and their mnemonics."""
        self._first: dict[int, Code] = {}
        """By identity of the old one, the first copy."""
        self._made: dict[tuple[int, Any], Code] = {}
        """By identity, and the name of the function that is made of it: functions of one code may have several."""

    def of(self, code: Code, name: Any = None) -> Code:
        """The copy of a code object."""
        key = id(code), name
        found = self._made.get(key)
        if found is None:
            self._made[key] = code  # where it contains itself
            ops = list(map(opcode, code.rows))
            found = self._made[key] = self.copied(code, self._body(code.rows, ops), self._constants)
            self._first.setdefault(id(code), found)
            self.codes.append(found)
            self.columns.append(ops)
        return found

    def _body(self, body: list[Row], ops: list[str]) -> list[Row]:
        """A body with the copies in its operands."""
        new = body
        for index in [index for index in where(ops, self.loads) if isinstance(body[index][1], Code)]:
            op, arg, position = body[index]
            if new is body:
                new = body[:]
            new[index] = instruction(op, self.of(arg, _name_behind(body, index)), position)
        return new

    def _constants(self, consts: tuple[Any, ...]) -> tuple[Any, ...]:
        """A pool with the copies."""
        return tuple([self._any_of(each) if isinstance(each, Code) else each for each in consts])

    def _any_of(self, code: Code) -> Code:
        return self._first.get(id(code)) or self.of(code)


def _name_behind(body: list[Row], index: int) -> Any:
    """The name of the function that is made of the code object which this instruction loads, where it is a constant."""
    following = body[index + 1 : index + 3]
    if len(following) == 2 and following[0][0] == "LOAD_CONST" and following[1][0] == "MAKE_FUNCTION":
        name = following[0][1]
        return name if type(name) is str else None
    return None


_PREFIX = "EXTENDED_ARG"
"""In portable code it has no meaning; the compiler of 3.9 leaves some that do nothing."""


def _unprefixed(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Those that do nothing are for that compiler only."""
    kept = code.layout is not None and code.layout.origin == dialect.name
    code.rows = [each for each in code.rows if each[0] != _PREFIX or (kept and each[1] == 0)]


class _Step(NamedTuple):
    """A pass in one direction."""

    run: Callable[[Code, list[str], isa.Dialect], Set[str] | None]
    """It changes the body, and its mnemonics in the same way, and gives back what it may have put in that a pass after
    it deals with. None: that may be anything, and the mnemonics are no longer those of the body."""
    ops: Set[str] | None
    """The mnemonics that it deals with: where none of them is, it has nothing to do. None: it is always run."""


@cache
def _lifting(name: str) -> list[_Step]:
    dialect = isa.load(name)
    return _steps([(counts.refuse, counts.pushing(name)), *[(each.lift, each.lifts(dialect)) for each in PASSES]])


@cache
def _lowering(name: str) -> list[_Step]:
    dialect = isa.load(name)
    first = [(counts.refuse, counts.moving(name)), (_tidy, None), (_unprefixed, {_PREFIX})]
    return _steps(first + [(each.lower, each.lowers(dialect)) for each in PASSES[::-1]])


def _steps(passes: list[tuple[Any, Any]]) -> list[_Step]:
    return [_Step(run, ops) for run, ops in passes if ops is None or ops]


def _run(codes: list[Code], columns: list[list[str]], dialect: isa.Dialect, steps: list[_Step]) -> None:
    """Each pass over all code objects, then the next one: so it runs from the processor's cache.

    TargetError with the findings of all of them; what has one is left alone by later passes.
    """
    findings: dict[int, Sequence[Finding]] = {}
    present: list[set[str] | None] = [set(ops) for ops in columns]
    for run, wanted in steps:
        for number, there in enumerate(present):
            if there is None:
                ops = columns[number]
                ops[:] = map(opcode, codes[number].rows)
                there = present[number] = set(ops)
            if (wanted is not None and wanted.isdisjoint(there)) or number in findings:
                continue
            try:
                added = run(codes[number], columns[number], dialect)
            except TargetError as error:
                findings[number] = error.findings
                continue
            if added is None:
                present[number] = None
            elif added:
                there |= added
    if findings:
        raise TargetError([each for number in sorted(findings) for each in findings[number]])


def _reading(found: set[str], dialect: isa.Dialect) -> str:
    """The dialect to read a body by that is to be lowered: RAW statements put native instructions among portable ones.

    `found` are its mnemonics. TargetError for instructions that are in neither.
    """
    table = isa.load(isa.PORTABLE).opcodes
    others = found.difference(table, (LABEL,))
    unknown = sorted(op for op in others if op not in dialect.opcodes)
    if unknown:
        words = f"{dialect.name} and the portable dialect have no instruction"
        raise TargetError([Finding(f"{words} {op}", hint=nearest(op, table)) for op in unknown])
    return dialect.name if others else isa.PORTABLE


def _tidy(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """What no compiler of the target has made: without code that is never reached, in blocks that are not there, and
    operands of instructions that take none; without what hand-written code leaves below a returned value, and with a
    callable for what needs one.

    Empty constants are loaded, not built: interpreters count references to what they build.
    """
    origin = code.layout.origin if code.layout is not None else ""
    if origin == dialect.name:
        return NOTHING
    new: Set[str] = NOTHING
    if origin != _TIDY:
        reading = effects(_reading(set(ops), dialect))
        if origin != _BY_HAND:
            drop_unreached(code, ops, reading)
        elif not is_clean(code.rows, ops):  # if it is, all is reached, too
            new = clean(code, ops)
            drop_unreached(code, ops, reading)
    if origin in (_BY_HAND, _TIDY) and not MERGES.isdisjoint(ops):
        new |= complete(code, ops, dialect)
    told, edits = _told(), {}
    for index in where(ops, told):
        op, arg, position = code.rows[index]
        if arg is None:
            continue
        if op not in _EMPTY:
            edits[index] = [instruction(op, None, position)]
        elif arg == 0:
            edits[index] = [instruction("LOAD_CONST", _EMPTY[op], position)]
    return new | put_in(code, ops, edits)


_EMPTY: dict[str, Any] = {"BUILD_TUPLE": (), "BUILD_STRING": ""}


@cache
def _told() -> frozenset[str]:
    """Instructions that take no operand, and those that may build what is empty."""
    rows = isa.load(isa.PORTABLE).opcodes.values()
    return frozenset(row.name for row in rows if row.operand == "-").union(_EMPTY)


def _odd_line_table(code: Code, layout: Layout, dialect: isa.Dialect) -> bytes | None:
    """The position table, where it says the same as the instructions' positions in another way.

    The optimizer of 3.9 removes instructions, but not their entries in the table.
    """
    if dialect.line_table != "lnotab" or layout.line_table is None:
        return None
    return layout.line_table if derived_tables(code)[0] != layout.line_table else None
