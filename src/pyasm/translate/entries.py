"""Where the entries of the stack come from: one walk over a body in any state of translation.

Each entry has an *identity*, the index of the instruction that left it on top of the stack, and a *start*, the index of
the first instruction of the expression that made it. Passes that look for an entry (the callable of a call, the
annotations of a function) are subclasses: they watch some instructions and let the walk do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Instruction
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.edit import opcode, places
from pyasm.translate.effects import number
from pyasm.typed import Any, NamedTuple

Watcher = Callable[[Any, int, Any], None]

PUSH, CHANGE, POP, WATCHED, MARK, JOIN, TWO, COUNTED, TEST, NOTHING, PLAIN, GOTO, END, OTHER = range(14)
"""Kinds of instructions, those that are easiest to follow first."""
_JOINED = 1 << 40
_UNKNOWN = 100
"""So many entries are assumed where code begins that no path comes to."""
MIXED = -1
"""The identity of an entry that is not on top of what an instruction leaves, or comes from several places."""


class Row(NamedTuple):
    """What an instruction does to the entries; the counts are numbers, or functions of the operand."""

    kind: int
    pops: Any
    pushes: Any
    reads: Any
    """Entries below those that it drops, which stay but must be where they are."""
    jump_pops: Any = 0
    jump_pushes: Any = 0
    goes_on: bool = True
    names_label: bool = False
    counts: Any = None
    """Of a counted one: operand -> entries dropped and pushed."""


class _Counts(dict[int, tuple[int, int]]):
    """Filled when an operand first comes up."""

    def __init__(self, pops: Any, pushes: Any) -> None:
        self.pops, self.pushes = pops, pushes

    def __missing__(self, n: int) -> tuple[int, int]:
        pops, pushes = self.pops, self.pushes
        found = pops(n) if callable(pops) else pops, pushes(n) if callable(pushes) else pushes
        self[n] = found
        return found


@cache
def rows(dialect: str) -> dict[str, Row]:
    """Mnemonic -> row, for a body between this dialect and the portable one; the native meaning counts first."""
    found = {}
    for table in (isa.load(isa.PORTABLE), isa.load(dialect)):
        found.update({name: _row(row) for name, row in table.opcodes.items()})
    if isa.load(dialect).blocks == "table":
        found["SETUP_FINALLY"] = Row(OTHER, 0, 0, 0, 0, 1, True, True)
        found["SETUP_CLEANUP"] = Row(OTHER, 0, 0, 0, 0, 2, True, True)
        found["SETUP_WITH"] = Row(OTHER, 0, 0, 0, 1, 2, True, True)
        found["POP_BLOCK"] = Row(NOTHING, 0, 0, 0)
    return found


def _row(opcode: isa.Opcode) -> Row:
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
    names_label = opcode.operand in JUMPS
    goes_on = opcode.flow not in ("jump", "return", "raise")
    kind = OTHER
    if goes_on and reads == 0:
        if callable(pops) or callable(pushes):
            kind = OTHER if names_label else COUNTED
        elif not names_label:
            kind = _KINDS.get((pops, pushes), PLAIN)
        elif (pops, pushes, jump_pops, jump_pushes) == (1, 0, 1, 0):
            kind = TEST
    elif not goes_on and not reads and not callable(pops):
        if not names_label:
            kind = END
        elif (pops, pushes, jump_pops, jump_pushes) == (0, 0, 0, 0):
            kind = GOTO
    return Row(kind, pops, pushes, reads, jump_pops, jump_pushes, goes_on, names_label, _Counts(pops, pushes))


_KINDS = {(0, 1): PUSH, (1, 0): POP, (1, 1): CHANGE, (2, 1): JOIN, (1, 2): TWO, (0, 0): NOTHING}


@cache
def _kinds(dialect: str, watched: frozenset[str]) -> dict[str, int]:
    """Mnemonic -> kind, for a walk that watches some."""
    found = {name: row[0] for name, row in rows(dialect).items()}
    return {**found, "LOAD_ATTR": CHANGE, **dict.fromkeys(watched, WATCHED), LABEL: MARK}


def _count(tokens: Sequence[str]) -> Any:
    """The number of entries that these stand for, a function of the operand when it depends on that."""
    conditional = any("[" in token for token in tokens)
    return isa.effects(" ".join(tokens) + " --").pops if conditional else len(tokens)


def _permuted(op: str, arg: Any) -> tuple[int, Callable[[list[Any]], list[Any]]] | None:
    """For an instruction that only changes the order of the top entries: how many, and their new order."""
    if op == "SWAP":
        return arg, lambda top: [top[-1], *top[1:-1], top[0]] if len(top) > 1 else top
    count = arg if op == "ROT_N" else {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}[op]
    return count, lambda top: [top[-1], *top[:-1]]


PERMUTING = ("SWAP", "ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N")


_NO_ENTRIES: tuple[list[int], list[int]] = ([], [])
"""Of a label; nobody changes it."""


class Watch:
    """What a walk watches: mnemonic -> function."""

    def __init__(self, functions: Mapping[str, Watcher], **more: Watcher) -> None:
        self.functions = {**functions, **more}
        self.names = frozenset(self.functions)

    def and_also(self, **more: Watcher) -> Watch:
        """More, or other functions."""
        return Watch(self.functions, **more)


class Walk:
    """A walk over a body. Afterwards `bad` has entries that instructions find by counting from the top, `used` those
    that lived on several paths and were consumed, by other instructions than the watched ones.

    A watching function gets the walk, the index and the operand, and changes `ids` and `starts` itself.
    """

    def __init__(self, body: list[Instruction], dialect: isa.Dialect) -> None:
        self.body = body
        self.ops = list(map(opcode, body))
        self.rows = rows(dialect.name)
        self.kinds = list(map(_kinds(dialect.name, self.watch.names).__getitem__, self.ops))
        self.ids: list[int] = []
        self.starts: list[int] = []
        self.bad: set[int] = set()
        self.shared: set[int] = set()
        self.used: dict[int, int] = {}
        self.forked: dict[int, int] = {}
        self.tests: dict[int, int] = {}
        self.joins: dict[int, list[int]] = {}
        self._saved: dict[Any, tuple[list[int], list[int]]] = {}
        self._seen: set[Any] = set()
        self._late: list[Any] = []
        self._places: dict[Any, int] | None = None
        self._covered: dict[int, int] = {}
        self._unreached: list[tuple[int, int]] = []
        self._lost = False

    @property
    def places(self) -> dict[Any, int]:
        """Name of each label -> its index."""
        if self._places is None:
            self._places = places(self.body, self.ops)
        return self._places

    def run(self) -> None:
        """Walk every instruction once, mostly in the order in which they stand; what no path comes to at the end."""
        self._sweep(0, True)
        if len(self._saved) > len(self._seen):
            self._late += [name for name in self._saved if name not in self._seen]
            self._walk_late()
        for begin, end in self._unreached:
            self._lost = True
            while begin < end:
                if begin not in self._covered:
                    self.ids[:], self.starts[:] = [MIXED] * _UNKNOWN, [~begin] * _UNKNOWN
                    self._covered[begin] = self._sweep(begin, False)
                    self._walk_late()
                begin = self._covered[begin]

    def _walk_late(self) -> None:
        """From labels that only code behind them jumps to."""
        while self._late:
            name = self._late.pop()
            if name not in self._seen and name in self.places:
                self.ids[:], self.starts[:] = self._saved[name]
                index = self.places[name]
                self._covered[index] = self._sweep(index, False)

    def _sweep(self, begin: int, first: bool) -> int:  # noqa: C901  # one loop, for speed
        """Walk straight on, past what is not reached yet if it is the first time; the index where it ends."""
        body, ops, kinds, ids, starts, shared = self.body, self.ops, self.kinds, self.ids, self.starts, self.shared
        watch = self.watch.functions
        size = len(body)
        index = begin
        while index < size:
            begun = index
            for index in range(begun, size):
                kind = kinds[index]
                if kind == PUSH:
                    ids.append(index)
                    starts.append(index)
                elif kind == CHANGE:
                    if ids[-1] in shared:
                        self.note(index, ids[-1], starts[-1])
                    ids[-1] = index
                elif kind == POP:
                    entry = ids.pop()
                    start = starts.pop()
                    if entry in shared:
                        self.note(index, entry, start)
                elif kind == WATCHED:
                    watch[ops[index]](self, index, body[index][1])
                elif kind == MARK:
                    name = body[index][1]
                    if name in self._seen:
                        if not self._lost:
                            self._check_late(name, index, ids)
                        return max(index, begin + 1)
                    self._at_label(name, index, True)
                elif kind == JOIN:
                    if ids[-1] in shared or ids[-2] in shared:
                        self.replace(index, 2, 1)
                    else:
                        del ids[-1], starts[-1]
                        ids[-1] = index
                elif kind == TWO:
                    if ids[-1] in shared:
                        self.note(index, ids[-1], starts[-1])
                    ids[-1] = -2 - index
                    ids.append(index)
                    starts.append(~index)
                elif kind == COUNTED:
                    arg = body[index][1]
                    counts = self.rows[ops[index]][8]
                    self.replace(index, *counts[arg if type(arg) is int else number(arg)])
                elif kind == TEST:
                    self._test(index, body[index][1], first)
                elif kind != NOTHING and not self._rest(index, kind, first):
                    break
            else:
                return size
            if not first:
                return index + 1
            index = self._skip(index + 1)
        return size

    def _rest(self, index: int, kind: int, first: bool) -> bool:
        """The rarer kinds; does execution go on behind it?"""
        op, arg, _ = self.body[index]
        row = self.rows[op]
        if kind == PLAIN:
            self.replace(index, row[1], row[2])
            return True
        if kind == GOTO:
            self._jump(arg, self.ids[:], self.starts[:], first)
        elif kind == END:
            if self.shared:
                self.replace(index, row[1], 0)
        else:
            return self._other(index, arg, row, first)
        return False

    def _skip(self, begin: int) -> int:
        """Past what is not reached yet, to the next label that is; the index behind it."""
        ops, size = self.ops, len(self.ops)
        index = begin
        while index < size and not (ops[index] == LABEL and self._at_label(self.body[index][1], index, False)):
            index += 1
        if begin < index:
            self._unreached.append((begin, index))
        return index + 1

    def _test(self, index: int, name: Any, first: bool) -> None:
        """A jump that drops what it tests."""
        ids, starts = self.ids, self.starts
        entry = ids.pop()
        start = self.tests[index] = starts.pop()
        if entry in self.shared:
            self.note(index, entry, start)
        if ids or name in self._saved:
            self._jump(name, ids[:], starts[:], first)
        else:
            self._saved[name] = _NO_ENTRIES
            if not first:
                self._late.append(name)

    def replace(self, index: int, pops: int, pushes: int) -> None:
        """Drop entries and push those of this instruction."""
        ids, starts = self.ids, self.starts
        start = index
        if pops:
            start = starts[-pops]
            if self.shared and not self.shared.isdisjoint(ids[-pops:]):
                for entry, its in zip(ids[-pops:], starts[-pops:]):
                    if entry in self.shared:
                        self.note(index, entry, its)
            del ids[-pops:], starts[-pops:]
        if pushes == 1:
            ids.append(index)
            starts.append(start)
        elif pushes:
            ids += [MIXED] * (pushes - 2) + [-2 - index, index]
            starts += [start] + [~index] * (pushes - 1)

    def note(self, index: int, entry: int, start: int) -> None:
        """An entry that several paths have is consumed here."""
        if entry != MIXED and self.used.setdefault(entry, index) != index:
            self.forked[start] = min(entry, self.forked.get(start, entry))

    def _other(self, index: int, arg: Any, row: Row, first: bool) -> bool:
        """Any instruction; does execution go on behind it?"""
        ids, starts = self.ids, self.starts
        _, pops, pushes, reads, jump_pops, jump_pushes, goes_on, names_label, _ = row
        if reads or callable(pops) or callable(pushes):
            number = arg if type(arg) is int else arg[1] if type(arg) is tuple and len(arg) == 2 else 0
            pops, pushes, reads, jump_pops, jump_pushes = [n(number) if callable(n) else n for n in row[1:6]]
        if reads:
            top = len(ids) - pops
            self.bad.update(ids[top - reads : top])
            for place in range(max(0, top - reads + 1), top):
                if starts[place] >= 0:
                    starts[place] = ~starts[place]
        if names_label:
            if pops:
                self.tests[index] = starts[-1]
            there, from_there = ids[: len(ids) - jump_pops], starts[: len(ids) - jump_pops]
            if jump_pushes:
                target = self.places[arg]
                from_there += [starts[len(there)] if jump_pops else ~index] + [~target] * (jump_pushes - 1)
                there += [MIXED] * (jump_pushes - 1) + [target]
            self._jump(arg, there, from_there, first)
        if pops or pushes:
            self.replace(index, pops, pushes)
        if reads and pushes:  # copies of what is there: no expression makes them
            starts[-pushes:] = [~index] * pushes
        return goes_on

    def permute(self, index: int, arg: Any) -> None:
        """Another order of the top entries."""
        found = _permuted(self.body[index][0], arg)
        if found is not None and found[0] > 1:
            count, order = found
            ids, starts = self.ids, self.starts
            self.bad.update(ids[-count:])
            ids[-count:] = order(ids[-count:])
            starts[-count:] = order([start if start < 0 else ~start for start in starts[-count:]])

    def _jump(self, name: Any, ids: list[int], starts: list[int], first: bool) -> None:
        """Take these entries, which become the label's, to a label."""
        if ids:
            self.shared.update(ids)
        known = self._saved.get(name)
        if known is None:
            self._saved[name] = (ids, starts)
            if not first:
                self._late.append(name)
        elif known[0] != ids:
            if name not in self._seen:
                self._join(self.places[name], known, ids, starts)
            elif not self._lost:
                self._check_late(name, self.places[name], ids)

    def _at_label(self, name: Any, index: int, live: bool) -> bool:
        known = self._saved.get(name)
        ids, starts = self.ids, self.starts
        if live and not ids and (known is None or not known[0]):
            self._seen.add(name)
            self._saved[name] = _NO_ENTRIES
            return True
        if known is None:
            if not live:
                return False
        elif not live:
            ids[:], starts[:] = known
        elif known[0] != ids:
            self.shared.update(ids)
            self._join(index, known, ids, starts)
            ids[:], starts[:] = known
        self._seen.add(name)
        self._saved[name] = (ids[:], starts[:])
        return True

    def _join(self, target: int, known: tuple[list[int], list[int]], ids: list[int], starts: list[int]) -> None:
        """Two paths come to a label: put into `known` what is true of both."""
        old, begins = known
        last = len(old) - 1
        for place, (one, other) in enumerate(zip(old, ids)):
            if one == other:
                continue
            self.joined(one, other)
            if place == last:
                old[place] = target
                if one != target:
                    self.joins[target] = [begins[place]]
                    begins[place] = -_JOINED - target
                self.joins.setdefault(target, []).append(starts[place])
            else:
                self.bad.update((one, other))
                old[place] = MIXED
                begins[place] = ~target

    def joined(self, one: int, other: int) -> None:
        """Two paths come to a label with different entries at one place; for subclasses that want to know."""

    def _check_late(self, name: Any, target: int, ids: list[int]) -> None:
        """A path comes to a label that was walked before: it must have the same entries."""
        old = self._saved[name][0]
        if old != ids:
            for one, other in zip(old, ids):
                if one not in (other, target):
                    self.bad.update((one, other))

    def start_of(self, start: int) -> int | None:
        """The index of a start; None when the expression is not one piece of code."""
        if start >= 0:
            return start
        if start > -_JOINED:
            return None
        label = -_JOINED - start
        begins = [self.start_of(each) for each in self.joins[label]]
        if None in begins:
            return None
        first = self._with_tests(min(each for each in begins if each is not None), label)
        return first if first is not None and self._entered_at(first, label) else None

    def _with_tests(self, begin: int, label: int) -> int | None:
        """The start of a conditional expression, its tests included, from that of its first branch."""
        while True:
            before = begin - 1
            while before >= 0 and self.body[before][0] == LABEL:
                before -= 1
            if before not in self.tests or not begin - 1 <= self.places[self.body[before][1]] <= label:
                return begin
            found = self.start_of(self.tests[before])
            if found is None:
                return None
            begin = found

    def _entered_at(self, begin: int, end: int) -> bool:
        """Does every path into these instructions come from before them, and leave behind them?"""
        for index, (op, arg, _) in enumerate(self.body):
            row = self.rows.get(op)
            if row is not None and row.names_label:
                target = self.places[arg]
                if (begin <= index < end) != (begin < target <= end):
                    return False
        return True

    watch = Watch(dict.fromkeys(PERMUTING, permute))
