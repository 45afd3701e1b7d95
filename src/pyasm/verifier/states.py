"""What is known of a code object while it is walked over: of its labels, variables and blocks, and what is wrong."""

from __future__ import annotations

from heapq import heappush

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import shown
from pyasm.isa.slots import join, meaning
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.native.variables import promised
from pyasm.translate.edit import opcode, places
from pyasm.typed import Any, NamedTuple
from pyasm.verifier.machines import loop_ends, machine
from pyasm.verifier.stack import Problem, Stack
from pyasm.verifier.types import needed_arguments
from pyasm.verifier.variables import Variables, odd_names


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


class States:
    """Of one code object. `found` are the problems, `states` what is known at labels."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.body: list[Any] = code.rows
        dialect = self.dialect = isa.load(code.dialect)
        self.rows = dialect.opcodes
        self.joint = dialect.variables == "joint" or code.dialect == isa.PORTABLE
        self.made = "COPY_FREE_VARS" not in self.rows
        self.unchecked = "LOAD_FAST_CHECK" in self.rows
        self.generator = code.flags & GENERATORS
        self.ops = list(map(opcode, self.body))
        odd = odd_names(self.body, self.ops, dialect.name)
        if odd:
            self.body = [Instruction(LABEL, object()) if i in odd else each for i, each in enumerate(self.body)]
            self.ops = list(map(opcode, self.body))
        self.labels = places(self.body, self.ops)
        self.loop_ends = loop_ends(code.dialect)
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
        self.keys = self.machine.keys(self.body, self.ops)
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

    # -- labels

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

    # -- what is wrong

    def wrong(self, index: int, problem: Problem, stack: Stack | None = None, other: int = -1) -> None:
        """Note a problem; of the same kind, an instruction has it once."""
        self.found.setdefault((index, problem.rule), Found(index, problem, stack, other))

    def _borrowed_end(self, index: int, stack: Stack, old: State | None, origin: int) -> None:
        """Nothing is known of borrowed entries where ways meet; a label that only a handler's region has is no end."""
        if origin != index - 1 or (old is not None and old.origin != origin):
            message = "an entry without a reference of its own goes on to a label"
            self.wrong(origin, Problem("borrow", message, "LOAD_FAST instead of LOAD_FAST_BORROW"), stack)

    def real_ops(self, index: int, count: int) -> list[str]:
        """The mnemonics of the next instructions, without labels."""
        found: list[str] = []
        while index < len(self.body) and len(found) < count:
            if self.body[index][0] != "LABEL":
                found.append(self.body[index][0])
            index += 1
        return found
