"""Which code objects of a text are in which, once everything has been read."""

from __future__ import annotations

from bisect import bisect_right

from pyasm.lang import tree
from pyasm.text.flat import FlatReader
from pyasm.text.tokens import Wrong

_NO_CODE = (tree.Macro, tree.MacroImport, tree.Namespace, tree.Located)
"""Statements that are no program by themselves."""


def complete(flat: FlatReader, module: tree.Module, filename: str) -> tree.Module | None:
    """The module, with its flat code objects complete; None when something is wrong."""
    names = {name: definition.start + 1 for name, definition in flat.definitions.items()}
    flat.note_all(flat.references.undefined(names))
    if flat.report.found:
        return None
    if names:
        if all(type(statement) in _NO_CODE for statement in module.body.statements):
            module = module._replace(root=flat.references.outermost(names))
        _check(flat, module, names)
        _complete(flat, module, filename)
    return None if flat.report.found else module


def _complete(flat: FlatReader, module: tree.Module, filename: str) -> None:
    outer = module.settings if module.root is None else flat.definitions[module.root]
    name = None if outer is None else outer.filename
    lines = flat.tokens.lines()
    for definition in flat.definitions.values():
        own = name is None and definition.filename is None
        definition.complete(filename if name is None else name, lines if own else None)


def _check(flat: FlatReader, module: tree.Module, names: dict[str, int]) -> None:
    """Each code object must be in the outermost one, the module's or that of a DEFINE, and none in itself."""
    inside = _inside(flat, module)
    unused = [name for name in names if name not in flat.references.uses and name != module.root]
    flat.note_all(flat.references.unused(unused, names, module.root))
    top = module.root or ""
    open_names = {top: True}
    path = [(top, iter(inside.get(top, [])))]
    while path:
        name, rest = path[-1]
        inner = next(rest, None)
        if inner is None:
            open_names[name] = False
            path.pop()
        elif inner not in open_names:
            open_names[inner] = True
            path.append((inner, iter(inside.get(inner, []))))
        elif open_names[inner]:
            flat.note(Wrong(names[inner], "this code object contains itself"))
            return
    for name, index in names.items():
        if name not in open_names and name not in unused:
            hint = "only what it contains refers to it"
            flat.note(Wrong(index, "this code object is not in the outermost one", hint))


def _inside(flat: FlatReader, module: tree.Module) -> dict[str, list[str]]:
    """Name of a code object -> the names that it refers to; those of the module are under the empty name."""
    spans = sorted((node.start, node.end, node.name.text) for node in module.definitions)
    starts = [start for start, _, _ in spans]
    inside: dict[str, list[str]] = {}
    for used, index in flat.references.places:
        offset = flat.tokens.offset(index)
        place = bisect_right(starts, offset) - 1
        within = place >= 0 and offset < spans[place][1]
        inside.setdefault(spans[place][2] if within else "", []).append(used)
    return inside
