"""One code object: its calls become what they say, then its jumps find their way out of loops and blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyasm.code import Code, Instruction, Layout, Position
from pyasm.errors import Finding
from pyasm.inlining import states
from pyasm.inlining.leaving import CannotLeave, Leaving
from pyasm.inlining.sites import ASSEMBLY, JUMP, Names, Site, find, position_of
from pyasm.inlining.states import State, Step
from pyasm.inlining.text import Texts
from pyasm.isa import JUMPS, PORTABLE, load
from pyasm.lang.static import Static
from pyasm.native.units import LABEL
from pyasm.text.errors import near
from pyasm.text.tokens import described
from pyasm.translate.edit import places
from pyasm.translate.effects import effects, number
from pyasm.tuples.scopes import NESTED, Scope, settle
from pyasm.typed import NamedTuple

LEAVE, VALUE, DONE = "<leave>", "<value>", "<done>"
"""Words that stand in a body for a while: a jump or return that may have to leave blocks; the end of a call, with and
without a value. The operand of the latter two is the depth of the stack in the code as it was."""

_LEAVING = frozenset({"JUMP_ABSOLUTE", "JUMP_FORWARD", "POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE", "RETURN_VALUE"})
_OPPOSITE = {"POP_JUMP_IF_TRUE": "POP_JUMP_IF_FALSE", "POP_JUMP_IF_FALSE": "POP_JUMP_IF_TRUE"}


class Leave(NamedTuple):
    """The operand of LEAVE: the instruction, its label, and what is there in the code as it was."""

    op: str
    label: str
    around: State


class Copy(NamedTuple):
    """A label in the body, by the name that it has there, and what is there in the code as it was.

    What stands in a FINALLY is copied by the compiler, and so are its labels.
    """

    name: str
    around: State


class Expansion:
    """A code object on its way."""

    def __init__(self, code: Code, names: Names, static: Static, report: Callable[[Finding], None]) -> None:
        self.code, self.names, self.report = code, names, report
        self.texts = Texts(code, static)
        self.failed = False
        self.body: list[Instruction] = []
        self.floors: list[int | None] = []
        """For each instruction of a text, the depth of the stack in the code around it."""
        self.labels: dict[str, list[Copy]] = {}

    def wrong(self, position: Position | None, message: str, hint: str = "") -> None:
        """Note what is wrong, with the line of the Python source."""
        self.failed = True
        line = position.line if position is not None and position.line is not None else self.code.first_line
        self.report(Finding(message, f"{self.code.filename}:{line}", hint))

    def expanded(self) -> Code:
        """The new code; the same when it has no calls."""
        code = self.code
        before = states.find(code.body, {})
        sites = find(code, self.names, before, self.wrong)
        if not sites:
            return code
        self._read(sites)
        if not self.failed:
            self._splice(sites, before)
        if not self.failed:
            self._leave()
        if self.failed:
            return code
        code.body = self.body
        code.layout = None if code.layout is None else Layout(plain=code.layout.plain)
        settle(code, Scope(nested=bool(code.flags & NESTED)))
        return code

    def _read(self, sites: Sequence[Site]) -> None:
        """Read all texts, and find all labels and variables."""
        seen: dict[str, Position | None] = {}
        for site in sites:
            if site.kind == ASSEMBLY:
                self.texts.parse(site)
            elif site.kind != JUMP:
                if seen.setdefault(site.text, site.position) != site.position:
                    self.wrong(site.position, f"the label {described(site.text)} stands here twice")
                self.texts.add_label(site.text)
        known = set(self.texts.scope.locals)
        self.texts.scan()
        self._note_texts()
        self._take(set(self.texts.scope.locals) - known)

    def _take(self, names: set[str]) -> None:
        """Variables that only texts store are local variables in all of the function, as if Python code stored them."""
        names -= {arg for op, arg, _ in self.code.body if op in ("STORE_GLOBAL", "DELETE_GLOBAL")}
        self.code.body = [
            each._replace(op="LOAD_FAST") if each.op == "LOAD_GLOBAL" and each.arg in names else each
            for each in self.code.body
        ]

    def _note_texts(self) -> None:
        for finding in self.texts.findings():
            self.failed = True
            self.report(finding)

    # -- calls

    def _splice(self, sites: Sequence[Site], before: Sequence[State | None]) -> None:
        """Put in the place of each call what it stands for."""
        edits: dict[int, list[Instruction]] = {}
        floors: dict[int, int] = {}
        shared = self.texts.shared_labels()
        for n, site in enumerate(sites):
            around = before[site.start]
            assert around is not None  # else it is no site
            end = Instruction(DONE if site.statement else VALUE, around.depth, site.position)
            gone = range(site.start, site.inner if site.kind == JUMP else site.call)
            edits.update((i, []) for i in (*gone, *range(site.call, site.end)))
            if site.kind == ASSEMBLY:
                new = self._placed(self.texts.expand(site), around, shared, f"text{n}:")
                floors[site.call] = around.depth
            elif site.kind == JUMP:
                new = [self._jump(site, around, conditional=site.inner < site.call)]
            else:
                new = [self._label(site.text, around)]
            edits[site.call] = [*new, end]
        self._note_texts()
        for i, each in enumerate(self.code.body):
            new = edits.get(i, [each])
            self.body += new
            self.floors += [floors.get(i) if i in edits else None] * len(new)

    def _label(self, name: str, around: State) -> Instruction:
        copies = self.labels.setdefault(name, [])
        copies.append(Copy(f"label:{name}" + (f"#{len(copies) + 1}" if copies else ""), around))
        return Instruction(LABEL, copies[-1].name)

    def _jump(self, site: Site, around: State, *, conditional: bool) -> Instruction:
        labels = self.texts.scope.labels
        if site.text not in labels:
            hint = near(site.text, labels) or "compilers drop what stands behind return, raise and endless loops"
            self.wrong(site.position, f"no label {described(site.text)} in {described(self.code.name)}", hint)
        op = "POP_JUMP_IF_TRUE" if conditional else "JUMP_ABSOLUTE"
        return Instruction(LEAVE, Leave(op, site.text, around), site.position)

    def _placed(self, body: Sequence[Instruction], around: State, shared: set[str], prefix: str) -> list[Instruction]:
        """The instructions of a text, with labels that are its own, and jumps that may leave blocks."""
        rows = load(PORTABLE).opcodes
        new = []
        for op, arg, position in body:
            jumps = op in rows and rows[op].operand in JUMPS
            if op == LABEL:
                new.append(self._label(arg, around) if arg in shared else Instruction(op, prefix + arg))
            elif op in _LEAVING and (not jumps or arg in shared):
                new.append(Instruction(LEAVE, Leave(op, arg if jumps else "", around), position))
            elif jumps:
                new.append(Instruction(op, f"label:{arg}" if arg in shared else prefix + arg, position))
            else:
                new.append(Instruction(op, arg, position))
        return new

    # -- jumps

    def _leave(self) -> None:
        """Let each jump do first what leaving its blocks takes."""
        found = self._with_values(self._states())
        if self.failed:
            return
        jumping = {i for i, each in enumerate(self.body) if each.op == LEAVE}
        leaving = Leaving(self.body, found, jumping)
        new: list[Instruction] = []
        for each, state in zip(self.body, found):
            if each.op == "RETURN_VALUE" and state is not None:  # of the Python code: below it is what texts have left
                drop = [Instruction(op, None, each.position) for op in ("ROT_TWO", "POP_TOP")]
                new += [*drop * (state.depth - 1), each]
            elif each.op != LEAVE:
                new.append(each)
            elif state is not None:
                try:
                    new += self._way(leaving, each, state, found)
                except CannotLeave as error:
                    self.wrong(each.position, error.message, error.hint)
        self.body = new

    def _with_values(self, found: Sequence[State | None]) -> list[State | None]:
        """Let each call that has a value and left none have None, and take out the marks; the states without them."""
        body, kept = [], []
        for each, state in zip(self.body, found):
            op, arg, position = each
            if op == VALUE and state is not None and state.depth <= arg + state.below(arg):
                each = Instruction("LOAD_CONST", None, position)
            elif op in (VALUE, DONE):
                continue
            body.append(each)
            kept.append(state)
        self.body = body
        return kept

    def _states(self) -> list[State | None]:
        """What is there before each instruction; labels that only jumps lead to have what the jump leaves there."""
        known: dict[str, State] = {}
        labels = places(self.body)
        while True:
            found = states.find(self.body, known, self._step)
            new = False
            for i, each in enumerate(self.body):
                state = found[i]
                if each.op != LEAVE or state is None or not each.arg.label:
                    continue
                target = self._target(each.arg)
                if found[labels[target.name]] is None and target.name not in known:
                    known[target.name] = self._arriving(each.arg, state, target)
                    new = True
            if not new:
                states.find(self.body, known, self._checked_step, self._differ)
                return found

    def _target(self, leave: Leave) -> Copy:
        """The copy of a label that a jump goes to: the one with the most blocks in common."""

        def common(copy: Copy) -> int:
            blocks = copy.around.blocks
            return len(blocks) if leave.around.blocks[: len(blocks)] == blocks else -1

        return max(self.labels[leave.label], key=common)

    def _arriving(self, leave: Leave, state: State, target: Copy) -> State:
        """What a jump leaves at its label: as it was there, or all that there is, when nothing has to be left."""
        depth, blocks = target.around[:2]
        if leave.around == target.around:
            depth = state.depth - (leave.op in _OPPOSITE)
        else:
            depth += state.below(depth + 1)
        left = tuple([each for each in state.left if each[0] <= target.around.depth])
        return State(depth, state.blocks[: len(blocks)], left)

    def _step(self, i: int, state: State) -> Step | None:
        op, arg, _ = self.body[i]
        if op == DONE:
            return state.leaving(arg), None
        if op == VALUE:
            depth = max(state.depth, arg + state.below(arg) + 1)
            return state._replace(depth=depth).leaving(arg, 1), None
        if op != LEAVE:
            return None
        return (state._replace(depth=state.depth - 1) if arg.op in _OPPOSITE else None), None

    def _checked_step(self, i: int, state: State) -> Step | None:
        """The same, and what is wrong with it."""
        op, arg, position = self.body[i]
        around = self.floors[i]
        if around is not None and op not in (LABEL, VALUE, DONE):
            op, arg = (arg.op, None) if op == LEAVE else (op, arg)
            floor = around + state.below(around)
            missing = effects(PORTABLE).rows[op].pops(number(arg)) - (state.depth - floor)
            if missing > 0:
                some = "1 value" if missing == 1 else f"{missing} values"
                self.wrong(position, f"{op} takes {some} more than texts have put on the stack here")
        after = self._step(i, state)
        if op == VALUE and after is not None and after[0] is not None:
            more = sum([n for at, n in after[0].left if at == arg]) - sum([n for at, n in state.left if at == arg])
            if more > 0:
                self.wrong(position, f"an expression has one value, and this leaves {more + 1}")
        return after

    def _differ(self, i: int, one: State, other: State) -> None:
        if one[:2] == other[:2]:
            return
        if one.depth == other.depth:
            self.wrong(position_of(self.body, i), "two ways lead here, from other blocks")
        else:
            message = f"two ways lead here, with {one.depth} and with {other.depth} entries on the stack"
            self.wrong(position_of(self.body, i), message, "what a text leaves on the stack stays there")

    def _way(
        self, leaving: Leaving, each: Instruction, state: State, found: Sequence[State | None]
    ) -> list[Instruction]:
        """A jump or return, and what comes before it."""
        (op, _, around), position = each.arg, each.position
        if op == "RETURN_VALUE":
            way = leaving.way(state, State(0, ()), position, keeping=True)
            return [*way, Instruction(op, None, position)]
        target = self._target(each.arg)
        if around == target.around:
            return [Instruction(op, target.name, position)]
        end = found[leaving.places[target.name]]
        assert end is not None  # the jump leads there
        conditional = op in _OPPOSITE
        way = leaving.way(State(state.depth - conditional, state.blocks), end, position)
        gone = [*way, Instruction("JUMP_ABSOLUTE", target.name, position)]
        if not conditional:
            return gone
        if not way:
            return [Instruction(op, target.name, position)]
        past = leaving.labels.new()
        return [Instruction(_OPPOSITE[op], past, position), *gone, Instruction(LABEL, past)]
