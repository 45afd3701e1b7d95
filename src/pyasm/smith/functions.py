"""Functions of every kind: how they are made, with all kinds of parameters and closures, and how they are called."""

from __future__ import annotations

from pyasm.smith.constructs import construct
from pyasm.smith.frame import Frame, Parameters, Routine
from pyasm.typed import NamedTuple

DEEPEST = 3
"""How many functions may be nested."""


# -- making them


def parameters(f: Frame, level: int) -> Parameters:
    """Some parameters; their names tell those of nested functions apart."""
    names = [f"{letter}{level}" for letter in "abcdef"]
    if f.choices.chance(0.3):
        return Parameters()
    posonly = [names.pop() for _ in range(f.choices.weighted([(0, 4), (1, 1), (2, 1)]))]
    args = [names.pop() for _ in range(f.choices.below(3))]
    vararg = f"args{level}" if f.choices.chance(0.2) else None
    kwonly = [names.pop() for _ in range(f.choices.weighted([(0, 4), (1, 1), (2, 1)]))]
    kwarg = f"kwargs{level}" if f.choices.chance(0.2) else None
    defaults = f.choices.below(len(posonly + args) + 1) if f.choices.chance(0.5) else 0
    optional = [name for name in kwonly if f.choices.chance(0.5)]
    return Parameters(tuple(posonly), tuple(args), vararg, tuple(kwonly), kwarg, defaults, tuple(optional))


def begin(f: Frame, kind: str, name: str, its: Parameters, first: tuple[str, ...] = ()) -> Frame:
    """A frame for a function within `f`: its variables, its cells, and those that it takes from around it.

    `first` are parameters before the others, `self` of a method.
    """
    inner = Frame(f.program, kind, name, f)
    posonly, args = (first + its.posonly, its.args) if its.posonly else ((), first + its.args)
    inner.parameters = its._replace(posonly=posonly, args=args)
    plain = [*its.posonly, *its.args, *its.kwonly]
    inner.variables.update(dict.fromkeys(first, "self"))
    inner.variables.update(dict.fromkeys(plain, "int"))
    for extra in (its.vararg, its.kwarg):
        if extra:
            inner.variables[extra] = "extra"
    inner.cells = [name for name in plain if f.choices.chance(0.15)]
    inner.cells += [f"x{inner.level}{i}" for i in range(f.choices.weighted([(0, 3), (1, 2), (2, 1)]))]
    visible = [name for name in (*f.cells, *f.frees) if name != "__class__"]
    inner.frees = [name for name in visible if f.choices.chance(0.6)]
    for cell in inner.cells:
        if cell not in plain:
            inner.const(inner.choices.below(50))
            inner.store(cell)
    extras(inner, its)
    return inner


def extras(f: Frame, its: Parameters) -> None:
    """Make a number of *args and of **kwargs."""
    for name in (its.vararg, its.kwarg):
        if name:
            f.load("sum")
            f.load(name)
            if name == its.kwarg:
                f.emit("LOAD_METHOD", "values")
                f.emit("CALL_METHOD", 0)
            f.call(1)
            f.store(f.fresh("i"))


def finish(f: Frame, inner: Frame, its: Parameters | None = None) -> None:
    """Push the function of a frame that is done: its defaults, annotations and closure, then itself."""
    flags = 0
    its = its or Parameters()
    if its.defaults:
        flags |= 1
        if f.choices.chance(0.5):
            f.const(tuple(f.choices.below(30) for _ in range(its.defaults)))
        else:
            for _ in range(its.defaults):
                f.value(1)
            f.emit("BUILD_TUPLE", its.defaults)
    if its.optional:
        flags |= 2
        for _ in its.optional:
            f.value(1)
        f.const(its.optional)
        f.emit("BUILD_CONST_KEY_MAP", len(its.optional))
    if its.args and f.choices.chance(0.1):
        flags |= 4
        f.const(its.args[0])
        f.const("int")
        f.emit("BUILD_MAP", 1)
    if inner.frees:
        flags |= 8
        for name in inner.frees:
            f.emit("LOAD_CLOSURE", name)
        f.emit("BUILD_TUPLE", len(inner.frees))
    f.const(inner.code())
    f.const(inner.qualname)
    f.emit("MAKE_FUNCTION", flags)


def result(f: Frame, depth: int) -> None:
    """The end of a function."""
    if f.kind.endswith("generator") and not f.yields:
        f.value(depth)
        f.emit("YIELD_VALUE")
        f.pop()
        f.yields += 1
    if f.kind == "async generator":
        f.const(None)
    else:
        f.value(depth)
    f.emit("RETURN_VALUE")


def make(f: Frame, depth: int, kind: str, name: str, first: tuple[str, ...] = ()) -> Routine:
    """Push a new function, and tell what it is."""
    its = parameters(f, f.level + 1)
    inner = begin(f, kind, name, its, first)
    inner.suite(depth, 4)
    result(inner, min(depth, 2))
    finish(f, inner, its)
    return Routine(name, kind, its, inner.cost, inner.yields)


KINDS = (("function", 5.0), ("generator", 3.0), ("coroutine", 3.0), ("async generator", 2.0))


@construct("statement", 2, where=lambda f: f.level < DEEPEST and f.kind != "class")
def definition(f: Frame, depth: int) -> None:
    """def, async def."""
    kind = f.choices.weighted(KINDS)
    name = f.fresh(f"{kind[0]}{f.level}_")
    routine = make(f, depth, kind, name)
    f.store(name, "routine")
    f.routines.append(routine)


@construct("int", 1, where=lambda f: f.level < DEEPEST)
def called_lambda(f: Frame, depth: int) -> None:
    """A lambda, which is called at once."""
    its = parameters(f, f.level + 1)
    inner = begin(f, "function", "<lambda>", its)
    inner.value(depth)
    inner.emit("RETURN_VALUE")
    finish(f, inner, its)
    f.spend(inner.cost)
    call(f, Routine("<lambda>", "function", its, inner.cost), depth)


@construct("int", 3, where=lambda f: f.kind == "module")
def recursion(f: Frame, depth: int) -> None:
    """A function that calls itself, as often as its argument says."""
    name = f.fresh("r")
    inner = Frame(f.program, "function", name, f)
    inner.parameters = Parameters(args=("n",))
    inner.variables["n"] = "int"
    (more,) = inner.labels("more")
    inner.load("n")
    inner.emit("POP_JUMP_IF_TRUE", more)
    inner.value(depth)
    inner.emit("RETURN_VALUE")
    inner.place(more)
    inner.value(depth)
    inner.load(name)
    inner.load("n")
    inner.const(1)
    inner.emit("BINARY_SUBTRACT")
    inner.call(1)
    inner.emit("BINARY_XOR")
    inner.emit("RETURN_VALUE")
    finish(f, inner)
    f.emit("DUP_TOP")
    f.emit("STORE_NAME", name)
    f.const(f.choices.below(5))
    f.call(1)
    f.spend(5 * inner.cost)


@construct("any", 0.5, leaf=True, needs="CALL_INTRINSIC_1")
def type_variable(f: Frame, depth: int) -> None:
    """The name of a type variable, which may have a bound."""
    f.const("T")
    if f.choices.chance(0.5):
        f.emit("CALL_INTRINSIC_1", f.choices.pick(("TYPEVAR", "PARAMSPEC", "TYPEVARTUPLE")))
    else:
        inner = Frame(f.program, "function", "T", f)
        inner.load("int")
        inner.emit("RETURN_VALUE")
        finish(f, inner)
        f.emit("CALL_INTRINSIC_2", "TYPEVAR_WITH_BOUND")
    f.emit("LOAD_ATTR", "__name__")


# -- calling them


class Arguments(NamedTuple):
    """What a call passes: so many positional arguments, and these keywords."""

    positional: int
    keywords: tuple[str, ...]


def arguments(f: Frame, its: Parameters) -> Arguments:
    """Arguments that the parameters take, with a wrong number now and then."""
    names = its.posonly + its.args
    required = len(names) - its.defaults
    positional = f.choices.between(min(required, len(its.posonly)), len(names))
    keywords = [
        name
        for i, name in enumerate(names)
        if i >= max(positional, len(its.posonly)) and (i < required or f.choices.chance(0.5))
    ]
    keywords += [name for name in its.kwonly if name not in its.optional or f.choices.chance(0.5)]
    if its.vararg and positional == len(names):
        positional += f.choices.below(3)
    if its.kwarg and f.choices.chance(0.5):
        keywords += ["more", "other"][: f.choices.between(1, 2)]
    if f.choices.chance(0.02):
        positional += 1
    return Arguments(positional, tuple(f.choices.shuffled(keywords)))


def call(f: Frame, routine: Routine, depth: int) -> None:
    """Call the function on top in one of the forms."""
    given = arguments(f, routine.parameters)
    if f.choices.chance(0.25):
        starred(f, given, depth)
        return
    for _ in range(given.positional + len(given.keywords)):
        f.value(depth)
    if given.keywords:
        f.const(given.keywords)
        f.emit("CALL_FUNCTION_KW", given.positional + len(given.keywords))
    else:
        f.call(given.positional)


def starred(f: Frame, given: Arguments, depth: int) -> None:
    """function(*args, **kwargs)."""
    for _ in range(given.positional):
        f.value(depth)
    if f.choices.chance(0.5):
        f.emit("BUILD_TUPLE", given.positional)
    else:
        f.emit("BUILD_LIST", given.positional)
        f.emit("LIST_TO_TUPLE")
    if not given.keywords and f.choices.chance(0.7):
        f.emit("CALL_FUNCTION_EX", 0)
        return
    merged = f.choices.chance(0.5)
    if merged:
        f.emit("BUILD_MAP", 0)
    for name in given.keywords:
        f.const(name)
        f.value(depth)
    f.emit("BUILD_MAP", len(given.keywords))
    if merged:
        f.emit("DICT_MERGE", 1)
    f.emit("CALL_FUNCTION_EX", 1)


def callable_routines(f: Frame, kind: str) -> list[Routine]:
    """The functions of a kind that can be called here and do not take too long."""
    routines = f.routines if f.kind == "module" else f.routines + f.program.module.routines
    return [each for each in routines if each.kind == kind and f.affords(each.cost + each.yields)]


def call_some(f: Frame, kind: str, depth: int) -> Routine:
    """Call one of the functions of that kind."""
    routine = f.choices.pick(callable_routines(f, kind))
    f.load(routine.name)
    f.spend(routine.cost)
    call(f, routine, depth)
    return routine


@construct("int", 10, where=lambda f: callable_routines(f, "function"))
def called(f: Frame, depth: int) -> None:
    """Call a function."""
    call_some(f, "function", depth)


# -- comprehensions


@construct("list", 2, where=lambda f: f.level < DEEPEST)
def comprehension(f: Frame, depth: int) -> None:
    """A comprehension in a function of its own: of a list, a set, a dict, or as a generator."""
    kind = f.choices.pick(("list", "set", "dict", "generator"))
    inner = Frame(f.program, "generator" if kind == "generator" else "function", f"<{kind}comp>", f)
    inner.parameters = Parameters(args=(".0",))
    inner.variables[".0"] = "iterator"
    inner.frees = [name for name in (*f.cells, *f.frees) if name != "__class__" and f.choices.chance(0.5)]
    again, done = inner.labels("next", "done")
    if kind != "generator":
        inner.emit("BUILD_MAP" if kind == "dict" else f"BUILD_{kind.upper()}", 0)
    inner.load(".0")
    inner.place(again)
    inner.emit("FOR_ITER", done)
    inner.store("x")
    with inner.repeated(4):
        filtered(inner, depth, again)
        collected(inner, depth, kind)
    inner.emit("JUMP_ABSOLUTE", again)
    inner.place(done)
    if kind == "generator":
        inner.const(None)
    inner.emit("RETURN_VALUE")
    f.load("sorted")
    finish(f, inner)
    f.value(depth, "list")
    f.emit("GET_ITER")
    f.call(1)
    f.spend(inner.cost)
    if kind == "dict":
        f.emit("LOAD_METHOD", "values")
        f.emit("CALL_METHOD", 0)
    f.call(1)


def filtered(f: Frame, depth: int, again: str) -> None:
    """The condition of a comprehension."""
    if f.choices.chance(0.4):
        f.value(depth, "bool")
        f.emit("POP_JUMP_IF_FALSE", again)


def collected(f: Frame, depth: int, kind: str) -> None:
    """The element of a comprehension, and where it goes."""
    if kind == "dict":
        f.load("x")
    f.value(depth)
    if kind == "generator":
        f.emit("YIELD_VALUE")
        f.pop()
    else:
        f.emit({"list": "LIST_APPEND", "set": "SET_ADD", "dict": "MAP_ADD"}[kind], 2)


@construct("list", 1)
def inlined_comprehension(f: Frame, depth: int) -> None:
    """A comprehension in the frame around it."""
    again, done = f.labels("next", "done")
    f.emit("BUILD_LIST", 0)
    f.value(depth, "list")
    f.emit("GET_ITER")
    f.place(again)
    f.emit("FOR_ITER", done)
    f.store(f.fresh("i"))
    with f.repeated(4), f.within(lambda value: unwind_two(f, value)):
        filtered(f, depth, again)
        f.value(depth)
    f.emit("LIST_APPEND", 2)
    f.emit("JUMP_ABSOLUTE", again)
    f.place(done)


def unwind_two(f: Frame, value: bool) -> None:
    """Drop two entries; with `value` those below the top."""
    for _ in range(2):
        if value:
            f.emit("ROT_TWO")
        f.pop()


@construct("list", 0.5, needs="LOAD_FAST_AND_CLEAR", where=lambda f: f.fast)
def shadowing_comprehension(f: Frame, depth: int) -> None:
    """A comprehension in the frame around it, whose variable hides one of that."""
    again, done = f.labels("next", "done")
    name = f.choices.pick(
        [name for name, kind in f.variables.items() if kind == "int" and name not in f.cells] or ["s"]
    )
    f.value(depth, "list")
    f.emit("GET_ITER")
    f.emit("LOAD_FAST_AND_CLEAR", name)
    f.emit("SWAP", 2)
    f.emit("BUILD_LIST", 0)
    f.emit("SWAP", 2)
    f.place(again)
    f.emit("FOR_ITER", done)
    f.emit("STORE_FAST", name)
    f.emit("LOAD_FAST", name)
    f.const(f.choices.below(5))
    f.emit("BINARY_ADD")
    f.emit("LIST_APPEND", 2)
    f.emit("JUMP_ABSOLUTE", again)
    f.place(done)
    f.emit("SWAP", 2)
    f.emit("STORE_FAST", name)
    f.variables.setdefault(name, "unsure")
