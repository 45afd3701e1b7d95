"""Which entries of the stack of portable code are of the six values of a handler, and which of these are to be made."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Code
from pyasm.translate.caught import HandlerWalk
from pyasm.translate.handlers_lift import LOOP, ONE, SETUPS, SIX, UNBIND, is_unbinding
from pyasm.translate.kinds import VALUE, State
from pyasm.typed import Any

SAVED = frozenset({"saved traceback", "saved value", "saved type"})


class Form:
    """What a handler is to look like."""

    def __init__(self, kind: str, label: Any, at: int, lasti: bool) -> None:
        self.kind = kind
        self.saved = ("saved traceback", label), ("saved value", label), ("saved type", label)
        """The entries of what was handled before it …"""
        self.six = (*self.saved, ("traceback", label), ("exception", label), ("type", label))
        """… and with them those of what it handles."""
        self.at = at
        """Index of its first instruction."""
        self.lasti = lasti
        self.made = False
        """Are type and traceback made at its beginning?"""
        self.last = -1
        """Index of the last instruction that is in it."""
        self.depth = 0
        """In how many blocks it is."""


def _forms(walk: HandlerWalk) -> dict[str, Form]:
    """Label of each handler -> its form."""
    body, forms = walk.body, {}
    for index in walk.begins:
        op, label, _ = body[index]
        if label in forms:
            continue
        at = walk.behind_label(label)
        first = walk.ops[at] if at < len(body) else ""
        if op == "SETUP_CLEANUP":
            kind = ONE
        elif first == "END_ASYNC_FOR" and op == "SETUP_FINALLY":
            kind = LOOP
        else:
            unbinds = first == "LOAD_CONST" and op == "SETUP_FINALLY" and is_unbinding(body, at)
            kind = UNBIND if unbinds else SIX
        forms[label] = Form(kind, label, at, op != "SETUP_FINALLY" or kind == UNBIND)
    return forms


class SixWalk(HandlerWalk):
    """Which entries are of a handler's six, in portable code."""

    setups = SETUPS
    alike = SETUPS | {"RERAISE_VALUE"}
    odd = frozenset({"POP_EXCEPT", "END_ASYNC_FOR", "WITH_EXCEPT_START", "RERAISE", "JUMP_IF_NOT_EXC_MATCH"})
    told = alike | odd

    def __init__(self, code: Code, ops: Sequence[str], dialect: isa.Dialect) -> None:
        super().__init__(code.rows, ops, code.qualname, dialect.name, isa.PORTABLE)
        self.forms = _forms(self)

    def six(self, state: State, label: str, kept: tuple[Any, ...]) -> State:
        """The state at the beginning of a handler."""
        return ("handler", label, state[0]), kept + self.forms[label].six

    def _setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (("region", label, blocks), stack), self.six(state, label, stack)

    def _setup_cleanup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        return (("region", label, blocks), stack), (blocks, (*stack, VALUE, VALUE))

    def _setup_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        manager = self.top(index, stack, 1)
        self.takes(index, manager)
        kept = (*stack[:-1], VALUE)
        return (("region", label, blocks), (*kept, VALUE)), self.six(state, label, kept)

    def _setup_async_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        self.top(index, state[1], 1)
        blocks, stack = state
        return (("region", label, blocks), stack), self.six(state, label, stack[:-1])

    def _pop_block(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        if blocks is None or blocks[0] != "region":
            raise self.error(index, "the innermost block is not that of a SETUP")
        return (blocks[2], stack), None

    def _pop_except(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        if blocks is None or blocks[0] != "handler":
            raise self.error(index, "it is in no handler")
        label = blocks[1]
        if self.top(index, stack, 3) != self.forms[label].saved:
            raise self.error(index, "what was handled before is not on top of the stack")
        return (blocks[2], stack[:-3]), None

    def _end_async_for(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        if blocks is None or blocks[0] != "handler":
            raise self.error(index, "it is in no handler")
        label = blocks[1]
        if self.top(index, stack, 7)[1:] != self.forms[label].six:
            raise self.error(index, "the exception of the handler is not on top of the stack")
        return (blocks[2], stack[:-7]), None

    def _with_except_start(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        seven = self.top(index, stack, 7)
        form = self.forms.get(seven[-1][1])
        if form is None or seven[1:] != form.six:
            raise self.error(index, "the six values of the handler are not on top of the stack")
        self.takes(index, seven[:1])
        form.lasti = True
        return (blocks, (*stack, VALUE)), None

    def _reraise(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        self.top(index, state[1], 3)
        return None, None

    def _reraise_value(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        return self.transfer(index, self.body[index], state)

    def _match(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        matched, _type = self.top(index, stack, 2)
        if matched[0] != "type":
            self.takes(index, [matched])
        after = blocks, stack[:-2]
        return after, after

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """A type or traceback that is used as a value must be made."""
        for kind, label in entries:
            if kind in SAVED:
                hint = "only POP_EXCEPT may take what was handled before"
                raise self.error(index, f"it takes the {kind} of a handler", hint)
            if kind == "type" or kind == "traceback":
                self.forms[label].made = True

    def width(self, entry: Any) -> int:
        """How many native entries stand for an entry."""
        kind, label = entry
        if label is None or kind in ("exception", "saved type"):
            return 1
        if kind == "saved traceback":
            return int(self.forms[label].lasti)
        return 0 if kind == "saved value" else int(self.forms[label].made)

    def merge_kinds(self, old: State, new: State) -> State:
        """Made types and tracebacks are values."""
        stack = []
        for a, b in zip(old[1], new[1]):
            if a != b:
                if a[0] in SAVED or b[0] in SAVED:
                    return super().merge_kinds(old, new)
                self.takes(0, (a, b))
                a = VALUE
            stack.append(a)
        return old if tuple(stack) == old[1] else (old[0], tuple(stack))

    specials = MappingProxyType(
        {
            "SETUP_FINALLY": _setup,
            "SETUP_CLEANUP": _setup_cleanup,
            "SETUP_WITH": _setup_with,
            "SETUP_ASYNC_WITH": _setup_async_with,
            "POP_BLOCK": _pop_block,
            "POP_EXCEPT": _pop_except,
            "END_ASYNC_FOR": _end_async_for,
            "WITH_EXCEPT_START": _with_except_start,
            "RERAISE": _reraise,
            "RERAISE_VALUE": _reraise_value,
            "JUMP_IF_NOT_EXC_MATCH": _match,
        }
    )
