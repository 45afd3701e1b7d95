"""Count how often functions are called, by editing their bytecode: no wrapper, and no cost elsewhere.

    python examples/count_calls.py

A call looks different in every version of CPython. So this lets the compiler write one, and takes its instructions.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Callable

import pyasm


def call_of(hook: Callable[[Any], Any], argument: Any) -> list[pyasm.Instruction]:
    """The instructions for `hook(argument)` as a statement, with both as constants."""
    values = {"hook": hook, "argument": argument}
    body = pyasm.decode(compile("hook(argument)", "<call>", "exec")).body
    ops = [instruction.op for instruction in body]
    start = ops.index("RESUME") + 1 if "RESUME" in ops else 0
    result = []
    for op, arg, _ in body[start : ops.index("POP_TOP") + 1]:
        if op == "LOAD_NAME":
            op, arg = "LOAD_CONST", values[arg]
        result.append(pyasm.Instruction(op, arg))
    return result


def start_of(code: pyasm.Code) -> int:
    """Where the code of the source begins, behind what the compiler puts at the start."""
    for i, (op, _, _) in enumerate(code.body):
        if op in ("RESUME", "GEN_START"):
            return i + 1
    return 0


def counted(counts: Counter[str]) -> Callable[[Any], Any]:
    """A decorator: every call of the function is noted in `counts`, under its name."""

    def decorate(function: Any) -> Any:
        code = pyasm.decode(function.__code__)
        start = start_of(code)
        code.body[start:start] = call_of(lambda name: counts.update([name]), function.__name__)
        function.__code__ = pyasm.encode(code)
        return function

    return decorate


CALLS: Counter[str] = Counter()


@counted(CALLS)
def fib(n: int) -> int:
    """The n-th Fibonacci number, the slow way."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@counted(CALLS)
def countdown(n: int) -> Any:
    """The numbers from n down to 1; a generator counts when it starts."""
    while n:
        yield n
        n -= 1


if __name__ == "__main__":
    print("fib(15) =", fib(15), "and", sum(countdown(10)))
    for name, count in sorted(CALLS.items()):
        print(f"{name}: {count} calls")
