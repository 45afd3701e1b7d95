"""`pyasm shrink`: the smallest program that still makes a command fail."""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from typing import NamedTuple, Optional

import pyasm
from pyasm import files, pyc
from pyasm.cli import sources
from pyasm.code import Code
from pyasm.errors import AssemblyError, Finding
from pyasm.smith.reductions import size
from pyasm.smith.shrink import Progress, shrink

PLACE = "{}"
"""What stands in a command for the path of the program."""
LATE = None
"""The end of a command that was stopped because it took too long."""


class Trial(NamedTuple):
    """A command that is run on one program after the other, in a file."""

    words: list[str]
    path: str
    seconds: float

    def run(self, code: Code) -> Optional[int]:
        """The exit code of the command for this program; below zero for a signal, None when it took too long."""
        data = pyc.dump(code) if self.path.endswith(".pyc") else pyasm.format(code).encode()
        with open(self.path, "wb") as file:
            file.write(data)
        nowhere = subprocess.DEVNULL
        try:
            return subprocess.run(
                self.words, stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=self.seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return LATE


def reduce(command: str, program: str, output: Optional[str], limit: Optional[float], timeout: float) -> int:
    """Write the smallest program that makes the command end as it does for this one. The exit code.

    AssemblyError when the command does not fail, or for what is wrong with the program; OSError for files.
    """
    code = _read(program)
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".pyc" if program.endswith(".pyc") else ".pyasm"
        path = os.path.join(folder, (os.path.splitext(os.path.basename(program))[0] or "program") + suffix)
        trial = Trial(_words(command, path), path, timeout)
        end = trial.run(code)
        if end == 0:
            raise AssemblyError(Finding("the command ends with 0, and so there is nothing to look for", command))
        found = Found(code)
        with contextlib.suppress(KeyboardInterrupt):  # what was found by then is worth having
            shrink(code, lambda each: found.keep(each, trial.run(each) == end), seconds=limit, report=_show)
        _done(code, found.best)
        _write(found.best, output, suffix)
    return 0


class Found:
    """The smallest program that was found so far."""

    def __init__(self, code: Code) -> None:
        self.best = code

    def keep(self, code: Code, good: bool) -> bool:
        """Remember a program if it is good."""
        if good:
            self.best = code
        return good


def _read(program: str) -> Code:
    if program == sources.STDIN:
        return files.from_bytes(sys.stdin.buffer.read(), "<stdin>")
    return files.read(program)


def _words(command: str, path: str) -> list[str]:
    """The words of the command: the path takes the place of `{}`, or comes last."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise AssemblyError(Finding(f"no command: {error}", command)) from None
    if not words:
        raise AssemblyError("there is no command")
    if not any(PLACE in word for word in words):
        words.append(PLACE)
    return [word.replace(PLACE, path) for word in words]


def _show(progress: Progress) -> None:
    if sys.stderr.isatty():
        print(f"\rpyasm: {progress.size} instructions, {progress.runs} runs", end="\x1b[K", file=sys.stderr, flush=True)


def _done(first: Code, last: Code) -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    print(f"pyasm: from {size(first)} instructions to {size(last)}", file=sys.stderr)


def _write(code: Code, output: Optional[str], suffix: str) -> None:
    if output is None or output == sources.STDIN:
        sys.stdout.write(pyasm.format(code))
        return
    data = pyc.dump(code) if suffix == ".pyc" and output.endswith(".pyc") else pyasm.format(code).encode()
    with open(output, "wb") as file:
        file.write(data)
