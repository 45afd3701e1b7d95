"""lift and lower: between a native dialect and the portable one, a module for each construct.

Each module holds a pass and its inverse: `lift(code, dialect)` and `lower(code, dialect)` change `code.body` in place.
Lifting runs them in the order of PASSES, lowering in the opposite one. Between two passes a body is neither native nor
portable: what the passes so far stand for is portable, the rest is native.
"""

from __future__ import annotations

from collections.abc import Callable

from pyasm import isa
from pyasm.code import Code, Instruction, Layout
from pyasm.errors import Finding, TargetError, nearest
from pyasm.native.collector import uncollected
from pyasm.native.encode import derived_tables
from pyasm.native.units import LABEL
from pyasm.translate import (
    blocks,
    calls,
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
from pyasm.translate.edit import instruction, opcode, operand
from pyasm.translate.effects import effects
from pyasm.translate.flow import without_unreached
from pyasm.translate.returns import cleaned
from pyasm.typed import Any

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


@uncollected
def lift(code: Code) -> Code:
    """The portable form of a native `Code`, nested ones included; a portable one is given back as it is.

    TargetError, with the instruction and the construct, for what no compiler makes and portable code cannot say.
    """
    return code if code.dialect == isa.PORTABLE else _translated(code, isa.load(code.dialect), lifting=True)


@uncollected
def lower(code: Code, dialect: str | None = None) -> Code:
    """The same program in a native dialect, by default that of the running interpreter.

    Code of another native dialect is lifted first. TargetError, with every instruction, construct and the target, for
    what the target cannot express.
    """
    target = isa.running() if dialect is None else isa.load(dialect)
    if code.dialect == target.name:
        return code
    portable = lift(code)
    return _translated(portable, target, lifting=False, plain=calls.plain_names(portable))


def _translated(code: Code, dialect: isa.Dialect, *, lifting: bool, plain: frozenset[str] = frozenset()) -> Code:
    """A translated copy. Inner code objects come first, since functions are made of them.

    `plain` is what the whole module says of names whose attributes compilers do not call as methods.
    TargetError has the findings of all of them.
    """
    inner: dict[int, Code] = {}
    findings: list[Finding] = []

    def translated(value: Any) -> Any:
        if not isinstance(value, Code):
            return value
        if id(value) not in inner:
            inner[id(value)] = value
            try:
                inner[id(value)] = _translated(value, dialect, lifting=lifting, plain=plain)
            except TargetError as error:
                findings.extend(error.findings)
        return inner[id(value)]

    new = code.replace(body=_with(translated, code.body), dialect=isa.PORTABLE if lifting else dialect.name)
    layout = code.layout
    if layout is not None:
        consts = tuple(map(translated, layout.consts))
        origin = code.dialect if lifting else layout.origin
        new.layout = Layout(
            consts,
            layout.names,
            stack_size=layout.stack_size,
            line_table=_odd_line_table(code, layout, dialect) if lifting else layout.line_table,
            local_kinds=layout.local_kinds,
            file=layout.file,
            plain=layout.plain | plain,
            origin=origin,
        )
    if lifting:
        if layout is None:
            new.layout = Layout(origin=code.dialect)
        _run(lambda: [each.lift(new, dialect) for each in PASSES], findings)
        return new
    by_hand = layout is None
    if layout is not None and layout.origin != dialect.name:  # another compiler's pools and habits
        layout, new.layout, new.stack_size = None, None, 0
    if layout is None:
        new.body = _tidied(new, dialect, by_hand)
    if "EXTENDED_ARG" in map(opcode, new.body):  # in portable code it has no meaning; 3.9 leaves some that do nothing
        new.body = [each for each in new.body if each.op != "EXTENDED_ARG" or (layout is not None and each.arg == 0)]
    if layout is None:
        new.layout = Layout(plain=plain)
    _run(lambda: [each.lower(new, dialect) for each in reversed(PASSES)], findings)
    if layout is None:
        new.layout = None
    return new


def _reading(body: list[Instruction], dialect: isa.Dialect) -> str:
    """The dialect to read a body by that is to be lowered: RAW statements put native instructions among portable ones.

    TargetError for instructions that are in neither.
    """
    table = isa.load(isa.PORTABLE).opcodes
    others = {op for op, _, _ in body if op not in table and op != LABEL}
    unknown = sorted(op for op in others if op not in dialect.opcodes)
    if unknown:
        words = f"{dialect.name} and the portable dialect have no instruction"
        raise TargetError([Finding(f"{words} {op}", hint=nearest(op, table)) for op in unknown])
    return dialect.name if others else isa.PORTABLE


def _with(translated: Callable[[Any], Any], body: list[Instruction]) -> list[Instruction]:
    """The body with the inner code objects translated."""
    if not any(issubclass(kind, Code) for kind in set(map(type, map(operand, body)))):
        return body
    return [each._replace(arg=translated(each[1])) if isinstance(each[1], Code) else each for each in body]


def _tidied(code: Code, dialect: isa.Dialect, by_hand: bool) -> list[Instruction]:
    """The body without what compilers leave, code that is never reached, in blocks that are not there, and operands of
    instructions that take none; and without what hand-written code leaves below a returned value.

    Empty constants are loaded, not built: interpreters count references to what they build.
    """
    reading = effects(_reading(code.body, dialect))
    if by_hand:
        code.body = cleaned(code)
    body = without_unreached(code.body, reading)
    table = isa.load(isa.PORTABLE).opcodes
    new = []
    for each in body:
        op, arg, position = each
        if arg == 0 and op in _EMPTY:
            each = instruction("LOAD_CONST", _EMPTY[op], position)
        elif arg is not None and op in table and table[op].operand == "-":
            each = instruction(op, None, position)
        new.append(each)
    return new


_EMPTY: dict[str, Any] = {"BUILD_TUPLE": (), "BUILD_STRING": ""}


def _run(passes: Callable[[], Any], findings: list[Finding]) -> None:
    """The passes of one code object; TargetError when there are findings already or then."""
    try:
        passes()
    except TargetError as error:
        findings.extend(error.findings)
    if findings:
        raise TargetError(findings)


def _odd_line_table(code: Code, layout: Layout, dialect: isa.Dialect) -> bytes | None:
    """The position table, where it says the same as the instructions' positions in another way.

    The optimizer of 3.9 removes instructions, but not their entries in the table.
    """
    if dialect.line_table != "lnotab" or layout.line_table is None:
        return None
    return layout.line_table if derived_tables(code)[0] != layout.line_table else None
