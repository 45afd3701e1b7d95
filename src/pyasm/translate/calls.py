"""Calls: where the callable is, what stands beside it, how keywords and the receiver of a method get there.

Portable code calls as 3.9 does. Since 3.11 a call has a second entry beside the callable: the receiver of a method, or
NULL, which the compiler pushes before the callable's expression or right after it. Lifting drops it; lowering finds the
expression and puts it back. Where no such place is, because paths meet or instructions count entries across it, the
NULL is put there at the call itself.

A value in the place of NULL is an argument: `[f, a1 … an]` with CALL n-1 calls f with n arguments. Compilers use that
for calls that the source does not write as calls.
"""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code, Instruction, Position
from pyasm.errors import Finding, TargetError
from pyasm.native.flags import OPTIMIZED
from pyasm.native.units import LABEL
from pyasm.translate.edit import instruction, rewrite
from pyasm.translate.entries import MIXED, Walk
from pyasm.typed import Any, NamedTuple

LEAST_PLAIN = 30
"""Compilers load no method for a call with so many arguments; names of keywords are one more."""
_COMPREHENSIONS = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})
_TYPE_PARAMETERS = "<generic parameters of "
_NAME_LOADS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF"})
_STORES = frozenset({"STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF"})
_EXITS = frozenset({"BEFORE_WITH", "BEFORE_ASYNC_WITH"})
_COMMON = "LOAD_COMMON_CONSTANT"
_GUARD = (_COMMON, "IS_OP", "POP_JUMP_IF_FALSE", "POP_TOP")


def lift(code: Code, dialect: isa.Dialect) -> None:
    """Calls of 3.11 and later as those of 3.9."""
    if "PUSH_NULL" in dialect.opcodes:
        _Lift(code, dialect).rewrite()


def lower(code: Code, dialect: isa.Dialect) -> None:
    """The calls of the dialect, with NULL where its compiler puts it."""
    if "PUSH_NULL" in dialect.opcodes:
        _Lower(code, dialect).rewrite()


def plain_names(module: Code) -> frozenset[str]:
    """Names that compilers of 3.11 and later take for modules, whose functions are no methods: what the module imports.

    `super` is among them when the module has another meaning for it, or any at all.
    """
    found = set()
    imported = False
    for op, arg, _ in module.body if module.name == "<module>" else ():
        if op.startswith("IMPORT_"):
            imported = True
        elif op in ("STORE_NAME", "STORE_GLOBAL") and imported:
            found.add(str(arg))
            imported = False
        elif op not in ("ROT_TWO", "POP_TOP", LABEL):
            imported = False
            if arg == "super" and op != "LOAD_CONST":
                found.add("super")
    return frozenset(found)


def _base(body: list[Instruction], attribute: int) -> str | None:
    """The name whose attribute this instruction loads, when it is one."""
    op, arg, _ = body[attribute - 1]
    if op not in _NAME_LOADS:
        return None
    return str.__str__(arg if isinstance(arg, str) else arg[0])


def _looks_up_super(code: Code, index: int, arguments: int) -> bool:
    """May this call of `super`, as far as its code goes, and the attribute behind it become one instruction?"""
    body = code.body
    if index + 1 >= len(body) or body[index + 1][0] not in ("LOAD_ATTR", "LOAD_METHOD"):
        return False
    return arguments == 2 or (
        arguments == 0
        and "__class__" in code.frees
        and bool(code.posonlyargs or code.args)
        and code.flags & OPTIMIZED > 0
    )


def _encloses(one: Position | None, other: Position | None) -> bool:
    """Does one place in the source begin where the other does, or before it?"""
    if one is None or other is None or None in one or None in other:
        return one == other
    return (one.line, one.column) <= (other.line, other.column)


def _contains(one: Position | None, other: Position | None) -> bool:
    """Is one place in the source larger than the other, which is in it?"""
    if one is None or other is None or None in one or None in other:
        return False
    return (
        one != other and _encloses(one, other) and (one.end_line, one.end_column) >= (other.end_line, other.end_column)
    )


def _error(code: Code, index: int, message: str, hint: str = "") -> Finding:
    return Finding(message, f"{code.qualname}, instruction {index} ({code.body[index][0]})", hint)


class _Calls(Walk):
    """What both directions share: the edits, and how the dialect calls."""

    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        super().__init__(code.body, dialect)
        self.code = code
        opcodes = dialect.opcodes
        self.null_first = opcodes["CALL_FUNCTION_EX"].stack.startswith("null")
        self.flagless = opcodes["CALL_FUNCTION_EX"].operand == "-"
        self.counted = "PRECALL" in opcodes
        self.names_pushed = "CALL_KW" in opcodes
        self.looks_up_super = "LOAD_SUPER_ATTR" in opcodes
        self.before: dict[int, list[Instruction]] = {}
        self.after: dict[int, list[Instruction]] = {}
        self.instead: dict[int, list[Instruction]] = {}
        self.findings: list[Finding] = []
        self.plain = frozenset() if code.layout is None else code.layout.plain
        self.hides = dialect.hides_imports and code.name == "<module>"
        self.targets: set[Any] | None = None
        self.guards: dict[int, int] = {}

    def dict_merge(self, index: int, arg: Any) -> None:
        """It reads the callable too, for a message."""
        self.replace(index, 1, 0)

    def edit(self) -> None:
        """Change the body."""
        body, before, instead, after = self.body, self.before, self.instead, self.after
        edits = {}
        for index, new in instead.items():
            if len(new) == 1:
                body[index] = new[0]
            else:
                edits[index] = new
        for index in {*before, *after}:
            edits[index] = [*before.get(index, ()), *instead.get(index, (body[index],)), *after.get(index, ())]
        if edits:
            self.code.body[:] = rewrite(body, edits)

    def result(self, index: int, count: int) -> None:
        """The call takes so many entries and leaves one."""
        self.replace(index, count, 1)

    def _name(self, index: int) -> Any:
        arg = self.body[index][1]
        return arg[0] if type(arg) is tuple else arg

    def dup_top(self, index: int, arg: Any) -> None:
        """A callable that is named (`:=`) or compared with the builtin that it should be is complete after that."""
        ids, starts, body = self.ids, self.starts, self.body
        entry = ids[-1]
        following = body[index + 1][0] if index + 1 < len(body) else ""
        if entry in self.shared:
            self.bad.add(entry)
        elif following in _STORES:
            ids[-1] = index + 1
        elif (
            self.null_first or following != _COMMON or not self._guard(index)
        ):  # NULL goes behind that label, not before
            self.bad.add(entry)
        ids.append(index)
        starts.append(~index)

    def _guard(self, index: int) -> bool:
        """Is the callable compared with a builtin, which is not called then? It is called behind the jump's label."""
        following = [n for n in range(index + 1, min(index + 9, len(self.body))) if self.body[n][0] != LABEL][:4]
        if tuple(self.body[n][0] for n in following) != _GUARD:
            return False
        place = self.places[self.body[following[2]][1]]
        self.ids[-1] = place
        self.guards[place] = following[3]
        return True

    def note(self, index: int, entry: int, start: int) -> None:
        """An entry of several paths is consumed; not by what drops the right builtin, or leads back to the others."""
        if self.guards.get(entry) != index and self.body[index][0] != "CLEANUP_THROW":
            super().note(index, entry, start)

    def _is_mark(self, index: int) -> bool:
        """Is it a label that nothing jumps to?"""
        if self.targets is None:
            self.targets = {arg for op, arg, _ in self.body if op != LABEL and self.rows[op].names_label}
        return self.body[index][0] == LABEL and self.body[index][1] not in self.targets

    def _is_plain(self, loader: int) -> bool:
        """Is it a function of a module whose attribute is loaded here, for the compiler?"""
        if _base(self.body, loader) not in self.plain:
            return False
        return not (self.hides and any(self.body[n][0] == "LOAD_FAST_AND_CLEAR" for n in self.ids if n >= 0))

    def _extent(self, begin: int | None, last: int) -> Position | None:
        """The place in the source of the expression made by these instructions."""
        position = self.body[last][2]
        if begin is None or begin == last:
            return position
        first = self.body[begin][2]
        if last in self.guards:
            return first
        if self.body[last][0] != LABEL and self.body[last][0] not in _STORES and _encloses(position, first):
            return position
        return self._union(self.body[begin : last + 1])

    def _union(self, instructions: list[Instruction]) -> Position | None:
        """The smallest place in the source that has these in it."""
        places = [each[2] for each in instructions if each[0] != LABEL]
        known = [each for each in places if each is not None and None not in each]
        if len(known) < len(places):
            return places[0]
        line, column = min((each[0], each[2]) for each in known)
        end_line, end_column = max((each[1], each[3]) for each in known)
        return Position(line, end_line, column, end_column)

    watch = Walk.watch.and_also(DICT_MERGE=dict_merge, DUP_TOP=dup_top)


class _Lift(_Calls):
    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        super().__init__(code, dialect)
        self.dropped: set[int] = set()
        self.evidence: set[str] = set()
        self.names: int | None = None
        self.mixed = False
        self.flagged: list[int] = []

    def rewrite(self) -> None:
        """Walk, and change the body."""
        self.run()
        self._drop()
        if self.findings:
            raise TargetError(self.findings)
        if self.evidence and self.code.layout is not None:
            self.code.layout = self.code.layout._replace(plain=frozenset(self.evidence))
        self.edit()

    def load_global(self, index: int, arg: Any) -> None:
        """A global, perhaps with NULL."""
        name, flags = arg
        self.body[index] = instruction("LOAD_GLOBAL", name, self.body[index][2])
        if flags & 1:
            self.flagged.append(-2 - index)
            self.ids += [-2 - index, index] if self.null_first else [index, -2 - index]
            self.starts += [index, index]
        else:
            self.ids.append(index)
            self.starts.append(index)

    def precall(self, index: int, arg: Any) -> None:
        """The first half of a call in 3.11."""
        self.instead[index] = []

    def kw_names(self, index: int, arg: Any) -> None:
        """The names for the next call."""
        self.names = index
        self.instead[index] = [instruction("LOAD_CONST", arg, self.body[index][2])]

    def call_kw(self, index: int, count: int) -> None:
        """A call with the names on top."""
        self.names = index
        self.ids.pop()
        self.starts.pop()
        self.call(index, count)

    def call(self, index: int, count: int) -> None:
        """A call of a method, of a callable beside NULL, or of a callable and its first argument."""
        lower, upper = self.ids[-count - 2], self.ids[-count - 1]
        keywords, self.names = self.names is not None, None
        slot, callee, at = (lower, upper, -count - 1) if self.null_first else (upper, lower, -count - 2)
        loader = self.body[upper][0] if upper >= 0 and lower == -2 - upper else ""
        position = self.body[index][2]
        self.total = count + keywords
        if loader == "LOAD_SPECIAL":  # of with: another pass
            pass
        elif loader in ("LOAD_METHOD", "LOAD_SUPER_ATTR", "LOAD_ATTR"):
            if keywords:
                self._load_plainly(upper)
            name = "CALL_FUNCTION_KW" if keywords else "CALL_METHOD"
            self.instead[index] = [instruction(name, count, position)]
        elif self._is_null(slot):
            self._drop_beside(slot, callee, self.starts[at])
            start = self.starts[at] if self._stands_beside(slot, callee) else ~callee
            name = self._call_of(callee, start, count, keywords, index)
            self.instead[index] = [instruction(name, count, position)]
        else:
            if self.mixed and (slot == MIXED or self.body[slot][0] == LABEL):
                self.findings.append(_error(self.code, index, "NULL is beside the callable on some paths only"))
            name = "CALL_FUNCTION_KW" if keywords else "CALL_FUNCTION"
            self.instead[index] = [instruction(name, count + 1, position)]
        self.result(index, count + 2)

    def _drop_beside(self, null: int, callee: int, start: int) -> None:
        """NULL goes. Of two loads in one instruction its position may be all that is known of the second."""
        self.dropped.add(null)
        begin = self.start_of(start)
        if null < 0 or callee < 0 or begin is None:
            return
        position = self.body[null][2]
        op, name, where = self.body[begin]
        before, _, shared = self.body[begin - 1]
        if op != "LOAD_FAST" or before not in ("LOAD_FAST", "STORE_FAST") or shared != where:
            return
        if position is not None and self._extent(begin, callee) != position:
            if begin != callee and None not in position:
                width = len(str.__str__(name).encode())
                position = Position(position[0], position[0], position[2], position[2] + width)  # type: ignore[operator]
            self.body[begin] = instruction(op, name, position)

    def _stands_beside(self, null: int, callee: int) -> bool:
        """Is NULL where it is pushed for an attribute of a name?"""
        if callee < 0 or self.body[callee][0] != "LOAD_ATTR":
            return True
        if self.null_first:
            return null == callee - 2 or -2 - null == callee - 1
        return null == callee + 1 and self.body[null][2] == self._extent(callee - 1, callee)

    def _load_plainly(self, loader: int) -> None:
        op, arg, position = self.body[loader]
        if op == "LOAD_METHOD":
            self.instead[loader] = [instruction("LOAD_ATTR", arg, position)]
        else:
            self.instead[loader] = self.instead[loader][:-1] + [instruction("LOAD_ATTR", arg[0], position)]

    def _call_of(self, callee: int, start: int, count: int, keywords: bool, index: int) -> str:
        """The portable call; what compilers take for a module's function is a method in portable code."""
        op = self.body[callee][0] if callee >= 0 else ""
        if op == "LOAD_ATTR" and start == callee - 1 and self.total < LEAST_PLAIN and self.code.layout is not None:
            base = _base(self.body, callee)
            if base is not None:
                self.evidence.add(base)
                if not keywords:
                    self.instead[callee] = [instruction("LOAD_METHOD", self.body[callee][1], self.body[callee][2])]
                    return "CALL_METHOD"
        elif op == "LOAD_GLOBAL" and self._name(callee) == "super" and not keywords and self.looks_up_super:
            self.evidence.update(["super"] * _looks_up_super(self.code, index, count))
        return "CALL_FUNCTION_KW" if keywords else "CALL_FUNCTION"

    def _is_null(self, entry: int) -> bool:
        if entry >= 0:
            return self.body[entry][0] == "PUSH_NULL"
        return entry < -1 and self.body[-2 - entry][0] == "LOAD_GLOBAL"

    def call_function_ex(self, index: int, flags: Any) -> None:
        """A call with an iterable and perhaps a mapping."""
        if self.flagless:
            top = self.ids[-1]
            mapping = not self._is_null(top)
            if not mapping:
                self.dropped.add(top)
            entries = 4
        else:
            mapping = flags & 1 == 1
            entries = 3 + mapping
        slot = self.ids[-entries + (not self.null_first)]
        if self._is_null(slot):
            callee = -entries + self.null_first
            self._drop_beside(slot, self.ids[callee], self.starts[callee])
        else:
            message = "a value is in the place of NULL"
            self.findings.append(_error(self.code, index, message, "push NULL beside the callable"))
        self.instead[index] = [instruction("CALL_FUNCTION_EX", int(mapping), self.body[index][2])]
        self.result(index, entries)

    def load_super_attr(self, index: int, arg: Any) -> None:
        """`super` is called, and its attribute loaded."""
        name, flags = arg
        position = self.body[index][2]
        calls = [instruction("CALL_FUNCTION", 2, position)]
        if not flags & 2:
            first = index - 2
            calls = [instruction("CALL_FUNCTION", 0, self.body[first][2])]
            self.instead[first] = self.instead[first + 1] = []
        self.instead[index] = [*calls, instruction("LOAD_METHOD" if flags & 1 else "LOAD_ATTR", name, position)]
        self.replace(index, 3, 1 + (flags & 1))

    def joined(self, one: int, other: int) -> None:
        """NULL on one path, and none or another one on the other."""
        self.mixed = self.mixed or self._is_null(one) or self._is_null(other)

    def _drop(self) -> None:
        """Take the NULLs of calls away, and what only moved them."""
        moved: set[int] = set()
        for entry in self.dropped:
            if entry >= 0:
                self.instead[entry] = []
                for place in range(entry + 1, entry + 1 + _sinking(self.body, entry + 1)):
                    self.instead[place] = []
                    moved.add(entry)
        for entry in (self.dropped & self.bad) - moved:
            index = entry if entry >= 0 else -2 - entry
            self.findings.append(
                _error(self.code, index, "this NULL is moved, or counted across", "push it where it belongs")
            )
        for entry in self.flagged:
            if entry not in self.dropped:
                self.findings.append(_error(self.code, -2 - entry, "no call takes its NULL", "load without NULL"))

    watch = _Calls.watch.and_also(
        LOAD_GLOBAL=load_global,
        LOAD_SUPER_ATTR=load_super_attr,
        PRECALL=precall,
        KW_NAMES=kw_names,
        CALL=call,
        CALL_KW=call_kw,
        CALL_FUNCTION_EX=call_function_ex,
    )


def _sinking(body: list[Instruction], begin: int) -> int:
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


class _Call(NamedTuple):
    """A call that wants NULL: the portable instruction, its callable and the start of that, and where it stands."""

    at: int
    op: str
    arguments: int
    callee: int
    start: int


class _Lower(_Calls):
    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        super().__init__(code, dialect)
        self.calls: list[_Call] = []
        self.definitions: set[int] = set()
        self.supers: dict[int, int] = {}
        self.wants: dict[int, str] = {}
        self.placed: set[int] = set()
        self.merges: list[tuple[int, int, int, int]] = []
        self.first_merge: dict[int, tuple[int, int]] = {}
        self.mappings: dict[int, int] = {}
        self.early: set[int] = set()

    def rewrite(self) -> None:
        """Walk, decide where each NULL goes, and change the body."""
        self.run()
        self._pair_branches()
        for call in self.calls:
            self._place(call)
        for index, arguments in self.supers.items():
            self._super(index, arguments)
        for merge in self.merges:
            self._merge(*merge)
        if self.findings:
            raise TargetError(self.findings)
        self.edit()

    def load_global(self, index: int, name: Any) -> None:
        """A global, without NULL for now."""
        if type(name) is not tuple:
            self.body[index] = instruction("LOAD_GLOBAL", (name, 0), self.body[index][2])
        self.ids.append(index)
        self.starts.append(index)

    def dict_merge(self, index: int, number: Any) -> None:
        """Where the interpreter looks for the callable there must be one: NULL must be there before."""
        self.replace(index, 1, 0)
        place = len(self.ids) - number
        if place >= 2 and not self.null_first:
            self.merges.append((index, number, self.ids[place - 2], self.ids[place]))
            self.first_merge.setdefault(self.ids[place], (index, number))

    def call_function(self, index: int, count: int) -> None:
        """A call with positional arguments."""
        ids = self.ids
        at = len(ids) - 1 - count
        callee, start = ids[at], self.starts[at]
        kind = self._kind(index, callee, count, at)
        if kind == "super":
            self.supers[index] = count
        elif kind == "value":
            self._want(callee, kind)
            self._finish(index, count - 1)
        else:
            if kind == "swapped":
                start = min(each if each >= 0 else ~each for each in self.starts[at:])
            self._want(callee, "CALL_FUNCTION")
            self.calls.append(_Call(index, kind or "CALL_FUNCTION", count, callee, start))
        self._consume(index, at + 1, count)
        self.starts[at:], ids[at:] = [start if kind != "swapped" else ~index], [index]

    def _consume(self, index: int, begin: int, count: int) -> None:
        """The arguments of a call, all but the callable."""
        if count and self.shared:
            for entry, start in zip(self.ids[begin:], self.starts[begin:]):
                if entry in self.shared:
                    self.note(index, entry, start)

    def _want(self, callee: int, kind: str) -> None:
        """All calls of one callable, on several paths, must be alike."""
        if callee in self.shared and self.wants.setdefault(callee, kind) != kind:
            self.bad.add(callee)

    def _kind(self, index: int, callee: int, count: int, at: int) -> str:
        """How the compiler calls this: with the first argument in the place of NULL, or as super().attribute …"""
        op = self.body[callee][0] if callee >= 0 else self.body[-2 - callee][0] if callee < -1 else ""
        if op == "LOAD_GLOBAL" and self.looks_up_super and self._name(callee) == "super":
            adjacent = count == 2 or callee == index - 1
            if adjacent and "super" not in self.plain and _looks_up_super(self.code, index, count):
                return "super"
        if op in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"):
            name = self._function(callee)
            if name.startswith(_TYPE_PARAMETERS):
                self.definitions.add(index)
                return ("swapped" if self.null_first else "value") if count else ""
            if count and name in _COMPREHENSIONS:
                return "value"
            return self._decorated(index, count, at)
        self._note_class(index, callee)
        if count == 0:
            return ""
        elif (
            op in _EXITS or op == "LOAD_ASSERTION_ERROR" or (op == _COMMON and self.body[callee][1] == "AssertionError")
        ):
            return "value"
        return self._decorated(index, count, at)

    def _decorated(self, index: int, count: int, at: int) -> str:
        """Is it the call of a decorator? Then the function has the place of NULL."""
        if count == 1 and self._is_definition(self.ids[at + 1]):
            self.definitions.add(index)
            return "value"
        return ""

    def _note_class(self, index: int, callee: int) -> None:
        if callee >= 0 and self.body[callee][0] == "LOAD_BUILD_CLASS":
            self.definitions.add(index)

    def _function(self, entry: int) -> str:
        """The name of the function that this instruction completes."""
        while self.body[entry][0] == "SET_FUNCTION_ATTRIBUTE":
            entry -= 1
        code = self.body[entry - 1][1]
        return code.name if isinstance(code, Code) else "<>"

    def _is_definition(self, entry: int) -> bool:
        """Is it what a def or class statement makes? Only decorators are called with that."""
        if entry in self.definitions:
            return True
        if entry < 0 or self.body[entry][0] not in ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"):
            return False
        return not self._function(entry).startswith("<")

    def call_function_kw(self, index: int, count: int) -> None:
        """A call with named arguments: of a method, if compilers load one there."""
        names = self.ids.pop()
        self.starts.pop()
        at = len(self.ids) - 1 - count
        callee, start = self.ids[at], self.starts[at]
        kind = "CALL_FUNCTION_KW"
        if callee >= 0 and self.body[callee][0] == "LOAD_ATTR" and count + 1 < LEAST_PLAIN:
            known = callee - 1 not in self.supers and self._is_plain(callee)
            kind = kind if known else "LOAD_METHOD"
        self._note_class(index, callee)
        self._want(callee, kind)
        if not self.names_pushed:
            self._name_by_constant(index, names)
        self.calls.append(_Call(index, kind, count, callee, start))
        self._consume(index, at + 1, count)
        self.ids[at:], self.starts[at:] = [index], [start]

    def _name_by_constant(self, index: int, names: int) -> None:
        """3.11 and 3.12: the names are an operand."""
        op, arg, position = self.body[names] if names >= 0 else self.body[index]
        if op == "LOAD_CONST" and type(arg) is tuple and names not in self.shared:
            self.instead[names] = []
            self.before[index] = [instruction("KW_NAMES", arg, position)]
        else:
            message = "the names of the arguments must be a constant tuple"
            self.findings.append(_error(self.code, index, message, "load the tuple right before the call"))

    def call_function_ex(self, index: int, flags: int) -> None:
        """A call with an iterable of arguments, and perhaps a mapping, which must be a dict."""
        mapping = flags & 1
        at = len(self.ids) - 2 - mapping
        callee, start = self.ids[at], self.starts[at]
        if mapping:
            self.mappings[index] = self.ids[-1]
        if mapping and not self._is_dict(self.ids[-1]):
            position = self.body[index][2]
            self.before[index] = [
                instruction("BUILD_MAP", 0, position),
                instruction("SWAP", 2, position),
                instruction("DICT_MERGE", 1, position),
            ]
        self._note_class(index, callee)
        self._want(callee, "CALL_FUNCTION_EX")
        self.calls.append(_Call(index, "CALL_FUNCTION_EX", 1 + mapping, callee, start))
        self._consume(index, at + 1, 1 + mapping)
        self.ids[at:], self.starts[at:] = [index], [start]

    def _is_dict(self, entry: int) -> bool:
        return entry >= 0 and self.body[entry][0] in ("BUILD_MAP", "BUILD_CONST_KEY_MAP")

    def call_method(self, index: int, count: int) -> None:
        """A call of what LOAD_METHOD pushed; compilers load functions of imported modules plainly."""
        at = len(self.ids) - 2 - count
        lower, upper = self.ids[at], self.ids[at + 1]
        start = self.starts[at]
        plain = False
        if upper >= 0 and lower == -2 - upper and self.body[upper][0] == "LOAD_METHOD" and count < LEAST_PLAIN:
            plain = upper - 1 not in self.supers and self._is_plain(upper)
        self._want(upper, "plain" if plain else "CALL_METHOD")
        if plain:
            self.calls.append(_Call(index, "plain", count, upper, start))
        else:
            self._finish(index, count)
        self._consume(index, at + 2, count)
        self.ids[at:], self.starts[at:] = [index], [start]

    def _finish(self, index: int, count: int, named: bool = False) -> None:
        """The call itself."""
        position = self.body[index][2]
        calls = [instruction("PRECALL", count, position)] if self.counted else []
        calls.append(instruction("CALL_KW" if named and self.names_pushed else "CALL", count, position))
        self.instead[index] = self.before.pop(index, []) + calls

    def _place(self, call: _Call) -> None:
        """Put NULL where it belongs, and finish the call."""
        index, op, count, callee, start = call
        apart = callee < 0 or callee in self.bad or callee in self.used
        if op == "plain" and apart:
            self._finish(index, count)
            return
        if op == "LOAD_METHOD" and not apart:
            self.instead[callee] = [instruction("LOAD_METHOD", *self.body[callee][1:])]
        elif op == "swapped":
            self._null_before(start, callee, self.body[callee][2])
        elif apart or not self._put_null(callee, start):
            self._at_call(call)
            return
        elif op == "plain":
            self.instead[callee] = [instruction("LOAD_ATTR", *self.body[callee][1:])]
        if op == "CALL_FUNCTION_EX":
            self._finish_ex(index, count == 2)
        else:
            self._finish(index, count, op in ("CALL_FUNCTION_KW", "LOAD_METHOD"))

    def _finish_ex(self, index: int, mapping: bool, early: list[Instruction] | None = None) -> None:
        position = self.body[index][2]
        calls = self.before.pop(index, []) + (early or [])
        if not self.flagless:
            calls.append(instruction("CALL_FUNCTION_EX", int(mapping), position))
        else:
            if not mapping and not calls and self.body[index - 1][0] == "LOAD_GLOBAL":
                self.instead[index - 1] = [
                    instruction("LOAD_GLOBAL", (self._name(index - 1), 1), self.body[index - 1][2])
                ]
            elif not mapping:
                calls.append(instruction("PUSH_NULL", None, position))
            calls.append(instruction("CALL_FUNCTION_EX", None, position))
        self.instead[index] = calls

    def _pair_branches(self) -> None:
        """`(a if test else b)(x)` where the compiler copies the call: NULL, pushed before the test, is for both."""
        by_start = {call.start: call for call in self.calls if call.op not in ("plain", "LOAD_METHOD", "swapped")}
        for call in by_start.values():
            test = self._before(call.start - 1)
            position = self.body[call.at][2]
            if test not in self.tests or not _contains(position, self.body[test][2]):
                continue
            other = by_start.get(self._behind(self.places[self.body[test][1]]))
            begin = self.start_of(self.tests[test])
            if other is None or begin is None or self.body[other.at][2] != position or other.callee < call.callee:
                continue
            if self.bad.isdisjoint((call.callee, other.callee)):
                self.placed.update((call.callee, other.callee))
                extent = self._union([*self.body[begin : call.callee + 1], *self.body[other.start : other.callee + 1]])
                if self.null_first:
                    self._null_before(begin, call.callee, extent)
                else:
                    push = instruction("PUSH_NULL", None, extent)
                    self.after[call.callee] = self.after[other.callee] = [push]

    def _before(self, index: int) -> int:
        """The index, or that of the last instruction before, where labels are."""
        while index >= 0 and self.body[index][0] == LABEL:
            index -= 1
        return index

    def _behind(self, index: int) -> int:
        while index < len(self.body) and self.body[index][0] == LABEL:
            index += 1
        return index

    def _put_null(self, callee: int, start: int) -> bool:
        """NULL before the expression of the callable, or after it. False when there is no such place."""
        begin = self.start_of(start)
        if callee in self.placed:
            return True
        if not self.null_first:
            self._null_after(callee, self._extent(begin, callee))
        else:
            if begin is None or self.forked.get(start, callee) < callee:
                return False
            self._null_before(begin, callee, self._extent(begin, callee))
        self.placed.add(callee)
        return True

    def _null_before(self, begin: int, callee: int, position: Position | None) -> None:
        op, _, where = self.body[begin]
        if op == "LOAD_GLOBAL" and begin not in self.instead:
            self.instead[begin] = [instruction(op, (self._name(begin), 1), where)]
        else:
            self.before.setdefault(begin, []).insert(0, instruction("PUSH_NULL", None, position))

    def _null_after(self, callee: int, position: Position | None) -> None:
        op, _, where = self.body[callee]
        if op == "LOAD_GLOBAL":
            self.instead[callee] = [instruction(op, (self._name(callee), 1), where)]
        else:
            following = callee + 1  # the attribute of super may have a line of its own
            if callee - 1 in self.supers and following < len(self.body) and self.body[following][0] == "NOP":
                callee = following
            while op == LABEL and following < len(self.body) and self._is_mark(following):
                callee, following = following, following + 1
            self.after[callee] = [instruction("PUSH_NULL", None, position)]

    def _at_call(self, call: _Call) -> None:
        """No place for NULL: the first argument takes it, or NULL is moved below what is there."""
        index, op, count, _, _ = call
        position = self.body[index][2]
        if op == "CALL_FUNCTION_EX":
            early = not self.null_first and self._merge_first(index)
            self._finish_ex(index, count == 2, [] if early else self._sink(count + self.null_first, position))
        elif count and self._is_first_unnamed(index, op, count):
            self._finish(index, count - 1, op in ("CALL_FUNCTION_KW", "LOAD_METHOD"))
        elif count:  # all arguments have a name, none can be the first one
            names = self.before.pop(index, [])
            self._finish(index, count, named=True)
            below = count + self.null_first + self.names_pushed
            self.instead[index] = self._sink(below, position) + names + self.instead[index]
        else:
            self._finish(index, 0)
            push = [instruction("PUSH_NULL", None, position)]
            if op in ("CALL_FUNCTION_KW", "LOAD_METHOD") and self.names_pushed:
                push.insert(0, instruction("POP_TOP", None, position))
                self._finish(index, 0)
            if self.null_first:
                push.append(instruction("SWAP", 2, position))
            self.instead[index] = push + self.instead[index]

    def _is_first_unnamed(self, index: int, op: str, count: int) -> bool:
        """Is it certain that the first argument of a call has no name?"""
        if op not in ("CALL_FUNCTION_KW", "LOAD_METHOD"):
            return True
        kind, names, _ = (self.before.get(index) or [self.body[index - 1]])[0]
        return kind in ("KW_NAMES", "LOAD_CONST") and type(names) is tuple and len(names) < count

    def _super(self, call: int, arguments: int) -> None:
        """One instruction for a call of super and the attribute of that."""
        position = self.body[call][2]
        loads = []
        if not arguments:
            code = self.code
            first = (code.posonlyargs + code.args)[0]
            load = "LOAD_DEREF" if first in code.cells else "LOAD_FAST"
            loads = [instruction("LOAD_DEREF", "__class__", position), instruction(load, first, position)]
        self.instead[call] = loads
        op, name, where = self.instead.get(call + 1, [self.body[call + 1]])[0]
        flags = (op == "LOAD_METHOD") | arguments
        self.instead[call + 1] = [instruction("LOAD_SUPER_ATTR", (name, flags), where)]

    def _sink(self, below: int, position: Position | None) -> list[Instruction]:
        """Push NULL below so many entries."""
        moves = [instruction("SWAP", depth, position) for depth in range(below + 1, 1, -1)]
        return [instruction("PUSH_NULL", None, position), *moves]

    def _merge_first(self, index: int) -> bool:
        """Put NULL beside the callable of this call before the first DICT_MERGE into its mapping, if there is one."""
        mapping = self.mappings.get(index, MIXED)
        if mapping == MIXED or mapping in self.shared or mapping not in self.first_merge:
            return False
        place, number = self.first_merge[mapping]
        self.before.setdefault(place, []).extend(self._sink(number + 2, self.body[place][2]))
        self.early.add(mapping)
        return True

    def _merge(self, index: int, number: int, callee: int, mapping: int) -> None:
        """DICT_MERGE where NULL does not stand beside the callable yet: put anything there meanwhile."""
        if callee in self.placed or mapping in self.early:
            return
        position = self.body[index][2]
        _, *down = self._sink(number + 2, position)
        up = [instruction("SWAP", depth, position) for depth in range(2, number + 3)]
        push, drop = instruction("LOAD_CONST", None, position), instruction("POP_TOP", None, position)
        self.instead[index] = [push, *down, self.body[index], *up, drop]

    watch = _Calls.watch.and_also(
        DICT_MERGE=dict_merge,
        LOAD_GLOBAL=load_global,
        CALL_FUNCTION=call_function,
        CALL_FUNCTION_KW=call_function_kw,
        CALL_FUNCTION_EX=call_function_ex,
        CALL_METHOD=call_method,
    )
