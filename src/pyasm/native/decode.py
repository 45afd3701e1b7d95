"""decode: from a code object to `Code`, exactly. The inverse is in encode.py."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain, count
from types import CodeType

from pyasm import isa
from pyasm.code import Code, Handler, Layout, Row, Tables
from pyasm.errors import MalformedError
from pyasm.native import constants, exceptions, positions, symbols, units, variables
from pyasm.native.collector import uncollected
from pyasm.native.flags import CLOSED, HAS_DOCSTRING, OPTIMIZED, VARARGS, VARKEYWORDS
from pyasm.native.raw import RawCode
from pyasm.typed import Any

_new = tuple.__new__  # of a NamedTuple: faster than its own


def decode(code: CodeType) -> Code:
    """The instructions of a code object of the running interpreter, in its own dialect, and of all that it contains.

    TypeError for what is no code object; MalformedError for one that no compiler makes, with every place found.
    """
    if not isinstance(code, CodeType):
        raise TypeError(f"decode takes a code object, not {type(code).__name__}")
    return decode_raw(code, isa.running())


@uncollected
def decode_raw(raw: CodeType | RawCode, dialect: isa.Dialect) -> Code:
    """The same for a code object of any dialect."""
    try:
        return _decode(raw, units.shape(dialect.name))
    except RecursionError:
        raise MalformedError("code objects nested too deeply") from None


class _Draft:
    """A code object on its way from bytes."""

    __slots__ = (
        "bytecode",
        "code",
        "columns",
        "exception_table",
        "jumps",
        "kinds",
        "labels",
        "line_table",
        "places",
        "plain",
        "raw",
        "regions",
    )

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        """The code object, or its fields."""
        self.bytecode: bytes
        self.plain: units.Units
        self.columns: units.Units
        self.kinds: bytes
        """Of the operands."""
        self.line_table: bytes
        self.places: Sequence[Any]
        """The position of each instruction."""
        self.exception_table: bytes | None = None
        self.jumps: dict[int, int] = {}
        """Index of a jump -> that of the instruction that it goes to."""
        self.regions: list[_Region] = []
        self.labels: dict[int, str] = {}
        self.code: Code


def _decode(raw: Any, form: units.Shape) -> Code:
    """Each step is done for all code objects before the next one: so it runs from the processor's cache."""
    drafts: dict[int, _Draft] = {}
    _collect(raw, drafts)
    for step in (_read, _read_positions, _read_ways):
        for draft in drafts.values():
            try:
                step(draft, form)
            except MalformedError as error:
                raise _placed(error, draft) from None
    for draft in drafts.values():
        try:
            draft.code = _code(draft, _constants(draft.raw.co_consts, drafts), form)
        except MalformedError as error:
            raise _placed(error, draft) from None
    return drafts[id(raw)].code


_CODES = frozenset({CodeType, RawCode})


def _collect(raw: Any, drafts: dict[int, _Draft]) -> None:
    """Drafts of it and of all that it contains, inner ones first."""
    if not _CODES.isdisjoint(map(type, raw.co_consts)):
        for const in raw.co_consts:
            if type(const) in _CODES and id(const) not in drafts:
                _collect(const, drafts)
    drafts[id(raw)] = _Draft(raw)


def _constants(pool: Sequence[Any], drafts: dict[int, _Draft]) -> list[Any]:
    """A pool, with what became of the code objects in it."""
    if _CODES.isdisjoint(map(type, pool)):
        return [*pool]
    return [drafts[id(value)].code if type(value) in _CODES else value for value in pool]


def _placed(error: MalformedError, draft: _Draft) -> MalformedError:
    place = f"code object {draft.raw.co_name}"
    return MalformedError([finding._replace(place=finding.place or place) for finding in error.findings])


def _read(draft: _Draft, form: units.Shape) -> None:
    draft.bytecode = draft.raw.co_code
    draft.plain = plain = units.read(draft.bytecode, form)
    draft.columns = units.joined(plain, form)
    draft.kinds = bytes(draft.columns.opcodes).translate(form.kinds)


def _read_positions(draft: _Draft, form: units.Shape) -> None:
    raw, dialect, columns = draft.raw, form.dialect, draft.columns
    draft.line_table = raw.line_table if isinstance(raw, RawCode) else _line_table(raw, dialect)
    draft.places = tuple(positions.of_instructions(dialect, draft.line_table, raw.co_firstlineno, columns.bounds))


def _read_ways(draft: _Draft, form: units.Shape) -> None:
    """Jumps and handlers."""
    columns = draft.columns
    if form.dialect.blocks == "table":
        draft.exception_table = draft.raw.co_exceptiontable
    if units.JUMP in draft.kinds or draft.exception_table:
        draft.jumps = _jump_targets(columns, draft.kinds, form)
        draft.regions = _regions(draft.exception_table or b"", columns.bounds)
        draft.labels = _labels(draft.jumps, draft.regions)


def _code(draft: _Draft, consts: list[Any], form: units.Shape) -> Code:
    """The code object; `consts` is its pool."""
    raw, dialect = draft.raw, form.dialect
    body = _body(draft, consts, form)
    labels = draft.labels
    handlers: list[Handler] = [
        _new(Handler, (labels[start], labels[end], labels[target], *rest)) for start, end, target, rest in draft.regions
    ]
    flags, doc = _flags(raw, dialect)
    posonlyargs, args, kwonlyargs, vararg, kwarg, locals = _variables(raw)
    return Code(
        raw.co_name,
        body,
        dialect=dialect.name,
        qualname=raw.co_qualname if dialect.qualname else raw.co_name,
        filename=raw.co_filename,
        first_line=raw.co_firstlineno,
        flags=flags,
        posonlyargs=posonlyargs,
        args=args,
        vararg=vararg,
        kwonlyargs=kwonlyargs,
        kwarg=kwarg,
        locals=locals,
        cells=raw.co_cellvars,
        frees=raw.co_freevars,
        doc=doc,
        handlers=handlers,
        stack_size=raw.co_stacksize,
        layout=_layout(draft, consts, body, handlers, form),
    )


def _body(draft: _Draft, consts: list[Any], form: units.Shape) -> list[Row]:
    columns, labels = draft.columns, draft.labels
    operands = symbols.operands(draft.raw, consts, columns, draft.kinds, form)
    for i, target in draft.jumps.items():
        operands[i] = labels[target]
    names = units.pick(form.names, columns.opcodes)
    body: list[Row] = list(zip(names, operands, draft.places))
    return _insert_labels(body, labels) if labels else body


def _layout(draft: _Draft, consts: list[Any], body: list[Row], handlers: list[Handler], form: units.Shape) -> Layout:
    raw, columns = draft.raw, draft.columns
    opcodes, operands, _ = draft.plain
    instructions = form.dialect.name, bytes(opcodes), bytes(operands)
    beside = draft.places, raw.co_firstlineno, draft.line_table, draft.exception_table, raw.co_stacksize
    pools_and_body = (
        tuple(consts),
        raw.co_names,
        tuple(body),
        tuple(handlers),
        raw.co_firstlineno,
        raw.co_stacksize,
        draft.line_table,
        draft.exception_table,
        _shift(_picks(columns, consts, draft.kinds), draft.labels),
        _shift(_prefixes(columns, draft.jumps, form), draft.labels),
        _odd_kinds(raw, form.dialect),
    )
    tables = _new(Tables, (draft.bytecode, instructions, *beside))
    return _new(Layout, (*pools_and_body, None, frozenset(), "", tables))


def _picks(columns: units.Units, consts: list[Any], kinds: bytes) -> dict[int, int]:
    """Index of the instruction -> operand, where that constant stands in the pool before as well."""
    again = constants.repeated(consts)
    if not again:
        return {}
    loads = units.indexes(kinds, symbols.CONST)
    return {i: columns.operands[i] for i in loads if columns.operands[i] in again}


def _line_table(code: CodeType, dialect: isa.Dialect) -> bytes:
    table: bytes = code.co_lnotab if dialect.line_table == "lnotab" else code.co_linetable
    return table


# -- jumps and handlers


def _jump_targets(columns: units.Units, kinds: bytes, form: units.Shape) -> dict[int, int]:
    """Index of each jump -> index of the instruction that it goes to."""
    opcodes, operands, bounds = columns
    in_bytes = form.dialect.jump_unit == 1
    targets = {}
    for i in units.indexes(kinds, units.JUMP):
        kind, distance = form.jumps[opcodes[i]], operands[i]
        if in_bytes:
            if distance & 1:
                raise MalformedError(f"byte {2 * bounds[i]}: a jump into the middle of a unit")
            distance >>= 1
        unit = distance if kind == "absolute" else bounds[i + 1] + (distance if kind == "forward" else -distance)
        targets[i] = target = bisect_left(bounds, unit)
        if unit > bounds[-1] or bounds[target] != unit:
            raise MalformedError(f"byte {2 * bounds[i]}: a jump to byte {2 * unit}, where no instruction begins")
    return targets


_Region = tuple[int, int, int, tuple[int, bool]]
"""Indexes of the first instruction of a region, of the one behind it, of the handler; its depth and lasti."""


def _regions(table: bytes, bounds: Sequence[int]) -> list[_Region]:
    """The exception table, with the indexes of instructions."""
    if not table:
        return []
    regions = []
    for entry in exceptions.read(table):
        start, end, target, depth, lasti = entry
        indexes = bisect_left(bounds, start), bisect_left(bounds, end), bisect_left(bounds, target)
        for unit, index in zip(entry, indexes):
            if unit > bounds[-1] or bounds[index] != unit:
                raise MalformedError(f"exception table, {entry}: no instruction begins at byte {2 * unit}")
        regions.append((*indexes, (depth, lasti)))
    return regions


def _labels(jumps: dict[int, int], regions: list[_Region]) -> dict[int, str]:
    """Index of an instruction -> name of the label before it; numbered in the order in which they stand."""
    places = set(jumps.values())
    for region in regions:
        places.update(region[:3])
    return dict(zip(sorted(places), chain(_LABELS, map("L{}".format, count(len(_LABELS) + 1)))))


_LABELS = [f"L{number}" for number in range(1, 100)]
"""The first names, which most code objects have no more of."""


def _prefixes(columns: units.Units, jumps: dict[int, int], form: units.Shape) -> dict[int, int]:
    """Index of a jump -> how many EXTENDED_ARG it has, if any."""
    opcodes, _, bounds = columns
    if isinstance(opcodes, bytes):  # there are no prefixes at all
        return {}
    counts = {i: bounds[i + 1] - bounds[i] - form.sizes[opcodes[i]] for i in jumps}
    return {i: count for i, count in counts.items() if count}


def _insert_labels(body: list[Row], labels: dict[int, str]) -> list[Row]:
    parts: list[Row] = []
    done = 0
    for index, name in labels.items():
        parts += body[done:index]
        parts.append((units.LABEL, name, None))
        done = index
    return parts + body[done:]


def _shift(by_index: dict[int, int], labels: dict[int, str]) -> dict[int, int]:
    """What is known by the index of an instruction, by its index in the body, which has labels."""
    if not by_index:
        return by_index
    places = list(labels)
    return {i + bisect_right(places, i): value for i, value in by_index.items()}


# -- what the instructions do not tell


def _odd_kinds(raw: Any, dialect: isa.Dialect) -> bytes | None:
    """The kinds of the variables, when they are not those that the compiler gives them."""
    kinds: bytes | None = raw.local_kinds if isinstance(raw, RawCode) else None
    return kinds if kinds is not None and kinds != variables.joint_kinds(raw, dialect) else None


def _variables(raw: Any) -> tuple[Any, ...]:
    """Positional-only, positional and keyword-only parameters, those of variable number or None, and other locals."""
    names = raw.co_varnames
    posonly, plain = raw.co_posonlyargcount, raw.co_argcount
    named = plain + raw.co_kwonlyargcount
    vararg = named if raw.co_flags & VARARGS else None
    end = named + (vararg is not None)
    kwarg = end if raw.co_flags & VARKEYWORDS else None
    end += kwarg is not None
    if not 0 <= posonly <= plain <= named or end > len(names):
        raise MalformedError(f"{end} parameters, but {len(names)} local variables")
    variadic = [None if i is None else names[i] for i in (vararg, kwarg)]
    return names[:posonly], names[posonly:plain], names[plain:named], *variadic, names[end:]


def _flags(raw: Any, dialect: isa.Dialect) -> tuple[int, str | None]:
    flags = raw.co_flags & ~(VARARGS | VARKEYWORDS)
    if dialect.closed_flag:
        flags &= ~CLOSED
    first = raw.co_consts[0] if raw.co_consts else None
    marked = raw.co_flags & (OPTIMIZED if dialect.docstring == "slot" else HAS_DOCSTRING)
    if not marked or not isinstance(first, str):
        return flags, None
    return flags & ~HAS_DOCSTRING if dialect.docstring == "flag" else flags, first
