"""How fast code is that is written by hand, beside what the compiler makes of the same program.

    python bench/handwritten.py [--check]     # exit code 1 when one is more than 2 % slower each time

Each function is lifted, then everything that only the compiler knows is taken away, positions, pools and names of
labels, as if it had been typed in as portable instructions; what is lowered of that runs against the original, in
turns.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any, Callable

import pyasm
from pyasm import Code
from pyasm.translate import lift, lower

MOST = 1.02
ROUNDS = 40
ATTEMPTS = 4

SOURCE = """
def fib(n=18):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def loop(n=20000):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def while_loop(n=20000):
    a, b = 0, 1
    while n > 0:
        a, b = b, (a + b) % 1000003
        n -= 1
    return a

def sieve(n=20000):
    marks = bytearray([1]) * n
    for i in range(2, n):
        if marks[i] and i * i < n:
            for j in range(i * i, n, i):
                marks[j] = 0
    return sum(marks)

def methods(n=8000):
    items = []
    for i in range(n):
        items.append(str(i).upper())
    return "".join(items)

class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
    def move(self, dx, *, dy=1):
        self.x += dx
        self.y += dy
        return self

def objects(n=5000):
    point = Point(0, 0)
    for i in range(n):
        point.move(i, dy=2).move(1)
    return point.x + point.y

def numbers(n=5000):
    for i in range(n):
        if i % 2 == 0:
            yield i
        else:
            yield from (i, -i)

def generator():
    return sum(numbers())

def closure(n=8000):
    count = 0
    def add(k):
        nonlocal count
        count += k
    for i in range(n):
        add(i)
    return count

def exceptions(n=5000):
    caught = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                raise ValueError(i)
            caught += 1
        except ValueError as error:
            caught += error.args[0]
        finally:
            caught -= 1
    return caught

def comprehension(n=8000):
    pairs = [x * y for x in range(n // 80) for y in range(80) if x != y]
    return len(pairs) + sum({k: v for k, v in zip(range(n), range(n))}.values())

class Manager:
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        return False

def with_statement(n=5000):
    manager = Manager()
    total = 0
    for i in range(n):
        with manager as m:
            total += i if m is manager else 0
    return total

def unpacking(n=6000):
    total = 0
    for a, (b, *c) in [(i, (i, i, i)) for i in range(n)]:
        total += a + b + len(c)
    return total
"""

FUNCTIONS = [
    "fib", "loop", "while_loop", "sieve", "methods", "objects", "generator", "closure", "exceptions", "comprehension",
    "with_statement", "unpacking",
]  # fmt: skip


def bare(code: Code) -> Code:
    """A portable code as one would type it in: no positions, no pools, nothing that names of labels tell."""
    body = [
        each._replace(arg=bare(each.arg) if isinstance(each.arg, Code) else each.arg, position=None)
        for each in code.body
    ]
    jumped = {each.arg for each in body if each.op != "LABEL" and isinstance(each.arg, str)}
    names = {each.arg: f"to_{number}" for number, each in enumerate(body) if each.op == "LABEL" and each.arg in jumped}
    kept = [each for each in body if each.op != "LABEL" or each.arg in names]
    table = pyasm.isa.load("portable").opcodes
    return code.replace(
        body=[
            each._replace(arg=names[each.arg])
            if each.op == "LABEL" or table[each.op].operand in pyasm.isa.JUMPS
            else each
            for each in kept
        ],
        layout=None,
        stack_size=0,
    )


def modules() -> tuple[dict[str, Any], dict[str, Any]]:
    """The names of the source as the compiler makes it, and as lowered from what is bare."""
    module = compile(SOURCE, "handwritten", "exec")
    ours = pyasm.encode(lower(bare(lift(pyasm.decode(module)))))
    names: tuple[dict[str, Any], dict[str, Any]] = ({"__name__": "a"}, {"__name__": "b"})
    for code, namespace in zip((module, ours), names):
        exec(code, namespace)
    return names


def seconds(work: Callable[[], object]) -> float:
    """How long something takes. It does not pay for collecting what came before it."""
    gc.collect()
    gc.freeze()
    start = time.process_time()
    work()
    return time.process_time() - start


def ratios(one: Callable[[], object], other: Callable[[], object]) -> float:
    """The time of the other as a multiple of that of the one: the median of pairs, in turns and in either order."""
    found = []
    for number in range(ROUNDS):
        first, second = (one, other) if number % 2 else (other, one)
        a, b = seconds(first), seconds(second)
        found.append(b / a if number % 2 else a / b)
    return statistics.median(found)


def measure() -> dict[str, float]:
    """Time of the one written by hand as a multiple of the compiler's, the median over the rounds."""
    compiled, ours = modules()
    found = {}
    for name in FUNCTIONS:
        one, other = compiled[name], ours[name]
        assert one() == other()
        found[name] = ratios(one, other)
    return found


def report(description: str | None, what: str, names: Iterable[str], measured: Callable[[], dict[str, float]]) -> int:
    """The command line of a comparison: the ratio of each of these; the exit code.

    With --check it is measured again as long as some of them are slow each time, and the exit code is 1 in the end.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help=f"exit code 1 when one is slower {ATTEMPTS} times")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}: time of {what}, as a multiple of compiled code")
    slow = set(names)
    for _ in range(ATTEMPTS):
        found = measured()
        print("  ".join(f"{name} {ratio:.3f}" for name, ratio in found.items()))
        slow &= {name for name, ratio in found.items() if ratio > MOST}
        if not slow or not options.check:
            break
    for name in sorted(slow):
        print(f"MISSED {name}: more than {MOST} times as long", file=sys.stderr)
    return int(options.check and bool(slow))


if __name__ == "__main__":
    sys.exit(report(__doc__, "code written by hand", FUNCTIONS, measure))
