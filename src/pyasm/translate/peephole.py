"""The walk of those passes that look at an instruction and its neighbours: a rule for each mnemonic that matters.

The rules of several constructs share one walk, since they do not touch each other's instructions. All of them see the
body as it was; what they make of it is collected beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress, count

from pyasm import isa
from pyasm.code import Code
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, opcode, rewrite
from pyasm.typed import Any


class Peephole:
    """A body, and what rules make of it."""

    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        self.code = code
        self.body = code.body
        self.dialect = dialect
        self.single = code.body[:]
        """Instructions in place of single ones."""
        self.edits: dict[int, Any] = {}
        """Index -> instructions in its place, any number of them. No rule is asked about these."""
        self.passed: set[Any] = set()
        """The labels so far, in lowering: a jump to them goes back."""
        self._named: dict[Any, int] | None = None
        self._labels: dict[str, Labels] = {}

    def run(self, rules: Rules) -> None:
        """Change the code's body."""
        body, edits = self.body, self.edits
        for index in compress(count(), map(rules.__contains__, map(opcode, body))):
            if index not in edits:
                op, arg, position = body[index]
                rules[op](self, index, arg, position)
        self.code.body = rewrite(self.single, edits)

    def op(self, index: int) -> str:
        """The mnemonic there; an empty string outside of the body."""
        return self.body[index][0] if 0 <= index < len(self.body) else ""

    def before(self, index: int) -> int:
        """Index of the instruction before, whatever labels that nothing names are in between."""
        index -= 1
        while index >= 0 and self.body[index][0] == LABEL and self._is_idle(index):
            index -= 1
        return index

    def after(self, index: int) -> int:
        """Index of the instruction after, in the same way."""
        index += 1
        while index < len(self.body) and self.body[index][0] == LABEL and self._is_idle(index):
            index += 1
        return index

    def _is_idle(self, index: int) -> bool:
        return not self.references(self.body[index][1])

    def references(self, label: str) -> int:
        """How many instructions name a label, or something else of that name."""
        if self._named is None:
            self._named = {}
            for op, arg, _ in self.body:
                if type(arg) is str and op != LABEL:
                    self._named[arg] = self._named.get(arg, 0) + 1
        return self._named.get(label, 0)

    def new_label(self, stem: str = "L") -> str:
        """A name that no label has."""
        if stem not in self._labels:
            self._labels[stem] = Labels(self.body, stem)
        return self._labels[stem].new()


Rule = Callable[[Peephole, int, Any, Any], None]
"""What is done about the instruction at an index, given its operand and its position."""
Rules = dict[str, Rule]
