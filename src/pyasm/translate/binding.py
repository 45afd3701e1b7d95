"""Which loads of locals may find them unbound: definite assignment, with the answers of CPython's compiler.

The compiler follows the first 64 locals through the whole code. Of the others it only knows what happened since the
basic block began, to save time; labels show where blocks begin.

The state is a number with a bit for each local that may be unbound. Only those locals are followed that are not stored
before execution can take different ways.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import compress, count

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.native.units import LABEL
from pyasm.translate.edit import operand, where
from pyasm.typed import Any

FOLLOWED = 64
"""How many locals are followed from block to block."""

LOAD, STORE, UNBIND, MARK, JUMP, BRANCH, END, SETUP, POP = range(1, 10)
"""What an instruction is to the analysis of locals."""

_GOING = frozenset({JUMP, BRANCH, SETUP})
"""What names a label …"""
_LEAVING = frozenset({JUMP, END})
"""… and what does not go on."""

Event = tuple[int, int, Any]
"""The index of an instruction, what it is, its operand."""

USES = {"LOAD_FAST": LOAD, "STORE_FAST": STORE, "DELETE_FAST": UNBIND, "LOAD_FAST_AND_CLEAR": UNBIND}
UNBINDING = frozenset(name for name, kind in USES.items() if kind == UNBIND)
_PSEUDO = {LABEL: MARK, "SETUP_FINALLY": SETUP, "SETUP_CLEANUP": SETUP, "SETUP_WITH": SETUP, "POP_BLOCK": POP}
_FLOWS = {"return": END, "raise": END, "jump": JUMP, "branch": BRANCH}


@cache
def _ways(dialect_name: str) -> dict[str, int]:
    """The instructions where ways meet or part."""
    rows = isa.load(dialect_name).opcodes.values()
    return {**{row.name: _FLOWS[row.flow] for row in rows if row.flow in _FLOWS}, **_PSEUDO}


@cache
def _kinds(dialect_name: str) -> dict[str, int]:
    return {**_ways(dialect_name), **USES}


class Events:
    """What happens to locals in a body with these mnemonics, and where it branches, in order, as often as needed."""

    def __init__(
        self, body: Sequence[Instruction], ops: Sequence[str], dialect: isa.Dialect, uses: Iterable[int]
    ) -> None:
        """`uses` are the indexes of the instructions that use a local, of those that matter."""
        self.indexes = sorted([*where(ops, _ways(dialect.name)), *uses])
        self.kinds = list(map(_kinds(dialect.name).__getitem__, map(ops.__getitem__, self.indexes)))
        self.operands = list(map(operand, map(body.__getitem__, self.indexes)))

    def __iter__(self) -> Iterator[Event]:
        return zip(self.indexes, self.kinds, self.operands)

    def since(self, number: int) -> Iterator[Event]:
        """Those from this one on."""
        return zip(self.indexes[number:], self.kinds[number:], self.operands[number:])

    def first_of(self, labels: Set[Any]) -> int:
        """The number of the first of these labels; behind all others where there is none."""
        kinds = enumerate(self.kinds)
        return next((at for at, kind in kinds if kind == MARK and self.operands[at] in labels), len(self.kinds))


def numbered(code: Code, parameters: Sequence[str], used: Mapping[str, Any]) -> dict[str, int]:
    """Name of each local -> its index, as the encoder will number them. `used` are those that instructions name."""
    names = dict(zip([*parameters, *code.locals], count()))
    if not names.keys() >= used.keys():
        shared = {*code.cells, *code.frees}
        for name in used:
            if name not in names and name not in shared:
                names[name] = len(names)
    return names


class Locals:
    """The locals of a body: how they are numbered, and where the body uses them."""

    def __init__(
        self, code: Code, ops: Sequence[str], dialect: isa.Dialect, places: list[int], uses: list[str]
    ) -> None:
        """`places` are the indexes of all instructions that use a local, `uses` their mnemonics."""
        self.body, self.ops, self.dialect = code.body, ops, dialect
        self.places, self.uses = places, uses
        self.used = list(map(operand, map(self.body.__getitem__, places)))
        """The names in these instructions …"""
        self.distinct = dict.fromkeys(self.used)
        """… each once."""
        parameters = code.parameters
        self.names = numbered(code, parameters, self.distinct)
        self.parameters = len(parameters)

    def unchecked(self, restores: Container[int], unbinds: bool) -> set[int]:
        """The indexes of the LOAD_FAST that may find their local unbound and have to look.

        `restores` are the STORE_FAST that may store NULL. Are there instructions that unbind?
        """
        names = self.names
        touched = self._touched(restores) if unbinds or restores else set()
        if len(names) == self.parameters and not touched:
            return set()
        many = len(names) > FOLLOWED
        bits, start = self._bits(touched)
        if not bits and not many:
            return set()
        places = self.places if many else compress(self.places, map(bits.__contains__, self.used))
        happenings = Events(self.body, self.ops, self.dialect, places)
        found = _of_many(names, happenings, restores) if many else set()
        if bits and (unbinds or restores):
            return found | _Unbinding(self.ops, happenings, bits, restores).run(start)
        return found | _unsure(happenings, bits, start) if bits else found

    def emptied(self) -> set[int]:
        """The indexes of the LOAD_FAST of variables with cells whose place something deletes; no compiler does so."""
        names = self.names
        deleted = {name for name, op in zip(self.used, self.uses) if op == "DELETE_FAST" and name not in names}
        if not deleted:
            return set()
        uses = zip(self.places, self.used, self.uses)
        return {index for index, name, op in uses if op == "LOAD_FAST" and name in deleted}

    def _touched(self, restores: Container[int]) -> set[str]:
        """The locals that something unbinds."""
        found = set(compress(self.used, map(UNBINDING.__contains__, self.uses)))
        if restores:
            found.update(compress(self.used, map(restores.__contains__, self.places)))
        return found

    def _bits(self, touched: Set[str]) -> tuple[dict[str, int], int]:
        """A bit for each local that has to be followed; those that are unbound at the beginning."""
        names, parameters = self.names, self.parameters
        bits = {}
        start = 0
        bound = self._bound_first()
        for name in self.distinct:
            index = names.get(name, FOLLOWED)
            if parameters <= index < FOLLOWED:
                if name not in bound or name in touched:
                    bits[name] = 1 << index
                    start |= 1 << index
            elif name in touched and index < FOLLOWED:
                bits[name] = 1 << index
        return bits, start

    def _bound_first(self) -> set[str]:
        """The locals that are stored before execution can take different ways, and not used before that."""
        ways = _ways(self.dialect.name)
        end = next(compress(count(), map(ways.__contains__, self.ops)), len(self.ops))
        number = bisect_left(self.places, end)
        first = dict(zip(self.used[:number][::-1], self.uses[:number][::-1]))
        return {name for name, op in first.items() if op == "STORE_FAST"}


def _unsure(happenings: Events, bits: Mapping[str, int], mask: int) -> set[int]:
    """The loads that may find one of these locals unbound, where nothing unbinds any. Those of the mask are unbound at
    the beginning.

    All is gone through in the order in which it stands, and again from the first label to which a way back brings news.
    """
    found: set[int] = set()
    masks: dict[Any, int] = defaultdict(int)
    """Label -> the locals that may be unbound there."""
    news: set[Any] = set()
    """The labels with more of them than when they were passed."""
    bit_of = bits.get
    events = happenings.since(0)
    while True:
        for index, kind, arg in events:
            if kind <= UNBIND:
                bit = mask and mask & bit_of(arg, 0)
                if bit:
                    mask ^= bit
                    if kind == LOAD:
                        found.add(index)
            elif kind == MARK:
                mask |= masks[arg]
                masks[arg] = mask
                news.discard(arg)
            elif mask:
                if kind in _GOING and mask & ~masks[arg]:
                    masks[arg] |= mask
                    news.add(arg)
                if kind in _LEAVING:
                    mask = 0
        number = happenings.first_of(news) if news else len(happenings.kinds)
        if number == len(happenings.kinds):
            return found
        events, mask = happenings.since(number), 0


_Chain = Any
"""The labels of the handlers around, innermost first; None where no way has come yet."""


class _Unbinding:
    """The same where instructions unbind locals: then it matters which handler an instruction has."""

    def __init__(
        self, ops: Sequence[str], happenings: Iterable[Event], bits: Mapping[str, int], restores: Container[int]
    ) -> None:
        self.ops, self.happenings, self.bits, self.restores = ops, happenings, bits, restores
        self.masks: dict[Any, int] = {}
        self.chains: dict[Any, _Chain] = {}
        """Label -> the handlers around."""
        self.passed: set[Any] = set()
        self.again = True

    def run(self, start: int) -> set[int]:
        """The indexes of the loads."""
        found: set[int] = set()
        while self.again:
            self.again = False
            self.passed.clear()
            self._pass(start, found)
        return found

    def _pass(self, mask: int, found: set[int]) -> None:
        chain: _Chain = ()
        for index, kind, arg in self.happenings:
            if kind <= UNBIND:
                bit = self.bits.get(arg, 0)
                if bit and (kind == UNBIND or index in self.restores):
                    mask |= bit
                    self._raises(index, mask, chain)
                elif mask & bit:
                    mask ^= bit
                    if kind == LOAD:
                        found.add(index)
                continue
            if kind == MARK:
                self.passed.add(arg)
                mask |= self.masks.get(arg, 0)
                self.masks[arg] = mask
                if chain is not None:
                    self.chains.setdefault(arg, chain)
                chain = self.chains.get(arg)
                self._raises(index, mask, chain)
            elif kind == SETUP:
                self._comes(arg, mask, chain)
                chain = (arg, *(chain or ()))
            elif kind == POP:
                chain = chain and chain[1:]
                self._raises(index, mask, chain)
            else:
                if kind != END:
                    self._comes(arg, mask, chain)
                if kind != BRANCH:
                    mask, chain = 0, None

    def _raises(self, index: int, mask: int, chain: _Chain) -> None:
        """What comes next may raise, if that is an instruction."""
        if chain and mask and self.ops[index + 1 : index + 2] and self.ops[index + 1] not in _PSEUDO:
            self._comes(chain[0], mask, chain[1:])

    def _comes(self, label: Any, mask: int, chain: _Chain) -> None:
        """A way leads to this label."""
        old = self.masks.get(label, 0)
        if mask | old != old or label not in self.chains:
            self.masks[label] = mask | old
            self.chains.setdefault(label, chain or ())
            self.again = self.again or label in self.passed


def _of_many(names: Mapping[str, int], happenings: Iterable[Event], restores: Container[int]) -> set[int]:
    """Of the locals that are not followed: loads with nothing before them in their block that makes sure of them."""
    return _one_by_one(names, happenings, restores, frozenset())[0]


def splits(
    names: Mapping[str, int], happenings: Iterable[Event], restores: Container[int], checks: Set[int]
) -> list[int]:
    """The indexes of those `checks` that the compiler had to make only because a block begins before them."""
    return _one_by_one(names, happenings, restores, checks)[1]


def _one_by_one(
    names: Mapping[str, int], happenings: Iterable[Event], restores: Container[int], checks: Set[int]
) -> tuple[set[int], list[int]]:
    found, begins = set(), []
    sure: set[str] = set()
    for index, kind, arg in happenings:
        if kind > UNBIND:
            if kind < SETUP:
                sure.clear()
        elif names.get(arg, 0) >= FOLLOWED:
            if kind == UNBIND or index in restores:
                sure.discard(arg)
                continue
            if kind == LOAD and arg not in sure:
                found.add(index)
            elif index in checks:
                begins.append(index)
                sure.clear()
            sure.add(arg)
    return found, begins
