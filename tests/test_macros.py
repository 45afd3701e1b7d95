"""Macros written for CPython 3.9 against the document, each a program with what it prints, on the running version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pyasm
from pyasm import isa, translate

FOLDER = Path(__file__).parent / "macros"
PROGRAMS = sorted(FOLDER.glob("*.py"))
_MARK = "\n# prints:\n"


def expected(program: Path) -> str:
    """What stands behind the mark at the end of a program, without its `# `."""
    _, mark, lines = program.read_text(encoding="utf-8").partition(_MARK)
    assert mark, f"{program.name} does not say what it prints"
    return "".join(line[2:] or "\n" for line in lines.splitlines(keepends=True))


def untranslated(program: Path) -> set[str]:
    """What lifting leaves of the running version's instructions in a program."""
    code = translate.lift(pyasm.decode(compile(program.read_bytes(), str(program), "exec")))
    return {inst for inst, _ in pyasm.to_tuples(code)} - set(isa.load(isa.PORTABLE).opcodes) - PSEUDO


PSEUDO = {"DEFINE", "ADD_ARG", "LABEL", "LOAD_OBJECT", "END"}


def test_there_are_many() -> None:
    assert len(PROGRAMS) > 30


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_program(program: Path) -> None:
    # A process of its own: what is wrong with a code object may end the interpreter.
    run = subprocess.run([sys.executable, "-X", "utf8", program], capture_output=True, encoding="utf-8", timeout=60)
    got, wanted = (run.returncode, run.stderr[-2000:], run.stdout), (0, "", expected(program))
    if got != wanted and untranslated(program):
        pytest.xfail(f"lifting leaves {', '.join(sorted(untranslated(program)))}")
    assert got == wanted
