"""The text of `assembly("...")`, expanded in the scope of the function that it stands in."""

from __future__ import annotations

from collections.abc import Iterable

from pyasm.code import FUNCTION_FLAGS, Code, Instruction
from pyasm.errors import AssemblySyntaxError, Finding, source_lines
from pyasm.inlining.sites import Site
from pyasm.isa import PORTABLE, load
from pyasm.lang import macros, scopes, tree
from pyasm.lang.expand import expanders
from pyasm.lang.frame import Frame, Unit
from pyasm.lang.parser.text import read
from pyasm.lang.static import Static
from pyasm.text.errors import Report
from pyasm.tuples.scopes import ASYNC_GENERATOR, COROUTINE
from pyasm.typed import Any, NamedTuple

_DEEP = 1 << 20
"""The depth of the stack that texts are expanded for: how deep it is, is found out when all is in its place."""


class Parsed(NamedTuple):
    """A text in its place in the source."""

    site: Site
    located: bool
    """Are its lines and columns those of the source?"""
    expanded: macros.Expanded
    unit: Unit

    @property
    def module(self) -> tree.Module:
        """The tree, without macros."""
        return self.expanded.module


class Texts:
    """All the texts of one code object."""

    def __init__(self, code: Code, static: Static) -> None:
        self.code, self.static = code, static
        self.scope = scopes.Scope(scopes.FUNCTION, None, code.name)
        self.scope.parameters = list(code.parameters)
        self.scope.locals = dict.fromkeys([*code.parameters, *code.locals, *_locals(code)])
        self.scope.cells = dict.fromkeys(code.cells)
        self.scope.frees = dict.fromkeys(code.frees)
        self.scope.coroutine = bool(code.flags & (COROUTINE | ASYNC_GENERATOR))
        self.reports: list[Report] = []
        self._parsed: dict[Any, Parsed] = {}

    def add_label(self, name: str) -> None:
        """A label that does not stand in a text."""
        self.scope.labels[name] = scopes.Place((), None)

    def parse(self, site: Site) -> None:
        """Read a text. Compilers copy what stands in a FINALLY: copies are one text."""
        key = site.position, site.text
        if key in self._parsed:
            return
        padding, located = _padding(site, self.code.filename)
        text = padding + site.text
        report = Report(text, self.code.filename)
        self.reports.append(report)
        module = read(text, self.code.filename, report)
        if module is None:
            return
        unit = Unit(text, self.code.filename, report, self.static, expanders())
        expanded = macros.expanded(module, self.code.filename, unit.wrong, self.static)
        unit.origins = expanded.origins
        self._parsed[key] = Parsed(site, located, expanded, unit)

    def scan(self) -> None:
        """Find the variables and labels of all texts."""
        for parsed in self._parsed.values():
            scanner = scopes.Scanner(parsed.unit.wrong, parsed.unit.text)
            scanner.code(self.scope, parsed.module.body)
            scanner.finish()
            parsed.unit.scopes = scanner.scopes
            for node in parsed.module.definitions:
                parsed.unit.wrong(node, "DEFINE has no place in a function", "DEF { } makes a function")

    def shared_labels(self) -> set[str]:
        """The labels that all of the function may jump to."""
        return {name for name, place in self.scope.labels.items() if not place.chain}

    def expand(self, site: Site) -> list[Instruction]:
        """The instructions of a text; labels are called as it calls them."""
        parsed = self._parsed.get((site.position, site.text))
        if parsed is None:
            return []
        frame = Frame(parsed.unit, self.scope, self._code())
        frame.depth = _DEEP
        frame.statements(parsed.module.body)
        frame.code.rows = [(op, arg, place if parsed.located else site.position) for op, arg, place in frame.body]
        return frame.code.body

    def _code(self) -> Code:
        """What a text knows of the code that it is a part of."""
        code = self.code
        return Code(code.name, dialect=PORTABLE, qualname=code.qualname, filename=code.filename, flags=FUNCTION_FLAGS)

    def findings(self) -> list[Finding]:
        """What is wrong with all texts, in their order."""
        found: list[Finding] = []
        for report in self.reports:
            try:
                report.finish()
            except AssemblySyntaxError as error:
                found += error.findings
        return found


def _locals(code: Code) -> Iterable[str]:
    rows = load(PORTABLE).opcodes
    return [arg for op, arg, _ in code.body if op in rows and rows[op].operand == "local"]


def _padding(site: Site, filename: str) -> tuple[str, bool]:
    """What has to be put before a text for its lines, and if possible its columns, to be those of the source."""
    first = site.line or 1
    lines = source_lines(filename)[first - 1 : first + 40 + site.text.count("\n")]
    source = "".join(lines)
    start = source.find(site.text) if site.text.strip() else -1
    if start < 0:
        return "\n" * (first - 1), False
    begin = source.rfind("\n", 0, start) + 1
    column = len(source[begin:start].encode("utf-8", "surrogatepass"))
    return "\n" * (first - 1 + source.count("\n", 0, start)) + " " * column, True
