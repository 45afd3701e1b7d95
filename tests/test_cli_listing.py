"""Listings: what `pyasm dis` adds to the text is true, and only comments.

A random sample of the standard library; PYASM_SEED=n repeats one, PYASM_FULL=1 takes all of it.
"""

import dis
import re
import sys

import pytest
import support

import pyasm
from pyasm import isa
from pyasm.cli import sources
from pyasm.cli.console import Color, Paint
from pyasm.cli.dis import first_definition
from pyasm.cli.listing import Columns, listing
from pyasm.text import printer

RUNNING = isa.running().name
ANSI = re.compile(r"\x1b\[[0-9;]*m")
ALL = Columns(offsets=True, lines=True, source=True)
BESIDE = re.compile(r"  # +(\d+)(?:  (line|no line)(?: (\d+))?)?$")


@pytest.fixture(scope="module")
def modules():
    """Code objects of modules of the standard library."""
    return list(filter(None, map(support.compiled, support.sample(support.stdlib_files(), 12))))


def listed(code, exact, columns=ALL, color=Color.never):
    return list(listing(printer.lines(code, exact), columns, Paint(color, sys.stdout)))


def test_a_listing_is_read_back_to_the_same_bytes(modules):
    for module in modules:
        lines = listed(pyasm.decode(module), exact=True)
        assert support.differences(pyasm.encode(pyasm.parse("\n".join(lines))), module) == []
    assert modules


def test_colour_only_paints(modules):
    for module in modules:
        code = pyasm.decode(module)
        painted = listed(code, exact=False, color=Color.always)
        assert [ANSI.sub("", line).rstrip() for line in painted] == [
            line.rstrip() for line in listed(code, exact=False)
        ]
        assert all(line == line.rstrip() for line in listed(code, exact=False))


def test_columns_are_those_of_dis(modules):
    """Offsets and lines agree with the standard library's own disassembler."""
    count = 0
    for module in modules:
        for code in support.walk(module):
            want = [(offset, line) for offset, line in instructions(code)]
            alone = first_definition(printer.lines(pyasm.decode(code)))
            got = columns(listing(alone, Columns(True, True, False), Paint(Color.never, sys.stdout)))
            assert got == want, f"{code.co_filename}, {code.co_name}"
            count += len(want)
    assert count > 1000


def columns(lines):
    """Offset and source line of every instruction; an EXTENDED_ARG that nothing needs belongs to the one behind it."""
    found = []
    number = start = None
    for line in lines:
        match = BESIDE.search(line)
        if match:
            number = (int(match[3]) if match[3] else None) if match[2] else number
            start = start or (int(match[1]), number)
            if line.split()[0] != "EXTENDED_ARG":
                found.append(start)
                start = None
    return found


def instructions(code):
    """Offset and source line where every instruction begins, which is at its first EXTENDED_ARG.

    Constant folding of 3.9 gives that another line than the instruction has.
    """
    start = None
    line = None
    if hasattr(code, "co_lines"):  # findlinestarts leaves out that a line is unknown, before 3.13
        starts = {start: line for start, _, line in code.co_lines()}
    else:
        starts = dict(dis.findlinestarts(code))
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset, line)
        start = start or (instruction.offset, line)
        if instruction.opname != "EXTENDED_ARG":
            yield start
            start = None


def test_the_source_is_shown_where_it_belongs(tmp_path):
    path = tmp_path / "p.py"
    path.write_text("def f(x):\n    # none\n    return (x +\n            1)\n")
    code = pyasm.decode(support.compiled(path))
    lines = [
        line
        for line in listed(sources.select(code, "f", "p"), exact=False, columns=Columns(source=True))
        if "| " in line
    ]
    assert lines[0] == "    #    1 | def f(x):" or lines[0] == "    #    3 |     return (x +"
    assert "    #    3 |     return (x +" in lines
    assert not any("none" in line for line in lines)


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        (
            'LOAD_CONST ("a", 1.5, None, ...)',
            [("constant", '"a"'), ("constant", "1.5"), ("constant", "None"), ("constant", "...")],
        ),
        ("LOAD_CONST code(`<lambda>`)", [("constant", "code"), ("name", "`<lambda>`")]),
        ("LOAD_NAME L1", [("name", "L1")]),
        ("POP_TOP", []),
    ],
)
def test_what_is_painted_how(line, kinds):
    from pyasm.cli.highlight import Highlighter

    pieces = []

    class Recorder:
        colored = True

        def __call__(self, kind, text):
            if kind != "plain" and text:
                pieces.append((kind, text))
            return text

    head, _, operand = line.partition(" ")
    highlight = Highlighter(Recorder())
    assert highlight.operand(printer.Line("instruction", None, 0, head, operand)) == operand
    assert pieces == kinds
