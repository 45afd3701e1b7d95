"""What a compiler has in no region of the table, though it is in one: there and back.

This is what it adds late, and the NOP that a SETUP leaves. Where nothing else tells it, a label has a name that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import change, instruction, where
from pyasm.translate.effects import PSEUDO
from pyasm.translate.late import is_fresh, late_jumps, previous
from pyasm.translate.notes import BARE, HELD, SLOT
from pyasm.translate.regions import Regions, facts
from pyasm.typed import Any

LEFT = "left"
"""Of a NOT_TAKEN: it is in the region that was left before its jump."""
_MARKED = frozenset({LABEL, "NOT_TAKEN"})
_SKIPPED = frozenset({*PSEUDO, LABEL, "NOT_TAKEN", "NOP"})


class Uncovered:
    """What was in no region, and is to be noted."""

    def __init__(self) -> None:
        self.begun: set[int] = set()
        """Indexes of the NOPs that SETUPs have left: they are in no region."""
        self.marked: dict[int, str] = {}
        """Indexes of jumps of which nothing else tells that they are in a region or in none -> BARE or HELD."""
        self.taken: list[bool | str | None] = []
        """Of each NOT_TAKEN: was it in no region? None where its jump is in none either, LEFT where only that is."""


def fill(regions: Regions, dialect: isa.Dialect) -> Uncovered:
    """Put it where it belongs."""
    found = Uncovered()
    if dialect.uncovered != "none":
        innermost = regions.innermost
        if dialect.uncovered == "slots":
            _fill_taken(regions, found)
        for index, before in late_jumps(regions.body, regions.ops, regions.naming, regions.labels, dialect):
            if innermost[index] is None:
                regions.put(index, innermost[before])
            elif dialect.opcodes[regions.ops[index]].flow == "jump":
                found.marked[index] = HELD
    _fill_bare(regions, found)
    _fill_begun(regions, found)
    return found


def _fill_taken(regions: Regions, found: Uncovered) -> None:
    """Put each NOT_TAKEN where its jump is, and note in which of them this changes something."""
    innermost, ops = regions.innermost, regions.ops
    for index in regions.others["NOT_TAKEN"]:
        before = previous(ops, index)
        if ops[before] != "END_SEND":  # that of an async for is as any other
            inside, own = innermost[before], innermost[index]
            found.taken.append(own is None if inside is not None else None if own is None else LEFT)
            if own is not inside:
                regions.put(index, inside)


def _fill_bare(regions: Regions, found: Uncovered) -> None:
    """Other jumps in no region, from and to places in one: they get a label of their own, whose name tells it."""
    body, ops, innermost = regions.body, regions.ops, regions.innermost
    leaping, ends = regions.facts.leaping, regions.facts.ends
    for index in regions.naming:
        if innermost[index] is not None or ops[index] not in leaping:
            continue
        op, arg, _ = body[index]
        target = innermost[regions.first[arg]]
        if target is None:
            continue
        last = _last_real(ops, index)
        goes_on = last >= 0 and ops[last] not in ends
        before = innermost[last] if goes_on else target
        if op not in ends and (not goes_on or before != behind(ops, index, innermost)):
            continue  # a conditional one, but not between two instructions of one region
        if before is not None and regions.outermost[before] == regions.outermost[target]:
            regions.put(index, before)
            found.marked[index] = BARE
            if op not in ends:
                _cover_taken(regions, index)


def _cover_taken(regions: Regions, index: int) -> None:
    """Put the NOT_TAKEN of a conditional jump where the jump is."""
    behind = index + 1
    while regions.ops[behind] == LABEL:
        behind += 1
    if regions.ops[behind] == "NOT_TAKEN":
        regions.put(behind, regions.innermost[index])


def _last_real(ops: Sequence[str], index: int) -> int:
    """Index of the last instruction in front of another that is no label, below zero if there is none."""
    index -= 1
    while index >= 0 and ops[index] == LABEL:
        index -= 1
    return index


def _fill_begun(regions: Regions, found: Uncovered) -> None:
    """A NOP that a SETUP leaves is in no region; it belongs to what is around both it and the region that begins."""
    ops, innermost = regions.ops, regions.innermost
    ends = regions.facts.ends
    jumps: dict[Any, int] = {}
    for index in regions.others["NOP"]:
        if innermost[index] is not None:
            continue
        after = behind(ops, index, innermost)
        last = _last_real(ops, index)
        while last in found.begun:
            last = _last_real(ops, last)
        before: int | None = last
        if last < 0 or ops[last] in ends:
            jumps = jumps or _jumps(regions)
            before = _jump_to(regions, index, jumps)
        if before is not None and innermost[before] != after:
            regions.put(index, regions.between(innermost[before], after)[2])
            found.begun.add(index)


def behind(ops: Sequence[str], index: int, innermost: Sequence[Any]) -> Any:
    """The innermost handler of the next instruction that is none of these NOPs."""
    while True:
        index += 1
        if index == len(ops) or ops[index] not in _SKIPPED or innermost[index] is not None:
            return innermost[index]


def _jumps(regions: Regions) -> dict[Any, int]:
    """Label -> index of the first instruction that names it."""
    found: dict[Any, int] = {}
    for index in regions.naming:
        found.setdefault(regions.body[index][1], index)
    return found


def _jump_to(regions: Regions, index: int, jumps: dict[Any, int]) -> int | None:
    """The first instruction that names one of the labels in front of another."""
    found = []
    while index and regions.ops[index - 1] == LABEL:
        index -= 1
        found.append(jumps.get(regions.body[index][1]))
    return min((each for each in found if each is not None), default=None)


def mark_taken(code: Code, ops: list[str], found: Uncovered, new_label: Any, dialect: isa.Dialect) -> None:
    """Give jumps whose NOT_TAKEN is in no region, or is in one, against the rule labels of their own."""
    if found.taken.count(None) == len(found.taken):
        return
    body = code.rows
    turns = list(where(ops, facts(dialect.name).leaping | _MARKED))
    labels = {body[index][1]: index for index in turns if ops[index] == LABEL}
    late = {index for index, _ in late_jumps(body, ops, turns, labels, dialect)}
    taken = iter(found.taken)
    marks: dict[Any, list[Row]] = {}
    for index in turns:
        if ops[index] != "NOT_TAKEN":
            continue
        before = previous(ops, index)
        if ops[before] == "END_SEND":
            continue
        said = next(taken, None)  # in odd code there may be fewer
        op, target, position = body[before]
        if said is None or not op.startswith("POP_JUMP") or target.startswith((BARE, HELD)):
            continue
        if said == LEFT or said != (index in late or is_fresh(body, ops, index, dialect)):
            name = f"{SLOT}{new_label()[1:]}"
            body[before] = instruction(op, name, position)
            marks.setdefault(target, []).append(instruction(LABEL, name))
    if marks:
        change(code, ops, {labels[old]: [*new, body[labels[old]]] for old, new in marks.items()})


def uncover(
    body: Sequence[Row],
    ops: Sequence[str],
    turns: Sequence[int],
    labels: dict[Any, int],
    innermost: list[Any],
    dialect: isa.Dialect,
) -> list[int]:
    """The inverse of `fill`: put in no region what a compiler has in none. `turns` are the indexes of jumps and labels.

    Gives the indexes of what was put elsewhere, and those behind.
    """
    moved: list[int] = []
    if dialect.uncovered != "none":
        for index, _ in late_jumps(body, ops, turns, labels, dialect):
            arg = body[index][1]
            if type(arg) is not str or not arg.startswith(HELD):
                innermost[index] = None
                moved += index, index + 1
    if dialect.uncovered == "slots":
        _uncover_taken(body, ops, turns, innermost, moved, dialect)
        if _any(labels, SLOT):
            _leave_taken(body, ops, innermost, moved)
    if _any(labels, BARE):
        told = facts(dialect.name).leaping | {LABEL}
        for index in turns:
            op, arg, _ = body[index]
            if op in told and type(arg) is str and arg.startswith(BARE):
                place = index + 1 if op == LABEL else index
                if op != LABEL or ops[place] == "NOP":
                    innermost[place] = None
                    moved += place, place + 1
    return moved


def _any(labels: Iterable[str], stem: str) -> bool:
    """Has any label this stem?"""
    return f" {stem}" in f" {' '.join(labels)}"


def _uncover_taken(
    body: Sequence[Row],
    ops: Sequence[str],
    turns: Sequence[int],
    innermost: list[Any],
    moved: list[int],
    dialect: isa.Dialect,
) -> None:
    """A NOT_TAKEN is in no region if its block is fresh, or against the rule."""
    for index in turns:
        if ops[index] == "NOT_TAKEN" and innermost[index] is not None:
            before = previous(ops, index)
            against = str(body[before][1]).startswith(SLOT)
            if ops[before] != "END_SEND" and is_fresh(body, ops, index, dialect) != against:
                innermost[index] = None
                moved += index, index + 1


def _leave_taken(body: Sequence[Row], ops: Sequence[str], innermost: list[Any], moved: list[int]) -> None:
    """Put a NOT_TAKEN against the rule whose jump is in no region into the one that was left before."""
    before = 0
    left = None
    for index, op in enumerate(ops):
        if op == "NOT_TAKEN":
            if innermost[before] is None and str(body[before][1]).startswith(SLOT):
                innermost[index] = left
                moved += index, index + 1
        elif op != LABEL:
            before = index
            left = innermost[index] if innermost[index] is not None else left
