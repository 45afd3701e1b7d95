"""A very small coverage tool: put a call at the first instruction of every line of a program, and run it.

    python examples/line_hits.py examples/fib.py 5

Each line of the program is shown with `>` where it was executed, and `!` where it could have been.
"""

from __future__ import annotations

import sys

from count_calls import call_of, start_of

import pyasm


def instrument(code: pyasm.Code, hits: set[int], lines: set[int]) -> None:
    """Insert the calls into a code object and those within; `lines` gets all lines that have code."""
    seen = set()
    start = start_of(code)
    body = code.body[:start]
    line = None
    for instruction in code.body[start:]:
        if isinstance(instruction.arg, pyasm.Code):
            instrument(instruction.arg, hits, lines)
        line = instruction.position.line if instruction.position else line
        if line and line not in seen and instruction.op != "LABEL":
            seen.add(line)
            body += call_of(hits.add, line)
        body.append(instruction)
    code.body[:] = body
    lines |= seen


def main(program: str, arguments: list[str]) -> None:
    """Run a program and show which of its lines were executed."""
    with open(program, encoding="utf-8") as file:
        source = file.read()
    hits: set[int] = set()
    lines: set[int] = set()
    code = pyasm.decode(compile(source, program, "exec"))
    instrument(code, hits, lines)
    sys.argv[:] = [program, *arguments]
    exec(pyasm.encode(code), {"__name__": "__main__", "__file__": program})
    for number, text in enumerate(source.splitlines(), 1):
        mark = ">" if number in hits else "!" if number in lines else " "
        print(f"{mark} {number:3}  {text}".rstrip())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
