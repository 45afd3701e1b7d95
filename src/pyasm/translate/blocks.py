"""blocks: the exception table of 3.11 and later, and CPython's own pseudo instructions for it.

    SETUP_FINALLY L   from here on an exception goes to L, with [exc] above the stack as it is here
    SETUP_CLEANUP L   the same with [lasti, exc]
    SETUP_WITH L      the same with [lasti, exc] in place of the top entry
    POP_BLOCK         until here; the regions nest

A position on one of them is that of the NOP which the compiler leaves where nothing else stands for the line.

The handler of a region names the region: the entries of a table that go to one handler are the same region in pieces,
and the region around it is the one in which its handler is entered. So where execution goes on, the innermost handler
tells all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Code, Handler, Instruction, Position
from pyasm.errors import Finding, TargetError
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate import unraised
from pyasm.translate.edit import Labels, instruction, opcode, places, rewrite, where
from pyasm.translate.effects import Effects, effects, number
from pyasm.translate.flow import reached
from pyasm.typed import Any

_NOPS = frozenset({"NOP"})
SETUPS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})
PSEUDO = SETUPS | {"POP_BLOCK"}
_NOTHING = PSEUDO | {LABEL, "NOT_TAKEN"}
_SKIPPED = _NOTHING | {"NOP"}
_POP_BLOCK = instruction("POP_BLOCK")
_ENDS = frozenset({"jump", "return", "raise"})
BEGIN, EMPTY = "block", "empty"
"""The stems of labels to which nothing jumps: a basic block begins there; and before that is one without instructions,
behind which some compilers look no further."""
BARE, HELD, SLOT = "bare", "held", "slot"
"""The stems of labels for jumps and NOPs that are in no region of the table, for jumps that are in one, against the
rule, and for those whose NOT_TAKEN is against the rule."""
LEFT = "left"
"""Of a NOT_TAKEN: it is in the region that was left before its jump."""
_QUIET = "JUMP_BACKWARD_NO_INTERRUPT"


def lift(code: Code, dialect: isa.Dialect) -> None:
    """From the table to instructions; the code has no `handlers` afterwards."""
    if code.handlers:
        lost = unraised.add_entries(code, effects(dialect.name))
        regions = _Regions(code)
        _fill(code.body, regions, dialect)
        inserter = _Inserter(code.body, regions, dialect)
        if lost:
            inserter.unraised(code.handlers, effects(dialect.name))
        code.body = inserter.body()
        code.handlers = []


def lower(code: Code, dialect: isa.Dialect) -> None:
    """From the instructions to the table."""
    if dialect.blocks != "table" or PSEUDO.isdisjoint(map(opcode, code.body)):
        return
    walk = _Walk(code, effects(dialect.name))
    _uncover(code.body, walk.ops, walk.innermost, dialect)
    code.body, code.handlers = _table(code.body, walk, dialect)


class _Regions:
    """What the table of a code says: the innermost handler of each instruction; their kinds, and those around."""

    def __init__(self, code: Code) -> None:
        body = code.body
        self.ops = list(map(opcode, body))
        self.labels = places(body, self.ops)
        self.innermost: list[Any] = [None] * (len(body) + 1)
        self.setups: dict[str, str] = {}
        """Handler -> the instruction that begins its region."""
        for start, end, target, _, lasti in code.handlers:
            first, last = self.labels[start], self.labels[end]
            self.innermost[first:last] = [target] * (last - first)
            if target not in self.setups:
                self.setups[target] = self._setup(body, target, lasti)
        self.around: dict[Any, Any] = {}
        """Handler -> that of the region in which it is entered."""
        self.begun: set[int] = set()
        """Indexes of the NOPs that SETUPs have left: they are in no region."""
        self.marked: dict[int, str] = {}
        """Indexes of jumps of which nothing else tells that they are in a region or in none -> BARE or HELD."""
        self.taken: list[bool | str | None] = []
        """Of each NOT_TAKEN: was it in no region? None where its jump is in none either, LEFT where only that is."""
        for target in self.setups:
            self.around[target] = self._around(body, target)
        for target in self.setups:
            self._nests(target)

    def _setup(self, body: Sequence[Instruction], target: str, lasti: bool) -> str:
        if not lasti:
            return "SETUP_FINALLY"
        first = self.first(body, self.labels[target])
        called = [each[0] for each in body[first : first + 2]]
        return "SETUP_WITH" if called == ["PUSH_EXC_INFO", "WITH_EXCEPT_START"] else "SETUP_CLEANUP"

    def first(self, body: Sequence[Instruction], index: int) -> int:
        """Index of the first instruction from there on that is no label."""
        while index < len(body) and body[index][0] == LABEL:
            index += 1
        return index

    def _around(self, body: Sequence[Instruction], target: str) -> Any:
        """A handler that begins with PUSH_EXC_INFO sets up its cleanup there."""
        first = self.first(body, self.labels[target])
        around = self.innermost[first]
        if around is None or body[first][0] != "PUSH_EXC_INFO":
            return around
        cleanup = self.first(body, self.labels[around])
        return self.innermost[cleanup] if self.innermost[cleanup] != around else None

    def _nests(self, target: str) -> None:
        """TargetError when a region is around itself."""
        passed = set()
        handler: Any = target
        while handler is not None:
            if handler in passed:
                raise TargetError(Finding("the regions of the exception table do not nest", f"handler {target}"))
            passed.add(handler)
            handler = self.around[handler]

    def chain(self, handler: Any) -> list[Any]:
        """A handler and those around it, outwards."""
        chain = []
        while handler is not None:
            chain.append(handler)
            handler = self.around[handler]
        return chain


class _Facts:
    """Sets of instructions of a dialect: jumps; those with a condition, too; what does not go on; what names a label;
    what goes to one."""

    def __init__(self, dialect: isa.Dialect) -> None:
        rows = dialect.opcodes.values()
        naming = [row for row in rows if row.operand in JUMPS]
        self.jumps = frozenset(row.name for row in rows if row.flow == "jump")
        self.leaping = frozenset(r.name for r in rows if r.flow in ("jump", "branch") and "JUMP" in r.name)
        self.ends = frozenset(row.name for row in rows if row.flow in _ENDS)
        self.naming = SETUPS.union(row.name for row in naming)
        self.branching = frozenset(row.name for row in naming if row.flow != "next")


@cache
def _facts(dialect_name: str) -> _Facts:
    return _Facts(isa.load(dialect_name))


class _Inserter:
    """Puts the instructions where the innermost handler changes: between neighbours, and in front of the targets of
    jumps, each kind of which gets a label of its own there."""

    def __init__(self, old: list[Instruction], regions: _Regions, dialect: isa.Dialect) -> None:
        self.old = old
        self.regions = regions
        self.dialect = dialect
        facts = _facts(dialect.name)
        self.ends, self.naming, self.jumps = facts.ends, facts.naming, facts.branching
        self.new_label = Labels(old, taken=regions.labels).new
        self.entries: dict[str, str] = {}
        """Handler -> the label where its region's SETUP sends to, when that is another."""
        self.stubs: dict[int, dict[Any, str]] = {}
        """Index of the first instruction at a label -> innermost handler of those that come -> the label for them."""
        self.named: set[str] = set(regions.around)
        """The labels that something goes to."""
        self.edits: dict[int, list[Instruction]] = {}
        self.lost: dict[str, list[tuple[Any, list[int]]]] = {}
        """Handlers of regions of no size -> the places that such a region may have, by the region around them."""

    def body(self) -> list[Instruction]:
        """The new body. The labels that only the table named are gone."""
        self._find_stubs()
        self._walk()
        self._mark_nops()
        for handler in self.lost:
            self._begin_and_end(handler)
        marks = [self._mark(index, stem) for index, stem in self.regions.marked.items()]
        new = rewrite(self.old, self.edits)
        new = self._with_labels(new, marks)
        ops = list(map(opcode, new))
        used = {new[index][1] for index in where(ops, self.naming)}
        labels = places(new, ops).items()
        new = rewrite(new, {i: () for name, i in labels if name not in used and not name.startswith(BARE)})
        return self._with_labels(new, self._mark_taken(new)) if self.regions.taken else new

    def unraised(self, handlers: Sequence[Handler], table: Effects) -> None:
        """These have regions of no size. Such a region may be behind an instruction in the region around it, or in a
        region around that one, which begins there, too."""
        regions, old = self.regions, self.old
        at = unraised.by_depth(old, handlers, table)
        depths = {handler.target: handler.depth for handler in handlers}
        for handler in handlers:
            if handler.start != handler.end:
                continue
            around = regions.around[handler.target]
            while True:
                fitting = [index for index in at.get(handler.depth, ()) if regions.innermost[index] == around]
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

    def _with_labels(self, body: list[Instruction], marks: Sequence[tuple[str, str]]) -> list[Instruction]:
        """Each new label beside an old one."""
        if not marks:
            return body
        beside: dict[Any, list[Instruction]] = {}
        for name, target in marks:
            beside.setdefault(target, []).append(instruction(LABEL, name))
        at = places(body)
        return rewrite(body, {at[old]: [*new, body[at[old]]] for old, new in beside.items()})

    def _mark_taken(self, body: list[Instruction]) -> list[tuple[str, str]]:
        """Jumps whose NOT_TAKEN is in no region, or is in one, against the rule get labels of their own."""
        marks = []
        added = {index for index, _ in _added(body, self.dialect)}
        taken = iter(self.regions.taken)
        before = 0
        for index, each in enumerate(body):
            if each[0] == "NOT_TAKEN" and body[before][0] == "END_SEND":
                continue
            if each[0] == "NOT_TAKEN":
                op, target, position = body[before]
                wrong = next(taken) not in (None, index in added)
                if wrong and op.startswith("POP_JUMP") and not target.startswith((BARE, HELD)):
                    name = f"{SLOT}{self.new_label()[1:]}"
                    body[before] = instruction(op, name, position)
                    marks.append((name, target))
            elif each[0] != LABEL and each[0] not in PSEUDO:
                before = index
        return marks

    def _mark_nops(self) -> None:
        """A label in front of each NOP in no region whose position no other instruction has taken over."""
        for index in self.regions.begun:
            parts = self.edits.get(index, [self.old[index]])
            if parts and parts[-1][0] == "NOP" and self.regions.innermost[index] is not None:
                label = instruction(LABEL, f"{BARE}{self.new_label()[1:]}")
                self.edits[index] = [*parts[:-1], label, parts[-1]]

    def _mark(self, index: int, stem: str) -> tuple[str, str]:
        """A label of its own for a jump, and the one beside which it goes."""
        [(op, target, position)] = self.edits.get(index, [self.old[index]])
        name = f"{stem}{self.new_label()[1:]}"
        self.edits[index] = [instruction(op, name, position)]
        return name, target

    def _find_stubs(self) -> None:
        regions, old = self.regions, self.old
        innermost, labels = regions.innermost, regions.labels
        for handler, around in regions.around.items():
            first = regions.first(old, labels[handler])
            if innermost[first] != around:
                self.entries[handler] = self._stub(first, around)
        for index in where(regions.ops, self.jumps):
            op, arg, position = old[index]
            self.named.add(arg)
            first = regions.first(old, labels[arg])
            if innermost[first] != innermost[index]:
                self.edits[index] = [instruction(op, self._stub(first, innermost[index]), position)]

    def _stub(self, first: int, coming: Any) -> str:
        stubs = self.stubs.setdefault(first, {})
        if coming not in stubs:
            stubs[coming] = self.new_label()
        return stubs[coming]

    def _walk(self) -> None:
        """Insert what the way from each instruction to the one behind it needs."""
        innermost = self.regions.innermost
        coming: Any = None
        alive = True
        at = -1  # index of the first label in front of the instruction
        for index, op in enumerate(self.regions.ops):
            if op == LABEL:
                at = index if at < 0 else at
                continue
            inner = innermost[index]
            if coming != inner or index in self.stubs:
                self._arrive(index, at if at >= 0 else index, coming, alive)
            coming, at = inner, -1
            alive = op not in self.ends
            if not alive:
                coming = None

    def _arrive(self, index: int, at: int, coming: Any, alive: bool) -> None:
        """At an instruction with other ways to it: that of the one before it, and stubs for jumps."""
        inner = self.regions.innermost[index]
        stubs = self.stubs.get(index, {})
        parts: list[Instruction] = []
        others = [(handler, label) for handler, label in stubs.items() if not alive or handler != coming]
        entered = alive or any(each[1] in self.named for each in self.old[at:index])
        if coming != inner and (alive or not entered):
            if alive and coming in stubs:
                parts.append(instruction(LABEL, stubs[coming]))
            parts += self._change(coming, inner)
        elif coming in stubs and alive:
            parts.append(instruction(LABEL, stubs[coming]))
        for handler, label in others:
            if alive:
                parts.append(instruction("JUMP_FORWARD", self._landing(index, at)))
            parts.append(instruction(LABEL, label))
            parts += self._change(handler, inner)
            alive = True
        parts = self._fold(index, at, parts)
        self.edits[at] = parts + self.edits.get(at, [self.old[at]])

    def _landing(self, index: int, at: int) -> str:
        name: str = self.old[at][1]  # a stub is only where a label is
        return name

    def _change(self, before: Any, after: Any) -> list[Instruction]:
        """From being in the region of one handler to being in that of another."""
        regions = self.regions
        left, entered = regions.chain(before), regions.chain(after)
        while left and entered and left[-1] == entered[-1]:
            left.pop()
            entered.pop()
        begins = [instruction(regions.setups[each], self.entries.get(each, each)) for each in reversed(entered)]
        return [_POP_BLOCK] * len(left) + begins

    def _fold(self, index: int, at: int, parts: list[Instruction]) -> list[Instruction]:
        """The position of a NOP goes to the instruction that left it: in front of SETUPs, behind a POP_BLOCK."""
        jumped = any(each[1] in self.named for each in self.old[at:index])
        if not jumped and self._leaves(index, parts):
            self.edits[index] = []
            parts[-1] = instruction("POP_BLOCK", None, self.old[index][2])
            return parts
        first = at
        while first and (first - 1 in self.regions.begun or self._alone(first - 1)) and first - 1 not in self.edits:
            first -= 1
        setups = [i for i, each in enumerate(parts) if each[0] in SETUPS]
        met = next((i for i, each in enumerate(parts) if each[0] == LABEL), len(parts))
        if setups and first < at and met < setups[0]:  # jumps come behind the NOP
            if met and all(each[0] == "POP_BLOCK" for each in parts[:met]):
                self.edits[at - 1] = []
                parts[met - 1] = instruction("POP_BLOCK", None, self.old[at - 1][2])
            return parts
        for i, place in zip(setups, range(max(first, at - len(setups)), at)):
            self.edits[place] = []
            op, arg, _ = parts[i]
            parts[i] = instruction(op, arg, self.old[place][2])
        return parts

    def _leaves(self, index: int, parts: Sequence[Instruction]) -> bool:
        """Is this the NOP of a POP_BLOCK, the last of the parts?"""
        if index not in self.regions.begun or not parts or any(each != _POP_BLOCK for each in parts):
            return False
        after = _behind(self.old, index, self.regions.innermost)
        return after == self.regions.innermost[index] or self.old[index][2] == self.old[index - 1][2]

    def _alone(self, index: int) -> bool:
        """Is it a NOP in no region?"""
        return self.old[index][0] == "NOP" and self.regions.innermost[index] is None


def _fill(body: Sequence[Instruction], regions: _Regions, dialect: isa.Dialect) -> None:
    """Put what the compiler has in no region where it belongs: what it adds late, and the NOP that a SETUP leaves."""
    innermost = regions.innermost
    if dialect.uncovered != "none":
        if dialect.uncovered == "slots":
            _fill_taken(body, regions)
        for index, before in _added(body, dialect):
            if innermost[index] is None:
                innermost[index] = innermost[before]
            elif dialect.opcodes[body[index][0]].flow == "jump":
                regions.marked[index] = HELD
    _fill_bare(body, regions, dialect)
    _fill_begun(body, regions, dialect)


def _fill_taken(body: Sequence[Instruction], regions: _Regions) -> None:
    """Put each NOT_TAKEN where its jump is, and note in which of them this changes something."""
    innermost = regions.innermost
    before = 0
    for index, each in enumerate(body):
        if each[0] == "NOT_TAKEN" and body[before][0] != "END_SEND":  # that of an async for is as any other
            covered, alone = innermost[before] is not None, innermost[index] is not None
            regions.taken.append(not alone if covered else LEFT if alone else None)
            innermost[index] = innermost[before]
        elif each[0] != LABEL:
            before = index


def _fill_bare(body: Sequence[Instruction], regions: _Regions, dialect: isa.Dialect) -> None:
    """Other jumps in no region, from and to places in one: they get a label of their own, whose name tells it."""
    innermost = regions.innermost
    facts = _facts(dialect.name)
    for index in where(regions.ops, facts.leaping):
        op, arg, _ = body[index]
        if innermost[index] is None:
            target = innermost[regions.first(body, regions.labels[arg])]
            last = _last_real(body, index)
            goes_on = last >= 0 and body[last][0] not in facts.ends
            before = innermost[last] if goes_on else target
            if op not in facts.ends and (not goes_on or before != _behind(body, index, innermost)):
                continue  # a conditional one, but not between two instructions of one region
            if not set(regions.chain(before)).isdisjoint(regions.chain(target)):
                innermost[index] = before
                regions.marked[index] = BARE
                if op not in facts.ends:
                    _cover_taken(body, innermost, index)


def _cover_taken(body: Sequence[Instruction], innermost: list[Any], index: int) -> None:
    """Put the NOT_TAKEN of a conditional jump where the jump is."""
    behind = index + 1
    while body[behind][0] == LABEL:
        behind += 1
    if body[behind][0] == "NOT_TAKEN":
        innermost[behind] = innermost[index]


def _last_real(body: Sequence[Instruction], index: int) -> int:
    """Index of the last instruction in front of another that is no label, below zero if there is none."""
    index -= 1
    while index >= 0 and body[index][0] == LABEL:
        index -= 1
    return index


def _fill_begun(body: Sequence[Instruction], regions: _Regions, dialect: isa.Dialect) -> None:
    """A NOP that a SETUP leaves is in no region; it belongs to what is around both it and the region that begins."""
    innermost = regions.innermost
    ends = _facts(dialect.name).ends
    for index in where(regions.ops, _NOPS):
        if innermost[index] is None:
            after = _behind(body, index, innermost)
            last = _last_real(body, index)
            while last in regions.begun:
                last = _last_real(body, last)
            before = last if last >= 0 and body[last][0] not in ends else _jump_to(body, index)
            if before is not None:
                left, entered = regions.chain(innermost[before]), regions.chain(after)
                common = [each for each in entered if each in left]
                if len(common) < max(len(entered), len(left)):
                    innermost[index] = common[0] if common else None
                    regions.begun.add(index)


def _behind(body: Sequence[Instruction], index: int, innermost: Sequence[Any]) -> Any:
    """The innermost handler of the next instruction that is none of these NOPs."""
    while True:
        index += 1
        if index == len(body) or body[index][0] not in _SKIPPED or innermost[index] is not None:
            return innermost[index]


def _jump_to(body: Sequence[Instruction], index: int) -> int | None:
    """An instruction that names one of the labels in front of another."""
    names = set()
    while index and body[index - 1][0] == LABEL:
        index -= 1
        names.add(body[index][1])
    return next((i for i, (op, arg, _) in enumerate(body) if op != LABEL and type(arg) is str and arg in names), None)


def _uncover(body: Sequence[Instruction], ops: Sequence[str], innermost: list[Any], dialect: isa.Dialect) -> None:
    """The inverse of `_fill`."""
    if dialect.uncovered != "none":
        for index, _ in _added(body, dialect):
            arg = body[index][1]
            if type(arg) is not str or not arg.startswith(HELD):
                innermost[index] = None
    if dialect.uncovered == "slots":
        _leave_taken(body, innermost)
    for index in where(ops, _facts(dialect.name).leaping | {LABEL}):
        op, arg, _ = body[index]
        if type(arg) is str and arg.startswith(BARE):
            place = index + 1 if op == LABEL else index
            if body[place][0] == "NOP" or op != LABEL:
                innermost[place] = None


def _leave_taken(body: Sequence[Instruction], innermost: list[Any]) -> None:
    """Put a NOT_TAKEN against the rule whose jump is in no region into the one that was left before."""
    before = 0
    left = None
    for index, (op, _, _) in enumerate(body):
        if op == "NOT_TAKEN":
            if innermost[before] is None and str(body[before][1]).startswith(SLOT):
                innermost[index] = left
        elif op != LABEL:
            before = index
            left = innermost[index] if innermost[index] is not None else left


def _added(body: Sequence[Instruction], dialect: isa.Dialect) -> list[tuple[int, int]]:
    """The instructions that the compiler adds late, each with the one that comes before it.

    These are a jump back with a conditional one around it, in place of a conditional jump back; the jump out of a
    CLEANUP_THROW; that behind a branch, out of code that was moved to the end; and a NOT_TAKEN, when its block has no
    slot left of an instruction that the optimizer removed: it takes over what such a slot says.
    """
    found: list[tuple[int, int]] = []
    late = _late(dialect.name)
    ops = list(map(opcode, body))
    if late.adding.isdisjoint(ops):
        return found
    leaving = _Leaving(body, dialect)
    previous = branch = before_branch = 0
    fresh = True  # nothing was removed from this block
    telling, merging = late.telling, late.merging
    last_op = ""
    for index, op in enumerate(ops):
        if op not in telling and last_op not in merging:
            last_op = op
            previous = index
            continue
        _, arg, position = each = body[index]
        if op == LABEL:
            fresh = fresh or not arg.startswith((BEGIN, EMPTY))
        elif op in PSEUDO:
            fresh = fresh and position is not None
        elif op == "NOT_TAKEN":
            late_one = dialect.uncovered == "slots" and body[previous][0] != "END_SEND"
            if late_one and fresh != str(body[previous][1]).startswith(SLOT):
                found.append((index, previous))
            fresh = True
        else:
            if op in late.back:
                if body[previous][0] == "CLEANUP_THROW" or leaving(index, previous):
                    found.append((index, previous))
                elif dialect.uncovered == "throw":
                    pass
                elif previous == branch and body[branch][2] == position and _is_next(body, index + 1, body[branch][1]):
                    kept = dialect.uncovered == "jump" or _repeats(body, arg, position) or _tests_item(body, branch)
                    first = index if kept else branch
                    found += [(i, before_branch) for i in range(first, index + 1) if body[i][0] != LABEL]
                elif (
                    dialect.uncovered != "jump"
                    and body[previous][0] == "POP_TOP"
                    and _is_shortcut(body, index, previous)
                ):
                    found.append((index, previous))
            fresh = fresh and not late.removed(each, body[previous])
            if op in late.branches:
                branch, before_branch = index, previous
            previous = index
            last_op = op
    return found


def _tests_item(body: Sequence[Instruction], branch: int) -> bool:
    """Is the branch in a loop that does nothing but test each item, for any() or all()?"""
    return branch >= 2 and [each[0] for each in body[branch - 2 : branch]] == ["FOR_ITER", "TO_BOOL"]


def _is_shortcut(body: Sequence[Instruction], index: int, previous: int) -> bool:
    """Does a chained comparison in a comprehension jump back from where it drops its operand, in place of a jump to the
    jump back?"""
    _, label, position = body[index]
    if position == body[previous][2]:
        return False
    return any(each[0] == "JUMP_BACKWARD" and each[1] == label and each[2] == position for each in body[index + 1 :])


class _Leaving:
    """Finds the jumps that compilers put behind a branch where it went on, until it was moved to the end."""

    def __init__(self, body: Sequence[Instruction], dialect: isa.Dialect) -> None:
        self.body = body
        self.dialect = dialect
        self.late = _late(dialect.name)
        self.warm: Any = None

    def __call__(self, index: int, previous: int) -> bool:
        """Is the jump back at this index one of them? `previous` is the index of the instruction before it."""
        body, late = self.body, self.late
        op, _, position = body[previous]
        if op not in late.branches and op not in late.back and op != "END_ASYNC_FOR":
            return False
        jump, target, own = body[index]
        if (jump, own) not in ((_QUIET, position), ("JUMP_BACKWARD", Position())):
            return False
        if op in late.branches and _is_next(body, index + 1, body[previous][1]):
            return False  # the branch goes around it
        if self.warm is None:
            self.labels = places(body)
            self.warm = reached(body, effects(self.dialect.name))
        return not self.warm[index] and bool(self.warm[self.labels[target]])


def _repeats(body: Sequence[Instruction], label: str, position: Any) -> bool:
    """Does this jump back belong to the repeated test of a `while`? Then the first test is in front of its label."""
    index = next(i for i, each in enumerate(body) if each[0] == LABEL and each[1] == label)
    while index and body[index][0] in _NOTHING:
        index -= 1
    return body[index][0].startswith("POP_JUMP") and body[index][2] == position


class _Late:
    """The instructions of a dialect that tell where the compiler has added or removed others."""

    def __init__(self, dialect: isa.Dialect) -> None:
        rows = dialect.opcodes.values()
        self.back = frozenset(row.name for row in rows if row.flow == "jump" and row.operand == "backward")
        self.branches = frozenset(row.name for row in rows if row.name.startswith("POP_JUMP"))
        self.merged = frozenset(row.name for row in rows if row.operand == "locals" or "_NONE" in row.name)
        counts = dialect.uncovered == "slots"  # else it does not matter what was removed
        own = {"PUSH_EXC_INFO", "LOAD_GLOBAL", "COMPARE_OP", *self.merged} if counts else ()
        self.telling = frozenset({*self.back, *self.branches, *PSEUDO, LABEL, "NOT_TAKEN", *own})
        """What is not like all other instructions; those behind `merging` are not, either."""
        self.adding = self.back | ({"NOT_TAKEN"} if counts else set())
        """Among these are the ones that are added."""
        self.merging = frozenset({"LOAD_CONST", "IS_OP", "CONTAINS_OP"} if counts else ())

    def removed(self, each: Instruction, before: Instruction) -> bool:
        """Has the optimizer made this instruction, or the one before it, of several?"""
        op, arg, _ = each
        if op in self.merged or op == "PUSH_EXC_INFO":
            return True
        if op == "LOAD_GLOBAL":
            return bool(arg[1] & 1)
        if op == "COMPARE_OP":
            return type(arg) is str and arg.startswith("bool")
        if before[0] == "LOAD_CONST":
            return type(before[1]) in (tuple, frozenset) and op not in ("IMPORT_NAME", "CALL_KW")
        return before[0] in ("IS_OP", "CONTAINS_OP") and (op in self.branches or op == "UNARY_NOT")


@cache
def _late(dialect_name: str) -> _Late:
    return _Late(isa.load(dialect_name))


class _Block:
    """A region on the block stack: its handler, the region around it."""

    __slots__ = ("around", "handler")

    def __init__(self, handler: str, around: _Block | None) -> None:
        self.handler = handler
        self.around = around


class _Walk:
    """Every way through a body: the block of each instruction, and the depth at each handler."""

    def __init__(self, code: Code, table: Effects) -> None:
        self.code = code
        self.table = table
        body = code.body
        self.ops = list(map(opcode, body))
        self.labels = places(body, self.ops)
        self.innermost: list[Any] = [None] * len(body)
        """The block of each instruction."""
        self.seen = bytearray(len(body))
        self.states: dict[str, tuple[Any, int]] = {}
        self.blocks: dict[str, _Block] = {}
        self.depths: dict[str, tuple[int, bool]] = {}
        """Handler -> depth that is kept, and whether lasti comes above it."""
        self.pending: list[tuple[int, Any, int]] = [(0, None, 0)]
        self.reached = True
        self._follow_all()
        self.reached = False
        index = self.seen.find(0)
        while index >= 0:  # what no path reaches
            self.pending.append((index, None, self._needed(index)))
            self._follow_all()
            index = self.seen.find(0, index)

    def _needed(self, index: int) -> int:
        """The least depth at an instruction: what the first one from there on reads."""
        while index < len(self.code.body):
            op, arg, _ = self.code.body[index]
            if op != LABEL and op not in PSEUDO:
                needed: int = self.table.rows[op].pops(number(arg))
                return needed
            index += 1
        return 0

    def _follow_all(self) -> None:
        while self.pending:
            self._follow(*self.pending.pop())

    def _follow(self, index: int, block: Any, depth: int) -> None:
        body, ops, seen, innermost, plain = self.code.body, self.ops, self.seen, self.innermost, self.table.plain
        size = len(body)
        while index < size:
            op = ops[index]
            if op in plain:
                if seen[index]:
                    return
                seen[index] = 1
                innermost[index] = block
                depth += plain[op]
                index += 1
                continue
            arg = body[index][1]
            if op == LABEL:
                if not self._meets(arg, block, depth):
                    return
            elif seen[index]:
                return
            seen[index] = 1
            if op in PSEUDO:
                block = self._enter(op, arg, block, depth) if op in SETUPS else self._leave(index, block)
            innermost[index] = block
            if op != LABEL:
                following, jumped = self.table.step(op, arg, depth)
                if jumped is not None and op not in SETUPS:
                    self.pending.append((self.labels[arg], block, jumped))
                if following is None:
                    return
                depth = following
            index += 1

    def _meets(self, label: str, block: Any, depth: int) -> bool:
        """Is this the first time at the label? TargetError when it is reached with another block."""
        old = self.states.get(label)
        if old is None:
            self.states[label] = block, depth
            return True
        if old[0] is not block and self.reached:
            raise TargetError(
                Finding("it is reached inside of different blocks", f"{self.code.qualname}, label {label}")
            )
        return False

    def _enter(self, op: str, handler: str, block: Any, depth: int) -> _Block:
        if handler not in self.blocks:
            self.blocks[handler] = _Block(handler, block)
            kept = depth - 1 if op == "SETUP_WITH" else depth
            self.depths[handler] = kept, op != "SETUP_FINALLY"
            self.pending.append((self.labels[handler], block, kept + (1 if op == "SETUP_FINALLY" else 2)))
        return self.blocks[handler]

    def _leave(self, index: int, block: Any) -> Any:
        if block is None:
            raise TargetError(Finding("POP_BLOCK outside of a block", f"{self.code.qualname}, instruction {index}"))
        return block.around


def _table(body: list[Instruction], walk: _Walk, dialect: isa.Dialect) -> tuple[list[Instruction], list[Handler]]:
    """The body without the pseudo instructions, with labels around each region; the table."""
    jumps, innermost = _facts(dialect.name).jumps, walk.innermost
    new_label = Labels(body, taken=walk.labels).new
    new: list[Instruction] = []
    handlers: list[Handler] = []
    inside: Any = None
    start = ""
    for index, op in enumerate(walk.ops):
        each = body[index]
        if op == LABEL:
            new.append(each)
            continue
        if op in PSEUDO:
            if each[2] is None:
                continue
            each = instruction("NOP", None, each[2])
            block = None
        elif op in jumps and _is_next(body, index + 1, each[1]):
            continue
        else:
            block = innermost[index]
        if block is not inside:
            if inside is not None or block is not None:
                label = new_label()
                new.append(instruction(LABEL, label))
            if inside is not None:
                handlers.append(Handler(start, label, inside.handler, *walk.depths[inside.handler]))
            inside, start = block, label
        new.append(each)
    if inside is not None:
        end = new_label()
        new.append(instruction(LABEL, end))
        handlers.append(Handler(start, end, inside.handler, *walk.depths[inside.handler]))
    return new, handlers


def _is_next(body: Sequence[Instruction], index: int, label: str) -> bool:
    """Does nothing that is executed stand between here and the label?"""
    while index < len(body):
        op, arg, position = body[index]
        if op == LABEL:
            if arg == label:
                return True
        elif op not in PSEUDO or position is not None:
            return False
        index += 1
    return False
