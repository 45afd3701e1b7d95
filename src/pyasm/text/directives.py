"""The directives of a code object: the statements that begin with a dot."""

from __future__ import annotations

from collections.abc import Callable

from pyasm import isa
from pyasm.code import Handler
from pyasm.native.units import MAX_OPERAND
from pyasm.text import positions
from pyasm.text.definition import Definition
from pyasm.text.errors import near
from pyasm.text.tokens import FINAL, Wrong, described
from pyasm.typed import Any

_MAX_INT = 0x7FFFFFFF

Directive = Callable[[Definition, int], int]
"""Reads what stands behind the directive's name, from a token on, and gives the index behind it."""


def read(definition: Definition, i: int) -> int:
    """Read the directive that begins at a token; the index behind it."""
    name = definition.texts[i]
    directive = _DIRECTIVES.get(name)
    if directive is None:
        if name.lower() == ".target":
            raise Wrong(i, ".target stands once, at the beginning")
        raise Wrong(i, f"no directive is called {described(name)}", near(name.lower(), _DIRECTIVES))
    if (name in _NATIVE) if definition.dialect.name == isa.PORTABLE else (name in _PORTABLE):
        raise Wrong(i, f"{name} has no meaning in {definition.dialect.name} code")
    if name in definition.given and name not in _REPEATED:
        raise Wrong(i, f"{name} stands here twice")
    definition.given[name] = i
    return directive(definition, i + 1)


def _name(definition: Definition, i: int) -> int:
    definition.code.name, end = definition.reader.name(i)
    if ".qualname" not in definition.given:
        definition.code.qualname = definition.code.name
    return end


def _qualname(definition: Definition, i: int) -> int:
    texts = definition.texts
    if texts[i][:1] == "`":
        definition.code.qualname, end = definition.reader.name(i)
        return end
    end = i
    while texts[end] not in FINAL:
        end += 1
    name = "".join(texts[i:end])
    if not all(map(str.isidentifier, name.split("."))):
        raise Wrong(i, "a qualified name is needed", "Class.method, or in backquotes when a part is no identifier")
    definition.code.qualname = name
    return end


def _string(definition: Definition, i: int) -> tuple[str, int]:
    return _constant(definition, i, str, "a string is")


def _constant(definition: Definition, i: int, kind: type, what: str) -> tuple[Any, int]:
    token = definition.texts[i]
    value, end = definition.reader.constant(i, 0) if token not in FINAL else (None, i)
    if type(value) is not kind:
        raise Wrong(i, f"{what} needed, not {described(token)}")
    return value, end


def _filename(definition: Definition, i: int) -> int:
    definition.filename, end = _string(definition, i)
    return end


def _doc(definition: Definition, i: int) -> int:
    definition.code.doc, end = _string(definition, i)
    return end


def _integer(definition: Definition, i: int) -> tuple[int, int]:
    negative = definition.texts[i] == "-"
    value, end = definition.reader.number(i + negative, _MAX_INT)
    return -value if negative else value, end


def _first_line(definition: Definition, i: int) -> int:
    definition.first_line, end = _integer(definition, i)
    return end


def _origin(definition: Definition, i: int) -> int:
    end = i
    while definition.texts[end] not in FINAL:
        end += 1
    definition.origin = "".join(definition.texts[i:end])
    if definition.origin not in isa.names():
        raise Wrong(i, "the name of a native dialect is needed", "one of " + " ".join(isa.names()))
    return end


def _flags(definition: Definition, i: int) -> int:
    definition.code.flags, end = _integer(definition, i)
    return end


def _stack_size(definition: Definition, i: int) -> int:
    definition.code.stack_size, end = definition.reader.number(i, _MAX_INT)
    if definition.texts[end] not in FINAL:
        definition.sum, end = definition.reader.number(end)
    return end


def _locals(definition: Definition, i: int) -> int:
    return _names(definition, i, definition.code.locals, "variable")


def _cells(definition: Definition, i: int) -> int:
    return _names(definition, i, definition.code.cells, "cell")


def _frees(definition: Definition, i: int) -> int:
    return _names(definition, i, definition.code.frees, "free variable")


def _names(definition: Definition, i: int, names: list[str], kind: str) -> int:
    """Names without anything between them; `kind`, when they must all be different, is what they are."""
    while True:
        name, end = definition.reader.name(i)
        names.append(definition.add_name(kind, name, i) if kind else name)
        if definition.texts[end] in FINAL:
            return end
        i = end


def _name_pool(definition: Definition, i: int) -> int:
    return _names(definition, i, definition.names, "")


def _plain_names(definition: Definition, i: int) -> int:
    return _names(definition, i, definition.plain, "")


def _const_pool(definition: Definition, i: int) -> int:
    while True:
        value, i = definition.reader.operand(i)
        definition.consts.append(value)
        if definition.texts[i] != ",":
            return i
        i += 1


def _loc(definition: Definition, i: int) -> int:
    texts = definition.texts
    end = i
    while texts[end] not in FINAL:
        end += 1
    text = "".join(texts[i:end])
    position = positions.read(text)
    if position is None and text != positions.SAME:
        hint = "line, line:column-line:column with ? for what is not known, none, or same"
        raise Wrong(i, f"a position is needed, not {described(texts[i])}", hint)
    definition.position = position
    return end


def _pick(definition: Definition, i: int) -> int:
    definition.picks[len(definition.body)], end = definition.reader.number(i)
    return end


def _prefixes(definition: Definition, i: int) -> int:
    definition.prefixes[len(definition.body)], end = definition.reader.number(i, 3)
    return end


def _handler(definition: Definition, i: int) -> int:
    if definition.dialect.blocks != "table":
        raise Wrong(i - 1, f"{definition.dialect.name} has no exception table", "it sets up handlers by instructions")
    reader, end = definition.reader, i
    labels = []
    for _ in range(3):
        label, end = reader.label(end)
        labels.append(label)
    depth, end = reader.number(end, MAX_OPERAND >> 1)
    lasti = definition.texts[end].lower() == "lasti"
    definition.handlers.append(Handler(labels[0], labels[1], labels[2], depth, lasti))
    definition.handler_starts.append(i - 1)
    return end + lasti


def _table(name: str) -> Directive:
    def directive(definition: Definition, i: int) -> int:
        definition.tables[name], end = _constant(definition, i, bytes, "bytes are")
        return end

    return directive


_TABLES = (".line_table", ".exception_table", ".local_kinds")

_DIRECTIVES: dict[str, Directive] = {
    ".name": _name,
    ".qualname": _qualname,
    ".filename": _filename,
    ".firstline": _first_line,
    ".flags": _flags,
    ".origin": _origin,
    ".plain": _plain_names,
    ".doc": _doc,
    ".local": _locals,
    ".cell": _cells,
    ".free": _frees,
    ".consts": _const_pool,
    ".names": _name_pool,
    ".loc": _loc,
    ".pick": _pick,
    ".prefixes": _prefixes,
    ".handler": _handler,
    ".stacksize": _stack_size,
    **{name: _table(name) for name in _TABLES},
}

NAMES = (".target", *_DIRECTIVES)
"""The names of all directives; `.target` is read before all others."""

_REPEATED = frozenset(
    {".local", ".plain", ".cell", ".free", ".consts", ".names", ".loc", ".pick", ".prefixes", ".handler"}
)

_NATIVE = frozenset({".handler", ".prefixes", ".exception_table"})
_PORTABLE = frozenset({".origin", ".plain"})
"""Directives that only a native dialect has, or only the portable one."""
