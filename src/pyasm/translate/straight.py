"""Where the entries of the stack come from, in code that goes straight on: found by depth, backwards from who asks.

Nearly every call is made by instructions in a row, without a label or a jump between the callable and the call. The
entry at a depth was left there by the last instruction after which the stack was so deep, so only calls cost time. What
this module cannot tell raises `Winding`; then a `Walk` (module `entries`) follows every path. Both answer the same
questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import accumulate

from pyasm import isa
from pyasm.code import Code
from pyasm.native.units import LABEL
from pyasm.translate.edit import places, where
from pyasm.translate.effects import number
from pyasm.translate.entries import MIXED
from pyasm.translate.facts import facts
from pyasm.typed import Any

_WITHS = frozenset({"BEFORE_WITH", "BEFORE_ASYNC_WITH", "LOAD_SPECIAL"})
COMMON = "LOAD_COMMON_CONSTANT"
_DUPLICATES = frozenset({"DUP_TOP"})
_GUARD = (COMMON, "IS_OP", "POP_JUMP_IF_FALSE", "POP_TOP")


def guard_behind(ops: Sequence[str], index: int) -> tuple[int, int] | None:
    """Behind DUP_TOP: the jump, and what drops the other one, where a callable is compared with the builtin that it
    should be, which is not called then.
    """
    following = [n for n in range(index + 1, min(index + 9, len(ops))) if ops[n] != LABEL][:4]
    return (following[2], following[3]) if tuple(ops[n] for n in following) == _GUARD else None


class Winding(Exception):
    """Paths meet or part in what was asked about, or entries are moved there."""


class Watched:
    """What is watched in a body: mnemonic -> function of the rules, the index and the operand."""

    def __init__(self, calls: Mapping[str, Any], looks: Mapping[str, Any], opens: Iterable[str]) -> None:
        """Calls `take` their entries themselves; what opens a call is only counted."""
        self.calls, self.looks = calls, looks
        self.all = {**dict.fromkeys(opens), **looks, **calls}
        self.ops = frozenset(self.all)


class Straight:
    """The questions that a `Walk` answers, for code that goes straight on."""

    shared: Set[int] = frozenset()
    used: Mapping[int, int] = {}
    forked: Mapping[int, int] = {}
    guards: Mapping[int, int] = {}
    guarded: dict[int, int] | None = None
    jumps: Mapping[Any, int] | None = None
    mixed = False
    open = 0
    """How often something was pushed that only a call can take, and no call took it so far."""
    depth: Sequence[int] = ()
    """Before each instruction, as it is where ways meet. Empty before somebody needs it, as are the next two."""
    vague = False
    """Are there labels that only code behind them leads to, or none? Depths there are from an unknown base still."""
    places: Mapping[Any, int] = {}
    """Name of each label -> its index …"""
    named: dict[Any, tuple[int, int]] = {}  # noqa: RUF012
    """… and the first and the last instruction that names it."""

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect, portable: frozenset[str]) -> None:
        self.body = code.rows
        self.ops = ops
        self.facts = facts(dialect.name, portable)
        self.habits = self.facts.habits
        if ops[-1] not in self.facts.bends:  # so every way back ends at the last instruction, before the first one
            raise Winding
        self.rows = self.facts.rows
        self.callees: dict[int, int] = {}
        """The calls so far, and where their callables are complete."""
        self.begins: dict[int, int] = {}
        """What `begin` found, where that is another instruction."""
        self.bad: set[int] = set()

    def take(self, index: int, callee: int, count: int, own: int = 1, start: int | None = None) -> None:
        """A call takes so many entries and its callable, `own` entries, complete after an instruction."""
        if callee >= 0:
            self.callees[index] = callee

    def entry(self, index: int, above: int) -> int:
        """The identity of the entry below so many others, before an instruction. MIXED: that of a with statement."""
        ops, facts = self.ops, self.facts
        place, rest = self.quickly(index, above)
        touched = False
        while rest == 0 and ops[place] in facts.reading:
            pops, _, _ = self._counts(place)
            place, rest = self.quickly(place, pops)
            touched = True
        if rest == 0 and ops[place] in facts.makers and place >= 0:
            if touched:
                self.bad.add(place)
            return place
        if rest == -1 and ops[place + 1] == "LOAD_GLOBAL":
            return -3 - place
        if rest == 0 and not touched and ops[place] == LABEL and place in self._guarded():
            return place
        return self._entry_past_events(index, above)

    def quickly(self, index: int, above: int) -> tuple[int, int]:
        """The instruction that left the entry below so many others, and 0 if its last entry that is."""
        ops, nets = self.ops, self.facts.nets
        place = index - 1
        rest = above
        while rest > 0:
            net = nets[ops[place]]
            if net is None:
                place, net = self._back(place, rest)
                if place < 0:
                    return place, above
            rest -= net
            place -= 1
        if rest == 0:
            while ops[place] in self.facts.idle:
                place -= 1
        return place, rest

    def _back(self, place: int, rest: int) -> tuple[int, int]:
        """From an instruction back to where its expression began, or not as far; and how that changed the depth.

        So many entries are to be found still. Below zero: something else is there.
        """
        callees, last = self.callees, place
        while place in callees:
            place = callees[place]
            if place in self.begins:
                return self.begins[place], 1
        op = self.ops[place]
        if place != last and op in self.facts.called:
            return place, self.facts.called[op]
        if op in self.facts.bends:
            return -1, 0
        pops, pushes, reads = self._counts(place)
        if op in self.facts.turns:
            return (place, pushes - pops) if pushes + reads <= rest else (-1, 0)
        return place, pushes - pops - (place != last and pushes > 1)

    def _counts(self, place: int) -> tuple[int, int, int]:
        """How many entries an instruction drops, pushes and reads."""
        op, arg, _ = self.body[place]
        found: tuple[int, int, int] = self.rows[op].counts[arg if type(arg) is int else number(arg)]
        return found

    def pair(self, index: int, above: int) -> tuple[int, int]:
        """The identities of the entry below so many others, and of that above it."""
        upper = self.entry(index, above - 1)
        if upper < 0:
            special = self.ops.index("LOAD_SPECIAL") if "LOAD_SPECIAL" in self.ops else MIXED
            return (-2 - special if special >= 0 else MIXED), special
        op, arg, _ = self.body[upper]
        if op == "LOAD_METHOD" or (op == "LOAD_SUPER_ATTR" and arg[1] & 1):
            self.open -= 1
            return -2 - upper, upper
        if op == "LOAD_SPECIAL" or (op == "LOAD_GLOBAL" and type(arg) is tuple and arg[1] & 1):
            return -2 - upper, upper
        return MIXED if op == "LOAD_CONST" else self.entry(upper + 1, 1), upper

    def start(self, entry: int, above: int) -> int:
        """What to ask `begin` for."""
        return entry

    def begin(self, entry: int) -> int:
        """Where the expression begins that is complete after an instruction."""
        ops, nets = self.ops, self.facts.nets
        place = self._guarded()[entry] if entry in self.guards else entry
        rest = 1
        while True:
            net = nets[ops[place]]
            if net is None:
                if ops[place] in self.facts.turns and ops[place] not in self.facts.reading:
                    raise Winding
                place, net = self._back(place, rest)
                if place < 0:
                    raise Winding
            rest -= net
            if rest <= 0:
                break
            place -= 1
        if place != entry:
            self.begins[entry] = place
        return place

    def reaches(self, below: int) -> bool:
        """Is there an entry below so many others?"""
        return True

    def consume(self, index: int, count: int) -> None:
        """So many entries go."""

    def lowest(self, count: int) -> int:
        """The least start of so many entries on top."""
        raise Winding

    def holds(self, op: str, begin: int, end: int) -> bool:
        """Is there an entry of such an instruction? None is below an expression, from begin to end, of its own."""
        if op not in self.ops:
            return False
        if not self.depth:
            self._settle()
        if self.vague or min(self.depth) < 0 or self.depth[begin] > 0 or op in self.ops[begin:end]:
            raise Winding
        return False

    def first(self, start: int) -> int:
        """The index of a start, below zero when it is none."""
        try:
            return self.begin(start)
        except Winding:
            return MIXED

    def is_test(self, index: int) -> bool:
        """Does an instruction jump if it finds something?"""
        row = self.rows.get(self.ops[index]) if index >= 0 else None
        return row is not None and row.names_label and row.pops != 0

    def is_mark(self, index: int) -> bool:
        """Is it a label that nothing jumps to?"""
        if self.jumps is None:
            self.jumps = self._jumps()
        return self.ops[index] == LABEL and self.body[index][1] not in self.jumps

    def _jumps(self) -> Counter[Any]:
        """How many instructions name each label."""
        return Counter([self.body[index][1] for index in where(self.ops, self.facts.naming)])

    def _guarded(self) -> Mapping[int, int]:
        """Labels before which a callable was compared with the builtin that it should be -> where it is complete.

        It is called behind the label, which nothing else leads to.
        """
        if self.guarded is None:
            self.guarded = {}
            duplicates = where(self.ops, () if self.habits.null_first else _DUPLICATES)
            guards = {index: guard for index in duplicates if (guard := guard_behind(self.ops, index)) is not None}
            if not guards:
                return self.guarded
            self.guards = {}
            named, jumps = places(self.body, self.ops), self._jumps()
            for index, (jump, drop) in guards.items():
                name = self.body[jump][1]
                place = named.get(name, 0)
                before = self.rows.get(self.ops[place - 1])
                if jumps[name] == 1 and before is not None and not before.goes_on:
                    self.guarded[place], self.guards[place] = index - 1, drop
        return self.guarded

    def _entry_past_events(self, index: int, above: int) -> int:
        """The same as `entry`, when other instructions that matter may stand between."""
        if self._ends_with(index):
            return MIXED
        if not self.depth:
            self._settle()
        depth, ops, facts = self.depth, self.ops, self.facts
        wanted = depth[index] - above
        place = index - 1
        first, last, touched = index, 0, False
        while place >= 0 and depth[place + 1] >= wanted:
            op = ops[place]
            if op in facts.bends:
                if not self._is_left(place, index, wanted):
                    first, last = self._reach(place, first, last)
            elif depth[place + 1] == wanted and op not in facts.silent:
                if op not in facts.makers or first <= place or last >= index:
                    break
                if touched:
                    self.bad.add(place)
                return place
            elif op in facts.turns and self._lowest(place) < wanted:
                if op not in facts.silent:
                    break
                touched = True
            place = self.callees.get(place, place) - 1
        raise Winding

    def _ends_with(self, index: int) -> bool:
        """Is it, by its looks, the call of an exit at the end of a with statement?"""
        ops = self.ops
        args = self.body[index - 3 : index]
        if [each[0] for each in args] != ["LOAD_CONST"] * 3 or any(each[1] is not None for each in args):
            return False
        place = index - 4
        while place > 0 and ops[place] == LABEL:
            place -= 1
        return ops[place] in self.facts.valueless and not _WITHS.isdisjoint(ops)

    def _lowest(self, place: int) -> int:
        """How deep the stack is below what an instruction drops or counts."""
        pops, _, reads = self._counts(place)
        return self.depth[place] - pops - reads

    def _reach(self, place: int, first: int, last: int) -> tuple[int, int]:
        """The first and the last instruction so far from where a way leads here, or to where one leads from here."""
        op, arg, _ = self.body[place]
        if op == LABEL:
            low, high = self.named.get(arg, (place, place))
        elif self.rows[op].names_label:
            low = high = self.places[arg]
        else:
            raise Winding
        return min(low, first), max(high, last)

    def _is_left(self, setup: int, index: int, wanted: int) -> bool:
        """Is there set up a handler that leaves these entries alone, and raises?"""
        op, name, _ = self.body[setup]
        if op == LABEL or not (self.rows[op].jump_pushes and self.rows[op].goes_on) or self.places[name] < index:
            return False
        for place in range(self.places[name] + 1, len(self.ops)):
            op = self.ops[place]
            if op in self.facts.bends:
                return op == "RERAISE"
            if self._lowest(place) < wanted:
                break
        return False

    def _straight_depths(self) -> tuple[list[int], list[int]]:
        """The depths as if execution always went straight on, and the indexes of what makes that untrue."""
        ops, body, rows = self.ops, self.body, self.rows
        changes: list[Any] = list(map(self.facts.changes.get, ops))
        index = -1
        for _ in range(changes.count(None)):
            index = changes.index(None, index + 1)
            op, arg, _ = body[index]
            pops, pushes, _ = rows[op].counts[arg if type(arg) is int else number(arg)]
            changes[index] = pushes - pops
        return list(accumulate(changes, initial=0)), list(where(ops, self.facts.bends))

    def _settle(self) -> None:
        """The depths as they are where ways meet, and what names each label."""
        body, ops = self.body, self.ops
        depth, bends = self._straight_depths()
        self.depth = depth
        self.places = {body[index][1]: index for index in bends if ops[index] == LABEL}
        named: dict[Any, tuple[int, int]] = {}
        self.named = named
        ways = self.facts.ways
        known: dict[Any, int] = {}
        """Labels, and the depth with which all ways to each must come."""
        shift, live, begin = 0, True, 0
        parts: list[int] = []
        for index in bends:
            op, arg, _ = body[index]
            if op != LABEL:
                jumps, change, live = ways[op]
                if jumps:
                    named[arg] = (named[arg][0] if arg in named else index), index
                    there = depth[index] + shift + change
                    if known.setdefault(arg, there) != there:
                        raise Winding
                if not live and index + 1 < len(ops) and ops[index + 1] != LABEL:
                    raise Winding
                continue
            if live or arg in known:
                if not live:
                    parts += [each + shift for each in depth[begin:index]] if shift else depth[begin:index]
                    begin, shift, live = index, known[arg] - depth[index], True
                there = depth[index] + shift
                if known.setdefault(arg, there) != there:
                    raise Winding
            else:
                self.vague = True
                if index + 1 < len(ops) and ops[index + 1] != LABEL:
                    raise Winding
        self.depth = parts + [each + shift for each in depth[begin:]]
