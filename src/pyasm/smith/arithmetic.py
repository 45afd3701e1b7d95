"""Expressions that give an int, and those that give a bool."""

from __future__ import annotations

from pyasm.smith.constructs import construct
from pyasm.smith.frame import Frame

MASK = 0xFFF
"""What keeps numbers small that grow fast."""
COMPARISONS = ("<", "<=", "==", "!=", ">", ">=")
PLAIN = ("ADD", "SUBTRACT", "AND", "OR", "XOR")
FAST_GROWING = ("MULTIPLY", "POWER", "LSHIFT")
BUILTINS = ("sum", "max", "min", "len")


@construct("int", 14, leaf=True)
def number(f: Frame, depth: int) -> None:
    """A constant: a small one, one beyond a byte, a negative one, a large one."""
    f.const(
        f.choices.weighted(
            [(f.choices.below(10), 6), (f.choices.below(1000), 2), (-f.choices.below(300), 2), (1 << 70, 0.3)]
        )
    )


@construct("int", 14, leaf=True, where=lambda f: f.names("int"))
def variable(f: Frame, depth: int) -> None:
    """A local variable or one of the closure."""
    f.load(f.choices.pick(f.names("int")))


@construct("int", 2, leaf=True, where=lambda f: f.program.globals)
def global_variable(f: Frame, depth: int) -> None:
    """A global."""
    f.emit("LOAD_GLOBAL" if f.fast or f.choices.chance(0.5) else "LOAD_NAME", f.choices.pick(f.program.globals))


@construct("int", 2, leaf=True, where=lambda f: f.fast and [name for name in f.frees if name != "__class__"])
def mapped_variable(f: Frame, depth: int) -> None:
    """A variable of the closure, unless a mapping has it."""
    name = f.choices.pick([name for name in f.frees if name != "__class__"])
    if f.choices.chance(0.5):
        f.emit("BUILD_MAP", 0)
    else:
        f.const(name)
        f.const(f.choices.below(50))
        f.emit("BUILD_MAP", 1)
    f.emit("LOAD_FROM_DICT_OR_DEREF", name)


@construct("int", 3, needs="MAKE_CELL", where=lambda f: f.fast and f.cells and not f.blocks)
def new_cell(f: Frame, depth: int) -> None:
    """A shared variable gets another cell for a while."""
    name = f.choices.pick(f.cells)
    f.emit("LOAD_FAST_AND_CLEAR", name)
    f.emit("MAKE_CELL", name)
    f.const(f.choices.below(50))
    f.emit("STORE_DEREF", name)
    with f.within(lambda value: drop(f, value)):
        f.value(depth)
    f.emit("SWAP", 2)
    f.emit("STORE_FAST", name)


@construct("int", 0.2, leaf=True)
def common_constant(f: Frame, depth: int) -> None:
    """A number that some versions have at hand."""
    f.emit("LOAD_COMMON_CONSTANT", f.choices.pick(("True", "False", "-1")))
    f.emit("UNARY_POSITIVE")


@construct("int", 5)
def arithmetic(f: Frame, depth: int) -> None:
    """An operator that makes numbers no longer than their sum."""
    f.value(depth)
    f.value(depth)
    f.emit(f.choices.pick(("BINARY_", "BINARY_", "INPLACE_")) + f.choices.pick(PLAIN))


@construct("int", 2)
def growth(f: Frame, depth: int) -> None:
    """An operator that makes long numbers, of short ones."""
    operator = f.choices.pick(FAST_GROWING)
    f.value(depth)
    f.const(MASK)
    f.emit("BINARY_AND")
    if operator == "MULTIPLY":
        f.value(depth)
    else:
        f.const(f.choices.below(5))
    f.emit(f.choices.pick(("BINARY_", "INPLACE_")) + operator)
    f.const(MASK)
    f.emit("BINARY_AND")


@construct("int", 2)
def division(f: Frame, depth: int) -> None:
    """A division, mostly by something other than zero."""
    f.value(depth)
    f.value(depth)
    if f.choices.chance(0.9):
        f.const(1)
        f.emit("BINARY_OR")
    f.emit(f.choices.pick(("BINARY_", "INPLACE_")) + f.choices.pick(("FLOOR_DIVIDE", "MODULO")))


@construct("int", 1)
def right_shift(f: Frame, depth: int) -> None:
    """A shift to the right by a small number."""
    f.value(depth)
    f.const(f.choices.below(9))
    f.emit(f.choices.pick(("BINARY_", "INPLACE_")) + "RSHIFT")


@construct("int", 2)
def unary(f: Frame, depth: int) -> None:
    """An operator with one operand."""
    f.value(depth)
    f.emit(f.choices.pick(("UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE")))


@construct("int", 2)
def conditional(f: Frame, depth: int) -> None:
    """One of two values."""
    other, end = f.labels("else", "end")
    condition(f, depth, other)
    f.value(depth)
    f.emit(f.choices.pick(("JUMP_FORWARD", "JUMP_ABSOLUTE")), end)
    f.place(other)
    f.value(depth)
    f.place(end)


def condition(f: Frame, depth: int, other: str) -> None:
    """Go to a label, or not."""
    f.value(depth, f.choices.pick(("bool", "bool", "bool", "int", "str", "list")))
    f.emit(f.choices.pick(("POP_JUMP_IF_FALSE", "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE")), other)


@construct("int", 1)
def boolean_operator(f: Frame, depth: int) -> None:
    """and, or."""
    (end,) = f.labels("end")
    f.value(depth)
    for _ in range(f.choices.between(1, 2)):
        f.emit(f.choices.pick(("JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP")), end)
        f.value(depth)
    f.place(end)


@construct("int", 1)
def truth(f: Frame, depth: int) -> None:
    """A bool as a number."""
    f.value(depth, "bool")
    f.emit("UNARY_POSITIVE")


@construct("int", 2)
def of_list(f: Frame, depth: int) -> None:
    """A builtin function of a list."""
    name = f.choices.pick(BUILTINS)
    f.load(name)
    if name in ("max", "min"):
        f.value(depth)
        f.emit("BUILD_LIST", 1)
        f.value(depth, "list")
        f.emit("LIST_EXTEND", 1)
    else:
        f.value(depth, "list")
    f.call(1)


@construct("int", 1)
def length(f: Frame, depth: int) -> None:
    """The length of something."""
    f.load("len")
    f.value(depth, f.choices.pick(("str", "dict", "list")))
    f.call(1)


@construct("int", 2)
def item(f: Frame, depth: int) -> None:
    """An item of a sequence, or none: IndexError."""
    size = f.choices.between(1, 3)
    for _ in range(size):
        f.value(depth)
    f.emit(f.choices.pick(("BUILD_LIST", "BUILD_TUPLE")), size)
    f.const(f.choices.weighted([(f.choices.below(size), 9), (-1, 3), (size, 0.5)]))
    f.emit("BINARY_SUBSCR")


@construct("int", 1)
def entry(f: Frame, depth: int) -> None:
    """A value of a dict, or KeyError."""
    f.const(f.choices.pick("abc"))
    f.value(depth)
    f.emit("BUILD_MAP", 1)
    f.const(f.choices.pick("abc"))
    f.emit("BINARY_SUBSCR")


@construct("int", 5, where=lambda f: f.names("dict"))
def entry_of_variable(f: Frame, depth: int) -> None:
    """dict.get of a variable."""
    f.load(f.choices.pick(f.names("dict")))
    f.emit("LOAD_METHOD", "get")
    f.const(f.choices.pick("abcd"))
    f.value(depth)
    f.emit("CALL_METHOD", 2)


@construct("int", 5, where=lambda f: f.names("list"))
def item_of_variable(f: Frame, depth: int) -> None:
    """An item of a variable."""
    f.load(f.choices.pick(f.names("list")))
    f.const(f.choices.pick((0, 0, -1, 1)))
    f.emit("BINARY_SUBSCR")


@construct("int", 3)
def shuffle(f: Frame, depth: int) -> None:
    """Several values on the stack, moved about, and added up with different weights."""
    size = f.choices.between(2, 5)
    for _ in range(size):
        f.value(depth)
    for _ in range(f.choices.between(1, 4)):
        size += move(f, size)
    for _ in range(size - 1):
        f.emit(f.choices.pick(("BINARY_ADD", "BINARY_SUBTRACT", "BINARY_XOR")))


MOVES = (
    ("ROT_TWO", 2, 0),
    ("DUP_TOP", 1, 1),
    ("DUP_TOP_TWO", 2, 2),
    ("ROT_THREE", 3, 0),
    ("ROT_FOUR", 4, 0),
    ("COPY", 1, 1),
    ("SWAP", 2, 0),
    ("ROT_N", 2, 0),
)
"""What moves entries: how many it needs, and how many more there are then."""


def move(f: Frame, size: int) -> int:
    """Move the topmost entries, of which there are `size`; how many more there are then."""
    moves = [each for each in MOVES if each[1] <= size]
    op, least, more = f.choices.pick(moves)
    f.emit(op, f.choices.between(least, size) if op in ("COPY", "SWAP", "ROT_N") else None)
    return more


@construct("int", 1)
def statement_between(f: Frame, depth: int) -> None:
    """A value, a statement while it is on the stack, another value."""
    f.value(depth)
    with f.closed():
        f.suite(depth, 1)
    f.value(depth)
    f.emit("BINARY_ADD")


def drop(f: Frame, value: bool) -> None:
    """Drop an entry; with `value` that below the top."""
    if value:
        f.emit("ROT_TWO")
    f.pop()


@construct("int", 0.5)
def padding(f: Frame, depth: int) -> None:
    """Instructions that do nothing around a value."""
    f.emit("NOP")
    f.value(depth)
    f.emit("EXTENDED_ARG", 0)
    f.emit("NOP")


@construct("int", 0.5)
def imported(f: Frame, depth: int) -> None:
    """A function of a module."""
    f.const(0)
    name = f.choices.pick(("add", "sub", "mul"))
    if f.choices.chance(0.5):
        f.const((name,))
        f.emit("IMPORT_NAME", "operator")
        f.emit("IMPORT_FROM", name)
        f.emit("ROT_TWO")
        f.pop()
    else:
        f.const(None)
        f.emit("IMPORT_NAME", "operator")
        f.emit("LOAD_ATTR", name)
    f.value(depth)
    f.value(depth)
    f.call(2)
    f.const(MASK)
    f.emit("BINARY_AND")


@construct("int", 0.3, needs="GET_LEN")
def get_len(f: Frame, depth: int) -> None:
    """A length, as patterns find it."""
    f.value(depth, "list")
    f.emit("GET_LEN")
    f.emit("ROT_TWO")
    f.pop()


# -- bool


@construct("bool", 1, leaf=True)
def bool_constant(f: Frame, depth: int) -> None:
    """True or False."""
    f.const(f.choices.chance(0.5))


@construct("bool", 4)
def comparison(f: Frame, depth: int) -> None:
    """A comparison of two numbers."""
    f.value(depth)
    f.value(depth)
    f.emit("COMPARE_OP", f.choices.pick(COMPARISONS))


@construct("bool", 1)
def chained_comparison(f: Frame, depth: int) -> None:
    """A comparison of three numbers."""
    unlike, end = f.labels("unlike", "end")
    f.value(depth)
    f.value(depth)
    f.emit("DUP_TOP")
    f.emit("ROT_THREE")
    f.emit("COMPARE_OP", f.choices.pick(COMPARISONS))
    f.emit("JUMP_IF_FALSE_OR_POP", unlike)
    f.value(depth)
    f.emit("COMPARE_OP", f.choices.pick(COMPARISONS))
    f.emit("JUMP_FORWARD", end)
    f.place(unlike)
    f.emit("ROT_TWO")
    f.pop()
    f.place(end)


@construct("bool", 1)
def membership(f: Frame, depth: int) -> None:
    """Is a number in a list?"""
    f.value(depth)
    f.value(depth, "list")
    f.emit("CONTAINS_OP", f.choices.below(2))


@construct("bool", 1)
def identity(f: Frame, depth: int) -> None:
    """Is something None?"""
    if f.choices.chance(0.3):
        f.const(None)
    else:
        f.value(depth, f.choices.pick(("int", "str", "any")))
    f.const(None)
    f.emit("IS_OP", f.choices.below(2))


@construct("bool", 1)
def negation(f: Frame, depth: int) -> None:
    """Is something false?"""
    f.value(depth, f.choices.pick(("int", "bool", "str", "dict")))
    f.emit("UNARY_NOT")
