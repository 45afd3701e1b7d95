"""Operators, with Python's precedence."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree
from pyasm.lang.parser.cursor import new
from pyasm.lang.parser.expressions import POSTFIXES, VARIABLES
from pyasm.lang.parser.targets import TargetReader
from pyasm.text.tokens import Wrong
from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyasm.lang.tree import Expression


class Infix(NamedTuple):
    """How tight an operator binds, its name in the tree, and how many tokens it is."""

    precedence: int
    operator: str
    width: int = 1


OR, XOR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, SIGN, POWER = range(13)


class Operations(TargetReader):
    """Reads expressions with operators."""

    def operation(self) -> Expression:
        """An expression: operands, operators, assignments in it. It may begin with OP."""
        texts, i = self.texts, self.i
        if texts[i] in _OP:
            self.i = i = i + 1
        value = self._binary(OR)
        while texts[self.i] in _ASSIGNMENTS:
            value = self._assignment(value, i)
        return value

    def _assignment(self, left: Expression, i: int) -> Expression:
        """`target := value`, `value =: target`; what is on the left, from the token `i` on, has been read."""
        stored_left = self.texts[self.i] == ":="
        self.i += 1
        self.deeper()
        if stored_left:
            target, value = self.as_target(left, i), self.operation()
        else:
            target, value = self.target(), left
        self.depth -= 1
        return tree.Assign(self.starts[i], self.end(), target, value)

    def _binary(self, least: int) -> Expression:
        """Operands and operators that bind at least so tight."""
        texts, i = self.texts, self.i
        kind, name = VARIABLES.get(texts[i]), texts[i + 1]
        if kind is not None and name.isidentifier():
            self.i, starts = i + 2, self.starts
            left: Expression = new(kind, (starts[i], starts[i + 1] + len(name), name))
            token = texts[i + 2]
            if token in _NO_OPERATORS and not self.free:
                return left
            if token[:1] in POSTFIXES or self.free:
                left = self.postfixes(left, starts[i])
        else:
            first = texts[i][:1]
            if first in _LITERALS and name in _NO_OPERATORS and not self.free:
                return self._literal()
            left = self.operand() if first in _OPERANDS else self._unary()
        while True:
            token = texts[self.i]
            if token in _NO_OPERATORS and not (self.free and token == "\n"):
                return left
            infix = _SIGNS.get(token) or self._spelled()
            if infix is None:
                return left
            precedence, _, width = infix
            if precedence < least:
                return left
            if token in _BEGINNINGS:
                self._check_sign()
            self.i += width
            left = _READERS[precedence](self, left, infix)

    def _check_sign(self) -> None:
        """Refuse an operator of other languages that begins with one of ours."""
        texts, i = self.texts, self.i
        sign = texts[i] + texts[i + 1]
        if sign in _ELSEWHERE and self.starts[i + 1] == self.starts[i] + 1 and not texts[i + 2].isidentifier():
            raise Wrong(i, f"no operator is called {sign!r}", f"did you mean {_ELSEWHERE[sign]}?")

    def _unary(self) -> Expression:
        i = self.i
        token = self.texts[i]
        if token == "\n":
            self.skip_free()
            i = self.i
            token = self.texts[i]
        operator = _UNARY.get(token) or _UNARY.get(token.lower())
        if operator is None or (token == "~" and (self.texts[i + 1].isidentifier() or self.texts[i + 1][:1] == "`")):
            return self.operand()
        self.i += 1
        self.deeper()
        operand = self._binary(NOT if operator == "not" else SIGN)
        self.depth -= 1
        start = self.starts[i]
        if operator in _SIGNED and type(operand) is tree.Constant and type(operand.value) in _NUMBERS:
            return new(tree.Constant, (start, operand.end, _SIGNED[operator](operand.value)))
        return new(tree.Unary, (start, operand.end, operator, operand))

    def _infix(self) -> Infix | None:
        """The operator that begins at this token."""
        token = self.texts[self.i]
        if token in _NO_OPERATORS and not self.free:
            return None
        return _SIGNS.get(token) or self._spelled()

    def _spelled(self) -> Infix | None:
        """The operator that begins at this token, when it is a word, or two."""
        if self.free:
            self.skip_lines()
            if self.texts[self.i] in _NO_OPERATORS:
                return None
        token = self.texts[self.i].lower()
        infix = _SIGNS.get(token) or _WORDS.get(token)
        if infix is None and token in _PAIRS:
            infix = _PAIRS[token].get(self.texts[self.i + 1].lower())
        return infix or (_IS if token == "is" else None)

    def _left(self, left: Expression, infix: Infix) -> Expression:
        right = self._binary(infix.precedence + 1)
        return new(tree.Binary, (left[0], right[1], infix.operator, left, right))

    def _power(self, left: Expression, infix: Infix) -> Expression:
        self.deeper()
        right = self._binary(POWER)
        self.depth -= 1
        return tree.Binary(left.start, right.end, infix.operator, left, right)

    def _comparison(self, left: Expression, infix: Infix) -> Expression:
        if infix.operator in _TESTS:
            return self._left(left, infix)
        rest = [(infix.operator, self._binary(BIT_OR))]
        following = self._infix()
        while following is not None and following.precedence == COMPARE and following.operator not in _TESTS:
            self.i += following.width
            rest.append((following.operator, self._binary(BIT_OR)))
            following = self._infix()
        return new(tree.Compare, (left[0], rest[-1][1][1], left, tuple(rest)))

    def _logic(self, left: Expression, infix: Infix) -> Expression:
        if infix.operator not in ("and", "or"):
            return self._left(left, infix)
        operands = [left, self._binary(infix.precedence + 1)]
        while True:
            following = self._infix()
            if following is None or following.operator != infix.operator:
                return new(tree.Logic, (left.start, operands[-1].end, infix.operator, tuple(operands)))
            self.i += following.width
            operands.append(self._binary(infix.precedence + 1))


_SIGNS = {
    **{sign: Infix(COMPARE, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
    "|": Infix(BIT_OR, "|"),
    "^": Infix(BIT_XOR, "^"),
    "&": Infix(BIT_AND, "&"),
    **{sign: Infix(SHIFT, sign) for sign in ("<<", ">>")},
    **{sign: Infix(SUM, sign) for sign in ("+", "-")},
    **{sign: Infix(PRODUCT, sign) for sign in ("*", "/", "//", "%", "@")},
    "**": Infix(POWER, "**"),
}
_NO_OPERATORS = frozenset({"\n", ";", ",", ")", "]", "}", "->", "{", ":", ""})
_TESTS = ("isinstance", "issubclass", "hasattr")
_WORDS = {
    "or": Infix(OR, "or"),
    "oreval": Infix(OR, "or"),
    "nor": Infix(OR, "nor"),
    "xor": Infix(XOR, "xor"),
    "xnor": Infix(XOR, "xnor"),
    "and": Infix(AND, "and"),
    "andeval": Infix(AND, "and"),
    "nand": Infix(AND, "nand"),
    "in": Infix(COMPARE, "in"),
    **{word: Infix(COMPARE, word) for word in _TESTS},
}
_IS = Infix(COMPARE, "is")
_PAIRS = {
    "not": {"in": Infix(COMPARE, "not in", 2)},
    "is": {"not": Infix(COMPARE, "is not", 2)},
    "!": {
        "is": Infix(COMPARE, "is not", 2),
        "in": Infix(COMPARE, "not in", 2),
        "or": Infix(OR, "nor", 2),
        "xor": Infix(XOR, "xnor", 2),
        "and": Infix(AND, "nand", 2),
    },
}
WORDS = frozenset({*_WORDS, *_PAIRS["not"], "is", "not"})
"""The operators that are words."""

_READERS: dict[int, Callable[[Operations, Expression, Infix], Expression]] = {
    **dict.fromkeys(range(POWER), Operations._left),
    OR: Operations._logic,
    AND: Operations._logic,
    COMPARE: Operations._comparison,
    POWER: Operations._power,
}
INFIXES = sorted({*_WORDS, "is", "is not", "not in", "!is", "!in"})
"""The operators between operands that are words, as a hint names them."""

_ELSEWHERE = {"&&": "and", "||": "or", "<>": "!="}
"""Operators of other languages, and what they are called here."""
_BEGINNINGS = frozenset(sign[0] for sign in _ELSEWHERE)

_UNARY = {"-": "-", "+": "+", "~": "~", "!": "not", "not": "not"}
_LITERALS = frozenset('"0123456789')
_OPERANDS = _LITERALS | frozenset("$@%([§")
"""What most operands begin with."""

_SIGNED: dict[str, Callable[[complex], complex]] = {"-": lambda n: -n, "+": lambda n: n}
_NUMBERS = (int, float, complex)
_ASSIGNMENTS = frozenset({":=", "=:"})
_OP = frozenset({"OP", "Op", "oP", "op"})
