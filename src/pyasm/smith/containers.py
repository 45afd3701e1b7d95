"""Expressions that give strings, lists of ints, dicts of ints, or anything that can be printed."""

from __future__ import annotations

from pyasm.smith.constructs import construct
from pyasm.smith.frame import Frame

TEXTS = ("", "a", "xyz", "Grüße", "\N{SNOWMAN}", "line\n", "%s", "{}")
CONSTANTS = (None, ..., 1.5, -0.0, 2j, b"bytes", (), (1, ("a", None)), frozenset({3}), 1e300, True, "text", 10**30)


# -- str


@construct("str", 4, leaf=True)
def text(f: Frame, depth: int) -> None:
    """A constant."""
    f.const(f.choices.pick(TEXTS))


@construct("str", 10, leaf=True, where=lambda f: f.names("str"))
def text_variable(f: Frame, depth: int) -> None:
    """The beginning of a variable, so that no string doubles in a loop."""
    f.load(f.choices.pick(f.names("str")))
    beginning(f)


def beginning(f: Frame, size: int = 4) -> None:
    """Cut what is on top."""
    f.const(None)
    f.const(size)
    f.emit("BUILD_SLICE", 2)
    f.emit("BINARY_SUBSCR")


@construct("str", 3)
def formatted(f: Frame, depth: int) -> None:
    """A formatted value."""
    conversion = f.choices.below(4)
    kind = f.choices.pick(("int", "int", "str", "list", "any"))
    f.value(depth, kind)
    if kind in ("int", "str") and f.choices.chance(0.5):
        f.const(">6" if kind == "str" or conversion else "05d")
        f.emit("FORMAT_VALUE", conversion | 4)
    else:
        f.emit("FORMAT_VALUE", conversion)


@construct("str", 1)
def converted(f: Frame, depth: int) -> None:
    """A converted value."""
    f.value(depth, f.choices.pick(("int", "str", "any")))
    f.emit("CONVERT_VALUE", f.choices.between(1, 3))


@construct("str", 2)
def joined(f: Frame, depth: int) -> None:
    """Several strings in one."""
    size = f.choices.between(2, 4)
    for _ in range(size):
        f.value(depth, "str")
    f.emit("BUILD_STRING", size)


@construct("str", 1)
def concatenation(f: Frame, depth: int) -> None:
    """The sum of two strings, or a multiple of one."""
    f.value(depth, "str")
    if f.choices.chance(0.5):
        f.value(depth, "str")
        f.emit(f.choices.pick(("BINARY_ADD", "INPLACE_ADD")))
    else:
        f.const(f.choices.below(3))
        f.emit("BINARY_MULTIPLY")


@construct("str", 1)
def string_method(f: Frame, depth: int) -> None:
    """A method of a string."""
    f.value(depth, "str")
    f.emit("LOAD_METHOD", f.choices.pick(("upper", "strip", "title", "swapcase")))
    f.emit("CALL_METHOD", 0)


@construct("str", 0.5)
def percent(f: Frame, depth: int) -> None:
    """The operator % of a string."""
    f.const(f.choices.pick(("%s-%r", "%d %5d")))
    f.value(depth)
    f.value(depth)
    f.emit("BUILD_TUPLE", 2)
    f.emit("BINARY_MODULO")


# -- list


@construct("list", 2, leaf=True)
def short_list(f: Frame, depth: int) -> None:
    """A list of constants."""
    f.emit("BUILD_LIST", 0)
    if f.choices.chance(0.8):
        f.const(tuple(f.choices.below(20) for _ in range(f.choices.between(2, 3))))
        f.emit("LIST_EXTEND", 1)


@construct("list", 10, leaf=True, where=lambda f: f.names("list"))
def list_variable(f: Frame, depth: int) -> None:
    """The beginning of a variable, so that no list doubles in a loop."""
    f.load(f.choices.pick(f.names("list")))
    beginning(f)


@construct("list", 4)
def list_display(f: Frame, depth: int) -> None:
    """A list of values."""
    size = f.choices.between(0, 4)
    for _ in range(size):
        f.value(depth)
    f.emit("BUILD_LIST", size)


@construct("list", 2)
def list_unpacking(f: Frame, depth: int) -> None:
    """[*a, b, *c]."""
    f.emit("BUILD_LIST", 0)
    for _ in range(f.choices.between(1, 3)):
        if f.choices.chance(0.5):
            f.value(depth, "list")
            f.emit("LIST_EXTEND", 1)
        else:
            f.value(depth)
            f.emit("LIST_APPEND", 1)


@construct("list", 1)
def list_slice(f: Frame, depth: int) -> None:
    """A slice of a list."""
    f.value(depth, "list")
    size = f.choices.between(2, 3)
    for bound in range(size):
        if f.choices.chance(0.3) and bound < 2:
            f.value(depth)
        else:
            f.const(f.choices.pick((None, 0, 1, -1) if bound < 2 else (None, 1, 2, -1)))
    f.emit("BUILD_SLICE", size)
    f.emit("BINARY_SUBSCR")


@construct("list", 1)
def list_of_set(f: Frame, depth: int) -> None:
    """A sorted set."""
    f.load("sorted")
    size = f.choices.between(0, 3)
    for _ in range(size):
        f.value(depth)
    f.emit("BUILD_SET", size)
    if f.choices.chance(0.5):
        f.value(depth, "list")
        f.emit("SET_UPDATE", 1)
    f.call(1)


@construct("list", 1)
def list_of_tuple(f: Frame, depth: int) -> None:
    """A list of a tuple of a list."""
    f.load("list")
    f.emit("BUILD_LIST", 0)
    f.value(depth, "list")
    f.emit("LIST_EXTEND", 1)
    f.emit("LIST_TO_TUPLE")
    f.call(1)


@construct("list", 1)
def list_of_range(f: Frame, depth: int) -> None:
    """list(range(n))."""
    f.load("list")
    f.load("range")
    f.const(f.choices.below(4))
    f.call(1)
    f.call(1)


@construct("list", 1)
def list_of_values(f: Frame, depth: int) -> None:
    """The values of a dict."""
    f.load("list")
    f.value(depth, "dict")
    f.emit("LOAD_METHOD", "values")
    f.emit("CALL_METHOD", 0)
    f.call(1)


# -- dict


@construct("dict", 2, leaf=True)
def empty_dict(f: Frame, depth: int) -> None:
    """{}."""
    f.emit("BUILD_MAP", 0)


@construct("dict", 2)
def dict_display(f: Frame, depth: int) -> None:
    """A dict of keys and values."""
    size = f.choices.between(1, 3)
    for key in "abc"[:size]:
        f.const(key)
        f.value(depth)
    f.emit("BUILD_MAP", size)


@construct("dict", 2)
def dict_of_constant_keys(f: Frame, depth: int) -> None:
    """A dict of constant keys."""
    keys = tuple("cab"[: f.choices.between(1, 3)])
    for _ in keys:
        f.value(depth)
    f.const(keys)
    f.emit("BUILD_CONST_KEY_MAP", len(keys))


@construct("dict", 1)
def dict_unpacking(f: Frame, depth: int) -> None:
    """{**a, 'b': b}."""
    f.emit("BUILD_MAP", 0)
    f.value(depth, "dict")
    f.emit("DICT_UPDATE", 1)
    f.const("b")
    f.value(depth)
    f.emit("MAP_ADD", 1)


# -- anything


@construct("any", 3, leaf=True)
def constant(f: Frame, depth: int) -> None:
    """A constant of any type."""
    f.const(f.choices.pick(CONSTANTS))


@construct("any", 4)
def typed_value(f: Frame, depth: int) -> None:
    """A value of one of the types."""
    f.value(depth, f.choices.pick(("int", "int", "str", "list", "dict", "bool")))


@construct("any", 1)
def quotient(f: Frame, depth: int) -> None:
    """A float."""
    f.value(depth)
    f.const(f.choices.pick((2, 4, 0.5, 3)))
    f.emit(f.choices.pick(("BINARY_TRUE_DIVIDE", "INPLACE_TRUE_DIVIDE")))


@construct("any", 1)
def pair(f: Frame, depth: int) -> None:
    """A tuple."""
    f.value(depth, "any")
    f.value(depth, "any")
    f.emit("BUILD_TUPLE", 2)


@construct("any", 0.3)
def matrix_product(f: Frame, depth: int) -> None:
    """An operator that numbers do not have: TypeError."""
    f.value(depth)
    f.value(depth)
    f.emit(f.choices.pick(("BINARY_", "INPLACE_")) + "MATRIX_MULTIPLY")


@construct("any", 0.5, needs="BUILD_TEMPLATE")
def template(f: Frame, depth: int) -> None:
    """The strings and values of a template string."""
    f.const(("a", "b"))
    f.value(depth)
    f.const("expression")
    spec = f.choices.below(2)
    if spec:
        f.const("5")
    f.emit("BUILD_INTERPOLATION", f.choices.below(4) << 2 | spec)
    f.emit("BUILD_TUPLE", 1)
    f.emit("BUILD_TEMPLATE")
    f.emit("DUP_TOP")
    f.emit("LOAD_ATTR", "strings")
    f.emit("ROT_TWO")
    f.emit("LOAD_ATTR", "values")
    f.emit("BUILD_TUPLE", 2)
