"""Each example prints what its head says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples"

HEAD = re.compile(r'^#? ?prints:(?P<first>.*)\n(?P<more>(?:^#? ?(?!""")\S.*\n)*)', re.MULTILINE)


def promised(text: str) -> str | None:
    """The output that the head of a program names, one line behind `prints:` or several below it."""
    found = HEAD.search(text)
    if found is None:
        return None
    lines = [found["first"].strip()] if found["first"].strip() else []
    return "\n".join(lines or [re.sub("^# ?", "", line) for line in found["more"].splitlines()])


EXAMPLES = {
    file.name: expected
    for file in sorted(FOLDER.iterdir())
    if file.suffix in (".pyasm", ".py") and (expected := promised(file.read_text(encoding="utf-8"))) is not None
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_prints_what_it_says(name: str) -> None:
    command = [sys.executable, *([] if name.endswith(".py") else ["-m", "pyasm", "run"]), str(FOLDER / name)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == EXAMPLES[name]


def test_the_examples_are_there() -> None:
    assert len(EXAMPLES) >= 10
