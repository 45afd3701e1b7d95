"""What an exception table says, by its handlers.

The handler of a region names the region: the entries of a table that go to one handler are the same region in pieces,
and the region around it is the one in which its handler is entered. So where execution goes on, the innermost handler
tells all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.errors import Finding, TargetError
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.edit import where
from pyasm.translate.effects import PSEUDO
from pyasm.typed import Any

SETUPS = frozenset(PSEUDO) - {"POP_BLOCK"}


class Regions:
    """What the table of a code says: the innermost handler of each instruction; their kinds, and those around."""

    def __init__(self, code: Code, ops: Sequence[str], dialect: isa.Dialect) -> None:
        """`ops` are the mnemonics of the body."""
        self.body = code.rows
        self.ops = ops
        self.facts = facts(dialect.name)
        """What there is in this dialect."""
        self.labels: dict[Any, int] = {}
        self.naming: list[int] = []
        """Indexes of what names a label."""
        self.ends: list[int] = []
        """Indexes of what does not go on."""
        self.others: dict[str, list[int]] = {"NOP": [], "NOT_TAKEN": [], "PUSH_EXC_INFO": []}
        """Those of a few more, by mnemonic."""
        self._look()
        self.first: dict[Any, int] = {}
        """Label -> index of the first instruction there that is no label."""
        self.front: dict[int, int] = {}
        """Index of such an instruction -> that of the first of its labels."""
        self._find_firsts()
        labels = self.labels
        self.innermost: list[Any] = [None] * (len(self.body) + 1)
        self.bounds: list[int] = []
        """The indexes where that may be another one than in front."""
        self.setups: dict[str, str] = {}
        """Handler -> the instruction that begins its region."""
        bounds = self.bounds
        for start, end, target, _, lasti in code.handlers:
            first, last = labels[start], labels[end]
            self.innermost[first:last] = [target] * (last - first)
            bounds += first, last
            if target not in self.setups:
                self.setups[target] = self._setup(target, lasti)
        self.around: dict[Any, Any] = {target: self._around(target) for target in self.setups}
        """Handler -> that of the region in which it is entered."""
        self.level: dict[Any, int] = {None: 0}
        """Handler -> how many regions it and those around it are."""
        self.outermost: dict[Any, Any] = {None: None}
        """Handler -> the one around it and all others."""
        for target, around in self.around.items():
            if around is None:
                self.level[target], self.outermost[target] = 1, target
        if len(self.level) <= len(self.around):
            for target in self.around:
                self._rank(target)

    def _look(self) -> None:
        """Tell apart what has to do with regions."""
        body, ops, labels, others = self.body, self.ops, self.labels, self.others
        naming, ends = self.facts.naming, self.facts.ends
        for index in where(ops, self.facts.telling):
            op = ops[index]
            if op == LABEL:
                labels[body[index][1]] = index
            elif op in others:
                others[op].append(index)
            else:
                if op in naming:
                    self.naming.append(index)
                if op in ends:
                    self.ends.append(index)

    def _find_firsts(self) -> None:
        first, front = self.first, self.front
        behind = at = -1
        for name, index in reversed(self.labels.items()):
            if index + 1 != behind:
                at = index + 1
            first[name] = at
            front[at] = behind = index

    def _setup(self, target: str, lasti: bool) -> str:
        if not lasti:
            return "SETUP_FINALLY"
        first = self.first[target]
        return (
            "SETUP_WITH" if self.ops[first : first + 2] == ["PUSH_EXC_INFO", "WITH_EXCEPT_START"] else "SETUP_CLEANUP"
        )

    def _around(self, target: str) -> Any:
        """A handler that begins with PUSH_EXC_INFO sets up its cleanup there."""
        first = self.first[target]
        around = self.innermost[first]
        if around is None or self.ops[first] != "PUSH_EXC_INFO":
            return around
        cleanup = self.innermost[self.first[around]]
        return cleanup if cleanup != around else None

    def _rank(self, target: str) -> None:
        """TargetError when a region is around itself."""
        inner: dict[str, None] = {}
        handler: Any = target
        while handler not in self.level:
            if handler in inner:
                raise TargetError(Finding("the regions of the exception table do not nest", f"handler {target}"))
            inner[handler] = None
            handler = self.around[handler]
        level, outermost = self.level[handler], self.outermost[handler]
        for each in reversed(inner):
            level += 1
            outermost = outermost or each
            self.level[each], self.outermost[each] = level, outermost

    def put(self, index: int, handler: Any) -> None:
        """Put an instruction into the region of a handler, or into none."""
        self.innermost[index] = handler
        self.bounds += index, index + 1

    def between(self, before: Any, after: Any) -> tuple[list[Any], list[Any], Any]:
        """From one handler to another: the regions that are left, those that are entered, both outwards; the one around
        them."""
        level, around = self.level, self.around
        left, entered = [], []
        while before != after:
            deeper = level[before] - level[after]
            if deeper >= 0:
                left.append(before)
                before = around[before]
            if deeper <= 0:
                entered.append(after)
                after = around[after]
        return left, entered, after


class Facts:
    """Sets of instructions of a dialect: jumps; those with a condition, too; what does not go on; what names a label;
    what goes to one."""

    def __init__(self, dialect: isa.Dialect) -> None:
        rows = dialect.opcodes.values()
        naming = [row for row in rows if row.operand in JUMPS]
        self.jumps = frozenset(row.name for row in rows if row.flow == "jump")
        self.leaping = frozenset(r.name for r in rows if r.flow in ("jump", "branch") and "JUMP" in r.name)
        self.ends = frozenset(row.name for row in rows if row.flow in ("jump", "return", "raise"))
        self.naming = SETUPS.union(row.name for row in naming)
        self.branching = frozenset(row.name for row in naming if row.flow != "next")
        others = {LABEL, "POP_BLOCK", "NOP", "NOT_TAKEN", "PUSH_EXC_INFO"}
        self.telling = self.leaping | self.ends | self.naming | others
        """All that is looked for where there are regions …"""
        self.bounding = self.telling - {"NOP", "PUSH_EXC_INFO"}
        """… and where there are to be regions."""


@cache
def facts(dialect_name: str) -> Facts:
    """What the blocks of a dialect are made of."""
    return Facts(isa.load(dialect_name))


def is_next(body: Sequence[Row], index: int, label: str) -> bool:
    """Does nothing that is executed stand between here and the label?"""
    while index < len(body):
        op, arg, position = body[index]
        if op == LABEL:
            if arg == label:
                return True
        elif op not in PSEUDO or position is not None:
            return False
        index += 1
    return False
