"""From the tree of a text to portable `Code`.

Each construct has a module: functions of a `Frame`, the code object that is being made, and a node. The tables here put
them together: what expands a node is found by its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from pyasm.code import Code
from pyasm.isa import PORTABLE
from pyasm.lang import (
    definitions,
    expressions,
    flow,
    functions,
    handlers,
    macros,
    objects,
    operators,
    partial,
    scopes,
    statements,
    targets,
    tree,
)
from pyasm.lang.frame import Expanders, Frame, Unit
from pyasm.lang.static import Static
from pyasm.text.errors import Report
from pyasm.typed import Any


def module(
    tree: tree.Module,
    filename: str,
    bindings: Mapping[str, Any],
    globals: Mapping[str, Any] | None = None,
    files: list[str] | None = None,
    target: str | None = None,
) -> Code:
    """The code object of a text. `bindings` are the objects for its `&name`, `globals` those for its `@!name`.

    Without globals, as that of a file, it loads builtins and modules by their names; else they are constants.
    `files` gets those that macros come from. `target` is the dialect that it is for, if not that of the interpreter.
    AssemblySyntaxError with everything that is wrong; TypeError for bindings that the text does not have.
    """
    report = Report(tree.text, filename)
    static = Static(bindings, {} if globals is None else globals, target)
    code = Code("<module>", dialect=PORTABLE, filename=filename, flags=0)
    unit = Unit(tree.text, filename, report, static, expanders())
    try:
        plain, unit.origins, _kept, imported = macros.expanded(tree, filename, unit.wrong, static)
        if files is not None:
            files += imported
        code = _expanded(plain, code, unit)
    except RecursionError:
        report.add(0, "nested too deeply")
    report.finish()
    unused = [name for name in bindings if name not in static.used]
    if unused:
        raise TypeError(f"there is no &{unused[0]} in {code.qualname}")
    if globals is None:
        objects.by_name(code)
    return code


def _expanded(module: tree.Module, code: Code, unit: Unit) -> Code:
    scanner = scopes.Scanner(unit.wrong, unit.text)
    scope = scopes.Scope(scopes.MODULE, None, "<module>")
    scanner.code(scope, module.body)
    for node in module.definitions:
        if type(node) is tree.Define:
            scanner.define(node)
    scanner.finish()
    scanner.check_values(scope)
    unit.scopes, unit.sources = scanner.scopes, scanner.read
    for node in module.definitions:
        if type(node) is tree.Define:
            _define(unit, node)
    if module.root is not None:
        codes = {node.name.text: _code(node) for node in module.definitions}
        return codes[module.root]
    definitions.apply(module.settings, code)
    doc, code.doc = code.doc, None
    frame = Frame(unit, scope, code)
    if doc is not None:
        frame.emit("LOAD_CONST", doc, module.body)
        frame.emit("STORE_NAME", "__doc__", module.body)
    frame.statements(module.body)
    end = len(module.text)
    definitions.close(frame, tree.Block(end, end, ()))
    return code


def _code(node: tree.Define | tree.Flat) -> Code:
    return node.code if type(node) is tree.Flat else node.settings.code  # type: ignore[union-attr]


def _define(unit: Unit, node: tree.Define) -> None:
    """A flat code object with more than instructions in it: what is given of it stays."""
    code = node.settings.code
    frame = Frame(unit, unit.scopes[id(node)], code)
    code.cells += [name for name in sorted(frame.scope.cells) if name not in code.cells]
    frame.statements(node.body)
    flags = code.flags
    definitions.close(frame, tree.Block(node.end, node.end, ()))
    if ".flags" in node.settings.given:
        code.flags = flags


def _not_here(frame: Frame, node: Any, *rest: Any) -> None:
    frame.wrong(node, "this stands in a MACRO only")


@cache
def expanders() -> Expanders:
    """What expands each type of node."""
    found: dict[type, Callable[[Frame, Any], None]] = {tree.MacroCall: functions.call}
    for module in (statements, flow, handlers, definitions):
        found.update(module.STATEMENTS)
    values: dict[type, Callable[[Frame, Any], None]] = {}
    for part in (expressions, operators, partial):
        values.update(part.EXPRESSIONS)
    for kind in scopes.NODES:
        found.setdefault(kind, _not_here)
        values.setdefault(kind, _not_here)
    stores = {**dict.fromkeys(scopes.NODES, targets.no_target), **targets.TARGETS}
    return Expanders(found, values, stores, dict(operators.CONDITIONS))
