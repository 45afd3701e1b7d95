"""From pseudo instructions to the exception table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, compress, repeat
from operator import is_not

from pyasm import isa
from pyasm.code import Code, Handler, Instruction
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, Picked, instruction, opcode, rewrite
from pyasm.translate.effects import PSEUDO, effects, number
from pyasm.translate.regions import SETUPS, facts, is_next
from pyasm.translate.uncovered import uncover
from pyasm.typed import Any

_PSEUDO = frozenset(PSEUDO)
_NOTHING = _PSEUDO | {LABEL}


def lower(code: Code, dialect: isa.Dialect) -> None:
    """Regions as entries of the table."""
    ops = list(map(opcode, code.body))
    if not _PSEUDO.isdisjoint(ops):
        walk = _Walk(code, ops, dialect)
        uncover(code.body, ops, walk.picked, walk.labels, walk.innermost, dialect)
        code.body, code.handlers = _table(code.body, walk, dialect)


class _Block:
    """A region on the block stack: its handler, the region around it."""

    __slots__ = ("around", "handler")

    def __init__(self, handler: str, around: _Block | None) -> None:
        self.handler = handler
        self.around = around


class _Walk:
    """Every way through a body: the block of each instruction, and the depth at each handler.

    Where execution goes on, the depth is a sum of effects; so a way is known by its block and the *base*, the
    depth less the sum of the effects of all instructions that stand before.
    """

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect) -> None:
        self.code = code
        self.ops = ops
        self.table = effects(dialect.name)
        self.picked = Picked(ops, facts(dialect.name).telling)
        """The instructions that do not just go on, or are no instructions, and a few others: the turns."""
        self.turns = self.picked.indexes
        self.labels = self.picked.places(code.body)
        self.numbers = {index: at for at, index in enumerate(self.turns)}
        """Index of a turn -> its number among them."""
        self.sums = list(accumulate(self.table.changed(code.body, ops), initial=0))
        self.own: list[Any] = [None] * len(self.turns)
        """The block of each turn, and of the instructions up to the next."""
        self.seen = bytearray(len(self.turns))
        self.states: dict[str, Any] = {}
        """Label -> block."""
        self.blocks: dict[str, _Block] = {}
        self.depths: dict[str, tuple[int, bool]] = {}
        """Handler -> depth that is kept, and whether lasti comes above it."""
        self.pending: list[tuple[int, Any, int]] = []
        """Number of a label, its block and depth: what is to be followed."""
        self.reached = True
        self._follow(0, None, 0)
        self._follow_all()
        self.reached = False
        self._follow_unreached()
        self.innermost = self._innermost()
        """The block of each instruction."""

    def _follow_unreached(self) -> None:
        """What no path comes to: it begins behind instructions that do not go on."""
        ends, seen, size = self.table.ends, self.seen, len(self.ops)
        for at, op in enumerate(self.picked.ops):
            index = self.turns[at] + 1
            if op in ends and index < size and not (at + 1 < len(seen) and seen[at + 1]):
                self._follow(at + 1, None, self._needed(index) - self.sums[index])
                self._follow_all()

    def _innermost(self) -> list[Any]:
        turns, ends = self.turns, self.table.ends
        parts = [repeat(None, turns[0] if turns else len(self.ops))]
        for op, block, index, behind in zip(self.picked.ops, self.own, turns, [*turns[1:], len(self.ops)]):
            if op in ends:
                parts += repeat(block, 1), repeat(None, behind - index - 1)
            else:
                parts.append(repeat(block, behind - index))
        return list(chain.from_iterable(parts))

    def _needed(self, index: int) -> int:
        """The least depth at an instruction: what the first one from there on reads."""
        while index < len(self.ops):
            op, arg, _ = self.code.body[index]
            if op not in _NOTHING:
                needed: int = self.table.rows[op].pops(number(arg))
                return needed
            index += 1
        return 0

    def _follow_all(self) -> None:
        while self.pending:
            at, block, depth = self.pending.pop()
            if not self.seen[at]:
                self._follow(at, block, depth - self.sums[self.turns[at]])

    def _follow(self, at: int, block: Any, base: int) -> None:
        """From a turn on, until this way ends or comes to where one was before."""
        body, ops, seen, own, states = self.code.body, self.picked.ops, self.seen, self.own, self.states
        sums, jumping, ends = self.sums, self.table.jumping, self.table.ends
        for turn in range(at, len(ops)):
            op = ops[turn]
            if op == LABEL:
                label = body[self.turns[turn]][1]
                if label not in states:
                    states[label] = block
                else:
                    self._meets(label, block)
                    if seen[turn]:
                        return
            elif op in SETUPS:
                index = self.turns[turn]
                block = self._enter(op, body[index][1], block, base + sums[index])
            elif op == "POP_BLOCK":
                block = self._leave(self.turns[turn], block)
            elif op in jumping:
                index = self.turns[turn]
                self._go(body[index][1], block, base + sums[index] + jumping[op])
            seen[turn] = 1
            own[turn] = block
            if op in ends:
                return

    def _go(self, label: str, block: Any, depth: int) -> None:
        """To a label, later."""
        if label in self.states:
            self._meets(label, block)
        else:
            self.states[label] = block
            self.pending.append((self.numbers[self.labels[label]], block, depth))

    def _meets(self, label: str, block: Any) -> None:
        """TargetError when a way without exceptions comes to a label with another block than before."""
        if self.states[label] is not block and self.reached:
            raise TargetError(
                Finding("it is reached inside of different blocks", f"{self.code.qualname}, label {label}")
            )

    def _enter(self, op: str, handler: str, block: Any, depth: int) -> _Block:
        if handler not in self.blocks:
            self.blocks[handler] = _Block(handler, block)
            kept = depth - 1 if op == "SETUP_WITH" else depth
            self.depths[handler] = kept, op != "SETUP_FINALLY"
            self._go(handler, block, kept + (1 if op == "SETUP_FINALLY" else 2))
        return self.blocks[handler]

    def _leave(self, index: int, block: Any) -> Any:
        if block is None:
            raise TargetError(Finding("POP_BLOCK outside of a block", f"{self.code.qualname}, instruction {index}"))
        return block.around


def _table(body: list[Instruction], walk: _Walk, dialect: isa.Dialect) -> tuple[list[Instruction], list[Handler]]:
    """The body without the pseudo instructions, with labels around each region; the table."""
    innermost = walk.innermost
    edits = _without(body, walk, dialect)
    new_label = Labels(body, taken=walk.labels).new
    handlers: list[Handler] = []
    inside: Any = None
    start = ""
    for index in _changes(walk.ops, innermost, edits):
        block = innermost[index]
        if block is not inside:
            label = new_label()
            edits[index] = (instruction(LABEL, label), *edits.get(index, (body[index],)))
            if inside is not None:
                handlers.append(Handler(start, label, inside.handler, *walk.depths[inside.handler]))
            inside, start = block, label
    if inside is not None:
        end = new_label()
        edits[len(body)] = (instruction(LABEL, end),)
        handlers.append(Handler(start, end, inside.handler, *walk.depths[inside.handler]))
    return rewrite(body, edits), handlers


def _without(body: list[Instruction], walk: _Walk, dialect: isa.Dialect) -> dict[int, tuple[Instruction, ...]]:
    """The edits that drop the pseudo instructions, but for NOPs with their positions, and jumps to what comes next."""
    edits: dict[int, tuple[Instruction, ...]] = {}
    ops = walk.ops
    for index in walk.picked.where(_PSEUDO):
        position = body[index][2]
        edits[index] = () if position is None else (instruction("NOP", None, position),)
        walk.innermost[index] = None
    for index in walk.picked.where(facts(dialect.name).jumps):
        if ops[index + 1 : index + 2] and ops[index + 1] in _NOTHING and is_next(body, index + 1, body[index][1]):
            edits[index] = ()
    return edits


def _changes(ops: Sequence[str], innermost: Sequence[Any], edits: dict[int, tuple[Instruction, ...]]) -> Iterator[int]:
    """Indexes of instructions that stay, behind which the block may be another than in front of them."""
    done = 0
    for index in compress(range(len(ops)), map(is_not, innermost, chain([None], innermost))):
        if index >= done:
            done = index
            while done < len(ops) and (ops[done] == LABEL or edits.get(done) == ()):
                done += 1
            if done < len(ops):
                yield done
                done += 1
