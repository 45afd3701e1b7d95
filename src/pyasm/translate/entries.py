"""Where the entries of the stack come from: one walk over a body in any state of translation, along every path.

Each entry has an *identity*, the index of the instruction that left it on top of the stack, and a *start*, the index of
the first instruction of the expression that made it. Passes that look for an entry (the callable of a call, the
annotations of a function) watch some instructions and let the walk do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import Finding, TargetError, shown
from pyasm.native.units import LABEL
from pyasm.translate.edit import opcode, places
from pyasm.translate.effects import number
from pyasm.translate.rows import PERMUTING, TableRow, rows
from pyasm.typed import Any

Watcher = Callable[[int, Any], None]
"""Gets the index and the operand of a watched instruction."""

_JOINED = 1 << 40
_UNKNOWN = 100
"""So many entries are assumed where code begins that no path comes to, and more when they are needed."""
MIXED = -1
"""The identity of an entry that is not on top of what an instruction leaves, or comes from several places."""


def _permuted(op: str, arg: Any) -> tuple[int, Callable[[list[Any]], list[Any]]]:
    """For an instruction that only changes the order of the top entries: how many, and their new order."""
    if op == "SWAP":
        return arg, lambda top: [top[-1], *top[1:-1], top[0]] if len(top) > 1 else top
    count = arg if op == "ROT_N" else {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}[op]
    return count, lambda top: [top[-1], *top[:-1]]


_NOBODY: Mapping[str, Watcher] = {}
_NO_ENTRIES: tuple[list[int], list[int]] = ([], [])
"""Of a label; nobody changes it."""


class Walk:
    """A walk over a body. Afterwards `bad` has entries that instructions find by counting from the top, `used` those
    that lived on several paths and were consumed, by other instructions than the watched ones.
    """

    def __init__(self, code: Code, dialect: isa.Dialect, portable: frozenset[str] = frozenset()) -> None:
        self.code = code
        self.body = code.rows
        self.ops = list(map(opcode, code.rows))
        self.rows = rows(dialect.name, portable)
        self.watch: Mapping[str, Watcher] = {}
        self.looks: Mapping[str, Watcher] = {}
        self.ids: list[int] = []
        self.starts: list[int] = []
        self.bad: set[int] = set()
        self.shared: set[int] = set()
        self.used: dict[int, int] = {}
        self.forked: dict[int, int] = {}
        self.tests: dict[int, int] = {}
        self.guards: dict[int, int] = {}
        """Labels behind a comparison of a callable with what it should be -> what drops it when it is that."""
        self.joins: dict[int, list[int]] = {}
        self.places = places(self.body, self.ops)
        """Name of each label -> its index."""
        self._saved: dict[Any, tuple[list[int], list[int]]] = {}
        self._seen: set[Any] = set()
        self._late: list[Any] = []
        self._covered: dict[int, int] = {}
        self._unreached: list[tuple[int, int]] = []
        self._lost = False
        self._named: dict[Any, tuple[int, int]] | None = None

    def entry(self, index: int, above: int) -> int:
        """The identity of the entry below so many others, before the watched instruction."""
        return self.ids[-1 - above]

    def pair(self, index: int, above: int) -> tuple[int, int]:
        """The identities of such an entry and of that above it."""
        return self.ids[-1 - above], self.ids[-above]

    def start(self, entry: int, above: int) -> int:
        """The start of such an entry."""
        return self.starts[-1 - above]

    def take(self, index: int, callee: int, count: int, own: int = 1, start: int | None = None) -> None:
        """A call takes so many entries and its callable, `own` entries below them, and leaves one."""
        self.consume(index, count)
        starts = self.starts
        self.ids[-own:], starts[-own:] = [index], [starts[-own] if start is None else start]

    def reaches(self, above: int) -> bool:
        """Is there an entry below so many others?"""
        return len(self.ids) > above

    def holds(self, op: str, begin: int, end: int) -> bool:
        """Is there an entry that such an instruction left? What begins and ends here takes the top ones."""
        return op in self.ops and any(self.ops[n] == op for n in self.ids if n >= 0)

    def first(self, start: int) -> int:
        """The index of a start, below zero when it is none."""
        return start

    def is_test(self, index: int) -> bool:
        """Does an instruction jump if it finds something?"""
        return index in self.tests

    def is_mark(self, index: int) -> bool:
        """Is it a label that nothing jumps to?"""
        return self.ops[index] == LABEL and self.body[index][1] not in self._sources

    def lowest(self, count: int) -> int:
        """The least start of so many entries on top."""
        return min(each if each >= 0 else ~each for each in self.starts[-count:])

    def run(self, watch: Mapping[str, Watcher], looks: Mapping[str, Watcher] = _NOBODY) -> None:
        """Walk every instruction once, mostly in the order in which they stand; what no path comes to at the end.

        A watching function changes `ids` and `starts` itself, one that only looks does not. TargetError where there are
        fewer entries than needed.
        """
        self.watch, self.looks = watch, looks
        self._sweep(0, True)
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

    def _sweep(self, begin: int, first: bool) -> int:
        """Walk straight on, past what is not reached yet if it is the first time; the index where it ends."""
        body, watch, looks = self.body, self.watch, self.looks
        size = len(body)
        index = begin
        while index < size:
            op, arg, _ = body[index]
            if op == LABEL:
                if arg in self._seen:
                    if not self._lost:
                        self._check_late(arg, index, self.ids)
                    return max(index, begin + 1)
                self._at_label(arg, index, True)
                goes_on = True
            else:
                self._need(index, op, arg)
                if op in watch:
                    watch[op](index, arg)
                    goes_on = True
                else:
                    if op in looks:
                        looks[op](index, arg)
                    goes_on = self._step(index, op, arg, first)
            index += 1
            if not goes_on:
                if not first:
                    return index
                index = self._skip(index)
        return size

    def _need(self, index: int, op: str, arg: Any) -> None:
        """There must be as many entries as the instruction finds. Code that no path comes to may have any number that
        a stack can have."""
        pops, _, reads = self.rows[op].counts[arg if type(arg) is int else number(arg)]
        missing = pops + reads - len(self.ids)
        if missing <= 0:
            return
        if not self._lost or missing > isa.DEEPEST:
            message = f"it takes {shown(missing + len(self.ids))} entries from a stack of {len(self.ids)}"
            raise TargetError(Finding(message, f"{self.code.qualname}, instruction {index} ({op})"))
        self.ids[:0], self.starts[:0] = [MIXED] * missing, [~index] * missing

    def _step(self, index: int, op: str, arg: Any, first: bool) -> bool:
        """An instruction that is not watched; does execution go on behind it?"""
        if op in PERMUTING:
            self._permute(op, arg)
            return True
        ids, starts = self.ids, self.starts
        row = self.rows[op]
        pops, pushes, reads = row.counts[arg if type(arg) is int else number(arg)]
        if reads:
            top = len(ids) - pops
            self.bad.update(ids[top - reads : top])
            for place in range(top - reads + 1, top):
                if starts[place] >= 0:
                    starts[place] = ~starts[place]
        if row.names_label:
            self._branch(index, arg, row, first)
        if pops or pushes:
            self.replace(index, pops, pushes)
        if reads and pushes:  # copies of what is there: no expression makes them
            starts[-pushes:] = [~index] * pushes
        return row.goes_on

    def _branch(self, index: int, name: Any, row: TableRow, first: bool) -> None:
        """What names a label, a jump or what sets up a handler."""
        ids, starts = self.ids, self.starts
        pops, pushes = row.jump_pops, row.jump_pushes
        if row.pops:
            self.tests[index] = starts[-1]
        there, from_there = ids[: len(ids) - pops], starts[: len(ids) - pops]
        if pushes:
            target = self.places[name]
            from_there += [starts[len(there)] if pops else ~index] + [~target] * (pushes - 1)
            there += [MIXED] * (pushes - 1) + [target]
        self._jump(name, there, from_there, first)

    def _skip(self, begin: int) -> int:
        """Past what is not reached yet, to the next label that is; the index behind it."""
        ops, size = self.ops, len(self.ops)
        index = begin
        while index < size and not (ops[index] == LABEL and self._at_label(self.body[index][1], index, False)):
            index += 1
        if begin < index:
            self._unreached.append((begin, index))
        return index + 1

    def replace(self, index: int, pops: int, pushes: int) -> None:
        """Drop entries and push those of this instruction."""
        ids, starts = self.ids, self.starts
        start = index
        if pops:
            if pops > len(starts):  # a handler that begins as no compiler's does: more is there than is known
                lacking = pops - len(starts)
                ids[:0], starts[:0] = [MIXED] * lacking, [index] * lacking
            start = starts[-pops]
            self.consume(index, pops)
        if pushes == 1:
            ids.append(index)
            starts.append(start)
        elif pushes:
            ids += [MIXED] * (pushes - 2) + [-2 - index, index]
            starts += [start] + [~index] * (pushes - 1)

    def consume(self, index: int, count: int) -> None:
        """Drop so many entries."""
        ids, starts = self.ids, self.starts
        if count and self.shared and not self.shared.isdisjoint(ids[-count:]):
            for entry, start in zip(ids[-count:], starts[-count:]):
                if entry in self.shared:
                    self.note(index, entry, start)
        del ids[len(ids) - count :], starts[len(starts) - count :]

    def note(self, index: int, entry: int, start: int) -> None:
        """An entry that several paths have is consumed here."""
        if entry != MIXED and self.used.setdefault(entry, index) != index:
            self.forked[start] = min(entry, self.forked.get(start, entry))

    def _permute(self, op: str, arg: Any) -> None:
        """Another order of the top entries."""
        count, order = _permuted(op, arg)
        if count > 1:
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

    def begin(self, start: int) -> int | None:
        """The index of a start; None when the expression is not one piece of code."""
        if start >= 0:
            return start
        if start > -_JOINED:
            return None
        label = -_JOINED - start
        begins = [self.begin(each) for each in self.joins[label]]
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
            found = self.begin(self.tests[before])
            if found is None:
                return None
            begin = found

    def _entered_at(self, begin: int, end: int) -> bool:
        """Does every path into these instructions come from before them, and leave behind them?"""
        for index in range(begin, end + 1):
            op, arg, _ = self.body[index]
            if op == LABEL:
                first, last = self._sources.get(arg, (begin, begin))
                if index > begin and not (begin <= first and last < end):
                    return False
            elif index < end and self.rows[op].names_label and not begin < self.places[arg] <= end:
                return False
        return True

    @property
    def _sources(self) -> dict[Any, tuple[int, int]]:
        """Name of each label -> the first and the last instruction that names it."""
        if self._named is None:
            self._named = {}
            for index, (op, arg, _) in enumerate(self.body):
                if op != LABEL and self.rows[op].names_label:
                    self._named[arg] = self._named.get(arg, (index, index))[0], index
        return self._named
