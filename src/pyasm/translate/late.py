"""Instructions that a compiler adds late, when it no longer knows in which region they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Position, Row
from pyasm.native.units import LABEL
from pyasm.translate.effects import PSEUDO, effects
from pyasm.translate.flow import reached
from pyasm.translate.notes import BEGIN, EMPTY
from pyasm.translate.regions import is_next
from pyasm.typed import Any

_NOTHING = frozenset({*PSEUDO, LABEL, "NOT_TAKEN"})
_QUIET = "JUMP_BACKWARD_NO_INTERRUPT"


def late_jumps(
    body: Sequence[Row], ops: Sequence[str], jumps: Iterable[int], labels: dict[Any, int], dialect: isa.Dialect
) -> list[tuple[int, int]]:
    """The jumps that the compiler adds late, each with the instruction that comes before it. `jumps` are the indexes of
    all that may be one.

    These are a jump back with a conditional one around it, in place of a conditional jump back; the jump out of a
    CLEANUP_THROW; that behind a branch, out of code that was moved to the end.
    """
    found: list[tuple[int, int]] = []
    late = _late(dialect.name)
    back = [index for index in jumps if ops[index] in late.back]
    if not back:
        return found
    leaving = _Leaving(body, ops, labels, dialect)
    shortcuts = _Shortcuts(body, ops, back)
    for index in back:
        _, label, position = body[index]
        before = previous(ops, index)
        if ops[before] == "CLEANUP_THROW" or (ops[before] in late.turns and leaving(index, before)):
            found.append((index, before))
        elif dialect.uncovered == "throw":
            pass
        elif ops[before] in late.branches and body[before][2] == position and is_next(body, index + 1, body[before][1]):
            alone = (
                dialect.uncovered == "jump"
                or ops[before - 2 : before] == ["FOR_ITER", "TO_BOOL"]  # the loop of any() or all()
                or _repeats(body, labels[label], position)
            )
            pair = [i for i in range(index if alone else before, index + 1) if ops[i] != LABEL]
            found += [(i, previous(ops, before)) for i in pair]
        elif dialect.uncovered != "jump" and ops[before] == "POP_TOP" and shortcuts(index, before):
            found.append((index, before))
    return found


def previous(ops: Sequence[str], index: int) -> int:
    """Index of the instruction that is executed before another."""
    index -= 1
    while index > 0 and ops[index] in _NOTHING:
        index -= 1
    return max(index, 0)


class _Leaving:
    """Finds the jumps that compilers put behind a branch where it went on, until it was moved to the end."""

    def __init__(self, body: Sequence[Row], ops: Sequence[str], labels: dict[Any, int], dialect: isa.Dialect) -> None:
        self.body = body
        self.ops = ops
        self.labels = labels
        self.dialect = dialect
        self.late = _late(dialect.name)
        self.warm: Any = None

    def __call__(self, index: int, before: int) -> bool:
        """Is the jump back at this index one of them? `before` is the index of the instruction before it, which is one
        of `turns`."""
        op = self.ops[before]
        body = self.body
        jump, target, own = body[index]
        _, around, position = body[before]
        if (jump, own) not in ((_QUIET, position), ("JUMP_BACKWARD", Position())):
            return False
        if op in self.late.branches and is_next(body, index + 1, around):
            return False  # the branch goes around it
        if self.warm is None:
            self.warm = reached(body, effects(self.dialect.name), ops=self.ops)
        return not self.warm[index] and bool(self.warm[self.labels[target]])


class _Shortcuts:
    """Finds the jumps back with which a chained comparison in a comprehension leaves where it drops its operand, in
    place of a jump to the jump back."""

    def __init__(self, body: Sequence[Row], ops: Sequence[str], back: Sequence[int]) -> None:
        self.body = body
        self.ops = ops
        self.back = back
        self.last: dict[Any, int] = {}
        """Target and position of a jump back -> index of the last one."""

    def __call__(self, index: int, before: int) -> bool:
        body = self.body
        _, label, position = body[index]
        if position == body[before][2]:
            return False
        if not self.last:
            self.last = {body[i][1:]: i for i in self.back if self.ops[i] == "JUMP_BACKWARD"}
        return self.last.get((label, position), 0) > index


def _repeats(body: Sequence[Row], index: int, position: Any) -> bool:
    """Does a jump back to a label belong to the repeated test of a `while`? Then the first test is in front of it."""
    while index and body[index][0] in _NOTHING:
        index -= 1
    return body[index][0].startswith("POP_JUMP") and body[index][2] == position


def is_fresh(body: Sequence[Row], ops: Sequence[str], index: int, dialect: isa.Dialect) -> bool:
    """Has the block of a NOT_TAKEN no slot left of an instruction that the optimizer removed?

    The NOT_TAKEN takes over what such a slot says.
    """
    late = _late(dialect.name)
    behind = 0  # the instruction that is executed after the one that is looked at, if that is in the block
    while index > 1:
        index -= 1
        op = ops[index]
        if op == "NOT_TAKEN" or (op == LABEL and not body[index][1].startswith((BEGIN, EMPTY))):
            break
        if op in PSEUDO:
            if body[index][2] is None:
                return False
        elif op != LABEL:
            if behind and late.removed(body[behind], body[index]):
                return False
            behind = index
    return not (behind and late.removed(body[behind], body[previous(ops, behind)]))


class _Late:
    """The instructions of a dialect that tell where the compiler has added or removed others."""

    def __init__(self, dialect: isa.Dialect) -> None:
        rows = dialect.opcodes.values()
        self.back = frozenset(row.name for row in rows if row.flow == "jump" and row.operand == "backward")
        self.branches = frozenset(row.name for row in rows if row.name.startswith("POP_JUMP"))
        self.turns = self.branches | self.back | {"END_ASYNC_FOR"}
        """Behind these may be a jump to where a branch went on."""
        self.merged = frozenset(row.name for row in rows if row.operand == "locals" or "_NONE" in row.name)

    def removed(self, each: Row, before: Row) -> bool:
        """Has the optimizer made this instruction, or the one before it, of several?"""
        op, arg, _ = each
        if op in self.merged or op == "PUSH_EXC_INFO":
            return True
        if op == "LOAD_GLOBAL":
            return bool(arg[1] & 1)
        if op == "COMPARE_OP":
            return type(arg) is str and arg.startswith("bool")
        if before[0] == "LOAD_CONST":
            return type(before[1]) in (tuple, frozenset) and op not in ("IMPORT_NAME", "CALL_KW")
        return before[0] in ("IS_OP", "CONTAINS_OP") and (op in self.branches or op == "UNARY_NOT")


@cache
def _late(dialect_name: str) -> _Late:
    return _Late(isa.load(dialect_name))
