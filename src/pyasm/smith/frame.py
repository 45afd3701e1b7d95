"""A code object while it is made: its instructions, its variables, and the blocks around the present place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pyasm.code import Code, Instruction
from pyasm.smith.choices import Choices
from pyasm.smith.constructs import Construct
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyasm.smith.making import Program

FLAGS = {"module": 0, "class": 0, "function": 0x3, "generator": 0x23, "coroutine": 0x83, "async generator": 0x203}
"""Kind of a frame -> its `co_flags`."""
LIMIT = 2000
"""How many steps a call may take at most: what is called in loops is chosen so that it stays below."""


class Parameters(NamedTuple):
    """The parameters of a function, by kind; the last `defaults` positional ones, and `optional`, have defaults."""

    posonly: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    vararg: str | None = None
    kwonly: tuple[str, ...] = ()
    kwarg: str | None = None
    defaults: int = 0
    optional: tuple[str, ...] = ()


class Routine(NamedTuple):
    """Something that can be called."""

    name: str
    kind: str
    parameters: Parameters
    cost: int
    """The greatest number of steps that a call takes."""
    yields: int = 0
    """The greatest number of values that it yields."""


class Class(NamedTuple):
    """A class of the program: its instances have the attribute `n`."""

    name: str
    methods: tuple[Routine, ...]
    cost: int = 3


class Block(NamedTuple):
    """Something that a jump out of it has to leave."""

    leave: Callable[[bool], None]
    """Emits what leaves it; with True there is a value on top that has to stay there."""
    done: str = ""
    """Of a loop: the label behind it, to which `break` goes."""
    again: str = ""
    """Of a loop: the label of its next round."""


class Frame:
    """A code object of some kind while it is made."""

    program: Program
    choices: Choices
    kind: str
    level: int
    """How many frames are around it."""
    trips: int
    """How often the present place is run at most when the frame is."""
    silent: int
    """In how many handlers are we that may not yield, because GeneratorExit gets there?"""
    yields: int
    """How many values it yields at most."""

    def __init__(self, program: Program, kind: str, name: str, outer: Frame | None = None) -> None:
        self.program = program
        self.choices = program.choices
        self.kind = kind
        self.name = name
        self.qualname = name
        if outer is not None and outer.kind != "module":
            self.qualname = f"{outer.qualname}.{name}" if outer.kind == "class" else f"{outer.qualname}.<locals>.{name}"
        self.level = 0 if outer is None else outer.level + 1
        self.body: list[Instruction] = []
        self.variables: dict[str, str] = {}
        """The local variables of this frame that hold something: name -> type."""
        self.cells: list[str] = []
        self.frees: list[str] = []
        self.parameters = Parameters()
        self.routines: list[Routine] = []
        self.blocks: list[Block] = []
        self.barrier = 0
        """So many of the blocks cannot be left: there are values of an expression above them."""
        self.shut = False
        """Are there values of an expression, so that it cannot return?"""
        self.trips = 1
        self.cost = 1
        self.yields = self.silent = 0
        self.numbers = 0

    # -- emitting

    def emit(self, op: str, arg: Any = None) -> None:
        """Add an instruction."""
        self.body.append(Instruction(op, arg))

    def const(self, value: Any) -> None:
        """Push a constant."""
        self.emit("LOAD_CONST", value)

    def pop(self, count: int = 1) -> None:
        """Drop entries."""
        for _ in range(count):
            self.emit("POP_TOP")

    def call(self, count: int) -> None:
        """Call with positional arguments."""
        self.emit("CALL_FUNCTION", count)

    def fresh(self, stem: str) -> str:
        """A name that nothing in the frame has."""
        self.numbers += 1
        return f"{stem}{self.numbers}"

    def labels(self, *stems: str) -> list[str]:
        """New labels."""
        self.numbers += 1
        return [f"{stem}{self.numbers}" for stem in stems]

    def place(self, label: str) -> None:
        """Put a label here."""
        self.emit("LABEL", label)

    # -- variables

    @property
    def fast(self) -> bool:
        """Are local variables in slots?"""
        return self.kind not in ("module", "class")

    def _access(self, verb: str, name: str) -> None:
        if name in self.cells or name in self.frees:
            self.emit("LOAD_CLASSDEREF" if verb == "LOAD" and self.kind == "class" else f"{verb}_DEREF", name)
        elif not self.fast:
            self.emit(f"{verb}_NAME", name)
        else:
            self.emit(f"{verb}_FAST" if name in self.variables else f"{verb}_GLOBAL", name)

    def load(self, name: str) -> None:
        """Push a variable: a local one, one of the closure, a global or a builtin."""
        self._access("LOAD", name)

    def store(self, name: str, kind: str = "int") -> None:
        """Pop a value into a local variable of that type, or one of the closure."""
        if name not in self.frees:
            self.variables[name] = kind
        self._access("STORE", name)

    def delete(self, name: str) -> None:
        """Unbind a variable."""
        self._access("DELETE", name)

    def names(self, kind: str) -> list[str]:
        """The local variables of a type, and those of the closure, which are all ints."""
        own = [name for name, its in self.variables.items() if its == kind and name not in ("self",)]
        return own + [name for name in self.frees if kind == "int" and name != "__class__"]

    # -- constructs

    def make(self, kind: str, depth: int) -> None:
        """Emit a construct of that kind: a statement, or what pushes a value of that type."""
        self.program.left -= 1
        deep = depth <= 0 or self.program.left <= 0
        choice: Construct = self.choices.weighted(
            [
                (each, weight)
                for each, weight in self.program.table[kind]
                if not (deep and not each.leaf) and each.where(self)
            ]
        )
        choice.make(self, depth - 1)

    def value(self, depth: int, kind: str = "int") -> None:
        """Push a value."""
        self.make(kind, depth)

    def suite(self, depth: int, most: int = 3) -> None:
        """Emit some statements, a suite of their own: what they define is not used outside, with few exceptions."""
        routines, before = len(self.routines), dict(self.variables)
        for _ in range(self.choices.between(1, most)):
            self.spend(1)
            self.make("statement", depth)
        del self.routines[routines:]
        for name in [each for each in self.variables if each not in before]:
            if self.choices.chance(0.95):
                self.variables[name] = "unsure"

    # -- steps

    def spend(self, cost: int) -> None:
        """Count the steps of something at the present place."""
        self.cost += cost * self.trips

    def affords(self, cost: int) -> bool:
        """May something with that cost be run at the present place?"""
        return self.cost + cost * self.trips <= LIMIT

    @contextmanager
    def repeated(self, trips: int) -> Iterator[None]:
        """What is emitted here is run that often."""
        self.trips *= trips
        yield
        self.trips //= trips

    @contextmanager
    def within(self, leave: Callable[[bool], None], done: str = "", again: str = "") -> Iterator[None]:
        """What is emitted here is in a block, which jumps out of it leave."""
        self.blocks.append(Block(leave, done, again))
        yield
        self.blocks.pop()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """What is emitted here does not jump out."""
        before = self.barrier, self.shut
        self.barrier, self.shut = len(self.blocks), True
        yield
        self.barrier, self.shut = before

    def leave(self, count: int, value: bool) -> None:
        """Emit what leaves the innermost blocks, as a compiler does; `value`: there is a value on top that stays."""
        saved = self.blocks[:]
        for _ in range(count):
            block = self.blocks.pop()
            block.leave(value)
        self.blocks = saved

    def loops(self) -> Sequence[int]:
        """How many blocks there are up to each loop that can be left here, and with it; innermost first."""
        return [i + 1 for i, block in enumerate(reversed(self.blocks[self.barrier :])) if block.done]

    # -- the result

    def code(self) -> Code:
        """What has been made."""
        parameters = self.parameters
        known = {*parameters.posonly, *parameters.args, *parameters.kwonly, parameters.vararg, parameters.kwarg}
        others = [name for name in self.variables if name not in known and name not in self.cells]
        return Code(
            self.name,
            self.body,
            dialect="portable",
            qualname=self.qualname,
            filename="<smith>",
            flags=FLAGS[self.kind],
            posonlyargs=parameters.posonly,
            args=parameters.args,
            vararg=parameters.vararg,
            kwonlyargs=parameters.kwonly,
            kwarg=parameters.kwarg,
            locals=others if self.fast else (),
            cells=self.cells,
            frees=self.frees,
        )
