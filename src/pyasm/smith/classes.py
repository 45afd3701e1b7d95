"""Classes: their bodies, methods, `super`, and what is done with instances."""

from __future__ import annotations

from pyasm.smith.constructs import construct
from pyasm.smith.frame import Class, Frame, Routine
from pyasm.smith.functions import begin, call, finish, parameters, result


@construct("statement", 2, where=lambda f: f.kind == "module" and len(f.blocks) < 2)
def class_definition(f: Frame, depth: int) -> None:
    """class, with a base or without, at the top."""
    name = f"C{len(f.program.classes)}"
    base = f.choices.pick(f.program.classes) if f.program.classes and f.choices.chance(0.6) else None
    body = Frame(f.program, "class", name, f)
    body.emit("LOAD_NAME", "__name__")
    body.emit("STORE_NAME", "__module__")
    body.const(body.qualname)
    body.emit("STORE_NAME", "__qualname__")
    body.cells.append("__class__")
    sayings(body)
    initializer(body, base)
    methods = [method(body, depth, base) for _ in range(f.choices.between(1, 2))]
    body.suite(min(depth, 1), 2)
    body.emit("LOAD_CLOSURE", "__class__")
    body.emit("DUP_TOP")
    body.emit("STORE_NAME", "__classcell__")
    body.emit("RETURN_VALUE")
    f.emit("LOAD_BUILD_CLASS")
    finish(f, body)
    f.const(name)
    if base:
        f.load(base.name)
    f.call(3 if base else 2)
    f.spend(body.cost)
    f.store(name, "class")
    inherited = tuple(each for each in base.methods if each.name not in {m.name for m in methods}) if base else ()
    f.program.classes.append(Class(name, (*methods, *inherited)))


def sayings(body: Frame) -> None:
    """An annotated variable of a class, and what its body can say of its own mapping."""
    if body.choices.chance(0.3):
        body.emit("SETUP_ANNOTATIONS")
        body.const("int")
        body.emit("LOAD_NAME", "__annotations__")
        body.const("n")
        body.emit("STORE_SUBSCR")
    if body.choices.chance(0.3):
        body.emit("LOAD_NAME", "print")
        body.emit("LOAD_LOCALS")
        body.emit("LOAD_FROM_DICT_OR_GLOBALS", body.choices.pick(("__qualname__", "g0")))
        body.call(1)
        body.pop()


def initializer(body: Frame, base: Class | None) -> None:
    """def __init__(self, n): sets n, by super().__init__ where there is a base."""
    inner = Frame(body.program, "function", "__init__", body)
    inner.parameters = inner.parameters._replace(args=("self", "n"))
    inner.variables.update(self="self", n="int")
    if base:
        inner.frees.append("__class__")
        supers(inner, "__init__")
        inner.load("n")
        inner.emit("CALL_METHOD", 1)
        inner.pop()
    else:
        inner.load("n")
        inner.load("self")
        inner.emit("STORE_ATTR", "n")
    inner.const(None)
    inner.emit("RETURN_VALUE")
    finish(body, inner)
    body.emit("STORE_NAME", "__init__")


def supers(f: Frame, name: str) -> None:
    """Look up a method of super()."""
    f.emit("LOAD_GLOBAL", "super")
    if f.choices.chance(0.3):
        f.emit("LOAD_DEREF", "__class__")
        f.load("self")
        f.call(2)
    else:
        f.call(0)
    f.emit("LOAD_METHOD", name)


def method(body: Frame, depth: int, base: Class | None) -> Routine:
    """A method; one that overrides another may call it."""
    overridden = body.choices.pick(base.methods) if base and body.choices.chance(0.6) else None
    name = overridden.name if overridden else f"m{len(body.program.classes)}_{body.fresh('')}"
    its = overridden.parameters if overridden else parameters(body, 2)
    inner = begin(body, "function", name, its, ("self",))
    inner.load("self")
    inner.emit("LOAD_ATTR", "n")
    inner.store(inner.fresh("i"))
    if overridden and not its.kwonly and not its.posonly:
        inner.frees.append("__class__")
        supers(inner, name)
        for argument in its.args:
            inner.load(argument)
        inner.emit("CALL_METHOD", len(its.args))
        inner.spend(overridden.cost)
        inner.store(inner.fresh("i"))
    inner.suite(depth)
    result(inner, min(depth, 2))
    finish(body, inner, its)
    body.emit("STORE_NAME", name)
    return Routine(name, "function", its, inner.cost)


@construct("statement", 4, where=lambda f: f.fast and shared(f) and f.level < 3)
def local_class(f: Frame, depth: int) -> None:
    """A class in a function, whose body and method use a variable of it; the method is called."""
    name, variable = f.fresh("D"), f.choices.pick(shared(f))
    body = Frame(f.program, "class", name, f)
    body.frees.append(variable)
    body.emit("LOAD_NAME", "__name__")
    body.emit("STORE_NAME", "__module__")
    if f.choices.chance(0.5):
        body.value(1)
        body.emit("STORE_NAME", variable)
    body.emit("LOAD_NAME", "print")
    if f.choices.chance(0.5):
        body.emit("LOAD_CLASSDEREF", variable)
    else:
        body.emit("LOAD_LOCALS")
        body.emit("LOAD_FROM_DICT_OR_DEREF", variable)
    body.call(1)
    body.pop()
    inner = Frame(f.program, "function", "m", body)
    inner.parameters = inner.parameters._replace(args=("self",))
    inner.variables["self"] = "self"
    inner.frees.append(variable)
    result(inner, depth)
    finish(body, inner)
    body.emit("STORE_NAME", "m")
    body.const(None)
    body.emit("RETURN_VALUE")
    f.emit("LOAD_BUILD_CLASS")
    finish(f, body)
    f.const(name)
    f.call(2)
    f.call(0)
    f.emit("LOAD_METHOD", "m")
    f.emit("CALL_METHOD", 0)
    f.store(f.fresh("i"))
    f.spend(body.cost + inner.cost)


def shared(f: Frame) -> list[str]:
    """The variables of a frame that inner ones can share."""
    return [name for name in (*f.cells, *f.frees) if name != "__class__"]


# -- instances


@construct("object", 1, leaf=True)
def manager_instance(f: Frame, depth: int) -> None:
    """An instance of a class that is always there."""
    f.program.need("Manager", f)
    f.const(f.choices.below(9))
    f.call(1)


@construct("object", 4, leaf=True, where=lambda f: f.program.classes)
def instance(f: Frame, depth: int) -> None:
    """A new instance."""
    new(f, f.choices.pick(f.program.classes))


def new(f: Frame, its: Class) -> None:
    """Push an instance of a class."""
    f.emit("LOAD_GLOBAL" if f.fast else "LOAD_NAME", its.name)
    f.const(f.choices.below(100))
    f.call(1)


@construct("statement", 2)
def instance_assignment(f: Frame, depth: int) -> None:
    """Assign an instance to a variable."""
    f.value(depth, "object")
    f.store(f.fresh("o"), "object")


@construct("int", 6, where=lambda f: f.names("object"))
def attribute(f: Frame, depth: int) -> None:
    """An attribute of a variable."""
    f.load(f.choices.pick(f.names("object")))
    f.emit("LOAD_ATTR", f.choices.weighted([("n", 20), ("missing", 1)]))


def affordable(f: Frame) -> list[tuple[Class, Routine]]:
    """Classes and their methods that do not take too long to call."""
    return [(its, each) for its in f.program.classes for each in its.methods if f.affords(each.cost + its.cost)]


@construct("int", 8, where=affordable)
def method_call(f: Frame, depth: int) -> None:
    """Call a method of a new instance."""
    its, routine = f.choices.pick(affordable(f))
    new(f, its)
    f.spend(routine.cost + its.cost)
    names = routine.parameters.posonly + routine.parameters.args
    if routine.parameters.kwonly or f.choices.chance(0.3):
        f.emit("LOAD_ATTR", routine.name)
        call(f, routine, depth)
        return
    f.emit("LOAD_METHOD", routine.name)
    for _ in names:
        f.value(depth)
    f.emit("CALL_METHOD", len(names))
