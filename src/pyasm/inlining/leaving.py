"""Jumps out of loops and blocks: what has to be done first to the stack, to blocks, handlers and FINALLY.

Portable code has static blocks, so whatever leaves one does what the compiler would do for `break` or `return` there.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyasm.code import Instruction, Position
from pyasm.inlining.states import ASYNC_WITH, HANDLED, HANDLER, OTHER, TRY, WITH, Block, State
from pyasm.isa import JUMPS, PORTABLE, load
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, places
from pyasm.typed import Any


class CannotLeave(Exception):
    """A jump that is not possible: why, and a hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


class Leaving:
    """The ways out of the blocks of one body."""

    def __init__(self, body: Sequence[Instruction], states: Sequence[State | None], jumping: set[int]) -> None:
        self.body, self.states = body, states
        self.jumping = jumping
        """The indexes of instructions that leave blocks themselves."""
        self.places = places(body)
        self.labels = Labels(body, "left")

    def way(self, start: State, end: State, position: Position | None, keeping: bool = False) -> list[Instruction]:
        """The instructions that make of the stack and blocks of one state those of another, further out.

        `keeping`: the top entry is to be the top entry then too; it is counted in `start` only. CannotLeave when there
        is no such way.
        """
        if start.blocks[: len(end.blocks)] != end.blocks:
            raise CannotLeave("the label is inside of a block that this is not in", "jump to before the block")
        way = _Way(start.depth - keeping, keeping, position)
        for block in reversed(start.blocks[len(end.blocks) :]):
            self._leave(way, block)
        if way.depth < end.depth:
            raise CannotLeave("the label is inside of a loop or expression that this is not in", "jump to before it")
        way.pop_to(end.depth)
        return way.found

    def _leave(self, way: _Way, block: Block) -> None:
        if block.kind == HANDLER:
            way.pop_to(block.depth + HANDLED // 2)
            way.add("POP_EXCEPT")
            way.depth = block.depth
            return
        if block.kind == OTHER:
            raise CannotLeave("a jump cannot leave a comprehension or except*")
        way.pop_to(block.depth)
        way.add("POP_BLOCK")
        if block.kind == TRY:
            way.found += self._final(block, way.position)
            return
        if way.keeping:
            way.add("ROT_TWO")
        for op, arg in _EXITS[block.kind]:
            way.add(op, arg)
        way.depth -= 1

    # -- FINALLY

    def _final(self, block: Block, position: Position | None) -> list[Instruction]:
        """What a FINALLY does, a copy; nothing for the handler of an EXCEPT."""
        start = self.places[block.label] + 1
        body, states = self.body, self.states
        while start < len(body) and body[start].op == LABEL:
            start += 1
        entered = states[start]
        if entered is None or body[start].op in ("DUP_TOP", "POP_TOP", "END_ASYNC_FOR"):
            return []
        end = start
        while end < len(body) and not (body[end].op == "RERAISE" and states[end] == entered):
            end += 1
        inside = [i for i in range(start, end) if states[i] is not None or body[i].op == LABEL]
        if end == len(body) or any(i in self.jumping or body[i].op == "RETURN_VALUE" for i in inside):
            raise CannotLeave("a jump cannot leave a try whose finally jumps or returns itself")
        return self._copied([body[i] for i in inside], position)

    def _copied(self, region: Sequence[Instruction], position: Position | None) -> list[Instruction]:
        names = {each.arg: self.labels.new() for each in region if each.op == LABEL}
        rows = load(PORTABLE).opcodes
        found = []
        for op, arg, own in region:
            if op == LABEL or rows[op].operand in JUMPS:
                if arg not in names:
                    raise CannotLeave("a jump cannot leave a try with a finally of this kind")
                arg = names[arg]
            found.append(Instruction(op, arg, own if own is not None and own.line is not None else position))
        return found


_EXIT: list[tuple[str, Any]] = [("LOAD_CONST", None), ("DUP_TOP", None), ("DUP_TOP", None), ("CALL_FUNCTION", 3)]
_WAIT: list[tuple[str, Any]] = [("GET_AWAITABLE", None), ("LOAD_CONST", None), ("YIELD_FROM", None)]
_EXITS = {WITH: [*_EXIT, ("POP_TOP", None)], ASYNC_WITH: [*_EXIT, *_WAIT, ("POP_TOP", None)]}
"""The call of __exit__ that a `with` ends with; the method is on top of the stack."""


class _Way:
    """Instructions so far, and how many entries there are on the stack, without the one that is kept."""

    def __init__(self, depth: int, keeping: bool, position: Position | None) -> None:
        self.depth, self.keeping, self.position = depth, keeping, position
        self.found: list[Instruction] = []

    def add(self, op: str, arg: Any = None) -> None:
        self.found.append(Instruction(op, arg, self.position))

    def pop_to(self, depth: int) -> None:
        """Drop entries until there are only so many."""
        while self.depth > depth:
            if self.keeping:
                self.add("ROT_TWO")
            self.add("POP_TOP")
            self.depth -= 1
