"""What generators, coroutines and async generators do, and those who run them."""

from __future__ import annotations

from pyasm.smith.arithmetic import drop
from pyasm.smith.constructs import construct
from pyasm.smith.exceptions import bind_or_drop, swallow_or_raise
from pyasm.smith.frame import Frame
from pyasm.smith.functions import call_some, callable_routines
from pyasm.smith.statements import loop_over

ASYNCHRONOUS = ("coroutine", "async generator")


def yielding(f: Frame) -> bool:
    """May it yield here?"""
    return f.kind in ("generator", "async generator") and not f.silent and f.yields + f.trips <= 30


def awaiting(f: Frame) -> bool:
    """May it await here?"""
    return f.kind in ASYNCHRONOUS and not f.silent


def delegate(f: Frame, get: str) -> None:
    """Run what is on top to its end; the result takes its place."""
    f.emit(get)
    f.const(None)
    f.emit("YIELD_FROM")


@construct("statement", 5, where=yielding)
def yield_statement(f: Frame, depth: int) -> None:
    """yield value."""
    f.value(depth)
    f.emit("YIELD_VALUE")
    f.pop()
    f.yields += f.trips


@construct("int", 2, where=yielding)
def yield_between(f: Frame, depth: int) -> None:
    """A yield while there is something on the stack."""
    f.value(depth)
    f.value(depth)
    f.emit("YIELD_VALUE")
    f.pop()
    f.yields += f.trips


@construct("int", 10, where=lambda f: f.kind == "generator" and not f.silent and callable_routines(f, "generator"))
def delegation(f: Frame, depth: int) -> None:
    """yield from a generator."""
    routine = call_some(f, "generator", depth)
    f.yields += f.trips * routine.yields
    delegate(f, "GET_YIELD_FROM_ITER")


@construct("statement", 1, where=lambda f: f.kind == "generator" and not f.silent and f.trips < 5)
def delegation_to_list(f: Frame, depth: int) -> None:
    """yield from a list."""
    f.value(depth, "list")
    delegate(f, "GET_YIELD_FROM_ITER")
    f.pop()
    f.yields += 5 * f.trips


@construct("list", 8, where=lambda f: callable_routines(f, "generator"))
def exhausted(f: Frame, depth: int) -> None:
    """All that a generator yields."""
    if f.choices.chance(0.5):
        f.load("list")
        call_some(f, "generator", depth)
        f.call(1)
    else:
        f.emit("BUILD_LIST", 0)
        call_some(f, "generator", depth)
        f.emit("LIST_EXTEND", 1)


@construct("statement", 6, where=lambda f: callable_routines(f, "generator"))
def generator_loop(f: Frame, depth: int) -> None:
    """for, over a generator, which may be left before its end."""
    routine = call_some(f, "generator", depth)
    f.emit("GET_ITER")
    loop_over(f, depth, routine.yields)


@construct("any", 4, where=lambda f: callable_routines(f, "generator"))
def driven(f: Frame, depth: int) -> None:
    """A generator that gets a value sent, or an exception thrown, or is closed."""
    f.program.need("drive", f)
    call_some(f, "generator", depth)
    f.const(f.choices.pick(("send", "throw", "close")))
    f.const(f.choices.below(3))
    f.call(3)


@construct("int", 12, where=lambda f: awaiting(f) and callable_routines(f, "coroutine"))
def awaited(f: Frame, depth: int) -> None:
    """await of a coroutine."""
    call_some(f, "coroutine", depth)
    delegate(f, "GET_AWAITABLE")


@construct("int", 4, where=awaiting)
def awaited_pause(f: Frame, depth: int) -> None:
    """await of something that goes back to the loop."""
    f.program.need("Pause", f)
    f.value(depth)
    f.call(1)
    delegate(f, "GET_AWAITABLE")


@construct("int", 10, where=lambda f: callable_routines(f, "coroutine"))
def run(f: Frame, depth: int) -> None:
    """Run a coroutine by hand."""
    f.program.need("run", f)
    call_some(f, "coroutine", depth)
    f.call(1)


@construct("statement", 12, where=lambda f: awaiting(f) and callable_routines(f, "async generator"))
def async_for(f: Frame, depth: int) -> None:
    """async for."""
    again, handler, done = f.labels("next", "handler", "done")
    routine = call_some(f, "async generator", depth)
    f.emit("GET_AITER")
    f.place(again)
    f.emit("SETUP_FINALLY", handler)
    f.emit("GET_ANEXT")
    f.const(None)
    f.emit("YIELD_FROM")
    f.emit("POP_BLOCK")
    f.store(f.fresh("i"))
    with f.within(lambda value: drop(f, value), done, again), f.repeated(max(routine.yields, 1)):
        f.suite(depth)
    f.emit("JUMP_ABSOLUTE", again)
    f.place(handler)
    f.emit("END_ASYNC_FOR")
    if f.choices.chance(0.3):
        f.suite(depth, 1)
    f.place(done)


@construct("statement", 2, where=awaiting)
def async_with(f: Frame, depth: int) -> None:
    """async with."""
    handler, swallowed, end = f.labels("handler", "swallowed", "end")

    def leave(value: bool) -> None:
        f.emit("POP_BLOCK")
        if value:
            f.emit("ROT_TWO")
        f.const(None)
        f.emit("DUP_TOP")
        f.emit("DUP_TOP")
        f.call(3)
        delegate(f, "GET_AWAITABLE")
        f.pop()

    f.program.need("AsyncManager", f)
    f.value(depth)
    f.call(1)
    f.emit("BEFORE_ASYNC_WITH")
    delegate(f, "GET_AWAITABLE")
    f.emit("SETUP_ASYNC_WITH", handler)
    with f.within(leave):
        bind_or_drop(f)
        f.suite(depth)
    leave(False)
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.emit("WITH_EXCEPT_START")
    delegate(f, "GET_AWAITABLE")
    swallow_or_raise(f, swallowed)
    f.place(end)
