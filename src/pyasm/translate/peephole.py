"""The walk of those passes that look at an instruction and its neighbours: a rule for each mnemonic that matters.

The rules of several constructs share one walk, since they do not touch each other's instructions. All of them see the
body as it was; what they make of it is collected beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, change, places, where
from pyasm.translate.effects import effects
from pyasm.typed import Any, NamedTuple

_EDGE = ("",) * 4


class Peephole:
    """A body, and what rules make of it."""

    __slots__ = ("_labels", "_named", "body", "code", "dialect", "edits", "new", "ops", "passed", "words")

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect) -> None:
        """`ops` are the mnemonics of the body, which change with it."""
        self.code = code
        self.body = code.rows
        self.words = ops
        self.ops = [*ops, *_EDGE]
        """The mnemonics as they were; empty ones are on both sides of the body, where rules may look."""
        self.dialect = dialect
        self.new = code.rows[:]
        """Instructions in place of single ones: see `put`."""
        self.edits: dict[int, Any] = {}
        """Index -> instructions in its place, any number of them. No function is asked about these."""
        self.passed: set[Any] = set()
        """The labels so far, where PASS is their rule: a jump to them goes back."""
        self._named: Counter[Any] | None = None
        self._labels: dict[str, Labels] = {}

    def run(self, indexes: Iterable[int], rules: Rules) -> None:
        """Change the code's body. At these indexes are the instructions that have rules."""
        body, ops, new, words = self.body, self.ops, self.new, self.words
        edits, passed = self.edits, self.passed
        for index in indexes:
            rule = rules[ops[index]]
            _, arg, position = body[index]
            kind = type(rule)
            if kind is ByType:
                rule = rule.get(type(arg))
                if rule is None:
                    continue
                kind = type(rule)
            if kind is dict:
                made = rule.get(arg)
                if made is not None:
                    words[index] = word = made[0]
                    new[index] = (word, made[1], position)
            elif kind is Flagged:
                if type(arg) is not tuple:
                    words[index] = word = rule[0]
                    new[index] = (word, (arg, rule[1]), position)
            elif kind is Unflagged:
                name, flags = arg
                if flags in rule:
                    words[index] = word = rule[flags]
                    new[index] = (word, name, position)
            elif rule is PASS:
                passed.add(arg)
            elif index not in edits:
                rule(self, index, arg, position)
        self.code.rows = new
        change(self.code, words, edits)

    def put(self, index: int, new: Row) -> None:
        """Another instruction in place of one."""
        self.new[index] = new
        self.words[index] = new[0]

    def before(self, index: int) -> int:
        """Index of the instruction before, whatever labels that nothing names are in between."""
        index -= 1
        while self.ops[index] == LABEL and self._is_idle(index):
            index -= 1
        return index

    def after(self, index: int) -> int:
        """Index of the instruction after, in the same way."""
        index += 1
        while self.ops[index] == LABEL and self._is_idle(index):
            index += 1
        return index

    def _is_idle(self, index: int) -> bool:
        return self.body[index][1] not in self._names()

    def references(self, label: str) -> int:
        """How many instructions name a label."""
        return self._names()[label]

    def _names(self) -> Counter[Any]:
        if self._named is None:
            labelled = effects(self.dialect.name).labelled
            self._named = Counter([self.body[index][1] for index in where(self.ops, labelled)])
        return self._named

    def new_label(self, stem: str = "L") -> str:
        """A name that no label has."""
        if stem not in self._labels:
            self._labels[stem] = Labels(self.body, stem, places(self.body, self.ops[: len(self.body)]))
        return self._labels[stem].new()


class Unflagged(dict[int, str]):
    """A rule for a name with flags: flags -> the mnemonic with the name alone."""


class Flagged(NamedTuple):
    """A rule for a name that gets flags."""

    op: str
    flags: int


PASS = "pass"
"""A rule for labels: they are noted."""


class ByType(dict[type, Any]):
    """The type of an operand -> another rule. Operands of other types have none."""


Words = dict[Any, tuple[str, Any]]
"""A rule by the operand -> mnemonic and operand in its place."""
Rules = dict[str, Any]
"""Mnemonic -> its rule: one of the above, or a function of the walk, the index, the operand and the position."""
