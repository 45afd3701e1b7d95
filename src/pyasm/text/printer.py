"""`Code` as text. The inverse is in parser.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import is_

from pyasm import isa
from pyasm.code import FUNCTION_FLAGS, Code, Free, Instruction, Layout, Position
from pyasm.errors import EncodeError, Finding, TargetError
from pyasm.native.constants import Pool, key, repeated
from pyasm.native.encode import derived_tables, fitting_layout
from pyasm.native.malformed import explained
from pyasm.native.operands import first_constants, place
from pyasm.native.units import LABEL
from pyasm.text import constants, operands, positions
from pyasm.text.checksum import checksum
from pyasm.text.constants import NoText
from pyasm.text.literals import dotted_text, name_text, string_text
from pyasm.text.nesting import nested
from pyasm.typed import Any, NamedTuple

NO_FILENAME = "<assembly>"

_LINE = 100
"""Lists of names and constants go on in a new line here."""


class Line(NamedTuple):
    """A line of the text: what it is, of which code object, its words.

    The kinds: `target`, `blank`, `define`, `argument`, `directive`, `position`, `label`, `instruction`, `comment` and
    `end`. `at` is the index in the body of the instruction that it is or belongs to, or -1.
    """

    kind: str
    code: Code | None = None
    at: int = -1
    head: str = ""
    operand: str = ""

    def __str__(self) -> str:
        text = f"{self.head} {self.operand}" if self.operand else self.head
        return _INDENTS.get(self.kind, "") + text


_INDENTS = dict.fromkeys(["argument", "directive", "position", "instruction", "comment"], "    ")


@explained(EncodeError)
def format(code: Code, exact: bool = False) -> str:
    """The text of a code object; `pyasm.format` says what it takes and raises."""
    return "\n".join([str(line) for line in lines(code, exact)]) + "\n"


def lines(code: Code, exact: bool = False) -> Iterator[Line]:
    """The lines of `format`, one by one. Errors come when all the lines have been given."""
    if not isinstance(code, Code):
        raise TypeError(f"a Code is needed, not {type(code).__name__}")
    printer = _Printer(code, exact)
    if code.dialect != isa.PORTABLE:
        yield Line("target", head=".target", operand=code.dialect)
    for one in printer.codes:
        if one is not code or code.dialect != isa.PORTABLE:
            yield Line("blank")
        yield from _Definition(printer, one).lines()
    if printer.found:
        raise EncodeError(printer.found)


class _Printer:
    """What the definitions of one text share."""

    def __init__(self, code: Code, exact: bool) -> None:
        self.root, self.exact = code, exact
        self.dialect = isa.load(code.dialect)
        self.found: list[Finding] = []
        self.codes = nested(code, self._children)
        other = [one for one in self.codes if one.dialect != code.dialect]
        if other:
            raise TargetError(f"{other[0].qualname} is of {other[0].dialect}, {code.qualname} of {code.dialect}")
        self.names = _unique_names(self.codes)
        self.writers = operands.writers(self.dialect, self.constant, _label_text)

    def _children(self, code: Code) -> list[Code]:
        rows = self.dialect.opcodes
        pool: list[Any] = list(code.layout.consts) if self.exact and code.layout is not None else []
        pool += [arg for op, arg, _ in _instructions(code) if op in rows and rows[op].operand == "const"]
        return [const for const in pool if isinstance(const, Code)]

    def constant(self, value: Any) -> str:
        """A constant as it stands in the text, a code object by its name."""
        if isinstance(value, Code):
            return f"code({name_text(self.names[id(value)])})"
        return constants.text(value)


def _unique_names(codes: Sequence[Code]) -> dict[int, str]:
    """The name of each code object in the text, by its identity: `f`, `f#2`, and so on."""
    taken = {code.name for code in codes}
    counts: dict[str, int] = {}
    names = {}
    for code in codes:
        name = code.name
        count = counts.get(name, 0) + 1
        while count > 1 and name in taken:
            name = f"{code.name}#{count}"
            count += name in taken
        counts[code.name] = count
        taken.add(name)
        names[id(code)] = name
    return names


class _Definition:
    """The lines of one code object."""

    def __init__(self, printer: _Printer, code: Code) -> None:
        self.printer, self.code, self.exact = printer, code, printer.exact
        self.dialect = printer.dialect
        self.layout = code.layout if code.layout is not None else Layout()
        self.same = self.exact and _holds(code)
        self.shown = self._shown_layout()

    def lines(self) -> Iterator[Line]:
        """All lines, DEFINE to END."""
        code = self.code
        name = self.printer.names[id(code)]
        yield Line("define", code, head="DEFINE", operand=name_text(name))
        for argument in _arguments(code):
            yield Line("argument", code, head="ADD_ARG", operand=argument)
        for words in self._safe(self._head, name):
            yield Line("directive", code, -1, *words)
        yield from self._body()
        for handler in code.handlers:
            start, end, target = [_label_text(label) for label in handler[:3]]
            lasti = " lasti" if handler.lasti else ""
            yield Line("directive", code, -1, ".handler", f"{start} {end} {target} {handler.depth}{lasti}")
        if self.exact:
            for words in self._safe(self._tables):
                yield Line("directive", code, -1, *words)
        yield Line("end", code, head="END")

    def _safe(self, part: Any, *args: Any) -> list[tuple[str, str]]:
        """The lines of a part, or a comment about what is wrong with it."""
        try:
            return list(part(*args))
        except (NoText, TypeError, ValueError, AttributeError, RecursionError) as error:
            self._note(str(error), self.code.qualname)
            return [("#", str(error).replace("\n", " "))]

    def _note(self, message: str, where: str) -> None:
        if self.exact:
            self.printer.found.append(Finding(message, where))

    # -- what stands above the instructions

    def _head(self, name: str) -> Iterator[tuple[str, str]]:
        code, root = self.code, self.printer.root
        if code.name != name:
            yield ".name", name_text(code.name)
        if code.qualname != code.name:
            yield ".qualname", dotted_text(code.qualname)
        if code.filename != (root.filename if code is not root else None if self.exact else NO_FILENAME):
            yield ".filename", string_text(code.filename)
        if self.exact or code.first_line != 1:
            yield ".firstline", str(code.first_line)
        if code.flags != FUNCTION_FLAGS:
            yield ".flags", f"{code.flags:#x}"
        if code.doc is not None:
            yield ".doc", string_text(code.doc)
        if code.locals and (self.exact or code.locals != _derived_locals(code, self.dialect)):
            yield from _wrapped(".local", map(name_text, code.locals), " ")
        yield from _wrapped(".cell", map(name_text, code.cells), " ")
        yield from _wrapped(".free", map(name_text, code.frees), " ")
        if self.exact:
            if self.layout.origin:
                yield ".origin", self.layout.origin
            yield from _wrapped(".plain", map(name_text, sorted(self.layout.plain)), " ")
            yield from _wrapped(".consts", map(self.printer.constant, self.shown.consts), ", ")
            yield from _wrapped(".names", map(name_text, self.shown.names), " ")

    def _shown_layout(self) -> Layout:
        """The layout without the pools that the instructions give by themselves."""
        layout = self.layout
        if not self.exact or self.code.dialect == isa.PORTABLE:  # these pools are of other instructions
            return layout
        try:
            names, pool = _derived_pools(self.code, self.dialect)
        except (TypeError, ValueError, AttributeError, RecursionError):
            return layout
        if names == list(layout.names):
            layout = layout._replace(names=())
        if _same_constants(pool, layout.consts):
            layout = layout._replace(consts=())
        return self._without_derived_tables(layout) if self.same else layout

    def _without_derived_tables(self, layout: Layout) -> Layout:
        try:
            line_table, exception_table = derived_tables(self.code)
        except EncodeError:
            return layout
        if line_table == layout.line_table:
            layout = layout._replace(line_table=None)
        if exception_table == layout.exception_table:
            layout = layout._replace(exception_table=None)
        return layout

    # -- the instructions

    def _body(self) -> Iterator[Line]:
        code = self.code
        writers = self.printer.writers
        position: Position | None = None
        picks = self._picks()
        prefixes = self.layout.prefixes if self.same else {}
        for index, instruction in enumerate(code.body):
            try:
                op, arg, place = instruction
                if op == LABEL:
                    yield Line("label", code, index, _label_text(arg) + ":")
                    continue
                text = writers[op](arg)
                if self.exact and place != position:
                    where = positions.SAME if place is None else positions.text(place)
                    yield Line("position", code, index, ".loc", where)
                    position = place
            except (NoText, TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
                yield self._unprintable(index, error)
                continue
            if index in picks:
                yield Line("directive", code, index, ".pick", str(picks[index]))
            if index in prefixes:
                yield Line("directive", code, index, ".prefixes", str(prefixes[index]))
            yield Line("instruction", code, index, op, text)

    def _picks(self) -> dict[int, int]:
        """Index in the body -> index in the pool, for constants that equal an earlier one."""
        if self.code.dialect != isa.PORTABLE:
            return self.layout.picks if self.same else {}
        pool: Sequence[Any] = self.layout.consts if self.exact else ()
        again = repeated(pool)
        if not again:
            return {}
        others = {id(pool[index]): index for index, first in again.items() if pool[index] is not pool[first]}
        args = [each[1] if isinstance(each, tuple) and len(each) == 3 else None for each in self.code.body]
        return {i: others[id(arg)] for i, arg in enumerate(args) if id(arg) in others}

    def _unprintable(self, index: int, error: Exception) -> Line:
        """A comment that stands for an instruction without text, whose error is noted."""
        where = place(self.code, index)
        why = str(error) if isinstance(error, NoText) else "no instruction with an operand that it has"
        self._note(why, where)
        return Line("comment", self.code, index, "#", f"{where}: {why}".replace("\n", " "))

    # -- what stands below them

    def _tables(self) -> Iterator[tuple[str, str]]:
        if not self.same:
            if self.code.stack_size:
                yield ".stacksize", str(self.code.stack_size)
            return
        layout = self.shown
        for name, table in [
            (".line_table", layout.line_table),
            (".exception_table", layout.exception_table),
            (".local_kinds", layout.local_kinds),
        ]:
            if table is not None:
                yield name, constants.text(table)
        yield ".stacksize", f"{layout.stack_size} {checksum(self.code, layout, self.dialect):#010x}"


def _holds(code: Code) -> bool:
    """Is what the layout says beside the pools true of the code as it is?"""
    layout = code.layout
    if layout is not None and layout.origin:
        return layout.stack_size == code.stack_size
    return bool(fitting_layout(code).body)


def _label_text(label: Any) -> str:
    return name_text(label if isinstance(label, str) else str(label))


def _arguments(code: Code) -> list[str]:
    """The operands of ADD_ARG."""
    result = list(map(name_text, code.posonlyargs))
    if result:
        result.append("/")
    result += map(name_text, code.args)
    if code.vararg is not None:
        result.append("*" + name_text(code.vararg))
    elif code.kwonlyargs:
        result.append("*")
    result += map(name_text, code.kwonlyargs)
    if code.kwarg is not None:
        result.append("**" + name_text(code.kwarg))
    return result


def _wrapped(name: str, words: Any, separator: str) -> Iterator[tuple[str, str]]:
    """A directive with a list; a long one is continued by the same directive."""
    held: list[str] = []
    width = 0
    for word in words:
        if held and width + len(word) > _LINE:
            yield name, separator.join(held)
            held, width = [], 0
        held.append(word)
        width += len(word) + len(separator)
    if held:
        yield name, separator.join(held)


# -- what the encoder derives from the instructions


def _instructions(code: Code) -> list[Instruction]:
    """The instructions of a body, without what is none."""
    return [entry for entry in code.body if isinstance(entry, tuple) and len(entry) == 3 and isinstance(entry[0], str)]


def _derived_pools(code: Code, dialect: isa.Dialect) -> tuple[list[str], list[Any]]:
    """The names and the constants as they are numbered where no layout says otherwise."""
    rows = dialect.opcodes
    names: dict[str, None] = {}
    pool = Pool(first_constants(code, Layout(), dialect))
    for op, arg, _ in _instructions(code):
        row = rows.get(op)
        if row is None:
            continue
        if row.operand == "const":
            pool[arg]
        elif row.operand == "name":
            names.setdefault(arg[0] if row.flags else arg)
    return list(names), pool.values


def _same_constants(one: Sequence[Any], other: Sequence[Any]) -> bool:
    if len(one) != len(other):
        return False
    return all(map(is_, one, other)) or all(map(lambda a, b: key(a) == key(b), one, other))


def _derived_locals(code: Code, dialect: isa.Dialect) -> list[str]:
    """The local variables that only instructions tell, in the order in which the encoder adds them."""
    known = {*code.parameters, *code.cells, *code.frees} if dialect.variables == "joint" else set(code.parameters)
    rows = dialect.opcodes
    found: dict[str, None] = {}
    for op, arg, _ in _instructions(code):
        kind = rows[op].operand if op in rows else ""
        for name in (arg,) if kind == "local" else arg if kind == "locals" and isinstance(arg, tuple) else ():
            if isinstance(name, str) and not isinstance(name, Free) and name not in known:
                found.setdefault(name)
    return list(found)
