"""The walk over one code object: the typed stack on every way to every instruction.

States are kept at labels only. A way goes on from there, instruction by instruction, until it comes to a label where
it finds nothing new, or ends.
"""

from __future__ import annotations

from functools import cache
from heapq import heappop, heappush

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import shown
from pyasm.isa.slots import join, meaning, slots
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.native.variables import promised
from pyasm.translate.edit import opcode, places
from pyasm.typed import Any, NamedTuple
from pyasm.verifier import acts, frames, origins
from pyasm.verifier.order import ranks
from pyasm.verifier.rules import RULES
from pyasm.verifier.stack import NEVER, Machine, Problem, Stack, arrive
from pyasm.verifier.types import needed_arguments
from pyasm.verifier.variables import Variables, odd_names

MOST_BLOCKS = 20
"""So many blocks the interpreter has room for."""
SAVED = ["saved_tb", "saved_exc", "saved_type"]


class Block:
    """A block of the block stack: `block` or `handler`, its depth, the index of its handler, what that finds above the
    depth, the block around it. There is one object for each."""

    __slots__ = ("count", "depth", "finds", "kind", "outer", "target")

    def __init__(self, kind: str, depth: int, target: int, finds: tuple[str, ...], outer: Block | None) -> None:
        self.kind, self.depth, self.target, self.finds, self.outer = kind, depth, target, finds, outer
        self.count: int = 1 if outer is None else outer.count + 1


class Region(NamedTuple):
    """A handler's region in the exception table."""

    depth: int
    target: int
    lasti: bool


class State(NamedTuple):
    """What is known at a label: the stack, the blocks, the variables that have a value (see variables.py); and the
    index of the instruction that first came there."""

    stack: Stack
    blocks: Block | None
    slots: int
    origin: int


class Found(NamedTuple):
    """A problem and where it was found; `stack` is the one before the instruction, `other` the index that another way
    comes from."""

    at: int
    problem: Problem
    stack: Stack | None = None
    other: int = -1


_VISITS = 3
"""How often, on average, a label may be visited before another order is tried."""
_KEPT = 50_000
"""So many steps are kept from one program to the next."""
_machines: dict[tuple[str, bool], Machine] = {}


def machine(dialect_name: str, tracked: bool) -> Machine:
    """The machine of a dialect, with or without following local variables: a new one when the last knows too much."""
    found = _machines.get((dialect_name, tracked))
    if found is None or found.steps > _KEPT:
        found = _machines[dialect_name, tracked] = _new_machine(dialect_name, tracked)
    return found


def forget() -> None:
    """Drop all that is known from one program to the next, to measure what starts from nothing."""
    _machines.clear()


def _new_machine(dialect_name: str, tracked: bool) -> Machine:
    dialect = isa.load(dialect_name)
    found = dict(acts.ALWAYS)
    if dialect.blocks == "stack":
        found.update(acts.STACKED)
    if tracked:
        found.update(acts.TRACKED)
    if dialect_name == isa.PORTABLE:
        found.update(acts.PORTABLE)
    return Machine(dialect, RULES, found)


@cache
def _loop_ends(dialect_name: str) -> dict[str, list[str]]:
    """What must stand at the label of a loop: it goes on behind some of it."""
    rows = isa.load(dialect_name).opcodes
    ends: dict[str, list[str]] = {"FOR_ITER": [], "SEND": ["END_SEND"] if "END_SEND" in rows else []}
    if "END_FOR" in rows:
        drop = (
            ["POP_ITER"]
            if "POP_ITER" in rows
            else ["POP_TOP"]
            if isa.effects(rows["END_FOR"].stack).pops(0) == 1
            else []
        )
        ends["FOR_ITER"] = ["END_FOR", *drop]
    return ends


def _dangling(stack: Stack) -> Stack:
    """The stack with entries that a handler finds without knowing whose they are."""
    if not stack.borrows or stack.below is None:
        return stack
    return _dangling(stack.below).push("dangling" if stack.type == "borrowed" else stack.type)


class Walk:
    """The walk. `found` are the problems, `states` the states at labels."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.body: list[Any] = code.body
        dialect = self.dialect = isa.load(code.dialect)
        self.rows = dialect.opcodes
        self.joint = dialect.variables == "joint" or code.dialect == isa.PORTABLE
        self.made = "COPY_FREE_VARS" not in self.rows
        self.unchecked = "LOAD_FAST_CHECK" in self.rows
        self.generator = code.flags & GENERATORS
        odd = odd_names(self.body, self.rows)
        if odd:
            self.body = [Instruction(LABEL, object()) if i in odd else each for i, each in enumerate(self.body)]
        self.ops = list(map(opcode, self.body))
        self.labels = places(self.body, self.ops)
        self.loop_ends = _loop_ends(code.dialect)
        needs = {name: kind for name, kind in zip(code.args, needed_arguments(code)) if kind != "value"}
        needs.update(promised(code))
        self.contracts = [
            f"the argument {shown(name)} of {code.qualname} is {meaning(kind)}" for name, kind in needs.items()
        ]
        self.parameters = code.parameters
        self.variables = Variables(code, self.parameters, needs)
        self.closure = self.variables.closure
        self.celled = {*code.cells, *self.closure} if self.joint else set()
        self.strict = (self.celled & {*self.parameters}) | self.closure if self.celled else set()
        self.slots = self.variables.first(cells=self.made)
        self.machine = machine(code.dialect, self.unchecked or bool(code.cells or code.frees or needs))
        self.keys = self.machine.keys(self.body)
        self.states: dict[int, State] = {}
        self.pending: list[tuple[int, int]] = []
        self.ranks: dict[int, int] = {}
        self.waiting: set[int] = set()
        self.found: dict[tuple[int, str], Found] = {}
        for index, text in odd.items():
            self.wrong(index, Problem("operand", f"{text} is no name", "a str"))
        self.blocks: Block | None = None
        self.every_block: dict[tuple[Any, ...], Block] = {}
        self.region: Region | None = None
        self.regions: dict[int, Region | None] = {}
        self.floor = 0
        self.guarded = -1
        self.deepest = 0
        self.stack = self.machine.root
        self.block_start = 0
        self.visits = 0
        self.borrowed: dict[Any, int] = {}
        if dialect.first_send and self.generator:
            self.stack = self.stack.push("value")
        if dialect.blocks == "table":
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

    def _follow(self, index: int) -> None:  # one loop, for speed
        body, keys = self.body, self.keys
        stack: Any = self._begin(index, self.states[index])
        deepest = self.deepest
        if keys[index] == LABEL:
            index += 1
        while True:
            following, low, more = stack[keys[index]]
            if more is None:
                if low < self.floor:
                    self._deep(index, stack, low, following)
            else:
                jumping, act = more
                if act is not None:
                    if act is arrive:
                        following = self._arrive(index, stack)
                    else:
                        changed = act(self, index, body[index][1], stack, following)
                        if changed is not None:
                            following = changed
                if low < self.floor:
                    self._deep(index, stack, low, following)
                if jumping is not None:
                    if jumping.depth > deepest:
                        deepest = jumping.depth
                    self.reach(body[index][1], jumping, index)
                if following is None:
                    break
            stack = following
            if stack.depth > deepest:
                deepest = stack.depth
            index += 1
        self.deepest = max(self.deepest, deepest)

    def _check_size(self) -> None:
        """The stack that a decoded code object says that it has."""
        layout = self.code.layout
        if layout is not None and layout.body and 0 < layout.stack_size < self.deepest:
            message = f"it has a stack of {layout.stack_size} entries, and needs {self.deepest}"
            self.wrong(-1, Problem("size", message, f"{self.deepest} entries"))

    def _begin(self, index: int, state: State) -> Stack:
        """Take up a state."""
        self.blocks, self.slots = state.blocks, state.slots
        self.block_start = index
        self.borrowed = {}
        self.visits += 1
        self.deepest = max(self.deepest, state.stack.depth)
        self.floor = 0 if self.blocks is None else NEVER  # until an instruction tells the handler what it gets
        if self.regions or self.guarded >= 0:
            self._enter(index)
        return state.stack

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

    def reach(self, label: Any, stack: Stack, origin: int) -> None:
        """Come to a label by a jump, or make it a handler."""
        index = self.place(label)
        op = self.ops[origin]
        way = self.machine.ways[op]
        if index is None:
            self.wrong(origin, Problem("label", f"there is no label {shown(label)}"), stack)
        elif way is not None and way is not (index > origin):
            side = "forward" if way else "backward"
            self.wrong(origin, Problem("label", f"it only jumps {side}", f"a label {side} of it"), stack)
        elif op in self.machine.setups:
            self._set_up(index, stack, origin)
        elif self._merge(index, stack, self.blocks, self.slots, origin):
            self._push(index)

    def place(self, label: Any) -> int | None:
        """The index of a label, if there is one."""
        try:
            return self.labels.get(label)
        except TypeError:
            return None

    def _push(self, index: int) -> None:
        if index not in self.waiting:
            self.waiting.add(index)
            heappush(self.pending, (self.ranks.get(index, index), index))

    def _merge(self, index: int, stack: Stack, blocks: Block | None, slots: int, origin: int) -> bool:
        """Is there anything new in coming to this label with that?"""
        old = self.states.get(index)
        if stack.borrows or (old is not None and old.stack.borrows):
            self._borrowed_end(index, stack, old, origin)
        if old is None:
            self.states[index] = State(stack, blocks, slots, origin)
            return True
        if old.blocks is not blocks:
            message = "it is reached inside of different blocks"
            self.wrong(index, Problem("block", message, "the same blocks on every way"), stack, origin)
            return False
        if stack is not old.stack:
            if stack.depth != old.stack.depth:
                message = f"it is reached with {old.stack.depth} and with {stack.depth} entries on the stack"
                self.wrong(index, Problem("depth", message, "the same depth on every way"), stack, origin)
                return False
            stack = self._joined(old.stack, stack)
        merged = old.slots & slots
        if stack is old.stack and merged == old.slots:
            return False
        self.states[index] = State(stack, blocks, merged, old.origin)
        return True

    def _joined(self, one: Stack, other: Stack) -> Stack:
        kinds = []
        while one is not other:
            kinds.append(join(one.type, other.type))
            one, other = one.below, other.below  # type: ignore[assignment]  # they are equally deep
        return one.push(*reversed(kinds))

    # -- variables

    def kind(self, name: Any) -> str | None:
        """What a variable holds here, None when that may be nothing."""
        return self.variables.kind(self.slots, self.variables[name])

    def know(self, name: Any, kind: str | None) -> None:
        """What a variable holds from here on."""
        self.slots = self.variables.known(self.slots, self.variables[name], kind)

    # -- handlers

    def _enter(self, index: int) -> None:
        """Begin a block of the exception table."""
        self.region = self.regions.get(index)
        if self.region is not None or self.guarded >= 0:
            self.floor = NEVER
        if self.region is not None:
            self.deepest = max(self.deepest, self.region.depth + self.region.lasti + 1)

    def _raise(self, region: Region, stack: Stack, origin: int) -> None:
        """An instruction in a region raises."""
        handler = _dangling(stack.cut(region.depth))
        if region.lasti:
            handler = handler.push("lasti")
        handler = handler.push("thrown" if self.rows[self.ops[origin]].flow == "yield" else "exc")
        if self._merge(region.target, handler, None, self.slots, origin):
            self._push(region.target)

    def _raise_in_block(self, stack: Stack, origin: int) -> None:
        """An instruction in a block raises: what is above its depth is dropped, and so are handlers that it is in."""
        block = self.blocks
        while block is not None and block.kind == "handler":
            block = block.outer
        if block is not None and stack.depth >= block.depth:
            handler = stack.cut(block.depth).push(*block.finds)
            inner = block.outer
            if block.finds[-1] == "type":
                inner = self._block("handler", block.depth, block.target, block.finds, inner)
            if self._merge(block.target, handler, inner, self.slots, origin):
                self._push(block.target)

    def raises(self, index: int, stack: Stack) -> None:
        """An instruction raises with the variables as they are now, which its own end will change."""
        if self.region is None:
            self._raise_in_block(stack, index)
        elif stack.depth >= self.region.depth:
            self._raise(self.region, stack, index)

    def weaker(self) -> None:
        """Less is known of the variables: the handler is to know it, as soon as something may raise."""
        if self.region is not None or self.blocks is not None:
            self.floor = NEVER

    def _set_up(self, target: int, handler: Stack, origin: int) -> None:
        """Begin a block of the block stack. Its handler is told what it gets by what raises within it."""
        finds = tuple(handler.types(2 if handler.type == "exc" else 6))
        depth = handler.depth - len(finds)
        self.blocks = self._block("block", depth, target, finds, self.blocks)
        self.floor = NEVER
        if self.blocks.count > MOST_BLOCKS:
            self.wrong(origin, Problem("block", f"there are more than {MOST_BLOCKS} blocks around it"), handler)

    def _block(self, kind: str, depth: int, target: int, finds: tuple[str, ...], outer: Block | None) -> Block:
        key = kind, depth, target, id(outer)
        found = self.every_block.get(key)
        if found is None:
            found = self.every_block[key] = Block(kind, depth, target, finds, outer)
        return found

    def leave(self, index: int, kind: str, before: Stack, after: Stack) -> None:
        """End a block of the block stack."""
        block = self.blocks
        if block is None or block.kind != kind:
            inside = "no block" if block is None else "a handler" if kind == "block" else "a block with a handler"
            expected = "a block begun by SETUP_FINALLY" if kind == "block" else "a handler that an exception led to"
            self.wrong(index, Problem("block", f"it is inside of {inside}", expected), before)
            return
        if kind == "handler" and not 0 <= after.depth - block.depth <= 1:
            message = f"there are {after.depth} entries below it, and {block.depth} around the block"
            self.wrong(index, Problem("block", message, f"{block.depth} of them, or one more"), before)
        self.blocks = block.outer
        self.floor = 0 if self.blocks is None else NEVER

    def _intact(self, stack: Stack) -> bool:
        """Are the entries that the blocks around need where they must be?"""
        block = self.blocks
        while block is not None:
            if block.kind == "handler":
                if stack.depth < block.depth + 3 or stack.cut(block.depth + 3).types(3) != SAVED:
                    return False
            elif stack.depth < block.depth:
                return False
            block = block.outer
        return True

    def _deep(self, index: int, stack: Stack, low: int, following: Stack | None) -> None:
        """An instruction takes what the handler around it needs, or would if it raised."""
        op = self.ops[index]
        quiet = op in slots().quiet
        if self.blocks is not None:
            self._deep_in_block(index, self.blocks, stack, low, following, quiet)
        elif self.region is not None:
            if self.rows[op].flow == "yield" and following is not None:  # what is thrown finds what is sent
                stack, low = following, following.depth
            self._deep_in_region(index, self.region, stack, low, quiet)
        elif not quiet and index >= self.guarded >= 0 and not self._may_leave(index, stack):
            message = "a StopIteration that it raises would leave the generator"
            self.wrong(index, Problem("generator", message, "a handler with STOPITERATION_ERROR around it"), stack)

    def _deep_in_region(self, index: int, region: Region, stack: Stack, low: int, quiet: bool) -> None:
        self.floor = NEVER if low < region.depth else self.floor
        if not quiet and low < region.depth:
            message = f"the handler around it needs {region.depth} entries, and it leaves {low}"
            self.wrong(index, Problem("handler", message, "a handler with a smaller depth"), stack)
        elif not quiet:
            self._raise(region, stack, index)
            if self.rows[self.ops[index]].flow != "yield":  # what is thrown there is not all that may be raised
                self.floor = region.depth

    def _may_leave(self, index: int, stack: Stack) -> bool:
        op, arg, _ = self.body[index]
        if op == "RERAISE":
            return stack.type == "stopped"
        if self.rows[op].stack.startswith("bool "):  # a jump that has no need to ask an object
            return True
        return bool(op in ("RESUME", "JUMP_BACKWARD") or (op == "CALL_INTRINSIC_1" and arg == "STOPITERATION_ERROR"))

    def _deep_in_block(
        self, index: int, block: Block, stack: Stack, low: int, following: Stack | None, quiet: bool
    ) -> None:
        """Every instruction is looked at until one has raised with all as it must be."""
        if quiet:
            self.floor = NEVER
            return
        needed = block.depth if block.kind == "block" else block.depth + 3
        intact = self._intact(stack)
        if low < needed or not intact:
            message = f"the block around it needs {needed} entries, and it leaves {low}"
            if low >= needed:
                message = "what the handler saved is not where it must be"
            self.wrong(index, Problem("handler", message, "POP_BLOCK or POP_EXCEPT before it"), stack)
        else:
            self._raise_in_block(stack, index)
            self.floor = needed if following is None or self._intact(following) else NEVER

    # -- what is wrong

    def wrong(self, index: int, problem: Problem, stack: Stack | None = None, other: int = -1) -> None:
        """Note a problem; of the same kind, an instruction has it once."""
        self.found.setdefault((index, problem.rule), Found(index, problem, stack, other))

    def _fall_off(self, stack: Stack) -> None:
        message = "execution goes on behind the last instruction" if self.body else "there are no instructions"
        self.wrong(len(self.body) - 1, Problem("end", message, "RETURN_VALUE, RAISE_VARARGS or a jump"), stack)

    def _borrowed_end(self, index: int, stack: Stack, old: State | None, origin: int) -> None:
        """Nothing is known of borrowed entries where ways meet; a label that only a handler's region has is no end."""
        if origin != index - 1 or (old is not None and old.origin != origin):
            message = "an entry without a reference of its own goes on to a label"
            self.wrong(origin, Problem("borrow", message, "LOAD_FAST instead of LOAD_FAST_BORROW"), stack)

    def check_borrowed(self, index: int, name: Any, depth: int) -> None:
        """A variable changes: no entry may be borrowed from it."""
        if self.borrowed.get(name, depth) < depth and origins.borrowed(self, index, name, depth):
            message = f"the variable {shown(name)} changes while an entry has no reference of its own to its value"
            self.wrong(index, Problem("borrow", message, "LOAD_FAST instead of LOAD_FAST_BORROW"))

    def real_ops(self, index: int, count: int) -> list[str]:
        """The mnemonics of the next instructions, without labels."""
        found: list[str] = []
        while index < len(self.body) and len(found) < count:
            if self.body[index][0] != "LABEL":
                found.append(self.body[index][0])
            index += 1
        return found
