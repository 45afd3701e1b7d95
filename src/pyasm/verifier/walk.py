"""The walk over one code object: the typed stack on every way to every instruction.

States are kept at labels only. A way goes on from there, instruction by instruction, until it comes to a label where
it finds nothing new, or ends.
"""

from __future__ import annotations

from heapq import heappop

from pyasm.code import Code
from pyasm.errors import shown
from pyasm.native.units import LABEL
from pyasm.typed import Any
from pyasm.verifier import frames, origins
from pyasm.verifier.handlers import Handlers
from pyasm.verifier.order import ranks
from pyasm.verifier.stack import NEVER, Problem, Stack, arrive
from pyasm.verifier.states import State

_VISITS = 3
"""How often, on average, a label may be visited before another order is tried."""


class Walk(Handlers):
    """The walk."""

    __slots__ = ()

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        if self.dialect.blocks == "table":
            self.regions = frames.regions(self)
        self.guarded = frames.check(self)

    def run(self) -> None:
        """Follow every way."""
        self.states[0] = State(self.stack, None, self.slots, -1)
        self._push(0)
        patience = _VISITS * (len(self.labels) + 1)
        while self.pending:
            _, index = heappop(self.pending)
            self.waiting.discard(index)
            self._follow(index)
            if self.visits > patience and not self.ranks:
                self.ranks = ranks(self)
                self.pending = sorted((self.ranks.get(index, 0), index) for index in self.waiting)
        self._check_size()
        frames.check_unreached(self)

    # -- one way

    def _follow(self, start: int) -> None:  # one loop, for speed
        args, keys = self.args, self.keys
        stack: Any = self._begin(start, self.states[start])
        deepest, floor = self.deepest, self.floor
        for index in range(start + (keys[start] == LABEL), len(keys)):
            following, low, high, more = stack[keys[index]]
            if high > deepest:
                deepest = high
            if more is None:
                if low < floor:
                    self._deep(index, stack, low, following)
                    floor = self.floor
            else:
                jumping, act, forward, sets_up = more
                if act is arrive:
                    following = self._arrive(index, stack)
                elif act is not None:
                    changed = act(self, index, args[index], stack, following)
                    following = following if changed is None else changed
                if low < self.floor:
                    self._deep(index, stack, low, following)
                if jumping is not None:
                    self._reach(index, jumping, forward, sets_up)
                if following is None:
                    break
                floor = self.floor
            stack = following
        self.stops.add(index)
        self.deepest = max(self.deepest, deepest)

    def is_tidy(self) -> bool:
        """Does a way lead to every instruction, and is nothing left below what is returned?"""
        if self.leftover:
            return False
        keys, states, size = self.keys, self.states, len(self.body)
        for stop in self.stops:
            if stop < size and keys[stop] != LABEL:
                index = stop + 1
                while keys[index] == LABEL and index not in states:
                    index += 1
                if keys[index] != LABEL and index < size:
                    return False
        return True

    def _check_size(self) -> None:
        """The stack that a decoded code object says that it has."""
        layout = self.code.layout
        if layout is not None and layout.body and 0 < layout.stack_size < self.deepest:
            message = f"it has a stack of {layout.stack_size} entries, and needs {self.deepest}"
            self.wrong(-1, Problem("size", message, f"{self.deepest} entries"))

    def _begin(self, index: int, state: State) -> Stack:
        """Take up a state."""
        stack, self.blocks, self.slots, _ = state
        self.block_start = index
        if self.borrowed:
            self.borrowed = {}
        self.visits += 1
        if stack.depth > self.deepest:
            self.deepest = stack.depth
        self.floor = 0 if self.blocks is None else NEVER  # until an instruction tells the handler what it gets
        if self.regions or self.guarded >= 0:
            self._enter(index)
        return stack

    def _arrive(self, index: int, stack: Stack) -> Stack | None:
        """Come to a label, or the end: what is known there now, or None when that is nothing new."""
        if index == len(self.body):
            self._fall_off(stack)
            return None
        if not self._merge(index, stack, self.blocks, self.slots, index - 1):
            return None
        if self.ranks and self.pending and self.pending[0][0] < self.ranks.get(index, 0) and not stack.borrows:
            self._push(index)  # more may become known here before
            return None
        start, borrowed = self.block_start, self.borrowed
        stack = self._begin(index, self.states[index])
        if stack.borrows:
            self.block_start, self.borrowed = start, borrowed
        return stack

    def _reach(self, origin: int, stack: Stack, forward: bool | None, sets_up: bool) -> None:
        """Come to a label by a jump, or make it a handler."""
        label = self.args[origin]
        index = self.labels.get(label)
        if index is None:
            self.wrong(origin, Problem("label", f"there is no label {shown(label)}"), stack)
        elif forward is not None and forward is not (index > origin):
            side = "forward" if forward else "backward"
            self.wrong(origin, Problem("label", f"it only jumps {side}", f"a label {side} of it"), stack)
        elif sets_up:
            self._set_up(index, stack, origin)
        elif self._merge(index, stack, self.blocks, self.slots, origin):
            self._push(index)

    # -- what is wrong

    def _fall_off(self, stack: Stack) -> None:
        message = "execution goes on behind the last instruction" if self.body else "there are no instructions"
        self.wrong(len(self.body) - 1, Problem("end", message, "RETURN_VALUE, RAISE_VARARGS or a jump"), stack)

    def check_borrowed(self, index: int, name: Any, depth: int) -> None:
        """A variable changes: no entry may be borrowed from it."""
        if self.borrowed.get(name, depth) < depth and origins.borrowed(self, index, name, depth):
            message = f"the variable {shown(name)} changes while an entry has no reference of its own to its value"
            self.wrong(index, Problem("borrow", message, "LOAD_FAST instead of LOAD_FAST_BORROW"))
