"""shadows: what a comprehension in the frame of its function shadows, for versions where comprehensions have their own.

    LOAD_FAST_AND_CLEAR x … STORE_FAST x    save x, and put it back: what is in between has an x of its own

Lowering gives that x another name, if the code uses x elsewhere, and drops what is saved, with the handler that would
put it back. Where the x of the comprehension is a cell (MAKE_CELL), a variable holds one. Nothing is lifted.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from types import MappingProxyType

from pyasm import isa
from pyasm.code import Code, Free, Place, Row
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, places, put_in
from pyasm.translate.kinds import State, Walk, next_real
from pyasm.translate.moves import MOVING, moved, permutation
from pyasm.typed import Any

_SAVE, _CELL = "LOAD_FAST_AND_CLEAR", "MAKE_CELL"
_SETUPS = ("SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH", "SETUP_ASYNC_WITH")
_OPTIMIZED = 0x1
_PEEKS = frozenset({"LIST_APPEND", "SET_ADD", "MAP_ADD", "LIST_EXTEND", "SET_UPDATE", "DICT_MERGE", "DICT_UPDATE"})


def lifts(dialect: isa.Dialect) -> Set[str]:
    """Nothing."""
    return frozenset()


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return frozenset() if _SAVE in dialect.opcodes else frozenset({_SAVE})


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Nothing: the portable words are the native ones."""


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """To variables of their own, where the dialect has no word for the saving."""
    walk = _Saving(code, ops)
    walk.run()
    rewriting = _Renaming(code, walk)
    rewriting.all()
    return put_in(code, ops, rewriting.edits)


class _Saving(Walk):
    """Which entries are saved variables: ("saved", (name, number of them that are of this name))."""

    def __init__(self, code: Code, ops: Sequence[str]) -> None:
        super().__init__(code.rows, ops, code.qualname, isa.PORTABLE)

    def save(self, index: int, name: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        level = 1 + sum(kind == "saved" and which[0] == name for kind, which in stack)
        return (blocks, (*stack, ("saved", (name, level)))), None

    def store(self, index: int, name: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        [top] = self.top(index, stack, 1)
        if top[0] == "saved" and top[1][0] != name:
            self.takes(index, [top])
        return (blocks, stack[:-1]), None

    def setup(self, index: int, label: str, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        following, handler = self.transfer(index, self.body[index], (None, stack))
        if following is None or handler is None:
            return None, None
        return ((label, blocks), following[1]), (blocks, handler[1])

    def pop_block(self, index: int, _: Any, state: State) -> tuple[State | None, State | None]:
        blocks, stack = state
        if blocks is None:
            raise self.error(index, "outside of a block")
        return (blocks[1], stack), None

    def takes(self, index: int, entries: Sequence[Any]) -> None:
        """Only STORE_FAST may take what was saved."""
        for kind, which in entries:
            if kind == "saved":
                hint = f"STORE_FAST {which[0]} puts it back"
                raise self.error(index, f"it takes what {_SAVE} {which[0]} has saved", hint)

    specials = MappingProxyType(
        {
            _SAVE: save,
            "STORE_FAST": store,
            "POP_BLOCK": pop_block,
            **dict.fromkeys(_SETUPS, setup),
        }
    )


class _Renaming:
    """The edits that give shadowing variables names of their own."""

    def __init__(self, code: Code, walk: _Saving) -> None:
        self.code = code
        self.body = code.rows
        self.walk = walk
        self.edits: dict[int, list[Row]] = {}
        self.outside = self._used_outside()
        self.dropped = self._dropped()

    def _used_outside(self) -> set[str]:
        """The names that the code uses where they are not shadowed, or that come from elsewhere."""
        code, rows = self.code, self.walk.rows
        if not code.flags & _OPTIMIZED:  # other variables are in a mapping, and these may get there, too
            return {arg for op, arg, _ in self.body if op == _SAVE}
        names = {*code.parameters, *code.cells, *code.frees}
        for index, (op, arg, _) in enumerate(self.body):
            if type(arg) is str and op in rows and op not in (LABEL, _SAVE) and self._shadow(index, arg) is None:
                names.add(arg)
        return names

    def _dropped(self) -> set[str]:
        """The handlers that only put variables back, where what is raised leaves the frame."""
        labels = places(self.body)
        found = set()
        ends: dict[str, int] = {}
        jumps = {arg for op, arg, _ in self.body if op != LABEL and op != "SETUP_CLEANUP" and type(arg) is str}
        for label in {arg for op, arg, _ in self.body if op == "SETUP_CLEANUP"} - jumps:
            index = first = next_real(self.body, labels[label])
            while self.body[index][0] in MOVING or self._restores(index):
                index += 1
            if self.body[index][0] == "RERAISE_VALUE" and any(map(self._restores, range(first, index))):
                found.add(label)
                ends[label] = index + 1
        for index, (op, label, _) in enumerate(self.body):
            state = self.walk.states.get(index)
            around = state[0] if op == "SETUP_CLEANUP" and state else None
            while around is not None:
                if around[0] not in found:
                    ends.pop(label, None)
                around = around[1]
        for label, end in ends.items():
            self.edits.update((each, []) for each in range(labels[label], end))
        return set(ends)

    def all(self) -> None:
        """Every instruction."""
        for index, each in enumerate(self.body):
            state = self.walk.states.get(index)
            op, arg, position = each
            if op == LABEL or state is None or index in self.edits:
                continue
            blocks, stack = state
            region = arg if op == "SETUP_CLEANUP" else blocks[0] if op == "POP_BLOCK" else None
            if op == _SAVE or region in self.dropped:
                self.edits[index] = []
            elif self._restores(index):
                self.edits[index] = _cleared(self.name(*stack[-1][1]), position)
            elif op == "LOAD_CLOSURE" and self._shadow(index, arg) is not None:
                self._use(index, each)
                self._made(index)
            elif op in MOVING:
                self._move(index, each, stack)
            elif op in _PEEKS:
                self._peek(index, each, stack)
            else:
                self._use(index, each)

    def name(self, name: str, level: int) -> str:
        """What a shadowing variable is called."""
        return "." * level + name if level > 1 or name in self.outside else name

    def _shadow(self, index: int, name: str) -> Any:
        """Name and level of the innermost variable that shadows this one there."""
        state = self.walk.states.get(index)
        levels = [each for kind, each in (state[1] if state else ()) if kind == "saved" and each[0] == name]
        return max(levels) if levels and not isinstance(name, Free) else None

    def _restores(self, index: int) -> bool:
        state = self.walk.states.get(index)
        return self.body[index][0] == "STORE_FAST" and state is not None and state[1][-1][0] == "saved"

    def _move(self, index: int, each: Row, stack: tuple[Any, ...]) -> None:
        taken, left = permutation(each[0], each[1]) or (0, [])
        widths = [int(kind != "saved") for kind, _ in stack[len(stack) - taken :]]
        if 0 in widths:
            self.edits[index] = moved(each, taken, left, widths)

    def _peek(self, index: int, each: Row, stack: tuple[Any, ...]) -> None:
        """An operand that counts entries does not count what was saved."""
        op, arg, position = each
        top = len(stack) - (2 if op == "MAP_ADD" else 1)
        saved = sum(kind == "saved" for kind, _ in stack[max(0, top - arg + 1) : top])
        if saved:
            self.edits[index] = [instruction(op, arg - saved, position)]

    def _use(self, index: int, each: Row) -> None:
        """An instruction that names a variable, or a cell."""
        op, arg, position = each
        shadow = self._shadow(index, arg) if op in _LOCAL or op in _IN_CELL else None
        if shadow is None:
            return
        name = self.name(*shadow)
        if op in _LOCAL:
            self.edits[index] = [instruction(op, name, position)] if name != arg else [each]
            return
        variable = "." * shadow[1] + shadow[0]  # the cell itself has the name
        self.edits[index] = [instruction(o, variable if a == _IT else a, position) for o, a in _IN_CELL[op]]

    def _made(self, index: int) -> None:
        """The function with the closure that this belongs to is made by a call, which tells cells from other things."""
        body = self.body
        while body[index][0] == "LOAD_CLOSURE":
            index += 1
        making = body[index : index + 4]
        if [each[0] for each in making] != ["BUILD_TUPLE", "LOAD_CONST", "LOAD_CONST", "MAKE_FUNCTION"]:
            return
        (_, name, _), (_, flags, position) = making[2:]
        words = [*_imported("types", "FunctionType"), ("ROT_THREE", None), ("ROT_TWO", None)]
        words += [*_imported("builtins", "globals"), ("CALL_FUNCTION", 0), ("ROT_TWO", None)]
        words += [("LOAD_CONST", ("closure",)), ("CALL_FUNCTION_KW", 3)]
        for flag, attribute in _ATTRIBUTES.items():
            if flags & flag:
                words += [("DUP_TOP", None), ("ROT_THREE", None), ("STORE_ATTR", attribute)]
        words += [("DUP_TOP", None), ("LOAD_CONST", name), ("ROT_TWO", None), ("STORE_ATTR", "__qualname__")]
        self.edits[index + 2] = []
        self.edits[index + 3] = [instruction(op, arg, position) for op, arg in words]


_ATTRIBUTES = {16: "__annotate__", 4: "__annotations__", 2: "__kwdefaults__", 1: "__defaults__"}
"""Flag of MAKE_FUNCTION -> what it sets, from the top of the stack down."""


def _imported(module: str, name: str) -> list[tuple[str, Any]]:
    """Push what a module has under a name."""
    words = [("LOAD_CONST", 0), ("LOAD_CONST", (name,)), ("IMPORT_NAME", module), ("IMPORT_FROM", name)]
    return [*words, ("ROT_TWO", None), ("POP_TOP", None)]


def _cleared(name: str, position: Place | None) -> list[Row]:
    """A variable that may be bound is not any more."""
    words: tuple[tuple[str, Any], ...] = (("LOAD_CONST", None), ("STORE_FAST", name), ("DELETE_FAST", name))
    return [instruction(op, arg, position) for op, arg in words]


_IT = object()
_LOCAL = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST"})
_IN_CELL: dict[str, tuple[tuple[str, Any], ...]] = {
    _CELL: (
        *_imported("types", "CellType"),
        ("CALL_FUNCTION", 0),
        ("STORE_FAST", _IT),
    ),
    "LOAD_CLOSURE": (("LOAD_FAST", _IT),),
    "LOAD_DEREF": (("LOAD_FAST", _IT), ("LOAD_ATTR", "cell_contents")),
    "STORE_DEREF": (("LOAD_FAST", _IT), ("STORE_ATTR", "cell_contents")),
    "DELETE_DEREF": (("LOAD_FAST", _IT), ("DELETE_ATTR", "cell_contents")),
}
"""What becomes of an instruction that has to do with a cell, when a variable holds that cell."""
