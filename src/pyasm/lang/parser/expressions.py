"""Expressions: operands with what stands before and behind them, displays, arguments."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree
from pyasm.lang.parser.cursor import MAX_DEPTH, TOO_DEEP, Cursor, new
from pyasm.text.constants import NAMED
from pyasm.text.tokens import ENDS, Wrong, described
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.lang.tree import Expression

    Element = Expression | tree.Starred


class Operands(Cursor):
    """Reads operands: `$x[0].name(1)`, `"text"`, `[1, 2]`."""

    def operation(self) -> Expression:
        """An expression with operators; `Operations` has it."""
        raise NotImplementedError

    def is_keyword(self, word: str) -> bool:
        """Has a word a meaning of its own? `Parser` knows."""
        raise NotImplementedError

    def is_statement_in(self, opener: int) -> bool:
        """Does a statement begin behind a bracket? `Parser` knows."""
        raise NotImplementedError

    def operand(self) -> Expression:
        """An operand with all that is behind it: items, attributes, calls."""
        texts, i = self.texts, self.i
        token = texts[i]
        variable = VARIABLES.get(token)
        if variable is not None and texts[i + 1].isidentifier():
            name, starts = texts[i + 1], self.starts
            self.i = i + 2
            node: Expression = new(variable, (starts[i], starts[i + 1] + len(name), name))
        else:
            prefix = _PREFIXES.get(token)
            if prefix is not None:
                node = prefix(self)
            elif token[:1].isdigit() or token[-1:] == '"' or token[:1] in ('"', "."):
                node = self._literal()
            else:
                node = self._word()
        if texts[self.i][:1] in POSTFIXES or self.free:
            return self.postfixes(node, self.starts[i])
        return node

    def postfixes(self, node: Expression, start: int) -> Expression:
        """An operand with what is behind it."""
        texts = self.texts
        while True:
            if self.free:
                self.skip_lines()
            token = texts[self.i]
            if token == "[":
                node = self._item(node, start)
            elif token == "(":
                node = self.call(node, start)
            elif token[:1] == "." and token != "...":
                node = self._attribute(node, start)
            else:
                return node

    # -- what begins an operand

    def _literal(self) -> Expression:
        i = self.i
        start = self.starts[i]
        token = self.texts[i]
        if token in _DIGITS or (token.isdecimal() and len(token) < _SHORT and token.isascii() and token[0] != "0"):
            self.i = i + 1
            return new(tree.Constant, (start, start + len(token), int(token)))
        if token[0] == '"' and token[-1] == '"' and "\\" not in token and self._is_alone(i):
            self.i = i + 1
            return new(tree.Constant, (start, start + len(token), token[1:-1]))
        value, self.i = self.constants.constant(i, 0)
        return new(tree.Constant, (start, self.end(), value))

    def _is_alone(self, i: int) -> bool:
        """Is a token all of a string, with another quote at its end, and nothing to be joined with it?"""
        following = self.texts[i + 1]
        return len(self.texts[i]) > 1 and following[:1] != '"' and following[-1:] != '"'

    def _word(self) -> Expression:
        token = self.texts[self.i]
        if token in NAMED:
            return self._literal()
        word = OPERAND_WORDS.get(token.upper())
        if word is not None:
            node: Expression = word(self)
            return node
        if self.texts[self.i + 1] == "(" and token.lower() in REDUCERS:
            return self._reduce(token.lower())
        if token in ENDS and not self.free:
            self.wanted("an expression")
        if token == "\n":
            self.skip_lines()
            return self.operand()
        self.wanted("an expression", "" if self.is_keyword(token) else _hint(token))

    def _reduce(self, operator: str) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        arguments = self.arguments()
        return tree.Reduce(start, self.end(), operator, arguments)

    def _operation(self) -> Expression:
        """`OP (...)`, within an expression."""
        if self.texts[self.i + 1] != "(":
            raise Wrong(self.i + 1, f"'(' is needed, not {described(self.texts[self.i + 1])}", _OP_HINT)
        self.i += 1
        return self._round()

    def _await(self) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        self.deeper()
        value = self.operand()
        self.depth -= 1
        return tree.Await(start, value.end, value)

    def _local(self) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        token = self.texts[self.i]
        if token[:1].isdigit():
            number, self.i = self.constants.number(self.i)
            return tree.Local(start, self.end(), number)
        if token == ":":
            self.i += 1
            name = self.name()
            return tree.CallerLocal(start, self.end(), name)
        if token[:1] != "`":
            self.wanted("the name or the number of a local variable", "for example $x")
        name = self.name()
        return tree.Local(start, self.end(), name)

    def _global(self) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        static = self.texts[self.i] == "!"
        self.i += static
        name = self.name()
        return (tree.StaticGlobal if static else tree.Global)(start, self.end(), name)

    def _captured(self) -> Expression:
        start, name = self._prefixed()
        return tree.Captured(start, self.end(), name)

    def _builtin(self) -> Expression:
        start, name = self._prefixed()
        return tree.Builtin(start, self.end(), name)

    def _binding(self) -> Expression:
        start, name = self._prefixed()
        return tree.Binding(start, self.end(), name)

    def _prefixed(self) -> tuple[int, str]:
        start = self.starts[self.i]
        self.i += 1
        return start, self.name()

    def _top(self) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        depth = 0
        if self.texts[self.i][:1].isdigit() and self.starts[self.i] == start + 1:
            depth, self.i = self.constants.number(self.i)
        return tree.Top(start, self.end(), depth)

    # -- displays

    def _round(self) -> Expression:
        """`( e )`, or a tuple."""
        opener = self.i
        start = self.starts[opener]
        self._open()
        if self.texts[self.i] == ")":
            self.i += 1
            self.depth -= 1
            return tree.Tuple(start, self.end(), ())
        first = self._element()
        if self.texts[self.i] == ")" and not isinstance(first, tree.Starred):
            self.i += 1
            self.depth -= 1
            return new(type(first), (start, self.end(), *first[2:]))
        elements = self._more(opener, ")", [first])
        if len(elements) == 1 and self.texts[self.i - 2] != ",":
            raise Wrong(self.i - 1, "',' is needed, not ')'", "a tuple of one has a comma: (*e,)")
        return new(tree.Tuple, (start, self.end(), tuple(elements)))

    def _square(self) -> Expression:
        opener = self.i
        start = self.starts[opener]
        self._open()
        elements = self._more(opener, "]", [])
        return new(tree.List, (start, self.end(), tuple(elements)))

    def _curly(self) -> Expression:
        """A set or a map; `{}` is a map."""
        opener = self.i
        start = self.starts[opener]
        if self.is_statement_in(opener):
            self.wanted("an expression")
        free, self.free = self.free, True
        self._open()
        self.skip_lines()
        if self.texts[self.i] in ("}", "**"):
            node = self._map(opener, start, [])
        else:
            first = self._element()
            self.skip_lines()
            if self.texts[self.i] == ":" and not isinstance(first, tree.Starred):
                node = self._map(opener, start, [self._pair(first)])
            else:
                elements = self._more(opener, "}", [first])
                node = tree.Set(start, self.end(), tuple(elements))
        self.free = free
        return node

    def _map(self, opener: int, start: int, pairs: list[tree.Pair]) -> Expression:
        while self._goes_on(opener, "}", bool(pairs)):
            if self.texts[self.i] == "**":
                begin = self.starts[self.i]
                self.i += 1
                value = self.operation()
                pairs.append(tree.Pair(begin, value.end, None, value))
            else:
                pairs.append(self._pair(self.operation()))
        return tree.Map(start, self.end(), tuple(pairs))

    def _pair(self, key: Expression) -> tree.Pair:
        self.skip_lines()
        self.expect(":")
        value = self.operation()
        return tree.Pair(key.start, value.end, key, value)

    def _open(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Wrong(self.i, TOO_DEEP)
        self.i += 1

    def _element(self) -> Element:
        if self.free:
            self.skip_lines()
        if self.texts[self.i] != "*":
            return self.operation()
        start = self.starts[self.i]
        self.i += 1
        value = self.operation()
        return tree.Starred(start, value.end, value)

    def _more(self, opener: int, closing: str, elements: list[Any]) -> list[Any]:
        """Elements up to a bracket; some may have been read already."""
        texts = self.texts
        while self._goes_on(opener, closing, bool(elements)):
            elements.append(self._element() if texts[self.i] == "*" else self.operation())
        return elements

    def _goes_on(self, opener: int, closing: str, comma: bool) -> bool:
        """Is there one more element, after a comma where one is needed? Else the bracket has been read."""
        if self.free:
            self.skip_lines()
        texts, i = self.texts, self.i
        token = texts[i]
        if comma and token == ",":
            self.i = i + 1
            if self.free:
                self.skip_lines()
            token = texts[self.i]
            comma = False
        if token == closing:
            self.i += 1
        elif comma or token in ENDS:
            self.close(opener, closing)
        else:
            return True
        self.depth -= 1
        return False

    # -- what stands behind an operand

    def _item(self, value: Expression, start: int) -> Expression:
        opener = self.i
        self._open()
        if self.texts[self.i] == "]":
            self.wanted("an index")
        first = self._key()
        if self.texts[self.i] == "]":
            end = self.starts[self.i] + 1
            self.i += 1
            self.depth -= 1
            return new(tree.Item, (start, end, value, first))
        keys = [first]
        while self._goes_on(opener, "]", True):
            keys.append(self._key())
        key = tree.Tuple(first.start, keys[-1].end, tuple(keys))
        return tree.Item(start, self.end(), value, key)

    def _key(self) -> Expression:
        """An index, or a slice."""
        if self.free:
            self.skip_lines()
        start = self.starts[self.i]
        first = self._part()
        if self.texts[self.i] != ":":
            if first is None:
                self.wanted("an index")
            return first
        self.i += 1
        upper, step = self._part(), None
        if self.texts[self.i] == ":":
            self.i += 1
            step = self._part()
        return tree.Slice(start, self.end(), first, upper, step)

    def _part(self) -> Expression | None:
        """A part of a slice, which may be left out."""
        if self.texts[self.i] in _KEY_ENDS:
            return None
        value = self.operation()
        if self.free:
            self.skip_lines()
        return value

    def _attribute(self, value: Expression, start: int) -> Expression:
        token = self.texts[self.i]
        self.i += 1
        if token != ".":
            if not token[1:].isidentifier():
                raise Wrong(self.i - 1, f"an operator is needed, not {described(token)}")
            return new(tree.Attribute, (start, self.starts[self.i - 1] + len(token), value, token[1:]))
        if self.texts[self.i] == "(":
            opener = self.i
            self._open()
            name = self.operation()
            self.close(opener, ")")
            self.depth -= 1
            return tree.ComputedAttribute(start, self.end(), value, name)
        static = self.texts[self.i] == "!"
        self.i += static
        attribute = self.name()
        return (tree.StaticAttribute if static else tree.Attribute)(start, self.end(), value, attribute)

    def call(self, function: Expression, start: int) -> tree.Call:
        """The arguments of a call."""
        arguments = self.arguments()
        end = self.starts[self.i - 1] + 1  # of the bracket
        return new(tree.Call, (start, end, function, arguments, False))

    def arguments(self) -> tuple[tree.Argument, ...]:
        """Arguments in brackets, in an order that Python takes."""
        opener = self.i
        delaying, self.delaying = self.delaying, False
        self._open()
        found: list[tree.Argument] = []
        names: set[str] = set()
        while self._goes_on(opener, ")", bool(found)):
            i = self.i
            argument = self._argument(delaying)
            name, stars = argument[3], argument[4]
            if name is not None:
                if name in names:
                    raise Wrong(i, f"the argument {name} stands here twice")
                names.add(name)
            elif stars == 2:
                names.add("**")
            elif names and ("**" in names or not stars):
                behind = "of **" if "**" in names else "by name"
                raise Wrong(i, f"an argument by position stands behind one {behind}")
            found.append(argument)
        self.delaying = delaying
        return tuple(found)

    def _argument(self, delaying: bool) -> tree.Argument:
        if self.free:
            self.skip_lines()
        texts, i = self.texts, self.i
        start = self.starts[i]
        late, name, stars = False, None, 0
        if texts[i + 1] == "=" or texts[i][:1] in _BEFORE_ARGUMENTS:
            late = texts[i] == "?" and self._delay(delaying)
            stars = _STARS.get(texts[self.i], 0)
            if stars:
                self.i += 1
            elif texts[self.i + 1] == "=" and texts[self.i].isidentifier():
                name = texts[self.i]
                self.i += 2
                late = (texts[self.i] == "?" and self._delay(delaying)) or late
            elif texts[self.i][:1] == "`":
                name = self.name()
                self.expect("=", "a name in backquotes is that of an argument here")
        value = self.operation()
        return new(tree.Argument, (start, value[1], value, name, stars, late))

    def _delay(self, allowed: bool) -> bool:
        if not allowed:
            raise Wrong(self.i, "only the arguments of CALL PARTIAL can be delayed by '?'")
        self.i += 1
        return True


_PREFIXES: dict[str, Callable[[Operands], Any]] = {
    "$": Operands._local,
    "@": Operands._global,
    "§": Operands._captured,
    "~": Operands._builtin,
    "&": Operands._binding,
    "%": Operands._top,
    "(": Operands._round,
    "[": Operands._square,
    "{": Operands._curly,
}
OPERAND_WORDS: dict[str, Callable[[Operands], Any]] = {"OP": Operands._operation, "AWAIT": Operands._await}
REDUCERS = frozenset({"sum", "prod", "avg", "avgi", "tuple", "list", "set", "dict", "min", "max", "len"})
"""The operators that are written like a call."""

VARIABLES: dict[str, type[Any]] = {
    "$": tree.Local,
    "@": tree.Global,
    "§": tree.Captured,
    "~": tree.Builtin,
    "&": tree.Binding,
}
"""The signs before names."""

_DIGITS = frozenset("0123456789")
_SHORT = 10
"""A number of fewer digits needs no care."""

POSTFIXES = frozenset({"[", "(", "."})
_KEY_ENDS = frozenset({":", "]", ","})
_STARS = {"*": 1, "**": 2}
_BEFORE_ARGUMENTS = frozenset({"?", "*", "`"})
_OP_HINT = "the brackets of OP may be left out only where it begins"


def _hint(token: str) -> str:
    if token.isidentifier():
        if token.lower() in ("none", "true", "false"):
            return f"did you mean {token.capitalize()}?"
        return f"a variable has a sign before it: ${token} local, @{token} global, ~{token} builtin"
    if token[:1] == "'":
        return "strings stand in double quotes"
    return ""
