"""What the entries of the stack are: an abstract interpretation that knows blocks and kinds of entries.

An entry is VALUE, or a pair of a kind and the handler (or place) that it belongs to. Kinds have a native *width*, the
number of entries that stand for one: instructions that only move entries are rebuilt from the widths.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Row
from pyasm.errors import Finding, TargetError
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.edit import where
from pyasm.translate.effects import effects, number
from pyasm.translate.moves import PERMUTATIONS, permutation
from pyasm.typed import Any, NamedTuple

VALUE = ("value", None)


State = tuple[Any, tuple[Any, ...]]
"""The block stack, innermost first: (kind, handler, the rest) or None; the entries, top last."""


class Signature(NamedTuple):
    """What an instruction does: entries that it reads and leaves where they are; entries that it takes; that it leaves,
    going on and jumping."""

    stays: Any
    takes: Any
    leaves: Any
    jumped: Any
    goes_on: bool
    names_label: bool


@cache
def rows(*dialects: str) -> dict[str, Signature]:
    """Mnemonic -> row; where several of the dialects have a name, it is that of the last."""
    found = {}
    for dialect in dialects:
        found.update({name: _row(row) for name, row in isa.load(dialect).opcodes.items()})
    return found


def _row(opcode: isa.Opcode) -> Signature:
    before, _, after = opcode.stack.partition("--")
    following, bar, jumping = after.partition("|")
    left, right = before.split(), following.split()
    other = jumping.split() if bar else right
    same = 0
    while same < min(len(left), len(right), len(other)) and left[same] == right[same] == other[same]:
        same += 1
    parts = [" ".join(side) for side in (left[:same], left[same:], right[same:], other[same:])]
    stays, takes, leaves, jumped = [isa.effects(f"{part} --").pops for part in parts]
    label = opcode.operand in JUMPS and opcode.flow != "next"  # END_ASYNC_FOR names one for tracing only
    return Signature(stays, takes, leaves, jumped, opcode.flow not in ("jump", "return", "raise"), label)


class _Fixed(NamedTuple):
    """What an instruction does that does the same for every operand."""

    reads: int
    change: int
    """Of the depth."""
    jump: int
    """The same at its label."""
    goes_on: bool
    names_label: bool


@cache
def _fixed(*dialects: str) -> dict[str, _Fixed]:
    """Mnemonic -> what it does. Those that move entries are among them: among values that changes nothing."""
    found = {}
    signatures = {name: row.stack for each in dialects for name, row in isa.load(each).opcodes.items()}
    for name, row in rows(*dialects).items():
        if "[" not in signatures[name]:
            taken = row.takes(0)
            counts = row.stays(0) + taken, row.leaves(0) - taken, row.jumped(0) - taken
            found[name] = _Fixed(*counts, row.goes_on, row.names_label)
    for name, (taken, left) in PERMUTATIONS.items():
        found[name] = _Fixed(taken, len(left) - taken, 0, True, False)
    return found


class _Effects:
    """What instructions do among values, but for those that a walk deals with itself."""

    def __init__(self, fixed: Mapping[str, _Fixed], known: Mapping[str, Signature], specials: Set[str]) -> None:
        self.plain = {
            name: each[:2]
            for name, each in fixed.items()
            if each.goes_on and not each.names_label and name not in specials
        }
        """Of those that just go on: entries read, change of the depth."""
        self.counted = _Counted(known)


class _Counted(dict[tuple[str, int], _Fixed]):
    """Mnemonic and number -> what it does."""

    def __init__(self, known: Mapping[str, Signature]) -> None:
        self.rows = known

    def __missing__(self, key: tuple[str, int]) -> _Fixed:
        op, n = key
        found = _UNKNOWN
        moves = permutation(op, n)
        if op in self.rows:
            stays, takes, leaves, jumped, goes_on, names_label = self.rows[op]
            if moves is not None:
                found = _Fixed(moves[0], len(moves[1]) - moves[0], 0, True, False)
            else:
                taken = takes(n)
                found = _Fixed(stays(n) + taken, leaves(n) - taken, jumped(n) - taken, goes_on, names_label)
        self[key] = found
        return found


_UNKNOWN = _Fixed(sys.maxsize, 0, 0, True, False)
_NO_EFFECTS = _Effects({}, {}, frozenset())
"""Nothing is known of any instruction."""


class _Known:
    """What a kind of walk knows of the instructions of some dialects."""

    def __init__(self, kind: type[SparseWalk], dialects: Sequence[str]) -> None:
        self.rows = rows(*dialects)
        self.table = effects(dialects[0])
        self.turns = frozenset({LABEL})
        if kind.told:
            self.turns |= kind.told | self.table.naming | self.table.ends
        self.specials = dict(kind.specials)
        self.fixed = _fixed(*dialects) if kind.sparse else {}
        self.effects = _Effects(self.fixed, self.rows, kind.specials.keys()) if kind.sparse else _NO_EFFECTS


@cache
def _known(kind: Any, dialects: tuple[str, ...]) -> _Known:
    return _Known(kind, dialects)


Special = Callable[[Any, int, Any, State], "tuple[State | None, State | None]"]
"""A method of a walk: of the index of an instruction, its operand, and what is there before it."""


def _parted(state: State) -> tuple[State, int]:
    """A state as one that has no value on top, and how many there are above it."""
    blocks, stack = state
    if not stack or stack[-1] is not VALUE:
        return state, 0
    size = len(stack)
    top = size - 1 if stack.count(VALUE) < size else 0
    while top and stack[top - 1] is VALUE:
        top -= 1
    return (blocks, stack[:top]), size - top


def _whole(base: State, above: int) -> State:
    """A state with so many values more."""
    return (base[0], base[1] + (VALUE,) * above) if above else base


class SparseWalk:
    """What instructions find on the stack. Subclasses say what blocks and handlers do, in `specials`.

    In most places there are only values on top. So what is on the stack is a State that has none on top, and the
    number of values above it.
    """

    specials: Mapping[str, Special] = MappingProxyType({})
    """The instructions that a walk deals with itself."""
    told: frozenset[str] = frozenset()
    """Instructions of which `turns` tells, as of all that does not just go on; without any, of labels only."""
    sparse = True
    """Are there only states where something is no value?"""

    def __init__(self, body: Sequence[Row], ops: Sequence[str], name: str, *dialects: str) -> None:
        """`ops` are the mnemonics of the body; `name` is that of the code object, for messages."""
        kind: Any = type(self)
        self.known = known = _known(kind, dialects)
        self.body = body
        self.name = name
        self.rows = known.rows
        self.fixed = known.fixed
        self.effects = known.effects
        self.table = known.table
        self.ops = ops
        self.turns = list(where(self.ops, known.turns))
        """Indexes of labels, and of what else is told of."""
        self._look()
        self.states: dict[int, State] = {}
        """Index -> what is there before the instruction; of those that are special, or reach what is not a value."""
        self.seen = bytearray(len(body) + 1)
        """For each instruction: does a way lead there?"""
        self.covered: list[tuple[int, Any]] = []
        """Index of the last of some instructions in a row, and their block stack, where there is one."""
        self.unentered: frozenset[Any] = frozenset()
        """Labels of handlers that are not followed."""

    def _look(self) -> None:
        """Look at all turns."""
        self.labels = {self.body[index][1]: index for index in self.turns if self.ops[index] == LABEL}

    def run(self) -> None:
        """Follow every way."""
        self._begin()
        self.to_end = True
        self._follow_all(0, (None, ()))

    def _begin(self) -> None:
        self.met: dict[int, tuple[State, int]] = {}
        """Index of a label -> what is there."""
        self.pending: list[tuple[int, State, int]] = []
        """Where ways are still to be followed: the index, and what is there."""
        self.states.clear()
        self.covered.clear()
        self.to_end = False
        """Is everything followed to the end? Else only as long as there are blocks, or entries that are no values …"""
        self.left: set[int] = set()
        """… up to these indexes."""

    def _follow_all(self, index: int, state: State) -> None:
        """All ways that begin at an instruction."""
        pending = self.pending
        self._follow(index, *_parted(state))
        while pending:
            self._follow(*pending.pop())

    def _follow(self, index: int, base: State, above: int) -> None:
        """One way, until it ends or comes to where nothing new is found."""
        ops, met, plain, to_end = self.ops, self.met, self.effects.plain, self.to_end
        size = len(ops)
        first = begin = index
        going = to_end or base[1] or base[0] is not None
        while going and index < size:
            op = ops[index]
            effect = plain.get(op)
            if effect is not None and effect[0] <= above:
                above += effect[1]
            elif op == LABEL and index not in met:
                met[index] = base, above
            else:
                found = self._step(index, base, above)
                if found is None:
                    index += 1
                    break
                before, (base, above) = base, found
                if base is not before:
                    if base[0] is not before[0]:
                        self._cover(begin, index + 1, before[0])
                        begin = index + 1
                    going = to_end or base[1] or base[0] is not None
            index += 1
        else:
            self.left.add(index)
        if base[0] is not None:
            self._cover(begin, index, base[0])
        self.seen[first:index] = b"\1" * (index - first)

    def _cover(self, begin: int, behind: int, blocks: Any) -> None:
        """These instructions have the block stack."""
        if blocks is not None:
            while behind > begin and self.ops[behind - 1] == LABEL:
                behind -= 1
            if behind > begin:
                self.covered.append((behind - 1, blocks))

    def _step(self, index: int, base: State, above: int) -> tuple[State, int] | None:
        """What is there behind an instruction; None when this way ends."""
        op = self.ops[index]
        if op == LABEL:
            return self._meet(index, base, above)
        if op == "POP_TOP" and not above and base[1]:
            self.states[index] = base
            return _parted((base[0], base[1][:-1]))
        each = self.body[index]
        arg = each[1]
        special = self.known.specials.get(op)
        if special is None:
            found = self.fixed.get(op) or self.effects.counted[op, arg if type(arg) is int else number(arg)]
            if found[0] <= above:
                _, change, jump, goes_on, names_label = found
                if names_label:
                    self.pending.append((self.labels[arg], base, above + jump))
                return (base, above + change) if goes_on else None
            state = self.states[index] = _whole(base, above)
            following, jumping = self.transfer(index, each, state)
        else:
            state = self.states[index] = _whole(base, above)
            following, jumping = special(self, index, arg, state)
        if jumping is not None:
            self.pending.append((self.labels[arg], *_parted(jumping)))
        return None if following is None else _parted(following)

    def _meet(self, index: int, base: State, above: int) -> tuple[State, int] | None:
        """At a label; None when it was reached in the same way before."""
        old = self.met.get(index)
        if old is None:
            self.met[index] = base, above
            return base, above
        known = old[0]
        if old[1] == above and (known is base or known == base):
            return None
        one = _whole(*old)
        merged = self.merge(one, _whole(base, above))
        if merged is one:
            return None
        self.met[index] = found = _parted(merged)
        return found

    def transfer(self, index: int, each: Row, state: State) -> tuple[State | None, State | None]:
        """What is after an instruction that is none of `specials`, and at its label."""
        op, arg, _ = each
        blocks, stack = state
        moves = permutation(op, arg)
        if moves is not None:
            taken, left = moves
            top = self.top(index, stack, taken)
            return (blocks, (*stack[: len(stack) - taken], *[top[i] for i in left])), None
        row, n = self.rows.get(op), number(arg)
        if row is None:
            raise self.error(index, "there is no such instruction")
        taken = row.takes(n)
        top = self.top(index, stack, taken + row.stays(n))
        if taken:
            self.takes(index, top[len(top) - taken :])
        below = stack[: len(stack) - taken]
        following = (blocks, below + (VALUE,) * row.leaves(n)) if row.goes_on else None
        return following, (blocks, below + (VALUE,) * row.jumped(n)) if row.names_label else None

    def behind_label(self, label: Any) -> int:
        """Index of the first instruction at a label that is none."""
        ops, index = self.ops, self.labels[label] + 1
        while index < len(ops) and ops[index] == LABEL:
            index += 1
        return index

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """An instruction takes these entries as values."""

    def top(self, index: int, stack: tuple[Any, ...], count: int) -> tuple[Any, ...]:
        """The entries that an instruction reads. TargetError when there are not as many."""
        if count > len(stack):
            raise self.error(index, f"it takes {count} entries from a stack of {len(stack)}")
        return stack[len(stack) - count :]

    def merge(self, old: State, new: State) -> State:
        """Two ways to one instruction must come with the same blocks and the same kinds."""
        if old[0] != new[0]:
            raise TargetError(Finding("it is reached inside of different blocks", self.name))
        if len(old[1]) != len(new[1]):
            depths = f"{len(old[1])} and {len(new[1])} entries"
            raise TargetError(Finding(f"it is reached with {depths} on the stack", self.name))
        if old[1] == new[1]:
            return old
        return self.merge_kinds(old, new)

    def merge_kinds(self, old: State, new: State) -> State:
        """The state for two that differ in kinds only."""
        raise TargetError(Finding("it is reached with different kinds of entries on the stack", self.name))

    def error(self, index: int, message: str, hint: str = "") -> TargetError:
        """For an instruction."""
        op = self.body[index][0]
        return TargetError(Finding(f"{op}: {message}", f"{self.name}, instruction {index}", hint))


class Walk(SparseWalk):
    """A walk that fills `states` for every instruction that is reached."""

    sparse = False


def next_real(body: Sequence[Row], index: int) -> int:
    """Index of the first instruction from there on that is no label."""
    while index < len(body) and body[index][0] == LABEL:
        index += 1
    return index
