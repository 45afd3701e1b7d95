"""From the exception table to pseudo instructions.

They are put where the innermost handler changes: between neighbours, and in front of the targets of jumps, each kind of
which gets a label of its own there.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Handler, Row
from pyasm.native.units import LABEL
from pyasm.translate import unraised
from pyasm.translate.edit import Labels, change, instruction, opcode, operand
from pyasm.translate.effects import Effects, effects
from pyasm.translate.notes import BARE
from pyasm.translate.regions import SETUPS, Regions
from pyasm.translate.uncovered import Uncovered, behind, fill, mark_taken
from pyasm.typed import Any

CLEANUP = [("COPY", 3), ("POP_EXCEPT", None), ("RERAISE", 1)]
"""What ends a handler in which something is raised."""
_POP_BLOCK = instruction("POP_BLOCK")
_ADDED = frozenset({"POP_BLOCK", "JUMP_FORWARD", "RERAISE", LABEL})
"""What lifting may put in, beside what begins regions."""


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Entries of the table as regions."""
    table = effects(dialect.name)
    regions = Regions(code, ops, dialect)
    lost = unraised.add_entries(code, regions, table)
    if lost:
        ops[:] = map(opcode, code.rows)
        regions = Regions(code, ops, dialect)
    uncovered = fill(regions, dialect)
    inserter = _Inserter(regions, uncovered)
    if lost:
        inserter.unraised(code.handlers, table)
    change(code, ops, inserter.found())
    if uncovered.taken:
        mark_taken(code, ops, uncovered, inserter.new_label, dialect)
    code.handlers = []
    return _ADDED.union(regions.setups.values())


class _Inserter:
    """The body with the instructions."""

    def __init__(self, regions: Regions, uncovered: Uncovered) -> None:
        self.old = regions.body
        self.ops = regions.ops
        self.innermost = regions.innermost
        self.regions = regions
        self.uncovered = uncovered
        self.facts = regions.facts
        self.new_label = Labels(self.old, taken=regions.labels).new
        self.named: set[Any] = set(regions.around)
        """The labels that something goes to."""
        self.used: set[Any] = set()
        """The labels that new instructions name."""
        self.entries: dict[str, str] = {}
        """Handler -> the label where its region's SETUP sends to, when that is another."""
        self.stubs: dict[int, dict[Any, str]] = {}
        """Index of the first instruction at a label -> innermost handler of those that come -> the label for them."""
        self.edits: dict[int, list[Row]] = {}
        self.lost: dict[str, list[tuple[Any, list[int]]]] = {}
        """Handlers of regions of no size -> the places that such a region may have, by the region around them."""

    def found(self) -> dict[int, list[Row]]:
        """The edits for the new body. The labels that only the table named are gone."""
        self._find_stubs()
        for index in sorted(self._arrivals()):
            self._arrive(index)
        self._mark_nops()
        for handler in self.lost:
            self._begin_and_end(handler)
        for index, stem in self.uncovered.marked.items():
            self._mark(index, stem)
        self._drop_labels()
        return self.edits

    def _find_stubs(self) -> None:
        old, innermost, first = self.old, self.innermost, self.regions.first
        for handler, around in self.regions.around.items():
            if innermost[first[handler]] != around:
                self.entries[handler] = self._stub(first[handler], around)
        branching, named = self.facts.branching, self.named
        for index in self.regions.naming:
            op, label, position = old[index]
            if op in branching:
                named.add(label)
                at, coming = first[label], innermost[index]
                if innermost[at] != coming:
                    self.edits[index] = [instruction(op, self._stub(at, coming), position)]

    def _stub(self, first: int, coming: Any) -> str:
        stubs = self.stubs.setdefault(first, {})
        if coming not in stubs:
            stubs[coming] = self.new_label()
        return stubs[coming]

    def _arrivals(self) -> set[int]:
        """Indexes of the instructions to which ways may come from another region."""
        ops, old, innermost, first = self.ops, self.old, self.innermost, self.regions.first
        size = len(ops)
        found = set(self.stubs)
        for index in self.regions.bounds:
            if index < size and innermost[index] != (innermost[index - 1] if index else None):
                found.add(first[old[index][1]] if ops[index] == LABEL else index)
        for index in self.regions.ends:
            index += 1
            if index < size:
                at = first[old[index][1]] if ops[index] == LABEL else index
                if innermost[at] is not None and not self._is_named(index, at):
                    found.add(at)
        found.discard(size)
        return found

    def _arrive(self, index: int) -> None:
        """At an instruction with other ways to it: that of the one before it, and stubs for jumps."""
        old, innermost = self.old, self.innermost
        at = self.regions.front.get(index, index)
        named = at < index and self._is_named(at, index)
        alive = at == 0 or self.ops[at - 1] not in self.facts.ends
        coming = innermost[at - 1] if alive and at else None
        inner = innermost[index]
        stubs = self.stubs.get(index, {})
        if not stubs and (coming == inner or (named and not alive)):
            return
        parts: list[Row] = []
        going = alive
        if alive and coming in stubs:
            parts.append(instruction(LABEL, stubs[coming]))
        if coming != inner and (alive or not named):
            again = self._again(index, coming)
            parts += again or self._change(coming, inner)
            going = alive and not again
        for handler, label in stubs.items():
            if alive and handler == coming:
                continue
            if going:
                parts.append(instruction("JUMP_FORWARD", old[at][1]))  # a stub is only where a label is
                self.used.add(old[at][1])
            parts.append(instruction(LABEL, label))
            again = self._again(index, handler)
            parts += again or self._change(handler, inner)
            going = not again
        if parts:
            if "NOP" in (self.ops[index], self.ops[at - 1]):
                parts = self._fold(index, at, parts, named)
            self.edits[at] = parts + self.edits.get(at, [old[at]])

    def _is_named(self, start: int, stop: int) -> bool:
        """Does anything go to one of these labels?"""
        if stop == start + 1:
            return self.old[start][1] in self.named
        return not self.named.isdisjoint(map(operand, self.old[start:stop]))

    def _again(self, index: int, coming: Any) -> Sequence[Row]:
        """The RERAISE to which a way comes from another handler, for its own, if both have the same cleanup."""
        if self.ops[index] != "RERAISE":
            return ()
        regions = self.regions
        other = self.innermost[index]
        if coming is None or other is None:
            return ()
        if regions.around[coming] != regions.around[other] or regions.setups[coming] != regions.setups[other]:
            return ()
        cleanups = [
            [each[:2] for each in self.old[at : at + 3]] for at in (regions.first[coming], regions.first[other])
        ]
        return [self.old[index]] if cleanups == [CLEANUP, CLEANUP] else ()

    def _change(self, before: Any, after: Any) -> list[Row]:
        """From being in the region of one handler to being in that of another."""
        around = self.regions.around
        if before is not None and around[before] == after:
            return [_POP_BLOCK]
        if after is not None and around[after] == before:
            return [self._begin(after)]
        left, entered, _ = self.regions.between(before, after)
        return [_POP_BLOCK] * len(left) + [self._begin(each) for each in reversed(entered)]

    def _begin(self, handler: Any) -> Row:
        """The SETUP of a handler."""
        label = self.entries.get(handler, handler)
        self.used.add(label)
        return instruction(self.regions.setups[handler], label)

    def _fold(self, index: int, at: int, parts: list[Row], named: bool) -> list[Row]:
        """The position of a NOP goes to the instruction that left it: in front of SETUPs, behind a POP_BLOCK."""
        begun = self.uncovered.begun
        if not named and self._leaves(index, parts):
            self.edits[index] = []
            parts[-1] = instruction("POP_BLOCK", None, self.old[index][2])
            return parts
        first = at
        while first and (first - 1 in begun or self._alone(first - 1)) and first - 1 not in self.edits:
            first -= 1
        if first == at:
            return parts
        setups = [i for i, each in enumerate(parts) if each[0] in SETUPS]
        met = next((i for i, each in enumerate(parts) if each[0] == LABEL), len(parts))
        if setups and met < setups[0]:  # jumps come behind the NOP
            if met and all(each[0] == "POP_BLOCK" for each in parts[:met]):
                self.edits[at - 1] = []
                parts[met - 1] = instruction("POP_BLOCK", None, self.old[at - 1][2])
            return parts
        for i, place in zip(setups, range(max(first, at - len(setups)), at)):
            self.edits[place] = []
            op, arg, _ = parts[i]
            parts[i] = instruction(op, arg, self.old[place][2])
        return parts

    def _leaves(self, index: int, parts: Sequence[Row]) -> bool:
        """Is this the NOP of a POP_BLOCK, the last of the parts?"""
        if index not in self.uncovered.begun or any(each != _POP_BLOCK for each in parts):
            return False
        after = behind(self.ops, index, self.innermost)
        return after == self.innermost[index] or self.old[index][2] == self.old[index - 1][2]

    def _alone(self, index: int) -> bool:
        """Is it a NOP in no region?"""
        return self.ops[index] == "NOP" and self.innermost[index] is None

    def _mark_nops(self) -> None:
        """A label in front of each NOP in no region whose position no other instruction has taken over."""
        for index in self.uncovered.begun:
            parts = self.edits.get(index, [self.old[index]])
            if parts and parts[-1][0] == "NOP" and self.innermost[index] is not None:
                label = instruction(LABEL, f"{BARE}{self.new_label()[1:]}")
                self.edits[index] = [*parts[:-1], label, parts[-1]]

    def _mark(self, index: int, stem: str) -> None:
        """A label of its own for a jump, beside that to which it goes."""
        *parts, (op, target, position) = self.edits.get(index, [self.old[index]])
        name = f"{stem}{self.new_label()[1:]}"
        self.edits[index] = [*parts, instruction(op, name, position)]
        at = self.regions.labels[target] if target in self.regions.labels else self._place(target)
        marks = self.edits.get(at, [self.old[at]])
        beside = next(i for i, each in enumerate(marks) if each[0] == LABEL and each[1] == target)
        self.edits[at] = [*marks[:beside], instruction(LABEL, name), *marks[beside:]]

    def _place(self, stub: str) -> int:
        """Index of the instruction in front of which a stub has its label."""
        at = next(index for index, stubs in self.stubs.items() if stub in stubs.values())
        return self.regions.front.get(at, at)

    def _drop_labels(self) -> None:
        """Without the labels that nothing names, but for notes."""
        old, edits, used, labels = self.old, self.edits, self.used, self.regions.labels
        for index in self.regions.naming:
            if index in edits:
                used.update([each[1] for each in edits[index] if each[0] in self.facts.naming])
            else:
                used.add(old[index][1])
        for name in labels.keys() - used:
            if not name.startswith(BARE):
                self._drop(name, labels[name])
        for at, stubs in self.stubs.items():
            for name in stubs.values():
                if name not in used:
                    self._drop(name, self.regions.front.get(at, at))

    def _drop(self, label: str, index: int) -> None:
        parts = self.edits.get(index)
        self.edits[index] = [each for each in parts if each[0] != LABEL or each[1] != label] if parts else []

    def unraised(self, handlers: Sequence[Handler], table: Effects) -> None:
        """These have regions of no size. Such a region may be behind an instruction in the region around it, or in a
        region around that one, which begins there, too."""
        regions = self.regions
        at = unraised.by_depth(self.old, handlers, table)
        depths = {handler.target: handler.depth for handler in handlers}
        for handler in handlers:
            if handler.start != handler.end:
                continue
            around = regions.around[handler.target]
            while True:
                fitting = [index for index in at.get(handler.depth, ()) if self.innermost[index] == around]
                self.lost.setdefault(handler.target, []).append((around, fitting))
                if around is None or depths[around] != handler.depth or regions.setups[around] != "SETUP_FINALLY":
                    break
                around = regions.around[around]

    def _begin_and_end(self, handler: str) -> None:
        """An empty region for a handler, and for those around it that are not there."""
        at = self.regions.labels[handler]
        for around, fitting in self.lost[handler]:
            kept = [i for i in fitting if i < at and self.edits.get(i, [self.old[i]])[-1:] == [self.old[i]]]
            index = unraised.place(self.old, at, kept)
            if index is not None:
                parts = self.edits.get(index, [self.old[index]])
                self.edits[index] = [*parts, *self._change(around, handler), *self._change(handler, around)]
                return
