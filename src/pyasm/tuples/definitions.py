"""The first step of reading a list: which tuples belong to which code object."""

from __future__ import annotations

from collections.abc import Iterable

from pyasm.code import Code, Position
from pyasm.errors import Finding
from pyasm.native.units import LABEL
from pyasm.tuples import parameters
from pyasm.tuples.form import ADD_ARG, DEFINE, END, Described, Wrong
from pyasm.typed import Any, NamedTuple


class Line(NamedTuple):
    """One tuple: `at` is its index in the list, instruction in capitals, argument, position."""

    at: int
    op: str
    arg: Any
    position: Position | None

    def __str__(self) -> str:
        shown = repr(self.arg)
        return f"({self.op!r}, {shown if len(shown) <= 60 else shown[:57] + '...'})"


class Definition:
    """What stands from a DEFINE to its END."""

    def __init__(self, define: Line) -> None:
        self.define = define
        self.name = str(define.arg)
        value = define.arg.value if isinstance(define.arg, Described) else None
        self.origin: Code | None = value if isinstance(value, Code) else None
        """The code object that it came from, when its name is the very one that a macro was given."""
        self.parameters = parameters.Reader()
        self.lines: list[Line] = []

    def __repr__(self) -> str:
        return f"<Definition {self.name}>"


def finding(wrong: Wrong, line: Line, definition: Definition | None) -> Finding:
    """What is wrong with a tuple, with its index and the code object in which it stands."""
    where = f"tuple {line.at} {line}"
    return Finding(wrong.message, f"{definition.name}, {where}" if definition is not None else where, wrong.hint)


def split(tups: Iterable[Any]) -> tuple[list[Definition], list[Finding]]:
    """The code objects of a list, in the order in which they stand, and what is wrong with their limits."""
    splitter = _Splitter()
    for index, tup in enumerate(tups):
        try:
            line = read_line(index, tup)
        except Wrong as wrong:
            splitter.findings.append(Finding(wrong.message, f"tuple {index}", wrong.hint))
            continue
        try:
            splitter.add(line)
        except Wrong as wrong:
            splitter.findings.append(finding(wrong, line, splitter.open))
    splitter.close()
    return splitter.definitions, splitter.findings


def read_line(index: int, tup: Any) -> Line:
    """A tuple of the list. Wrong when it is not an instruction's name and an argument."""
    try:
        op, *rest = tup
    except (TypeError, ValueError):
        op, rest = None, []
    if not isinstance(op, str) or isinstance(tup, str):
        shown = repr(tup)
        raise Wrong(f"{shown if len(shown) < 60 else shown[:57] + '...'} is no (instruction, argument)")
    return Line(index, op.strip().upper(), rest[0] if rest else None, getattr(tup, "position", None))


class _Splitter:
    """Takes the lines in their order."""

    def __init__(self) -> None:
        self.definitions: list[Definition] = []
        self.findings: list[Finding] = []
        self.open: Definition | None = None

    def add(self, line: Line) -> None:
        """The next line. Wrong when it cannot stand where it does."""
        if line.op == DEFINE:
            self.close()
            self._begin(line)
        elif self.open is None:
            hint = "only DEFINE can stand there"
            raise Wrong("it stands outside of every DEFINE" if line.op != END else "there is no DEFINE for it", hint)
        elif line.op == END:
            self.definitions.append(self.open)
            self.open = None
        elif line.op == ADD_ARG:
            if self.open.lines:
                hint = f"its DEFINE is tuple {self.open.define.at}; {self.open.lines[0].op} is between them"
                raise Wrong("ADD_ARG stands directly under its DEFINE", hint)
            self.open.parameters.add(line.arg)
        else:
            self.open.lines.append(line)

    def _begin(self, line: Line) -> None:
        if not isinstance(line.arg, str) or not line.arg:
            self.open = Definition(line._replace(arg="?"))
            raise Wrong(f"the name of a code object is needed, not {line.arg!r}")
        self.open = Definition(line)

    def close(self) -> None:
        """The end of the list, or another DEFINE: what is open misses its END."""
        if self.open is not None:
            wrong = Wrong("it has no END", "('END', 0) stands behind its last instruction")
            self.findings.append(finding(wrong, self.open.define, None))
            self.definitions.append(self.open)
            self.open = None


def labels(definition: Definition) -> tuple[dict[str, int], list[Finding]]:
    """Name of each label of a code object -> its place among the lines."""
    places: dict[str, int] = {}
    found = []
    for place, line in enumerate(definition.lines):
        if line.op != LABEL:
            continue
        name = str(line.arg)
        if not isinstance(line.arg, (str, int)):
            found.append(finding(Wrong(f"the name of a label is needed, not {line.arg!r}"), line, definition))
        elif name in places:
            first = definition.lines[places[name]].at
            found.append(finding(Wrong(f"there is a label {name!r} already, tuple {first}"), line, definition))
        places.setdefault(name, place)
    return places, found
