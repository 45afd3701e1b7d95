"""A look at the stack of code that a macro made: does it pop more than it pushed, does it run past its end?"""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Code, Instruction, Row
from pyasm.errors import Finding
from pyasm.translate.edit import rewrite
from pyasm.translate.effects import number
from pyasm.translate.flow import forward
from pyasm.tuples.definitions import Line
from pyasm.typed import Any


def findings(code: Code, lines: Sequence[Line]) -> list[Finding]:
    """What is wrong with the stack of a code object; `lines` are the tuples of its instructions."""
    depths = _depths(code)
    found = []
    for i, missing in _underflows(code, depths):
        message = f"it pops {missing} more than there {'is' if missing == 1 else 'are'} on the stack"
        place = f"{code.name}, tuple {lines[i].at} {lines[i]}"
        found.append(Finding(message, place, "macro(..., pad_underflow=True) reads None there"))
    if depths[-1] is not None:
        place = f"{code.name}, tuple {lines[-1].at} {lines[-1]}" if lines else code.name
        found.append(Finding("execution goes on behind the last instruction", place, "RETURN_VALUE is missing"))
    return found


def pad(code: Code) -> None:
    """Where an instruction pops more than there is on the stack, let it find None below."""
    edits: dict[int, list[Instruction]] = {}
    depths = _depths(code)
    for i, missing in _underflows(code, depths):
        each = code.body[i]
        edits[i] = [e._replace(position=each.position) for e in _padding(missing, depths[i] or 0)] + [each]
    code.body = rewrite(code.body, edits)


def _depths(code: Code) -> list[int | None]:
    """The least depth with which each instruction is reached, None where it is not; and that of the end."""
    rows = isa.load(code.dialect).opcodes

    def transfer(index: int, each: Row, depth: int) -> tuple[int | None, int | None]:
        row = rows[each[0]]
        effect, n = isa.effects(row.stack), number(each[1])
        depth = max(depth, effect.pops(n))  # as if it had been padded
        following = None if row.flow in ("jump", "return", "raise") else depth + effect.net(n)
        return following, depth + effect.net_of_jump(n) if row.operand in isa.JUMPS else None

    return forward(code.body, 0, transfer, lambda old, new: old if old <= new else new)


def _underflows(code: Code, depths: Sequence[Any]) -> list[tuple[int, int]]:
    """The indexes of instructions that pop too much, and how much."""
    rows = isa.load(code.dialect).opcodes
    found = []
    for i, (op, arg, _) in enumerate(code.body):
        depth = depths[i]
        if depth is not None and op in rows:
            missing = isa.effects(rows[op].stack).pops(number(arg)) - depth
            if missing > 0:
                found.append((i, missing))
    return found


_ROTATIONS = {1: "ROT_TWO", 2: "ROT_THREE", 3: "ROT_FOUR"}


def _padding(missing: int, depth: int) -> list[Instruction]:
    """Instructions that put so many None below the entries that there are."""
    none = Instruction("LOAD_CONST", None)
    if depth == 0:
        return [none] * missing
    if depth in _ROTATIONS:
        return [none, Instruction(_ROTATIONS[depth])] * missing
    pack, unpack = Instruction("BUILD_TUPLE", depth), Instruction("UNPACK_SEQUENCE", depth)
    return [pack, unpack, pack, *[none, Instruction("ROT_TWO")] * missing, unpack]
