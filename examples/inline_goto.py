"""A goto in a Python function: out of three loops at once, and back for another try.

    python examples/inline_goto.py

prints:
(6, 8, 10)
given up after 3 tries
"""

from __future__ import annotations

from pyasm import inline, jump, label


@inline
def triangle(perimeter: int) -> tuple[int, int, int] | str:
    """Three whole sides of a right-angled triangle, of a perimeter that may have to grow for it."""
    tries = 0
    label("again")
    for a in range(1, perimeter):
        for b in range(a, perimeter - a):
            c = perimeter - a - b
            jump("found", a * a + b * b == c * c)
    tries += 1
    perimeter += 1
    jump("again", tries < 3)
    return f"given up after {tries} tries"
    label("found")
    return a, b, c


if __name__ == "__main__":
    print(triangle(23))
    print(triangle(25))
