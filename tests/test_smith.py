"""Programs of pyasm.smith are valid and do the same on every version; what shrink makes of a program is small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import smithing
import support
import transcripts
from pycs import VERSIONS, interpreters
from smithing import BLOCK
from test_spec import outcomes

import pyasm
from pyasm import isa, smith
from pyasm.code import Code
from pyasm.smith import reductions
from pyasm.smith.constructs import CONSTRUCTS
from pyasm.smith.shrink import shrink

RUNNING = isa.running().name
DIGESTS = Path(__file__).parent / "smith.digests"
"""Of what the programs print, one line for each block, made by `python tests/smithing.py 0 500`, or fewer."""
SAMPLE = 4
"""How many blocks are run on the running version, and how many programs for each other one."""


def codes(code: Code):
    yield code
    for each in code.body:
        if isinstance(each.arg, Code):
            yield from codes(each.arg)


# -- the programs


def test_digests() -> None:
    """What programs print is what they printed on the version that wrote the digests; each is verified and more."""
    expected = DIGESTS.read_text(encoding="ascii").split()
    failures = []
    for block in support.sample(range(len(expected)), SAMPLE):
        digest, wrong = smithing.digest(block)
        failures += wrong or [f"seeds {block * BLOCK} and more print something else"] * (digest != expected[block])
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("target", VERSIONS)
def test_targets(target: str, tmp_path: Path) -> None:
    """Programs of all that both versions can express print the same on the running version and, made here, there."""
    if target not in interpreters():
        pytest.skip(f"no python{target} on PATH")
    since = min(target, RUNNING, key=VERSIONS.index)
    count = 200 if support.FULL else 2 * SAMPLE
    first = support.SEED % 1_000_000
    print(f"PYASM_SEED={support.SEED}")
    seeds = range(first, first + count)
    files = {}
    for seed in seeds:
        files[str(seed)] = tmp_path / f"{seed}.pyc"
        files[str(seed)].write_bytes(pyasm.pyc.dump(smithing.made(seed, since), target))
    here, there = smithing.outputs(seeds, since), outcomes(target, files)
    for seed in seeds:
        assert not here[seed].startswith(("wrong: ", "died: ")), (seed, since, here[seed])
        assert there[str(seed)] == (here[seed], None, ""), (seed, since)


def test_same_program_for_the_same_seed() -> None:
    """Programs do not depend on the version, nor on the hashes of strings."""
    command = [sys.executable, "-c", "import smithing; print(smithing.made(5))"]
    path = str(Path(__file__).parent)
    texts = set()
    for seed in "12":
        env = transcripts.environment(PYTHONHASHSEED=seed)
        env["PYTHONPATH"] += os.pathsep + path
        texts.add(subprocess.run(command, env=env, check=True, capture_output=True).stdout)
    assert len(texts) == 1
    assert texts.pop().decode().rstrip() == pyasm.format(smithing.made(5)).rstrip()


def test_every_instruction_and_construct() -> None:
    """Programs for the newest version have all portable instructions, and all constructs are made."""
    missing = set(isa.load(isa.PORTABLE).opcodes)
    for seed in range(600):
        code = smith.program(seed, since=VERSIONS[-1])
        missing -= {each.op for inner in codes(code) for each in inner.body}
        if not missing:
            return
    assert not missing


@pytest.mark.parametrize("since", VERSIONS)
def test_since(since: str) -> None:
    """Programs have no instruction that the version they are for cannot express."""
    for seed in range(10):
        for inner in codes(smith.program(seed, since=since)):
            assert all(since in isa.expressing(each.op) for each in inner.body if each.op != "LABEL")


def test_weights() -> None:
    """A weight of 0 is never; a great one is nearly always."""
    for seed in range(5):
        code = smith.program(seed, weights={"goto": 0, "number": 0})
        assert not any(str(each.arg).startswith("one") for inner in codes(code) for each in inner.body)
    often = smith.program(1, weights={"goto": 10_000})
    assert any(each.op == "LABEL" and each.arg.startswith("one") for inner in codes(often) for each in inner.body)


def test_wrong_options() -> None:
    """Names that are not there are told with the nearest one."""
    with pytest.raises(pyasm.AssemblyError, match="did you mean for_loop"):
        smith.program(1, weights={"for_lop": 1})
    with pytest.raises(pyasm.TargetError):
        smith.program(1, since="2.7")


def test_every_construct_has_a_meaning() -> None:
    """The table of constructs says what each is, and when it can be."""
    assert len(smith.weights()) > 80
    assert all(each.make.__doc__ and each.since in VERSIONS and each.weight > 0 for each in CONSTRUCTS.values())


def test_strategy() -> None:
    """Programs as a hypothesis strategy."""
    hypothesis = pytest.importorskip("hypothesis")
    seen = []

    @hypothesis.settings(max_examples=5, deadline=None, database=None)
    @hypothesis.given(smith.programs(size=20))
    def each(code):
        seen.append(pyasm.verify(code))

    each()
    assert seen


# -- shrink


def has(*ops: str):
    """Is a program interesting? If it has all these instructions."""
    return lambda code: set(ops) <= {each.op for inner in codes(code) for each in inner.body}


@pytest.mark.parametrize("op", ["BINARY_ADD", "SETUP_WITH", "YIELD_VALUE", "RERAISE", "FOR_ITER"])
def test_shrink(op: str) -> None:
    """Little is left beside what makes it interesting, and it is valid."""
    seed = next(seed for seed in range(100) if has(op)(smith.program(seed, size=40)))
    code = smith.program(seed, size=40)
    small = shrink(code, has(op))
    assert has(op)(small)
    pyasm.verify(small)
    assert reductions.size(small) <= 30


def test_shrink_asks_only_about_valid_programs_and_not_too_often() -> None:
    """The number of questions grows about as the program does."""
    code = smith.program(3, size=60)
    runs = []

    def interesting(candidate: Code) -> bool:
        pyasm.verify(candidate)
        runs.append(candidate)
        return has("LOAD_CONST")(candidate)

    small = shrink(code, interesting)
    assert reductions.size(small) == 2
    assert len(runs) < reductions.size(code)


def test_shrink_native() -> None:
    """Native programs too, with their exception tables."""
    code = pyasm.decode(
        compile("def f(a):\n try:\n  return a + 1\n except KeyError:\n  print(2)\nf(1)\nf(2)", "f", "exec")
    )
    names = {each.op for inner in codes(code) for each in inner.body if "CALL" in each.op}
    small = shrink(code, lambda candidate: any(has(name)(candidate) for name in names))
    pyasm.verify(small)
    assert small.dialect == RUNNING
    assert reductions.size(small) < reductions.size(code) / 2


def test_shrink_has_a_limit() -> None:
    """Without time there is only the program that was given."""
    code = smith.program(3)
    assert reductions.size(shrink(code, lambda candidate: True, seconds=0)) == reductions.size(code)


# -- commands

CHECK = "import sys; sys.exit(3 if 'INPLACE_ADD' in open(sys.argv[1]).read() else 0)"


def test_command_smith(tmp_path: Path) -> None:
    """A program of a seed, its text assembles, and in another dialect it is the lowered one."""
    first = transcripts.pyasm("smith", "--seed", "7", "--size", "15")
    assert (first.code, first.err) == (0, b"")
    assert first.out == transcripts.pyasm("smith", "--seed", "7", "--size", "15").out
    code = smith.program(7, size=15)
    assert pyasm.format(pyasm.parse(first.out.decode())) == pyasm.format(code)
    native = transcripts.pyasm("smith", "--seed", "7", "--size", "15", "--target", "3.9").out.decode()
    assert ".target 3.9" in native
    assert transcripts.pyasm("smith", "--target", "2.7").code == 1
    assert b"--seed" in transcripts.pyasm("smith").out


def test_command_shrink(tmp_path: Path) -> None:
    """The smallest program for which a command ends with the same exit code."""
    seed = next(seed for seed in range(100) if has("INPLACE_ADD")(smith.program(seed, size=5)))
    source, result = tmp_path / "p.pyasm", tmp_path / "small.pyasm"
    source.write_text(pyasm.format(smith.program(seed, size=5)), encoding="utf-8")
    check = tmp_path / "check.py"
    check.write_text(CHECK, encoding="utf-8")
    command = f"{sys.executable} -S {check} {{}}"
    done = transcripts.pyasm("shrink", command, str(source), "-o", str(result))
    assert done.code == 0, done.err
    small = pyasm.parse(result.read_text(encoding="utf-8"))
    assert has("INPLACE_ADD")(small)
    assert reductions.size(small) <= 12
    assert done.err.decode().startswith("pyasm: from ")


def test_command_shrink_needs_a_failure(tmp_path: Path) -> None:
    """A command that ends with 0 is an error, and so are those that cannot be run."""
    source = tmp_path / "p.pyasm"
    source.write_text(pyasm.format(smith.program(1, size=1)), encoding="utf-8")
    for command, said in [
        ("true", b"ends with 0"),
        ("", b"no command"),
        ("'", b"no command"),
        ("/nowhere", b"/nowhere"),
    ]:
        done = transcripts.pyasm("shrink", command, str(source))
        assert done.code == 1
        assert said in done.err, done.err
