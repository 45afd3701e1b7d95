"""Files that hold a program: `.py`, `.pyc` and `.pyasm`, known by their names or by what they begin with."""

from __future__ import annotations

import os
from types import CodeType

from pyasm import pyc
from pyasm.code import Code
from pyasm.errors import AssemblySyntaxError, Finding, MalformedError
from pyasm.native.decode import decode
from pyasm.text import parse

SUFFIXES = (".py", ".pyc", ".pyasm")


def read(path: str | os.PathLike[str]) -> Code:
    """The `Code` in a file, in the dialect that it is in; Python source is compiled by the running interpreter.

    AssemblyError for what is wrong with it, OSError when it cannot be read.
    """
    with open(path, "rb") as file:
        return from_bytes(file.read(), os.fspath(path))


def from_bytes(data: bytes, filename: str) -> Code:
    """The same for the bytes of a file. AssemblyError for what is wrong with them."""
    kind = kind_of(data, filename)
    if kind == ".pyc":
        return _loaded(data, filename)
    if kind == ".pyasm":
        return parse(text_of(data, filename), filename)
    return decode(compiled(data, filename))


def _loaded(data: bytes, filename: str) -> Code:
    try:
        return pyc.load(data)
    except MalformedError as error:
        raise MalformedError(
            [f._replace(place=f"{filename}: {f.place}".rstrip(": ")) for f in error.findings]
        ) from None


def kind_of(data: bytes, filename: str) -> str:
    """The suffix that a file has or should have. MalformedError when it is none of these."""
    suffix = os.path.splitext(filename)[1]
    if suffix in SUFFIXES:
        return suffix
    if b"\0" in data and data[2:4] == b"\r\n":
        return ".pyc"
    if b"\0" in data:
        raise MalformedError(Finding("neither a .pyc file nor text", filename))
    lines = (line.strip() for line in data.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    return ".pyasm" if _begins_assembly(first.decode("ascii", "replace")) else ".py"


def _begins_assembly(line: str) -> bool:
    """Is this the first line of assembly? Its words are in capitals then: small letters may be Python's."""
    import re

    from pyasm import isa
    from pyasm.lang.parser import table

    if line.startswith(".") or line[:7].upper() == "DEFINE ":
        return True
    word = re.match(r"[A-Z_0-9]*", line)
    known = word is not None and (word[0] in table.STATEMENTS or word[0] in isa.load(isa.PORTABLE).opcodes)
    return known and not re.match(r"\w+\s*(=[^:]|\(|\.|:[^\w])", line)


def text_of(data: bytes, filename: str) -> str:
    """Assembly text, which is UTF-8. AssemblySyntaxError when it is not."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        finding = Finding(f"byte {error.start} is not UTF-8: {error.reason}", f"{filename}:{line}")
        raise AssemblySyntaxError(finding, filename, line) from None
    remember(filename, text)
    return text


def compiled(data: bytes, filename: str) -> CodeType:
    """The code object of Python source. AssemblySyntaxError, with the line and a caret, when it is wrong."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: CodeType = compile(data, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise AssemblySyntaxError(syntax_finding(error, filename), filename, error.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise AssemblySyntaxError(Finding(str(error) or "nested too deeply", filename), filename) from None
    remember(filename, data.decode("utf-8", "replace"))
    return code


def syntax_finding(error: SyntaxError, filename: str) -> Finding:
    """What the compiler finds wrong, with the line and a caret."""
    place = ":".join(str(part) for part in (filename, error.lineno, error.offset) if part)
    if not error.text:
        return Finding(error.msg, place)
    line = error.text.rstrip("\n")
    shown = line.lstrip()
    caret = max(0, (error.offset or 1) - 1 - (len(line) - len(shown)))
    return Finding(error.msg, place, excerpt=f"    {shown}\n    {' ' * caret}^")


def remember(filename: str, text: str) -> None:
    """Let tracebacks and listings find the lines of what was not read from a file of that name."""
    if filename == "<stdin>":
        import linecache

        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
