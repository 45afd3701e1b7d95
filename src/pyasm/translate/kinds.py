"""What the entries of the stack are: an abstract interpretation that knows blocks and kinds of entries.

An entry is VALUE, or a pair of a kind and the handler (or place) that it belongs to. Kinds have a native *width*, the
number of entries that stand for one: instructions that only move entries are rebuilt from the widths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Instruction
from pyasm.errors import Finding, TargetError
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.edit import Picked, instruction, opcode
from pyasm.translate.effects import effects, number
from pyasm.translate.flow import reached
from pyasm.typed import Any, NamedTuple

VALUE = ("value", None)
_BELOW = 8
"""So many values are taken to be on the stack where an exception is caught; handlers that compilers make do not read
as many."""
_ROTATIONS = {2: "ROT_TWO", 3: "ROT_THREE", 4: "ROT_FOUR"}


class State:
    """The block stack, innermost first: (kind, handler, the rest) or None; the entries, top last."""

    __slots__ = ("blocks", "stack")

    def __init__(self, blocks: Any, stack: tuple[Any, ...]) -> None:
        self.blocks = blocks
        self.stack = stack


class Row(NamedTuple):
    """What an instruction does: entries that it reads and leaves where they are; entries that it takes; that it leaves,
    going on and jumping."""

    stays: Any
    takes: Any
    leaves: Any
    jumped: Any
    goes_on: bool
    names_label: bool


@cache
def rows(*dialects: str) -> dict[str, Row]:
    """Mnemonic -> row; where several of the dialects have a name, it is that of the last."""
    found = {}
    for dialect in dialects:
        found.update({name: _row(row) for name, row in isa.load(dialect).opcodes.items()})
    return found


def _row(opcode: isa.Opcode) -> Row:
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
    return Row(stays, takes, leaves, jumped, opcode.flow not in ("jump", "return", "raise"), label)


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
    for name, (taken, left) in _PERMUTATIONS.items():
        found[name] = _Fixed(taken, len(left) - taken, 0, True, False)
    return found


@cache
def _among_values(dialects: tuple[str, ...], others: frozenset[str]) -> dict[str, tuple[int, int]]:
    """Of those that just go on, and are no others: entries read, change of the depth."""
    fixed = _fixed(*dialects).items()
    return {name: each[:2] for name, each in fixed if each.goes_on and not each.names_label and name not in others}


@cache
def _turns(dialect: str, told: frozenset[str]) -> frozenset[str]:
    return effects(dialect).turns | told


def permutation(op: str, arg: Any) -> tuple[int, list[int]] | None:
    """Of an instruction that only moves, copies or drops entries: how many, and which of them it leaves."""
    if op in _PERMUTATIONS:
        return _PERMUTATIONS[op]
    if type(arg) is not int or arg < 1:
        return None
    if op == "COPY":
        return arg, [*range(arg), 0]
    if op == "SWAP":
        return arg, [arg - 1, *range(1, arg - 1), 0] if arg > 1 else [0]
    return (arg, [arg - 1, *range(arg - 1)]) if op == "ROT_N" else None


_PERMUTATIONS: dict[str, tuple[int, list[int]]] = {
    "POP_TOP": (1, []),
    "ROT_TWO": (2, [1, 0]),
    "ROT_THREE": (3, [2, 0, 1]),
    "ROT_FOUR": (4, [3, 0, 1, 2]),
    "DUP_TOP": (1, [0, 0]),
    "DUP_TOP_TWO": (2, [0, 1, 0, 1]),
}

MOVING = frozenset({*_PERMUTATIONS, "COPY", "SWAP", "ROT_N"})
"""The instructions that `permutation` knows."""


def moved(each: Instruction, taken: int, left: Sequence[int], widths: Sequence[int]) -> list[Instruction]:
    """The instructions that do with entries of these widths what a permutation does with entries of one."""
    if all(width == 1 for width in widths):
        return [each]
    starts = [sum(widths[:i]) for i in range(taken)]
    target = [starts[i] + j for i in left for j in range(widths[i])]
    position = each[2]
    return [instruction(op, arg, position) for op, arg in _moves(sum(widths), target)]


def _moves(count: int, target: list[int]) -> list[tuple[str, Any]]:
    """Instructions after which these of `count` entries are left."""
    source = list(range(count))
    if target == source[: len(target)]:
        return [("POP_TOP", None)] * (count - len(target))
    if target[:count] == source:
        more = target[count:]
        if more == [count - 1]:
            return [("DUP_TOP", None)]
        if more == [count - 2, count - 1]:
            return [("DUP_TOP_TWO", None)]
        return [("COPY", count - each + i) for i, each in enumerate(more)]
    for top in range(1, count):
        if target == source[-top:] + source[:-top]:
            return rotation(count) * top
    return _swaps(target)


def rotation(count: int) -> list[tuple[str, Any]]:
    """Move the top entry below the next count - 1."""
    if count in _ROTATIONS:
        return [(_ROTATIONS[count], None)]
    return [("SWAP", n) for n in range(count, 1, -1)]


def _swaps(target: Sequence[int]) -> list[tuple[str, Any]]:
    """Any order of the entries, by exchanging the top with another: each exchange brings one to its place."""
    now = list(range(len(target)))
    moves: list[tuple[str, Any]] = []

    def exchange(place: int) -> None:
        moves.append(("SWAP", len(now) - place) if len(now) - place > 2 else ("ROT_TWO", None))
        now[place], now[-1] = now[-1], now[place]

    for place in range(len(now) - 1):
        if now[place] != target[place]:
            if now[-1] != target[place]:
                exchange(now.index(target[place]))
            exchange(place)
    return moves


Special = Callable[[int, Any, State], "tuple[State | None, State | None]"]


class _States(dict[int, State]):
    """Index -> state; None where there is none."""

    def __missing__(self, index: int) -> Any:
        return None


def _parted(state: State) -> tuple[State, int]:
    """A state as one that has no value on top, and how many there are above it."""
    stack = state.stack
    size = len(stack)
    top = size
    while top and stack[top - 1] is VALUE:
        top -= 1
    return (state, 0) if top == size else (State(state.blocks, stack[:top]), size - top)


class SparseWalk:
    """What instructions find on the stack. Subclasses say what blocks and handlers do, in `specials`.

    In most places there are only values on top. So what is on the stack is a State that has none on top, and the
    number of values above it.
    """

    told: frozenset[str] = frozenset()
    """Instructions of which `turns` tells, too."""

    def __init__(self, body: Sequence[Instruction], name: str, *dialects: str) -> None:
        self.body = body
        self.name = name
        self.rows = rows(*dialects)
        self.dialects = dialects
        self.fixed = _fixed(*dialects)
        self.table = effects(dialects[0])
        self.ops = list(map(opcode, body))
        self.turns = Picked(self.ops, _turns(dialects[0], self.told))
        self.labels = self.turns.places(body)
        self.states = _States()
        """Index -> what is there before the instruction; of those that are special, or reach what is not a value."""
        self.seen = bytearray(len(body) + 1)
        """For each instruction: does a way lead there?"""
        self.covered: list[tuple[int, Any]] = []
        """Index of the last of some instructions in a row, and their block stack, where there is one."""
        self.specials: Mapping[str, Special] = {}
        self.unentered: frozenset[Any] = frozenset()
        """Labels of handlers that are not followed."""
        self._known_counts: dict[tuple[str, int], _Fixed] = {}

    def run(self) -> None:
        """Follow every way."""
        self._begin()
        self.to_end = True
        self._follow_all([(0, State(None, ()))])

    def _begin(self) -> None:
        self.plain = _among_values(self.dialects, frozenset(self.specials))
        self.met: dict[int, tuple[State, int]] = {}
        """Index of a label -> what is there."""
        self.states.clear()
        self.covered.clear()
        self.to_end = False
        """Is everything followed to the end? Else only as long as there are blocks, or entries that are no values …"""
        self.left: set[int] = set()
        """… up to these indexes."""

    def _follow_all(self, ways: Sequence[tuple[int, State]]) -> None:
        self.pending = [(index, *_parted(state)) for index, state in ways]
        while self.pending:
            self._follow(*self.pending.pop())

    def _follow(self, index: int, base: State, above: int) -> None:
        """One way, until it ends or comes to where nothing new is found."""
        plain, ops, size, to_end = self.plain, self.ops, len(self.ops), self.to_end
        while index < size and (to_end or base.stack or base.blocks is not None):
            begin = index
            while index < size:
                effect = plain.get(ops[index])
                if effect is None or effect[0] > above:
                    break
                above += effect[1]
                index += 1
            if index > begin:
                self.seen[begin:index] = b"\1" * (index - begin)
                if base.blocks is not None:
                    self.covered.append((index - 1, base.blocks))
                if index == size:
                    break
            found = self._step(index, base, above)
            if found is None:
                return
            base, above = found
            index += 1
        self.left.add(index)

    def _step(self, index: int, base: State, above: int) -> tuple[State, int] | None:
        """What is there behind an instruction; None when this way ends."""
        op, arg, _ = each = self.body[index]
        self.seen[index] = 1
        if op == LABEL:
            return self._meet(index, base, above)
        if base.blocks is not None:
            self.covered.append((index, base.blocks))
        special = self.specials.get(op)
        if special is None:
            if op == "POP_TOP" and not above and base.stack:
                self.states[index] = base
                return _parted(State(base.blocks, base.stack[:-1]))
            found = self.fixed.get(op) or self._counted(op, arg)
            if found is not None and found[0] <= above:
                _, change, jump, goes_on, names_label = found
                if names_label:
                    self.pending.append((self.labels[arg], base, above + jump))
                return (base, above + change) if goes_on else None
        state = self.states[index] = State(base.blocks, base.stack + (VALUE,) * above) if above else base
        following, jumping = special(index, arg, state) if special else self.transfer(index, each, state)
        if jumping is not None:
            self.pending.append((self.labels[arg], *_parted(jumping)))
        return None if following is None else _parted(following)

    def _counted(self, op: str, arg: Any) -> _Fixed | None:
        """What an instruction does with this operand, None for one that there is not."""
        n = arg if type(arg) is int else number(arg)
        found = self._known_counts.get((op, n))
        if found is None and op in self.rows:
            stays, takes, leaves, jumped, goes_on, names_label = self.rows[op]
            moves = permutation(op, arg)
            if moves is not None:
                found = _Fixed(moves[0], len(moves[1]) - moves[0], 0, True, False)
            else:
                taken = takes(n)
                found = _Fixed(stays(n) + taken, leaves(n) - taken, jumped(n) - taken, goes_on, names_label)
            self._known_counts[op, n] = found
        return found

    def _meet(self, index: int, base: State, above: int) -> tuple[State, int] | None:
        """At a label; None when it was reached in the same way before."""
        old = self.met.get(index)
        if old is None:
            self.met[index] = base, above
            return base, above
        known = old[0]
        if old[1] == above and (known is base or (known.blocks == base.blocks and known.stack == base.stack)):
            return None
        one, other = (State(each.blocks, each.stack + (VALUE,) * count) for each, count in (old, (base, above)))
        merged = self.merge(one, other)
        if merged is one:
            return None
        self.met[index] = found = _parted(merged)
        return found

    def transfer(self, index: int, each: Instruction, state: State) -> tuple[State | None, State | None]:
        """What is after an instruction that is none of `specials`, and at its label."""
        op, arg, _ = each
        stack = state.stack
        moves = permutation(op, arg)
        if moves is not None:
            taken, left = moves
            top = self.top(index, stack, taken)
            return State(state.blocks, (*stack[: len(stack) - taken], *[top[i] for i in left])), None
        row, n = self.rows.get(op), number(arg)
        if row is None:
            raise self.error(index, "there is no such instruction")
        taken = row.takes(n)
        top = self.top(index, stack, taken + row.stays(n))
        if taken:
            self.takes(index, top[len(top) - taken :])
        below = stack[: len(stack) - taken]
        following = State(state.blocks, below + (VALUE,) * row.leaves(n)) if row.goes_on else None
        return following, State(state.blocks, below + (VALUE,) * row.jumped(n)) if row.names_label else None

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """An instruction takes these entries as values."""

    def top(self, index: int, stack: tuple[Any, ...], count: int) -> tuple[Any, ...]:
        """The entries that an instruction reads. TargetError when there are not as many."""
        if count > len(stack):
            raise self.error(index, f"it takes {count} entries from a stack of {len(stack)}")
        return stack[len(stack) - count :]

    def merge(self, old: State, new: State) -> State:
        """Two ways to one instruction must come with the same blocks and the same kinds."""
        if old.blocks != new.blocks:
            raise TargetError(Finding("it is reached inside of different blocks", self.name))
        if len(old.stack) != len(new.stack):
            depths = f"{len(old.stack)} and {len(new.stack)} entries"
            raise TargetError(Finding(f"it is reached with {depths} on the stack", self.name))
        if old.stack == new.stack:
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

    def __init__(self, body: Sequence[Instruction], name: str, *dialects: str) -> None:
        super().__init__(body, name, *dialects)
        self.fixed = {}

    def _begin(self) -> None:
        super()._begin()
        self.plain = {}

    def _counted(self, op: str, arg: Any) -> _Fixed | None:
        return None


class HandlerWalk(SparseWalk):
    """A walk that tells what is there in the code of handlers; elsewhere there are only values.

    It begins where exceptions are caught. Where that does not do, every way is followed.
    """

    setups: frozenset[str]
    """The instructions that name a handler."""
    alike: frozenset[str]
    """Those whose state must be known, even if there are only values."""
    odd: frozenset[str]
    """Those that are in no other code than that of handlers, if all is well."""

    def run(self) -> None:
        """Fill `states`."""
        self._begin()
        if not self._run_handlers():
            self.unentered = frozenset()
            self.seen = bytearray(len(self.body) + 1)
            super().run()

    def _run_handlers(self) -> bool:
        body, labels = self.body, self.labels
        begin = State(None, (VALUE,) * _BELOW)
        reach = reached(body, self.table, handlers=True, ops=self.ops, turns=self.turns)
        begun = set()
        entered = set()
        try:
            for index in self.turns.where(self.setups):
                if reach[index] and index not in self.states:
                    begun.add(index)
                    way = op, label = body[index][:2]
                    if way not in entered:
                        entered.add(way)
                        handler = self.specials[op](index, label, begin)[1]
                        if handler is not None:
                            self._follow_all([(labels[label], handler)])
        except TargetError:
            return False  # the other walk says it better
        walked, self.seen = self.seen, reach
        return begun.isdisjoint(self.states) and self._is_apart(walked) and self._tell_rest(walked, begin)

    def _is_apart(self, walked: bytearray) -> bool:
        """Does no other code lead into what was followed?"""
        ops, body, met, seen = self.ops, self.body, self.met, self.seen
        names = {body[index][1] for index in met}
        for index in self.turns.where(self.table.jumps):
            if seen[index] and ((body[index][1] in names and not walked[index]) or body[index][1] in self.unentered):
                return False
        for index in [*met, *map(self.labels.__getitem__, self.unentered)]:
            before = index - 1
            while before >= 0 and ops[before] == LABEL:
                before -= 1
            if before < 0 or (
                seen[before] and ops[before] not in self.table.ends and (not walked[before] or index not in met)
            ):
                return False
        for index in self.left:
            while index < len(ops) and ops[index] == LABEL:
                if index in met:
                    return False
                index += 1
        return True

    def _tell_rest(self, walked: bytearray, begin: State) -> bool:
        """States for those that need one; False when there is what cannot be."""
        for index in self.turns.where(self.odd):
            if self.seen[index] and not walked[index]:
                return False
        for index in self.turns.where(self.alike):
            if self.seen[index] and not walked[index]:
                self.states[index] = begin
        return True


def next_real(body: Sequence[Instruction], index: int) -> int:
    """Index of the first instruction from there on that is no label."""
    while index < len(body) and body[index][0] == LABEL:
        index += 1
    return index
