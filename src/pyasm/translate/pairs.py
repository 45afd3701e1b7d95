"""Lifting: the pairs on the stack of native code become single entries."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate.edit import Picked, instruction
from pyasm.translate.iteration import (
    ADDING,
    DELEGATED,
    FIRST,
    GENERATOR_EXPRESSION,
    MOVING,
    ROTATING,
    ROTATIONS,
    Edits,
    effect_of,
    made_by,
    plain_effects,
    steady_effects,
)
from pyasm.typed import Any

_FUNCTIONS = frozenset({"MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"})
_MAKING = _FUNCTIONS | {"GET_ITER"}
"""Native instructions that may make a pair, or the function of a generator expression."""
PICKED = _MAKING.union({"PUSH_NULL", "FOR_ITER", LABEL})
"""What is looked up."""
_LOOKED_AT = _MAKING.union(MOVING, ADDING, {"PUSH_NULL", "FOR_ITER", "POP_TOP"})
"""These, and what does not just use the entries that it takes."""
SECOND = frozenset({"GET_ITER", "PUSH_NULL"})
"""What pushes the second entry of an iterator."""


def lift_makers(code: Code, ops: Sequence[str], picked: Picked) -> Edits:
    """Edits that need no view of the stack: of the instructions that make iterators, and their NULLs.

    `ops` are the mnemonics of the body, `picked` has the instructions that matter here and below.
    """
    body = code.rows
    edits: Edits = {}
    for index in picked.where(SECOND):
        op, arg, position = body[index]
        if op == "GET_ITER":
            name = "GET_YIELD_FROM_ITER" if arg else "GET_ITER"
            edits[index] = (instruction(name, None if arg in (0, DELEGATED) else arg, position),)
        elif _is_second(ops, index):
            edits[index] = ()
    expression = code.name == GENERATOR_EXPRESSION and code.flags & GENERATORS and len(body) > 1
    if expression and body[0][1] == ".0" and body[1][0] in FIRST.values():
        edits[1] = ()
    return edits


def _is_second(ops: Sequence[str], index: int) -> bool:
    """Is this PUSH_NULL the second entry of an iterator?"""
    following = [op for op in ops[index + 1 : index + 5] if op != LABEL]
    return following[:1] == ["FOR_ITER"] or (following[1:2] == ["SEND"] and following[0].startswith("LOAD_"))


State = tuple[int, tuple[int, ...], tuple[tuple[int, str], ...]]
"""Depth; the places of the upper entries of pairs; the places of functions of generator expressions, and what makes
the iterator for each."""


def _top(pairs: tuple[int, ...], functions: tuple[tuple[int, str], ...]) -> int:
    """The place of the uppermost of them."""
    top = pairs[-1] if pairs else 0
    return max(top, functions[-1][0]) if functions else top


class Pairs:
    """Follows the pairs on the stack of native code, and notes what their second entries change."""

    def __init__(self, code: Code, ops: Sequence[str], picked: Picked, dialect: isa.Dialect, edits: Edits) -> None:
        self.code, self.body, self.ops, self.picked = code, code.rows, ops, picked
        self.edits = edits
        self.plain, self.steady = plain_effects(dialect.name), steady_effects(dialect.name)
        self.effect = effect_of(dialect.name).of
        self.nulls = {index for index, new in edits.items() if ops[index] == "PUSH_NULL" and not new}
        self.labels = picked.places(code.rows)
        self.seen: set[int] = set()
        """The indexes of the labels so far. The first way to a label tells what is on the stack there."""
        self.done: set[int] = set()
        """Those of the instructions that may make something."""

    def follow(self) -> None:
        """From wherever a pair or such a function is made, as long as there are any."""
        nothing: State = (0, (), ())
        body, ops = self.body, self.ops
        for start in sorted([*self.picked.where(_MAKING), *self.nulls]):
            if start in self.done or (ops[start] in _FUNCTIONS and made_by(body, start) is None):
                continue
            pending = [(start, nothing)]
            while pending:
                index, state = pending.pop()
                if index not in self.seen:
                    self._follow(index, state, pending)

    def _follow(self, index: int, state: State, pending: list[tuple[int, State]]) -> None:
        """One way, to its end, or to where no pair and no function is left."""
        body, ops, plain, steady = self.body, self.ops, self.plain, self.steady
        size = len(ops)
        depth, pairs, functions = state
        lowest = _top(pairs, functions)
        while index < size:
            op = ops[index]
            effect = plain.get(op)
            if effect:
                if depth - effect[0] >= lowest:
                    depth += effect[1] - effect[0]
                    index += 1
                    continue
            elif op == LABEL:
                if index in self.seen:
                    break
                self.seen.add(index)
                index += 1
                continue
            elif op == "FOR_ITER":
                depth += 1
                pending.append((self.labels[body[index][1]], (depth, pairs, functions)))
                index += 1
                continue
            elif op not in _LOOKED_AT:
                pops, net, jump, goes_on = steady.get(op) or self.effect(op, body[index][1])
                if depth - pops >= lowest:
                    if jump is not None:
                        pending.append((self.labels[body[index][1]], (depth + jump, pairs, functions)))
                    if not goes_on:
                        break
                    depth += net
                    index += 1
                    continue
            self.done.add(index)
            following, jumping = self._transfer(index, body[index], (depth, pairs, functions))
            if jumping is not None and (jumping[1] or jumping[2]):
                pending.append((self.labels[body[index][1]], jumping))
            if following is None:
                break
            depth, pairs, functions = following
            if not pairs and not functions:
                break
            lowest = _top(pairs, functions)
            index += 1

    def _transfer(self, index: int, each: Row, state: State) -> tuple[State | None, State | None]:
        """The state behind an instruction and at its label."""
        op, arg, _ = each
        depth, pairs, functions = state
        if op == "GET_ITER" or index in self.nulls:
            return (depth + 1, (*pairs, depth + 1), functions), None
        if pairs and pairs[-1] == depth and op == "POP_TOP":
            self.edits[index] = ()
            return (depth - 1, pairs[:-1], functions), None
        if pairs and (op in MOVING or op in ADDING):
            return self._move(index, each, state), None
        pops, net, jump, goes_on = self.effect(op, arg)
        kept = depth - pops
        if pairs and pairs[-1] > kept:
            pairs = tuple(place for place in pairs if place <= kept)
        if functions and functions[-1][0] > kept:
            functions = self._consume(index, each, depth, functions)
            functions = tuple(each for each in functions if each[0] <= kept)
        if op == "MAKE_FUNCTION" or op == "SET_FUNCTION_ATTRIBUTE":
            made = made_by(self.body, index)
            if made is not None:
                functions = (*functions, (depth + net, made))
        after = (depth + net, pairs, functions) if goes_on else None
        return after, None if jump is None else (depth + jump, pairs, functions)

    def _consume(self, index: int, each: Row, depth: int, functions: Any) -> Any:
        """Where a generator expression is called with what it iterates over: make the iterator there."""
        place, maker = functions[-1]
        op, arg, position = each
        if place == depth - 1 and (op, arg) in (("CALL_FUNCTION", 1), ("CALL", 0)):
            self.edits[index] = (instruction(maker, None, position), each)
        return functions

    def _move(self, index: int, each: Row, state: State) -> State:
        """An instruction that counts entries: another operand, and the places afterwards."""
        op, arg, position = each
        depth, pairs, functions = state
        if op in ADDING:
            left = depth - ADDING[op]
            fewer = sum(place > left - arg + 1 for place in pairs)
            if fewer:
                self.edits[index] = (instruction(op, arg - fewer, position),)
            return left, pairs, functions
        if op == "DUP_TOP" or op == "DUP_TOP_TWO":
            return depth + (1 if op == "DUP_TOP" else 2), pairs, functions
        span: int = ROTATING.get(op) or arg
        lowest = depth - span + 1
        inside = [place for place in pairs if place > lowest]
        if op == "COPY":
            if inside:
                self.edits[index] = (instruction(op, arg - len(inside), position),)
            return depth + 1, pairs, functions
        if not inside:
            return state
        outside = pairs[: len(pairs) - len(inside)]
        if op == "SWAP" and inside == [depth - 1] and span == 3:  # a value goes below the pair, turned around
            self.edits[index] = (instruction("ROT_TWO", None, position),)
            return depth, (*outside, depth), functions
        if depth in inside or (lowest + 1 in inside and op == "SWAP"):
            place = f"{self.code.qualname}, instruction {index} ({op})"
            raise TargetError(Finding("it takes an iterator apart", place))
        if op == "SWAP":
            self.edits[index] = (instruction(op, arg - len(inside), position),)
            return state
        fewer = span - len(inside)
        rotation = instruction(ROTATIONS.get(fewer, "ROT_N"), None if fewer in ROTATIONS else fewer, position)
        self.edits[index] = (rotation,)
        return depth, (*outside, *[place + 1 for place in inside]), functions
