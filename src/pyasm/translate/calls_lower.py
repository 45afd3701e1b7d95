"""Lowering of `calls`: how the compiler writes each call, and where NULL goes."""

from __future__ import annotations

from collections.abc import Set
from functools import cached_property

from pyasm import isa
from pyasm.code import Code
from pyasm.translate.callables import LEAST_PLAIN, LEAVES, Paths
from pyasm.translate.calls_placing import Placing
from pyasm.translate.edit import instruction, where
from pyasm.translate.entries import MIXED
from pyasm.translate.straight import COMMON, Straight, Watched, Winding
from pyasm.typed import Any

PORTABLE = frozenset({"LOAD_ATTR", "LOAD_GLOBAL", "CALL_FUNCTION_EX"})
"""Words of both dialects that are portable still."""
_COMPREHENSIONS = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})
_TYPE_PARAMETERS = "<generic parameters of "
_ADDED = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_CONST", "BUILD_MAP", "POP_TOP", "SWAP"})
_PLAIN_CALLABLES = LEAVES | {"LOAD_ATTR", "LOAD_BUILD_CLASS"}
_PLAIN_VALUES = LEAVES | {"LOAD_CONST", "LOAD_ATTR", "BINARY_SUBSCR"}
"""No definition is what these leave."""
_EXITS = frozenset({"BEFORE_WITH", "BEFORE_ASYNC_WITH"})
_FUNCTIONS = frozenset({"MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"})


class Lower(Placing):
    """Of one body. `stack` answers where entries come from."""

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect, stack: Straight | Paths) -> None:
        super().__init__(code, ops, dialect, stack)
        self.definitions: set[int] = set()
        self.wants: dict[int, str] = {}
        self.globals: list[int] = []
        self.plain = frozenset() if code.layout is None else code.layout.plain
        self.hides_imports = dialect.hides_imports

    def rewrite(self) -> Set[str] | None:
        """Look at the calls, decide where each NULL goes, and change the body. Gives back what comes into it."""
        if isinstance(self.stack, Straight):
            self._look(self.stack)
            if self.stack.open:  # somebody may have looked for what is below a method
                raise Winding
        else:
            self.stack.ask(self, _WATCHED)
        self.place()
        body, new, flagged = self.body, self.new, self.flagged
        for index in self.globals:
            _, name, position = body[index]
            if type(name) is not tuple:
                new[index] = ("LOAD_GLOBAL", (name, 1 if index in flagged else 0), position)
        self.edit()
        return None if self.supers else _ADDED

    def _look(self, stack: Straight) -> None:
        """At all that is watched, in order: here at what nearly every call is, of a global or of a method."""
        body, ops, functions = self.body, self.ops, _WATCHED.all
        callees, calls, globals, plain = stack.callees, self.calls, self.globals, self.plain
        for index in where(ops, _WATCHED.ops):
            op = ops[index]
            if op == "LOAD_GLOBAL":
                globals.append(index)
                continue
            if op == "LOAD_METHOD":
                stack.open += 1
                continue
            arg = body[index][1]
            if op == "CALL_METHOD":
                callee, rest = stack.quickly(index, arg)
                if rest == 0 and ops[callee] == "LOAD_METHOD":
                    stack.open -= 1
                    callees[index] = callee
                    base = body[callee - 1][1] if plain else ""
                    if plain and (type(base) is not str or base in plain) and self._is_method_plain(callee, index, arg):
                        calls.append((index, "plain", arg, callee, callee - 1))
                    else:
                        self.finish(index, arg)
                    continue
            elif op == "CALL_FUNCTION" and not (arg == 1 and ops[index - 1] not in _PLAIN_VALUES and self.defines):
                callee, rest = stack.quickly(index, arg)
                if rest == 0 and ops[callee] in _PLAIN_CALLABLES and body[callee][1] != "super":
                    callees[index] = callee
                    calls.append((index, op, arg, callee, callee))
                    if ops[callee] == "LOAD_BUILD_CLASS":
                        self.definitions.add(index)
                    continue
            functions[op](self, index, arg)

    def _load_global(self, index: int, name: Any) -> None:
        """A global: with NULL, if a call will want that."""
        self.globals.append(index)

    def _dict_merge(self, index: int, number: int) -> None:
        """Where the interpreter looks for the callable there must be one: NULL must be there before."""
        stack = self.stack
        if not self.habits.null_first and stack.reaches(number + 2):
            mapping = stack.entry(index, number)
            self.merges.append((index, number, stack.entry(index, number + 2), mapping))
            self.first_merge.setdefault(mapping, (index, number))
        stack.consume(index, 1)

    def _call_function(self, index: int, count: int) -> None:
        """A call with positional arguments."""
        stack = self.stack
        callee = stack.entry(index, count)
        kind = self._kind(index, callee, count)
        begin = None
        if kind == "super":
            self.supers[index] = count
        elif kind == "value":
            self._want(callee, kind)
            self.finish(index, count - 1)
        else:
            start = stack.start(callee, count)
            if kind == "swapped":
                begin = ~index
                start = stack.lowest(count + 1)
            if stack.shared:
                self._want(callee, "CALL_FUNCTION")
            self.calls.append((index, kind or "CALL_FUNCTION", count, callee, start))
        stack.take(index, callee, count, 1, begin)

    def _want(self, callee: int, kind: str) -> None:
        """All calls of one callable, on several paths, must be alike."""
        if callee in self.stack.shared and self.wants.setdefault(callee, kind) != kind:
            self.stack.bad.add(callee)

    def _kind(self, index: int, callee: int, count: int) -> str:
        """How the compiler calls this: with the first argument in the place of NULL, or as super().attribute …"""
        op = self.ops[callee] if callee >= 0 else self.ops[-2 - callee] if callee < MIXED else ""
        if op == "LOAD_GLOBAL":
            if self.habits.looks_up_super and self.name(callee) == "super" and "super" not in self.plain:
                adjacent = count == 2 or callee == index - 1
                if adjacent and self.may_look_up_super(index, count):
                    return "super"
        elif op in _FUNCTIONS:
            name = self._function(callee)
            if name.startswith(_TYPE_PARAMETERS):
                self.definitions.add(index)
                return ("swapped" if self.habits.null_first else "value") if count else ""
            if count and name in _COMPREHENSIONS:
                return "value"
        elif count and (
            op in _EXITS or op == "LOAD_ASSERTION_ERROR" or (op == COMMON and self.body[callee][1] == "AssertionError")
        ):
            return "value"
        else:
            self._note_class(index, callee)
        if count == 1 and self.defines and self._is_decorated(index):
            self.definitions.add(index)
            return "value"
        return ""

    @cached_property
    def defines(self) -> bool:
        """May there be what decorators are called with? Lambdas and comprehensions are no such thing."""
        if "MAKE_FUNCTION" not in self.ops:  # classes are made of functions
            return False
        if "LOAD_BUILD_CLASS" in self.ops:
            return True
        names = map(self._function, where(self.ops, _FUNCTIONS))
        return any(not name.startswith("<") or name.startswith(_TYPE_PARAMETERS) for name in names)

    def _note_class(self, index: int, callee: int) -> None:
        if callee >= 0 and self.ops[callee] == "LOAD_BUILD_CLASS":
            self.definitions.add(index)

    def _function(self, entry: int) -> str:
        """The name of the function that this instruction completes."""
        while self.ops[entry] == "SET_FUNCTION_ATTRIBUTE":
            entry -= 1
        code = self.body[entry - 1][1]
        return code.name if isinstance(code, Code) else "<>"

    def _is_decorated(self, index: int) -> bool:
        """Is it called with what a def or class statement makes? Only decorators are."""
        entry = self.stack.entry(index, 0)
        if entry in self.definitions:
            return True
        return entry >= 0 and self.ops[entry] in _FUNCTIONS and not self._function(entry).startswith("<")

    def _call_function_kw(self, index: int, count: int) -> None:
        """A call with named arguments: of a method, if compilers load one there."""
        callee = self.stack.entry(index, count + 1)
        kind = "CALL_FUNCTION_KW"
        if callee >= 0 and self.ops[callee] == "LOAD_ATTR" and count + 1 < LEAST_PLAIN:
            known = callee - 1 not in self.supers and self._is_plain(callee, index)
            kind = kind if known else "LOAD_METHOD"
        self._note_class(index, callee)
        self._want(callee, kind)
        if not self.habits.names_pushed:
            self._name_by_constant(index, self.stack.entry(index, 0))
        self.calls.append((index, kind, count, callee, self.stack.start(callee, count + 1)))
        self.stack.take(index, callee, count + 1)

    def _name_by_constant(self, index: int, names: int) -> None:
        """3.11 and 3.12: the names are an operand."""
        op, arg, position = self.body[names] if names >= 0 else self.body[index]
        if op == "LOAD_CONST" and type(arg) is tuple and names not in self.stack.shared:
            self.instead[names] = []
            self.before[index] = [instruction("KW_NAMES", arg, position)]
        else:
            self.error(index, "the names of the arguments must be a constant tuple", "load it right before the call")

    def _call_function_ex(self, index: int, flags: int) -> None:
        """A call with an iterable of arguments, and perhaps a mapping, which must be a dict."""
        mapping = flags & 1
        callee = self.stack.entry(index, 1 + mapping)
        if mapping:
            self.mappings[index] = top = self.stack.entry(index, 0)
            if top < 0 or self.ops[top] not in ("BUILD_MAP", "BUILD_CONST_KEY_MAP"):
                position = self.body[index][2]
                self.before[index] = [
                    instruction("BUILD_MAP", 0, position),
                    instruction("SWAP", 2, position),
                    instruction("DICT_MERGE", 1, position),
                ]
        self._note_class(index, callee)
        self._want(callee, "CALL_FUNCTION_EX")
        start = self.stack.start(callee, 1 + mapping)
        self.calls.append((index, "CALL_FUNCTION_EX", 1 + mapping, callee, start))
        self.stack.take(index, callee, 1 + mapping)

    def _call_method(self, index: int, count: int) -> None:
        """A call of what LOAD_METHOD pushed; compilers load functions of imported modules plainly."""
        stack = self.stack
        lower, upper = stack.pair(index, count + 1)
        plain = False
        if self.plain and upper >= 0 and lower == -2 - upper and self.ops[upper] == "LOAD_METHOD":
            plain = self._is_method_plain(upper, index, count)
        if stack.shared:
            self._want(upper, "plain" if plain else "CALL_METHOD")
        if plain:
            self.calls.append((index, "plain", count, upper, stack.start(upper - 1, count + 1)))
        else:
            self.finish(index, count)
        if lower == -2 - upper:
            stack.take(index, upper, count, 2)
        else:  # any two values are a function and its first argument
            stack.take(index, lower, count + 1)

    def _is_method_plain(self, loader: int, index: int, count: int) -> bool:
        """Is it such a function, called with so many arguments?"""
        return count < LEAST_PLAIN and loader - 1 not in self.supers and self._is_plain(loader, index)

    def _is_plain(self, loader: int, call: int) -> bool:
        """Is it a function of a module whose attribute is loaded here, for the compiler?"""
        if not self.plain or self.base(loader) not in self.plain:
            return False
        hides = self.hides_imports and self.code.name == "<module>"
        return not (hides and self.stack.holds("LOAD_FAST_AND_CLEAR", loader - 1, call))


_WATCHED = Watched(
    {
        "DICT_MERGE": Lower._dict_merge,
        "CALL_FUNCTION": Lower._call_function,
        "CALL_FUNCTION_KW": Lower._call_function_kw,
        "CALL_FUNCTION_EX": Lower._call_function_ex,
        "CALL_METHOD": Lower._call_method,
    },
    {"LOAD_GLOBAL": Lower._load_global},
    ("LOAD_METHOD",),
)
