"""Regions, exits of with and handlers: there and back, and that they do what 3.9's would."""

from __future__ import annotations

import pytest
import translatekit
from translatekit import RUNNING, codes, compare, lifted_to, lowered_from

import pyasm
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.translate import blocks

table = pytest.mark.skipif(RUNNING.blocks != "table", reason="this version has a block stack")
LATE = 0.008 if RUNNING.uncovered == "slots" else 0.001
"""The share of code objects whose table says what nothing else tells: of what memory an instruction was made."""


def test_regions_come_back() -> None:
    seen = 0
    wrong = []
    for module in translatekit.library(12):
        for code in codes(pyasm.decode(module)):
            seen += 1
            lifted = lifted_to(code, 1)
            assert not lifted.handlers
            found = compare(code, lowered_from(lifted, 1))
            if found is not None:
                wrong.append(found)
    assert seen > 100
    assert len(wrong) <= max(3, LATE * seen), "\n".join(wrong)


def native(*body: tuple[object, ...]) -> Code:
    return Code("f", [Instruction(*each) for each in body], dialect=RUNNING.name)  # type: ignore[arg-type]


def test_a_region_on_two_ways_is_refused() -> None:
    code = native(
        ("LOAD_CONST", 1),
        ("POP_JUMP_IF_TRUE" if "POP_JUMP_IF_TRUE" in RUNNING.opcodes else "POP_JUMP_FORWARD_IF_TRUE", "inside"),
        ("SETUP_FINALLY", "handler"),
        ("LABEL", "inside"),
        ("LOAD_CONST", None),
        ("RETURN_VALUE",),
        ("LABEL", "handler"),
        ("RERAISE", 0),
    )
    if RUNNING.blocks == "table":
        with pytest.raises(TargetError, match="different blocks"):
            blocks.lower(code, RUNNING)


@table
def test_leaving_no_region_is_refused() -> None:
    with pytest.raises(TargetError, match="POP_BLOCK outside"):
        blocks.lower(native(("POP_BLOCK",), ("LOAD_CONST", None), ("RETURN_VALUE",)), RUNNING)
