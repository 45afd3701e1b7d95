"""What is wrong with a text in the language is said in full, whatever the text.

Each `lang/wrong/*.pyasm` is a wrong program, the `.txt` beside it what it gives. PYASM_UPDATE=1 writes these anew.
"""

import os

import pytest
from support import HERE

import pyasm

PROGRAMS = sorted((HERE / "lang" / "wrong").glob("*.pyasm"))


def _read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_wrong_program(path):
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(_read(path), path.name)
    message = f"{caught.value}\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("PYASM_UPDATE") == "1":
        with open(expected, "w", encoding="utf-8", newline="\n") as file:
            file.write(message)
    assert message == _read(expected)


def test_there_are_enough_wrong_programs():
    assert len(PROGRAMS) >= 60
