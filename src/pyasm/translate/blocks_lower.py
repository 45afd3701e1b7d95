"""From pseudo instructions to the exception table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyasm import isa
from pyasm.code import Code, Handler, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, instruction, rewrite, where
from pyasm.translate.effects import PSEUDO, effects, number
from pyasm.translate.regions import facts, is_next
from pyasm.translate.uncovered import uncover
from pyasm.typed import Any

_PSEUDO = frozenset(PSEUDO)
_new: Any = tuple.__new__
_NOTHING = _PSEUDO | {LABEL}


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Regions as entries of the table."""
    turns = list(where(ops, facts(dialect.name).bounding))
    if not _PSEUDO.isdisjoint(map(ops.__getitem__, turns)):
        walk = _Walk(code, ops, turns, dialect)
        walk.bounds += uncover(code.rows, ops, walk.turns, walk.labels, walk.innermost, dialect)
        code.rows, code.handlers = _table(code.rows, walk, dialect)


class _Block:
    """A region on the block stack: its handler, the region around it."""

    __slots__ = ("around", "handler")

    def __init__(self, handler: str, around: _Block | None) -> None:
        self.handler = handler
        self.around = around


class _Depth:
    """The depth of the stack at a place: that at another one, and what is done from there on. It is found when a region
    begins; elsewhere nobody needs it.
    """

    __slots__ = ("change", "origin", "start", "stop")

    def __init__(self, origin: _Depth | None, start: int, stop: int, change: int) -> None:
        self.origin = origin
        """None: it is known to be `change`."""
        self.start = start
        """The instructions in between are those from this index …"""
        self.stop = stop
        """… up to that one,"""
        self.change = change
        """and this is added to their effects."""


_NONE = _Depth(None, 0, 0, 0)
"""There is nothing on the stack."""
_Way = tuple[Any, tuple[_Depth, int, int, int]]
"""A block, and of what the depth is to be made if anybody asks."""
_UNASKED = _NONE, 0, 0, 0


class _Walk:
    """Every way through a body: the block of each instruction, and the depth at each handler."""

    def __init__(self, code: Code, ops: list[str], turns: list[int], dialect: isa.Dialect) -> None:
        """`turns` are the instructions that do not just go on, or are no instructions, and a few others."""
        self.code = code
        self.ops = ops
        self.table = effects(dialect.name)
        self.turns = turns
        self.labels: dict[Any, int] = {}
        self.innermost: list[Any] = [None] * len(ops)
        """The block of each instruction …"""
        self.bounds: list[int] = []
        """… and where that may be another one than in front."""
        self.ways: dict[str, _Way] = {}
        """Label -> the way that came there first."""
        self.blocks: dict[str, _Block] = {}
        self.depths: dict[str, tuple[int, bool]] = {}
        """Handler -> depth that is kept, and whether lasti comes above it."""
        self.seen = bytearray(b"\1") * len(self.turns)
        """For each turn: was it followed?"""
        self.lost: dict[str, int] = {}
        """Labels to which nothing in front of them goes, behind what ends a way -> their numbers among the turns …"""
        self.pending: list[str] = []
        """… and those of them to which something behind them goes."""
        self.reached = True
        self._sweep()
        self._follow_lost()
        self.reached = False
        if 0 in self.seen:
            self._follow_unreached()

    def _sweep(self) -> None:
        """All ways, in the order in which the code stands."""
        body, ops, ways, seen, labels = self.code.rows, self.ops, self.ways, self.seen, self.labels
        jumping, ends = self.table.jumping, self.table.ends
        block: Any = None
        depth = _NONE  # at the start of this way, or of the last region
        since = start = 0
        alive = True
        for at, index in enumerate(self.turns):
            op = ops[index]
            if op == LABEL:
                label = body[index][1]
                labels[label] = index
                way = ways.get(label)
                if alive:
                    if way is None:
                        ways[label] = block, _UNASKED
                    elif way[0] is not block:
                        self._differs(label)
                elif way is None:
                    self.lost[label] = at
                    seen[at] = 0
                else:
                    block, depth = way[0], _Depth(*way[1])
                    since = start = index
                    alive = True
            elif alive:
                if op in _PSEUDO:
                    self._fill(start, index, block)
                    if op != "POP_BLOCK":
                        depth, since = _Depth(depth, since, index, 0), index
                    block, start = self._change(index, block, depth), index
                elif op in jumping:
                    label = body[index][1]
                    way = ways.get(label)
                    if way is None or way[0] is not block:
                        self._go(label, (block, (depth, since, index, jumping[op])))
                if op in ends:
                    self._fill(start, index + 1, block)
                    alive = False
            else:
                seen[at] = 0
        if alive:
            self._fill(start, len(self.ops), block)

    def _follow_lost(self) -> None:
        while self.pending:
            label = self.pending.pop()
            number = self.lost[label]
            if not self.seen[number]:
                block, place = self.ways[label]
                self._follow(number, block, _Depth(*place))

    def _follow_unreached(self) -> None:
        """What no path comes to: it begins behind instructions that do not go on."""
        ends, seen, size = self.table.ends, self.seen, len(self.ops)
        for at, turn in enumerate(self.turns):
            index = turn + 1
            if self.ops[turn] in ends and index < size and at + 1 < len(seen) and not seen[at + 1]:
                self._follow(at + 1, None, _Depth(None, 0, 0, self._needed(index)), index)
                self._follow_lost()

    def _follow(self, number: int, block: Any, depth: _Depth, since: int | None = None) -> None:
        """From a turn on, until this way ends or comes to where one was before. The depth is that at the turn, or at
        the instruction `since` in front of it."""
        body, ops, ways, seen = self.code.rows, self.ops, self.ways, self.seen
        start = self.turns[number]
        since = start if since is None else since
        for at in range(number, len(self.turns)):
            index = self.turns[at]
            op = ops[index]
            if op == LABEL:
                label = body[index][1]
                if ways.setdefault(label, (block, _UNASKED))[0] is not block:
                    self._differs(label)
                if seen[at]:
                    self._fill(start, index, block)
                    return
            elif op in _PSEUDO:
                self._fill(start, index, block)
                if op != "POP_BLOCK":
                    depth, since = _Depth(depth, since, index, 0), index
                block, start = self._change(index, block, depth), index
            elif op in self.table.jumping:
                self._go(body[index][1], (block, (depth, since, index, self.table.jumping[op])))
            seen[at] = 1
            if op in self.table.ends:
                self._fill(start, index + 1, block)
                return
        self._fill(start, len(ops), block)

    def _fill(self, start: int, stop: int, block: Any) -> None:
        """These instructions have this block."""
        if block is not None:
            self.innermost[start:stop] = [block] * (stop - start)
            bounds = self.bounds
            bounds.append(start)
            bounds.append(stop)

    def _needed(self, index: int) -> int:
        """The least depth at an instruction: what the first one from there on reads."""
        while index < len(self.ops):
            op, arg, _ = self.code.rows[index]
            if op not in _NOTHING:
                needed: int = self.table.rows[op].pops(number(arg))
                return needed
            index += 1
        return 0

    def _go(self, label: str, way: _Way) -> None:
        """A way leads to a label."""
        known = self.ways.get(label)
        if known is None:
            self.ways[label] = way
            if label in self.lost:
                self.pending.append(label)
        elif known[0] is not way[0]:
            self._differs(label)

    def _at(self, place: _Depth) -> int:
        """The depth there."""
        asked = []
        while place.origin is not None:
            asked.append(place)
            place = place.origin
        depth = place.change
        ops, following = self.ops, self.table.following
        for each in reversed(asked):
            depth += each.change
            for index in range(each.start, each.stop):
                change = following[ops[index]]
                if change is None:
                    op, arg, _ = self.code.rows[index]
                    change = self.table.changes[op, arg if type(arg) is int else number(arg)][0] or 0
                depth += change
            each.origin, each.change = None, depth
        return depth

    def _differs(self, label: str) -> None:
        """TargetError when a way without exceptions comes to a label with another block than before."""
        if self.reached:
            raise TargetError(
                Finding("it is reached inside of different blocks", f"{self.code.qualname}, label {label}")
            )

    def _change(self, index: int, block: Any, place: _Depth) -> Any:
        """The block behind a pseudo instruction."""
        op, handler, _ = self.code.rows[index]
        if op == "POP_BLOCK":
            if block is None:
                raise TargetError(Finding("POP_BLOCK outside of a block", f"{self.code.qualname}, instruction {index}"))
            return block.around
        if handler not in self.blocks:
            self.blocks[handler] = _Block(handler, block)
            kept = self._at(place) - (op == "SETUP_WITH")
            self.depths[handler] = kept, op != "SETUP_FINALLY"
            self._go(handler, (block, (_NONE, 0, 0, kept + (1 if op == "SETUP_FINALLY" else 2))))
        return self.blocks[handler]


def _table(body: list[Row], walk: _Walk, dialect: isa.Dialect) -> tuple[list[Row], list[Handler]]:
    """The body without the pseudo instructions, with labels around each region; the table."""
    innermost, depths = walk.innermost, walk.depths
    edits = _without(body, walk, dialect)
    new_label = Labels(body, taken=walk.labels).new
    handlers: list[Handler] = []
    inside: Any = None
    start = ""
    for index in _staying(walk.ops, walk.bounds, edits):
        block = innermost[index]
        if block is not inside:
            label = new_label()
            edits[index] = ((LABEL, label, None), *edits.get(index, (body[index],)))
            if inside is not None:
                handlers.append(_new(Handler, (start, label, inside.handler, *depths[inside.handler])))
            inside, start = block, label
    if inside is not None:
        end = new_label()
        edits[len(body)] = (instruction(LABEL, end),)
        handlers.append(Handler(start, end, inside.handler, *walk.depths[inside.handler]))
    return rewrite(body, edits), handlers


def _without(body: list[Row], walk: _Walk, dialect: isa.Dialect) -> dict[int, tuple[Row, ...]]:
    """The edits that drop the pseudo instructions, but for NOPs with their positions, and jumps to what comes next."""
    edits: dict[int, tuple[Row, ...]] = {}
    ops, jumps, last = walk.ops, facts(dialect.name).jumps, len(walk.ops) - 1
    for index in walk.turns:
        op = ops[index]
        if op in _PSEUDO:
            position = body[index][2]
            if position is None:
                edits[index] = ()
            else:
                edits[index] = (instruction("NOP", None, position),)
                walk.innermost[index] = None
                walk.bounds += index, index + 1
        elif op in jumps and index < last and ops[index + 1] in _NOTHING and is_next(body, index + 1, body[index][1]):
            edits[index] = ()
    return edits


def _staying(ops: Sequence[str], bounds: Sequence[int], edits: dict[int, tuple[Row, ...]]) -> Iterator[int]:
    """The first instruction that stays from each of these indexes on."""
    done, size = 0, len(ops)
    for index in sorted(bounds):
        if index >= done:
            done = index
            while done < size and (ops[done] == LABEL or (done in edits and not edits[done])):
                done += 1
            if done < size:
                yield done
                done += 1
