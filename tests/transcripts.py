"""Transcripts: `$ command` lines, and the output that each must have. Tests of the command line and of README use them.

Both streams of output are there, in this order; an exit code that is not 0 is a last line `[1]`. PYASM_UPDATE=1 writes
what the commands gave into the file instead of comparing.
"""

import os
import shlex
import subprocess
import sys
from typing import NamedTuple, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


_SETTINGS = {"PYTHONUNBUFFERED", "NO_COLOR", "FORCE_COLOR", "SOURCE_DATE_EPOCH", "PYTHONWARNINGS"}


class Step(NamedTuple):
    """A command and its output."""

    command: str
    output: str


class Result(NamedTuple):
    """What a command gave."""

    code: int
    out: bytes
    err: bytes


def environment(**more: str) -> dict[str, str]:
    """The environment for a command: this package, no settings of the one who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    path = os.pathsep.join([os.path.join(ROOT, "src"), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "PYTHONPATH": path, "COLUMNS": "100", **more}


def pyasm(*arguments: str, stdin: bytes = b"", cwd: Optional[str] = None, **more: str) -> Result:
    """Run `pyasm` with these arguments; `more` are environment variables."""
    return _run([sys.executable, "-m", "pyasm", *arguments], stdin, cwd, environment(**more))


def _run(arguments: list[str], stdin: bytes, cwd: Optional[str], env: dict[str, str]) -> Result:
    done = subprocess.run(arguments, input=stdin, capture_output=True, cwd=cwd, env=env, timeout=120)
    return Result(done.returncode, done.stdout, done.stderr)


def read(text: str) -> list[Step]:
    """The steps of a transcript."""
    steps: list[Step] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("$ "):
            steps.append(Step(line[2:].strip(), ""))
        elif steps:
            steps[-1] = steps[-1]._replace(output=steps[-1].output + line)
    return steps


def play(command: str, cwd: str) -> str:
    """What a command gives: `pyasm` and `python` are those that run the tests, `|` and `>` are not for the shell."""
    data = b""
    errors = b""
    code = 0
    into: Optional[str] = None
    if " > " in command:
        command, into = command.rsplit(" > ", 1)
    for part in command.split(" | "):
        words = shlex.split(part)
        program = {"pyasm": ["-m", "pyasm"], "python": []}[words[0]]
        code, data, err = _run([sys.executable, *program, *words[1:]], data, cwd, environment())
        errors += err
    if into is not None:
        with open(os.path.join(cwd, into.strip()), "wb") as file:
            file.write(data)
        data = b""
    return (data + errors).decode().replace("\r\n", "\n").replace(cwd + os.sep, "") + (f"[{code}]\n" if code else "")
