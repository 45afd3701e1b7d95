"""loops: FOR_ITER, GET_AWAITABLE, `async for` and delegations (YIELD_FROM).

Portable FOR_ITER drops the iterator and goes to the label. Since 3.12 the native one goes to instructions that drop it:
END_FOR; in 3.13 END_FOR and POP_TOP; later END_FOR and POP_ITER. Only FOR_ITER may go there.

What a real iterator is in 3.15 is in `iterators`, the loops of SEND are in `delegations`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import cache

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate import delegations, iterators, singles
from pyasm.translate.edit import NOTHING, Labels, Picked, change, instruction, opcode, put_in, rewrite, where
from pyasm.translate.effects import effects
from pyasm.typed import Any

_FOR = frozenset({"FOR_ITER"})
_LOOPS = frozenset({"END_FOR", "POP_ITER", "GET_AWAITABLE"})
_DELEGATING = frozenset({"SEND", "YIELD_FROM", "END_ASYNC_FOR"})
_PAIR = 2
"""How many entries an iterator is where it is not one."""
_ENDS = frozenset({"jump", "return", "raise"})
_NONE = (("LOAD_CONST", None), ("LOAD_COMMON_CONSTANT", "None"))
_CALLS = frozenset({"CALL", "CALL_FUNCTION", "CALL_METHOD"})
ENTERING, EXITING = 1, 2
"""The operand of GET_AWAITABLE for what `async with` awaits; it is for error messages."""


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return (_LOOPS | _DELEGATING | (iterators.NATIVE if _has_pairs(dialect) else set())) & dialect.opcodes.keys()


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str] | None:
    """Native loops to portable ones."""
    facts = _facts(dialect.name)
    found = set(ops)
    edits: dict[int, Sequence[Row]] = {}
    if facts.pairs:
        edits = iterators.lift(code, dialect, ops, found)
    if not found.isdisjoint(_DELEGATING):
        code.rows = rewrite(code.rows, edits)
        delegations.lift(code, dialect)
        edits = {}
        ops[:] = map(opcode, code.rows)
    if not found.isdisjoint(_LOOPS):
        _lift(code.rows, ops, dialect, edits)
    change(code, ops, edits)
    return NOTHING if found.isdisjoint(_DELEGATING) else None


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _FOR | _DELEGATING | {"GET_AWAITABLE"} | (iterators.PORTABLE if "POP_ITER" in dialect.opcodes else set())


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str] | None:
    """Portable loops to native ones."""
    found = set(ops)
    new: Set[str] | None = NOTHING
    if "FOR_ITER" in found or ("POP_ITER" in dialect.opcodes and not found.isdisjoint(iterators.PORTABLE)):
        new = _lower_loops(code, ops, found, dialect)
    if "GET_AWAITABLE" in found and dialect.opcodes["GET_AWAITABLE"].operand != "-":
        _number_awaits(code)
    if found.isdisjoint(_DELEGATING):
        return new
    delegations.lower(code, dialect)
    return None


def _lower_loops(code: Code, ops: list[str], found: set[str], dialect: isa.Dialect) -> Set[str] | None:
    body = code.rows
    told = _facts(dialect.name).told
    picked = Picked(ops, told)
    edits: dict[int, Sequence[Row]] = {}
    if "POP_ITER" in dialect.opcodes:
        edits = iterators.lower(code, dialect, ops, found, picked)
        if code.rows is not body:
            ops[:] = map(opcode, code.rows)
            picked = Picked(ops, told)
    if "FOR_ITER" in found:
        _Ends(code.rows, picked, dialect, edits).put()
    edited = code.rows
    new = put_in(code, ops, edits)
    if dialect.first_iterator == "generator":
        new |= iterators.make_first(code, ops)
    return new if edited is body else None


def _has_pairs(dialect: isa.Dialect) -> bool:
    return dialect.opcodes["FOR_ITER"].pops(0) == _PAIR


def _lift(body: Sequence[Row], ops: Sequence[str], dialect: isa.Dialect, edits: dict[int, Sequence[Row]]) -> None:
    dropping = _dropping(dialect)
    for index in where(ops, _LOOPS):
        op, arg, position = body[index]
        if op == "END_FOR":
            edits[index] = ()
            if dropping is not None and index + 1 < len(ops) and ops[index + 1] == dropping:
                edits[index + 1] = ()
        elif op == "POP_ITER":
            if index not in edits:
                edits[index] = (("POP_TOP", None, position),)
        elif arg is not None and arg == awaited_by(body, index):
            edits[index] = (instruction(op, None, position),)


def _dropping(dialect: isa.Dialect) -> str | None:
    """The instruction that drops the iterator behind END_FOR, if END_FOR does not do so itself."""
    if "POP_ITER" in dialect.opcodes:
        return "POP_ITER"
    return "POP_TOP" if "END_FOR" in dialect.opcodes and dialect.opcodes["END_FOR"].pops(0) == 1 else None


def awaited_by(body: Sequence[Row], index: int) -> int:
    """The operand of GET_AWAITABLE: what awaits there, 0 for `await`."""
    before = [each for each in body[max(0, index - 5) : index] if each[0] != LABEL]
    if not before:
        return 0
    op, _, position = before[-1]
    if op == "BEFORE_ASYNC_WITH" or (op in _CALLS and before[-2:-1] and before[-2][1] == "__aenter__"):
        return ENTERING
    if op == "WITH_EXCEPT_START":
        return EXITING
    nones = [each for each in before[-4:-1] if each[:2] in _NONE and each[2] == position]
    return EXITING if op in _CALLS and len(nones) == 3 else 0


def _number_awaits(code: Code) -> None:
    """Operands for GET_AWAITABLE."""
    body = code.rows
    edits = {}
    for index, (op, arg, position) in enumerate(body):
        if op == "GET_AWAITABLE" and arg is None:
            edits[index] = (instruction(op, awaited_by(body, index), position),)
    code.rows = rewrite(body, edits)


# FOR_ITER


class _Facts:
    """What a body in the middle of translation to a dialect may have: flows, and instructions that name labels."""

    def __init__(self, dialect: isa.Dialect) -> None:
        rows = [*isa.load(isa.PORTABLE).opcodes.values(), *dialect.opcodes.values()]
        self.flows = {row.name: row.flow for row in rows}
        self.naming = {row.name for row in rows if row.operand in JUMPS and row.name != "FOR_ITER"}
        self.naming |= {"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"}
        self.pairs = _has_pairs(dialect)
        self.drops = "END_FOR" in dialect.opcodes
        self.told = _FOR | {LABEL}
        """What must be looked at: where nothing drops the iterator, only whether its label is in front of a loop."""
        if self.drops:
            self.told = self.told.union(self.naming, effects(dialect.name).naming, singles.PICKED)
        self.dropping = _dropping(dialect)


@cache
def _facts(dialect_name: str) -> _Facts:
    return _Facts(isa.load(dialect_name))


class _Ends:
    """Where the loops of a body end: the labels that FOR_ITER names."""

    def __init__(self, body: list[Row], picked: Picked, dialect: isa.Dialect, edits: dict[int, Sequence[Row]]) -> None:
        """`picked` has the labels, and what names them; `edits` gets what changes."""
        self.body = body
        self.labels = picked.places(body)
        self.new_label = Labels(body, taken=self.labels).new
        self.edits = edits
        self.trampolines: list[Row] = []
        self.facts = _facts(dialect.name)
        self.loops: dict[Any, list[int]] = {}
        """Label -> indexes of the FOR_ITERs that go there."""
        for index in picked.where(_FOR):
            self.loops.setdefault(body[index][1], []).append(index)
        self.shared = {body[index][1] for index in picked.where(self.facts.naming)}

    def put(self) -> None:
        """Put the instructions that drop the iterator at each of them."""
        runs: dict[int, list[Any]] = {}
        for label, sources in self.loops.items():
            place = self.labels[label]
            if place < sources[0]:  # FOR_ITER only goes forward
                self._detour(label, sources)
                continue
            if not self.facts.drops:
                continue
            while self.body[place - 1][0] == LABEL:
                place -= 1
            runs.setdefault(place, []).append(label)
        for place, ending in runs.items():
            self._end(place, ending)
        if self.trampolines:
            self.edits[len(self.body)] = self.trampolines

    def _end(self, place: int, ending: list[Any]) -> None:
        """At the labels from `place` on: those of loops first, with what drops the iterator behind them."""
        body = self.body
        behind = place
        others = []
        while behind < len(body) and body[behind][0] == LABEL:
            if body[behind][1] not in ending or body[behind][1] in self.shared:
                others.append(body[behind])
            self.edits[behind] = []
            behind += 1
        first = []
        for label in ending:
            name = self._renamed(label) if label in self.shared else label
            first.append(instruction(LABEL, name))
        position = body[self.loops[ending[0]][0]][2]
        over = []
        if self.facts.flows[body[place - 1][0]] not in _ENDS:
            if not others:
                others = [instruction(LABEL, self.new_label())]
            over = [instruction("JUMP_FORWARD", others[0][1])]
        self.edits[place] = [*over, *first, *self._drop(position), *others]

    def _drop(self, position: Any) -> list[Row]:
        dropping: list[Row] = [("END_FOR", None, position)] if self.facts.drops else []
        if self.facts.dropping is not None:
            dropping.append((self.facts.dropping, None, position))
        return dropping

    def _renamed(self, label: Any) -> str:
        """Another label for the FOR_ITERs that go to this one."""
        name = self.new_label()
        for index in self.loops[label]:
            self.edits[index] = [instruction("FOR_ITER", name, self.body[index][2])]
        return name

    def _detour(self, label: Any, sources: list[int]) -> None:
        """For a label that is in front of its FOR_ITERs: a place behind all other code, and a jump back."""
        position = self.body[sources[0]][2]
        self.trampolines.append(instruction(LABEL, self._renamed(label)))
        self.trampolines += [*self._drop(position), instruction("JUMP_ABSOLUTE", label, position)]
