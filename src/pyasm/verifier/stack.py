"""Typed stacks, and what instructions make of them.

A stack is a node of a tree: the stack below, and the type of the top entry. There is one node for every stack, and each
remembers what instructions made of it: most of a program goes ways that were gone before.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import shown
from pyasm.isa.slots import Sides, fits, meaning, sides
from pyasm.native.units import LABEL
from pyasm.translate.edit import where
from pyasm.translate.effects import number
from pyasm.typed import Any, NamedTuple
from pyasm.verifier.types import PLAIN, constant_type

NEVER = 1 << 30
"""The depth below which nothing may be taken, when every instruction is to be looked at."""
END = "END"
"""Stands behind the last instruction."""


class Stack(dict[Any, "Step"]):
    """A stack of typed entries: key of an instruction -> what that makes of it, found when it is first asked for."""

    __slots__ = ("above", "below", "borrows", "depth", "machine", "type")

    def __init__(self, machine: Machine, below: Stack | None, kind: str) -> None:
        self.machine = machine
        self.below = below
        self.type = kind
        self.depth: int = 0 if below is None else below.depth + 1
        self.borrows: bool = below is not None and (below.borrows or kind.startswith("borrowed"))
        self.above: dict[str, Stack] = {}

    def __missing__(self, key: Any) -> Step:
        step = self[key] = self.machine.made(self, key)
        return step

    def __bool__(self) -> bool:
        return True  # also when nothing was asked yet

    def push(self, *kinds: str) -> Stack:
        """The stack with more entries."""
        node = self
        for kind in kinds:
            found = node.above.get(kind)
            if found is None:
                found = node.above[kind] = Stack(self.machine, node, kind)
            node = found
        return node

    def cut(self, depth: int) -> Stack:
        """The lowest entries."""
        node = self
        while node.depth > depth:
            node = node.below  # type: ignore[assignment]  # only the empty stack has none
        return node

    def types(self, count: int = NEVER) -> list[str]:
        """The types of its entries, or of so many at the top, the lowest first."""
        found = []
        node = self
        while node.below is not None and count > 0:
            found.append(node.type)
            node = node.below
            count -= 1
        return found[::-1]


class Step(NamedTuple):
    """What an instruction makes of a stack: the next one; the depth when it had taken all that it takes; the greater of
    the depths that it leaves; and what else is to be done, None for most of them."""

    following: Stack | None
    low: int
    high: int
    more: More | None


class More(NamedTuple):
    """The stack at the label of a jump, and what the walk does besides, which may give another stack of the same depth
    to go on with. `forward`: the direction of the jump, None for either; `sets_up`: the label is that of a handler."""

    jumping: Stack | None
    act: Any
    forward: bool | None = None
    sets_up: bool = False


class Problem(NamedTuple):
    """Something that is wrong with one instruction: a rule, the message, what is expected, the entry that it is about,
    counted from the top."""

    rule: str
    message: str
    expected: str = ""
    entry: int = 0


class Odd:
    """The key of an instruction that is none, or whose operand cannot be one."""

    def __init__(self, op: Any, arg: Any, problem: Problem) -> None:
        self.op, self.arg, self.problem = op, arg, problem


class Form(NamedTuple):
    """What is true of an instruction on any stack; `leaves` what it leaves, when that does not depend on it."""

    row: isa.Opcode
    arg: Any
    pops: int
    net: int
    sided: Sides
    goes_on: bool
    jumps: bool
    leaves: tuple[Any, ...] | None


class Complaint:
    """The act of an instruction that may not stand on this stack: notes the problems, and does what it does."""

    def __init__(self, problems: list[Problem], act: Any = None) -> None:
        self.problems, self.act = problems, act

    def __call__(self, walk: Any, index: int, arg: Any, before: Stack, after: Any) -> Stack | None:
        """Like other acts."""
        for problem in self.problems:
            walk.wrong(index, problem, before)
        return None if self.act is None else self.act(walk, index, arg, before, after)


def arrive(walk: Any, index: int, arg: Any, before: Stack, after: Any) -> None:
    """The act of a label: the walk knows it, because it may end there."""


class Move:
    """An instruction on a stack, while its step is found: a rule may change `left` and `jumped` and add problems."""

    def __init__(self, dialect: isa.Dialect, row: isa.Opcode, arg: Any, below: Stack, taken: list[str]) -> None:
        self.dialect, self.rows = dialect, dialect.opcodes
        self.row, self.arg, self.below, self.taken = row, arg, below, taken
        self.n = number(arg)
        self.left: list[str] = []
        self.jumped: list[str] = []
        self.problems: list[Problem] = []
        self.keeps = 0
        """So many of the taken entries are still there when it raises."""
        self.goes_to: Stack | None = None
        self.jumps_to: Stack | None = None
        """Another stack than the one below with what is left."""
        self.act: Any = None
        """What the walk does besides, where it depends on the entries."""

    def placed(self, leaves: tuple[Any, ...]) -> list[str]:
        """The types of what is left. A copy that moves is no longer known as one."""
        found = [each if isinstance(each, str) else self.taken[each] for each in leaves]
        if "same" in found:
            found = [
                "exc_or_none" if kind == "same" and leaves[place] != place else kind for place, kind in enumerate(found)
            ]
        return found

    def wrong(self, rule: str, message: str, expected: str = "", entry: int = 0) -> None:
        """Note a problem."""
        self.problems.append(Problem(rule, message, expected, entry))


class Machine:
    """The steps of one dialect. `acts`: mnemonic -> what the walk does besides."""

    def __init__(self, dialect: isa.Dialect, rules: dict[str, Any], acts: dict[str, Any]) -> None:
        self.dialect, self.rows = dialect, dialect.opcodes
        self.rules, self.acts = rules, acts
        self.root = Stack(self, None, "")
        self.steps = 0
        directions = {"forward": True, "backward": False} if dialect.name != isa.PORTABLE else {}
        self.ways = {name: directions.get(row.operand) for name, row in self.rows.items()}
        """Jump -> does it go forward? None: either way."""
        self.kinds = {name: self._kind(row) for name, row in self.rows.items()}
        """Mnemonic -> what of its operand matters."""
        self.selecting = frozenset(name for name, kind in self.kinds.items() if kind)
        self.plain = frozenset(self.kinds.keys() - self.selecting | {LABEL})
        """Mnemonics of which something does, and those that are keys, because nothing does."""
        self.constants: dict[Any, dict[Any, str]] = {name: {} for name, kind in self.kinds.items() if kind == "const"}
        """Mnemonic -> type of the constant -> key; the class of the constant, too, where that says enough."""
        self.keyed: dict[tuple[Any, Any], str] = {}
        self.flagged: dict[tuple[Any, Any], str] = {}
        """The same with a number or word, and with the flags beside a name."""
        self.meanings: dict[str, tuple[isa.Opcode, Any]] = {key: (self.rows[key], None) for key in self.rows}
        """Key -> row, and an operand that means the same."""
        self.forms: dict[str, Form] = {}

    def _kind(self, row: isa.Opcode) -> str:
        if row.operand in self.dialect.enums:
            return "enum"
        return row.operand if row.operand in ("const", "number") else "flags" if row.flags else ""

    # -- keys

    def keys(self, body: Sequence[Any], ops: Sequence[str], words: set[str]) -> tuple[list[Any], list[Code]]:
        """What the stacks know each instruction by, and the end; and the code objects among the constants. `ops` are
        the mnemonics, `words` the different ones."""
        found: list[Any] = [*ops, END]
        inner: list[Code] = []
        keyed, constants = self.keyed, self.constants
        selecting = self.selecting if self.plain | self.selecting >= words else words - self.plain
        for index in where(ops, selecting):
            op, arg, _ = body[index]
            kind = type(arg)
            known = constants.get(op)
            if known is not None:
                key = known.get(kind) or self._constant_key(op, kind, arg)
                if kind is Code:
                    inner.append(arg)
            elif kind is int or kind is str:
                key = keyed.get((op, arg)) or self._new_key(op, arg, arg)
            else:
                part = arg[1] if kind is tuple and len(arg) == 2 and type(arg[1]) is int else None
                key = self.flagged.get((op, part)) or self._new_key(op, part, arg)
            found[index] = key
        return found, inner

    def _constant_key(self, op: str, kind: type, arg: Any) -> Any:
        known = self.constants[op]
        part = constant_type(arg)
        key = known.get(part) or self._new_key(op, part, arg)
        if kind in PLAIN:
            known[kind] = key
        return key

    def _new_key(self, op: Any, part: Any, arg: Any) -> Any:
        kind = self.kinds.get(op)
        if kind is None:
            return Odd(op, arg, Problem("instruction", f"there is no such instruction in {self.dialect.name}"))
        expected = self._expected(self.rows[op], kind, part if kind == "const" else arg)
        if expected:
            return Odd(op, arg, Problem("operand", f"{shown(arg)} is no operand of it", expected))
        key = f"{op} {part}"
        self.meanings[key] = self.rows[op], arg
        if kind == "const":
            self.constants[op][part] = key
        else:
            (self.flagged if kind == "flags" else self.keyed)[op, part] = key
        return key

    def _expected(self, row: isa.Opcode, kind: str, arg: Any) -> str:
        """What the operand should be, when it is nothing of that."""
        if kind == "enum":
            members = self.dialect.enums[row.operand].values()
            return "" if type(arg) is str and arg in members else f"one of {' '.join(members)}"
        if kind == "number":
            least, greatest = self.dialect.ranges.get(row.name, (0, 0xFFFFFFFF))
            if type(arg) is not int or not least <= arg <= greatest:
                return f"a number from {least} to {greatest}" if greatest < 0xFFFFFFFF else f"a number from {least}"
        if kind == "flags" and not (type(arg) is tuple and len(arg) == 2 and type(arg[1]) is int):
            return "a name and its flags"
        return ""

    # -- steps

    def made(self, stack: Stack, key: Any) -> Step:
        """What an instruction makes of a stack."""
        self.steps += 1
        if key in (LABEL, END):
            return Step(stack if key == LABEL else None, NEVER, 0, More(None, arrive))
        if type(key) is Odd:
            return Step(None, NEVER, 0, More(None, Complaint([key.problem])))
        form = self.forms.get(key)
        if form is None:
            form = self.forms[key] = self._form(*self.meanings[key])
        problem = self._depth_problem(stack, form)
        if problem:
            return Step(None, NEVER, 0, More(None, Complaint([problem])))
        return self._simple(stack, form) or self._made(stack, form)

    def _form(self, row: isa.Opcode, arg: Any) -> Form:
        n = number(arg)
        effect = isa.effects(row.stack)
        possible = max(effect.pops(n), effect.net(n)) <= isa.DEEPEST  # otherwise it has a depth problem on every stack
        sided = sides(row.stack, n if possible else 0)
        goes_on = row.flow not in ("jump", "return", "raise")
        jumps = row.operand in isa.JUMPS and row.flow != "next"  # END_ASYNC_FOR names one for tracing only
        leaves: tuple[Any, ...] | None = sided.leaves
        moves = any(type(each) is int or each == "same" for each in sided.leaves)
        if row.operand == "const" and sided.leaves:
            leaves = (constant_type(arg),)
        elif moves or not goes_on or jumps or row.name in self.rules:
            leaves = None
        return Form(row, arg, effect.pops(n), effect.net(n), sided, goes_on, jumps, leaves)

    def _depth_problem(self, stack: Stack, form: Form) -> Problem | None:
        if form.pops > stack.depth:
            entries = f"{form.pops} entries" if form.pops != 1 else "one entry"
            return Problem("depth", f"it takes {entries} from a stack of {stack.depth}", form.row.stack)
        if stack.depth + form.net > isa.DEEPEST:
            return Problem("depth", f"a stack of {stack.depth + form.net} entries is too large")
        return None

    def _simple(self, stack: Stack, form: Form) -> Step | None:
        """The step of an instruction that leaves the same whatever it takes."""
        if form.leaves is None:
            return None
        for wanted in reversed(form.sided.takes):
            if not fits(stack.type, wanted):
                return None
            stack = stack.below  # type: ignore[assignment]  # it is deep enough
        act = self.acts.get(form.row.name)
        following = stack.push(*form.leaves)
        return Step(following, stack.depth, following.depth, None if act is None else More(None, act))

    def _made(self, stack: Stack, form: Form) -> Step:
        sided = form.sided
        below = stack.cut(stack.depth - form.pops)
        move = Move(self.dialect, form.row, form.arg, below, stack.types(form.pops))
        self._check(move, sided.takes, sided.twice)
        move.left = move.placed(sided.leaves)
        move.jumped = move.placed(sided.jumping)
        if form.row.name in self.rules:
            self.rules[form.row.name](move)
        return self._step(form, move, below.depth + max(sided.stays, move.keeps))

    def _check(self, move: Move, takes: tuple[str, ...], twice: frozenset[int]) -> None:
        """The types of the entries that it takes."""
        for place, (kind, wanted) in enumerate(zip(move.taken, takes)):
            needed = "known" if wanted == "any" and place in twice else wanted
            if not fits(kind, needed):
                entry = len(takes) - place
                where = "the top entry" if entry == 1 else f"the entry {entry} from the top"
                move.wrong("type", f"{where} is {meaning(kind)}", meaning(needed), entry)

    def _step(self, form: Form, move: Move, low: int) -> Step:
        following = (move.goes_to or move.below.push(*move.left)) if form.goes_on else None
        jumping = (move.jumps_to or move.below.push(*move.jumped)) if form.jumps else None
        act = move.act or self.acts.get(form.row.name)
        if move.problems:
            act = Complaint(move.problems, act)
        high = max([each.depth for each in (following, jumping) if each is not None], default=0)
        if following is not None and jumping is act is None:
            return Step(following, low, high, None)
        return Step(following, low, high, More(jumping, act, self.ways[form.row.name], form.row.flow == "setup"))
