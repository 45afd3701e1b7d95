"""Wrong programs, each with its message in a file beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pyasm


def check_wrong_program(path: Path) -> None:
    """A wrong program gives the message in the `.txt` beside it. PYASM_UPDATE=1 writes that anew."""
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(_read(path), path.name)
    message = f"{caught.value}\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("PYASM_UPDATE") == "1":
        with open(expected, "w", encoding="utf-8", newline="\n") as file:
            file.write(message)
    assert message == _read(expected)


def _read(path: Path) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()
