"""Iterators that are two entries of the stack, as in 3.15: a sequence or iterator, and an index or NULL.

In portable code an iterator is one entry. Lift drops what the second one needs and counts it no more in the operands of
COPY, SWAP, LIST_APPEND and their like. Lower finds the entries that are only iterated over, moved and dropped: they
become pairs. An iterator that is used as a value as well is made by the builtin iter(), since GET_ITER would leave a
list a list; it gets its second entry for each FOR_ITER.

3.15 has also generator expressions that call iter() themselves, on what the creator passes. And it drops an iterator in
two ways, as 3.14 does: POP_ITER when no GET_ITER made it (`any` and `all` of a generator expression), else POP_TOP.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import Finding, TargetError
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, opcode, operand, places, rewrite, where
from pyasm.translate.effects import effects, number
from pyasm.translate.flow import reached
from pyasm.typed import Any

Edits = dict[int, Sequence[Instruction]]

GENERATOR_EXPRESSION = "<genexpr>"
DELEGATED = 3
"""The operand of 3.15's GET_ITER for what `yield from` delegates to."""
_ADDING = {
    "LIST_APPEND": 1,
    "SET_ADD": 1,
    "MAP_ADD": 2,
    "LIST_EXTEND": 1,
    "SET_UPDATE": 1,
    "DICT_UPDATE": 1,
    "DICT_MERGE": 1,
}
"""Instructions that add to the container n entries below: how many entries they take first."""
_ROTATING = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}
_ROTATIONS = {count: name for name, count in _ROTATING.items()}
_MOVING = frozenset({*_ROTATING, "ROT_N", "SWAP", "COPY", "DUP_TOP", "DUP_TOP_TWO"})
_MAKERS = frozenset({"GET_ITER", "GET_YIELD_FROM_ITER"})
_MAKING = frozenset({"GET_ITER", "MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"})
"""Native instructions that may make a pair, or the function of a generator expression."""
_DELEGATING = frozenset({"GET_YIELD_FROM_ITER", "YIELD_FROM"})
_FIRST = {"FOR_ITER": "GET_ITER", "GET_ANEXT": "GET_AITER"}
_AWAITED = frozenset({"GET_AWAITABLE", "GET_ANEXT"})
_ENDS = frozenset({"jump", "return", "raise"})
_SECOND = frozenset({"GET_ITER", "PUSH_NULL"})
"""What pushes the second entry of an iterator."""
_NULL = instruction("PUSH_NULL")


def lift(code: Code, dialect: isa.Dialect, ops: set[str]) -> None:
    """From pairs to single entries; for a dialect that has pairs. `ops` are the mnemonics in the body."""
    edits = {} if ops.isdisjoint(_SECOND) and code.name != GENERATOR_EXPRESSION else _lift_makers(code)
    if _has_loops(code.body, ops):
        _Pairs(code, dialect, edits).follow()
    code.body = rewrite(code.body, edits)


def lower(code: Code, dialect: isa.Dialect, ops: set[str]) -> None:
    """From single entries to pairs, and POP_ITER where it belongs; for a dialect that has that. `ops` as above."""
    body = code.body
    if dialect.opcodes["FOR_ITER"].pops(0) == 2:
        edits: Edits = {}
        rest = not ops.isdisjoint(_DELEGATING) and _lower_delegations(body, edits)
        if rest or _has_loops(body, ops):
            webs = _Webs(code, dialect, edits)
            webs.find()
            _Lowering(webs, edits).run()
        code.body = rewrite(body, edits)
        if dialect.first_iterator == "generator":
            _make_first(code)
    elif "FOR_ITER" in ops and _iterates_over_calls(body):
        webs = _Webs(code, dialect, {})
        webs.find()
        code.body = rewrite(body, webs.popped())


def _has_loops(body: Sequence[Instruction], ops: set[str]) -> bool:
    if "FOR_ITER" in ops or "GET_ITER" in ops:
        return True
    return "MAKE_FUNCTION" in ops and any(_is_expression(arg) for arg in map(operand, body) if type(arg) is Code)


def _is_expression(arg: Any) -> bool:
    """Is this the code of a generator expression?"""
    return type(arg) is Code and arg.name == GENERATOR_EXPRESSION and bool(arg.flags & GENERATORS)


# Lift


def _lift_makers(code: Code) -> Edits:
    """Edits that need no view of the stack: of the instructions that make iterators, and their NULLs."""
    body = code.body
    edits: Edits = {}
    for index in where(list(map(opcode, body)), _SECOND):
        op, arg, position = body[index]
        if op == "GET_ITER":
            name = "GET_YIELD_FROM_ITER" if arg else "GET_ITER"
            edits[index] = (instruction(name, None if arg in (0, DELEGATED) else arg, position),)
        elif _is_second(body, index):
            edits[index] = ()
    expression = code.name == GENERATOR_EXPRESSION and code.flags & GENERATORS and len(body) > 1
    if expression and body[0][1] == ".0" and body[1][0] in _FIRST.values():
        edits[1] = ()
    return edits


def _is_second(body: Sequence[Instruction], index: int) -> bool:
    """Is this PUSH_NULL the second entry of an iterator?"""
    following = [each[0] for each in body[index + 1 : index + 5] if each[0] != LABEL]
    return following[:1] == ["FOR_ITER"] or (following[1:2] == ["SEND"] and following[0].startswith("LOAD_"))


State = tuple[int, tuple[int, ...], tuple[tuple[int, str], ...]]
"""Depth; the places of the upper entries of pairs; the places of functions of generator expressions, and what makes
the iterator for each."""


class _Pairs:
    """Follows the pairs on the stack of native code, and notes what their second entries change."""

    def __init__(self, code: Code, dialect: isa.Dialect, edits: Edits) -> None:
        self.code = code
        self.body = code.body
        self.edits = edits
        self.dialect = dialect
        self.effect = _effects(dialect.name).of
        self.nulls = {index for index, new in edits.items() if code.body[index][0] == "PUSH_NULL" and not new}

    def follow(self) -> None:
        """From wherever a pair or such a function is made, as long as there are any."""
        body, ops = self.body, list(map(opcode, self.body))
        self.labels = places(body, ops)
        self.seen: set[int] = set()
        """The indexes of the labels so far. The first way to a label tells what is on the stack there."""
        self.done: set[int] = set()
        """Those of the instructions that may make something."""
        reach = reached(body, effects(self.dialect.name), handlers=True, ops=ops)
        nothing: State = (0, (), ())
        for start in sorted([*where(ops, _MAKING), *self.nulls]):
            if start in self.done or not reach[start]:
                continue
            pending = [(start, nothing)]
            while pending:
                self._follow(*pending.pop(), pending)

    def _follow(self, index: int, state: State, pending: list[tuple[int, State]]) -> None:
        """One way, to its end, or to where no pair and no function is left."""
        body, plain, done = self.body, _plain(self.dialect.name), self.done
        size = len(body)
        depth, pairs, functions = state
        while index < size:
            op, arg, _ = each = body[index]
            if op in plain:
                pops, made = plain[op]
                kept = depth - pops
                if (not pairs or pairs[-1] <= kept) and (not functions or functions[-1][0] <= kept):
                    depth = kept + made
                    index += 1
                    continue
            elif op == LABEL:
                if index in self.seen:
                    break
                self.seen.add(index)
                index += 1
                continue
            done.add(index)
            following, jumping = self._transfer(index, each, (depth, pairs, functions))
            if jumping is not None and (jumping[1] or jumping[2]):
                pending.append((self.labels[arg], jumping))
            if following is None:
                break
            depth, pairs, functions = following
            if not pairs and not functions:
                break
            index += 1

    def _transfer(self, index: int, each: Instruction, state: State) -> tuple[State | None, State | None]:
        """The state behind an instruction and at its label."""
        op, arg, _ = each
        depth, pairs, functions = state
        if op == "GET_ITER" or index in self.nulls:
            return (depth + 1, (*pairs, depth + 1), functions), None
        if op == "FOR_ITER":
            looped = depth + 1, pairs, functions
            return looped, looped
        if pairs and pairs[-1] == depth and op == "POP_TOP":
            self.edits[index] = ()
            return (depth - 1, pairs[:-1], functions), None
        if pairs and (op in _MOVING or op in _ADDING):
            return self._move(index, each, state), None
        pops, net, jump, goes_on = self.effect(op, arg)
        kept = depth - pops
        if pairs and pairs[-1] > kept:
            pairs = tuple(place for place in pairs if place <= kept)
        if functions and functions[-1][0] > kept:
            functions = self._consume(index, each, depth, functions)
            functions = tuple(each for each in functions if each[0] <= kept)
        if op == "MAKE_FUNCTION" or op == "SET_FUNCTION_ATTRIBUTE":
            made = _made(self.body, index)
            if made is not None:
                functions = (*functions, (depth + net, made))
        after = (depth + net, pairs, functions) if goes_on else None
        return after, None if jump is None else (depth + jump, pairs, functions)

    def _consume(self, index: int, each: Instruction, depth: int, functions: Any) -> Any:
        """Where a generator expression is called with what it iterates over: make the iterator there."""
        place, maker = functions[-1]
        op, arg, position = each
        if place == depth - 1 and (op, arg) in (("CALL_FUNCTION", 1), ("CALL", 0)):
            self.edits[index] = (instruction(maker, None, position), each)
        return functions

    def _move(self, index: int, each: Instruction, state: State) -> State:
        """An instruction that counts entries: another operand, and the places afterwards."""
        op, arg, position = each
        depth, pairs, functions = state
        if op in _ADDING:
            left = depth - _ADDING[op]
            fewer = sum(place > left - arg + 1 for place in pairs)
            if fewer:
                self.edits[index] = (instruction(op, arg - fewer, position),)
            return left, pairs, functions
        if op == "DUP_TOP" or op == "DUP_TOP_TWO":
            return depth + (1 if op == "DUP_TOP" else 2), pairs, functions
        span: int = _ROTATING.get(op) or arg
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
        rotation = instruction(_ROTATIONS.get(fewer, "ROT_N"), None if fewer in _ROTATIONS else fewer, position)
        self.edits[index] = (rotation,)
        return depth, (*outside, *[place + 1 for place in inside]), functions


def _made(body: Sequence[Instruction], index: int) -> str | None:
    """What makes the iterator for the generator expression whose function this instruction makes, if it does."""
    while index and body[index][0] == "SET_FUNCTION_ATTRIBUTE":
        index -= 1
    for op, arg, _ in body[max(0, index - 2) : index]:
        if op == "LOAD_CONST" and _is_expression(arg):
            return first_maker(arg)
    return None


def first_maker(code: Code) -> str | None:
    """What makes the iterator of the first loop of a generator expression."""
    start = [op for op, _, _ in code.body[:16] if op in _FIRST]
    return _FIRST[start[0]] if start else None


class _Effects(dict[tuple[str, int], "tuple[int, int, int | None, bool]"]):
    """Mnemonic and number -> entries read, change of the depth, that at the label if there is one, does it go on?

    Calls, functions and loops may be portable: those have a number for an operand where the native ones have none.
    """

    def __init__(self, dialect_name: str) -> None:
        self.rows = effects(dialect_name).rows
        portable = effects(isa.PORTABLE).rows
        self.other = {name: portable[name] for name in ("MAKE_FUNCTION", "CALL_FUNCTION_EX")}

    def __missing__(self, key: tuple[str, int]) -> tuple[int, int, int | None, bool]:
        op, n = key
        row = self.other[op] if op in self.other and n >= 0 else self.rows[op]
        n = max(0, n)
        self[key] = found = row.pops(n), row.net(n), row.jump(n) if row.names_label else None, row.flow not in _ENDS
        return found

    def of(self, op: str, arg: Any) -> tuple[int, int, int | None, bool]:
        """The effect of an instruction; without a number it may be the native one."""
        return self[op, arg if type(arg) is int else -1 if op in self.other else number(arg)]


@cache
def _effects(dialect_name: str) -> _Effects:
    return _Effects(dialect_name)


_SPECIAL = _MOVING.union(_MAKERS, _ADDING, ("FOR_ITER", "GET_ANEXT", "YIELD_FROM", "PUSH_NULL", "CALL_FUNCTION_EX")) | {
    "MAKE_FUNCTION",
    "SET_FUNCTION_ATTRIBUTE",
}


@cache
def _plain(dialect_name: str) -> dict[str, tuple[int, int]]:
    """Instructions that take always as many entries and leave always as many values, and nothing else: how many."""
    table = effects(dialect_name)
    found = {}
    for name, net in table.plain.items():
        if name not in _SPECIAL:
            pops = table.rows[name].pops(0)
            found[name] = pops, pops + net
    return found


# Lower


def _lower_delegations(body: Sequence[Instruction], edits: Edits) -> bool:
    """Edits for delegations as compilers write them; are there others?"""
    rest = False
    for index, (op, _, _) in enumerate(body):
        if op != "YIELD_FROM":
            if op == "GET_YIELD_FROM_ITER" and (index + 2 >= len(body) or body[index + 2][0] != "YIELD_FROM"):
                rest = True
            continue
        op, arg, position = body[index - 2]
        if body[index - 1][0] not in ("LOAD_CONST", "LOAD_COMMON_CONSTANT") or index < 2:
            rest = True
        elif op in _AWAITED:
            edits[index - 2] = (body[index - 2], instruction("PUSH_NULL", None, position))
        elif op == "GET_YIELD_FROM_ITER":
            edits[index - 2] = (instruction("GET_ITER", DELEGATED if arg is None else arg, position),)
        else:
            rest = True
    return rest


def _iterates_over_calls(body: Sequence[Instruction]) -> bool:
    """Is there a loop over what a call gave?"""
    before = ""
    for op, _, _ in body:
        if op == "FOR_ITER" and before.startswith("CALL"):
            return True
        if op != LABEL:
            before = op
    return False


class _Webs:
    """The entries of the stack of portable code, and which of them are the same at some place: a web.

    An entry is a number; entries that meet at a label are united.
    """

    def __init__(self, code: Code, dialect: isa.Dialect, edits: Edits) -> None:
        self.body = code.body
        self.settled = {index + 2 for index in edits}
        """Delegations that are lowered already."""
        self.dialect = dialect
        self.effect = _effects(dialect.name).of
        self.parent: list[int] = []
        self.producer: list[int] = []
        """Entry -> index of the instruction that it comes from; below zero when nothing can be put behind it."""
        self.values: set[int] = set()
        """The entries that are used as values."""
        self.loops: dict[int, int] = {}
        """Index of FOR_ITER or YIELD_FROM -> its iterator."""
        self.drops: dict[int, int] = {}
        """Index of POP_TOP -> what it drops."""
        self.spans: dict[int, tuple[int, ...]] = {}
        """Index of an instruction that counts entries -> those that it counts, the top last."""
        self.functions: dict[int, int] = {}
        """Function of a generator expression -> index of its making."""
        self.passed: dict[int, int] = {}
        """Entry that is passed to such a function -> index of its making."""

    def find(self) -> None:
        """Follow the whole body."""
        self._follow()
        root = self.root
        self.values = {root(entry) for entry in self.values}
        self.passed = {root(entry): made for entry, made in self.passed.items()}
        self.iterated = {root(entry) for entry in self.loops.values()}
        self.members: dict[int, list[int]] = {}
        """Web of iterators -> indexes of the instructions that its entries come from."""
        tops = [entry if entry == parent else root(entry) for entry, parent in enumerate(self.parent)]
        made = {top for top, index in zip(tops, self.producer) if index >= 0 and self.body[index][0] in _MAKERS}
        self.asynchronous: list[tuple[int, int]] = []
        """Web, and index of a GET_AITER that its entries come from."""
        for top, index in zip(tops, self.producer):
            if top in self.iterated or top in made:
                self.members.setdefault(top, []).append(index)
            elif top in self.passed and index >= 0 and self.body[index][0] == "GET_AITER":
                self.asynchronous.append((top, index))

    def _follow(self) -> None:
        body, plain, labels = self.body, _plain(self.dialect.name), places(self.body)
        parent, producer, values = self.parent, self.producer, self.values
        size = len(body)
        states: dict[int, Sequence[int]] = {}
        pending: list[tuple[int, Sequence[int]]] = [(0, ())]
        while pending:
            index, entries = pending.pop()
            stack = list(entries)
            while index < size:
                op, arg, _ = each = body[index]
                if op in plain and op != "POP_TOP":
                    pops, made = plain[op]
                    if pops:
                        values.update(stack[-pops:])
                        del stack[-pops:]
                    while made:
                        made -= 1
                        stack.append(len(parent))
                        parent.append(len(parent))
                        producer.append(-1 if made else index)
                elif op == LABEL:
                    if index in states:
                        self._unite(states[index], stack)
                        break
                    states[index] = tuple(stack)
                else:
                    following, jumping = self._transfer(index, each, tuple(stack))
                    if jumping is not None:
                        pending.append((labels[arg], jumping))
                    if following is None:
                        break
                    stack = list(following)
                index += 1

    def root(self, entry: int) -> int:
        """The entry that stands for the web of this one."""
        parent = self.parent
        while parent[entry] != entry:
            parent[entry] = parent[parent[entry]]
            entry = parent[entry]
        return entry

    def is_pair(self, entry: int) -> bool:
        """Is it only iterated over, moved and dropped, and made where a second entry can be made?"""
        top = self.root(entry)
        producers = self.members.get(top)
        return producers is not None and top not in self.values and top not in self.passed and min(producers) >= 0

    def by_makers(self, entry: int) -> bool:
        """Do only GET_ITER and its like make it?"""
        return all(self.body[index][0] in _MAKERS for index in self.members[self.root(entry)])

    def popped(self) -> Edits:
        """POP_ITER for the iterators that no GET_ITER made."""
        found: Edits = {}
        for index, entry in self.drops.items():
            if self.is_pair(entry) and not self.by_makers(entry):
                found[index] = (instruction("POP_ITER", None, self.body[index][2]),)
        return found

    def _unite(self, old: Sequence[int], new: Sequence[int]) -> None:
        for one, other in zip(old, new):
            if one != other:
                self.parent[self.root(other)] = self.root(one)

    def _new(self, producer: int) -> int:
        self.parent.append(len(self.parent))
        self.producer.append(producer)
        return len(self.parent) - 1

    def _transfer(self, index: int, each: Instruction, stack: tuple[int, ...]) -> Any:
        """The stack behind an instruction and at its label."""
        op, arg, _ = each
        if op == "POP_TOP":
            self.drops[index] = stack[-1]
            return stack[:-1], None
        if op == "FOR_ITER":
            self.loops[index] = stack[-1]
            return (*stack, self._new(index)), stack[:-1]
        if op in _MOVING:
            return self._moved(index, op, arg, stack), None
        if op in _ADDING:
            taken = _ADDING[op]
            self.values.update(stack[-taken:])
            stack = stack[:-taken]
            self.values.update(stack[-arg : len(stack) - arg + 1])
            self.spans[index] = stack[len(stack) - arg + 1 :]
            return stack, None
        if op == "GET_ANEXT":
            self.values.add(stack[-1])
            return (*stack, self._new(index)), None
        if op == "YIELD_FROM":
            if index not in self.settled:
                self.loops[index] = stack[-2]
            return (*stack[:-2], self._new(index)), None
        return self._generic(index, op, arg, stack)

    def _generic(self, index: int, op: str, arg: Any, stack: tuple[int, ...]) -> Any:
        pops, net, jumped, goes_on = (1, 0, None, True) if op in _MAKERS else self.effect(op, arg)
        if pops:
            used = stack[-pops:]
            if op == "CALL_FUNCTION" and arg == 1 and used[0] in self.functions:
                self.passed[used[1]] = self.functions[used[0]]
            else:
                self.values.update(used)
        below = stack[: max(0, len(stack) - pops)]
        after: tuple[int, ...] | None = None
        if goes_on:
            made = pops + net
            after = below
            if made > 0:
                after = (*below, *[self._new(-1) for _ in range(made - 1)], self._new(index))
            if op == "MAKE_FUNCTION" and after and _made(self.body, index):
                self.functions[after[-1]] = index
        if jumped is None:
            return after, None
        if jumped == net and after is not None and pops + net <= 0:
            return after, after
        return after, (*below, *[self._new(-1) for _ in range(pops + jumped)])

    def _moved(self, index: int, op: str, arg: Any, stack: tuple[int, ...]) -> tuple[int, ...]:
        if op in ("COPY", "DUP_TOP", "DUP_TOP_TWO"):
            count = 2 if op == "DUP_TOP_TWO" else arg if op == "COPY" else 1
            copied = stack[-2:] if op == "DUP_TOP_TWO" else stack[-count : len(stack) - count + 1]
            self.values.update(copied)
            self.spans[index] = stack[-count:]
            return (*stack, *[self._new(-1) for _ in copied[1:]], self._new(index))
        span = _ROTATING.get(op) or arg
        moved = self.spans[index] = stack[-span:]
        return (*stack[:-span], *_turned(op, moved))


def _turned(op: str, entries: Sequence[Any]) -> tuple[Any, ...]:
    """What SWAP or a rotation makes of the entries."""
    if op == "SWAP":
        return (entries[-1], *entries[1:-1], entries[0]) if len(entries) > 1 else tuple(entries)
    return (entries[-1], *entries[:-1])


class _Lowering:
    """Native instructions for portable ones that make, move and use iterators."""

    def __init__(self, webs: _Webs, edits: Edits) -> None:
        self.webs = webs
        self.body = webs.body
        self.edits = edits

    def run(self) -> None:
        """Note all edits."""
        webs = self.webs
        for index, entry in webs.loops.items():
            if not webs.is_pair(entry):
                self._pair_here(index)
        for top, producers in webs.members.items():
            self._make(top, producers)
        for top, index in webs.asynchronous:
            if self._is_made_there(top):
                self.edits[index] = ()
        for index, entry in webs.drops.items():
            if webs.is_pair(entry):
                position = self.body[index][2]
                pop = instruction("POP_TOP", None, position)
                pops = (pop, pop) if webs.by_makers(entry) else (instruction("POP_ITER", None, position),)
                self.edits[index] = pops
        for index, span in webs.spans.items():
            self._count(index, span)

    def _pair_here(self, index: int) -> None:
        """A second entry for an iterator that has one only here."""
        each = self.body[index]
        position = each[2]
        null, swap = instruction("PUSH_NULL", None, position), instruction("SWAP", 2, position)
        if each[0] == "FOR_ITER":
            self.edits[index] = (null, each, swap, instruction("POP_TOP", None, position))
        else:
            self.edits[index] = (null, swap, each)

    def _make(self, top: int, producers: Sequence[int]) -> None:
        """The instructions that make the entries of a web."""
        pair = self.webs.is_pair(top)
        for index in producers:
            if index < 0 or index in self.edits:
                continue
            op, arg, position = self.body[index]
            if op not in _MAKERS:
                if pair:
                    self.edits[index] = (self.body[index], instruction("PUSH_NULL", None, self._used_at(index)))
            elif pair:
                native = 0 if op == "GET_ITER" else DELEGATED
                self.edits[index] = (instruction("GET_ITER", native if arg is None else arg, position),)
            elif self._is_made_there(top):
                self.edits[index] = ()
            else:
                self.edits[index] = _real(position)

    def _used_at(self, index: int) -> Any:
        """The position of the FOR_ITER that comes next, if one does, else of the instruction itself."""
        for op, _, position in self.body[index + 1 : index + 4]:
            if op != LABEL:
                return position if op == "FOR_ITER" else self.body[index][2]
        return self.body[index][2]

    def _is_made_there(self, top: int) -> bool:
        """Is the web only passed to a generator expression that calls iter() itself?"""
        if top not in self.webs.passed or top in self.webs.values:
            return False
        made = self.webs.passed[top]
        codes = [arg for _, arg, _ in self.body[max(0, made - 2) : made] if _is_expression(arg)]
        return bool(codes) and any(op == "RETURN_GENERATOR" for op, _, _ in codes[0].body[3:]) and _begins(codes[0])

    def _count(self, index: int, span: Sequence[int]) -> None:
        """An instruction that counts or moves entries, some of them pairs."""
        pairs = [entry for entry in span if self.webs.is_pair(entry)]
        if not pairs:
            return
        op, arg, position = self.body[index]
        if op in _ADDING or op == "COPY" or (op == "SWAP" and span[0] not in pairs and span[-1] not in pairs):
            self.edits[index] = (instruction(op, arg + len(pairs), position),)
        elif self._drops_turned(index, span, pairs):
            self.edits[index] = (instruction("SWAP", 3, position),)
        else:
            self.edits[index] = tuple(instruction("SWAP", n, position) for n in _swaps(op, span, set(pairs)))

    def _drops_turned(self, index: int, span: Sequence[int], pairs: Sequence[int]) -> bool:
        """Is this a pair that goes above one value, to be dropped?"""
        op, arg, _ = self.body[index]
        turns = op == "ROT_TWO" or (op == "SWAP" and arg == 2)
        return turns and span[0] in pairs and index + 1 in self.webs.drops and self.webs.by_makers(span[0])


def _begins(code: Code) -> bool:
    """Does this native code make its first iterator before it returns the generator?"""
    ops = [op for op, _, _ in code.body if op != LABEL]
    place = ops.index("RETURN_GENERATOR")
    return place > 0 and ops[place - 1] in _FIRST.values()


def _swaps(op: str, span: Sequence[int], pairs: set[int]) -> list[int]:
    """The operands of the SWAPs that move entries of which some are pairs."""

    def native(entries: Sequence[int]) -> list[tuple[int, int]]:
        return [part for entry in entries for part in ([(entry, 0), (entry, 1)] if entry in pairs else [(entry, 0)])]

    now, wanted = native(span), native(_turned(op, span))
    found = []
    while now != wanted:
        if now[-1] != wanted[-1]:
            place = wanted.index(now[-1])
        else:
            place = next(i for i, (one, other) in enumerate(zip(now, wanted)) if one != other)
        now[place], now[-1] = now[-1], now[place]
        found.append(len(now) - place)
    return found


def _real(position: Any) -> Sequence[Instruction]:
    """iter() of the top entry."""
    steps: Sequence[tuple[str, Any]] = (
        ("LOAD_CONST", 0),
        ("LOAD_CONST", ("iter",)),
        ("IMPORT_NAME", "builtins"),
        ("IMPORT_FROM", "iter"),
        ("ROT_TWO", None),
        ("POP_TOP", None),
        ("ROT_TWO", None),
        ("CALL_FUNCTION", 1),
    )
    return [instruction(op, arg, position) for op, arg in steps]


def _make_first(code: Code) -> None:
    """Let a generator expression make the iterator that portable code gets: right behind its first instruction."""
    body = code.body
    if code.name != GENERATOR_EXPRESSION or not code.flags & GENERATORS or not body or body[0][1] != ".0":
        return
    position = body[0][2]
    behind = body[2:] if body[1][0] == "PUSH_NULL" else body[1:]
    following = next((each[0] for each in behind if each[0] not in (LABEL, "SETUP_FINALLY")), "")
    if following == "GET_ANEXT" or (following == "FOR_ITER" and len(behind) < len(body) - 1):
        maker = instruction(_FIRST[following], 0 if following == "FOR_ITER" else None, position)
        code.body = [body[0], maker, *behind]
