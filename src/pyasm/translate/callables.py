"""What both directions of `calls` need: what stands below a call, and where expressions are in the source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from pyasm import isa
from pyasm.code import Code, Place, Position, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.flags import OPTIMIZED
from pyasm.native.units import LABEL
from pyasm.translate.edit import change
from pyasm.translate.entries import MIXED, Walk
from pyasm.translate.habits import habits
from pyasm.translate.straight import COMMON, Straight, Watched, guard_behind
from pyasm.typed import Any

LEAST_PLAIN = 30
"""Compilers load no method for a call with so many arguments; names of keywords are one more."""
STORES = frozenset({"STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF"})
LEAVES = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF"})
"""What loads the value of a name."""


def is_null(ops: Sequence[str], entry: int) -> bool:
    """Is the entry of this identity the NULL of a call?"""
    return ops[entry] == "PUSH_NULL" if entry >= 0 else entry < MIXED and ops[-2 - entry] == "LOAD_GLOBAL"


class Paths(Walk):
    """A walk that knows what the compiler does between a callable and its call."""

    def __init__(self, code: Code, dialect: isa.Dialect, portable: frozenset[str]) -> None:
        super().__init__(code, dialect, portable)
        self.habits = habits(dialect.name)
        self.mixed = False
        """Is there a NULL on some paths to a label only, or are there different ones?"""

    def ask(self, rules: Any, watched: Watched) -> None:
        """Walk, and call the functions of the rules. A duplicated callable is watched as well."""
        watch, looks = ({op: partial(f, rules) for op, f in each.items()} for each in (watched.calls, watched.looks))
        self.run({**watch, "DUP_TOP": self._dup_top}, looks)

    def _dup_top(self, index: int, arg: Any) -> None:
        """A callable that is named (`:=`) or compared with the builtin that it should be is complete after that."""
        ids = self.ids
        entry = ids[-1]
        following = self.ops[index + 1] if index + 1 < len(self.ops) else ""
        if entry in self.shared:
            self.bad.add(entry)
        elif following in STORES:
            ids[-1] = index + 1
        elif (
            self.habits.null_first or following != COMMON or not self._guard(index)
        ):  # NULL goes behind that label, not before
            self.bad.add(entry)
        ids.append(index)
        self.starts.append(~index)

    def _guard(self, index: int) -> bool:
        """Is the callable compared with a builtin, which is not called then? It is called behind the jump's label."""
        guard = guard_behind(self.ops, index)
        if guard is None:
            return False
        jump, drop = guard
        place = self.places[self.body[jump][1]]
        self.ids[-1] = place
        self.guards[place] = drop
        return True

    def replace(self, index: int, pops: int, pushes: int) -> None:
        """A global and NULL begin both where they are loaded."""
        super().replace(index, pops, pushes)
        if pushes == 2 and self.ops[index] == "LOAD_GLOBAL":
            self.starts[-1] = index

    def note(self, index: int, entry: int, start: int) -> None:
        """An entry of several paths is consumed; not by what drops the right builtin, or leads back to the others."""
        if self.guards.get(entry) != index and self.ops[index] != "CLEANUP_THROW":
            super().note(index, entry, start)

    def joined(self, one: int, other: int) -> None:
        """There are different entries at one place."""
        self.mixed = self.mixed or is_null(self.ops, one) or is_null(self.ops, other)


class Calls:
    """What both directions share: the edits, and how the dialect calls."""

    findings: Sequence[Finding] = ()

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect, stack: Straight | Paths) -> None:
        self.code = code
        self.body = code.rows
        self.ops = stack.ops
        """The mnemonics as they were …"""
        self.words = ops
        """… and those of `new`."""
        self.stack = stack
        self.habits = stack.habits
        self.new = code.rows[:]
        """The instructions, many replaced by another one: see `put`."""
        self.instead: dict[int, list[Row]] = {}
        """Indexes of those that become none, or several."""

    def put(self, index: int, new: Row) -> None:
        """Another instruction in place of one."""
        self.new[index] = new
        self.words[index] = new[0]

    def edit(self) -> None:
        """Change the body, and its mnemonics. TargetError when there are findings."""
        if self.findings:
            raise TargetError(self.findings)
        self.code.rows = self.new
        change(self.code, self.words, self.instead)

    def error(self, index: int, message: str, hint: str = "") -> None:
        """Note what is wrong with an instruction."""
        place = f"{self.code.qualname}, instruction {index} ({self.ops[index]})"
        self.findings = [*self.findings, Finding(message, place, hint)]

    def name(self, index: int) -> Any:
        """The name that an instruction loads."""
        arg = self.body[index][1]
        return arg[0] if type(arg) is tuple else arg

    def base(self, attribute: int) -> str | None:
        """The name whose attribute this instruction loads, when it is one."""
        if self.ops[attribute - 1] not in LEAVES:
            return None
        return str.__str__(self.name(attribute - 1))

    def may_look_up_super(self, index: int, arguments: int) -> bool:
        """May this call of `super`, as far as its code goes, and the attribute behind it become one instruction?"""
        code = self.code
        if index + 1 >= len(self.ops) or self.ops[index + 1] not in ("LOAD_ATTR", "LOAD_METHOD"):
            return False
        return arguments == 2 or (
            arguments == 0
            and "__class__" in code.frees
            and bool(code.posonlyargs or code.args)
            and code.flags & OPTIMIZED > 0
        )

    def extent(self, begin: int | None, last: int) -> Place | None:
        """The place in the source of the expression made by these instructions."""
        position = self.body[last][2]
        if begin is None or begin == last:
            return position
        first = self.body[begin][2]
        if last in self.stack.guards:
            return first
        if self.ops[last] != LABEL and self.ops[last] not in STORES and _encloses(position, first):
            return position
        return union(self.body[begin : last + 1])


def union(instructions: Iterable[Row]) -> Place | None:
    """The smallest place in the source that has these in it."""
    places = [each[2] for each in instructions if each[0] != LABEL]
    known = [each for each in places if each is not None and None not in each]
    if len(known) < len(places):
        return places[0]
    line, column = min((each[0], each[2]) for each in known)
    end_line, end_column = max((each[1], each[3]) for each in known)
    return Position(line, end_line, column, end_column)


def _encloses(one: Place | None, other: Place | None) -> bool:
    """Does one place in the source begin where the other does, or before it?"""
    if one is None or other is None or None in one or None in other:
        return one == other
    return (one[0], one[2]) <= (other[0], other[2])


def contains(one: Place | None, other: Place | None) -> bool:
    """Is one place in the source larger than the other, which is in it?"""
    if one is None or other is None or None in one or None in other:
        return False
    return one != other and _encloses(one, other) and (one[1], one[3]) >= (other[1], other[3])
