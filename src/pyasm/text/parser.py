"""Text as `Code`. The inverse is in printer.py; docs/text.md has the grammar.

A text is statements, a statement is tokens up to the end of a line or a semicolon. What is wrong with a statement is
noted, and reading goes on with the next one.

This is the flat form, which every text in a native dialect has. Portable text that is more than that is read by the
parser of the language.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import partial

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import TargetError
from pyasm.native.collector import uncollected
from pyasm.text.errors import Report, near
from pyasm.text.flat import FlatReader, Structured
from pyasm.text.tokens import ENDS, TOKEN, Tokens, Wrong, described
from pyasm.typed import Any


@uncollected
def parse(
    text: str,
    filename: str = "<assembly>",
    bindings: Mapping[str, Any] | None = None,
    globals: Mapping[str, Any] | None = None,
    files: list[str] | None = None,
    target: str | None = None,
) -> Code:
    """The code object of a text; `pyasm.parse` says what it takes and raises.

    `globals` are those that the text may use when it is assembled, when there are some. `files` gets those that its
    macros come from. `target` is the dialect that it is for, if not that of the interpreter.
    """
    if not isinstance(text, str):
        raise TypeError(f"parse takes a str, not {type(text).__name__}")
    if not _may_be_flat(text):
        return _expanded(text, filename, bindings or {}, globals, files, target)
    report = Report(text, filename)
    tokens = Tokens(text)
    code: Code | None = None
    flat = True
    try:
        code = _read(tokens, report, filename)
    except Structured:
        flat = False
    except RecursionError:
        report.add(0, "nested too deeply")
    if not flat:
        return _expanded(text, filename, bindings or {}, globals, files, target)
    report.finish()
    assert code is not None  # else there is an error
    if bindings:
        raise TypeError(f"there is no &{next(iter(bindings))} in {code.qualname}")
    return code


def _may_be_flat(text: str) -> bool:
    """Does the text begin like one of the flat form, or is it empty?"""
    first = next((match[1] for match in TOKEN.finditer(text) if match[1] not in ENDS), "")
    return first.upper() in ("DEFINE", ".TARGET", "")


def _expanded(
    text: str,
    filename: str,
    bindings: Mapping[str, Any],
    globals: Mapping[str, Any] | None,
    files: list[str] | None,
    dialect: str | None,
) -> Code:
    """The code object of a text in the language."""
    from pyasm.lang import expand, parser  # most texts are flat

    return expand.module(parser.parse(text, filename), filename, bindings, globals, files, dialect)


def _read(tokens: Tokens, report: Report, filename: str) -> Code | None:
    """The outermost code object; None when something is wrong. Structured for a text of the language."""
    texts = tokens.texts
    start = tokens.skip_ends(0)
    dialect, start = target(tokens, report, start)
    if dialect is None:
        return None
    portable = dialect.name == isa.PORTABLE
    reader = FlatReader(tokens, report, dialect, partial(_is_structured, texts) if portable else None)
    _definitions(reader, start, portable)
    if portable and not reader.definitions:
        raise Structured
    return None if report.full else _finish(reader, filename)


def _is_structured(texts: list[str], i: int) -> bool:
    from pyasm.lang.parser.table import is_structured  # only when something seems to be wrong

    return is_structured(texts, i)


def target(tokens: Tokens, report: Report, i: int) -> tuple[isa.Dialect | None, int]:
    """The dialect that the first statement names, the portable one without it; None when it is not there.

    And where it goes on.
    """
    if tokens.texts[i] != ".target":
        return isa.load(isa.PORTABLE), i
    end = tokens.statement_end(i)
    name = "".join(tokens.texts[i + 1 : end])
    try:
        return isa.load(name), end
    except TargetError:
        message = f"there is no dialect {described(name)}" if name else "the name of a dialect is needed"
        report.add(tokens.offset(i + 1), message, "one of " + " ".join(isa.names()))
        return None, end


def _definitions(reader: FlatReader, i: int, portable: bool) -> None:
    """Read the definitions of a text."""
    tokens, texts, report = reader.tokens, reader.texts, reader.report
    lost = False  # between definitions, after an error
    while not report.full:
        i = tokens.skip_ends(i)
        if not texts[i]:
            return
        try:
            if reader.keyword(i) == "DEFINE":
                lost = False
                i = reader.definition(i)
                continue
            if portable and texts[i].lower() != ".target":
                raise Structured
            if not lost:
                lost = True
                hint = (
                    _outside(texts[i])
                    or reader.portable(texts[i].upper())
                    or "instructions stand between DEFINE and END"
                )
                raise Wrong(i, f"DEFINE is needed, not {described(texts[i])}", hint)
        except Wrong as wrong:
            reader.note(wrong)
        i = tokens.statement_end(i)


def _outside(token: str) -> str:
    """A hint about what stands outside of all definitions, if there is one."""
    if token.lower() == ".target":
        return ".target stands once, at the beginning, in small letters"
    return near(token, ["DEFINE", ".target"]) if token.upper() != "DEF" else ""


def _finish(reader: FlatReader, filename: str) -> Code | None:
    """What can only be checked when everything has been read."""
    if not reader.definitions:
        reader.note(Wrong(len(reader.texts) - 1, "the text defines no code object", "DEFINE name ... END"))
        return None
    names = {name: definition.start + 1 for name, definition in reader.definitions.items()}
    reader.note_all(reader.references.undefined(names))
    if reader.report.found:
        return None
    root = reader.references.root(names)
    reader.note_all(reader.references.faults(root, names))
    if root is None or reader.report.found:
        return None
    _complete(reader, root, filename)
    return root


def _complete(reader: FlatReader, root: Code, filename: str) -> None:
    outer = next(d for d in reader.definitions.values() if d.code is root)
    filename = filename if outer.filename is None else outer.filename
    lines: array[int] | None = None
    for definition in reader.definitions.values():
        own = outer.filename is None and definition.filename is None
        if own and lines is None:
            lines = reader.tokens.lines()
        definition.complete(filename, lines if own else None)
