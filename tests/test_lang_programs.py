"""The conformance suite of the assembly language: `lang/programs`, each the same on every version.

A program's head says what running it gives, as in test_spec.py, whose tools are used here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import test_spec as spec
from pycs import FULL, VERSIONS, interpreters

import pyasm
from pyasm import translate

HERE = Path(__file__).parent / "lang" / "programs"
PROGRAMS = [spec.program(path) for path in sorted(HERE.glob("*.pyasm"))]


@pytest.mark.parametrize("target", VERSIONS)
def test_programs(target: str, tmp_path: Path) -> None:
    """Every program gives what its head says, assembled here for that version."""
    if target not in interpreters():
        pytest.skip(f"no python{target} on PATH")
    if target != spec.RUNNING and not FULL and target not in (VERSIONS[0], VERSIONS[-1]):
        pytest.skip("run with that version, or with PYASM_FULL=1")
    failures, files = [], {}
    for each in PROGRAMS:
        if target not in each.versions:
            continue
        try:
            data = spec.pyc(spec.portable(each), target)
        except pyasm.AssemblyError as error:
            failures.append(f"{each.name}: {error}")
            continue
        files[each.name] = tmp_path / f"{each.name}.pyc"
        files[each.name].write_bytes(data)
    heads = {each.name: each for each in PROGRAMS}
    results = spec.outcomes(target, files)
    failures += [text for text in (spec.wrong(heads[name], result) for name, result in results.items()) if text]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.name)
def test_text_again(program: spec.Program) -> None:
    """What a program becomes is portable code that can be written as text and read again."""
    if spec.RUNNING not in program.versions:
        pytest.skip("not for this version")
    code = spec.portable(program)
    again = pyasm.parse(pyasm.format(code, exact=True))
    assert pyasm.lower(again) == pyasm.lower(code)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.name)
def test_what_is_tidy_need_not_be_tidied(program: spec.Program) -> None:
    """Lowering makes the same of a program whether it is told what was proved of it or not."""
    if spec.RUNNING not in program.versions:
        pytest.skip("not for this version")
    code = spec.portable(program)
    assert translate.lower(code, proof=pyasm.verify(code)) == translate.lower(code)
