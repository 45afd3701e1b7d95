"""Typed stacks, and what instructions make of them.

A stack is a node of a tree: the stack below, and the type of the top entry. There is one node for every stack, and each
remembers what instructions made of it: most of a program goes ways that were gone before.
"""

from __future__ import annotations

from pyasm import isa
from pyasm.isa.slots import fits, meaning, sides
from pyasm.translate.effects import number
from pyasm.typed import Any, NamedTuple
from pyasm.verifier.types import DEEPEST, constant_type

_KEPT = 50_000
"""So many nodes are kept from one program to the next."""


class Stack:
    """A stack of typed entries. `after`: instruction -> Step."""

    __slots__ = ("above", "after", "below", "borrows", "depth", "type")

    def __init__(self, below: Stack | None, kind: str) -> None:
        self.below = below
        self.type = kind
        self.depth: int = 0 if below is None else below.depth + 1
        self.borrows: bool = below is not None and (below.borrows or kind == "borrowed")
        self.above: dict[str, Stack] = {}
        self.after: dict[Any, Step] = {}

    def push(self, kind: str) -> Stack:
        """The stack with one more entry."""
        found = self.above.get(kind)
        if found is None:
            found = self.above[kind] = Stack(self, kind)
        return found

    def cut(self, depth: int) -> Stack:
        """The lowest entries."""
        node = self
        while node.depth > depth:
            node = node.below  # type: ignore[assignment]  # only the empty stack has none
        return node

    def types(self) -> list[str]:
        """The types of its entries, the lowest first."""
        found = []
        node = self
        while node.below is not None:
            found.append(node.type)
            node = node.below
        return found[::-1]


class Step(NamedTuple):
    """What an instruction makes of a stack: the next one, the one at its label, the depth when it had taken all that it
    takes, and what else is to be looked at."""

    following: Stack | None
    jumping: Stack | None
    low: int
    act: Any


class Problem(NamedTuple):
    """Something that is wrong with one instruction: a rule, the message, what is expected, the entry that it is about,
    counted from the top."""

    rule: str
    message: str
    expected: str = ""
    entry: int = 0


class Wrong(Exception):
    """What is wrong with an instruction on a stack; `step` is what it would do otherwise, if that can be said."""

    def __init__(self, problems: list[Problem], step: Step | None = None) -> None:
        self.problems = problems
        self.step = step


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
        self.dialect = dialect
        self.rules = rules
        self.acts = acts
        self.rows = dialect.opcodes
        self.root = Stack(None, "")
        self.steps = 0
        self.setups = frozenset(name for name, row in self.rows.items() if row.flow == "setup")
        directions = {"forward": True, "backward": False} if dialect.name != isa.PORTABLE else {}
        self.ways = {name: directions.get(row.operand) for name, row in self.rows.items()}
        """Jump -> does it go forward? None: either way."""
        self.keyed = {name: self._keyed(row) for name, row in self.rows.items()}

    def _keyed(self, row: isa.Opcode) -> str:
        """What a step depends on beside the mnemonic."""
        if row.operand == "const":
            return "const"
        if row.operand in self.dialect.enums:
            return "enum"
        return "number" if row.operand == "number" or row.flags else ""

    def start(self) -> Stack:
        """The empty stack. What is known is forgotten when it has become too much."""
        if self.steps > _KEPT:
            self.root, self.steps = Stack(None, ""), 0
        return self.root

    def step(self, stack: Stack, op: str, arg: Any) -> Step:
        """What an instruction makes of a stack. Wrong when it may not stand there."""
        keyed = self.keyed.get(op)
        if keyed is None:
            raise Wrong([Problem("instruction", f"there is no such instruction in {self.dialect.name}")])
        if keyed == "":
            key: Any = op if stack.type != "exc" or op != "LOAD_ATTR" else (op, arg)
        elif keyed == "const":
            key = op, constant_type(arg)
        else:
            key = op, arg if keyed == "enum" else number(arg)
        try:
            found = stack.after.get(key)
        except TypeError:
            raise Wrong([Problem("operand", f"{arg!r} cannot be its operand")]) from None
        if found is None:
            found = stack.after[key] = self._made(stack, self.rows[op], arg)
            self.steps += 1
        return found

    def _made(self, stack: Stack, row: isa.Opcode, arg: Any) -> Step:
        n = self._number(row, arg)
        effect = isa.effects(row.stack)
        count = effect.pops(n)
        if count > stack.depth:
            entries = f"{count} entries" if count != 1 else "one entry"
            raise Wrong([Problem("depth", f"it takes {entries} from a stack of {stack.depth}", f"{row.stack}")])
        if stack.depth + effect.net(n) > DEEPEST:
            raise Wrong([Problem("depth", f"a stack of {stack.depth + effect.net(n)} entries is too large")])
        sided = sides(row.stack, n)
        below = stack.cut(stack.depth - count)
        move = Move(self.dialect, row, arg, below, stack.types()[below.depth :])
        self._check(move, sided.takes, sided.twice)
        move.left = move.placed(sided.leaves)
        move.jumped = move.placed(sided.jumping)
        if row.name in self.rules:
            self.rules[row.name](move)
        stays = 0
        while (
            stays < len(sided.leaves) and sided.leaves[stays] == stays and sided.jumping[stays : stays + 1] == (stays,)
        ):
            stays += 1
        made = self._step(row, move.below, move, below.depth + max(stays, move.keeps))
        if move.problems:
            raise Wrong(move.problems, made)
        return made

    def _number(self, row: isa.Opcode, arg: Any) -> int:
        """The operand as a number. Wrong when it is out of range."""
        if row.operand in self.dialect.enums:
            members = self.dialect.enums[row.operand].values()
            if arg not in members:
                raise Wrong([Problem("operand", f"{arg!r} is no operand of it", f"one of {' '.join(members)}")])
        elif row.operand == "number" and not row.flags:
            least, greatest = self.dialect.ranges.get(row.name, (0, 0xFFFFFFFF))
            if type(arg) is not int or not least <= arg <= greatest:
                bounds = f"from {least} to {greatest}" if greatest < 0xFFFFFFFF else f"from {least}"
                raise Wrong([Problem("operand", f"{arg!r} is no operand of it", f"a number {bounds}")])
        elif row.flags and not (type(arg) is tuple and len(arg) == 2 and type(arg[1]) is int):
            raise Wrong([Problem("operand", f"{arg!r} is no operand of it", "a name and its flags")])
        return number(arg)

    def _check(self, move: Move, takes: tuple[str, ...], twice: tuple[int, ...]) -> None:
        """The types of the entries that it takes."""
        for place, (kind, wanted) in enumerate(zip(move.taken, takes)):
            needed = "known" if place in twice and wanted == "any" else wanted
            if not fits(kind, needed):
                entry = len(takes) - place
                where = "the top entry" if entry == 1 else f"the entry {entry} from the top"
                move.wrong("type", f"{where} is {meaning(kind)}", meaning(needed), entry)

    def _step(self, row: isa.Opcode, below: Stack, move: Move, low: int) -> Step:
        goes_on = row.flow not in ("jump", "return", "raise")
        jumps = row.operand in isa.JUMPS and row.flow != "next"  # END_ASYNC_FOR names one for tracing only
        if row.flow in ("return", "raise"):
            move.left = []
        return Step(
            (move.goes_to or _pushed(below, move.left)) if goes_on else None,
            (move.jumps_to or _pushed(below, move.jumped)) if jumps else None,
            low,
            self.acts.get(row.name),
        )


def _pushed(stack: Stack, kinds: list[str]) -> Stack:
    for kind in kinds:
        stack = stack.push(kind)
    return stack
