"""What instructions do to the entries of the stack, in a body in any state of translation: which they drop, which they
read and leave, how many they push.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.isa import JUMPS
from pyasm.typed import Any, NamedTuple

PERMUTING = frozenset({"SWAP", "ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N"})
"""They only change the order of entries."""


class TableRow(NamedTuple):
    """What an instruction does to the entries; the counts are numbers, or functions of the operand."""

    pops: Any
    pushes: Any
    reads: Any
    """Entries below those that it drops, which stay but must be where they are."""
    jump_pops: Any = 0
    jump_pushes: Any = 0
    goes_on: bool = True
    names_label: bool = False
    counts: Any = None
    """Operand -> entries dropped, pushed and read, when execution goes on."""


class _Counts(dict[int, tuple[int, int, int]]):
    """Filled when an operand first comes up."""

    def __init__(self, *counts: Any) -> None:
        self.counts = counts

    def __missing__(self, n: int) -> tuple[int, int, int]:
        pops, pushes, reads = (each(n) if callable(each) else each for each in self.counts)
        self[n] = found = pops, pushes, reads
        return found


_NOTHING = TableRow(0, 0, 0, counts=_Counts(0, 0, 0))


@cache
def rows(dialect: str, portable: frozenset[str] = frozenset()) -> dict[str, TableRow]:
    """Mnemonic -> row, for a body between this dialect and the portable one.

    The native meaning counts first, but for the mnemonics that are `portable` in this body.
    """
    table = isa.load(isa.PORTABLE).opcodes
    found = {name: _row(row) for name, row in {**table, **isa.load(dialect).opcodes}.items()}
    found.update({name: _row(table[name]) for name in portable})
    found["DICT_MERGE"] = found["DICT_UPDATE"]  # it reads the callable too, for a message
    if "PRECALL" in found:
        found["PRECALL"] = _NOTHING  # CALL does it all
    if isa.load(dialect).blocks == "table":
        found["SETUP_FINALLY"] = TableRow(0, 0, 0, 0, 1, True, True, _Counts(0, 0, 0))
        found["SETUP_CLEANUP"] = TableRow(0, 0, 0, 0, 2, True, True, _Counts(0, 0, 0))
        found["SETUP_WITH"] = TableRow(0, 0, 0, 1, 2, True, True, _Counts(0, 0, 0))
        found["POP_BLOCK"] = _NOTHING
    return found


def _row(opcode: isa.Opcode) -> TableRow:
    """The row of an opcode: the entries that begin both sides of its signature stay, the others come and go."""
    before, _, after = opcode.stack.partition("--")
    following, bar, jumping = after.partition("|")
    left = before.split()
    sides = []
    for side in (following, jumping if bar else following):
        right = side.split()
        same = 0
        while same < min(len(left), len(right)) and left[same] == right[same]:
            same += 1
        sides.append((_count(left[same:]), _count(right[same:]), _count(left[:same])))
    (pops, pushes, reads), (jump_pops, jump_pushes, _) = sides
    goes_on = opcode.flow not in ("jump", "return", "raise")
    return TableRow(
        pops, pushes, reads, jump_pops, jump_pushes, goes_on, opcode.operand in JUMPS, _Counts(pops, pushes, reads)
    )


def _count(tokens: Sequence[str]) -> Any:
    """The number of entries that these stand for, a function of the operand when it depends on that."""
    conditional = any("[" in token for token in tokens)
    return isa.effects(" ".join(tokens) + " --").pops if conditional else len(tokens)
