"""The data model: `Code` and what it is made of.

There is one model for every dialect, without any index: names instead of numbers, labels instead of offsets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import is_

from pyasm.errors import named
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing import Optional

    Place = tuple[Optional[int], Optional[int], Optional[int], Optional[int]]
    """A position without its names …"""
    Row = tuple[str, Any, Optional[Place]]
    """… and an instruction without its own: mnemonic, operand, position."""
else:
    Place = Row = tuple

FUNCTION_FLAGS = 0x3
"""The flags of a plain function: its locals are in slots (1) and new for each call (2)."""


class Position(NamedTuple):
    """Where in the source an instruction comes from. Lines from 1, columns from 0 in UTF-8 bytes; None: unknown."""

    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None


class Instruction(NamedTuple):
    """One instruction: mnemonic, operand, position.

    The operand is what the dialect's table says: a name, the constant itself, a nested `Code`, the name of a label, a
    number, or None. `LABEL` with the label's name as its operand marks a place. Without a position (None) an
    instruction has that of the one before it.
    """

    op: str
    arg: Any = None
    position: Position | None = None


class Handler(NamedTuple):
    """A region of the exception table: from label `start` up to label `end`, exceptions go to label `target`.

    There the stack is cut to `depth` entries; with `lasti` the place of the raising instruction is pushed before the
    exception.
    """

    start: str
    end: str
    target: str
    depth: int
    lasti: bool = False


class Free(str):
    """The name of a variable of the closure, in an operand, where a local or cell of the code has the same name."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Free({str.__repr__(self)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Free) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("Free", str.__hash__(self)))


class Tables(NamedTuple):
    """What decode read beside the bytecode; it holds for the same bytecode, however that came to be written again."""

    bytecode: bytes
    instructions: tuple[str, bytes, bytes]
    """The bytecode without caches: its dialect, its opcodes, its operands."""
    positions: tuple[Place | None, ...]
    """Of each instruction: as long as they are these, the line table is."""
    first_line: int
    line_table: bytes
    exception_table: bytes | None
    """As long as it is this, the stack size is."""
    stack_size: int


class Layout(NamedTuple):
    """What a decoded code object has that its instructions do not tell; a hint that the encoder starts from.

    `consts` and `names` are the pools as they were: their order, and what nothing uses. The rest holds as long as the
    code is as it was decoded, which the encoder finds out by comparing it with `body`, `handlers` and `first_line`.
    """

    consts: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    body: tuple[Row, ...] = ()
    handlers: tuple[Handler, ...] = ()
    first_line: int = 1
    stack_size: int = 0
    line_table: bytes | None = None
    exception_table: bytes | None = None
    picks: dict[int, int] = {}  # noqa: RUF012  # nobody changes it
    """Index in the body -> index in `consts`, for operands that equal an earlier constant."""
    prefixes: dict[int, int] = {}  # noqa: RUF012
    """Index in the body -> number of EXTENDED_ARG prefixes, for jumps: some sizes justify themselves."""
    local_kinds: bytes | None = None
    """Of a `.pyc` file: the kinds of the variables, when they are not those that the code gives."""
    file: Any = None
    """Of a `.pyc` file: its header and the form in which each object was written."""
    plain: frozenset[str] = frozenset()
    """Of portable code: names that the compiler took for modules, whose functions are no methods, or for another super
    than the builtin one."""
    origin: str = ""
    """Of portable code: the native dialect that it was lifted from, whose pools these are."""
    tables: Tables | None = None

    def without_body(self, consts: tuple[Any, ...], line_table: bytes | None, origin: str) -> Layout:
        """What holds whatever becomes of the body, and these three."""
        _, names, _, _, _, stack_size, _, _, _, _, local_kinds, file, plain, _, tables = self
        beside = local_kinds, file, plain, origin, tables
        return _new(Layout, (consts, names, (), (), 1, stack_size, line_table, None, {}, {}, *beside))

    def with_pool(self, consts: tuple[Any, ...], plain: frozenset[str]) -> Layout:
        """The same with these two; `_replace` takes three times as long."""
        return _new(Layout, (consts, *self[1:_PLAIN], plain, *self[_PLAIN + 1 :]))


def made_by_compiler(code: Code) -> bool:
    """Has a compiler made this portable code, and nobody changed it as far as is known?"""
    return code.layout is not None and code.layout.origin != ""


class Code:
    """A code object in symbolic form: what it is called, its variables, its instructions.

    Parameters are listed by kind, under the names that `ast.arguments` has for them. `locals` are the other local
    variables in their order; the encoder adds those that only an instruction names. `cells` are the variables that
    inner functions share, `frees` those shared with outer ones.

    `flags` are CPython's `co_flags` without the bits that the rest tells (variable parameters, docstring, no cells).
    `doc` is the docstring of a function; a class or module sets its own by instructions.
    `dialect` is the version whose instructions these are ("3.13"), or "portable".
    `handlers` stand for the exception table of 3.11 and later; earlier dialects have instructions for that.
    `stack_size` is a lower bound for the encoder, which computes what is needed.

    `body` is a list of Instructions. To make one takes four times as long as a plain tuple; so what decodes and
    translates works on `rows`, the same list, in which plain tuples may stand for them until somebody reads `body`.
    """

    __slots__ = (
        "_named",
        "args",
        "cells",
        "dialect",
        "doc",
        "filename",
        "first_line",
        "flags",
        "frees",
        "handlers",
        "kwarg",
        "kwonlyargs",
        "layout",
        "locals",
        "name",
        "posonlyargs",
        "qualname",
        "rows",
        "stack_size",
        "vararg",
    )

    def __init__(
        self,
        name: str,
        body: Sequence[Row] = (),
        *,
        dialect: str,
        qualname: str | None = None,
        filename: str = "<assembly>",
        first_line: int = 1,
        flags: int = FUNCTION_FLAGS,
        posonlyargs: Sequence[str] = (),
        args: Sequence[str] = (),
        vararg: str | None = None,
        kwonlyargs: Sequence[str] = (),
        kwarg: str | None = None,
        locals: Sequence[str] = (),
        cells: Sequence[str] = (),
        frees: Sequence[str] = (),
        doc: str | None = None,
        handlers: Sequence[Handler] = (),
        stack_size: int = 0,
        layout: Layout | None = None,
    ) -> None:
        self.name = name
        self.qualname = name if qualname is None else qualname
        self.filename = filename
        self.first_line = first_line
        self.flags = flags
        self.posonlyargs: list[str] = [*posonlyargs]
        self.args: list[str] = [*args]
        self.vararg = vararg
        self.kwonlyargs: list[str] = [*kwonlyargs]
        self.kwarg = kwarg
        self.locals: list[str] = [*locals]
        self.cells: list[str] = [*cells]
        self.frees: list[str] = [*frees]
        self.doc = doc
        self.rows: list[Row] = [*body]
        self._named: Any = None
        """The list in which there are no plain tuples any more."""
        self.handlers: list[Handler] = [*handlers]
        self.dialect = dialect
        self.stack_size = stack_size
        self.layout = layout

    @property
    def body(self) -> list[Instruction]:
        """The instructions."""
        if self._named is not self.rows:
            self._name_rows()
        body: Any = self.rows
        return body  # type: ignore[no-any-return]

    @body.setter
    def body(self, body: list[Instruction]) -> None:
        rows: Any = body
        self.rows = rows

    def _name_rows(self) -> None:
        """Instructions for plain tuples, in the same list; the layout, which knows them again, gets them, too."""
        rows: Any = self.rows
        self._named = rows
        if type(rows) is not list:  # who works with it says so
            return
        named = list(_named(rows))
        layout = self.layout
        if layout is not None and 0 < len(layout.body) == len(rows) and all(map(is_, rows, layout.body)):
            self.layout = layout._replace(body=tuple(named))
        rows[:] = named

    @property
    def parameters(self) -> list[str]:
        """The names of all parameters, in the order in which they come among the local variables."""
        names = self.posonlyargs + self.args + self.kwonlyargs
        if self.vararg is not None:
            names.append(self.vararg)
        if self.kwarg is not None:
            names.append(self.kwarg)
        return names

    def replace(self, **changes: Any) -> Code:
        """A copy with some attributes changed; the lists of the copy are its own. TypeError for an unknown name."""
        if not changes.keys() <= _SLOTS:
            raise TypeError(f"Code has no attribute {', '.join(sorted(changes.keys() - _SLOTS))}")
        new = self.rewritten(self.rows, self.dialect)
        for name, value in changes.items():
            setattr(new, name, list(value) if name in _LISTS else value)
        if new.qualname is None:
            new.qualname = new.name
        return new

    def rewritten(self, rows: Sequence[Row], dialect: str) -> Code:
        """A copy with other instructions, of another dialect: what `replace` gives for these two, but faster."""
        new = Code.__new__(Code)
        new.name = self.name
        new.qualname = self.qualname
        new.filename = self.filename
        new.first_line = self.first_line
        new.flags = self.flags
        new.posonlyargs = [*self.posonlyargs]
        new.args = [*self.args]
        new.vararg = self.vararg
        new.kwonlyargs = [*self.kwonlyargs]
        new.kwarg = self.kwarg
        new.locals = [*self.locals]
        new.cells = [*self.cells]
        new.frees = [*self.frees]
        new.doc = self.doc
        new.rows = [*rows]
        new._named = None
        new.handlers = [*self.handlers]
        new.dialect = dialect
        new.stack_size = self.stack_size
        new.layout = self.layout
        return new

    def __eq__(self, other: object) -> bool:
        """Equal in everything but `layout`, which is only a hint; constants are compared as Python compares them."""
        if not isinstance(other, Code):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in FIELDS if name != "layout")

    __hash__ = None  # type: ignore[assignment]  # a Code is edited in place

    def __str__(self) -> str:
        """The text that `pyasm.format` makes of it."""
        from pyasm.text import printer  # only when somebody reads it

        return printer.format(self)

    def __repr__(self) -> str:
        return f"<Code {named(self.qualname)} ({self.dialect}), {len(self.rows)} instructions>"


def _named(rows: list[Any]) -> Iterator[Any]:
    """Instructions for the plain tuples among them; neighbours at one place share their Position."""
    before: Any = None
    position: Any = None
    for row in rows:
        if type(row) is not tuple or len(row) != _WIDTH:
            yield row
            continue
        op, arg, place = row
        if place is not before:
            before = place
            is_plain = type(place) is tuple and len(place) == _PLACE_WIDTH
            position = _new(Position, place) if is_plain else place
        yield _new(Instruction, (op, arg, position))


_new = tuple.__new__
_WIDTH, _PLACE_WIDTH = 3, 4
_PLAIN = Layout._fields.index("plain")
FIELDS = tuple(name for name in Code.__slots__ if name != "_named")
"""What a code object consists of."""
_SLOTS = frozenset((*FIELDS, "body"))
_LISTS = frozenset(("posonlyargs", "args", "kwonlyargs", "locals", "cells", "frees", "rows", "body", "handlers"))
