"""Expressions: values of the program; and targets: places for a value."""

from __future__ import annotations

from pyasm.typed import TYPE_CHECKING, Any, NamedTuple


class Constant(NamedTuple):
    """A literal: a number, a string, bytes, None, True, False or `...`. LOAD_CONST has more of them, see Literal."""

    start: int
    end: int
    value: Any


class Global(NamedTuple):
    """`@name`: looked up when it runs."""

    start: int
    end: int
    name: str


class StaticGlobal(NamedTuple):
    """`@!name`: the value that the global has when the code is assembled."""

    start: int
    end: int
    name: str


class Local(NamedTuple):
    """`$name`, or `$0` by its number."""

    start: int
    end: int
    name: str | int


class CallerLocal(NamedTuple):
    """`$:name` in a macro: a local variable of the code that calls it."""

    start: int
    end: int
    name: str


class Captured(NamedTuple):
    """`§name`: a variable that is shared with an outer or inner function."""

    start: int
    end: int
    name: str


class Builtin(NamedTuple):
    """`~name`: a builtin, a module, or a word that the assembler knows; found when the code is assembled."""

    start: int
    end: int
    name: str


class Binding(NamedTuple):
    """`&name`: a parameter of the macro around it, or an object that was handed to the assembler."""

    start: int
    end: int
    name: str


class Top(NamedTuple):
    """`%`, `%n`: the value on top of the stack, or n below it. As a target: leave the value there."""

    start: int
    end: int
    depth: int


class Item(NamedTuple):
    """`value[key]`; the key may be a Slice, or a Tuple with slices in it."""

    start: int
    end: int
    value: Expression
    key: Expression


class Slice(NamedTuple):
    """`lower:upper:step` in brackets; what is left out is None."""

    start: int
    end: int
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Attribute(NamedTuple):
    """`value.name`"""

    start: int
    end: int
    value: Expression
    name: str


class ComputedAttribute(NamedTuple):
    """`value.(name)`: the name is the value of an expression."""

    start: int
    end: int
    value: Expression
    name: Expression


class StaticAttribute(NamedTuple):
    """`value.!name`: read when the code is assembled."""

    start: int
    end: int
    value: Expression
    name: str


class Call(NamedTuple):
    """`function(arguments)`. `partial`: CALL PARTIAL, which gives a callable. The span is from the function on."""

    start: int
    end: int
    function: Expression
    arguments: tuple[Argument, ...]
    partial: bool = False


class Argument(NamedTuple):
    """An argument: `e`, `name=e` (with `name`), `*e` (`stars` is 1) or `**e` (2). `delayed`: a `?` is before it."""

    start: int
    end: int
    value: Expression
    name: str | None = None
    stars: int = 0
    delayed: bool = False


class List(NamedTuple):
    """`[a, *b]`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Tuple(NamedTuple):
    """`(a, *b)`, `(a,)`, `()`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Set(NamedTuple):
    """`{a, *b}`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Map(NamedTuple):
    """`{key: value, **more}`; `**more` is a Pair without a key."""

    start: int
    end: int
    pairs: tuple[Pair, ...]


class Pair(NamedTuple):
    """`key: value`; without a key it is `**value`."""

    start: int
    end: int
    key: Expression | None
    value: Expression


class Starred(NamedTuple):
    """`*value`, in a display, or `*target` where something is unpacked."""

    start: int
    end: int
    value: Expression | Target | Starred


class Unary(NamedTuple):
    """`operator` is "-", "+", "~" or "not"."""

    start: int
    end: int
    operator: str
    operand: Expression


class Binary(NamedTuple):
    """Both operands are evaluated. `operator` is one of Python's, or "xor", "nand", "nor", "xnor" (of truths),
    "isinstance", "issubclass", "hasattr".
    """

    start: int
    end: int
    operator: str
    left: Expression
    right: Expression


class Compare(NamedTuple):
    """`first < second <= third`: `rest` has the operators, as Python spells them ("not in"), and operands."""

    start: int
    end: int
    first: Expression
    rest: tuple[tuple[str, Expression], ...]


class Logic(NamedTuple):
    """`a and b and c`: `operator` is "and" or "or"; there are two operands or more."""

    start: int
    end: int
    operator: str
    operands: tuple[Expression, ...]


class Assign(NamedTuple):
    """`target := value` and `value =: target`: it is stored, and the value stays. The value is evaluated first."""

    start: int
    end: int
    target: Target
    value: Expression


class Reduce(NamedTuple):
    """`sum(a, b)`: `operator` is sum, prod, avg, avgi, tuple, list, set, dict, min, max or len."""

    start: int
    end: int
    operator: str
    arguments: tuple[Argument, ...]


class Await(NamedTuple):
    """`AWAIT value`"""

    start: int
    end: int
    value: Expression


class Discard(NamedTuple):
    r"""The target `\`: drop the value."""

    start: int
    end: int


class Targets(NamedTuple):
    """`a, b, *rest`: unpack the value. One of them may be Starred."""

    start: int
    end: int
    elements: tuple[Target | Starred, ...]


if TYPE_CHECKING:
    Expression = (
        Constant
        | Global
        | StaticGlobal
        | Local
        | CallerLocal
        | Captured
        | Builtin
        | Binding
        | Top
        | Item
        | Slice
        | Attribute
        | ComputedAttribute
        | StaticAttribute
        | Call
        | List
        | Tuple
        | Set
        | Map
        | Unary
        | Binary
        | Compare
        | Logic
        | Assign
        | Reduce
        | Await
    )
    Target = (
        Global
        | Local
        | CallerLocal
        | Captured
        | Binding
        | Attribute
        | ComputedAttribute
        | Item
        | Top
        | Discard
        | Targets
    )
