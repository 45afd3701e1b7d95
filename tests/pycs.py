"""Interpreters, `.pyc` files made by them, mutants of files, and limits: what the tests of marshal and pyc share."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from support import FULL as FULL
from support import SEED

VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def seeded(purpose: str) -> random.Random:
    """A random generator; pytest shows the seed when a test fails."""
    print(f"{purpose}: PYASM_SEED={SEED}")
    return random.Random(f"{SEED} {purpose}")


@cache
def interpreters() -> dict[str, str]:
    """Version -> path, for each CPython on PATH that really is one, and the running one."""
    found = {}
    ask = "import sys; print('{}.{}'.format(*sys.version_info), sys.implementation.name)"
    for version in VERSIONS:
        path = shutil.which(f"python{version}")
        if path is not None:
            answer = subprocess.run([path, "-Ic", ask], capture_output=True, text=True, check=False)
            if answer.stdout.split() == [version, "cpython"]:
                found[version] = path
    found["{}.{}".format(*sys.version_info)] = sys.executable
    return found


def run(version: str, code: str, *args: str, **more: Any) -> str:
    """What an interpreter prints that runs this code. CalledProcessError, with its errors shown, when it fails."""
    command = [interpreters()[version], "-W", "ignore", "-c", code, *args]
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if result.returncode:
        print(result.stderr)
        result.check_returncode()
    return result.stdout


_SOURCES = """
import json, os, sysconfig
root = sysconfig.get_path("stdlib")
for folder, _, files in os.walk(root):
    if "site-packages" not in folder:
        for file in files:
            path = os.path.join(folder, file)
            if file.endswith(".py") and os.path.exists(path):
                print(json.dumps(path))
"""

_COMPILE = """
import json, os, py_compile, sys
modes = py_compile.PycInvalidationMode
for n, line in enumerate(sys.stdin):
    try:
        py_compile.compile(
            json.loads(line),
            os.path.join(sys.argv[1], "%05d.pyc" % n),
            doraise=True,
            optimize=n % 3,
            invalidation_mode=[modes.TIMESTAMP, modes.CHECKED_HASH, modes.UNCHECKED_HASH][n // 3 % 3],
        )
    except (OSError, ValueError, RecursionError, py_compile.PyCompileError) as error:
        print(error)
"""


def sources(version: str) -> list[str]:
    """The paths of all modules in the standard library of a version."""
    return sorted(map(json.loads, run(version, _SOURCES).splitlines()))


def compile_files(version: str, paths: Sequence[str], folder: Path) -> list[Path]:
    """`.pyc` files of these sources, made by that version in a fresh process: -O and -OO, all headers, in turn.

    What the version refuses to compile is left out.
    """
    run(version, _COMPILE, str(folder), input="\n".join(map(json.dumps, paths)))
    return sorted(folder.glob("*.pyc"))


_TYPE_BYTES = b"NTF.S0ilgysutaAzZ()[<>{}:cr\xe3\xa9\xe9\xec\xf3\xda\xfb\xdb\xfa\xf2"
_NUMBERS = (0, 1, 2, -1, 127, 255, 256, 65536, (1 << 31) - 1, -(1 << 31))


def mutant(data: bytes, chance: random.Random) -> bytes:
    """A damaged copy: cut off, bits flipped, type bytes or lengths replaced, pieces doubled or taken out."""
    mutated = bytearray(data)
    how = chance.randrange(6)
    place = chance.randrange(len(mutated))
    if how == 0:
        del mutated[place:]
    elif how == 1:
        for _ in range(chance.choice((1, 1, 2, 8))):
            mutated[chance.randrange(len(mutated))] ^= 1 << chance.randrange(8)
    elif how == 2:
        mutated[max(16, place)] = chance.choice(_TYPE_BYTES)
    elif how == 3:
        mutated[place:place] = mutated[chance.randrange(len(mutated)) :][: chance.randrange(60)]
    elif how == 4:
        del mutated[place : place + chance.randrange(1, 20)]
    else:
        mutated[place : place + 4] = chance.choice(_NUMBERS).to_bytes(4, "little", signed=True)
    return bytes(mutated)


@contextlib.contextmanager
def limits(seconds: float, megabytes: int) -> Iterator[None]:
    """TimeoutError after that time, MemoryError when so much more than now is needed; each where the system can."""
    with _time_limit(seconds), _memory_limit(megabytes):
        start = time.perf_counter()
        yield
    assert time.perf_counter() - start < seconds


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _memory_limit(megabytes: int) -> Iterator[None]:
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + (megabytes << 20), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
