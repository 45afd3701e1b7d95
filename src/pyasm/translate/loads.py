"""loads: the forms in which compilers load and store locals since 3.12, all of them LOAD_FAST and STORE_FAST.

    LOAD_FAST_CHECK        the local may be unbound (3.12 and later: a plain LOAD_FAST does not look)
    LOAD_FAST_LOAD_FAST    two in one, as are STORE_FAST_STORE_FAST and STORE_FAST_LOAD_FAST (3.13 and later)
    LOAD_FAST_BORROW       without a reference of its own (3.14 and later), also for two
    LOAD_FAST              of a cell: LOAD_CLOSURE (3.13 and later)

lower chooses as the compiler does, block by block. The compiler has more blocks than the jumps tell: some begin where
nothing jumps in the end. Lifting puts a label there, `block1:`, when it makes a difference, and `empty1:` for a block
without instructions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from operator import itemgetter

from pyasm import isa
from pyasm.code import Code, Free, Instruction
from pyasm.native.units import LABEL
from pyasm.translate import binding, borrowing
from pyasm.translate.binding import LOAD, STORE, Event
from pyasm.translate.edit import Labels, instruction, places, rewrite, where
from pyasm.translate.effects import effects
from pyasm.translate.notes import BEGIN
from pyasm.typed import Any

CHECKED, CLEARED = "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR"
PAIRS = {
    (STORE, STORE): "STORE_FAST_STORE_FAST",
    (STORE, LOAD): "STORE_FAST_LOAD_FAST",
    (LOAD, LOAD): "LOAD_FAST_LOAD_FAST",
}
LAST_OF_PAIR = 15
"""The highest index of a local in an instruction with two of them."""
OP = itemgetter(0)
_UNBINDING = frozenset({"DELETE_FAST", CLEARED})
_CLOSURES = frozenset({"LOAD_CLOSURE"})
_LOCALS = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST", "LOAD_CLOSURE", CLEARED})


# -- lowering


def lower(code: Code, dialect: isa.Dialect) -> None:
    """To the forms that the dialect has, chosen as its compiler does."""
    opcodes = dialect.opcodes
    ops = list(map(OP, code.body))
    if CHECKED not in opcodes or _LOCALS.isdisjoint(ops):
        return
    happenings = binding.events(code.body, ops, dialect)
    names = binding.numbered(code, happenings)
    unbinds = not _UNBINDING.isdisjoint(ops)
    restores = _Shadows(code.body, dialect).restores if unbinds else set()
    checks = binding.unchecked(code, names, happenings, restores)
    if "DELETE_FAST" in ops:
        checks |= _of_emptied_cells(code, names)
    body = code.body
    for index in checks:
        _, arg, position = body[index]
        body[index] = instruction(CHECKED, arg, position)
    if PAIRS[LOAD, LOAD] in opcodes:
        done = checks | restores if restores else checks
        small: Set[str] = names.keys()
        if max(names.values(), default=0) > LAST_OF_PAIR:
            small = {name for name, index in names.items() if index <= LAST_OF_PAIR}
        body = _fused(body, happenings, done, small)
    if "LOAD_CLOSURE" not in opcodes and (code.cells or code.frees):
        for index in where(list(map(OP, body)), _CLOSURES):
            body[index] = instruction("LOAD_FAST", *body[index][1:])
    if "LOAD_FAST_BORROW" in opcodes:
        borrowing.borrow(body, dialect)
    code.body = body


def _fused(body: list[Instruction], happenings: Sequence[Event], done: Set[int], small: Set[str]) -> list[Instruction]:
    """Pairs of neighbours as one instruction, from the left, where no line begins with the second one.

    Those that are `done` stay as they are.
    """
    gone = False
    follows, kind_before, name_before = -1, 0, ""
    for index, kind, name in happenings:
        if (
            index == follows
            and (kind_before, kind) in PAIRS
            and index not in done
            and index - 1 not in done
            and fuses(body, index - 1, kind_before, name_before, kind, name, small)
        ):
            body[index - 1] = instruction(PAIRS[kind_before, kind], (name_before, name), body[index - 1][2])
            body[index] = _GONE
            gone = True
            follows = -1
            continue
        follows, kind_before, name_before = index + 1, kind, name
    return [each for each in body if each is not _GONE] if gone else body


_GONE = instruction("")


def fuses(
    body: Sequence[Instruction], before: int, kind_before: int, name_before: str, kind: int, name: str, small: Set[str]
) -> bool:
    """Does the compiler make one instruction of this load or store and the one behind it?"""
    if (kind_before, kind) not in PAIRS or name_before not in small or name not in small:
        return False
    one, other = body[before][2], body[before + 1][2]
    if other is None or one is other:
        return True
    while one is None and before:
        before -= 1
        one = body[before][2]
    return one is None or one[0] is None or other[0] is None or one[0] == other[0]


def _of_emptied_cells(code: Code, names: Mapping[str, int]) -> set[int]:
    """The indexes of the LOAD_FAST of variables with cells whose place something deletes, which no compiler does."""
    deleted = {arg for op, arg, _ in code.body if op == "DELETE_FAST" and arg not in names}
    return {index for index, (op, arg, _) in enumerate(code.body) if op == "LOAD_FAST" and arg in deleted}


class _Shadows:
    """What the LOAD_FAST_AND_CLEAR of a body shadow, until their value is put back."""

    def __init__(self, body: Sequence[Instruction], dialect: isa.Dialect, *, found: bool = True) -> None:
        """Nothing to look for unless one is `found`."""
        self.restores: set[int] = set()
        """The indexes of the STORE_FAST that put a value back, which may be NULL."""
        self.plain: set[tuple[int, str]] = set()
        """Where a local stands in the place of a cell: index and name."""
        self.body = body
        self.step = effects(dialect.name).step
        self.labels: dict[Any, int] = {}
        if not found:
            return
        self.labels = places(body)
        for index in [index for index, each in enumerate(body) if each[0] == CLEARED]:
            self._follow(index)

    def _follow(self, start: int) -> None:
        """Where the entry that is pushed there ends: on every path, with the number of entries above it."""
        body, step = self.body, self.step
        seen: set[int] = set()
        pending = [(start + 1, 0)]
        while pending:
            index, above = pending.pop()
            while index not in seen and index < len(body):
                seen.add(index)
                op, arg, _ = body[index]
                if op == "STORE_FAST" and not above:
                    self.restores.add(index)
                    break
                following: int | None = above
                if op == "SWAP" and above in (0, arg - 1):
                    following = arg - 1 - above
                elif op != LABEL:
                    following, jumping = step(op, arg, above)
                    if jumping is not None and jumping >= 0 and arg in self.labels:
                        pending.append((self.labels[arg], jumping))
                if following is None or following < 0:
                    break
                above = following
                index += 1
        name = body[start][1]
        if not any(body[index][0] == "MAKE_CELL" and body[index][1] == name for index in seen):
            self.plain.update([(index, name) for index in seen])


# -- lifting

_PARTS: dict[str, tuple[int, ...]] = {
    "LOAD_FAST": (LOAD,),
    "LOAD_FAST_BORROW": (LOAD,),
    "LOAD_FAST_LOAD_FAST": (LOAD, LOAD),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": (LOAD, LOAD),
    "STORE_FAST": (STORE,),
    "STORE_FAST_STORE_FAST": (STORE, STORE),
    "STORE_FAST_LOAD_FAST": (STORE, LOAD),
}
_ONE_LOAD = (LOAD,)
_NAMES = {LOAD: "LOAD_FAST", STORE: "STORE_FAST"}
_FORMS = frozenset(_PARTS) | {CHECKED}
_OWNED = frozenset(borrowing.BORROWED)


def lift(code: Code, dialect: isa.Dialect) -> None:
    """To LOAD_FAST, STORE_FAST and LOAD_CLOSURE."""
    body, opcodes = code.body, dialect.opcodes
    if CHECKED not in opcodes:
        return
    found = set(map(OP, body))
    if found.isdisjoint(_FORMS):
        return
    separator = _Separator(code, dialect, found)
    if "LOAD_FAST_BORROW" in opcodes and not found.isdisjoint(_OWNED):
        separator.marks = borrowing.hidden(body, dialect)
    code.body = separator.body()
    if CHECKED in found:
        if len(code.parameters) + len(code.locals) > binding.FOLLOWED:
            _mark_checks(code, dialect)
        code.body = [_unchecked(each) for each in code.body]


class _Separator:
    """A body in which each load and store of a local stands alone, with labels where the compiler's blocks begin."""

    def __init__(self, code: Code, dialect: isa.Dialect, found: Set[str]) -> None:
        self.old = code.body
        self.marks: dict[int, str] = {}
        """Index -> what kind of label has to be put there."""
        self.shadows = _Shadows(code.body, dialect, found=CLEARED in found)
        self.cells = {*code.cells, *code.frees} if "LOAD_CLOSURE" not in dialect.opcodes else set()
        pairs = PAIRS[LOAD, LOAD] in dialect.opcodes
        self.small = set((code.parameters + code.locals)[: LAST_OF_PAIR + 1]) if pairs else set()

    def body(self) -> list[Instruction]:
        """The new body."""
        old, shadows, cells = self.old, self.shadows, self.cells
        edits: dict[int, list[Instruction]] = {}
        new = old[:]
        single, kind_before, name_before = -2, 0, ""  # a load or store that would take another into one instruction
        restores, small = shadows.restores, self.small
        for index in where(list(map(OP, old)), _PARTS.keys()):
            if index in restores:
                continue
            op, arg, position = old[index]
            kinds = _PARTS[op]
            pair = len(kinds) == 2
            if pair:
                parts = [instruction(_NAMES[kind], name, position) for kind, name in zip(kinds, arg)]
                edits[index] = parts
            elif cells and kinds[0] == LOAD and self._is_cell(index, arg):
                new[index] = instruction("LOAD_CLOSURE", arg, position)
                continue
            elif op == "LOAD_FAST_BORROW":
                new[index] = instruction("LOAD_FAST", arg, position)
            first = arg[0] if pair else arg
            if single == index - 1 and fuses(old, single, kind_before, name_before, kinds[0], first, small):
                self.marks.setdefault(index, BEGIN)
            single, kind_before, name_before = -2 if pair else index, kinds[0], first
        labels = {kind: Labels(old, kind) for kind in set(self.marks.values())}
        for index, kind in self.marks.items():
            edits[index] = [instruction(LABEL, labels[kind].new()), *edits.get(index, [new[index]])]
        return rewrite(new, edits)

    def _is_cell(self, index: int, name: str) -> bool:
        return type(name) is Free or (name in self.cells and (index, name) not in self.shadows.plain)


def _mark_checks(code: Code, dialect: isa.Dialect) -> None:
    """Labels where only the beginning of a block explains that the compiler is not sure of a local."""
    body = code.body
    checks = {index for index, each in enumerate(body) if each[0] == CHECKED}
    plain = [_unchecked(each) for each in body]
    happenings = binding.events(plain, list(map(OP, plain)), dialect)
    names = binding.numbered(code, happenings)
    splits = binding.splits(names, happenings, _Shadows(body, dialect).restores, checks)
    if splits:
        new = Labels(body, BEGIN).new
        code.body = rewrite(body, {index: [instruction(LABEL, new()), body[index]] for index in splits})


def _unchecked(each: Instruction) -> Instruction:
    return each if each[0] != CHECKED else instruction("LOAD_FAST", each[1], each[2])
