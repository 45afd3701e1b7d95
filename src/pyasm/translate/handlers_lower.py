"""Handlers with six values as those of the exception table.

What compilers make costs nothing: entries that are not there any more are dropped, moved and stored as a whole. Where
code uses the type or the traceback as a value, its handler begins with making them.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import cache
from operator import attrgetter

from pyasm import isa
from pyasm.code import Code, Place, Position, Row
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.translate.blocks_lift import CLEANUP
from pyasm.translate.edit import Labels, instruction, put_in
from pyasm.translate.handlers_lift import LOOP, ONE, SETUPS, SIX, UNBIND, is_unbinding
from pyasm.translate.handlers_six import SAVED, Form, SixWalk
from pyasm.translate.kinds import VALUE, State, next_real
from pyasm.translate.moves import MOVING, moved, permutation
from pyasm.typed import Any

NOWHERE = Position()
_PEEKS = frozenset({"LIST_APPEND", "SET_ADD", "MAP_ADD", "LIST_EXTEND", "SET_UPDATE", "DICT_MERGE", "DICT_UPDATE"})


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """The native form of all handlers."""
    walk = SixWalk(code, ops, dialect)
    walk.run()
    edits = _Rewriting(code.rows, walk, dialect).found()
    return put_in(code, ops, edits)


class _Rewriting:
    """The body with one exception."""

    def __init__(self, old: list[Row], walk: SixWalk, dialect: isa.Dialect) -> None:
        self.old = old
        self.walk = walk
        self.forms = walk.forms
        self.dialect = dialect
        self.new_label = Labels(old, taken=walk.labels).new
        self.cleanups = {label: self.new_label() for label, form in self.forms.items() if form.kind == SIX}
        self.edits: dict[int, list[Row]] = {}

    def found(self) -> dict[int, list[Row]]:
        """The edits for the new body."""
        self._extents()
        ops, states = self.walk.ops, self.walk.states
        for index in sorted(states):
            op = ops[index]
            if op == "POP_TOP":
                kind, label = states[index][1][-1]
                if label is not None and kind != "exception":
                    self._drop(index, kind, label)
            elif op in _CHANGED:
                self._instruction(index, self.old[index], states[index])
        self._entries()
        seen = self.walk.seen
        if 0 in seen[: len(self.old)]:
            self._unreached([index for index, each in enumerate(self.old) if not seen[index] and each[0] != LABEL])
        self._cleanups()
        return self.edits

    def _unreached(self, indexes: Sequence[int]) -> None:
        """What nothing reaches in a handler, the end of an `except … as e`, is in the region of its cleanup."""
        rows = self.walk.rows
        last = -1
        for index in indexes:
            op, _, position = self.old[index]
            begins = (
                index == 0 or self.old[index - 1][0] == LABEL or last < index - 1 or not rows[self.old[last][0]].goes_on
            )
            last = index
            around = [label for label in self.cleanups if self.forms[label].at < index < self.forms[label].last]
            if not around:
                continue
            new = self.old[index]
            if op == "RERAISE":
                new = instruction(op, int(is_unbinding(self.old, index - 3)), position)
            cleanup = self.cleanups[max(around, key=lambda label: self.forms[label].at)]
            self.edits[index] = [instruction("SETUP_CLEANUP", cleanup), new] if begins else [new]

    def _extents(self) -> None:
        """Where handlers end, and how deep they are."""
        for index, inner in self.walk.covered:
            depth = 0
            blocks = inner
            while blocks is not None:
                if blocks[0] == "handler":
                    form = self.forms[blocks[1]]
                    if form.last < index:
                        form.last = index
                    depth += 1
                blocks = blocks[2]
            if inner[0] == "handler":
                self.forms[inner[1]].depth = depth

    def _instruction(self, index: int, each: Row, state: State) -> None:
        _, stack = state
        op, arg, _ = each
        method = _METHODS.get(op)
        if method is not None:
            method(self, index, each, state)
        elif op in _PEEKS:
            self._peek(index, each, stack)
        else:
            moves = permutation(op, arg)
            if moves is not None:
                taken, left = moves
                entries = stack[len(stack) - taken :]
                if entries.count(VALUE) < taken:
                    self._moved(index, each, left, entries)

    def _drop(self, index: int, kind: str, label: str) -> None:
        if kind in SAVED:
            hint = "only POP_EXCEPT may take what was handled before"
            raise self.walk.error(index, f"it takes the {kind} of a handler", hint)
        if not self.forms[label].made:
            self.edits[index] = []

    def _moved(self, index: int, each: Row, left: Sequence[int], entries: tuple[Any, ...]) -> None:
        widths = [self.walk.width(entry) for entry in entries]
        self.edits[index] = moved(each, len(entries), left, widths) if any(widths) else []

    def _peek(self, index: int, each: Row, stack: tuple[Any, ...]) -> None:
        """An operand that counts entries counts native ones."""
        op, arg, position = each
        top = len(stack) - (2 if op == "MAP_ADD" else 1)
        count = 1 + sum(self.walk.width(entry) for entry in stack[top - arg + 1 : top])
        if count != arg:
            self.edits[index] = [instruction(op, count, position)]

    def _setup(self, index: int, each: Row, state: State) -> None:
        op, label, position = each
        form = self.forms[label]
        name = op
        if op == "SETUP_CLEANUP":
            following = [e[:2] for e in self.old[form.at : form.at + 2]]
            if following == [("ROT_TWO", None), ("POP_TOP", None)]:
                form.lasti = False
                name = "SETUP_FINALLY"
        elif op == "SETUP_FINALLY" and form.lasti:
            name = "SETUP_CLEANUP"
        if name != op:
            self.edits[index] = [instruction(name, label, position)]

    def _pop_except(self, index: int, each: Row, state: State) -> None:
        form = self.forms[state[0][1]]
        leave = [_POP_BLOCK, each]
        if form.lasti:
            leave.append(instruction("POP_TOP", None, each[2]))
        after = next_real(self.old, index + 1)
        if (
            self.old[index - 1][0] == "ROT_FOUR"
            and after == index + 1 < len(self.old)
            and self.old[after][0] == "RERAISE_VALUE"
        ):  # the end of except*
            before = self.edits.get(index - 1, [self.old[index - 1]])
            self.edits[index - 1] = [leave.pop(0), *before]
        self.edits[index] = leave

    def _reraise(self, index: int, each: Row, state: State) -> None:
        position = each[2]
        stack = state[1]
        widths = [self.walk.width(entry) for entry in stack[-3:]]
        label = stack[-2][1]
        new = []
        if widths[2]:
            new.append(instruction("POP_TOP", None, position))
        if widths[0] and stack[-3][0] != "value":
            new += [instruction("ROT_TWO", None, position), instruction("POP_TOP", None, position)]
        elif widths[0]:
            new.append(instruction("DUP_TOP", None, position))
            new.append(instruction("ROT_THREE", None, position))
            new.append(instruction("STORE_ATTR", "__traceback__", position))
        n = 0
        if label is not None and self.forms[label].lasti:
            n = 2 if stack[-6:-3] == self.forms[label].saved else 0
            n = 1 if self.forms[label].kind == UNBIND else n
        new.append(instruction("RERAISE", n, position))
        self.edits[index] = new

    def _with_except_start(self, index: int, each: Row, state: State) -> None:
        """The native one knows nothing of a made type and traceback: with them the exit is called like any other."""
        entries = state[1][-7:]
        if not self.forms[entries[-1][1]].made:
            return
        widths = [self.walk.width(entry) for entry in entries]
        copied = [sum(widths[place:]) + pushed for pushed, place in enumerate((0, 6, 5, 4))]
        call = [("COPY", count) for count in copied] + [("CALL_FUNCTION", 3)]
        self.edits[index] = [instruction(op, count, each[2]) for op, count in call]

    def _reraise_value(self, index: int, each: Row, state: State) -> None:
        self.edits[index] = [instruction("RERAISE", 0, each[2])]

    def _end_async_for(self, index: int, each: Row, state: State) -> None:
        if self.forms[state[0][1]].kind != LOOP:
            drop = [instruction(op, None, each[2]) for op in ("ROT_TWO", "POP_EXCEPT")]
            self.edits[index] = [drop[0], _POP_BLOCK, drop[1], each]

    def _match(self, index: int, each: Row, state: State) -> None:
        """CHECK_EXC_MATCH wants the exception below the type."""
        _, target, position = each
        stack = state[1][:-2]
        kind, label = matched = state[1][-2]
        width = self.walk.width(matched)
        new: list[tuple[str, Any]] = []
        if kind == "type" and width == 0 and self._is_next(stack, label):
            new.append(("CHECK_EXC_MATCH", None))
        else:
            above = width
            if kind == "type" and ("exception", label) in stack:
                place = len(stack) - 1 - stack[::-1].index(("exception", label))
                above = sum(self.walk.width(entry) for entry in stack[place:]) + width
                new += [("COPY", above + 1), ("ROT_TWO", None)]
                above = width + 1
            new.append(("CHECK_EXC_MATCH", None))
            new += [("ROT_TWO", None), ("POP_TOP", None)] * above
        new.append(("POP_JUMP_IF_FALSE", target))
        self.edits[index] = [instruction(op, arg, position) for op, arg in new]

    def _is_next(self, stack: tuple[Any, ...], label: str) -> bool:
        for entry in reversed(stack):
            if self.walk.width(entry):
                return bool(entry == ("exception", label))
        return False

    def _entries(self) -> None:
        """What handlers begin with."""
        known = _jumps()
        ops = self.walk.ops
        jumps = {label for index, label in self.walk.jumps.items() if ops[index] in known}
        labels = self.walk.labels
        for label, form in self.forms.items():
            if not self.walk.seen[form.at]:
                continue
            if form.kind == ONE and not form.lasti:
                self.edits[form.at] = self.edits[form.at + 1] = []
            if form.kind != SIX:
                continue
            first = self.old[form.at]
            push = instruction("PUSH_EXC_INFO", None, first[2]) if first[0] == "WITH_EXCEPT_START" else _PUSH_EXC_INFO
            begin = [instruction("SETUP_CLEANUP", self.cleanups[label]), push]
            if form.made:
                begin += [instruction(op, arg, first[2]) for op, arg in _MAKE]
            at = labels[label]
            if label in jumps:
                self._split(label, at, begin)
            else:
                self._front(at, begin, jumps)

    def _front(self, at: int, begin: list[Row], jumps: set[Any]) -> None:
        """Put the beginning behind the label of the handler, and in front of labels there that something jumps to."""
        first = at
        while first and self.old[first - 1][0] == LABEL:
            first -= 1
        marks: list[Row] = []
        entries: list[Row] = []
        for index in range(first, at):
            (entries if self.old[index][1] in jumps else marks).extend(self.edits.get(index, [self.old[index]]))
            self.edits[index] = []
        self.edits[at] = [*marks, self.old[at], *begin, *entries]

    def _split(self, label: str, at: int, begin: list[Row]) -> None:
        """Something jumps to the handler's label as well: the handler gets a label of its own."""
        new = self.new_label()
        for index, each in enumerate(self.old):
            if each[0] in SETUPS and each[1] == label:
                self.edits[index] = [
                    instruction(e[0], new, e[2]) if e[1] == label else e for e in self.edits.get(index, [each])
                ]
        first = at
        while first and self.old[first - 1][0] == LABEL:
            first -= 1
        self.edits[first] = [instruction(LABEL, new), *begin, *self.edits.get(first, [self.old[first]])]

    def _cleanups(self) -> None:
        """Each cleanup behind the code of its handler, those of inner ones first."""
        at: dict[int, list[Form]] = {}
        names = {}
        for label, form in self.forms.items():
            if form.kind == SIX and form.last >= 0:
                at.setdefault(self._end(form), []).append(form)
                names[form] = self.cleanups[label]
        for index, forms in at.items():
            behind: list[Row] = []
            for form in sorted(forms, key=_depth, reverse=True):
                position = self._cleanup_position(form, index)
                behind.append(instruction(LABEL, names[form]))
                behind += _CLEANUP if position is NOWHERE else [instruction(*each[:2], position) for each in _CLEANUP]
            self.edits[index] = [*self.edits.get(index, [self.old[index]]), *behind]

    def _cleanup_position(self, form: Form, index: int) -> Place | None:
        """Nowhere; an old compiler goes on from the last statement of a `finally` that is no expression."""
        if self.dialect.cleanup != "raise" or form.lasti or self.old[form.at][0] in ("DUP_TOP", "POP_TOP"):
            return NOWHERE
        op, _, position = self.old[index]
        before = index - 1
        while self.old[before][0] in (LABEL, "JUMP_ABSOLUTE"):
            before -= 1
        goes_on = op == "RERAISE" and self.old[before][0] not in ("POP_TOP", "RERAISE")
        return position if goes_on or op == "RAISE_VARARGS" else NOWHERE

    def _end(self, form: Form) -> int:
        """Index of the instruction behind which there is place for the cleanup."""
        index = form.last
        if self.dialect.cleanup == "raise" and form.lasti:
            index = next((i for i in range(form.at, index) if self.old[i][0] == "RERAISE"), index)
        rows = self.walk.rows
        while index < len(self.old) - 1:
            op = self.old[index][0]
            if op != LABEL and not rows[op].goes_on:
                break
            index += 1
        return index


_POP_BLOCK = instruction("POP_BLOCK")
_PUSH_EXC_INFO = instruction("PUSH_EXC_INFO", None, NOWHERE)
_CLEANUP = [instruction(op, arg, NOWHERE) for op, arg in CLEANUP]
_MAKE = (
    ("DUP_TOP", None),
    ("LOAD_ATTR", "__traceback__"),
    ("ROT_TWO", None),
    ("DUP_TOP", None),
    ("LOAD_ATTR", "__class__"),
)
_depth = attrgetter("depth")
_METHODS = {
    **dict.fromkeys(SETUPS, _Rewriting._setup),
    "POP_EXCEPT": _Rewriting._pop_except,
    "RERAISE": _Rewriting._reraise,
    "RERAISE_VALUE": _Rewriting._reraise_value,
    "END_ASYNC_FOR": _Rewriting._end_async_for,
    "WITH_EXCEPT_START": _Rewriting._with_except_start,
    "JUMP_IF_NOT_EXC_MATCH": _Rewriting._match,
}
_CHANGED = _PEEKS.union(_METHODS, MOVING)
"""Instructions that are other ones in native code, depending on the entries."""


@cache
def _jumps() -> frozenset[str]:
    """The portable instructions that name a label, but for those that name a handler."""
    rows = isa.load(isa.PORTABLE).opcodes.values()
    return frozenset(row.name for row in rows if row.operand in JUMPS) - SETUPS
