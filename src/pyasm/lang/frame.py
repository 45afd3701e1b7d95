"""A code object on its way from the tree to instructions.

A `Unit` is what all code objects of a text share, a `Frame` is one of them: its instructions so far, the depth of the
stack, the blocks that are open. Constructs are expanded by functions of a frame and a node, found in the unit's tables
by the type of the node.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, count, filterfalse
from operator import add

from pyasm import isa
from pyasm.code import Code, Place, Row
from pyasm.isa import PORTABLE
from pyasm.lang import tidy, tops, tree
from pyasm.lang.scope import FUNCTION, Scope
from pyasm.native.units import LABEL
from pyasm.text.errors import Report, near
from pyasm.text.tokens import described
from pyasm.translate.effects import Effects, effects, number
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyasm.lang.static import Static


new = tuple.__new__  # of a NamedTuple: faster than its own


class Span(NamedTuple):
    """A part of the text."""

    start: int
    end: int


class Block:
    """What is open around an instruction, and has to be left by a jump out of it.

    `leave(frame, keeping, node)` emits what leaving it takes; with `keeping` the top entry is to stay. `key` tells
    what labels in the block have in their chains; without one it has nothing on the stack and no handler. `depth` is
    that of the stack where it begins, `floor` that of the frame around it.
    """

    def __init__(
        self,
        key: Any,
        leave: Callable[[Frame, bool, Any], None] | None = None,
        loop: Loop | None = None,
    ) -> None:
        self.key, self.leave, self.loop = key, leave, loop
        self.depth = self.floor = 0


class Loop(NamedTuple):
    """Where BREAK and CONTINUE go in a loop."""

    label: str | None
    end: str
    next: str


NO_LINE = (1, 0, -1)
"""A line that nothing is on."""


class Unit:
    """What the code objects of a text share."""

    def __init__(self, text: str, filename: str, report: Report, static: Static, expanders: Expanders) -> None:
        self.text, self.filename, self.report, self.static = text, filename, report, static
        self.statements, self.expressions, self.targets, self.conditions = expanders
        self.effects: Effects = effects(PORTABLE)
        self.table = tidy.words().table
        self.scopes: dict[int, Scope] = {}
        """Of each Function, Class, Define and delayed call, by its identity."""
        self.sources: dict[int, Any] = {}
        """The source of each PYTHON block that has not been put in place yet, by its identity."""
        self.origins: dict[int, str] = {}
        """Which macro a node comes from, by its identity."""
        self.has_tops = "%" in text
        self._ascii = text.isascii()
        self._lines = [0, *map(add, accumulate(map(len, text.split("\n"))), count(1))]
        """Where each line starts, and one more would."""
        self.line = NO_LINE
        """The line of the last position: its number, where it starts and ends."""
        self._found: set[tuple[int, str]] = set()

    def wrong(self, node: Any, message: str, hint: str = "") -> None:
        """Note an error where a node starts, once."""
        origin = self.origins.get(id(node))
        if origin is not None:
            message = f"{message}, in {origin}"
        if (node.start, message) not in self._found:
            self._found.add((node.start, message))
            self.report.add(node.start, message, hint)

    def position(self, start: int, end: int) -> Place:
        """The position that a part of the text has in the code."""
        lines = self._lines
        first = bisect_right(lines, start)
        if self._ascii:
            line_start, line_end = lines[first - 1], lines[first] - 1
            self.line = first, line_start, line_end
            if end <= line_end:
                return first, first, start - line_start, end - line_start
        last = bisect_right(lines, end)
        left, right = start - lines[first - 1], end - lines[last - 1]
        if not self._ascii:
            left = len(self.text[lines[first - 1] : start].encode("utf-8", "surrogatepass"))
            right = len(self.text[lines[last - 1] : end].encode("utf-8", "surrogatepass"))
        return first, last, left, right


class Expanders(NamedTuple):
    """What expands each type of node: `f(frame, node)`; conditions are `f(frame, node, label, when)`."""

    statements: dict[type, Callable[[Frame, Any], None]]
    expressions: dict[type, Callable[[Frame, Any], None]]
    targets: dict[type, Callable[[Frame, Any], None]]
    conditions: dict[type, Callable[[Frame, Any, str, bool], None]]


class Frame:
    """One code object: what has been emitted, and what is known at this point of it."""

    def __init__(self, unit: Unit, scope: Scope, code: Code, parent: Frame | None = None) -> None:
        self.unit, self.scope, self.code, self.parent = unit, scope, code, parent
        self.body: list[Row] = []
        self._tools = self.body.append, unit.effects.plain, unit.line
        """What emit needs: what appends a row, the changes of the depth, the line of the last position."""
        self._changes = unit.effects.changes
        self.expressions, self.targets, self._conditions = unit.expressions, unit.targets, unit.conditions
        self.is_function = scope.kind == FUNCTION
        self.fast = scope.own() if self.is_function else set()
        """The variables that are in slots and nobody else's."""
        self.numbered = list(scope.locals)
        """The local variables in the order of their numbers."""
        self.depth = 0
        """Entries on the stack."""
        self.reached = True
        """Does execution come here? Else the depth is a guess, until the next label that something jumps to."""
        self.floor = 0
        """So many entries belong to the blocks around."""
        self.blocks: list[Block] = []
        self.copies: dict[Any, int] = {}
        """The FINALLY blocks that are being copied: key -> how many copies came before."""
        self.copied: dict[Any, int] = {}
        self.fixed: Place | None = None
        """What `.loc` says."""
        self.tops: dict[int, int] = {}
        """The values of this statement's `%` that are still in their places: the identity of the node -> place on the
        stack, counted from the bottom."""
        self._depths: dict[str, int] = {}
        self.fresh: Callable[[], str] = filterfalse(scope.labels.__contains__, map("L%d".__mod__, count(1))).__next__
        """Gives a label that nobody uses."""
        self._rolled = (0, 0, 0, 0)

    # -- instructions

    def emit(self, op: str, arg: Any, node: Any) -> None:
        """Append an instruction. `node` says where it stands in the text."""
        start, end = node[0], node[1]
        append, plain, (line, line_start, line_end) = self._tools
        if line_start <= start and end <= line_end:
            append((op, arg, (line, line, start - line_start, end - line_start)))
        else:
            append((op, arg, self.fixed or self.unit.position(start, end)))
            if self.fixed is None:
                self._tools = append, plain, self.unit.line
        net = plain.get(op)
        if net is not None:
            self.depth += net
        else:
            self._step(self._changes, op, arg)

    def fix(self, position: Place | None) -> None:
        """From here on all instructions have this position; None: their own again."""
        self.fixed = position
        self._tools = *self._tools[:2], NO_LINE

    def emit_unplaced(self, op: str, arg: Any = None) -> None:
        """Append an instruction that belongs to the line before it, and is nothing where handlers are a table."""
        self.body.append((op, arg, None))
        self._step(self._changes, op, arg)

    def raw(self, op: str, arg: Any, node: Any) -> None:
        """Append an instruction of the running dialect."""
        position = self.fixed or self.unit.position(node.start, node.end)
        self.body.append((op, arg, position))
        self._step(effects(isa.running().name).changes, op, arg)

    def _step(self, changes: Mapping[tuple[str, int], tuple[int | None, int | None]], op: str, arg: Any) -> None:
        """Note what an instruction changes: the depth here, and that at the label which it names."""
        kind = type(arg)
        following, jumping = changes[op, arg if kind is int else number(arg) if kind is tuple else 0]
        if jumping is not None and self.reached:
            self._depths.setdefault(arg, self.depth + jumping)
        if following is None:
            self.reached = False
        else:
            self.depth += following

    def label(self, name: str) -> None:
        """Place a label here."""
        self.body.append((LABEL, name, None))
        known = self._depths.get(name)
        if not self.reached and known is not None:
            self.depth = known
            self.reached = True
        elif self.reached:
            self._depths.setdefault(name, self.depth)

    def wrong(self, node: Any, message: str, hint: str = "") -> None:
        """Note an error where a node starts."""
        self.unit.wrong(node, message, hint)

    # -- nodes

    def push(self, node: Any) -> None:
        """Evaluate an expression; its value is on top of the stack then."""
        self.expressions[type(node)](self, node)

    def push_all(self, nodes: Iterable[Any]) -> None:
        """Evaluate expressions, one after the other."""
        expanders = self.expressions
        for node in nodes:
            expanders[type(node)](self, node)

    def store(self, target: Any) -> None:
        """Store the top of the stack."""
        self.targets[type(target)](self, target)

    def put(self, target: Any | None) -> None:
        """Store the top of the stack, or leave it there without a target."""
        if target is not None:
            self.store(target)

    def jump_if(self, node: Any, label: str, when: bool) -> None:
        """Evaluate a condition; jump when its truth is `when`."""
        expander = self._conditions.get(type(node))
        if expander is not None:
            expander(self, node, label, when)
            return
        self.push(node)
        self.emit("POP_JUMP_IF_TRUE" if when else "POP_JUMP_IF_FALSE", label, node)

    def statements(self, block: tree.Block) -> None:
        """Expand the statements of a block."""
        expanders, report = self.unit.statements, self.unit.report
        has_tops, implying = self.unit.has_tops, tops.IMPLYING
        for statement in block.statements:
            if report.found and report.full:
                return
            if has_tops or type(statement) in implying:
                tops.claim_statement(self, statement)
            expanders[type(statement)](self, statement)

    def block(self, block: tree.Block) -> None:
        """Expand the statements of a block, and drop what they leave on the stack."""
        depth = self.depth
        self.statements(block)
        if self.depth > depth:
            self.drop(depth)

    def drop(self, depth: int, keeping: bool = False) -> None:
        """Drop what statements have left above a depth; with `keeping` the top entry stays."""
        while self.reached and self.depth - keeping > depth:
            if keeping:
                self.emit_unplaced("ROT_TWO")
            self.emit_unplaced("POP_TOP")

    def drop_as_at(self, label: str) -> None:
        """Drop what is not there where others come from to a label."""
        self.drop(self._depths.get(label, self.depth))

    def drop_more(self, ends: list[tuple[int, int]], least: int, kept: int) -> None:
        """Where branches come together, here, drop what they have left more than one another.

        Of each end: its index, and the depth, which becomes the least; `kept` are the topmost entries that stay.
        """
        one: list[Row] = [(op, arg, None) for op, arg in (*rolls(kept + 1, 1 if kept else 0), ("POP_TOP", None))]
        for index, depth in reversed(ends):
            self.body[index:index] = one * (depth - least)
        if self.reached and self.depth > least:
            self.depth = least
        self._rolled = (0, 0, 0, 0)

    # -- `%`

    def claim(self, *nodes: Any, implicit: Any = None) -> None:
        """Find the values of the `%` in these parts of a statement, which are about to be evaluated.

        `implicit` is a node that takes the top of the stack without a `%`.
        """
        tops.claim(self, nodes, implicit)

    def take(self, key: int, node: Any) -> None:
        """Bring the value of a `%` to the top of the stack."""
        place = self.tops.pop(key, None)
        if place is None:
            self.wrong(node, "a % cannot stand where it is evaluated again, or later", "store the value in a variable")
            self.emit("LOAD_CONST", None, node)
            return
        self.roll(self.depth - place, node)
        for other, its in self.tops.items():
            if its > place:
                self.tops[other] = its - 1

    def roll(self, n: int, node: Any) -> None:
        """Bring the n-th entry to the top. Rolls that follow each other become one rotation, or none."""
        if n < 2:
            return
        end, start, size, count = self._rolled
        if end != len(self.body) or size != n:
            start, count = len(self.body), 0
        count = (count + 1) % n
        del self.body[start:]
        for op, arg in rolls(n, count):
            self.emit(op, arg, node)
        self._rolled = (len(self.body), start, n, count)

    # -- labels and blocks

    def label_name(self, name: str) -> str:
        """The name of a label of the text in the code: in a copy of a FINALLY block its labels have other names."""
        chain = self.scope.labels[name].chain
        copy = next((self.copies[key] for key in reversed(chain) if key in self.copies), 0)
        if copy:
            name = f"{name}#{copy}"
            while name in self.scope.labels:
                name += "#"
        return name

    def find_label(self, node: tree.Name, suffix: str = "") -> str | None:
        """The name of the label in the text that a statement names; None, and an error, when there is none."""
        name = node.text + suffix
        if name in self.scope.labels:
            return name
        if node.text in self.scope.labels and suffix:
            self.wrong(node, f"the label {described(node.text)} is not that of a loop")
        else:
            self.wrong(
                node,
                f"no label {described(node.text)} in {described(self.code.name)}",
                near(node.text, self.scope.labels),
            )
        return None

    def jump_to_label(self, name: str, node: Any) -> None:
        """Jump to a label of the text, out of the blocks that it is not in."""
        chain = self.scope.labels[name].chain
        keys = [block.key for block in self.blocks if block.key is not None]
        common = 0
        while common < min(len(keys), len(chain)) and keys[common] == chain[common]:
            common += 1
        if common < len(chain):
            self.wrong(
                node,
                f"the label {described(name)} is inside of a block that this is not in",
                "jump to the block itself",
            )
            return
        target = self.label_name(name)
        opened = self.opened()
        while len(keys) > common:
            if self.blocks[-1].key is not None:
                keys.pop()
            self.leave(False, node)
        self.emit("JUMP_ABSOLUTE", target, node)
        self.reopen(opened)

    def jumps_plainly(self, name: str) -> bool:
        """Can a conditional jump go to this label of the text, because there is no block to leave?"""
        chain = self.scope.labels[name].chain
        return chain == tuple(block.key for block in self.blocks if block.key is not None)

    def opened(self) -> Any:
        """What is open, before code that leaves blocks and goes away …"""
        return list(self.blocks), self.depth, self.floor, self.tops

    def reopen(self, opened: Any) -> None:
        """… and behind it: for what comes there, all this is open."""
        self.blocks, self.depth, self.floor, self.tops = opened
        self.reached = False

    def enter(self, block: Block, kept: bool = True) -> None:
        """Open a block; what is on the stack then belongs to it, if `kept`."""
        block.depth, block.floor = self.depth, self.floor
        self.blocks.append(block)
        if kept:
            self.floor = self.depth

    def exit(self) -> None:
        """Close the block that has been entered last."""
        self.floor = self.blocks.pop().floor

    def leave(self, keeping: bool, node: Any) -> None:
        """Leave the innermost block: it is no longer among the open ones."""
        block = self.blocks.pop()
        self.drop(block.depth, keeping)
        if block.leave is not None:
            block.leave(self, keeping, node)


def rolls(n: int, count: int) -> Sequence[tuple[str, Any]]:
    """The instructions that bring the n-th entry to the top, `count` times."""
    if count == 0:
        return ()
    word = {2: "ROT_TWO", 3: "ROT_THREE", 4: "ROT_FOUR"}.get(n)
    if word is not None:
        return ((word, None),) * (n - count)
    if count * (n - 1) < (n - count) * 4:
        return tuple(("SWAP", k) for k in range(2, n + 1)) * count
    return (("ROT_N", n),) * (n - count)
