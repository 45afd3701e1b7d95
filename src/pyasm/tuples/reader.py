"""From a list of tuples to `Code`. The inverse is in writer.py.

A name that came from the writer knows its `Code`: from it comes what a list does not say (file, flags, variables,
docstring). What a macro did not change stays the very `Code` that it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyasm import isa
from pyasm.code import FUNCTION_FLAGS, Code, Handler, Instruction
from pyasm.errors import Finding, TupleError, nearest
from pyasm.native.units import EXTENDED_ARG, LABEL
from pyasm.tuples import parameters, scopes
from pyasm.tuples.definitions import Definition, Line, finding, labels, split
from pyasm.tuples.form import ADD_ARG, DEFINE, END, HANDLER, LOAD_OBJECT, Described, Wrong
from pyasm.tuples.operands import Operands, bare
from pyasm.tuples.parameters import Parameters
from pyasm.tuples.scopes import Scope
from pyasm.typed import Any, NamedTuple


class Read(NamedTuple):
    """The outermost code object, and those that are not as they were: for each instruction of the body its line."""

    code: Code
    changed: list[tuple[Code, list[Line]]]


def read(
    tups: Iterable[Any], dialect: isa.Dialect, known: Mapping[str, Code] | None = None, outermost: Code | None = None
) -> Read:
    """What a list says. TupleError with everything that is wrong, each with the index of the tuple.

    `known` are the code objects of the list that a macro was given, by name; `outermost` is the one among them that the
    list is for.
    """
    if isinstance(tups, str) or not hasattr(tups, "__iter__"):
        raise TupleError(f"a list of tuples is needed, not {tups!r}")
    definitions, findings = split(tups)
    reader = _Reader(definitions, dialect, dict(known or {}))
    if not definitions and not findings:
        findings.append(Finding("there is no DEFINE", "", "a list goes from ('DEFINE', name) to ('END', 0)"))
    for each in definitions:
        reader.read(each)
    findings += reader.findings
    root = reader.outermost() if not findings else None
    if root is None:
        raise TupleError(findings + [f for f in reader.findings if f not in findings])
    code = reader.code(root, outermost, Scope())
    return Read(code, reader.changed)


class _Reader:
    def __init__(self, definitions: list[Definition], dialect: isa.Dialect, known: dict[str, Code]) -> None:
        self.definitions, self.dialect, self.known = definitions, dialect, known
        self.findings: list[Finding] = []
        self.operands = Operands(dialect)
        self.by_origin: dict[int, Definition] = {}
        self.by_name: dict[str, list[Definition]] = {}
        self.bodies: dict[Definition, tuple[list[Instruction], list[Line], list[Handler]]] = {}
        self.referred: set[Definition] = set()
        self.made: dict[Definition, Code] = {}
        self.changed: list[tuple[Code, list[Line]]] = []
        for each in definitions:
            self._enter(each)

    def _enter(self, definition: Definition) -> None:
        same = self.by_name.setdefault(definition.name, [])
        twice = [other for other in same if other.origin is definition.origin]
        if twice:
            wrong = Wrong(
                f"there is a code object {definition.name!r} already, tuple {twice[0].define.at}",
                f"another name, such as '{definition.name}#{len(same) + 1}', tells them apart",
            )
            self.findings.append(finding(wrong, definition.define, None))
        same.append(definition)
        if definition.origin is not None:
            self.by_origin.setdefault(id(definition.origin), definition)

    # -- instructions

    def read(self, definition: Definition) -> None:
        """The body of a code object. The operand of a LOAD_OBJECT is a Definition or a Code."""
        places, found = labels(definition)
        self.findings += found
        body: list[Instruction] = []
        lines: list[Line] = []
        handlers: list[Handler] = []
        for place, line in enumerate(definition.lines):
            try:
                if line.op == HANDLER and self.dialect.name != isa.PORTABLE:
                    handlers.append(_handler(line.arg))
                elif line.op != EXTENDED_ARG:  # operands are whole
                    body.append(self._instruction(line, place, places))
                    lines.append(line)
            except Wrong as wrong:
                self.findings.append(finding(wrong, line, definition))
        self.bodies[definition] = body, lines, handlers

    def _instruction(self, line: Line, place: int, places: dict[str, int]) -> Instruction:
        _, op, arg, position = line
        if op == LABEL:
            return Instruction(op, str(arg), position)
        if op == LOAD_OBJECT:
            return Instruction("LOAD_CONST", self._object(arg), position)
        row = self.dialect.opcodes.get(op)
        if row is None:
            raise Wrong(f"unknown instruction {op!r}", nearest(op, [*self.dialect.opcodes, *_PSEUDO]))
        operand = self.operands.operand(row, arg)
        if row.operand in isa.JUMPS:
            if operand not in places:
                raise Wrong(f"there is no label {operand!r} here", nearest(operand, places))
            if row.operand == "forward" and places[operand] < place and op != "JUMP_FORWARD":  # that is translated
                raise Wrong("its label stands before it, and it only goes forward")
        elif row.operand == "const":
            operand = self._constant(operand)
        return Instruction(op, operand, position)

    def _constant(self, value: Any) -> Any:
        """A constant; a code object is the one of the list when it came from there."""
        code = scopes.code_of(value, self.dialect)
        if code is None:
            return value
        return self._refer(self.by_origin[id(code)]) if id(code) in self.by_origin else code

    def _object(self, arg: Any) -> Definition | Code:
        """What a LOAD_OBJECT loads."""
        value = arg.value if isinstance(arg, Described) else arg
        code = scopes.code_of(value, self.dialect)
        if code is not None and id(value) in self.by_origin:
            return self._refer(self.by_origin[id(value)])
        if not isinstance(arg, str):
            if code is None:
                raise Wrong(f"the name of a code object is needed, not {arg!r}")
            return code
        found = self.by_name.get(arg, [])
        if code is not None:
            plain = [each for each in found if each.origin is None]
            return self._refer(plain[0]) if plain else code
        if len(found) > 1:
            places = ", ".join(str(each.define.at) for each in found)
            raise Wrong(f"there are several code objects {arg!r}: tuples {places}")
        if found:
            return self._refer(found[0])
        if arg in self.known:
            return self.known[arg]
        raise Wrong(f"there is no code object {arg!r}", nearest(arg, [*self.by_name, *self.known]))

    def _refer(self, definition: Definition) -> Definition:
        self.referred.add(definition)
        return definition

    # -- code objects

    def outermost(self) -> Definition | None:
        """The definition that no LOAD_OBJECT refers to; None, and findings, when there is not one."""
        free = [each for each in self.definitions if each not in self.referred]
        if len(free) == 1 and self._check_cycles(free[0]):
            return free[0]
        if not free:
            wrong = Wrong("every code object is loaded by another one, so none is the outermost")
            self.findings.append(finding(wrong, self.definitions[0].define, None))
        for each in free[1:] if len(free) > 1 else ():
            wrong = Wrong(
                f"nothing refers to it, and neither to {free[0].name!r}, tuple {free[0].define.at}",
                f"one of them is the function; the other needs a LOAD_OBJECT {each.name!r}, or goes away",
            )
            self.findings.append(finding(wrong, each.define, None))
        return None

    def _check_cycles(self, root: Definition) -> bool:
        """Is every definition in the outermost one, and none in itself?"""
        path: list[Definition] = []
        done: set[Definition] = set()

        def visit(definition: Definition) -> None:
            if definition in path:
                raise Wrong(f"the code object {definition.name!r} contains itself")
            if definition not in done:
                path.append(definition)
                for each in self.bodies[definition][0]:
                    if isinstance(each.arg, Definition):
                        visit(each.arg)
                done.add(path.pop())

        try:
            for each in (root, *self.definitions):
                visit(each)
        except Wrong as wrong:
            self.findings.append(finding(wrong, path[-1].define, None))
            return False
        return True

    def code(self, definition: Definition, base: Code | None, scope: Scope) -> Code:
        """The code object of a definition; `base` is what it was, where its name does not say."""
        if definition in self.made:
            return self.made[definition]
        known = definition.origin or self._known(definition.name)
        name = re.sub(r"(?<=.)#\d+$", "", definition.name)  # without what tells it apart
        if known is not None:
            base, name = known, known.name
        elif base is None:
            base = _new_code(name, self.dialect, scope)
        body, lines, handlers = self.bodies[definition]
        inner = scope.inside(base)
        for i, each in enumerate(body):
            if isinstance(each.arg, Definition):
                body[i] = each._replace(arg=self.code(each.arg, None, inner.at(body, i)))
        code = self._made(base, name, definition.parameters.parameters(), body, handlers, scope)
        if code is not base:
            self.changed.append((code, lines))
        self.made[definition] = code
        return code

    def _known(self, name: str) -> Code | None:
        """What a plain name stood for in the list that the macro was given, if that is not in this list itself."""
        code = self.known.get(name)
        return None if id(code) in self.by_origin else code

    def _made(
        self, base: Code, name: str, taken: Parameters, body: list[Instruction], handlers: list[Handler], scope: Scope
    ) -> Code:
        if _unchanged(base, name, taken, body, handlers):
            return base
        layout = base.layout and base.layout._replace(consts=(), names=(), origin="")  # it is no longer the compiler's
        code = base.replace(name=name, body=body, handlers=handlers, layout=layout, stack_size=0, **taken._asdict())
        if self.dialect.name == isa.PORTABLE:
            scopes.settle(code, scope)
        return code


_PSEUDO = (DEFINE, ADD_ARG, LABEL, LOAD_OBJECT, END)


def _handler(arg: Any) -> Handler:
    try:
        start, end, target, depth, lasti = arg
        return Handler(str(start), str(end), str(target), depth, bool(lasti))
    except (TypeError, ValueError):
        raise Wrong(f"{arg!r} is no handler", "three labels, the depth, and whether lasti is pushed") from None


def _new_code(name: str, dialect: isa.Dialect, scope: Scope) -> Code:
    """A code object of which nothing is known but its name and place."""
    return Code(
        name,
        dialect=dialect.name,
        qualname=scope.prefix + name,
        filename=scope.filename,
        first_line=scope.first_line,
        flags=0 if scope.is_class or name == scopes.MODULE else FUNCTION_FLAGS,
    )


def _unchanged(base: Code, name: str, taken: Parameters, body: list[Instruction], handlers: list[Handler]) -> bool:
    """Is it what it was, down to the very constants and positions?"""
    if base.name != name or parameters.of(base) != taken or base.handlers != handlers:
        return False
    old = [each for each in base.body if each.op != EXTENDED_ARG]
    without = bare(base.dialect)
    return len(old) == len(body) and all(_same(one, other, without) for one, other in zip(old, body))


def _same(one: Instruction, other: Instruction, without: frozenset[str]) -> bool:
    if one.op != other.op or one.position != other.position:
        return False
    a, b = one.arg, other.arg
    return a is b or one.op in without or (type(a) in _PLAIN and type(a) is type(b) and a == b)


_PLAIN = frozenset({str, int, tuple})
