"""Handlers of the exception table as handlers with six values."""

from __future__ import annotations

from collections.abc import Sequence, Set
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.translate.blocks_lift import CLEANUP
from pyasm.translate.caught import HandlerWalk
from pyasm.translate.edit import NOTHING, change, instruction
from pyasm.translate.kinds import VALUE, State, next_real
from pyasm.translate.moves import MOVING, permutation
from pyasm.typed import Any

SETUPS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH", "SETUP_ASYNC_WITH"})
SIX, UNBIND, LOOP, ONE = "six", "unbind", "loop", "one"
"""How a handler is said: with six values; `LOAD_CONST None; STORE e; DELETE e; RERAISE` of `except … as e`; the end of
an async for; with one."""


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """The portable form of all handlers."""
    walk = _Lifting(code, ops, dialect)
    walk.run()
    change(code, ops, _Rewriting(code.rows, walk).found())
    return NOTHING


class Form:
    """What a handler looks like."""

    def __init__(self, kind: str, label: str, at: int, lasti: bool) -> None:
        self.kind = kind
        self.label = label
        self.at = at
        """Index of its first instruction."""
        self.lasti = lasti
        self.cleanup = ""
        """Label of its cleanup, when it is SIX."""
        self.whole = False
        """Is the exception used as a value (except*)?"""


_NO_FORM = Form(ONE, "", 0, True)
"""In place of that of a cleanup."""


def _forms(walk: HandlerWalk) -> dict[str, Form]:
    """Label of each handler -> its form; without the cleanups."""
    forms: dict[str, Form] = {}
    for index in walk.begins:
        op, arg, _ = walk.body[index]
        if arg not in forms:
            form = forms[arg] = _form(walk, op, arg)
            if form.cleanup:
                forms.setdefault(form.cleanup, _NO_FORM)
    for form in list(forms.values()):
        if form.cleanup:
            del forms[form.cleanup]
    return forms


def _form(walk: HandlerWalk, op: str, label: str) -> Form:
    body, ops, size = walk.body, walk.ops, len(walk.ops)
    at = walk.behind_label(label)
    lasti = op != "SETUP_FINALLY"
    form = Form(ONE, label, at, lasti)
    first = ops[at] if at < size else ""
    if first == "SETUP_CLEANUP":
        if at + 1 < size and ops[at + 1] == "PUSH_EXC_INFO":
            cleanup = body[at][1]
            if is_cleanup(body, ops, walk.behind_label(cleanup)):
                form.kind, form.cleanup = SIX, cleanup
                form.whole = ops[at + 2 : at + 4] in _WHOLE
    elif first == "END_ASYNC_FOR":
        form.kind = LOOP
    elif first == "LOAD_CONST" and lasti and is_unbinding(body, at) and body[at + 3][1] == 1:
        form.kind = UNBIND
    return form


def is_cleanup(body: Sequence[Row], ops: Sequence[str], at: int) -> bool:
    """Is this the cleanup of a handler?"""
    return ops[at : at + 3] == _CLEANUP and [each[:2] for each in body[at : at + 3]] == CLEANUP


_CLEANUP = [op for op, _ in CLEANUP]
_WHOLE = (["BUILD_LIST", "COPY"], ["DUP_TOP", "BUILD_LIST"])
"""What follows where the exception is used as a value."""


def is_unbinding(body: Sequence[Row], at: int) -> bool:
    """`e = None; del e` and raise again, all at one place of the source: the end of `except … as e`."""
    four = body[at : at + 4]
    if len(four) < 4 or four[0][0] != "LOAD_CONST" or four[0][1] is not None or four[3][0] != "RERAISE":
        return False
    stored, deleted = four[1], four[2]
    if stored[0][:6] != "STORE_" or deleted[0] != "DELETE_" + stored[0][6:] or stored[1] != deleted[1]:
        return False
    return all(each[2] is None or each[2] == four[0][2] for each in four[1:])


class _Lifting(HandlerWalk):
    """Which entries are exceptions, states of handling, and places, in a body with native handlers."""

    setups = SETUPS
    alike = SETUPS | {"RERAISE"}
    odd = frozenset({"PUSH_EXC_INFO"})
    told = alike | odd

    def __init__(self, code: Code, ops: Sequence[str], dialect: isa.Dialect) -> None:
        super().__init__(code.rows, ops, code.qualname, dialect.name, isa.PORTABLE)
        self.forms = _forms(self)
        self.unentered = self.cleanups = frozenset([form.cleanup for form in self.forms.values() if form.cleanup])

    def entered(self, state: State, label: str, kept: tuple[Any, ...]) -> State:
        """The state in which a handler is entered."""
        blocks = state[0]
        form = self.forms.get(label)
        if form is None:  # a cleanup
            return blocks, (*kept, VALUE, VALUE)
        exception = ("exception", label) if form.kind != ONE else VALUE
        place = ("lasti", label) if form.kind == SIX else VALUE
        return blocks, kept + ((place, exception) if form.lasti else (exception,))

    def setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        handler = None if label in self.unentered else self.entered(state, label, stack)
        return ((label, blocks), stack), handler

    def setup_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        kept = (*stack[:-1], VALUE)
        return ((label, blocks), (*kept, VALUE)), self.entered(state, label, kept)

    def setup_async_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return ((label, blocks), stack), self.entered(state, label, stack[:-1])

    def pop_block(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (blocks and blocks[1], stack), None

    def push_exc_info(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        exception = stack[-1]
        form = self.forms.get(exception[1])
        if form is not None and form.whole:
            exception = VALUE
        return (blocks, stack[:-1] + (("before", exception[1]), exception)), None

    def with_except_start(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (blocks, (*stack, VALUE)), None

    def pop_except(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (blocks, stack[:-1]), None

    def reraise(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        return None, None

    def end_async_for(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (blocks, stack[:-2]), None

    def merge_kinds(self, old: State, new: State) -> State:
        """Of two kinds, a value."""
        stack = tuple(a if a == b else VALUE for a, b in zip(old[1], new[1]))
        return old if stack == old[1] else (old[0], stack)

    specials = MappingProxyType(
        {
            "SETUP_FINALLY": setup,
            "SETUP_CLEANUP": setup,
            "SETUP_WITH": setup_with,
            "SETUP_ASYNC_WITH": setup_async_with,
            "POP_BLOCK": pop_block,
            "PUSH_EXC_INFO": push_exc_info,
            "WITH_EXCEPT_START": with_except_start,
            "POP_EXCEPT": pop_except,
            "RERAISE": reraise,
            "END_ASYNC_FOR": end_async_for,
        }
    )


class _Rewriting:
    """The body with six values."""

    def __init__(self, old: list[Row], walk: _Lifting) -> None:
        self.old = old
        self.walk = walk
        self.forms = walk.forms
        self.cleanups = walk.cleanups
        self.edits: dict[int, list[Row]] = {}
        self.tests: dict[str, int] = {}
        """Handler -> index of the instruction where its next test begins."""
        self.failed: dict[int, str] = {}
        """Index of the label to which a failed test goes -> handler: of those that are still ahead."""

    def found(self) -> dict[int, list[Row]]:
        """The edits for the new body."""
        self._entries()
        old, ops, edits, states, seen = self.old, self.walk.ops, self.edits, self.walk.states, self.walk.seen
        lost = [index for index in self.walk.begins if not seen[index]]
        for index in sorted([*states, *lost]):
            op = ops[index]
            if (op in _CHANGED or op.startswith("STORE_")) and index not in edits:
                if index in states:
                    self._instruction(index, old[index], states[index])
                else:
                    self._unreached(index)
        return edits

    def _entries(self) -> None:
        """What handlers begin with, and their cleanups."""
        labels = self.walk.labels
        for form in self.forms.values():
            at = form.at
            if form.kind == SIX:
                label = labels[form.cleanup]
                cleanup = next_real(self.old, label)
                for index in (at, at + 1, label, cleanup, cleanup + 1, cleanup + 2):
                    self.edits[index] = []
                if form.whole:
                    position = self.old[at + 1][2]
                    self.edits[at + 1] = [instruction(op, None, position) for op in ("POP_TOP", "ROT_TWO", "POP_TOP")]
                self.tests[form.label] = at + 2
            elif form.kind == ONE and not form.lasti:
                two = [instruction(op, None, None) for op in ("ROT_TWO", "POP_TOP")]
                self.edits[at] = [*two, self.old[at]]

    def _unreached(self, index: int) -> None:
        """What compilers leave of handlers that nothing reaches: the end of `except … as e` stays, a whole one goes."""
        end = index + 1
        while end < len(self.old) and self.old[end][0] in SETUPS:
            end += 1
        if self.old[end - 1][1] in self.cleanups:
            self.edits.update((i, []) for i in range(index, end))
            if is_unbinding(self.old, end):
                self.edits[end + 3] = [instruction("RERAISE", None, self.old[end + 3][2])]
        elif end < len(self.old) and self.old[end][0] == "PUSH_EXC_INFO":
            while index < len(self.old) and not self.walk.seen[index]:
                self.edits[index] = []
                index += 1

    def _instruction(self, index: int, each: Row, state: State) -> None:
        op, arg, position = each
        blocks, stack = state
        top = stack[-1][0] if stack else ""
        if op == "POP_BLOCK":
            if blocks and blocks[0] in self.cleanups:
                self.edits[index] = []
        elif op == "RERAISE":
            self.edits[index] = [instruction("RERAISE" if top == "exception" else "RERAISE_VALUE", None, position)]
        elif op in SETUPS:
            self._setup(index, each)
        elif op == "POP_TOP":
            if top == "exception":
                self.edits[index] = [each] * 3
            elif top == "lasti":
                self.edits[index] = []
        elif op == "CHECK_EXC_MATCH":
            self._test(index, stack)
        elif op[:6] == "STORE_":
            if top == "exception":
                drop = instruction("POP_TOP", None, position)
                self.edits[index] = [drop, each, drop]
        elif permutation(op, arg) == (2, [1, 0]) and len(stack) > 1 and stack[-2][0] in ("exception", "before"):
            self.edits[index] = [instruction("ROT_FOUR", None, position)]

    def _setup(self, index: int, each: Row) -> None:
        op, label, position = each
        form = self.forms.get(label)
        if label in self.cleanups:
            raise self.walk.error(index, "two handlers share this code", "each handler must have its own")
        if form is None or op not in ("SETUP_FINALLY", "SETUP_CLEANUP"):
            return
        name = "SETUP_FINALLY" if form.kind != ONE else "SETUP_CLEANUP"
        if name != op:
            self.edits[index] = [instruction(name, label, position)]

    def _test(self, index: int, stack: tuple[Any, ...]) -> None:
        """`type CHECK_EXC_MATCH; POP_JUMP_IF_FALSE L` as `DUP_TOP type JUMP_IF_NOT_EXC_MATCH L`."""
        kind, label = stack[-2]
        jump = next_real(self.old, index + 1)
        if kind != "exception" or self.old[jump][0] != "POP_JUMP_IF_FALSE":
            return
        self._pass(index)
        begin, position = self.tests[label], self.old[index][2]
        self.edits[begin] = [instruction("DUP_TOP", None, position), *self.edits.get(begin, [self.old[begin]])]
        self.edits[index] = []
        target = self.old[jump][1]
        self.edits[jump] = [instruction("JUMP_IF_NOT_EXC_MATCH", target, self.old[jump][2])]
        place = self.walk.labels[target]
        if place > index:
            self.failed[place] = label

    def _pass(self, index: int) -> None:
        """Where a test failed in front of here, the next one begins."""
        for place in sorted(self.failed):
            if place < index:
                self.tests[self.failed.pop(place)] = next_real(self.old, place)


_CHANGED = SETUPS.union(MOVING, {"POP_BLOCK", "RERAISE", "CHECK_EXC_MATCH"})
"""Instructions that may be other ones in portable code, as are those that store."""
