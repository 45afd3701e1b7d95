"""What is known of a code object while it is walked over: of its labels, variables and blocks, and what is wrong."""

from __future__ import annotations

from collections.abc import Set
from heapq import heappush

from pyasm.code import Code, Instruction
from pyasm.errors import shown
from pyasm.isa.slots import join, meaning
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate.edit import where
from pyasm.typed import Any, NamedTuple
from pyasm.verifier.machines import machine, traits
from pyasm.verifier.stack import Problem, Stack
from pyasm.verifier.types import types_of_arguments
from pyasm.verifier.variables import Variables, odd_names

_LABELS = frozenset({LABEL})
_new: Any = tuple.__new__
"""Makes a tuple with names faster than its class does."""
_NOTHING: frozenset[Any] = frozenset()


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

    __slots__ = (
        "args",
        "block_start",
        "blocks",
        "body",
        "borrowed",
        "celled",
        "closure",
        "code",
        "contracts",
        "deepest",
        "dialect",
        "every_block",
        "floor",
        "found",
        "generator",
        "guarded",
        "inner",
        "joint",
        "keys",
        "labels",
        "leftover",
        "loop_ends",
        "machine",
        "made",
        "ops",
        "parameters",
        "pending",
        "ranks",
        "region",
        "regions",
        "rows",
        "slots",
        "stack",
        "states",
        "stops",
        "strict",
        "unchecked",
        "variables",
        "visits",
        "waiting",
        "words",
    )

    def __init__(self, code: Code) -> None:
        self.code = code
        self.dialect, self.rows, self.joint, self.made, self.unchecked, self.loop_ends = traits(code.dialect)
        self.generator = code.flags & GENERATORS
        self.found: dict[tuple[int, str], Found] = {}
        self._read_body(code.rows)
        needs = types_of_arguments(code)
        self.contracts = [f"the argument {shown(name)} of {code.qualname} is {meaning(needs[name])}" for name in needs]
        self.parameters = code.parameters
        self.variables = Variables(code, self.parameters, needs)
        self.closure = self.variables.closure
        shares = bool(code.cells or code.frees)
        self.celled: Set[Any] = {*code.cells, *self.closure} if shares and self.joint else _NOTHING
        self.strict: Set[Any] = self.celled & {*self.parameters} | self.closure if self.celled else _NOTHING
        self.slots = self.variables.first(cells=self.made)
        self.machine = machine(code.dialect, self.unchecked or shares or bool(needs))
        self.keys, self.inner = self.machine.keys(self.body, self.ops, self.words)
        self.states: dict[int, State] = {}
        self.pending: list[tuple[int, int]] = []
        self.ranks: dict[int, int] = {}
        self.waiting: set[int] = set()
        self.stops: set[int] = set()
        """The indexes behind which a way did not go on."""
        self.leftover = False
        """Is something below a value that is returned?"""
        self.every_block: dict[tuple[Any, ...], Block] = {}
        self.regions: dict[int, Region | None] = {}
        self.borrowed: dict[Any, int] = {}
        self.stack = self.machine.root
        self.blocks: Block | None = None
        self.region: Region | None = None
        self.guarded = -1
        self.floor = self.deepest = self.visits = self.block_start = 0
        if self.generator and self.dialect.first_send:
            self.stack = self.stack.push("value")

    def _read_body(self, body: list[Any]) -> None:
        """The instructions, in columns, too; for those with odd names labels that nothing names."""
        self.body = body
        self.ops: list[str] = [row[0] for row in body]
        self.args: list[Any] = [row[1] for row in body]
        odd = odd_names(body, self.ops, self.args, self.dialect.name)
        if odd:
            for index, text in odd.items():
                self.wrong(index, Problem("operand", f"{text} is no name", "a str"))
            self._read_body([Instruction(LABEL, object()) if i in odd else each for i, each in enumerate(body)])
            return
        self.words = set(self.ops)
        self.labels = {self.args[index]: index for index in where(self.ops, _LABELS)} if LABEL in self.words else {}

    # -- labels

    def _push(self, index: int) -> None:
        if index not in self.waiting:
            self.waiting.add(index)
            heappush(self.pending, (self.ranks.get(index, index), index))

    def _merge(self, index: int, stack: Stack, blocks: Block | None, slots: int, origin: int) -> bool:
        """Is there anything new in coming to this label with that?"""
        old = self.states.get(index)
        if old is None:
            if stack.borrows:
                self._borrowed_end(index, stack, old, origin)
            self.states[index] = _new(State, (stack, blocks, slots, origin))
            return True
        before, outside, known, first = old
        if stack.borrows or before.borrows:
            self._borrowed_end(index, stack, old, origin)
        if outside is not blocks:
            message = "it is reached inside of different blocks"
            self.wrong(index, Problem("block", message, "the same blocks on every way"), stack, origin)
            return False
        if stack is not before:
            if stack.depth != before.depth:
                message = f"it is reached with {before.depth} and with {stack.depth} entries on the stack"
                self.wrong(index, Problem("depth", message, "the same depth on every way"), stack, origin)
                return False
            stack = self._joined(before, stack)
        known_now = known & slots
        if stack is before and known_now == known:
            return False
        self.states[index] = _new(State, (stack, blocks, known_now, first))
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
