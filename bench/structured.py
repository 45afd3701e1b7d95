"""How fast structured text of the language is, beside the same program in Python, compiled.

    python bench/structured.py [--check]     # exit code 1 when one is more than 2 % slower each time

Both run in one process, in turns. tests/test_lang_shape.py compares the instructions of these programs.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from handwritten import ratios, report

import pyasm

PROGRAMS: dict[str, tuple[str, str]] = {
    "fib": (
        """
        IF $n < 2 { RETURN $n }
        RETURN @fib($n - 1) + @fib($n - 2)
        """,
        """
        if n < 2:
            return n
        return fib(n - 1) + fib(n - 2)
        """,
    ),
    "count": (
        """
        LOAD 0 -> $total
        WHILE $n > 0 {
            OP $total + $n % 7 -> $total
            OP $n - 1 -> $n
        }
        RETURN $total
        """,
        """
        total = 0
        while n > 0:
            total = total + n % 7
            n = n - 1
        return total
        """,
    ),
    "collatz": (
        """
        LOAD 0 -> $longest
        FOREACH $start IN @range(1, $n) {
            LOAD $start -> $value; LOAD 0 -> $steps
            WHILE $value != 1 {
                IF $value % 2 == 0 { OP $value // 2 -> $value } ELSE { OP $value * 3 + 1 -> $value }
                OP $steps + 1 -> $steps
            }
            IF $steps > $longest { LOAD $steps -> $longest }
        }
        RETURN $longest
        """,
        """
        longest = 0
        for start in range(1, n):
            value = start
            steps = 0
            while value != 1:
                if value % 2 == 0:
                    value = value // 2
                else:
                    value = value * 3 + 1
                steps = steps + 1
            if steps > longest:
                longest = steps
        return longest
        """,
    ),
    "sieve": (
        """
        OP @bytearray([1]) * $n -> $marks
        FOREACH $i IN @range(2, $n) {
            IF $marks[$i] and $i * $i < $n {
                FOREACH $j IN @range($i * $i, $n, $i) { LOAD 0 -> $marks[$j] }
            }
        }
        RETURN @sum($marks)
        """,
        """
        marks = bytearray([1]) * n
        for i in range(2, n):
            if marks[i] and i * i < n:
                for j in range(i * i, n, i):
                    marks[j] = 0
        return sum(marks)
        """,
    ),
    "search": (
        """
        LOAD 0 -> $found
        FOREACH $i IN @range($n) {
            FOREACH $j IN @range(20) {
                IF $j * $j > $i { BREAK }
                IF $j % 3 == 0 { CONTINUE }
                OP $found + 1 -> $found
            }
        }
        RETURN $found
        """,
        """
        found = 0
        for i in range(n):
            for j in range(20):
                if j * j > i:
                    break
                if j % 3 == 0:
                    continue
                found = found + 1
        return found
        """,
    ),
    "grades": (
        """
        LOAD 0 -> $sum
        FOREACH $i IN @range($n) {
            IF $i % 10 < 2 { OP $sum + 1 -> $sum }
            ELIF $i % 10 < 4 or $i == 77 { OP $sum + 2 -> $sum }
            ELIF not 4 < $i % 10 < 8 and $i > 9 { OP $sum + 3 -> $sum }
            ELSE { OP $sum + 4 -> $sum }
        }
        RETURN $sum
        """,
        """
        sum = 0
        for i in range(n):
            if i % 10 < 2:
                sum = sum + 1
            elif i % 10 < 4 or i == 77:
                sum = sum + 2
            elif not 4 < i % 10 < 8 and i > 9:
                sum = sum + 3
            else:
                sum = sum + 4
        return sum
        """,
    ),
    "methods": (
        """
        LOAD [] -> $items
        FOREACH $i IN @range($n) {
            CALL $items.append(@str($i).upper()) -> \\
            IF @len($items) > 100 { CALL $items.clear() -> \\ }
        }
        RETURN "".join($items)
        """,
        """
        items = []
        for i in range(n):
            items.append(str(i).upper())
            if len(items) > 100:
                items.clear()
        return "".join(items)
        """,
    ),
    "attributes": (
        """
        CALL @Point() -> $point
        FOREACH $i IN @range($n) {
            OP $point.x + $i -> $point.x
            OP $point.y - $point.x -> $point.y
            CALL $point.move($i, dy=2) -> \\
        }
        RETURN ($point.x, $point.y)
        """,
        """
        point = Point()
        for i in range(n):
            point.x = point.x + i
            point.y = point.y - point.x
            point.move(i, dy=2)
        return (point.x, point.y)
        """,
    ),
    "exceptions": (
        """
        LOAD 0 -> $caught
        FOREACH $i IN @range($n) {
            TRY {
                IF $i % 3 == 0 { RAISE @ValueError($i) }
                OP $caught + 1 -> $caught
            }
            EXCEPT @ValueError { OP $caught + 2 -> $caught }
            FINALLY { OP $caught - 1 -> $caught }
        }
        RETURN $caught
        """,
        """
        caught = 0
        for i in range(n):
            try:
                if i % 3 == 0:
                    raise ValueError(i)
                caught = caught + 1
            except ValueError:
                caught = caught + 2
            finally:
                caught = caught - 1
        return caught
        """,
    ),
    "managers": (
        """
        CALL @Manager() -> $manager; LOAD 0 -> $total
        FOREACH $i IN @range($n) {
            WITH $manager -> $value {
                IF $value is $manager { OP $total + $i -> $total }
            }
        }
        RETURN $total
        """,
        """
        manager = Manager()
        total = 0
        for i in range(n):
            with manager as value:
                if value is manager:
                    total = total + i
        return total
        """,
    ),
    "unpacking": (
        """
        LOAD 0 -> $total; LOAD 1 -> $a; LOAD 2 -> $b
        FOREACH $i IN @range($n) {
            LOAD ($i, ($i, $a, $b)) -> $c, ($d, *$rest)
            LOAD ($b, $a) -> $a, $b
            OP $total + $c + $d + $rest[0] -> $total
        }
        RETURN $total
        """,
        """
        total = 0
        a = 1
        b = 2
        for i in range(n):
            c, (d, *rest) = (i, (i, a, b))
            a, b = b, a
            total = total + c + d + rest[0]
        return total
        """,
    ),
    "closures": (
        """
        LOAD 0 -> $count
        DEF add <count>(k, *, by=1) { OP $count + $k * $by -> $count; RETURN $count }
        FOREACH $i IN @range($n) {
            CALL $add($i) -> \\
            CALL $add($i, by=2) -> $last
        }
        RETURN ($count, $last)
        """,
        """
        count = 0
        def add(k, *, by=1):
            nonlocal count
            count = count + k * by
            return count
        for i in range(n):
            add(i)
            last = add(i, by=2)
        return (count, last)
        """,
    ),
    "generators": (
        """
        FOREACH $i IN @range($n) {
            IF $i % 2 { YIELD $i -> \\ } ELSE { YIELD * ($i, -$i) -> \\ }
        }
        """,
        """
        for i in range(n):
            if i % 2:
                yield i
            else:
                yield from (i, -i)
        """,
    ),
    "displays": (
        """
        LOAD {} -> $all
        FOREACH $i IN @range($n) {
            LOAD {"a": $i, "b": [$i, 1], **$all} -> $all
            LOAD $all["b"][0] -> $all["c"]
            ASSERT $all["c"] == $all["a"] and $i in {0, $i} and "b" not in ("c", "d")
        }
        RETURN $all
        """,
        """
        all = {}
        for i in range(n):
            all = {"a": i, "b": [i, 1], **all}
            all["c"] = all["b"][0]
            assert all["c"] == all["a"] and i in {0, i} and "b" not in ("c", "d")
        return all
        """,
    ),
}
"""The body of a function of n in the language, and in Python."""

SIZES = {"fib": 17, "collatz": 400, "search": 3000}
USUAL = 6000

HELPERS = """
class Point:
    x = y = 0
    def move(self, dx, *, dy=1):
        self.x += dx
        self.y += dy

class Manager:
    def __enter__(self):
        return self
    def __exit__(self, *exc):
        return False
"""


def texts(name: str) -> tuple[str, str]:
    """A function in the language, and in Python."""
    text, source = PROGRAMS[name]
    return f"DEF {name}(n) {{{text}}}\n", f"def {name}(n):{source}\n"


def functions(name: str) -> tuple[Any, Any]:
    """What the compiler makes of a program, and what we do, each with globals of its own."""
    text, source = texts(name)
    found = []
    for code in (compile(source, name, "exec"), pyasm.assemble(pyasm.parse(text, name))):
        names: dict[str, Any] = {"__name__": name}
        exec(HELPERS, names)
        exec(code, names)
        found.append(names[name])
    return found[0], found[1]


def worked(function: Any, size: int) -> Any:
    """What a function gives; of a generator all that it yields."""
    given = function(size)
    return sum(given) if hasattr(given, "send") else given


def measure() -> dict[str, float]:
    """Time of text as a multiple of the compiler's, the median over the rounds."""
    found = {}
    for name in PROGRAMS:
        size = SIZES.get(name, USUAL)
        compiled, ours = functions(name)
        assert worked(compiled, size) == worked(ours, size)
        found[name] = ratios(partial(worked, compiled, size), partial(worked, ours, size))
    return found


if __name__ == "__main__":
    sys.exit(report(__doc__, "structured text", PROGRAMS, measure))
