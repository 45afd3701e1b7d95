"""exits: with statements, from 3.11 on with the lookup and the region apart, from 3.14 on with an exit of two entries.

    portable      SETUP_WITH L                                  the exit is one entry
    3.11-3.13     BEFORE_WITH; SETUP_WITH L
    3.14, 3.15    COPY 1; LOAD_SPECIAL __exit__; SWAP 2; SWAP 3; LOAD_SPECIAL __enter__; CALL 0; SETUP_WITH L

The native SETUP_WITH is CPython's pseudo instruction: it only begins the region. With `async` the portable form has
BEFORE_ASYNC_WITH for the lookup and SETUP_ASYNC_WITH for the region.

Leaving calls the exit with three times None, which 3.9 pushes as `LOAD_CONST None; DUP_TOP; DUP_TOP`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, put_in, where
from pyasm.translate.kinds import VALUE, SparseWalk, State
from pyasm.translate.moves import MOVING, moved, permutation
from pyasm.typed import Any

_NONE = ("LOAD_CONST", None)
_CALLS = frozenset({"CALL", "CALL_FUNCTION", "CALL_METHOD"})
_WAIT = ("GET_AWAITABLE", "LOAD_CONST", "YIELD_FROM")
_REGIONS = frozenset({"SETUP_WITH", "SETUP_ASYNC_WITH"})
EXIT = ("exit", "")
_LIFTED = _CALLS | {"SETUP_WITH", "LOAD_SPECIAL", "WITH_EXCEPT_START"}
_SINGLE = _REGIONS | {"CALL_FUNCTION"}
_PAIRED = MOVING | _SINGLE | {"BEFORE_ASYNC_WITH"}
"""The instructions that may be other ones: in lifting, and in lowering to exits of one entry and of two."""


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return frozenset({"SETUP_WITH"}) if dialect.blocks == "table" else frozenset()


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To portable with statements."""
    edits = _Lifting(code.rows, "LOAD_SPECIAL" in dialect.opcodes).found(ops)
    return put_in(code, ops, edits)


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    if dialect.blocks != "table":
        return frozenset()
    return _REGIONS if "BEFORE_ASYNC_WITH" in dialect.opcodes else _REGIONS | {"BEFORE_ASYNC_WITH"}


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To native with statements."""
    if "LOAD_SPECIAL" in dialect.opcodes:
        walk = _Exits(code, ops, dialect)
        walk.run()
        edits = _Pairs(code, walk).found()
    else:
        edits = _single(code.rows, ops)
    return put_in(code, ops, edits)


class _Lifting:
    """The body with portable with statements."""

    def __init__(self, old: list[Row], pairs: bool) -> None:
        self.old = old
        self.pairs = pairs
        self.edits: dict[int, list[Row]] = {}

    def found(self, ops: Sequence[str]) -> dict[int, list[Row]]:
        """The edits for the new body. `ops` are the mnemonics of the old one."""
        for index in where(ops, _LIFTED):
            each = self.old[index]
            op = each[0]
            if op == "SETUP_WITH":
                self._enter(index, each)
            elif op in _CALLS and each[1] == 3 and index >= 3:
                self._leave(index)
            elif op == "LOAD_SPECIAL" and each[1] == "__aexit__":
                self._lookup(index, "BEFORE_ASYNC_WITH")
            elif op == "WITH_EXCEPT_START" and self.pairs:
                self._swallowed(index)
        return self.edits

    def _enter(self, index: int, each: Row) -> None:
        before = index - 1
        while before and self.old[before][0] in ("SETUP_FINALLY", "SETUP_CLEANUP"):
            before -= 1
        last = self.old[before]
        if last[0] == "BEFORE_WITH":
            self.edits[before] = [instruction("SETUP_WITH", each[1], last[2])]
            self.edits[index] = []
        elif self.pairs and index >= 6 and self.old[index - 5][:2] == ("LOAD_SPECIAL", "__exit__"):
            self._lookup(index - 5, "SETUP_WITH", each[1])
            self.edits[index] = []
        else:
            self.edits[index] = [instruction("SETUP_ASYNC_WITH", each[1], each[2])]

    def _lookup(self, special: int, op: str, label: Any = None) -> None:
        """From a copy of the manager to the call of enter, as one instruction."""
        for index in range(special - 1, special + 5):
            self.edits[index] = []
        self.edits[special - 1] = [instruction(op, label, self.old[special][2])]

    def _leave(self, call: int) -> None:
        """Three times None, and a call: all at one place."""
        four = self.old[call - 3 : call + 1]
        position = four[3][2]
        if any(each[:2] != _NONE or each[2] != position for each in four[:3]):
            return
        before = self.old[call - 4]
        copy = instruction("DUP_TOP", None, position)
        if self.pairs:
            if before[0] == "LOAD_METHOD" or four[3][0] == "CALL_FUNCTION":
                return
            self.edits[call] = [instruction("CALL_FUNCTION", 3, position)]
            if before[0] == "ROT_THREE":
                self.edits[call - 4] = [instruction("ROT_TWO", None, before[2])]
        elif four[3][0] != "CALL_FUNCTION":
            return
        self.edits[call - 2] = self.edits[call - 1] = [copy]

    def _swallowed(self, index: int) -> None:
        """The exit of two entries is dropped at the end of a handler whose exit was true."""
        while index < len(self.old) and self.old[index][0] != "POP_JUMP_IF_TRUE":
            index += 1
        if index == len(self.old):
            return
        target = self.old[index][1]
        at = next(i for i, each in enumerate(self.old) if each[0] == LABEL and each[1] == target)
        while at < len(self.old) and self.old[at][0] != "POP_EXCEPT":
            at += 1
        if [each[0] for each in self.old[at + 1 : at + 4]] == ["POP_TOP"] * 3:
            self.edits[at + 3] = []


def _single(body: Sequence[Row], ops: Sequence[str]) -> dict[int, list[Row]]:
    """The edits for a dialect whose exits are one entry."""
    edits = {}
    for index in where(ops, _SINGLE):
        op, arg, position = body[index]
        if op == "SETUP_WITH":
            edits[index] = [instruction("BEFORE_WITH", None, position), instruction("SETUP_WITH", arg)]
        elif op == "SETUP_ASYNC_WITH":
            edits[index] = [instruction("SETUP_WITH", arg)]
        elif is_leaving(body, index):
            edits[index - 1] = edits[index - 2] = [instruction(*_NONE, position)]
    return edits


def is_leaving(body: Sequence[Row], call: int) -> bool:
    """Is this the call of an exit with `LOAD_CONST None; DUP_TOP; DUP_TOP`, all at one place?"""
    if body[call][:2] != ("CALL_FUNCTION", 3) or call < 3 or body[call - 3][:2] != _NONE:
        return False
    if body[call - 1][0] != "DUP_TOP" or body[call - 2][0] != "DUP_TOP":
        return False
    position = body[call - 3][2]
    return all(each[2] is None or each[2] == position for each in body[call - 2 : call + 1])


class _Exits(SparseWalk):
    """Which entries are exits, in a body with native handlers."""

    def __init__(self, code: Code, ops: Sequence[str], dialect: isa.Dialect) -> None:
        super().__init__(code.rows, ops, code.qualname, dialect.name, isa.PORTABLE)

    def setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        return state, (None, (*state[1], VALUE))

    def setup_cleanup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        return state, (None, (*state[1], VALUE, VALUE))

    def setup_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        _, stack = state
        self.takes(index, self.top(index, stack, 1))
        kept = (*stack[:-1], EXIT)
        return (None, (*kept, VALUE)), (None, (*kept, VALUE, VALUE))

    def setup_async_with(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        return state, (None, (*state[1][:-1], VALUE, VALUE))

    def before(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        _, stack = state
        self.takes(index, self.top(index, stack, 1))
        return (None, (*stack[:-1], EXIT, VALUE)), None

    def with_except_start(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        _, stack = state
        if self.top(index, stack, 4)[0] != EXIT:
            raise self.error(index, "the fourth entry is no exit", "SETUP_WITH and BEFORE_ASYNC_WITH push one")
        return (None, (*stack, VALUE)), None

    def pop_except(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        return (None, state[1][:-1]), None

    def reraise(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        return None, None

    def end_async_for(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        return (None, state[1][:-2]), None

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """An exit may be called, copied, moved and dropped."""
        if self.body[index][0] == "CALL_FUNCTION":
            entries = entries[1:]
        if EXIT in entries:
            raise self.error(index, "it takes the exit of a with statement as a value", "an exit may only be called")

    specials = MappingProxyType(
        {
            "SETUP_FINALLY": setup,
            "SETUP_CLEANUP": setup_cleanup,
            "SETUP_WITH": setup_with,
            "SETUP_ASYNC_WITH": setup_async_with,
            "BEFORE_ASYNC_WITH": before,
            "WITH_EXCEPT_START": with_except_start,
            "POP_EXCEPT": pop_except,
            "RERAISE": reraise,
            "END_ASYNC_FOR": end_async_for,
        }
    )


class _Pairs:
    """The body with exits of two entries."""

    def __init__(self, code: Code, walk: _Exits) -> None:
        self.old = code.rows
        self.walk = walk
        self.edits: dict[int, list[Row]] = {}

    def found(self) -> dict[int, list[Row]]:
        """The edits for the new body."""
        for index in where(self.walk.ops, _PAIRED):
            op, arg, position = each = self.old[index]
            if op == "SETUP_WITH":
                self.edits[index] = [*_lookup("__exit__", "__enter__", position), instruction("SETUP_WITH", arg)]
            elif op == "SETUP_ASYNC_WITH":
                self.edits[index] = [instruction("SETUP_WITH", arg)]
            elif op == "BEFORE_ASYNC_WITH":
                self.edits[index] = _lookup("__aexit__", "__aenter__", position)
            elif op == "CALL_FUNCTION":
                self._call(index, each)
            else:
                moves = permutation(op, arg)
                if moves is not None:
                    self._moved(index, each, *moves)
        return self.edits

    def _call(self, index: int, each: Row) -> None:
        state = self.walk.states.get(index)
        _, count, position = each
        if state is None or state[1][-1 - count] != EXIT:
            return
        self.edits[index] = [instruction("CALL", count, position)]
        if is_leaving(self.old, index):
            self.edits[index - 1] = self.edits[index - 2] = [instruction(*_NONE, position)]

    def _moved(self, index: int, each: Row, taken: int, left: Sequence[int]) -> None:
        state = self.walk.states.get(index)
        if state is not None:
            _, stack = state
            entries = stack[len(stack) - taken :]
            if EXIT in entries:
                widths = [2 if entry == EXIT else 1 for entry in entries]
                self.edits[index] = moved(each, taken, left, widths)


def _lookup(leave: str, enter: str, position: Any) -> list[Row]:
    """From the manager to the pair for leaving, and what enter gives."""
    words = (
        ("COPY", 1),
        ("LOAD_SPECIAL", leave),
        ("SWAP", 2),
        ("SWAP", 3),
        ("LOAD_SPECIAL", enter),
        ("CALL", 0),
    )
    return [instruction(op, arg, position) for op, arg in words]
