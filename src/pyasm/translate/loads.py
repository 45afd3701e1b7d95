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

from collections.abc import Iterable, Sequence, Set
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Code, Free, Row
from pyasm.native.units import LABEL
from pyasm.translate import binding, borrowing
from pyasm.translate.columns import among, classes, flags, labels, numbered, renumbered
from pyasm.translate.edit import NOTHING, Labels, change, instruction, where
from pyasm.translate.effects import effects, number
from pyasm.translate.notes import BEGIN

CHECKED, CLEARED = "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR"
PAIRS = {
    ("LOAD_FAST", "LOAD_FAST"): "LOAD_FAST_LOAD_FAST",
    ("STORE_FAST", "STORE_FAST"): "STORE_FAST_STORE_FAST",
    ("STORE_FAST", "LOAD_FAST"): "STORE_FAST_LOAD_FAST",
}
"""Two instructions in one."""
LAST_OF_PAIR = 15
"""The highest index of a local in an instruction with two of them."""
_SINGLE = {"LOAD_FAST": "LOAD_FAST", "LOAD_FAST_BORROW": "LOAD_FAST", "STORE_FAST": "STORE_FAST"}
_PARTS = {pair: parts for parts, pair in PAIRS.items()}
_PARTS["LOAD_FAST_BORROW_LOAD_FAST_BORROW"] = _PARTS["LOAD_FAST_LOAD_FAST"]
_FUSED = {bytes([binding.USING[one], binding.USING[other]]): pair for (one, other), pair in PAIRS.items()}
_FUSING, _TWO = among((binding.LOAD, binding.STORE)), b"\1\1"
_LOCALS = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST", "LOAD_CLOSURE", CLEARED})


# -- lowering


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _LOCALS if CHECKED in dialect.opcodes else frozenset()


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To the forms that the dialect has, chosen as its compiler does."""
    opcodes = dialect.opcodes
    if CHECKED not in opcodes:
        return NOTHING
    body = code.rows
    numbers = numbered(ops, dialect.name)
    kinds = numbers.translate(binding.kinds(dialect.name))
    restores = _Shadows(body, numbers, dialect).restores if binding.CLEAR in kinds else set()
    variables = binding.Locals(code, kinds)
    checks = variables.unchecked(restores)
    if binding.DELETE in kinds:
        checks |= variables.emptied()
    closures = []
    if binding.CLOSURE in kinds and "LOAD_CLOSURE" not in opcodes:
        closures = [index for index, kind in enumerate(kinds) if kind == binding.CLOSURE]
    if checks or closures:
        _turn(body, ops, checks, CHECKED)
        _turn(body, ops, closures, "LOAD_FAST")
        numbers = renumbered(numbers, {CHECKED: checks, "LOAD_FAST": closures}, dialect.name)
    borrows = bytearray()
    if "LOAD_FAST_BORROW" in opcodes:
        borrows = borrowing.borrowing(body, ops, numbers, dialect)
    dropped: dict[int, Sequence[Row]] = {}
    if "LOAD_FAST_LOAD_FAST" in opcodes:
        dropped = _fuse(body, ops, kinds, variables, restores | checks, borrows)
    if borrows:
        _turn(body, ops, compress(range(len(body)), borrows), "LOAD_FAST_BORROW")
    change(code, ops, dropped)
    return NOTHING


def _turn(body: list[Row], ops: list[str], indexes: Iterable[int], op: str) -> None:
    """Give the instructions at these indexes another mnemonic."""
    for index in indexes:
        _, arg, position = body[index]
        body[index] = (op, arg, position)
        ops[index] = op


def _fuse(
    body: list[Row], ops: list[str], kinds: bytes, variables: binding.Locals, apart: Set[int], borrows: bytearray
) -> dict[int, Sequence[Row]]:
    """Make neighbours one instruction, from the left, where no line begins with the second one; edits that drop that.

    Those `apart` stay as they are. `borrows` flags the loads that borrow; those in pairs are taken out.
    """
    dropped: dict[int, Sequence[Row]] = {}
    small: Set[str] = frozenset()
    there = kinds.translate(_FUSING)
    index = there.find(_TWO)
    while index >= 0:
        behind = index + 1
        pair = _FUSED.get(kinds[index : behind + 1])
        if pair and (not apart or apart.isdisjoint((index, behind))):
            _, one, position = body[index]
            other = body[behind][1]
            small = small or variables.first(LAST_OF_PAIR + 1)
            if fuses(body, index, one, other, small):
                if borrows:
                    if borrows[index] and borrows[behind]:
                        pair = "LOAD_FAST_BORROW_LOAD_FAST_BORROW"
                    borrows[index] = borrows[behind] = 0
                body[index] = (pair, (one, other), position)
                ops[index] = pair
                dropped[behind] = ()
                behind += 1
        index = there.find(_TWO, behind)
    return dropped


def fuses(body: Sequence[Row], index: int, name: str, following: str, small: Set[str]) -> bool:
    """Are this local and that of the next instruction on the same line, and have they small numbers?"""
    if name not in small or following not in small:
        return False
    one, other = body[index][2], body[index + 1][2]
    if other is None or one is other:
        return True
    while one is None and index:
        index -= 1
        one = body[index][2]
    return one is None or one[0] is None or other[0] is None or one[0] == other[0]


@cache
def _clears(dialect_name: str) -> bytes:
    return flags({CLEARED}, dialect_name)


class _Shadows:
    """What the LOAD_FAST_AND_CLEAR of a body shadow, until their value is put back."""

    def __init__(self, body: Sequence[Row], numbers: bytes, dialect: isa.Dialect) -> None:
        """`numbers` are those of the mnemonics."""
        self.restores: set[int] = set()
        """The indexes of the STORE_FAST that put a value back, which may be NULL."""
        self.body = body
        self.table = effects(dialect.name)
        self.labels = labels(body, numbers, dialect.name)
        clears = compress(range(len(body)), numbers.translate(_clears(dialect.name)))
        self.followed = {index: self._follow(index) for index in clears}
        """Index of a LOAD_FAST_AND_CLEAR -> those of the instructions up to where its value is put back."""

    def _follow(self, start: int) -> list[range]:
        """Where the entry that is pushed there ends: on every path, with the number of entries above it."""
        body, plain, changes = self.body, self.table.plain, self.table.changes
        ways: list[range] = []
        seen: set[int] = set()
        """The labels so far."""
        pending = [(start + 1, 0)]
        while pending:
            index, above = pending.pop()
            first, size = index, len(body) if index > start else start + 1
            while index < size and above >= 0:
                op, arg, _ = body[index]
                change = plain.get(op)
                if change is not None:
                    if not above and op == "STORE_FAST":
                        self.restores.add(index)
                        index += 1
                        break
                    above += change
                elif op == LABEL:
                    if index in seen:
                        break
                    seen.add(index)
                elif op == "SWAP":
                    if above in (0, arg - 1):
                        above = arg - 1 - above
                else:
                    following, jumping = changes[op, arg if type(arg) is int else number(arg)]
                    if jumping is not None and above + jumping >= 0 and arg in self.labels:
                        pending.append((self.labels[arg], above + jumping))
                    if following is None:
                        index += 1
                        break
                    above += following
                index += 1
            ways.append(range(first, index))
        return ways

    def plain(self) -> set[tuple[int, str]]:
        """Where a local stands in the place of a cell: index and name."""
        found: set[tuple[int, str]] = set()
        for start, ways in self.followed.items():
            name = self.body[start][1]
            if not any(self.body[index][:2] == ("MAKE_CELL", name) for way in ways for index in way):
                found.update([(index, name) for way in ways for index in way])
        return found


# -- lifting

_FIRST = {**_SINGLE, **{pair: parts[0] for pair, parts in _PARTS.items()}}
_CHECKED = frozenset({CHECKED})
_FORMS = frozenset({*_FIRST, CHECKED})
_KINDS = {name: number for number, name in enumerate((*_SINGLE, *_PARTS, CHECKED, CLEARED), 1)}
"""What an instruction is to lifting."""
_TWOFOLD = among(range(len(_SINGLE) + 1, len(_FIRST) + 1))
_FORMED = among(range(1, len(_FIRST) + 1))
_OWNING = among([_KINDS["LOAD_FAST"], _KINDS["LOAD_FAST_LOAD_FAST"]])
_BORROWING = among([_KINDS["LOAD_FAST_BORROW"]])
_LOADING = among([_KINDS["LOAD_FAST"], _KINDS["LOAD_FAST_BORROW"]])
_APART = {
    bytes([_KINDS[op], _KINDS[following]]): following in _PARTS
    for op, one in _SINGLE.items()
    for following, other in _FIRST.items()
    if (one, other) in PAIRS
}
"""Two neighbours that could be one pair, or one with half of the other -> is the second one a pair?"""


@cache
def _forms(dialect_name: str) -> bytes:
    return classes(_KINDS, dialect_name)


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _FORMS if CHECKED in dialect.opcodes else frozenset()


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To LOAD_FAST, STORE_FAST and LOAD_CLOSURE."""
    if CHECKED not in dialect.opcodes:
        return NOTHING
    opcodes = dialect.opcodes
    body = code.rows
    numbers = numbered(ops, dialect.name)
    kinds = numbers.translate(_forms(dialect.name))
    shadows = _Shadows(body, numbers, dialect) if _KINDS[CLEARED] in kinds else None
    marks: dict[int, str] = {}
    if "LOAD_FAST_BORROW" in opcodes and 1 in kinds.translate(_OWNING):
        marks = borrowing.hidden_blocks(body, ops, numbers, dialect)
    if "LOAD_CLOSURE" not in opcodes and (code.cells or code.frees):
        kinds = _closures(code, ops, kinds, shadows.plain() if shadows else frozenset())
    if "LOAD_FAST_LOAD_FAST" in opcodes:
        _unfused(code, kinds, shadows.restores if shadows else frozenset(), marks)
    if _KINDS["LOAD_FAST_BORROW"] in kinds:
        _turn(body, ops, compress(range(len(body)), kinds.translate(_BORROWING)), "LOAD_FAST")
    twofold = kinds.translate(_TWOFOLD)
    if marks or 1 in twofold:
        _separate(code, ops, compress(range(len(kinds)), twofold), marks)
    if _KINDS[CHECKED] in kinds:
        if len(code.parameters) + len(code.locals) > binding.FOLLOWED:
            _mark_checks(code, ops, dialect)
        _turn(code.rows, ops, list(where(ops, _CHECKED)), "LOAD_FAST")
    return NOTHING


def _closures(code: Code, ops: list[str], kinds: bytes, plain: Set[tuple[int, str]]) -> bytes:
    """LOAD_CLOSURE for the loads of cells. What each instruction is, without them."""
    body, cells = code.rows, {*code.cells, *code.frees}
    rest = bytearray(kinds)
    for index in compress(range(len(kinds)), kinds.translate(_LOADING)):
        _, name, position = body[index]
        if type(name) is Free or (name in cells and (index, name) not in plain):
            body[index] = ("LOAD_CLOSURE", name, position)
            ops[index] = "LOAD_CLOSURE"
            rest[index] = 0
    return bytes(rest)


def _unfused(code: Code, kinds: bytes, restores: Set[int], marks: dict[int, str]) -> None:
    """Note where a block must begin, since two neighbours are no pair that could be one."""
    body = code.rows
    small: Set[str] = frozenset()
    there = kinds.translate(_FORMED)
    index = there.find(_TWO)
    while index >= 0:
        behind = index + 1
        is_pair = _APART.get(kinds[index : behind + 1])
        if is_pair is not None and (not restores or restores.isdisjoint((index, behind))):
            arg = body[behind][1]
            small = small or set((code.parameters + code.locals)[: LAST_OF_PAIR + 1])
            if fuses(body, index, body[index][1], arg[0] if is_pair else arg, small):
                marks.setdefault(behind, BEGIN)
        index = there.find(_TWO, behind)


def _separate(code: Code, ops: list[str], pairs: Iterable[int], marks: dict[int, str]) -> None:
    """Two instructions for each pair, and labels at the marks."""
    body = code.rows
    edits: dict[int, list[Row]] = {}
    for index in pairs:
        op, names, position = body[index]
        one, other = _PARTS[op]
        edits[index] = [(one, names[0], position), (other, names[1], position)]
    if marks:
        names = {kind: Labels(body, kind) for kind in set(marks.values())}
        for index, kind in marks.items():
            edits[index] = [instruction(LABEL, names[kind].new()), *edits.get(index, [body[index]])]
    change(code, ops, edits)


def _mark_checks(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Labels where only the beginning of a block explains that the compiler is not sure of a local."""
    body = code.rows
    checks = set(where(ops, _CHECKED))
    restores = _Shadows(body, numbered(ops, dialect.name), dialect).restores if CLEARED in ops else set()
    loads = ["LOAD_FAST" if op == CHECKED else op for op in ops]
    kinds = numbered(loads, dialect.name).translate(binding.kinds(dialect.name))
    splits = binding.splits(code, kinds, restores, checks)
    if splits:
        new = Labels(body, BEGIN).new
        change(code, ops, {index: [instruction(LABEL, new()), body[index]] for index in splits})
