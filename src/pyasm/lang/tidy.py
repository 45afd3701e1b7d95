"""What CPython's compiler does to jumps at the end: code that nothing reaches goes, jumps to jumps go on at once."""

from __future__ import annotations

from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Instruction
from pyasm.isa import Opcode
from pyasm.native.units import LABEL
from pyasm.translate.edit import opcode
from pyasm.typed import NamedTuple


class Words(NamedTuple):
    """What is asked of instructions, portable ones and those of the running interpreter: sets of mnemonics."""

    table: dict[str, Opcode]
    naming: frozenset[str]
    """They name a label."""
    jumping: frozenset[str]
    ending: frozenset[str]
    """The next instruction is not reached from them."""
    telling: frozenset[str]
    """All of these, and labels."""


@cache
def words() -> Words:
    """The sets of the running interpreter."""
    table = {**isa.running().opcodes, **isa.load(isa.PORTABLE).opcodes}
    naming = frozenset(op for op, row in table.items() if row.operand in isa.JUMPS)
    jumping = frozenset(op for op, row in table.items() if row.flow in ("jump", "branch"))
    ending = frozenset(op for op, row in table.items() if row.flow in ("jump", "return", "raise"))
    return Words(table, naming, jumping, ending, naming | ending | {LABEL})


_STAYING = ("FOR_ITER", "JUMP_IF_NOT_EXC_MATCH")
_JUMPS = ("JUMP_FORWARD", "JUMP_ABSOLUTE")
_OR_POP = {
    ("JUMP_IF_FALSE_OR_POP", "JUMP_IF_FALSE_OR_POP"): None,
    ("JUMP_IF_TRUE_OR_POP", "JUMP_IF_TRUE_OR_POP"): None,
    ("JUMP_IF_FALSE_OR_POP", "POP_JUMP_IF_FALSE"): "POP_JUMP_IF_FALSE",
    ("JUMP_IF_TRUE_OR_POP", "POP_JUMP_IF_TRUE"): "POP_JUMP_IF_TRUE",
}
"""A jump and what is at its label: it goes on to the second label, as another jump or as it is."""

_PAST = {
    ("JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"): "POP_JUMP_IF_FALSE",
    ("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP"): "POP_JUMP_IF_TRUE",
    ("JUMP_IF_FALSE_OR_POP", "POP_JUMP_IF_TRUE"): "POP_JUMP_IF_FALSE",
    ("JUMP_IF_TRUE_OR_POP", "POP_JUMP_IF_FALSE"): "POP_JUMP_IF_TRUE",
}
"""A jump and what is at its label: it goes behind that."""


def tidied(body: list[Instruction]) -> list[Instruction]:
    """The body, with the same meaning."""
    known = words()
    body, told = _reached(body, _told(body, known), known)
    jumps = [i for i in told if body[i][0] in known.jumping]
    if not jumps:
        return body
    threaded = _threaded(body, told, jumps)
    if threaded is not body:
        body, told = _reached(threaded, _told(threaded, known), known)
    left = _handlers_last(_with_exits(body, told, known), known)
    if left is not body:
        body, told = _reached(left, _told(left, known), known)
    return _without_idle_jumps(body, told, known)


def _told(body: list[Instruction], known: Words) -> list[int]:
    """The indexes of labels, of what names some, and of what the next instruction is not reached from."""
    return list(compress(range(len(body)), map(known.telling.__contains__, map(opcode, body))))


def _reached(body: list[Instruction], told: list[int], known: Words) -> tuple[list[Instruction], list[int]]:
    """Without what comes behind a jump and before the next label that something names, and without other labels.

    And the indexes again, for what is left.
    """
    naming, ending = known.naming, known.ending
    while True:
        named = {body[i][1] for i in told if body[i][0] in naming}
        kept: list[Instruction] = []
        still: list[int] = []
        begin: int | None = 0
        """Where the instructions begin that are kept next; None where nothing is reached."""
        unnamed = False
        for i in told:
            op, arg, _ = body[i]
            if op == LABEL and arg not in named:
                if begin is not None:
                    kept += body[begin:i]
                    begin = i + 1
            elif begin is None and op != LABEL:
                unnamed = unnamed or op in naming
            else:
                begin = i if begin is None else begin
                still.append(len(kept) + i - begin)
                if op in ending:
                    kept += body[begin : i + 1]
                    begin = None
        if begin is not None:
            kept += body[begin:]
        if not unnamed:
            return kept, still
        body, told = kept, still


def _threaded(body: list[Instruction], told: list[int], jumps: list[int]) -> list[Instruction]:
    """With jumps to where they end up; the body itself where they do already."""
    following = _following(body, told)
    behind: dict[str, int] = {}
    new = body
    for i in jumps:
        each = body[i]
        op, arg = _destination(body, following, each, behind)
        if arg is not each[1] or op is not each[0]:
            new = list(body) if new is body else new
            new[i] = Instruction(op, arg, each[2])
    return _with_labels(new, behind)


def _destination(
    body: list[Instruction], following: dict[str, int], jump: Instruction, behind: dict[str, int]
) -> tuple[str, str]:
    """The jump that does the same as one that leads to others; `behind` gets a label behind an instruction."""
    op, arg, _ = jump
    seen = set()
    while arg in following and arg not in seen:
        seen.add(arg)
        index = following[arg]
        if index >= len(body):
            break
        next_op, next_arg, _ = body[index]
        if next_op in _JUMPS and op not in _STAYING:
            arg = next_arg
            op = "JUMP_ABSOLUTE" if op == "JUMP_FORWARD" else op
        elif (op, next_op) in _OR_POP:
            arg, op = next_arg, _OR_POP[op, next_op] or op
        elif (op, next_op) in _PAST:
            op = _PAST[op, next_op]
            arg = f"{body[index - 1][1]}:past"
            behind[arg] = index
        else:
            break
    return op, arg


def _following(body: list[Instruction], told: list[int]) -> dict[str, int]:
    """Label -> index of the instruction that it stands before."""
    found: dict[str, int] = {}
    last = index = len(body)
    for i in reversed(told):
        if body[i][0] == LABEL:
            index = index if i == last - 1 else i + 1
            found[body[i][1]] = index
            last = i
    return found


def _with_labels(body: list[Instruction], behind: dict[str, int]) -> list[Instruction]:
    if not behind:
        return body
    labels: dict[int, list[str]] = {}
    for name, index in behind.items():
        labels.setdefault(index, []).append(name)
    new: list[Instruction] = []
    for i, each in enumerate(body):
        new.append(each)
        new += [Instruction(LABEL, name) for name in labels.get(i, ())]
    return new


def _handlers_last(body: list[Instruction], known: Words) -> list[Instruction]:
    """With what only exceptions lead to behind all else, where it saves those a jump that have none."""
    told = _told(body, known)
    if not any(body[i][0] in known.naming and body[i][0] not in known.jumping for i in told):
        return body
    starts = sorted({0, *told, *(i + 1 for i in told if body[i][0] != LABEL)} - {len(body)})
    blocks = [body[start:end] for start, end in zip(starts, [*starts[1:], len(body)])]
    usual = _usual(blocks, known)
    if len(usual) == len(blocks):
        return body
    new = [each for number in sorted(usual) for each in blocks[number]]
    for number, block in enumerate(blocks):
        if number not in usual:
            new += block
            if number + 1 in usual and block[-1][0] not in known.ending:
                new.append(Instruction("JUMP_ABSOLUTE", blocks[number + 1][0][1]))
    return new


def _usual(blocks: list[list[Instruction]], known: Words) -> set[int]:
    """The numbers of the blocks that are reached without an exception."""
    labels = {block[0][1]: number for number, block in enumerate(blocks) if block[0][0] == LABEL}
    found: set[int] = set()
    pending = [0]
    while pending:
        number = pending.pop()
        if number in found or number >= len(blocks):
            continue
        found.add(number)
        op, arg, _ = blocks[number][-1]
        if op in known.jumping:
            pending.append(labels[arg])
        if op not in known.ending:
            pending.append(number + 1)
    return found


_SHORT = 4
"""So many instructions are copied at most."""


def _with_exits(body: list[Instruction], told: list[int], known: Words) -> list[Instruction]:
    """With a copy of what a jump leads to, where that is short and leaves the function."""
    following = _following(body, told)
    exits = {}
    for i in [i for i in told if body[i][0] in _JUMPS]:
        copied = _exit(body, following[body[i][1]], known.table) if body[i][1] in following else None
        if copied is not None:
            exits[i] = copied
    if not exits:
        return body
    new: list[Instruction] = []
    last = 0
    for i, copied in exits.items():
        new += body[last:i]
        new += copied
        last = i + 1
    return new + body[last:]


def _exit(body: list[Instruction], index: int, table: dict[str, Opcode]) -> list[Instruction] | None:
    """The instructions from here on to the one that leaves the function, if they are few and nothing else."""
    part = body[index : index + _SHORT]
    for i, (op, _, _) in enumerate(part):
        flow = table[op].flow if op in table else ""
        if flow in ("return", "raise"):
            return part[: i + 1]
        if flow != "next":
            return None
    return None


def _next(body: list[Instruction], i: int, following: dict[str, int]) -> int:
    """The index of the instruction behind another one."""
    label = body[i + 1] if i + 1 < len(body) and body[i + 1][0] == LABEL else None
    return i + 1 if label is None else following[label[1]]


def _without_idle_jumps(body: list[Instruction], told: list[int], known: Words) -> list[Instruction]:
    """Without jumps to the next instruction."""
    following = _following(body, told)
    idle = {i for i in told if body[i][0] in _JUMPS and following.get(body[i][1]) == _next(body, i, following)}
    if not idle:
        return body
    left = [each for i, each in enumerate(body) if i not in idle]
    return _reached(left, _told(left, known), known)[0]
