"""docs/text.md says what is so: its examples are read, its errors given, its directives are all there are."""

import re

import pytest
from support import HERE

import pyasm
from pyasm.text import directives, printer

PAGE = (HERE.parent / "docs" / "text.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", blocks("pyasm"))
def test_an_example_is_read(text):
    code = pyasm.parse(text)
    assert pyasm.parse(pyasm.format(code, exact=True)) == code
    plain = pyasm.parse(pyasm.format(code))
    assert [arg for _, arg, _ in plain.body if not isinstance(arg, pyasm.Code)] == [
        arg for _, arg, _ in code.body if not isinstance(arg, pyasm.Code)
    ]


def test_there_are_examples():
    assert len(blocks("pyasm")) >= 4


def test_the_errors_shown_are_those_given():
    (text,), (message,) = blocks("error"), blocks("message")
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(text)
    assert f"{caught.value}\n" == message


def test_every_directive_is_explained():
    explained = {row.split("`")[1].split()[0] for row in PAGE.splitlines() if row.startswith("| `.")}
    assert explained == set(directives._DIRECTIVES)


def test_every_kind_of_line_is_named():
    code = pyasm.parse(blocks("pyasm")[0])
    code.body.append(pyasm.Instruction("LOAD_CONST", object()))
    kinds = {line.kind for one in (code, pyasm.parse(blocks("pyasm")[-1])) for line in printer.lines(one)}
    kinds.update(line.kind for line in printer.lines(pyasm.parse(blocks("pyasm")[-1]), exact=True))
    assert kinds == {
        "target", "blank", "define", "argument", "directive", "position", "label", "instruction", "comment", "end"
    }  # fmt: skip
    assert all(f"`{kind}`" in PAGE for kind in kinds)
