"""From pseudo instructions to the exception table."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, compress
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
        self.labels = self.picked.places(code.body)
        self.sums = list(accumulate(self.table.changed(code.body, ops), initial=0))
        self.turns = [*self.picked.where(self.table.turns), len(ops)]
        """Indexes of the instructions that do not just go on, or are no instructions; the end."""
        self.innermost: list[Any] = [None] * len(ops)
        """The block of each instruction."""
        self.seen = bytearray(len(ops))
        self.states: dict[str, Any] = {}
        """Label -> block."""
        self.blocks: dict[str, _Block] = {}
        self.depths: dict[str, tuple[int, bool]] = {}
        """Handler -> depth that is kept, and whether lasti comes above it."""
        self.pending: list[tuple[int, Any, int]] = [(0, None, 0)]
        """Index, block and base of what is to be followed."""
        self.reached = True
        self._follow_all()
        self.reached = False
        index = self.seen.find(0)
        while index >= 0:  # what no path reaches
            self.pending.append((index, None, self._needed(index)))
            self._follow_all()
            index = self.seen.find(0, index)

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
            index, block, depth = self.pending.pop()
            if not self.seen[index]:
                self._follow(index, block, depth - self.sums[index])

    def _follow(self, index: int, block: Any, base: int) -> None:
        body, ops, seen, innermost, turns, states = (
            self.code.body,
            self.ops,
            self.seen,
            self.innermost,
            self.turns,
            self.states,
        )
        sums, labels, changes, ends, size = self.sums, self.labels, self.table.changes, self.table.ends, len(self.ops)
        at = bisect_left(turns, index)
        while True:
            turn = turns[at]
            if turn > index:
                seen[index:turn] = b"\1" * (turn - index)
                if block is not None:
                    innermost[index:turn] = [block] * (turn - index)
            if turn == size:
                return
            op = ops[turn]
            if op == LABEL:
                label = body[turn][1]
                if label in states:
                    self._meets(label, block)
                    if seen[turn]:
                        return
                else:
                    states[label] = block
            elif op in SETUPS:
                block = self._enter(op, body[turn][1], block, base + sums[turn])
            elif op == "POP_BLOCK":
                block = self._leave(turn, block)
            else:
                jumped = changes[op, 0][1]
                if jumped is not None:
                    label = body[turn][1]
                    if label in states:
                        self._meets(label, block)
                    else:
                        states[label] = block
                        self.pending.append((labels[label], block, base + sums[turn] + jumped))
                if op in ends:
                    seen[turn] = 1
                    innermost[turn] = block
                    return
            seen[turn] = 1
            innermost[turn] = block
            index = turn + 1
            at += 1

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
            if handler in self.states:
                self._meets(handler, block)
            else:
                self.states[handler] = block
                self.pending.append((self.labels[handler], block, kept + (1 if op == "SETUP_FINALLY" else 2)))
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
