"""encode: from `Code` in a native dialect to a code object. The inverse of decode.py.

The operand of every instruction becomes a number, the labels become places, and the tables are written from positions
and handlers. What `Layout` remembers is used as long as it fits.
"""

from __future__ import annotations

from operator import is_, itemgetter
from types import CodeType

from pyasm import isa
from pyasm.code import Code, Handler, Layout, Tables
from pyasm.errors import EncodeError, Finding, TargetError, nearest, shown
from pyasm.native import exceptions, positions, units
from pyasm.native.collector import uncollected
from pyasm.native.flags import CLOSED, HAS_DOCSTRING, VARARGS, VARKEYWORDS
from pyasm.native.malformed import explained
from pyasm.native.operands import Numbered, number
from pyasm.native.places import Places, placed
from pyasm.native.raw import RawCode
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.verifier import Proof

_new: Any = tuple.__new__  # of a NamedTuple: faster than its own


@uncollected
def encode(code: Code, proof: Proof | None = None) -> CodeType:
    """The code object of a `Code` in the dialect of the running interpreter, with all that it contains.

    `proof` is what `verify` found out about this very `Code`: it tells how large the stack must be, which is added up
    otherwise. Where nothing was changed since decoding, the size is what it was.

    EncodeError, with every place found, when it has no bytes; TargetError when it is of another version.
    """
    dialect = isa.running()
    if code.dialect != dialect.name:
        raise TargetError(f"{code.name} is in the dialect {code.dialect}; the running interpreter's is {dialect.name}")
    return code_object(encode_raw(code, proof), dialect)


@explained(EncodeError)
def encode_raw(code: Code, proof: Proof | None = None) -> RawCode:
    """The same for any native dialect, as the fields of a code object."""
    return _encode(code, units.shape(code.dialect), proof)


def code_object(raw: RawCode, dialect: isa.Dialect) -> CodeType:
    """The code object of the running interpreter with these fields. EncodeError when the interpreter refuses them."""
    return _made(raw, dialect, {})


def _made(raw: RawCode, dialect: isa.Dialect, known: dict[int, CodeType]) -> CodeType:
    """The same; `known` are those so far, by the identity of their fields."""
    if id(raw) in known:
        return known[id(raw)]
    consts = tuple([_made(c, dialect, known) if isinstance(c, RawCode) else c for c in raw.co_consts])
    numbers = (raw.co_argcount, raw.co_posonlyargcount, raw.co_kwonlyargcount, raw.co_nlocals, raw.co_stacksize)
    names = (raw.co_filename, raw.co_name) + ((raw.co_qualname,) if dialect.qualname else ())
    tables = (raw.co_firstlineno, raw.line_table) + ((raw.co_exceptiontable,) if dialect.blocks == "table" else ())
    closure = (raw.co_freevars, raw.co_cellvars)
    fields: Any = (
        *numbers,
        raw.co_flags,
        raw.co_code,
        consts,
        raw.co_names,
        raw.co_varnames,
        *names,
        *tables,
        *closure,
    )
    try:
        known[id(raw)] = made = CodeType(*fields)
        return made
    except (TypeError, ValueError, SystemError, OverflowError) as error:
        raise EncodeError(Finding(f"the interpreter refuses it: {error}", f"code object {raw.co_name}")) from None


def offsets(code: Code) -> list[int]:
    """For every instruction of the body, labels included, the byte offset in `co_code` where it begins.

    An instruction with EXTENDED_ARG prefixes begins with the first of them, as jumps to it do.
    """
    form = units.shape(code.dialect)
    _, place = _numbered(code, form, fitting_layout(code))
    return [2 * start for start in place.starts[:-1]]


def computed_stack_size(code: Code) -> int:
    """The stack that the instructions need, whatever the code says of itself."""
    form = units.shape(code.dialect)
    numbered, place = _numbered(code, form, _EMPTY)
    return _stack_size(code, numbered, place, _regions(code, numbered), form.dialect)


def derived_tables(code: Code) -> tuple[bytes, bytes | None]:
    """The position table and the exception table that the instructions give, whatever the layout says.

    EncodeError when they give none.
    """
    check_fields(code)
    form = units.shape(code.dialect)
    numbered, place = _numbered(code, form, fitting_layout(code))
    line_table = positions.write(form.dialect, numbered.positions, place.sizes, code.first_line)
    return line_table, _exception_table(place, _regions(code, numbered)) if form.dialect.blocks == "table" else None


def _numbered(code: Code, form: units.Shape, layout: Layout) -> tuple[Numbered, Places]:
    numbered = number(code, form)
    return numbered, _picked(code, numbered, form, layout)


def _picked(code: Code, numbered: Numbered, form: units.Shape, layout: Layout) -> Places:
    """The places of the instructions, with the constants that the layout picks among equal ones."""
    for i, pick in layout.picks.items():
        numbered.operands[i] = pick
    return placed(code, numbered, form, layout.prefixes)


class _Draft:
    """A code object on its way to bytes."""

    __slots__ = ("bytecode", "code", "exception_table", "kept", "layout", "line_table", "numbered", "place", "size")

    def __init__(self, code: Code, form: units.Shape) -> None:
        check_fields(code)
        self.code = code
        self.layout = fitting_layout(code)
        self.numbered = number(code, form)
        self.place: Places
        self.bytecode: bytes
        self.kept: Tables | None
        """The tables that were read, where the bytecode is what it was."""
        self.line_table: bytes
        self.exception_table: bytes | None
        self.size: int
        """Of the stack."""


def _encode(code: Code, form: units.Shape, proof: Proof | None) -> RawCode:
    """Each step is done for all code objects before the next one: so it runs from the processor's cache."""
    dialect = form.dialect
    found: dict[int, _Draft] = {}
    _begin(code, form, found)
    drafts = found.values()
    for draft in drafts:
        _write(draft, form)
    for draft in drafts:
        draft.line_table = _line_table(draft, dialect)
    for draft in drafts:
        _size_stack(draft, proof, dialect)
    made: dict[int, RawCode] = {}
    for identity, draft in found.items():
        made[identity] = _raw(draft, made, dialect)
    return made[id(code)]


def _begin(code: Code, form: units.Shape, found: dict[int, _Draft]) -> None:
    """Drafts of it and of all that it contains, inner ones first."""
    draft = _Draft(code, form)
    for const in draft.numbered.consts:
        if isinstance(const, Code) and id(const) not in found:
            _begin(const, form, found)
    found[id(code)] = draft


def _write(draft: _Draft, form: units.Shape) -> None:
    code, numbered, layout = draft.code, draft.numbered, draft.layout
    draft.place = place = _picked(code, numbered, form, layout)
    labels = numbered.labels.values()
    opcodes, operands = units.plain(numbered.opcodes, place.operands, place.starts, labels, form)
    kept = code.layout.tables if code.layout is not None else None
    if kept is not None and kept.instructions == (form.dialect.name, opcodes, operands):
        draft.bytecode = kept.bytecode
    else:
        draft.bytecode = units.write(opcodes, operands, form)
    draft.kept = kept if kept is not None and not layout.body and kept.bytecode == draft.bytecode else None


def _size_stack(draft: _Draft, proof: Proof | None, dialect: isa.Dialect) -> None:
    """The exception table, and the size of the stack, which depends on it."""
    code, layout, kept = draft.code, draft.layout, draft.kept
    draft.exception_table = layout.exception_table
    draft.size = layout.stack_size
    if layout.body and (layout.exception_table is not None or dialect.blocks != "table"):
        return
    regions = _regions(code, draft.numbered)
    draft.exception_table = _exception_table(draft.place, regions) if dialect.blocks == "table" else None
    if layout.body:
        return
    told = kept.stack_size if kept is not None and kept.exception_table == draft.exception_table else 0
    needed = proof.size(code) if proof is not None else None
    if needed is None and (told < 1 or proof is not None):  # what was verified need not be true of what it was told
        needed = _stack_size(code, draft.numbered, draft.place, regions, dialect)
    draft.size = max(code.stack_size, told, needed or 0, dialect.least_stack)


def _raw(draft: _Draft, made: dict[int, RawCode], dialect: isa.Dialect) -> RawCode:
    """The fields; `made` has those of the code objects in it."""
    code, numbered = draft.code, draft.numbered
    fields = (
        len(code.posonlyargs) + len(code.args),
        len(code.posonlyargs),
        len(code.kwonlyargs),
        len(numbered.varnames),
        draft.size,
        _flags(code, dialect),
        draft.bytecode,
        tuple([made[id(const)] if isinstance(const, Code) else const for const in numbered.consts]),
        tuple(numbered.names),
        tuple(numbered.varnames),
        tuple(code.frees),
        tuple(code.cells),
        code.filename,
        code.name,
        code.qualname if dialect.qualname else None,
        code.first_line,
        draft.line_table,
        draft.exception_table,
        draft.layout.local_kinds,
    )
    raw: RawCode = _new(RawCode, fields)
    return raw


def _line_table(draft: _Draft, dialect: isa.Dialect) -> bytes:
    """The position table: the one that was read, if it says the same as the positions do."""
    code, numbered, place, kept = draft.code, draft.numbered, draft.place, draft.kept
    if draft.layout.body and draft.layout.line_table is not None:
        return draft.layout.line_table
    if kept is not None and kept.first_line == code.first_line:
        found = numbered.positions
        if numbered.labels:
            found = tuple(units.without(found, numbered.labels.values()))
        if kept.positions == found:
            return kept.line_table
    written = positions.write(dialect, numbered.positions, place.sizes, code.first_line)
    return written if draft.layout.body else _as_it_was(code, written, place.starts[-1], dialect)


def _as_it_was(code: Code, line_table: bytes, units: int, dialect: isa.Dialect) -> bytes:
    """The position table that lifting kept, where it is of this dialect and says the same as the one written anew."""
    kept = code.layout
    if kept is None or kept.origin != dialect.name or kept.line_table is None or kept.line_table == line_table:
        return line_table
    one, other = (positions.read(dialect, table, code.first_line, units) for table in (kept.line_table, line_table))
    return kept.line_table if one == other else line_table


def check_fields(code: Code) -> None:
    """EncodeError for names, numbers and a docstring that are none."""
    names, numbers = (code.name, code.qualname, code.filename), (code.flags, code.first_line, code.stack_size)
    try:
        "".join(names)
        if all(map(_is_int32, numbers)) and (code.doc is None or isinstance(code.doc, str)):
            return
    except TypeError:  # something is no str
        pass
    raise EncodeError(
        [Finding(f"{shown(name)} is no name", repr(code)) for name in names if not isinstance(name, str)]
        + [Finding(f"{shown(n)} is no number of 32 bits", repr(code)) for n in numbers if not _is_int32(n)]
        + (
            []
            if code.doc is None or isinstance(code.doc, str)
            else [Finding(f"{shown(code.doc)} is no docstring", repr(code))]
        )
    )


def _is_int32(number: object) -> bool:
    return isinstance(number, int) and -(1 << 31) <= number < 1 << 31


def fitting_layout(code: Code) -> Layout:
    """The layout, when these are the very instructions that were decoded, so that it holds; else an empty one."""
    layout = code.layout
    if (
        layout is not None
        and code.first_line == layout.first_line
        and 0 < len(code.rows) == len(layout.body)
        and len(code.handlers) == len(layout.handlers)
        and all(map(is_, code.rows, layout.body))
        and all(map(is_, code.handlers, layout.handlers))
    ):
        return layout
    return _EMPTY


_EMPTY = Layout()


def _flags(code: Code, dialect: isa.Dialect) -> int:
    flags = code.flags & ~(VARARGS | VARKEYWORDS)
    if code.vararg is not None:
        flags |= VARARGS
    if code.kwarg is not None:
        flags |= VARKEYWORDS
    if dialect.closed_flag:
        flags = flags & ~CLOSED if code.cells or code.frees else flags | CLOSED
    if dialect.docstring == "flag" and code.doc is not None:
        flags |= HAS_DOCSTRING
    return flags


# -- handlers and the stack


_Region = tuple[int, int, int, Handler]


def _regions(code: Code, numbered: Numbered) -> list[_Region]:
    """Handlers by the indexes of start, end and target, in order. EncodeError for unknown labels and overlaps."""
    if len(code.handlers) == 0:
        return []
    found: list[Finding] = []
    regions: list[_Region] = []
    places = numbered.labels
    for n, handler in enumerate(code.handlers):
        try:
            *labels, depth, _ = handler
            start, end, target = [places[label] for label in labels]
            if start > end or not 0 <= depth <= units.MAX_OPERAND >> 1:
                found.append(_wrong_handler(code, n, "it ends before it starts, or its depth is no depth"))
            regions.append((start, end, target, handler))
        except KeyError as error:
            label = error.args[0]
            hint = nearest(label, [each for each in numbered.labels if isinstance(each, str)])
            found.append(_wrong_handler(code, n, f"no label {shown(label)}", hint))
        except (TypeError, ValueError):
            found.append(_wrong_handler(code, n, f"{shown(handler)} is no Handler: three labels, depth, lasti"))
    regions.sort(key=_START_AND_END)
    for one, other in zip(regions, regions[1:]):
        if other[0] < one[1]:
            message = f"{one[3]} and {other[3]} overlap"
            found.append(Finding(message, code.qualname, "split the outer region around the inner one"))
    if found:
        raise EncodeError(found)
    return regions


_START_AND_END = itemgetter(0, 1)


def _wrong_handler(code: Code, number: int, message: str, hint: str = "") -> Finding:
    return Finding(message, f"{code.qualname}, handler {number}", hint)


def _exception_table(place: Places, regions: list[_Region]) -> bytes:
    if not regions:
        return b""
    starts = place.starts
    return exceptions.write(
        [
            _new(exceptions.Entry, (starts[start], starts[end], starts[target], handler.depth, handler.lasti))
            for start, end, target, handler in regions
        ]
    )


def _stack_size(code: Code, numbered: Numbered, place: Places, handled: list[_Region], dialect: isa.Dialect) -> int:
    from pyasm.native import depth  # only edited code needs it: one import less at the start of programs

    regions = [
        depth.Region(start, end, target, handler.depth, handler.depth + handler.lasti + 1)
        for start, end, target, handler in handled
    ]
    targets = {i: numbered.labels[label] for i, label in numbered.jumps.items()}
    flow = depth.Flow(numbered.opcodes, place.operands, targets, regions, numbered.consts)
    return depth.stack_size(flow, dialect, code.flags)
