"""Runs code that may do anything: with varied arguments, a time limit, and without effects outside of the process.

`Driver(seconds).drive(code, globals, random)` says how it went: `returned`, `raised` or `timed out`. Whatever comes out
of the code is used as it would be: generators and coroutines are driven by hand, functions are called.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import os
import random
import resource
import signal
import sys
import types
from typing import Any, Callable

MEMORY = 600 << 20
"""How much more memory a child may take."""

FORBIDDEN = {
    "os": """
        _exit abort chdir chflags chmod chown chroot close closerange dup dup2 execv execve fchdir fchmod
        fchown fork fork1 forkpty ftruncate kill killpg lchown link lockf login_tty makedirs memfd_create
        mkdir mkfifo mknod nice open openpty pidfd_open pipe pipe2 popen posix_fallocate posix_spawn
        posix_spawnp putenv pwrite pwritev read readv remove removedirs rename renames replace rmdir
        sched_setaffinity sched_setscheduler sendfile set_blocking setegid seteuid setgid setgroups setpgid
        setpriority setregid setresgid setresuid setreuid setsid setuid splice symlink sync system tcsetpgrp
        truncate umask unlink unsetenv utime wait wait3 wait4 waitid waitpid write writev posix_openpt fdopen
    """,
    "posix": "",
    "signal": "alarm pause pthread_kill raise_signal setitimer set_wakeup_fd signal sigtimedwait sigwait sigwaitinfo "
    "pthread_sigmask siginterrupt",
    "_signal": "",
    "time": "sleep",
    "resource": "setrlimit",
    "_posixsubprocess": "fork_exec",
    "_thread": "start_new_thread start_new start_joinable_thread interrupt_main",
    "sys": "setrecursionlimit setswitchinterval setdlopenflags addaudithook",
    "builtins": "input breakpoint open",
    "io": "open open_code FileIO",
    "_io": "",
    "mmap": "mmap",
    "socket": "socket create_connection create_server fromfd socketpair",
    "_socket": "",
    "select": "select poll epoll",
    "faulthandler": "_read_null _sigsegv _sigabrt _sigfpe _fatal_error _fatal_error_c_thread _stack_overflow",
}
"""What code under test must not do, by module; an empty text: what the one before it must not."""


class Forbidden(Exception):
    """What a forbidden function raises."""


class TimeLimit(BaseException):
    """What a call that takes too long ends with."""


def forbidden(*arguments: Any, **keywords: Any) -> Any:
    raise Forbidden


def limits() -> None:
    """For a child: no core files, no more memory and processor time than a mutant may need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with open("/proc/self/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))


def isolate() -> None:
    """Takes from the process what could harm others."""
    for module, names in prepare():
        for name in names:
            if hasattr(module, name):
                setattr(module, name, forbidden)


def prepare() -> list[tuple[Any, list[str]]]:
    """Imports the modules that have something to forbid; each with its names."""
    found: list[tuple[Any, list[str]]] = []
    for name, text in FORBIDDEN.items():
        with contextlib.suppress(ImportError):
            found.append((importlib.import_module(name), text.split() or found[-1][1]))
    return found


class Joker:
    """An object that can do nearly everything, a limited number of times."""

    left = 300

    def _again(self, *arguments: Any, **keywords: Any) -> Any:
        Joker.left -= 1
        if Joker.left < 0:
            raise ValueError("enough")
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._again()

    def __iter__(self) -> Any:
        self._again()
        return iter([self, 2, "c"])

    def __bool__(self) -> bool:
        self._again()
        return Joker.left % 3 > 0

    def __eq__(self, other: object) -> bool:
        return bool(self)

    def __len__(self) -> int:
        return 2

    def __hash__(self) -> int:
        return 5

    def __index__(self) -> int:
        return 1

    def __exit__(self, *arguments: Any) -> bool:
        return bool(self)

    def __await__(self) -> Any:
        return iter([self._again()])

    async def __anext__(self) -> Any:
        if self:
            raise StopAsyncIteration
        return self

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *arguments: Any) -> bool:
        return bool(self)

    def __str__(self) -> str:
        return "joker"

    def keys(self) -> list[str]:
        return ["a", "b"]

    __call__ = __enter__ = __getitem__ = __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __or__ = __and__ = _again
    __aiter__ = __iadd__ = __neg__ = __invert__ = __mod__ = __floordiv__ = __truediv__ = __rsub__ = _again
    __setitem__ = __delitem__ = _again


class Driver:
    """Calls code with arguments of many kinds, each for a limited time."""

    def __init__(self, seconds: float = 0.25) -> None:
        self.seconds = seconds
        self.armed = False
        self.setitimer = signal.setitimer
        signal.signal(signal.SIGALRM, self._alarm)

    def _alarm(self, number: int, frame: Any) -> None:
        if self.armed:
            raise TimeLimit

    def drive(self, code: types.CodeType, names: dict[str, Any], rng: random.Random) -> str:
        """How the calls went; the best of `returned`, `raised`, `timed out`."""
        found = set()
        for call in self._calls(code, names, rng):
            found.add(self._limited(call))
            if "timed out" in found:
                break
        gc.collect()
        return next((each for each in ("returned", "raised", "timed out") if each in found), "raised")

    def _calls(self, code: types.CodeType, names: dict[str, Any], rng: random.Random) -> list[Callable[[], Any]]:
        names = dict(names)
        if code.co_flags & 3 != 3:
            return [lambda: self._as_namespace(code, names), lambda: self._as_class(code, names, rng)]
        function = types.FunctionType(code, names, None, None, closure(code, rng))
        calls: list[Callable[[], Any]] = [lambda: self._use(function(), rng)] if code.co_argcount else []
        for k in range(5):
            calls.append(lambda k=k: self._use(function(*arguments(code, k, rng), **keywords(code, k)), rng))
        calls.append(lambda: self._often(function, code))
        calls.append(lambda: self._traced(function, code, rng))
        return calls

    def _often(self, function: Any, code: types.CodeType) -> None:
        """So often that the interpreter specializes its instructions."""
        for _ in range(20):
            with contextlib.suppress(Exception):
                function(*arguments(code, 1, random), **keywords(code, 1))
        function(*arguments(code, 1, random), **keywords(code, 1))

    def _traced(self, function: Any, code: types.CodeType, rng: random.Random) -> None:
        def trace(frame: Any, event: str, argument: Any) -> Any:
            len(frame.f_locals)
            return trace if event in ("call", "line", "return", "exception") else None

        sys.settrace(trace)
        try:
            self._use(function(*arguments(code, 1, rng), **keywords(code, 1)), rng)
        finally:
            sys.settrace(None)

    def _as_namespace(self, code: types.CodeType, names: dict[str, Any]) -> None:
        if not code.co_freevars:
            exec(code, names, {"__name__": "m"})

    def _as_class(self, code: types.CodeType, names: dict[str, Any], rng: random.Random) -> None:
        function = types.FunctionType(code, names, None, None, closure(code, rng))
        if not (code.co_argcount or code.co_kwonlyargcount):
            self._use(builtins.__build_class__(function, "C"), rng)  # type: ignore[attr-defined]

    def _limited(self, call: Callable[[], Any]) -> str:
        Joker.left = 300
        try:
            self.armed = True
            self.setitimer(signal.ITIMER_REAL, self.seconds, self.seconds / 4)
            try:
                call()
            finally:
                self.armed = False
                self.setitimer(signal.ITIMER_REAL, 0)
        except TimeLimit:
            self.armed = False  # it may have come before that was done above
            self.setitimer(signal.ITIMER_REAL, 0)
            return "timed out"
        except BaseException as error:
            look_at(error)
            return "raised"
        return "returned"

    def _use(self, value: Any, rng: random.Random, deep: int = 0) -> None:
        """Does with a result what its type is for."""
        kind = type(value)
        if kind in (types.GeneratorType, types.CoroutineType):
            drive_generator(value, rng)
        elif kind is types.AsyncGeneratorType:
            for step in rng.sample((value.__anext__, lambda: value.asend(1), lambda: value.athrow(ValueError())), 3):
                drive_generator(step(), rng)
            drive_generator(value.aclose(), rng)
        elif kind is types.FunctionType and deep < 2:
            repr((value.__defaults__, value.__kwdefaults__, value.__closure__, value.__annotations__))
            self._use(value(*arguments(value.__code__, 1, rng), **keywords(value.__code__, 1)), rng, deep + 1)
        elif kind in (tuple, list, set, dict):
            len(repr(value))
        elif kind is type and deep < 2:
            repr(vars(value).get("__annotations__"))
            self._use(value(), rng, deep + 1)


def look_at(error: BaseException) -> None:
    """Reads what a traceback reads: lines, positions, local variables."""
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        step.tb_lineno  # noqa: B018
        len(frame.f_locals)
        if hasattr(frame.f_code, "co_positions"):
            sum(1 for _ in frame.f_code.co_positions())
        step = step.tb_next


def drive_generator(value: Any, rng: random.Random) -> None:
    """Starts it, sends, throws and closes, in some order, whatever it answers."""
    steps = [lambda: value.send(None), lambda: value.send(None), lambda: value.send(7)]
    steps += [lambda: value.throw(ValueError("thrown"))] if rng.random() < 0.5 else [lambda: value.send(None)]
    if rng.random() < 0.3:
        steps.insert(0, lambda: value.throw(KeyError("early")))
    for step in steps:
        look_inside(value)
        with contextlib.suppress(StopIteration, StopAsyncIteration, ValueError, RuntimeError):
            step()
    look_inside(value)
    value.close()


def look_inside(value: Any) -> None:
    for prefix in ("gi", "cr"):
        frame = getattr(value, f"{prefix}_frame", None)
        if frame is not None:
            len(frame.f_locals)
            frame.f_lineno  # noqa: B018
            getattr(value, "gi_yieldfrom" if prefix == "gi" else "cr_await")


# -- arguments

PROMISED: dict[str, Any] = {
    ".defaults": (1,),
    ".kwdefaults": {"a": 1},
    ".format": 1,
    ".generic_base": object,
    ".type_params": (),
    "__class__": int,
    "__classdict__": {},
    "__conditional_annotations__": {0},
}
"""What the callers of a compiler's own functions give them, by the name of the parameter or free variable."""


def closure(code: types.CodeType, rng: random.Random) -> tuple[types.CellType, ...] | None:
    kinds = (1, "a", [1], None, Joker(), int)
    cells = [types.CellType(PROMISED.get(name, rng.choice(kinds))) for name in code.co_freevars]
    return tuple(cells) or None


def arguments(code: types.CodeType, k: int, rng: Any) -> list[Any]:
    """Of kind k for the positional parameters; what a compiler's own parameters (`.0`) promise is kept."""
    return [argument(name, k, rng) for name in code.co_varnames[: code.co_argcount]]


def keywords(code: types.CodeType, k: int) -> dict[str, Any]:
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return {name: argument(name, k, random) for name in names}


def argument(name: str, k: int, rng: Any) -> Any:
    if name in PROMISED:
        return PROMISED[name]
    if name.startswith("."):
        return iter([(1, 2), (3, 4)])
    if k == 0:
        return rng.choice((0, 1, 2, 7))
    if k == 1:
        return Joker()
    if k == 2:
        return rng.choice(("", "ab", "a=b"))
    if k == 3:
        return rng.choice(([1, 2], {"a": 1}, (1, 2), [(1, 2)], {1, 2}))
    return rng.choice((None, 1.5, b"ab", ValueError("given"), int, len, (i for i in (1, 2)), Joker(), 3))


def originals() -> dict[str, Any]:
    """What the program that runs the children needs itself."""
    return {
        name: getattr(os, name)
        for name in ("fork", "_exit", "pipe", "read", "write", "close", "waitpid", "kill", "dup2", "open")
    }
