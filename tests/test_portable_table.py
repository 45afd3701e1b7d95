"""The table of the portable instructions, and the page that is made of it."""

import importlib.util
import os
import re
from pathlib import Path

import pytest

from pyasm import isa

PORTABLE = isa.load(isa.PORTABLE)
WORDS = {"DEFINE", "ADD_ARG", "LABEL", "END"}


def _page_module():
    path = Path(__file__).parent.parent / "docs" / "portable_page.py"
    spec = importlib.util.spec_from_file_location("portable_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_made_from_the_table():
    """PYASM_UPDATE=1 writes it anew."""
    module = _page_module()
    if os.environ.get("PYASM_UPDATE"):
        with open(module.PAGE, "w", encoding="utf-8", newline="\n") as file:
            file.write(module.page())
    assert module.PAGE.read_text(encoding="utf-8") == module.page()


def test_the_page_has_every_instruction():
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \|", _page_module().page(), re.M)
    assert sorted(rows) == sorted(PORTABLE.opcodes)


def test_every_instruction_is_in_one_group():
    grouped = [mnemonic for mnemonics in PORTABLE.groups.values() for mnemonic in mnemonics]
    assert grouped == list(PORTABLE.opcodes)


def test_it_has_the_instructions_of_the_oldest_version():
    """What 3.9 has is portable, as it is there; what is not there says since when it can be expressed.

    But DICT_MERGE needs no callable below what it merges, as the document has it.
    """
    oldest = isa.load(isa.names()[0])
    assert set(oldest.opcodes) == set(PORTABLE.opcodes) - set(PORTABLE.since)
    for name, row in oldest.opcodes.items():
        portable = PORTABLE.opcodes[name]
        assert (portable.operand, portable.flow) == (row.operand, row.flow), name
        for n in range(16 if name == "MAKE_FUNCTION" else 40):
            for jump in (False, True):
                more = 2 if name == "DICT_MERGE" else 0
                assert (portable.pops(n) + more, portable.effect(n, jump)) == (row.pops(n), row.effect(n, jump)), name


def test_since_when_is_a_version_that_has_it():
    """A native dialect with an instruction of that name can express it; only what others make up for is older."""
    made_up_for = {"ROT_N", "COPY", "SWAP", "CONVERT_VALUE", "LOAD_COMMON_CONSTANT", "LOAD_LOCALS"}
    made_up_for |= {"LOAD_FROM_DICT_OR_DEREF", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_FAST_AND_CLEAR"}
    for mnemonic, since in PORTABLE.since.items():
        having = [name for name in isa.names() if mnemonic in isa.load(name).opcodes]
        assert isa.expressing(mnemonic)[0] == since
        assert not having or having[0] == since or (mnemonic in made_up_for and since == isa.names()[0]), mnemonic


def test_rows_are_well_formed():
    assert len(PORTABLE.by_number) == len(PORTABLE.opcodes)
    for name, row in PORTABLE.opcodes.items():
        assert row.flow in {"next", "branch", "jump", "return", "raise", "yield", "setup"}
        assert row.caches == 0
        assert not row.flags
        assert (row.operand in isa.JUMPS) == (row.flow in ("branch", "jump", "setup")), name
        assert len(row.meaning) < 140, name


@pytest.mark.parametrize("word", sorted(WORDS))
def test_words_that_make_no_code_are_on_the_page(word):
    assert f"`{word}" in _page_module().page()
    assert word not in PORTABLE.opcodes
