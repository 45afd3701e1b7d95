"""Statements: assignments, branches, loops, deletion, patterns."""

from __future__ import annotations

from pyasm.smith.arithmetic import condition, drop
from pyasm.smith.constructs import construct
from pyasm.smith.containers import beginning
from pyasm.smith.frame import Frame

TYPES = ("int", "int", "int", "str", "list", "dict")


def printed(f: Frame, size: int) -> None:
    """Print the topmost entries, which are strings or numbers."""
    f.emit("BUILD_TUPLE", size)
    f.load("print")
    f.emit("ROT_TWO")
    f.emit("CALL_FUNCTION_EX", 0)
    f.pop()


@construct("statement", 8, leaf=True)
def output(f: Frame, depth: int) -> None:
    """Print a value."""
    f.load("print")
    f.value(depth, "any")
    f.call(1)
    f.pop()


@construct("statement", 4, leaf=True)
def assignment(f: Frame, depth: int) -> None:
    """Assign to a local variable."""
    kind = f.choices.pick(TYPES)
    f.value(depth, kind)
    old = [name for name in f.names(kind) if name not in f.frees]
    f.store(f.choices.pick(old) if old and f.choices.chance(0.5) else f.fresh(kind[0]), kind)


@construct("statement", 1)
def two_targets(f: Frame, depth: int) -> None:
    """a = b = value."""
    f.value(depth)
    f.emit("DUP_TOP")
    f.store(f.fresh("i"))
    f.store(f.fresh("i"))


@construct("statement", 2, where=lambda f: f.names("int"))
def augmented(f: Frame, depth: int) -> None:
    """x += value."""
    name = f.choices.pick(f.names("int"))
    f.load(name)
    f.value(depth)
    f.emit("INPLACE_" + f.choices.pick(("ADD", "SUBTRACT", "XOR")))
    f.store(name)


@construct("statement", 1)
def global_assignment(f: Frame, depth: int) -> None:
    """Assign to a global, and maybe delete it."""
    names = f.program.globals
    if not names or f.choices.chance(0.2):
        names.append(f"g{len(names)}")
    name = f.choices.pick(names)
    f.value(depth)
    f.emit("STORE_GLOBAL", name)
    if f.choices.chance(0.1):
        f.emit("DELETE_GLOBAL", name)


@construct("statement", 1)
def deletion(f: Frame, depth: int) -> None:
    """Set a variable, and delete it; sometimes twice, which is an error."""
    names = [name for name in f.names("int") if name not in f.parameters.args]
    name = f.choices.pick(names) if names and f.choices.chance(0.3) else f.fresh("i")
    f.value(depth)
    f.store(name)
    f.delete(name)
    if f.choices.chance(0.1):
        f.delete(name)
    f.value(depth)
    f.store(name)


@construct("statement", 1)
def unpacking(f: Frame, depth: int) -> None:
    """Assign the items of a sequence to several variables, with the wrong number now and then."""
    size = f.choices.between(1, 4)
    given = size + f.choices.weighted([(0, 12), (1, 1)])
    for _ in range(given):
        f.value(depth)
    f.emit(f.choices.pick(("BUILD_LIST", "BUILD_TUPLE")), given)
    f.emit("UNPACK_SEQUENCE", size)
    for _ in range(size):
        f.store(f.fresh("i"))


@construct("statement", 1)
def starred_unpacking(f: Frame, depth: int) -> None:
    """a, *b, c = list."""
    before, after = f.choices.below(3), f.choices.below(2)
    f.value(depth, "list")
    f.emit("UNPACK_EX", before | after << 8)
    for _ in range(before):
        f.store(f.fresh("i"))
    f.store(f.fresh("l"), "list")
    for _ in range(after):
        f.store(f.fresh("i"))


@construct("statement", 5, where=lambda f: f.names("dict"))
def item_assignment(f: Frame, depth: int) -> None:
    """d[key] = value, and maybe del d[key]."""
    name = f.choices.pick(f.names("dict"))
    key = f.choices.pick("abcd")
    f.value(depth)
    f.load(name)
    f.const(key)
    f.emit("STORE_SUBSCR")
    if f.choices.chance(0.6):
        f.load(name)
        f.const(f.choices.pick((key, "e")))
        f.emit("DELETE_SUBSCR")


@construct("statement", 4, where=lambda f: f.names("dict"))
def augmented_item(f: Frame, depth: int) -> None:
    """d[key] += value."""
    f.load(f.choices.pick(f.names("dict")))
    f.const(f.choices.pick("abc"))
    f.emit("DUP_TOP_TWO")
    f.emit("BINARY_SUBSCR")
    f.value(depth)
    f.emit("INPLACE_ADD")
    f.emit("ROT_THREE")
    f.emit("STORE_SUBSCR")


@construct("statement", 5, where=lambda f: f.names("list"))
def list_method(f: Frame, depth: int) -> None:
    """Change a list by a method, or one of its items, or a slice."""
    name = f.choices.pick(f.names("list"))
    way = f.choices.pick(("append", "insert", "item", "slice"))
    if way in ("append", "insert"):
        f.load(name)
        f.emit("LOAD_METHOD", way)
        if way == "insert":
            f.const(0)
        f.value(depth)
        f.emit("CALL_METHOD", 1 if way == "append" else 2)
        f.pop()
        return
    f.value(depth, "int" if way == "item" else "list")
    f.load(name)
    f.const(0)
    if way == "slice":
        f.const(2)
        f.emit("BUILD_SLICE", 2)
    f.emit("STORE_SUBSCR")


@construct("statement", 5, where=lambda f: f.names("object"))
def attribute_assignment(f: Frame, depth: int) -> None:
    """o.n = value, o.n += value, del o.m."""
    f.load(f.choices.pick(f.names("object")))
    way = f.choices.pick(("set", "augment", "delete"))
    if way == "set":
        f.value(depth)
        f.emit("ROT_TWO")
        f.emit("STORE_ATTR", "n")
    elif way == "augment":
        f.emit("DUP_TOP")
        f.emit("LOAD_ATTR", "n")
        f.value(depth)
        f.emit("INPLACE_ADD")
        f.emit("ROT_TWO")
        f.emit("STORE_ATTR", "n")
    else:
        f.emit("DUP_TOP")
        f.value(depth)
        f.emit("ROT_TWO")
        f.emit("STORE_ATTR", "m")
        f.emit("DELETE_ATTR", "m")


@construct("statement", 1)
def branch(f: Frame, depth: int) -> None:
    """if, elif, else."""
    other, end = f.labels("else", "end")
    condition(f, depth, other)
    f.suite(depth)
    if f.choices.chance(0.6):
        f.emit(f.choices.pick(("JUMP_FORWARD", "JUMP_ABSOLUTE")), end)
        f.place(other)
        f.suite(depth)
        f.place(end)
    else:
        f.place(other)


@construct("statement", 1)
def assertion(f: Frame, depth: int) -> None:
    """assert."""
    (end,) = f.labels("end")
    f.value(depth, "bool")
    f.emit("POP_JUMP_IF_TRUE", end)
    f.emit("LOAD_ASSERTION_ERROR")
    if f.choices.chance(0.5):
        f.value(depth)
        f.call(1)
    f.emit("RAISE_VARARGS", 1)
    f.place(end)


@construct("statement", 2)
def for_loop(f: Frame, depth: int) -> None:
    """for, over the beginning of a list, with else."""
    trips = f.choices.between(1, 3)
    f.value(depth, "list")
    beginning(f, trips)
    f.emit("GET_ITER")
    loop_over(f, depth, trips)


def loop_over(f: Frame, depth: int, trips: int) -> None:
    """A loop over the iterator on top, which gives at most that many ints."""
    again, other, done = f.labels("next", "exhausted", "done")
    f.place(again)
    f.emit("FOR_ITER", other)
    f.store(f.fresh("i"))
    with f.within(lambda value: drop(f, value), done, again), f.repeated(max(trips, 1)):
        f.suite(depth)
    _end_of_loop(f, depth, again, other, done)


def _end_of_loop(f: Frame, depth: int, again: str, other: str, done: str) -> None:
    """The jump back, and perhaps an else."""
    f.emit("JUMP_ABSOLUTE", again)
    f.place(other)
    if f.choices.chance(0.3):
        f.suite(depth)
    f.place(done)


@construct("statement", 1)
def while_loop(f: Frame, depth: int) -> None:
    """while, with a number that counts down, with else."""
    again, other, done = f.labels("while", "false", "done")
    trips = f.choices.between(1, 4)
    counter = f.fresh("n")
    f.const(trips)
    f.store(counter, "counter")
    f.place(again)
    f.load(counter)
    f.emit("POP_JUMP_IF_FALSE", other)
    f.load(counter)
    f.const(1)
    f.emit("INPLACE_SUBTRACT")
    f.store(counter, "counter")
    with f.within(lambda value: None, done, again), f.repeated(trips):
        f.suite(depth)
    _end_of_loop(f, depth, again, other, done)


@construct("statement", 1)
def goto(f: Frame, depth: int) -> None:
    """Parts that jump to one another as chance has it, until their fuel is used up."""
    fuel, trips = f.fresh("n"), f.choices.between(2, 5)
    parts = f.labels("one", "two", "three")
    (out,) = f.labels("out")
    f.const(trips)
    f.store(fuel, "counter")
    if f.choices.chance(0.5):
        f.emit("JUMP_FORWARD", f.choices.pick(parts))
    for part in parts:
        f.place(part)
        f.load(fuel)
        f.const(1)
        f.emit("BINARY_SUBTRACT")
        f.emit("DUP_TOP")
        f.store(fuel, "counter")
        f.const(0)
        f.emit("COMPARE_OP", "<=")
        f.emit("POP_JUMP_IF_TRUE", out)
        with f.repeated(trips):
            f.suite(depth, 1)
            f.value(depth, "bool")
        f.emit(f.choices.pick(("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE")), f.choices.pick(parts))
    f.emit("JUMP_ABSOLUTE", f.choices.pick(parts))
    f.place(out)


@construct("statement", 4, where=lambda f: f.loops())
def jump_out(f: Frame, depth: int) -> None:
    """break or continue, on a condition or always; what follows is then never run."""
    (stay,) = f.labels("stay")
    if f.choices.chance(0.9):
        f.value(depth, "bool")
        f.emit("POP_JUMP_IF_FALSE", stay)
    count = f.loops()[0]
    block = f.blocks[-count]
    if f.choices.chance(0.5):
        f.leave(count, False)
        f.emit("JUMP_ABSOLUTE", block.done)
    else:
        f.leave(count - 1, False)
        f.emit("JUMP_ABSOLUTE", block.again)
    f.place(stay)


@construct("statement", 2, where=lambda f: f.fast and not f.shut)
def early_return(f: Frame, depth: int) -> None:
    """return, out of all blocks."""
    (stay,) = f.labels("stay")
    if f.choices.chance(0.9):
        f.value(depth, "bool")
        f.emit("POP_JUMP_IF_FALSE", stay)
    if f.kind == "async generator" or f.choices.chance(0.1):
        f.leave(len(f.blocks), False)
        f.const(None if f.kind == "async generator" else 7)
    else:
        f.value(depth)
        f.leave(len(f.blocks), True)
    f.emit("RETURN_VALUE")
    f.place(stay)


@construct("statement", 0.3, leaf=True)
def nothing(f: Frame, depth: int) -> None:
    """Instructions without effect, and an expression of the interactive interpreter that shows nothing."""
    f.emit("NOP")
    f.const(None)
    f.emit("PRINT_EXPR")


@construct("statement", 0.5, leaf=True, where=lambda f: f.kind == "module")
def star_import(f: Frame, depth: int) -> None:
    """from keyword import *."""
    f.const(0)
    f.const(("*",))
    f.emit("IMPORT_NAME", "keyword")
    f.emit("IMPORT_STAR")


@construct("statement", 0.5, leaf=True, needs="IMPORT_NAME_LAZY", where=lambda f: f.kind == "module")
def lazy_import(f: Frame, depth: int) -> None:
    """lazy import."""
    f.const(0)
    f.const(None)
    f.emit("IMPORT_NAME_LAZY", "operator")
    f.store(f.fresh("m"), "module")


# -- patterns


def either(f: Frame, depth: int, other: str, end: str) -> None:
    """What follows when a pattern matches, and what when it does not: then the subject is still there."""
    printed(f, 1)
    f.suite(depth, 1)
    f.emit("JUMP_FORWARD", end)
    f.place(other)
    f.pop()
    f.suite(depth, 1)
    f.place(end)


@construct("statement", 1, needs="MATCH_SEQUENCE")
def match_sequence(f: Frame, depth: int) -> None:
    """case [a, b]."""
    other, end = f.labels("other", "end")
    f.value(depth, f.choices.pick(("list", "any")))
    f.emit("MATCH_SEQUENCE")
    f.emit("POP_JUMP_IF_FALSE", other)
    f.emit("GET_LEN")
    f.const(2)
    f.emit("COMPARE_OP", f.choices.pick(("==", ">=")))
    f.emit("POP_JUMP_IF_FALSE", other)
    f.emit("UNPACK_EX", 2)
    f.emit("BUILD_TUPLE", 3)
    either(f, depth, other, end)


@construct("statement", 1, needs="MATCH_MAPPING")
def match_mapping(f: Frame, depth: int) -> None:
    """case {'a': x, **rest}."""
    other, missing, end = f.labels("other", "missing", "end")
    keys = f.choices.pick((("a",), ("b", "a"), ()))
    f.value(depth, f.choices.pick(("dict", "dict", "any")))
    f.emit("MATCH_MAPPING")
    f.emit("POP_JUMP_IF_FALSE", other)
    f.const(keys)
    f.emit("MATCH_KEYS")
    f.emit("DUP_TOP")
    f.const(None)
    f.emit("IS_OP", 1)
    f.emit("POP_JUMP_IF_FALSE", missing)
    printed(f, 1)
    f.emit("COPY_DICT_WITHOUT_KEYS")
    printed(f, 1)
    f.pop()
    f.emit("JUMP_FORWARD", end)
    f.place(missing)
    f.pop(2)
    f.place(other)
    f.pop()
    f.suite(depth, 1)
    f.place(end)


@construct("statement", 1, needs="MATCH_CLASS")
def match_class(f: Frame, depth: int) -> None:
    """case int(x), or Class(n=x)."""
    other, end = f.labels("other", "end")
    own = f.program.classes and f.choices.chance(0.5)
    name = f.choices.pick(f.program.classes).name if own else f.choices.pick(("int", "str"))
    names = ("n",) if own else ()
    f.value(depth, f.choices.pick(("int", "any", "object")))
    f.emit("LOAD_GLOBAL" if f.fast else "LOAD_NAME", name)
    f.const(names)
    f.emit("MATCH_CLASS", 0 if names else 1)
    f.emit("DUP_TOP")
    f.const(None)
    f.emit("IS_OP", 1)
    f.emit("POP_JUMP_IF_FALSE", other)
    f.emit("UNPACK_SEQUENCE", 1)
    either(f, depth, other, end)
