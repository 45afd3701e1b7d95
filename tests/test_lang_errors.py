"""What is wrong with a text in the language is said in full, whatever the text.

Each `lang/wrong/*.pyasm` is a wrong program, the `.txt` beside it what it gives. PYASM_UPDATE=1 writes these anew.
"""

import pytest
from support import HERE
from wrong import check_wrong_program

PROGRAMS = sorted((HERE / "lang" / "wrong").glob("*.pyasm"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_wrong_program(path):
    check_wrong_program(path)


def test_there_are_enough_wrong_programs():
    assert len(PROGRAMS) >= 60
