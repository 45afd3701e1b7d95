"""Lifting of `calls`: which entry a call finds beside its callable, and what goes."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code, Position, Row
from pyasm.native.units import LABEL
from pyasm.translate.callables import LEAST_PLAIN, LEAVES, Calls, Paths, is_null
from pyasm.translate.edit import NOTHING, instruction, where
from pyasm.translate.entries import MIXED
from pyasm.translate.straight import Straight, Watched, Winding
from pyasm.typed import Any

PORTABLE = frozenset({"LOAD_ATTR"})
"""Words of both dialects that are portable already."""
_LOOP = ["FOR_ITER"]
_ATOMS = LEAVES | {"LOAD_BUILD_CLASS"}
_ENDS = _ATOMS | {"PUSH_NULL", "LOAD_ATTR", "LOAD_CONST"}
"""With what ends what stands below the arguments of most other calls."""


class Lift(Calls):
    """Of one body. `stack` answers where entries come from."""

    evidence: frozenset[str] = frozenset()
    names = False
    """Were names of arguments told, for the next call?"""
    lost = False
    """Is there a call whose callable was not found?"""

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect, stack: Straight | Paths) -> None:
        super().__init__(code, ops, dialect, stack)
        self.dropped: set[int] = set()
        """The NULLs that go …"""
        self.flagged: list[int] = []
        """… and those that are loaded with a global, where paths are followed."""

    def rewrite(self) -> None:
        """Look at the calls, and change the body."""
        if isinstance(self.stack, Straight):
            self._look(self.stack)
        else:
            self.stack.ask(self, _WATCHED)
        self._drop()
        self.edit()
        if self.evidence and self.code.layout is not None:
            self.code.layout = self.code.layout._replace(plain=self.evidence)

    def _look(self, stack: Straight) -> None:
        """At all that is watched, in order: here at what nearly every call is, of a global or of a method."""
        body, ops, new, words, functions = self.body, self.ops, self.new, self.words, _WATCHED.all
        callees, dropped, looks_up_super = stack.callees, self.dropped, self.habits.looks_up_super
        flagged = 0
        for index in where(ops, _WATCHED.ops):
            op = ops[index]
            if op == "PUSH_NULL" or op == "LOAD_METHOD":
                if ops[index + 1] != LABEL or ops[index + 2 : index + 3] != _LOOP:  # else its NULL is not for a call
                    stack.open += 1
                continue
            _, arg, position = body[index]
            if op == "LOAD_GLOBAL":
                name, flags = arg
                new[index] = ("LOAD_GLOBAL", name, position)
                flagged += flags & 1
            elif op == "CALL" or op == "CALL_KW":
                named = op == "CALL_KW" or self.names
                callee, rest = stack.quickly(index, arg + (op == "CALL_KW"))
                loader = ops[callee] if rest == 0 else ""
                made = ""
                if loader == "LOAD_METHOD":
                    stack.open -= 1
                    callees[index] = callee
                    made = "CALL_METHOD"
                    if named:
                        self._load_plainly(callee)
                elif loader == "LOAD_GLOBAL":
                    name, flags = body[callee][1]
                    if flags & 1 and not (looks_up_super and name == "super"):
                        dropped.add(-2 - callee)
                        callees[index] = callee
                        made = "CALL_FUNCTION"
                elif loader in _ENDS:
                    made = self._call_beside(stack, index, callee, arg, named)
                if made == "":
                    functions[op](self, index, arg)
                    continue
                if named:
                    self.names = False
                    made = "CALL_FUNCTION_KW"
                words[index] = made
                new[index] = (made, arg + (loader == "LOAD_CONST"), position)
            else:
                functions[op](self, index, arg)
        stack.open += flagged

    def _call_beside(self, stack: Straight, index: int, callee: int, count: int, named: bool) -> str:
        """A call of a name or of its attribute, beside NULL, or of anything with a constant as its first argument.

        How it is written in portable code; "" when it is something else.
        """
        ops = self.ops
        if ops[callee] == "LOAD_CONST":
            return "CALL_FUNCTION"
        null_first = self.habits.null_first
        last = callee if null_first else callee - 1
        begin = last - (ops[last] == "LOAD_ATTR")
        null = begin - 1 if null_first else callee
        if ops[null] != "PUSH_NULL" or ops[begin] not in _ATOMS:
            return ""
        stack.callees[index] = null if null_first else last
        self._drop_beside(null, last, begin)
        return "CALL_METHOD" if self._is_plain(null, last, begin, count, named) else "CALL_FUNCTION"

    def _load_global(self, index: int, arg: tuple[Any, int]) -> None:
        """A global, perhaps with NULL."""
        name, flags = arg
        self.put(index, ("LOAD_GLOBAL", name, self.body[index][2]))
        if flags & 1:
            self.flagged.append(-2 - index)

    def _load_super_attr(self, index: int, arg: tuple[Any, int]) -> None:
        """`super` is called, and its attribute loaded."""
        name, flags = arg
        position = self.body[index][2]
        calls = [instruction("CALL_FUNCTION", 2, position)]
        first = index - 2
        if not flags & 2 and self.ops[first] == "LOAD_DEREF" and self.ops[first + 1] in LEAVES:
            calls = [instruction("CALL_FUNCTION", 0, self.body[first][2])]
            self.instead[first] = self.instead[first + 1] = []
        self.instead[index] = [*calls, instruction("LOAD_METHOD" if flags & 1 else "LOAD_ATTR", name, position)]
        if flags & 1 and isinstance(self.stack, Straight):
            self.stack.open += 1

    def _precall(self, index: int, arg: Any) -> None:
        """The first half of a call in 3.11."""
        self.instead[index] = []

    def _kw_names(self, index: int, arg: Any) -> None:
        """The names for the next call."""
        self.names = True
        self.put(index, instruction("LOAD_CONST", arg, self.body[index][2]))

    def _call_kw(self, index: int, count: int) -> None:
        """A call with the names on top."""
        self.names = True
        self._call(index, count, 1)

    def _call(self, index: int, count: int, pushed: int = 0) -> None:
        """A call of a method, of a callable beside NULL, or of a callable and its first argument."""
        stack = self.stack
        above = count + 1 + pushed
        keywords, self.names = self.names, False
        try:
            lower, upper = stack.pair(index, above)
        except Winding:  # no NULL and no method, if other calls take all of those
            lower = upper = MIXED
            self.lost = True
        loader = self.ops[upper] if upper >= 0 and lower == -2 - upper else ""
        method = False
        if loader == "LOAD_METHOD" or loader == "LOAD_SUPER_ATTR":
            method = not keywords
            if keywords:
                self._load_plainly(upper)
        elif loader == "LOAD_GLOBAL":
            self.dropped.add(lower)
            if self.habits.looks_up_super and not keywords and self.body[upper][1][0] == "super":
                self.evidence |= {"super"} if self.may_look_up_super(index, count) else NOTHING
        elif loader != "LOAD_SPECIAL":  # that is for another pass
            slot, callee = (lower, upper) if self.habits.null_first else (upper, lower)
            if is_null(self.ops, slot):
                begin = stack.begin(stack.start(callee, above - self.habits.null_first)) if callee >= 0 else None
                self._drop_beside(slot, callee, begin)
                method = self._is_plain(slot, callee, begin, count, keywords)
            else:
                if stack.mixed and (slot == MIXED or (slot >= 0 and self.ops[slot] == LABEL)):
                    self.error(index, "NULL is beside the callable on some paths only")
                count += 1
        if loader != "LOAD_SPECIAL":
            name = "CALL_METHOD" if method else "CALL_FUNCTION_KW" if keywords else "CALL_FUNCTION"
            self.put(index, (name, count, self.body[index][2]))
        stack.take(index, lower if lower >= MIXED else -2 - lower, above - 1, 2)

    def _is_plain(self, null: int, callee: int, begin: int | None, count: int, keywords: bool) -> bool:
        """Does the compiler take it for a function of a module? That is a method in portable code."""
        if callee < 0 or self.ops[callee] != "LOAD_ATTR" or count + keywords >= LEAST_PLAIN or self.code.layout is None:
            return False
        if begin != callee - 1 or self.ops[begin] not in LEAVES or not self._stands_beside(null, callee):
            return False
        name = str.__str__(self.name(begin))
        if name not in self.evidence:
            self.evidence |= {name}
        if not keywords:
            self.put(callee, instruction("LOAD_METHOD", self.body[callee][1], self.body[callee][2]))
        return not keywords

    def _drop_beside(self, null: int, callee: int, begin: int | None) -> None:
        """NULL goes. Of two loads in one instruction its position may be all that is known of the second."""
        self.dropped.add(null)
        if begin is None or null < 0 or self.ops[begin] != "LOAD_FAST":
            return
        position = self.body[null][2]
        op, name, where = self.body[begin]
        before, _, shared = self.body[begin - 1]
        if before not in ("LOAD_FAST", "STORE_FAST") or shared != where:
            return
        if position is not None and self.extent(begin, callee) != position:
            if begin != callee and None not in position:
                width = len(str.__str__(name).encode())
                position = Position(position[0], position[0], position[2], position[2] + width)  # type: ignore[operator]
            self.put(begin, instruction(op, name, position))

    def _stands_beside(self, null: int, callee: int) -> bool:
        """Is NULL where it is pushed for an attribute of a name?"""
        if self.habits.null_first:
            return null == callee - 2 or -2 - null == callee - 1
        return null == callee + 1 and self.body[null][2] == self.extent(callee - 1, callee)

    def _load_plainly(self, loader: int) -> None:
        """The attribute of a call with names is no method."""
        op, arg, position = self.body[loader]
        if op == "LOAD_METHOD":
            self.put(loader, instruction("LOAD_ATTR", arg, position))
        else:
            self.instead[loader][-1] = instruction("LOAD_ATTR", arg[0], position)

    def _call_function_ex(self, index: int, flags: Any) -> None:
        """A call with an iterable and perhaps a mapping."""
        stack = self.stack
        mapping, above = True, 3
        if not self.habits.flagless:
            mapping = flags & 1 == 1
            above = 2 + mapping
        else:
            top = stack.entry(index, 0)
            if top >= 0 and self.ops[top] == "LOAD_GLOBAL" and self.body[top][1][1] & 1:
                top = -2 - top
            if is_null(self.ops, top):
                mapping = False
                self.dropped.add(top)
        lower, upper = stack.pair(index, above)
        first = self.habits.null_first or upper == -2 - lower
        slot, callee = (lower, upper) if first else (upper, lower)
        if is_null(self.ops, slot):
            start = stack.start(callee, above - self.habits.null_first)
            self._drop_beside(slot, callee, stack.begin(start) if slot >= 0 and callee >= 0 else None)
        else:
            self.error(index, "a value is in the place of NULL", "push NULL beside the callable")
        self.put(index, instruction("CALL_FUNCTION_EX", int(mapping), self.body[index][2]))
        stack.take(index, lower if lower >= MIXED else -2 - lower, above - 1, 2)

    def _drop(self) -> None:
        """Take the NULLs of calls away, and what only moved them."""
        if isinstance(self.stack, Straight):
            if self.stack.open != len(self.dropped) or (self.lost and self.stack.guards):
                raise Winding  # any entry that was not found may be a NULL or a method, which copies of a call share
            for entry in self.dropped:
                if entry >= 0:
                    self.instead[entry] = []
            return
        moved: set[int] = set()
        for entry in self.dropped:
            if entry >= 0:
                self.instead[entry] = []
                for place in range(entry + 1, entry + 1 + _sinking(self.body, entry + 1)):
                    self.instead[place] = []
                    moved.add(entry)
        for entry in (self.dropped & self.stack.bad) - moved:
            index = entry if entry >= 0 else -2 - entry
            self.error(index, "this NULL is moved, or counted across", "push it where it belongs")
        for entry in self.flagged:
            if entry not in self.dropped:
                self.error(-2 - entry, "no call takes its NULL", "load without NULL")


_WATCHED = Watched(
    {"CALL": Lift._call, "CALL_KW": Lift._call_kw, "CALL_FUNCTION_EX": Lift._call_function_ex},
    {
        "LOAD_GLOBAL": Lift._load_global,
        "LOAD_SUPER_ATTR": Lift._load_super_attr,
        "PRECALL": Lift._precall,
        "KW_NAMES": Lift._kw_names,
    },
    ("PUSH_NULL", "LOAD_METHOD"),
)


def _sinking(body: list[Row], begin: int) -> int:
    """How many instructions from here on only move the top entry below others."""
    if body[begin][0] in ("ROT_TWO", "ROT_THREE", "ROT_FOUR", "ROT_N"):
        return 1
    place = begin
    if body[place][0] == "SWAP":
        while body[place][0] == "SWAP" and body[place][1] == body[begin][1] - (place - begin):
            place += 1
        last = body[place - 1][1]
        if last == 2:
            return place - begin
        rest = {3: "ROT_TWO", 4: "ROT_THREE", 5: "ROT_FOUR"}.get(last)
        if rest == body[place][0]:
            return place - begin + 1
    return 0
