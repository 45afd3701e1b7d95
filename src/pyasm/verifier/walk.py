"""The walk over one code object: the typed stack on every way to every instruction.

States are kept at labels only. A way goes on from there, instruction by instruction, until it comes to a label where
it finds nothing new, or ends.
"""

from __future__ import annotations

from functools import cache
from heapq import heappop, heappush

from pyasm import isa
from pyasm.code import Code, Free
from pyasm.isa.slots import join, meaning, slots
from pyasm.native.flags import GENERATORS
from pyasm.typed import Any, NamedTuple
from pyasm.verifier import acts, frames, origins
from pyasm.verifier.rules import RULES
from pyasm.verifier.stack import Machine, Problem, Stack, Step, Wrong
from pyasm.verifier.types import needed_arguments

NEVER = 1 << 30
"""The depth below which nothing may be taken, when every instruction is to be looked at."""


MOST_BLOCKS = 20
"""So many blocks the interpreter has room for."""
SAVED = ["saved_tb", "saved_exc", "saved_type"]


class Block(NamedTuple):
    """A block of the block stack: `block` or `handler`, its depth, the index of its handler, the block around it."""

    kind: str
    depth: int
    target: int
    outer: Block | None


class Region(NamedTuple):
    """A handler's region in the exception table."""

    depth: int
    target: int
    lasti: bool


class State(NamedTuple):
    """What is known at a label: the stack, the blocks, the variables that have a value; and the index of the
    instruction that first came there."""

    stack: Stack
    blocks: Block | None
    slots: dict[Any, str]
    origin: int


class Found(NamedTuple):
    """A problem and where it was found; `stack` is the one before the instruction, `other` the index that another way
    comes from."""

    at: int
    problem: Problem
    stack: Stack | None = None
    other: int = -1


@cache
def machine(dialect_name: str, tracked: bool) -> Machine:
    """The machine of a dialect, with or without following local variables."""
    dialect = isa.load(dialect_name)
    found = dict(acts.ALWAYS)
    if dialect.blocks == "stack":
        found.update(acts.STACKED)
    if tracked:
        found.update(acts.TRACKED)
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
        self.body = code.body
        dialect = self.dialect = isa.load(code.dialect)
        self.rows = dialect.opcodes
        self.joint = dialect.variables == "joint" or code.dialect == isa.PORTABLE
        self.made = "COPY_FREE_VARS" not in self.rows
        self.unchecked = "LOAD_FAST_CHECK" in self.rows
        self.generator = code.flags & GENERATORS
        self.labels = {each[1]: i for i, each in enumerate(self.body) if each[0] == "LABEL"}
        self.loop_ends = _loop_ends(code.dialect)
        self.closure = self._closure()
        self.celled = {*code.cells, *self.closure} if self.joint else set()
        self.strict = (self.celled & {*code.parameters}) | self.closure if self.joint else set()
        needs = dict(zip(code.args, needed_arguments(code)))
        tracked = self.unchecked or bool(code.cells or code.frees or needs)
        self.machine = machine(code.dialect, tracked)
        self.slots = self._first_slots(needs)
        self.contracts = [
            f"the argument {name!r} of {code.qualname} is {meaning(kind)}"
            for name, kind in needs.items()
            if kind != "value"
        ]
        self.states: dict[int, State] = {}
        self.pending: list[int] = []
        self.waiting: set[int] = set()
        self.found: dict[tuple[int, str], Found] = {}
        self.blocks: Block | None = None
        self.region: Region | None = None
        self.regions: dict[int, Region | None] = {}
        self.floor = 0
        self.guarded = -1
        self.deepest = 0
        self.index = 0
        self.stack = self.machine.start()
        self.block_start = 0
        self.borrowed: dict[Any, int] = {}
        if dialect.first_send and self.generator:
            self.stack = self.stack.push("value")
        if dialect.blocks == "table":
            self.regions = frames.regions(self)
        self.guarded = frames.check(self)

    def _closure(self) -> set[Any]:
        taken = {*self.code.parameters, *self.code.locals, *self.code.cells}
        return {Free(name) if name in taken else name for name in self.code.frees}

    def canonical(self, name: Any) -> Any:
        """A variable under the name that `slots` has."""
        if type(name) is Free and name not in self.closure:
            return str(name)
        return name

    def _first_slots(self, needs: dict[str, str]) -> dict[Any, str]:
        found: dict[Any, str] = dict.fromkeys(self.code.parameters, "value")
        found.update(needs)
        if self.made:  # cells are there from the start
            found.update(dict.fromkeys([*self.code.cells, *self.closure], "cell"))
        return found

    def run(self) -> None:
        """Follow every way."""
        self.states[0] = State(self.stack, None, dict(self.slots), -1)
        self.pending = [0]
        if not self.body:
            self._fall_off(self.stack)
        while self.pending:
            index = heappop(self.pending)
            self.waiting.discard(index)
            self._follow(index)
        self._check_size()
        frames.check_unreached(self)

    # -- one way

    def _follow(self, index: int) -> None:  # noqa: C901  # one loop, for speed
        body, size = self.body, len(self.body)
        state = self.states[index]
        stack = self._begin(index, state)
        first = True
        deepest = self.deepest
        while True:
            if index == size:
                self._fall_off(stack)
                break
            op, arg, _ = body[index]
            if op == "LABEL":
                if not first:
                    arrived = self._arrive(index, stack)
                    if arrived is None:
                        break
                    stack = arrived
                first = False
                index += 1
                continue
            first = False
            found = stack.after.get(op)
            if found is None:
                found = self._step(index, stack, op, arg)
                if found is None:
                    break
            following, jumping, low, act = found
            if act is not None:
                changed = act(self, index, arg, stack, following)
                if changed is not None:
                    following = changed
            if low < self.floor:
                self._deep(index, op, stack, low, following)
            if jumping is not None:
                if jumping.depth > deepest:
                    deepest = jumping.depth
                self.reach(arg, jumping, index, op)
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
        self.blocks, self.slots = state.blocks, dict(state.slots)
        self.block_start = index
        self.borrowed = {}
        self.deepest = max(self.deepest, state.stack.depth)
        if self.blocks is not None:
            self._set_floor(state.stack)
        else:
            self.floor = 0
        if self.regions or self.guarded >= 0:
            self._enter(index)
        return state.stack

    def _arrive(self, index: int, stack: Stack) -> Stack | None:
        """Come to a label: what is known there now, or None when that is nothing new."""
        if not self._merge(index, stack, self.blocks, self.slots, index - 1):
            return None
        start, borrowed = self.block_start, self.borrowed
        stack = self._begin(index, self.states[index])
        if stack.borrows:
            self.block_start, self.borrowed = start, borrowed
        return stack

    def reach(self, label: Any, stack: Stack, origin: int, op: str) -> None:
        """Come to a label by a jump, or make it a handler."""
        index = self.labels.get(label)
        if index is None:
            self.wrong(origin, Problem("label", f"there is no label {label!r}"), stack)
        elif self.machine.ways.get(op) not in (None, index > origin):
            way = "forward" if self.machine.ways[op] else "backward"
            self.wrong(origin, Problem("label", f"it only jumps {way}", f"a label {way} of it"), stack)
        elif op in self.machine.setups:
            self._set_up(index, stack, origin, op)
        elif self._merge(index, stack, self.blocks, self.slots, origin):
            self._push(index)

    def _push(self, index: int) -> None:
        if index not in self.waiting:
            self.waiting.add(index)
            heappush(self.pending, index)

    def _merge(self, index: int, stack: Stack, blocks: Block | None, slots: dict[Any, str], origin: int) -> bool:
        """Is there anything new in coming to this label with that?"""
        old = self.states.get(index)
        if stack.borrows or (old is not None and old.stack.borrows):
            self._borrowed_end(index, stack, old, origin)
        if old is None:
            self.states[index] = State(stack, blocks, dict(slots), origin)
            return True
        if old.blocks != blocks:
            message = "it is reached inside of different blocks"
            self.wrong(index, Problem("block", message, "the same blocks on every way"), stack, origin)
            return False
        if stack is not old.stack:
            if stack.depth != old.stack.depth:
                message = f"it is reached with {old.stack.depth} and with {stack.depth} entries on the stack"
                self.wrong(index, Problem("depth", message, "the same depth on every way"), stack, origin)
                return False
            stack = self._joined(old.stack, stack)
        merged = old.slots
        if slots != merged:
            merged = {name: kind if slots[name] == kind else "value" for name, kind in merged.items() if name in slots}
        if stack is old.stack and merged == old.slots:
            return False
        self.states[index] = State(stack, blocks, merged, old.origin)
        return True

    def _joined(self, one: Stack, other: Stack) -> Stack:
        kinds = []
        while one is not other:
            kinds.append(join(one.type, other.type))
            one, other = one.below, other.below  # type: ignore[assignment]  # they are equally deep
        for kind in reversed(kinds):
            one = one.push(kind)
        return one

    # -- handlers

    def _enter(self, index: int) -> None:
        """Begin a block of the exception table."""
        self.region = self.regions.get(index)
        if self.region is not None or self.guarded >= 0:
            self.floor = NEVER  # until an instruction tells the handler what it gets

    def _raise(self, region: Region, stack: Stack, origin: int) -> None:
        """An instruction in a region raises."""
        handler = _dangling(stack.cut(region.depth))
        if region.lasti:
            handler = handler.push("lasti")
        handler = handler.push("thrown" if self.rows[self.body[origin][0]].flow == "yield" else "exc")
        self.deepest = max(self.deepest, handler.depth)
        if self._merge(region.target, handler, None, self.slots, origin):
            self._push(region.target)

    def raises(self, index: int, stack: Stack) -> None:
        """An instruction raises with the variables as they are now, which its own end will change."""
        if self.region is not None and stack.depth >= self.region.depth:
            self._raise(self.region, stack, index)

    def weaker(self, index: int) -> None:
        """Less is known of the variables: the handler is to know it, as soon as something may raise."""
        if self.region is not None:
            self.floor = NEVER
        block = self.blocks
        while block is not None and block.kind == "handler":
            block = block.outer
        if block is not None:
            state = self.states.get(block.target)
            if state is not None and self._merge(block.target, state.stack, state.blocks, self.slots, index):
                self._push(block.target)

    def _set_up(self, target: int, handler: Stack, origin: int, op: str) -> None:
        """Begin a block of the block stack, whose handler begins with two or six entries more."""
        values = 2 if op == "SETUP_CLEANUP" else 6
        depth = handler.depth - values
        inner = Block("handler", depth, target, self.blocks) if values == 6 else self.blocks
        if self._merge(target, handler, inner, self.slots, origin):
            self._push(target)
        self.deepest = max(self.deepest, handler.depth)
        self.blocks = Block("block", depth, target, self.blocks)
        self.floor = depth
        if self._count_blocks() > MOST_BLOCKS:
            self.wrong(origin, Problem("block", f"there are more than {MOST_BLOCKS} blocks around it"), handler)

    def _count_blocks(self) -> int:
        count, block = 0, self.blocks
        while block is not None:
            count, block = count + 1, block.outer
        return count

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
        self._set_floor(after)

    def _set_floor(self, stack: Stack) -> None:
        """The depth below which nothing may be taken: every instruction is looked at while it is not as it must be."""
        block = self.blocks
        self.floor = 0
        if block is not None:
            self.floor = block.depth if block.kind == "block" else block.depth + 3
            if not self._intact(stack):
                self.floor = NEVER

    def _intact(self, stack: Stack) -> bool:
        """Are the entries that the blocks around need where they must be?"""
        block = self.blocks
        while block is not None:
            if block.kind == "handler":
                if stack.depth < block.depth + 3 or stack.cut(block.depth + 3).types()[-3:] != SAVED:
                    return False
            elif stack.depth < block.depth:
                return False
            block = block.outer
        return True

    def _deep(self, index: int, op: str, stack: Stack, low: int, following: Stack | None) -> None:
        """An instruction takes what the handler around it needs, or would if it raised."""
        quiet = op in slots().quiet
        if self.blocks is not None or (not self.regions and self.guarded < 0):
            self._deep_in_block(index, op, stack, low, following, quiet)
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
            self.floor = region.depth

    def _may_leave(self, index: int, stack: Stack) -> bool:
        op, arg, _ = self.body[index]
        if op == "RERAISE":
            return stack.type == "stopped"
        if self.rows[op].stack.startswith("bool "):  # a jump that has no need to ask an object
            return True
        return op == "RESUME" or (op == "CALL_INTRINSIC_1" and arg == "STOPITERATION_ERROR")

    def _deep_in_block(self, index: int, op: str, stack: Stack, low: int, following: Stack | None, quiet: bool) -> None:
        block = self.blocks
        if block is None:
            return
        needed = block.depth if block.kind == "block" else block.depth + 3
        if not quiet and (low < needed or not self._intact(stack)):
            message = f"the block around it needs {needed} entries, and it leaves {low}"
            if low >= needed:
                message = "what the handler saved is not where it must be"
            self.wrong(index, Problem("handler", message, "POP_BLOCK or POP_EXCEPT before it"), stack)
        if following is not None:
            self._set_floor(following)
            if self.floor < NEVER and block.kind == "block":
                self._changed_below(index, block, following)

    def _changed_below(self, index: int, block: Block, stack: Stack) -> None:
        """The handler of a block gets what is below it now."""
        state = self.states.get(block.target)
        if state is not None:
            handler = stack.cut(block.depth)
            for kind in state.stack.types()[block.depth :]:
                handler = handler.push(kind)
            if self._merge(block.target, handler, state.blocks, self.slots, index):
                self._push(block.target)

    # -- what is wrong

    def wrong(self, index: int, problem: Problem, stack: Stack | None = None, other: int = -1) -> None:
        """Note a problem; of the same kind, an instruction has it once."""
        self.found.setdefault((index, problem.rule), Found(index, problem, stack, other))

    def _step(self, index: int, stack: Stack, op: str, arg: Any) -> Step | None:
        try:
            return self.machine.step(stack, op, arg)
        except Wrong as wrong:
            for problem in wrong.problems:
                self.wrong(index, problem, stack)
            return wrong.step

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
            message = f"the variable {name!r} changes while an entry has no reference of its own to its value"
            self.wrong(index, Problem("borrow", message, "LOAD_FAST instead of LOAD_FAST_BORROW"))

    def real_ops(self, index: int, count: int) -> list[str]:
        """The mnemonics of the next instructions, without labels."""
        found: list[str] = []
        while index < len(self.body) and len(found) < count:
            if self.body[index][0] != "LABEL":
                found.append(self.body[index][0])
            index += 1
        return found
