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

from collections.abc import Container, Iterator, Mapping, Sequence, Set
from itertools import compress
from operator import eq

from pyasm import isa
from pyasm.code import Code, Free, Instruction
from pyasm.native.units import LABEL
from pyasm.translate import binding, borrowing
from pyasm.translate.edit import NOTHING, Labels, instruction, opcode, places, rename, rewrite, where
from pyasm.translate.effects import effects
from pyasm.translate.loaded import BORROWED
from pyasm.translate.notes import BEGIN
from pyasm.typed import Any

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
_CLOSURES = frozenset({"LOAD_CLOSURE"})
_LOCALS = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST", "LOAD_CLOSURE", CLEARED})


# -- lowering


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _LOCALS if CHECKED in dialect.opcodes else frozenset()


def lower(code: Code, dialect: isa.Dialect) -> Set[str]:
    """To the forms that the dialect has, chosen as its compiler does."""
    if CHECKED not in dialect.opcodes:
        return NOTHING
    opcodes = dialect.opcodes
    body = code.body
    ops = list(map(opcode, body))
    found = set(ops)
    unbinds = not found.isdisjoint(binding.UNBINDING)
    restores = _Shadows(body, dialect).restores if unbinds else set()
    variables = binding.Locals(code, ops, dialect)
    checks = variables.unchecked(restores, unbinds)
    if "DELETE_FAST" in found:
        checks |= _of_emptied_cells(code, variables.names)
    for index in checks:
        _, arg, position = body[index]
        body[index] = instruction(CHECKED, arg, position)
        ops[index] = CHECKED
    if not opcodes.keys().isdisjoint(_PARTS):
        names = variables.names
        small: Set[str] = names.keys()
        if max(names.values(), default=0) > LAST_OF_PAIR:
            small = {name for name, index in names.items() if index <= LAST_OF_PAIR}
        kept = _fuse(body, ops, small, restores)
        if not all(kept):
            body, ops = list(compress(body, kept)), list(compress(ops, kept))
    if "LOAD_CLOSURE" not in opcodes and "LOAD_CLOSURE" in found:
        rename(body, list(where(ops, _CLOSURES)), "LOAD_FAST")
        ops = list(map(opcode, body))
    if "LOAD_FAST_BORROW" in opcodes:
        borrowing.borrow(body, ops, dialect)
    code.body = body
    return NOTHING


def _fuse(body: list[Instruction], ops: list[str], small: Set[str], restores: Set[int]) -> bytearray:
    """Make pairs of neighbours one instruction, from the left, where no line begins with the second one.

    Gives 0 for those that are no longer needed. `restores` stay as they are.
    """
    kept = bytearray(b"\1") * len(body)
    for index in _neighbours(_uses(ops, _SINGLE, restores)):
        pair = PAIRS.get((ops[index], ops[index + 1]))
        if pair and kept[index] and fuses(body, index, body[index][1], body[index + 1][1], small):
            _, name, position = body[index]
            body[index] = instruction(pair, (name, body[index + 1][1]), position)
            ops[index] = pair
            kept[index + 1] = 0
    return kept


def _uses(ops: Sequence[str], wanted: Container[str], restores: Set[int]) -> list[int]:
    """The indexes of these mnemonics, but for `restores`."""
    found = list(where(ops, wanted))
    return [index for index in found if index not in restores] if restores else found


def _neighbours(indexes: list[int]) -> Iterator[int]:
    """Those of the indexes of which the next one is the next number."""
    return compress(indexes, map(eq, map((1).__add__, indexes), indexes[1:]))


def fuses(body: Sequence[Instruction], index: int, name: str, following: str, small: Set[str]) -> bool:
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

_FIRST = {**_SINGLE, **{pair: parts[0] for pair, parts in _PARTS.items()}}
_BORROWED, _CHECKED = frozenset({"LOAD_FAST_BORROW"}), frozenset({CHECKED})
_LOADS = _BORROWED | {"LOAD_FAST"}
_FORMS = frozenset({*_FIRST, CHECKED})


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _FORMS if CHECKED in dialect.opcodes else frozenset()


def lift(code: Code, dialect: isa.Dialect) -> Set[str]:
    """To LOAD_FAST, STORE_FAST and LOAD_CLOSURE."""
    if CHECKED not in dialect.opcodes:
        return NOTHING
    opcodes = dialect.opcodes
    body = code.body
    ops = list(map(opcode, body))
    found = set(ops)
    shadows = _Shadows(body, dialect, found=CLEARED in found)
    marks: dict[int, str] = {}
    if "LOAD_FAST_BORROW" in opcodes and not found.isdisjoint(BORROWED):
        marks = borrowing.hidden_blocks(body, ops, dialect)
    if "LOAD_CLOSURE" not in opcodes and (code.cells or code.frees):
        _closures(code, ops, shadows.plain)
    if not opcodes.keys().isdisjoint(_PARTS):
        _unfused(code, ops, shadows.restores, marks)
    if "LOAD_FAST_BORROW" in found:
        rename(body, list(where(ops, _BORROWED)), "LOAD_FAST")
    code.body = _separated(body, ops, marks)
    if CHECKED in found:
        if len(code.parameters) + len(code.locals) > binding.FOLLOWED:
            _mark_checks(code, dialect, CLEARED in found)
        rename(code.body, list(where(list(map(opcode, code.body)), _CHECKED)), "LOAD_FAST")
    return NOTHING


def _closures(code: Code, ops: list[str], plain: Set[tuple[int, str]]) -> None:
    """LOAD_CLOSURE for the loads of cells."""
    body, cells = code.body, {*code.cells, *code.frees}
    for index in where(ops, _LOADS):
        _, name, position = body[index]
        if type(name) is Free or (name in cells and (index, name) not in plain):
            body[index] = instruction("LOAD_CLOSURE", name, position)
            ops[index] = "LOAD_CLOSURE"


def _unfused(code: Code, ops: Sequence[str], restores: Set[int], marks: dict[int, str]) -> None:
    """Note where a block must begin, since two neighbours are no pair that could be one."""
    body = code.body
    small = set((code.parameters + code.locals)[: LAST_OF_PAIR + 1])
    for index in _neighbours(_uses(ops, _FIRST, restores)):
        following = index + 1
        if (_SINGLE.get(ops[index]), _FIRST[ops[following]]) not in PAIRS:
            continue
        arg = body[following][1]
        if fuses(body, index, body[index][1], arg[0] if ops[following] in _PARTS else arg, small):
            marks.setdefault(following, BEGIN)


def _separated(body: list[Instruction], ops: Sequence[str], marks: dict[int, str]) -> list[Instruction]:
    """The body with two instructions for each pair, and labels at the marks."""
    edits: dict[int, list[Instruction]] = {}
    for index in where(ops, _PARTS):
        op, names, position = body[index]
        one, other = _PARTS[op]
        edits[index] = [instruction(one, names[0], position), instruction(other, names[1], position)]
    labels = {kind: Labels(body, kind) for kind in set(marks.values())}
    for index, kind in marks.items():
        edits[index] = [instruction(LABEL, labels[kind].new()), *edits.get(index, [body[index]])]
    return rewrite(body, edits)


def _mark_checks(code: Code, dialect: isa.Dialect, clears: bool) -> None:
    """Labels where only the beginning of a block explains that the compiler is not sure of a local."""
    body = code.body
    ops = list(map(opcode, body))
    checks = set(where(ops, _CHECKED))
    happenings = binding.Events(body, ["LOAD_FAST" if op == CHECKED else op for op in ops], dialect)
    names = binding.numbered(code, [arg for _, kind, arg in happenings if kind <= binding.UNBIND])
    splits = binding.splits(names, happenings, _Shadows(body, dialect, found=clears).restores, checks)
    if splits:
        new = Labels(body, BEGIN).new
        code.body = rewrite(body, {index: [instruction(LABEL, new()), body[index]] for index in splits})
