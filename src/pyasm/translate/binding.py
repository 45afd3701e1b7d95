"""Which loads of locals may find them unbound: definite assignment, with the answers of CPython's compiler.

The compiler follows the first 64 locals through the whole code. Of the others it only knows what happened since the
basic block began, to save time; labels show where blocks begin.

The state is a number with a bit for each local that may be unbound. Only those locals are followed that are not stored
before execution can take different ways.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import compress, count

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.columns import among, classes
from pyasm.typed import Any

FOLLOWED = 64
"""How many locals are followed from block to block."""

LOAD, STORE, DELETE, CLEAR, MARK, SETUP, BRANCH, JUMP, END, POP, CLOSURE = range(1, 12)
"""What an instruction is to the analysis of locals. Up to CLEAR they use one, from DELETE to CLEAR they unbind it. From
SETUP to JUMP they name a label, JUMP and END do not go on."""

_EVENTS = among(range(LOAD, POP + 1))
"""Uses of locals, and where ways meet or part."""
_USES = among(range(LOAD, CLEAR + 1))
_MARKS = among((MARK,))
_STRAIGHT = bytes([0, *range(LOAD, MARK), CLOSURE])
_NO_INSTRUCTIONS = frozenset({MARK, SETUP, POP})

USING = {"LOAD_FAST": LOAD, "STORE_FAST": STORE, "DELETE_FAST": DELETE, "LOAD_FAST_AND_CLEAR": CLEAR}
USING["LOAD_CLOSURE"] = CLOSURE
_PSEUDO = {LABEL: MARK, "SETUP_FINALLY": SETUP, "SETUP_CLEANUP": SETUP, "SETUP_WITH": SETUP, "POP_BLOCK": POP}
_FLOWS = {"return": END, "raise": END, "jump": JUMP, "branch": BRANCH}


@cache
def kinds(dialect_name: str) -> bytes:
    """For `translate`: from the numbers of mnemonics to what they are."""
    rows = isa.load(dialect_name).opcodes.values()
    ways = {row.name: _FLOWS[row.flow] for row in rows if row.flow in _FLOWS}
    return classes({**ways, **_PSEUDO, **USING}, dialect_name)


def numbered(code: Code, parameters: Sequence[str], used: Iterable[str]) -> dict[str, int]:
    """Name of each local -> its index, as the encoder will number them. `used` are those that instructions name."""
    names = dict(zip([*parameters, *code.locals], count()))
    shared = {*code.cells, *code.frees}
    for name in used:
        if name not in names and name not in shared:
            names[name] = len(names)
    return names


def events(kinds: bytes) -> Iterator[int]:
    """The indexes of all that matters for the analysis."""
    return compress(range(len(kinds)), kinds.translate(_EVENTS))


def _marks(kinds: bytes) -> Iterator[int]:
    """The indexes of labels."""
    return compress(range(len(kinds)), kinds.translate(_MARKS))


class Locals:
    """The locals of a body: how they are numbered, and where the body uses them."""

    def __init__(self, code: Code, kinds: bytes) -> None:
        """`kinds` is what each instruction is."""
        self.code, self.body, self.kinds = code, code.rows, kinds
        body = self.body
        self.places = list(compress(range(len(kinds)), kinds.translate(_USES)))
        """Where they are used."""
        self.used = {body[index][1] for index in self.places}
        self.parameters = code.parameters
        self.others = self.used.difference(self.parameters)
        """Those that are unbound at the beginning."""
        self.all_declared = self.others.issubset(code.locals)

    def numbers(self) -> dict[str, int]:
        """Name of each local -> its index."""
        return numbered(self.code, self.parameters, [self.body[index][1] for index in self.places])

    def first(self, number: int) -> Set[str]:
        """The locals with the lowest indexes, so many."""
        if self.all_declared:
            declared = self.parameters + self.code.locals
            return self.used if len(declared) <= number else set(declared[:number])
        return {name for name, index in self.numbers().items() if index < number}

    def unchecked(self, restores: Container[int]) -> set[int]:
        """The indexes of the LOAD_FAST that may find their local unbound and have to look.

        `restores` are the STORE_FAST that may store NULL.
        """
        body, kinds, others = self.body, self.kinds, self.others
        unbinds = CLEAR in kinds or DELETE in kinds
        touched = self._touched(restores) if unbinds else set()
        found: set[int] = set()
        if len(self.parameters) + len(self.code.locals) + len(others) > FOLLOWED or not self.all_declared:
            numbers = self.numbers()
            if len(numbers) > FOLLOWED and (len(numbers) > len(self.parameters) or touched):
                found = _one_by_one(numbers, body, kinds, restores, frozenset())[0]
            followed = {name for name, index in numbers.items() if index < FOLLOWED}
            others = others & followed
            touched &= followed
        if others:
            others = others - (self._bound_first() - touched)
        if not others and not touched:
            return found
        bits = {name: 1 << number for number, name in enumerate(others | touched)}
        start = sum(map(bits.__getitem__, others))
        if unbinds:
            return found | _Unbinding(body, kinds, bits, restores).run(start)
        return found | _unsure(body, kinds, bits, start)

    def emptied(self) -> set[int]:
        """The indexes of the LOAD_FAST of variables with cells whose place something deletes; no compiler does so."""
        names, body, kinds = self.numbers(), self.body, self.kinds
        deleted = {body[index][1] for index in self.places if kinds[index] == DELETE} - names.keys()
        return {index for index in self.places if kinds[index] == LOAD and body[index][1] in deleted}

    def _touched(self, restores: Container[int]) -> set[str]:
        """The locals that something unbinds."""
        body, kinds = self.body, self.kinds
        return {body[index][1] for index in self.places if kinds[index] > STORE or index in restores}

    def _bound_first(self) -> set[str]:
        """The locals that are stored before execution can take different ways, and not used before that."""
        body, kinds = self.body, self.kinds
        end = len(kinds) - len(kinds.lstrip(_STRAIGHT))
        first: dict[str, int] = {}
        for index in self.places:
            if index >= end:
                break
            first.setdefault(body[index][1], kinds[index])
        return {name for name, kind in first.items() if kind == STORE}


def _unsure(body: Sequence[Row], kinds: bytes, bits: Mapping[str, int], mask: int) -> set[int]:
    """The loads that may find one of these locals unbound, where nothing unbinds any. Those of the mask are unbound at
    the beginning.

    All is gone through in the order in which it stands, and again from the first label to which a way back brings news.
    """
    found: set[int] = set()
    masks: dict[Any, int] = {}
    """Label -> the locals that may be unbound there."""
    news: set[Any] = set()
    """The labels with more of them than when they were passed."""
    bit_of, mask_of = bits.get, masks.get
    indexes: Iterable[int] = events(kinds)
    while True:
        for index in indexes:
            kind = kinds[index]
            if kind <= CLEAR:
                bit = mask and mask & bit_of(body[index][1], 0)
                if bit:
                    mask ^= bit
                    if kind == LOAD:
                        found.add(index)
                    if not mask and not news:  # all are bound, on all ways from here
                        return found
            elif kind == MARK:
                label = body[index][1]
                masks[label] = mask = mask | mask_of(label, 0)
                news.discard(label)
            elif mask:
                if kind <= JUMP:
                    label = body[index][1]
                    old = mask_of(label, 0)
                    if mask & ~old:
                        masks[label] = mask | old
                        news.add(label)
                if kind >= JUMP and kind != POP:
                    mask = 0
        first = next((index for index in _marks(kinds) if body[index][1] in news), None) if news else None
        if first is None:
            return found
        indexes, mask = [index for index in events(kinds) if index >= first], 0


_Chain = Any
"""The labels of the handlers around, innermost first; None where no way has come yet."""


class _Unbinding:
    """The same where instructions unbind locals: then it matters which handler an instruction has."""

    def __init__(self, body: Sequence[Row], kinds: bytes, bits: Mapping[str, int], restores: Container[int]) -> None:
        self.body, self.kinds, self.bits, self.restores = body, kinds, bits, restores
        self.events = list(events(kinds))
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
        body, kinds, bits, restores = self.body, self.kinds, self.bits, self.restores
        chain: _Chain = ()
        for index in self.events:
            kind = kinds[index]
            arg = body[index][1]
            if kind <= CLEAR:
                bit = bits.get(arg, 0)
                if bit and (kind > STORE or index in restores):
                    mask |= bit
                    self._raises(index, mask, chain)
                elif mask & bit:
                    mask ^= bit
                    if kind == LOAD:
                        found.add(index)
            elif kind == MARK:
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
        if chain and mask and index + 1 < len(self.kinds) and self.kinds[index + 1] not in _NO_INSTRUCTIONS:
            self._comes(chain[0], mask, chain[1:])

    def _comes(self, label: Any, mask: int, chain: _Chain) -> None:
        """A way leads to this label."""
        old = self.masks.get(label, 0)
        if mask | old != old or label not in self.chains:
            self.masks[label] = mask | old
            self.chains.setdefault(label, chain or ())
            self.again = self.again or label in self.passed


def splits(code: Code, kinds: bytes, restores: Container[int], checks: Set[int]) -> list[int]:
    """The indexes of those `checks` that the compiler had to make only because a block begins before them."""
    return _one_by_one(Locals(code, kinds).numbers(), code.rows, kinds, restores, checks)[1]


def _one_by_one(
    numbers: Mapping[str, int],
    body: Sequence[Row],
    kinds: bytes,
    restores: Container[int],
    checks: Set[int],
) -> tuple[set[int], list[int]]:
    """Of the locals that are not followed: loads with nothing before them in their block that makes sure of them; the
    `checks` before which a block has to begin.
    """
    found, begins = set(), []
    sure: set[str] = set()
    for index in events(kinds):
        kind, arg = kinds[index], body[index][1]
        if kind > CLEAR:
            if kind != SETUP and kind != POP:
                sure.clear()
        elif numbers.get(arg, 0) >= FOLLOWED:
            if kind > STORE or index in restores:
                sure.discard(arg)
                continue
            if kind == LOAD and arg not in sure:
                found.add(index)
            elif index in checks:
                begins.append(index)
                sure.clear()
            sure.add(arg)
    return found, begins
