"""Where instructions stand: how large each is, and how far jumps go. Both depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import add

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import EncodeError, Finding, shown
from pyasm.native import units
from pyasm.native.operands import Numbered
from pyasm.typed import Any, NamedTuple


class Places(NamedTuple):
    """Where the instructions stand, in units, once the operands of jumps are known."""

    operands: Sequence[int]
    sizes: Sequence[int]
    starts: Sequence[int]
    """One more than there are instructions: the last is the end."""


_ROUNDS = 32
"""How often jumps may grow one another before they are given room to spare."""


def placed(code: Code, numbered: Numbered, form: units.Shape, prefixes: dict[int, int]) -> Places:
    """Find the sizes of instructions and the distances of jumps, which depend on each other: sizes only grow.

    `prefixes` are what some jumps have at least. The operands of jumps are put into those of `numbered`.
    """
    dialect, opcodes, labels = form.dialect, numbered.opcodes, numbered.labels
    operands = numbered.operands
    sizes: Any = opcodes.translate(form.written_sizes)
    if not _are_bytes(operands):
        sizes = list(map(add, sizes, map(units.prefixes, operands)))
    elif numbered.jumps:
        sizes = list(sizes)
    for i, count in prefixes.items():
        sizes[i] += count
    scale = 1 if dialect.jump_unit == 2 else 2
    rounds = 0
    while True:
        starts = list(accumulate(sizes, initial=0))
        grown = False
        for i, label in numbered.jumps.items():
            kind, distance = form.jumps[opcodes[i]], starts[labels[label]]
            if kind != "absolute":
                distance = distance - starts[i + 1] if kind == "forward" else starts[i + 1] - distance
            if distance < 0:
                raise _wrong_way(code, label, dialect.by_number[opcodes[i]])
            operands[i] = operand = distance * scale
            if operand > 255:
                spare = operand << min(16, max(0, rounds - _ROUNDS))
                needed = form.written_sizes[opcodes[i]] + units.prefixes(spare)
                if needed > sizes[i]:
                    sizes[i] = needed
                    grown = True
        if not grown:
            return Places(operands, sizes, starts)
        rounds += 1


def _are_bytes(operands: list[int]) -> bool:
    """Is none above 255?"""
    try:
        bytes(operands)
    except ValueError:
        return False
    return True


def _wrong_way(code: Code, label: Any, jump: isa.Opcode) -> EncodeError:
    side = "behind" if jump.operand == "forward" else "before"
    message = f"the label {shown(label)} does not stand {side} it, and it only jumps {jump.operand}"
    return EncodeError(Finding(message, f"{code.qualname}, {jump.name}"))
