"""What CPython's compiler does to jumps at the end: code that nothing reaches goes, jumps to jumps go on at once."""

from __future__ import annotations

from pyasm.code import Instruction
from pyasm.isa import JUMPS, Opcode
from pyasm.native.units import LABEL
from pyasm.typed import Any

_ENDS = ("jump", "return", "raise")
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


def tidied(body: list[Instruction], table: dict[str, Opcode]) -> list[Instruction]:
    """The body, with the same meaning."""
    if not any(table[op].flow in ("jump", "branch") for op, _, _ in body if op in table):
        return _reached(body, table)
    body = _reached(_threaded(_reached(body, table), table), table)
    return _without_idle_jumps(_with_exits(body, table), table)


def _reached(body: list[Instruction], table: dict[str, Opcode]) -> list[Instruction]:
    """Without what comes behind a jump and before the next label that something names, and without other labels."""
    while True:
        named = {arg for op, arg, _ in body if op in table and table[op].operand in JUMPS}
        kept: list[Instruction] = []
        reached = True
        for each in body:
            if each[0] == LABEL:
                if each[1] not in named:
                    continue
                reached = True
            if reached:
                kept.append(each)
                if each[0] in table and table[each[0]].flow in _ENDS:
                    reached = False
        if len(kept) == len(body):
            return kept
        body = kept


def _threaded(body: list[Instruction], table: dict[str, Opcode]) -> list[Instruction]:
    """With jumps to where they end up."""
    following = _following(body)
    behind: dict[str, int] = {}
    new: list[Instruction] = []
    for op, arg, position in body:
        seen = set()
        while op in table and table[op].flow in ("jump", "branch") and arg in following and arg not in seen:
            seen.add(arg)
            index = following[arg]
            if index >= len(body):
                break
            next_op, next_arg, _ = body[index]
            if next_op in _JUMPS and op != "FOR_ITER" and op != "JUMP_IF_NOT_EXC_MATCH":
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
        new.append(Instruction(op, arg, position))
    return _with_labels(new, behind)


def _following(body: list[Instruction]) -> dict[str, int]:
    """Label -> index of the instruction that it stands before."""
    found: dict[str, int] = {}
    index = len(body)
    for i in range(len(body) - 1, -1, -1):
        if body[i][0] == LABEL:
            found[body[i][1]] = index
        else:
            index = i
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


_SHORT = 4
"""So many instructions are copied at most."""


def _with_exits(body: list[Instruction], table: dict[str, Opcode]) -> list[Instruction]:
    """With a copy of what a jump leads to, where that is short and leaves the function."""
    following = _following(body)
    new: list[Instruction] = []
    for each in body:
        copied = _exit(body, following[each[1]], table) if each[0] in _JUMPS and each[1] in following else None
        new += [each] if copied is None else copied
    return new


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


def _without_idle_jumps(body: list[Instruction], table: dict[str, Any]) -> list[Instruction]:
    """Without jumps to the next instruction."""
    following = _following(body)
    new: list[Instruction] = []
    index = len(body)
    for i in range(len(body) - 1, -1, -1):
        each = body[i]
        if each[0] in _JUMPS and following.get(each[1]) == index:
            continue
        if each[0] != LABEL:
            index = i
        new.append(each)
    new.reverse()
    return _reached(new, table)
