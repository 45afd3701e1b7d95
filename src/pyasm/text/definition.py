"""One code object as it is read: what stands between DEFINE and END."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import accumulate

from pyasm.code import Code, Free, Handler, Instruction, Layout, Position
from pyasm.isa import JUMPS, PORTABLE, Dialect
from pyasm.native.constants import key
from pyasm.native.units import LABEL
from pyasm.text import constants
from pyasm.text.checksum import checksum
from pyasm.text.errors import near
from pyasm.text.tokens import Wrong, described
from pyasm.typed import Any


class Definition:
    """What has been read of one code object. Statements add to it; `close` and `complete` make the `Code`."""

    def __init__(self, reader: constants.Reader, code: Code, dialect: Dialect, name: str, start: int) -> None:
        self.reader, self.texts, self.code, self.dialect = reader, reader.texts, code, dialect
        self.name = name
        """The name in the text, which that of the `Code` may differ from."""
        self.start = start
        """Index of the token DEFINE; those of the other statements are kept for messages too."""
        self.body: list[Instruction] = []
        self.starts: list[int] = []
        self.labels: dict[str, int] = {}
        self.handlers: list[Handler] = []
        self.handler_starts: list[int] = []
        self.position: Position | None = None
        self.filename: str | None = None
        self.origin = ""
        self.plain: list[str] = []
        self.first_line: int | None = None
        self.consts: list[Any] = []
        self.names: list[str] = []
        self.picks: dict[int, int] = {}
        self.prefixes: dict[int, int] = {}
        self.sum: int | None = None
        self.tables: dict[str, bytes] = {}
        self.given: dict[str, int] = {}
        """The directives that stand here, each with the index of its last one."""
        self._parameters = code.args
        self._keyword_only = False
        self._known: dict[str, set[str]] = {}

    # -- labels and names

    def add_label(self, label: str, i: int) -> None:
        """A label before the next instruction; `i` is the token that names it."""
        if label in self.labels:
            raise Wrong(i, f"the label {described(label)} stands twice in {described(self.name)}")
        self.labels[label] = len(self.body)
        self.body.append(Instruction(LABEL, label))
        self.starts.append(i)

    def add_name(self, kind: str, name: str, i: int) -> str:
        """Note that a variable of a kind is called so."""
        known = self._known.setdefault(kind, set())
        if name in known:
            raise Wrong(i, f"there is a {kind} {described(name)} already")
        known.add(name)
        return name

    def add_argument(self, i: int) -> int:
        """ADD_ARG, from its operand on; the index behind it."""
        code, token = self.code, self.texts[i]
        if any(op != LABEL for op, _, _ in self.body):
            raise Wrong(i, "ADD_ARG stands before the instructions")
        if code.kwarg is not None:
            raise Wrong(i, f"no parameter comes behind **{code.kwarg}")
        if token == "/":
            return self._end_positional(i)
        if token == "*":
            return self._begin_keyword_only(i)
        if token == "**":
            name, end = self.reader.name(i + 1)
            code.kwarg = self.add_name("variable", name, i + 1)
            return end
        name, end = self.reader.name(i)
        self._parameters.append(self.add_name("variable", name, i))
        return end

    def _end_positional(self, i: int) -> int:
        code = self.code
        if code.posonlyargs or self._keyword_only or not code.args:
            raise Wrong(i, "'/' stands once, behind the parameters that have no names for the caller")
        code.posonlyargs, code.args = code.args, []
        self._parameters = code.args
        return i + 1

    def _begin_keyword_only(self, i: int) -> int:
        if self._keyword_only:
            raise Wrong(i, "there is a '*' already")
        if self.texts[i + 1].isidentifier() or self.texts[i + 1][:1] == "`":
            name, end = self.reader.name(i + 1)
            self.code.vararg = self.add_name("variable", name, i + 1)
        else:
            end = i + 1
        self._keyword_only = True
        self._parameters = self.code.kwonlyargs
        return end

    # -- when END is reached

    def close(self) -> None:
        """END is reached: the `Code` gets what stands in it."""
        code = self.code
        code.body, code.handlers = self.body, self.handlers
        code.layout = Layout(tuple(self.consts), tuple(self.names))

    def faults(self) -> Iterator[Wrong]:
        """What is wrong between the statements: labels that are not there, variables of no kind."""
        for name, by_index in ((".pick", self.picks), (".prefixes", self.prefixes)):
            if len(self.body) in by_index:
                yield Wrong(self.given[name], f"no instruction comes behind this {name}")
        yield from self._jump_faults()
        for handler, i in zip(self.handlers, self.handler_starts):
            for n, label in enumerate(handler[:3], 1):
                if label not in self.labels:
                    yield self._no_label(label, i + n)
        yield from self._variable_faults()

    def _jump_faults(self) -> Iterator[Wrong]:
        kinds = {row.name: row.operand for row in self.dialect.opcodes.values() if row.operand in JUMPS}
        before = list(accumulate((op != LABEL for op, _, _ in self.body), initial=0))
        for index, (op, arg, _) in enumerate(self.body):
            kind = kinds.get(op)
            if kind is None:
                continue
            target = self.labels.get(arg)
            if target is None:
                yield self._no_label(arg, self.starts[index] + 1)
                continue
            distance = before[target] - before[index] - 1
            if self.dialect.name == PORTABLE:
                continue  # lowering finds a jump for either way
            if (kind == "forward" and distance < 0) or (kind == "backward" and distance > 0):
                side = "behind" if kind == "forward" else "before"
                message = f"the label {described(arg)} does not stand {side} it, and it only jumps {kind}"
                yield Wrong(self.starts[index] + 1, message)

    def _no_label(self, label: str, i: int) -> Wrong:
        return Wrong(i, f"no label {described(label)} in {described(self.name)}", near(label, self.labels))

    def _variable_faults(self) -> Iterator[Wrong]:
        code = self.code
        kinds = {row.name: row.operand for row in self.dialect.opcodes.values() if row.operand in _VARIABLES}
        slots, frees = {*code.cells, *code.frees}, set(code.frees)
        if self.dialect.variables == "joint":
            slots.update(code.parameters, code.locals)
            slots.update(arg for op, arg, _ in self.body if kinds.get(op) == "local" and not isinstance(arg, Free))
        for index, (op, arg, _) in enumerate(self.body):
            kind = kinds.get(op)
            if kind is None:
                continue
            for name in arg if kind == "locals" else (arg,):
                if isinstance(name, Free):
                    if str(name) not in frees:
                        yield self._no_variable(index, str(name), frees, "no free variable")
                elif kind == "deref" and name not in slots:
                    yield self._no_variable(index, name, slots, "neither a cell nor a free variable")

    def _no_variable(self, index: int, name: str, known: Any, what: str) -> Wrong:
        hint = near(name, known) or "name it by .cell or .free"
        return Wrong(self.starts[index] + 1, f"{described(name)} is {what} of {described(self.name)}", hint)

    # -- when everything is read

    def complete(self, filename: str, lines: array[int] | None) -> None:
        """The rest of the `Code`. `lines`, when it is of this text's file: the line of each token."""
        code = self.code
        code.filename = filename if self.filename is None else self.filename
        if self.first_line is not None:
            code.first_line = self.first_line
        elif lines is not None:
            code.first_line = lines[self.start]
        if lines is not None:
            self._locate(lines)
        code.layout = self._layout()

    def _locate(self, lines: array[int]) -> None:
        """Give instructions without a position the line on which they stand in the text."""
        held = Position()
        for index, (op, arg, position) in enumerate(self.body):
            if position is None and op != LABEL:
                line = lines[self.starts[index]]
                if line != held.line:
                    held = Position(line, line)
                self.body[index] = Instruction(op, arg, held)

    def _layout(self) -> Layout | None:
        """The pools; the tables too, when the text is as it was printed."""
        code = self.code
        portable = self.dialect.name == PORTABLE
        if portable:
            self._pick()
        pools = Layout(tuple(self.consts), tuple(self.names), plain=frozenset(self.plain), origin=self.origin)
        if self.sum is not None and (portable or self._picks_fit()):
            full = pools._replace(
                stack_size=code.stack_size,
                line_table=self.tables.get(".line_table"),
                local_kinds=self.tables.get(".local_kinds"),
            )
            if not portable:
                full = full._replace(
                    body=tuple(code.body),
                    handlers=tuple(code.handlers),
                    first_line=code.first_line,
                    exception_table=self.tables.get(".exception_table"),
                    picks=self.picks,
                    prefixes=self.prefixes,
                )
            if checksum(code, full, self.dialect) == self.sum:
                return full
        return pools if self.consts or self.names or self.plain or self.origin else None

    def _picks_fit(self) -> bool:
        return all(self._fits(i, pick) for i, pick in self.picks.items())

    def _fits(self, i: int, pick: int) -> bool:
        return pick < len(self.consts) and key(self.consts[pick]) == key(self.body[i].arg)

    def _pick(self) -> None:
        """In portable code a picked constant is the very object in the pool."""
        for i, pick in self.picks.items():
            if self._fits(i, pick):
                self.body[i] = self.body[i]._replace(arg=self.consts[pick])


_VARIABLES = ("local", "locals", "deref")
