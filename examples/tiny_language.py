"""A tiny language, compiled to assembly text: numbers, names, + - * /, `=`, `while`, `print`, blocks in braces.

    python examples/tiny_language.py

prints:
1
2
4
8
16
32
64
"""

from __future__ import annotations

import re

import pyasm

PROGRAM = """
x = 1
while 100 - x {
    print x
    x = x * 2
    while x / 128 { x = 100 }
}
"""

TOKEN = re.compile(r"\s*(?:(\d+)|([a-z]+)|(.))")
OPERATORS = {"+": "BINARY_ADD", "-": "BINARY_SUBTRACT", "*": "BINARY_MULTIPLY", "/": "BINARY_FLOOR_DIVIDE"}


class Compiler:
    """From the text to lines of assembly, one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens = [number or word or sign for number, word, sign in TOKEN.findall(text)] + [""]
        self.lines: list[str] = []
        self.loops = 0

    def take(self) -> str:
        return self.tokens.pop(0)

    def block(self, end: str) -> None:
        while self.tokens[0] != end:
            self.statement()
        self.take()

    def statement(self) -> None:
        word = self.take()
        if word == "while":
            self.loop()
        elif word == "print":
            self.lines.append("LOAD_GLOBAL print")
            self.expression()
            self.lines += ["CALL_FUNCTION 1", "POP_TOP"]
        else:
            assert self.take() == "=", f"{word} what?"
            self.expression()
            self.lines.append(f"STORE_FAST {word}")

    def loop(self) -> None:
        self.loops += 1
        start, end = f"loop{self.loops}", f"end{self.loops}"
        self.lines.append(f"{start}:")
        self.expression()
        self.lines.append(f"POP_JUMP_IF_FALSE {end}")
        assert self.take() == "{"
        self.block("}")
        self.lines += [f"JUMP_ABSOLUTE {start}", f"{end}:"]

    def expression(self) -> None:
        self.value()
        while self.tokens[0] in OPERATORS:
            operator = OPERATORS[self.take()]
            self.value()
            self.lines.append(operator)

    def value(self) -> None:
        word = self.take()
        self.lines.append(f"LOAD_CONST {word}" if word.isdigit() else f"LOAD_FAST {word}")


def compiled(text: str) -> str:
    compiler = Compiler(text)
    compiler.block("")
    return "\n".join(["DEFINE main", *compiler.lines, "LOAD_CONST None", "RETURN_VALUE", "END"])


if __name__ == "__main__":
    pyasm.function(compiled(PROGRAM))()
