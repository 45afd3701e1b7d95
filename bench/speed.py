"""How fast the codec is, beside `compile()` and the package `bytecode`, and how its cost grows.

    pip install '.[bench]' && python bench/speed.py            # everything
    python bench/speed.py --quick --check                      # fewer rounds; exit code 1 when a bound is missed

All figures of a row are taken in one process, in turns; a ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import time
import tracemalloc
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

from bytecode import Bytecode

import pyasm
import pyasm.pyc
from pyasm.translate import lift, lower

MODULES = [
    "argparse",
    "ast",
    "_pydecimal",
    "dataclasses",
    "inspect",
    "pathlib",
    "pickle",
    "smtplib",
    "subprocess",
    "tarfile",
    "typing",
    "zipfile",
]

LEAST_RATIO = 6.0
"""How many times as fast as `bytecode` decode and encode must be."""
MOST_IMPORT_MS = 25.0
ATTEMPTS = 4
"""Machines have bad moments: a bound is missed when it is missed every time."""
MOST_BYTES = 400.0
MOST_GROWTH = 2.5
"""How much more time an instruction may take among a million than among a thousand."""


class Source(NamedTuple):
    name: str
    text: str
    code: types.CodeType


def sources() -> list[Source]:
    library = Path(sysconfig.get_path("stdlib"))
    files = [library / f"{name}.py" for name in MODULES]
    texts = {file.stem: file.read_text(encoding="utf-8") for file in files if file.exists()}
    return [Source(name, text, compile(text, name, "exec", dont_inherit=True)) for name, text in texts.items()]


def walk(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from walk(const)


# -- what is timed, for one source


def compiling(source: Source) -> object:
    return compile(source.text, source.name, "exec", dont_inherit=True)


def other_library(source: Source) -> object:
    return [Bytecode.from_code(code).to_code() for code in walk(source.code)]


def round_trip(source: Source) -> object:
    return pyasm.encode(pyasm.decode(source.code))


def translation(source: Source) -> object:
    return pyasm.encode(lower(lift(pyasm.decode(source.code))))


def edited_round_trip(source: Source) -> object:
    """Nothing that was decoded may be used again: every function has another body."""
    code = pyasm.decode(source.code)
    edit(code)
    return pyasm.encode(code)


def edit(code: pyasm.Code) -> None:
    for instruction in code.body:
        if isinstance(instruction.arg, pyasm.Code):
            edit(instruction.arg)
    code.body.append(pyasm.Instruction("NOP"))


def text(source: Source) -> object:
    return pyasm.parse(pyasm.format(pyasm.decode(source.code)))


def exact_text(source: Source) -> object:
    return pyasm.parse(pyasm.format(pyasm.decode(source.code), exact=True))


def pyc(source: Source) -> object:
    return pyasm.pyc.dump(pyasm.pyc.load(pyasm.pyc.dump(pyasm.decode(source.code))))


ROWS: dict[str, Callable[[Source], object]] = {
    "decode, encode": round_trip,
    "decode, edit, encode": edited_round_trip,
    "decode, lift, lower, encode": translation,
    "decode, format, parse": text,
    "the same, exact": exact_text,
    "decode, dump, load, dump .pyc": pyc,
}


def seconds(work: Callable[[Source], object], source: Source) -> float:
    start = time.process_time()
    work(source)  # what it returns is dropped within the time
    return time.process_time() - start


class Ratios(NamedTuple):
    to_compile: float
    to_bytecode: float


def measure(rounds: int) -> dict[str, Ratios]:
    """Each row's time as a multiple of compile(), and how many times as fast as `bytecode` it is."""
    found: dict[str, list[Ratios]] = {name: [] for name in ROWS}
    everything = sources()
    for number in range(rounds + 1):
        totals = dict.fromkeys([compiling, other_library, *ROWS.values()], 0.0)
        for source in everything:
            for work in totals:
                totals[work] += seconds(work, source)
        if number:  # the first round only warms up
            for name, work in ROWS.items():
                ours = totals[work]
                found[name].append(Ratios(ours / totals[compiling], totals[other_library] / ours))
    return {name: Ratios(*(statistics.median(column) for column in zip(*ratios))) for name, ratios in found.items()}


# -- import and growth


def import_time(rounds: int) -> float:
    """Milliseconds of processor time that `import pyasm` takes beyond the start of Python."""
    plain, ours = [sys.executable, "-c", "pass"], [sys.executable, "-c", "import pyasm"]
    spent(ours)  # writes the bytecode files
    return statistics.median(1000 * (spent(ours) - spent(plain)) for _ in range(rounds))


def spent(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Growth(NamedTuple):
    instructions: int
    microseconds: float
    """For decode and encode, an instruction."""
    bytes: float
    """That a decoded instruction holds."""


def growth(count: int) -> Growth:
    """One code object with about `count` instructions, some of them jumps, on many lines."""
    lines = (f"    if a.x{i % 300} > b[{i % 500}]:\n        c = g(a, k=b) + {i % 1000}\n" for i in range(count // 17))
    code = compile("def f(a, b, c):\n" + "".join(lines) + "    return c\n", "growth", "exec").co_consts[0]
    instructions = len(pyasm.decode(code).body)
    best = min(seconds_of(code) for _ in range(3 if count > 100_000 else 10))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    decoded = pyasm.decode(code)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(decoded.body) == instructions
    return Growth(instructions, 1e6 * best / instructions, held / instructions)


def seconds_of(code: types.CodeType) -> float:
    start = time.process_time()
    pyasm.encode(pyasm.decode(code))
    return time.process_time() - start


# -- report


def report(quick: bool) -> list[str]:
    """Measure and print everything; the bounds that were missed."""
    missed = []
    print(f"Python {sys.version.split()[0]}\n\n{'':32}{'x compile()':>12}{'times as fast as bytecode':>28}")
    for name, ratios in measure(5 if quick else 15).items():
        print(f"{name:32}{ratios.to_compile:12.2f}{ratios.to_bytecode:28.1f}")
        if name == "decode, encode" and ratios.to_bytecode < LEAST_RATIO:
            missed.append(f"{name}: {ratios.to_bytecode:.2f} times as fast as bytecode, not {LEAST_RATIO}")

    milliseconds = import_time(9 if quick else 25)
    print(f"\nimport pyasm: {milliseconds:.1f} ms more than starting Python")
    if milliseconds > MOST_IMPORT_MS:
        missed.append(f"import: {milliseconds:.1f} ms, not {MOST_IMPORT_MS}")

    print(f"\n{'instructions':>12}{'us each':>10}{'bytes each':>12}")
    grown = [growth(count) for count in (1_000, 10_000, 100_000, *([] if quick else [1_000_000]))]
    for row in grown:
        print(f"{row.instructions:12,}{row.microseconds:10.2f}{row.bytes:12.0f}")
    if grown[-1].microseconds > MOST_GROWTH * grown[0].microseconds:
        missed.append("time grows faster than the number of instructions")
    if grown[-1].bytes > MOST_BYTES:
        missed.append(f"{grown[-1].bytes:.0f} bytes an instruction, not {MOST_BYTES}")
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, growth to 100,000 instructions only")
    parser.add_argument("--check", action="store_true", help=f"exit code 1 when bounds are missed {ATTEMPTS} times")
    options = parser.parse_args()
    for _ in range(ATTEMPTS if options.check else 1):
        missed = report(options.quick)
        for line in missed:
            print(f"MISSED {line}", file=sys.stderr)
        if not missed:
            return 0
    return int(options.check)


if __name__ == "__main__":
    sys.exit(main())
