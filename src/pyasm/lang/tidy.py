"""What CPython's compiler does to jumps at the end: code that nothing reaches goes, jumps to jumps go on at once."""

from __future__ import annotations

from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Row
from pyasm.isa import Opcode
from pyasm.native.units import LABEL
from pyasm.translate.edit import opcode, rewrite
from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    _Block = tuple[tuple[Row, ...], int, int, Row]
    """Instructions that are in a row: only the first one is jumped to, only the last one does not just go on.

    The labels; indexes in the body of the first one that just goes on and of the one behind them; what names a label,
    or does not go on, _NONE without such a thing.
    """


class Words(NamedTuple):
    """What is asked of instructions, portable ones and those of the running interpreter: sets of mnemonics."""

    table: dict[str, Opcode]
    naming: frozenset[str]
    """They name a label."""
    jumping: frozenset[str]
    setting: frozenset[str]
    """They name a handler."""
    ending: frozenset[str]
    """The next instruction is not reached from them."""
    yielding: frozenset[str]
    """They go on, later."""
    telling: frozenset[str]
    """All of these, and labels."""


@cache
def words() -> Words:
    """The sets of the running interpreter."""
    table = {**isa.running().opcodes, **isa.load(isa.PORTABLE).opcodes}
    naming = frozenset(op for op, row in table.items() if row.operand in isa.JUMPS)
    jumping = frozenset(op for op, row in table.items() if row.flow in ("jump", "branch"))
    ending = frozenset(op for op, row in table.items() if row.flow in ("jump", "return", "raise"))
    yielding = frozenset(op for op, row in table.items() if row.flow == "yield")
    return Words(table, naming, jumping, naming - jumping, ending, yielding, naming | ending | {LABEL})


_STAYING = ("FOR_ITER", "JUMP_IF_NOT_EXC_MATCH")
_JUMPS = frozenset({"JUMP_FORWARD", "JUMP_ABSOLUTE"})
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


_NONE: Row = ("", None, None)


def tidied(body: list[Row]) -> list[Row]:
    """The body, with the same meaning."""
    known = words()
    blocks = _blocks(body, known)
    if not known.jumping.isdisjoint([block[3][0] for block in blocks]):
        threaded = _threaded(blocks, known)
        blocks = blocks if threaded is blocks else _reached(threaded, known)
        left = _with_exits(body, blocks, known)
        moved = _handlers_last(left, known)
        moved = moved if left is blocks else _reached(moved, known)
        blocks = _without_idle_jumps(moved, known)
    found: list[Row] = []
    for labels, start, stop, last in blocks:
        if labels:
            found += labels
        found += body[start:stop]
        if last is not _NONE:
            found.append(last)
    return found


def _blocks(body: list[Row], known: Words) -> list[_Block]:
    """The blocks that something leads to, with the labels that something names."""
    telling = list(compress(range(len(body)), map(known.telling.__contains__, map(opcode, body))))
    naming, ending = known.naming, known.ending
    named = {body[index][1] for index in telling if body[index][0] in naming}
    found: list[_Block] = []
    labels: tuple[Row, ...] = ()
    start = 0
    alive, again = True, False
    for index in telling:
        each = body[index]
        op, arg, _ = each
        if op == LABEL:
            if alive and start < index:
                found.append((labels, start, index, _NONE))
                labels = ()
            if arg in named:
                labels = (*labels, each)
                alive = True
        elif alive:
            found.append((labels, start, index, each))
            labels = ()
            alive = op not in ending
        elif op in naming:
            again = True
        start = index + 1
    if alive:
        found.append((labels, start, len(body), _NONE))
    return _reached(found, known) if again else found


def _named(blocks: list[_Block], known: Words) -> set[str]:
    """The labels that something names."""
    naming = known.naming
    return {last[1] for _, _, _, last in blocks if last[0] in naming}


def _reached(blocks: list[_Block], known: Words) -> list[_Block]:
    """Without what comes behind a jump and before the next label that something names, and without other labels."""
    naming, ending = known.naming, known.ending
    while True:
        named = _named(blocks, known)
        kept = []
        alive, again = True, False
        for block in blocks:
            labels, start, stop, last = block
            if labels and not (len(labels) == 1 and labels[0][1] in named):
                labels = tuple([each for each in labels if each[1] in named])
                block = labels, start, stop, last
            if alive or labels:
                kept.append(block)
                alive = last[0] not in ending
            elif last[0] in naming:
                again = True
        if not again:
            return kept
        blocks = kept


def _following(blocks: list[_Block]) -> dict[str, int]:
    """Label -> number of the block with the instruction that it stands before; behind the last one for none."""
    found: dict[str, int] = {}
    following = len(blocks)
    for number in range(len(blocks) - 1, -1, -1):
        labels, start, stop, last = blocks[number]
        if start < stop or last is not _NONE:
            following = number
        for label in labels:
            found[label[1]] = following
    return found


def _leading(blocks: list[_Block], known: Words) -> dict[str, int]:
    """Label -> number of the block whose jump it stands before, with nothing between them."""
    jumping = known.jumping
    return {
        label[1]: number
        for number, (labels, start, stop, last) in enumerate(blocks)
        if labels and start == stop and last[0] in jumping
        for label in labels
    }


def _threaded(blocks: list[_Block], known: Words) -> list[_Block]:
    """With jumps to where they end up."""
    leading = _leading(blocks, known)
    if not leading:
        return blocks
    behind: dict[str, int] = {}
    edits: dict[int, list[_Block]] = {}
    jumping = known.jumping
    for number, (labels, start, stop, old) in enumerate(blocks):
        if old[0] in jumping and old[1] in leading:
            op, arg = _destination(blocks, leading, old, behind)
            if arg is not old[1] or op is not old[0]:
                edits[number] = [(labels, start, stop, (op, arg, old[2]))]
    for name, number in behind.items():
        edits.setdefault(number, [blocks[number]]).append((((LABEL, name, None),), 0, 0, _NONE))
    return rewrite(blocks, edits)


def _destination(blocks: list[_Block], leading: dict[str, int], jump: Row, behind: dict[str, int]) -> tuple[str, str]:
    """The jump that does the same as one that leads to others; `behind` gets a label behind a block."""
    op, arg, _ = jump
    seen = set()
    while arg in leading and arg not in seen:
        seen.add(arg)
        number = leading[arg]
        labels, _, _, (next_op, next_arg, _) = blocks[number]
        if next_op in _JUMPS and op not in _STAYING:
            arg = next_arg
            op = "JUMP_ABSOLUTE" if op == "JUMP_FORWARD" else op
        elif (op, next_op) in _OR_POP:
            arg, op = next_arg, _OR_POP[op, next_op] or op
        elif (op, next_op) in _PAST:
            op = _PAST[op, next_op]
            arg = f"{labels[-1][1] if labels else arg}:past"
            behind[arg] = number
        else:
            break
    return op, arg


_SHORT = 4
"""So many instructions are copied at most."""


def _with_exits(body: list[Row], blocks: list[_Block], known: Words) -> list[_Block]:
    """With a copy of what a jump leads to, where that is short and leaves the function."""
    jumps = _jumps(blocks)
    following = _following(blocks) if jumps else {}
    edits = {}
    for number in jumps:
        labels, start, stop, (_, arg, _) = blocks[number]
        if arg in following:
            copied = _exit(body, blocks, following[arg], known)
            if copied:
                edits[number] = [(labels, start, stop, _NONE), *copied]
    return rewrite(blocks, edits)


def _jumps(blocks: list[_Block]) -> list[int]:
    """The numbers of the blocks that end with a jump without a condition."""
    return [number for number, block in enumerate(blocks) if block[3][0] in _JUMPS]


def _exit(body: list[Row], blocks: list[_Block], number: int, known: Words) -> list[_Block]:
    """What is done from a block on, up to leaving the function, if that is little and nothing else."""
    found: list[_Block] = []
    size = 0
    for place in range(number, len(blocks)):
        labels, start, stop, last = blocks[place]
        size += stop - start + (last is not _NONE)
        if (found and labels) or size > _SHORT:
            break
        leaves = last[0] in known.ending and last[0] not in known.jumping
        if not leaves and last is not _NONE:
            break
        if not known.yielding.isdisjoint(map(opcode, body[start:stop])):
            break
        found.append(((), start, stop, last))
        if leaves:
            return found
    return []


def _handlers_last(blocks: list[_Block], known: Words) -> list[_Block]:
    """With what only exceptions lead to behind all else, where it saves those a jump that have none."""
    if known.setting.isdisjoint([block[3][0] for block in blocks]):
        return blocks
    usual = _usual(blocks, known)
    if len(usual) == len(blocks):
        return blocks
    new = [blocks[number] for number in sorted(usual)]
    for number in sorted(set(range(len(blocks))) - usual):
        new.append(blocks[number])
        if number + 1 in usual and blocks[number][3][0] not in known.ending:
            jump: Row = ("JUMP_ABSOLUTE", blocks[number + 1][0][-1][1], None)
            new.append(((), 0, 0, jump))
    return new


def _usual(blocks: list[_Block], known: Words) -> set[int]:
    """The numbers of the blocks that are reached without an exception."""
    labels = {label[1]: number for number, block in enumerate(blocks) for label in block[0]}
    jumping, ending = known.jumping, known.ending
    found: set[int] = set()
    pending = [0]
    while pending:
        number = pending.pop()
        while number < len(blocks) and number not in found:
            found.add(number)
            op, arg, _ = blocks[number][3]
            if op in jumping:
                pending.append(labels[arg])
            if op in ending:
                break
            number += 1
    return found


def _without_idle_jumps(blocks: list[_Block], known: Words) -> list[_Block]:
    """Without jumps to the next instruction, and without the labels that nothing else names."""
    edits = {}
    for number in _jumps(blocks):
        labels, start, stop, (_, arg, _) = blocks[number]
        if arg in _labels_behind(blocks, number):
            edits[number] = [(labels, start, stop, _NONE)]
    if not edits:
        return blocks
    left = rewrite(blocks, edits)
    idle = {blocks[number][3][1] for number in edits}.difference(_named(left, known))
    for number, (labels, start, stop, last) in enumerate(left) if idle else ():
        if labels and not idle.isdisjoint([label[1] for label in labels]):
            left[number] = tuple([label for label in labels if label[1] not in idle]), start, stop, last
    return left


def _labels_behind(blocks: list[_Block], number: int) -> list[str]:
    """The labels between a block and the next instruction."""
    found: list[str] = []
    while True:
        number += 1
        if number == len(blocks):
            return found
        labels, start, stop, last = blocks[number]
        found += [label[1] for label in labels]
        if start < stop or last is not _NONE:
            return found
