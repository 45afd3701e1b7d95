"""`pyasm dis`: the assembly text of whatever holds bytecode."""

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple, Optional

import pyasm
from pyasm import files, isa
from pyasm.api import NATIVE, in_dialect
from pyasm.cli import sources
from pyasm.cli.console import Color, Output, Paint, complain, progress
from pyasm.cli.listing import Columns, listing
from pyasm.errors import AssemblyError, Finding, TargetError
from pyasm.text import printer


class Options(NamedTuple):
    """What the text is to hold."""

    function: Optional[str]
    nested: bool
    exact: bool
    columns: Columns
    dialect: Optional[str]
    """`portable`, `native` or a version; None is portable, and native when there are to be offsets."""


Job = tuple[str, Optional[str]]
"""What to disassemble, and the file to write the text to; None is standard output."""


def disassemble(xs: list[str], options: Options, output: Optional[str], color: Color) -> int:
    """Write the text of every X; the exit code. What is wrong with one of several does not stop the others."""
    if options.dialect is not None and options.dialect != NATIVE:
        isa.load(options.dialect)  # an error at once
    jobs = _jobs(xs, output)
    out = Output(color)
    code = 0
    with progress(len(jobs), _shows_progress(jobs)) as advance:
        for x, file in jobs:
            try:
                _disassemble(x, file, options, out, len(jobs) > 1)
            except (AssemblyError, OSError) as error:
                if len(jobs) == 1 or isinstance(error, BrokenPipeError):
                    raise
                complain(error)
                code = 1
            advance()
    return code


def _disassemble(x: str, file: Optional[str], options: Options, out: Output, several: bool) -> None:
    code = sources.select(sources.read(x), options.function, x)
    code = _translated(code, options, x)
    if file is None:
        title = [out.paint("comment", f"# {x}")] if several else []
        out.lines([*title, *_text(code, options, out.paint)])
        return
    text = "".join(line + "\n" for line in _text(code, options, Paint(Color.never, sys.stdout)))
    os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
    with open(file, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        stream.write(text)


def _translated(code: pyasm.Code, options: Options, x: str) -> pyasm.Code:
    """The code in the dialect that is wanted."""
    dialect = options.dialect or (NATIVE if options.columns.offsets else isa.PORTABLE)
    if dialect == isa.PORTABLE and options.columns.offsets:
        raise TargetError(Finding("portable code has no offsets", x, "--dialect native has"))
    try:
        return in_dialect(code, dialect)
    except TargetError as error:
        raise TargetError([f._replace(place=f"{x}: {f.place}".rstrip(": ")) for f in error.findings]) from None


def _text(code: pyasm.Code, options: Options, paint: Paint) -> Iterator[str]:
    lines = printer.lines(code, options.exact)
    if not options.nested:
        lines = first_definition(lines)
    return listing(lines, options.columns, paint)


def first_definition(lines: Iterator[printer.Line]) -> Iterator[printer.Line]:
    """The lines up to the first END: the outermost code object comes first."""
    for line in lines:
        yield line
        if line.kind == "end":
            return


# -- where to


def _jobs(xs: list[str], output: Optional[str]) -> list[Job]:
    """Folders as the files in them, and the file that each goes to."""
    single = len(xs) == 1 and not os.path.isdir(xs[0])
    if output is None or output == sources.STDIN or (single and not os.path.isdir(output)):
        file = None if output == sources.STDIN else output
        return [(path, file) for x in xs for path in (sources.files(x) if os.path.isdir(x) else [x])]
    jobs: list[Job] = []
    for x in xs:
        if os.path.isdir(x):
            jobs += [(path, _inside(output, os.path.relpath(path, x))) for path in sources.files(x)]
        else:
            jobs.append((x, _inside(output, os.path.basename(x))))
    _check_files(jobs)
    return jobs


def _check_files(jobs: list[Job]) -> None:
    """No two may be written to the same file."""
    first: dict[Optional[str], str] = {}
    for x, file in jobs:
        if first.setdefault(file, x) != x:
            raise AssemblyError(f"{first[file]} and {x} would both be written to {file}")


def _inside(folder: str, name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return os.path.join(folder, (stem if suffix in files.SUFFIXES else name.replace(":", ".")) + ".pyasm")


def _shows_progress(jobs: list[Job]) -> bool:
    """Are many files written, and is nothing else on the terminal?"""
    return len(jobs) > 1 and sys.stderr.isatty() and (jobs[0][1] is not None or not sys.stdout.isatty())
