"""Statements that raise exceptions and handle them: try, with, and handlers that use all six of their entries."""

from __future__ import annotations

from pyasm.smith.constructs import construct
from pyasm.smith.frame import Frame
from pyasm.smith.statements import printed

RAISED = ("ValueError", "KeyError", "IndexError", "ArithmeticError")
CAUGHT = (*RAISED, "LookupError", "ZeroDivisionError", "NameError", "Exception", "Exception", "Exception")


@construct("statement", 1)
def raising(f: Frame, depth: int) -> None:
    """raise, sometimes from something, mostly on a condition."""
    (stay,) = f.labels("stay")
    if f.choices.chance(0.8):
        f.value(depth, "bool")
        f.emit("POP_JUMP_IF_FALSE", stay)
    f.load(f.choices.pick(RAISED))
    if f.choices.chance(0.7):
        f.value(depth)
        f.call(1)
    if f.choices.chance(0.2):
        f.load(f.choices.pick(RAISED))
        f.emit("RAISE_VARARGS", 2)
    else:
        f.emit("RAISE_VARARGS", 1)
    f.place(stay)


def guarded(f: Frame, depth: int, setup: str) -> list[str]:
    """A block with statements in it. The labels of its handler and of the end, which are to be placed."""
    handler, end = f.labels("handler", "end")
    f.emit(setup, handler)
    with f.within(lambda value: f.emit("POP_BLOCK")):
        f.suite(depth)
    f.emit("POP_BLOCK")
    return [handler, end]


@construct("statement", 3)
def try_except(f: Frame, depth: int) -> None:
    """try, except clauses, else."""
    handler, end = guarded(f, depth, "SETUP_FINALLY")
    if f.choices.chance(0.3):
        f.suite(depth, 1)
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    for _ in range(f.choices.between(1, 2)):
        (other,) = f.labels("other")
        f.emit("DUP_TOP")
        matched_classes(f)
        f.emit("JUMP_IF_NOT_EXC_MATCH", other)
        f.choices.pick((clause, clause_as))(f, depth, end)
        f.place(other)
    if f.choices.chance(0.2):
        f.silent += 1
        clause(f, depth, end)
        f.silent -= 1
    else:
        f.emit("RERAISE")
    f.place(end)


def matched_classes(f: Frame) -> None:
    """Push what an except clause catches."""
    f.load(f.choices.pick(CAUGHT))
    if f.choices.chance(0.2):
        f.load(f.choices.pick(CAUGHT))
        f.emit("BUILD_TUPLE", 2)


def leave_handler(f: Frame, value: bool) -> None:
    """What return, break and continue do in a handler."""
    if value:
        f.emit("ROT_FOUR")
    f.emit("POP_EXCEPT")


def clause(f: Frame, depth: int, end: str) -> None:
    """except: the body of a clause without a name."""
    f.pop(3)
    with f.within(lambda value: leave_handler(f, value)):
        f.suite(depth)
        if f.choices.chance(0.15):
            f.emit("RAISE_VARARGS", 0)
            return
    f.emit("POP_EXCEPT")
    f.emit("JUMP_FORWARD", end)


def clause_as(f: Frame, depth: int, end: str) -> None:
    """except … as name: its body has a block of its own, in which the name is unbound at last."""
    (cleanup,) = f.labels("cleanup")
    name = f.fresh("e")

    def leave(value: bool) -> None:
        f.emit("POP_BLOCK")
        leave_handler(f, value)
        forget(f, name)

    f.pop()
    f.store(name, "exception")
    f.pop()
    f.emit("SETUP_FINALLY", cleanup)
    with f.within(leave):
        f.load("print")
        describe(f, name)
        f.call(1)
        f.pop()
        f.suite(depth)
        if f.choices.chance(0.15):
            f.emit("RAISE_VARARGS", 0)
    leave(False)
    f.emit("JUMP_FORWARD", end)
    f.place(cleanup)
    forget(f, name)
    f.emit("RERAISE")


def forget(f: Frame, name: str) -> None:
    """Unbind the name of an except clause."""
    f.const(None)
    f.store(name, "exception")
    f.delete(name)
    f.variables[name] = "none"


def describe(f: Frame, name: str) -> None:
    """Push a string that says which exception a variable holds, and which were its context and cause."""
    f.load(name)
    f.emit("LOAD_ATTR", "__class__")
    f.emit("LOAD_ATTR", "__name__")
    for attribute in ("__context__", "__cause__"):
        f.load(name)
        f.emit("LOAD_ATTR", attribute)
        f.emit("LOAD_ATTR", "__class__")
        f.emit("LOAD_ATTR", "__name__")
    f.emit("BUILD_TUPLE", 3)
    f.emit("FORMAT_VALUE", 0)


@construct("statement", 2)
def try_finally(f: Frame, depth: int) -> None:
    """try, finally: its suite is there once for each way out."""
    handler, end = f.labels("finally", "end")

    def leave(value: bool) -> None:
        f.emit("POP_BLOCK")
        if value:
            with f.within(lambda value: swap_out(f, value)):
                f.suite(depth, 1)
        else:
            f.suite(depth, 1)

    f.emit("SETUP_FINALLY", handler)
    with f.within(leave):
        f.suite(depth)
    f.emit("POP_BLOCK")
    f.suite(depth, 2)
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.silent += 1
    with f.within(lambda value: leave_finally(f, value)):
        f.suite(depth, 2)
    f.silent -= 1
    f.emit("RERAISE")
    f.place(end)


def swap_out(f: Frame, value: bool) -> None:
    """Drop the value that was to be returned before."""
    if value:
        f.emit("ROT_TWO")
    f.pop()


def leave_finally(f: Frame, value: bool) -> None:
    """What return, break and continue do in a finally suite that an exception led to."""
    if value:
        f.emit("ROT_FOUR")
    f.pop(3)
    leave_handler(f, value)


@construct("statement", 1)
def six_values(f: Frame, depth: int) -> None:
    """A handler that keeps what was raised in variables, and may raise it again from there."""
    handler, end = f.labels("handler", "end")
    kind, error, traceback = f.fresh("t"), f.fresh("e"), f.fresh("tb")
    f.emit("SETUP_FINALLY", handler)
    with f.within(lambda value: f.emit("POP_BLOCK")):
        f.suite(depth)
    f.emit("POP_BLOCK")
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.store(kind, "type")
    f.store(error, "exception")
    f.store(traceback, "traceback")
    f.silent += 1
    with f.within(lambda value: leave_handler(f, value)):
        f.load(kind)
        f.emit("LOAD_ATTR", "__name__")
        describe(f, error)
        f.load(traceback)
        f.emit("LOAD_ATTR", "__class__")
        f.emit("LOAD_ATTR", "__name__")
        printed(f, 3)
        if f.choices.chance(0.5):
            f.suite(depth, 1)
    f.silent -= 1
    if f.choices.chance(0.3):
        f.load(error)
        f.emit("LOAD_METHOD", "with_traceback")
        f.load(traceback)
        f.emit("CALL_METHOD", 1)
        f.emit("RAISE_VARARGS", 1)
    else:
        f.emit("POP_EXCEPT")
    f.place(end)


@construct("statement", 0.5, leaf=True)
def on_the_stack(f: Frame, depth: int) -> None:
    """A handler that uses its entries where they are."""
    handler, end = f.labels("handler", "end")
    f.const("below")
    f.emit("SETUP_FINALLY", handler)
    f.load(f.choices.pick(RAISED))
    f.value(depth)
    f.call(1)
    f.emit("RAISE_VARARGS", 1)
    f.place(handler)
    f.emit("LOAD_ATTR", "__name__")
    f.emit("ROT_THREE")
    f.emit("LOAD_ATTR", "__class__")
    f.emit("LOAD_ATTR", "__name__")
    f.emit("ROT_THREE")
    f.pop()
    f.emit("BUILD_TUPLE", 2)
    f.emit("ROT_FOUR")
    f.emit("POP_EXCEPT")
    printed(f, 2)
    f.place(end)


@construct("statement", 1)
def cleanup_region(f: Frame, depth: int) -> None:
    """A region whose handler gets two entries."""
    handler, end = guarded(f, depth, "SETUP_CLEANUP")
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.load("print")
    f.const("cleanup")
    f.call(1)
    f.pop()
    f.emit("ROT_TWO")
    f.pop()
    f.emit("RERAISE_VALUE")
    f.place(end)


@construct("statement", 1, needs="CHECK_EG_MATCH")
def exception_group(f: Frame, depth: int) -> None:
    """What except* makes of a group."""
    (handler,) = f.labels("handler")
    f.emit("SETUP_FINALLY", handler)
    f.load("ExceptionGroup")
    f.const("group")
    for name in RAISED[:2]:
        f.load(name)
        f.value(depth)
        f.call(1)
    f.emit("BUILD_LIST", 2)
    f.call(2)
    f.emit("RAISE_VARARGS", 1)
    f.place(handler)
    f.pop()
    f.emit("ROT_TWO")
    f.pop()
    f.load(f.choices.pick(CAUGHT))
    f.emit("CHECK_EG_MATCH")
    unmatched, matched = f.fresh("e"), f.fresh("e")
    f.store(matched, "exception")
    f.store(unmatched, "exception")
    f.emit("POP_EXCEPT")
    for name in (unmatched, matched):
        f.load(name)
        f.emit("FORMAT_VALUE", 2)
    printed(f, 2)


@construct("statement", 2)
def with_statement(f: Frame, depth: int) -> None:
    """with, of a manager that may swallow exceptions."""
    handler, swallowed, end = f.labels("handler", "swallowed", "end")

    def leave(value: bool) -> None:
        f.emit("POP_BLOCK")
        if value:
            f.emit("ROT_TWO")
        exit_normally(f)

    f.program.need("Manager", f)
    f.value(depth)
    f.call(1)
    f.emit("SETUP_WITH", handler)
    with f.within(leave):
        bind_or_drop(f)
        f.suite(depth)
    leave(False)
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.emit("WITH_EXCEPT_START")
    swallow_or_raise(f, swallowed)
    f.place(end)


def bind_or_drop(f: Frame) -> None:
    """as name, or not."""
    if f.choices.chance(0.5):
        f.store(f.fresh("i"))
    else:
        f.pop()


def exit_normally(f: Frame) -> None:
    """Call __exit__ with three None."""
    f.const(None)
    f.emit("DUP_TOP")
    f.emit("DUP_TOP")
    f.call(3)
    f.pop()


def swallow_or_raise(f: Frame, swallowed: str) -> None:
    """The end of the handler of a with: the result of __exit__ is on top."""
    f.emit("POP_JUMP_IF_TRUE", swallowed)
    f.emit("RERAISE")
    f.place(swallowed)
    f.pop(3)
    f.emit("POP_EXCEPT")
    f.pop()
