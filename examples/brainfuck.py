"""Brainfuck, compiled to assembly text and run at the speed of Python.

    python examples/brainfuck.py

prints: Hello World!
"""

from __future__ import annotations

import itertools

import pyasm

HELLO = """
++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.
"""


def statements(program: str) -> str:
    """One statement for each run of equal signs; brackets are those of WHILE."""
    lines = ["DEF run() {", "LOAD OP [0] * 1000 -> $tape", "LOAD 0 -> $at", 'LOAD "" -> $out']
    for sign, run in itertools.groupby(sign for sign in program if sign in "+-<>[]."):
        count = len(list(run))
        if sign in "+-":
            lines.append(f"OP ($tape[$at] {sign} {count}) & 255 -> $tape[$at]")
        elif sign in "<>":
            lines.append(f"OP $at {'+' if sign == '>' else '-'} {count} -> $at")
        elif sign == ".":
            lines += [f"OP $out + ~chr($tape[$at]) * {count} -> $out"]
        else:
            lines += ["WHILE $tape[$at] {" if sign == "[" else "}"] * count
    return "\n".join([*lines, "RETURN $out", "}"])


if __name__ == "__main__":
    print(pyasm.function(statements(HELLO))(), end="")
