"""The conformance suite: what every instruction and every construct does, the same on every version.

`spec/instructions` has programs in portable assembly, `spec/constructs` Python sources. The comments at the top of a
file say what running it gives: `# prints:` a line; `# raises:` the exception that ends it, or how its text begins, with
` | ` between what versions differ in; `# versions:` which versions can express the program, or compile the source.
"""

from __future__ import annotations

import json
import marshal
import random
import signal
import subprocess
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pycs import FULL, SEED, VERSIONS, interpreters

import pyasm
from pyasm import isa, translate
from pyasm.code import Code

HERE = Path(__file__).parent / "spec"
RUNNING = isa.running().name
SAMPLE = 40
"""How many programs of each kind are run on each other version, unless everything is."""

MATRIX = [(kind, target) for kind in ("instructions", "constructs") for target in VERSIONS]


class Program(NamedTuple):
    """A file of the suite, and what its head says."""

    path: Path
    prints: str
    raises: str | None
    versions: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.stem


class Outcome(NamedTuple):
    """What running a program gave."""

    prints: str = ""
    raises: str | None = None
    died: str = ""


@cache
def programs(kind: str) -> tuple[Program, ...]:
    """All programs of a folder, in the order of their names."""
    return tuple(program(path) for path in sorted((HERE / kind).iterdir()) if path.suffix in (".pyasm", ".py"))


def program(path: Path) -> Program:
    """Reads the head of a file."""
    prints, raises, versions = [], None, VERSIONS
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        word, _, rest = line[1:].partition(":")
        word, rest = word.strip(), rest[1:]
        if word == "prints":
            prints.append(rest + "\n")
        elif word == "raises":
            raises = rest
        elif word == "versions":
            first, _, last = rest.split()[0].partition("-")
            versions = VERSIONS[VERSIONS.index(first) : VERSIONS.index(last or VERSIONS[-1]) + 1]
    return Program(path, "".join(prints), raises, versions)


# -- from a file to bytes


def portable(program: Program) -> Code:
    """The program in the portable dialect."""
    if program.path.suffix == ".pyasm":
        return pyasm.parse(program.path.read_text(encoding="utf-8"), filename=str(program.path))
    return translate.lift(pyasm.decode(compiled(program)))


def compiled(program: Program):
    """The code object that the running compiler makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(program.path.read_bytes(), str(program.path), "exec", dont_inherit=True)


def pyc(code: Code, target: str) -> bytes:
    """The bytes of a `.pyc` file for a version: through the interpreter's own marshal where it is the running one."""
    native = translate.lower(code, target)
    if target != RUNNING:
        return pyasm.pyc.dump(native)
    return pyasm.pyc.dump(pyasm.decode(compile("", "", "exec")))[:16] + marshal.dumps(pyasm.encode(native))


# -- running


def outcomes(version: str, files: dict[str, Path]) -> dict[str, Outcome]:
    """What each file gives on a version. A program that ends the process costs only itself."""
    found: dict[str, Outcome] = {}
    while len(found) < len(files):
        waiting = [[name, str(path)] for name, path in files.items() if name not in found]
        before = len(found)
        started = ""
        child = subprocess.run(
            [interpreters()[version], "-IW", "ignore", str(HERE / "child.py")],
            input="".join(json.dumps(each) + "\n" for each in waiting),
            capture_output=True,
            text=True,
            check=False,
        )
        for name, *result in map(json.loads, child.stdout.splitlines()):
            started = name
            if result:
                found[name] = Outcome(*result)
        if child.returncode:
            assert started, child.stderr
            found[started] = Outcome(died=_end(child))
        assert len(found) > before, child.stderr
    return found


def _end(child: subprocess.CompletedProcess[str]) -> str:
    """Why a process ended."""
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    return f"exit code {child.returncode}: {child.stderr[-300:]}"


def differences(kind: str, results: dict[str, Outcome]) -> list[str]:
    """In what the outcomes differ from what the heads say."""
    heads = {each.name: each for each in programs(kind)}
    return [text for text in (wrong(heads[name], result) for name, result in results.items()) if text]


def wrong(program: Program, outcome: Outcome) -> str | None:
    """In what the outcome differs from what the head says."""
    if outcome.died:
        return f"{program.name} ended the interpreter: {outcome.died}"
    if program.raises is None or outcome.raises is None:
        same = program.raises is outcome.raises
    else:
        same = outcome.raises.startswith(tuple(program.raises.split(" | ")))
    if not same:
        return f"{program.name} raises {outcome.raises}, not {program.raises}; it printed\n{outcome.prints}"
    if outcome.prints != program.prints:
        return f"{program.name} prints\n{outcome.prints}and not\n{program.prints}"
    return None


# -- the tests


@pytest.mark.parametrize(("kind", "target"), MATRIX)
def test_programs(kind: str, target: str, tmp_path: Path) -> None:
    """Every program gives what its head says, on the running version and, made here, on every other one."""
    if target not in interpreters():
        pytest.skip(f"no python{target} on PATH")
    failures, files = [], {}
    for each in chosen(kind, target):
        try:
            data = pyc(portable(each), target)
        except Exception as error:
            if not (isinstance(error, pyasm.TargetError) and inexpressible(each, target)):
                failures.append(f"{each.name}: {type(error).__name__}: {error}")
            continue
        if inexpressible(each, target):
            failures.append(f"{each.name} is not refused")
            continue
        files[each.name] = tmp_path / f"{each.name}.pyc"
        files[each.name].write_bytes(data)
    failures += differences(kind, outcomes(target, files))
    assert not failures, f"PYASM_SEED={SEED}\n" + "\n".join(failures)


def chosen(kind: str, target: str) -> list[Program]:
    """The programs to run on a version: all on the running one, some on the others."""
    candidates = list(programs(kind))
    if kind == "constructs":
        different = {name for name, (first, _) in DIFFERENT.items() if _before(target, first)}
        candidates = [each for each in candidates if RUNNING in each.versions and each.name not in different]
    if FULL or target == RUNNING or len(candidates) <= SAMPLE:
        return candidates
    return random.Random(f"{SEED} {kind} {target}").sample(candidates, SAMPLE)


def inexpressible(program: Program, target: str) -> bool:
    """Is the program, as the running version compiles it, known to need what the target does not have?"""
    if program.path.suffix == ".pyasm":
        return target not in program.versions
    compiler, first, _ = REFUSED.get(program.name, (VERSIONS[0], VERSIONS[0], ""))
    return _before(target, first) and not _before(RUNNING, compiler)


def _before(version: str, other: str) -> bool:
    return VERSIONS.index(version) < VERSIONS.index(other)


REFUSED = {
    "except_star": ("3.11", "3.11", "except*"),
    "lazy_imports": ("3.15", "3.15", "lazy imports"),
    "match_statement": ("3.10", "3.10", "match statements"),
    "template_strings": ("3.14", "3.14", "template strings"),
    "type_defaults": ("3.13", "3.13", "defaults of type parameters"),
    "type_parameters": ("3.12", "3.12", "type parameters"),
}
"""Constructs that some versions have no instructions for: compiled from this version on, they are refused before that
target, because of this."""

DIFFERENT = {
    "annotations_deferred": ("3.14", "annotations are made with the function, when a later name is not there yet"),
    "star_annotations": ("3.11", "generic aliases cannot be unpacked"),
}
"""Constructs that run before that version too, but not with the same result, because of this."""


def test_heads(tmp_path: Path) -> None:
    """What the heads of the sources say is what CPython itself makes of them."""
    files = {}
    for each in programs("constructs"):
        if RUNNING in each.versions:
            files[each.name] = tmp_path / f"{each.name}.pyc"
            files[each.name].write_bytes(pyasm.pyc.dump(pyasm.decode(compiled(each))))
    failures = differences("constructs", outcomes(RUNNING, files))
    assert not failures, "\n".join(failures)


def test_every_instruction_has_a_program() -> None:
    """Each instruction of the portable table is in the program of its name, which says what it is for."""
    names = {each.name: each for each in programs("instructions")}
    words = {"DEFINE", "END", "ADD_ARG", "LABEL"}
    table = set(isa.load(isa.PORTABLE).opcodes)
    missing = table - set(names)
    assert not missing
    assert set(names) <= table | words
    for name in table & set(names):
        assert name in {e.op for code in _codes(portable(names[name])) for e in code.body}, name


def _codes(code: Code) -> Iterator[Code]:
    yield code
    for each in code.body:
        if isinstance(each.arg, Code):
            yield from _codes(each.arg)
