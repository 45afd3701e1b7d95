"""Make docs/portable.md from the table of the portable instructions: `python docs/portable_page.py`."""

from __future__ import annotations

from pathlib import Path

from pyasm import isa

PAGE = Path(__file__).with_name("portable.md")

INTRODUCTION = """\
# The portable instructions

<!-- Made by docs/portable_page.py from src/pyasm/isa/portable.isa. -->

One instruction set for every version of CPython: the instructions of 3.9 with what they do to the stack there, and
below them what later versions brought. It never changes with a release of CPython. [text.md](text.md) says how they
are written.

Beside the instructions there are four words that make no code: `DEFINE name` begins a code object, `ADD_ARG name`
gives it a parameter, `LABEL name` (or `name:`) marks a place, `END` ends the code object.

**operand**: what is written behind the mnemonic. What only a native dialect has is not there: no NULL beside a
callable, no caches, no RESUME, no exception table.

| operand | what it is |
|---|---|
| `-` | nothing; 0 is the same |
| `number` | a number, `n` in the other columns |
| `const` | a constant |
| `name` | the name of a global, an attribute or a module |
| `local` | the name of a local variable |
| `deref` | the name of a cell or a variable of the closure |
| `absolute` | a label |
| `forward` | a label, in 3.9 one further on |
{enums}

**stack**: what the instruction takes `--` what it leaves, the top on the right. `items[n]` is as many entries as the
formula gives, `_[n-1]` any entries in between. Behind `|` is what it leaves when it goes to its label.

**flow**: `next` goes on with the next instruction, `branch` with that or at the label, `jump` at the label. `setup`
goes on with the next one; the label is the handler of what is raised until the block is left. `return` leaves the
function, `yield` does so for the time being, `raise` always raises. Every instruction may raise.

**versions**: those that can express it. For others a program that has it is refused, with the name of the
instruction.

**A handler** begins with six entries more than there were when its block was entered: `tb exc type` of what was
handled before, then `tb exc type` of what was raised. `POP_EXCEPT` takes the lower three, when the upper three are
gone.
"""


def page() -> str:
    """The text of the page."""
    table = isa.load(isa.PORTABLE)
    enums = "\n".join(f"| `{kind}` | one of {_members(names)} |" for kind, names in table.enums.items())
    parts = [INTRODUCTION.format(enums=enums)]
    for heading, mnemonics in table.groups.items():
        rows = "\n".join(_row(table.opcodes[mnemonic]) for mnemonic in mnemonics)
        parts.append(
            f"## {heading}\n\n| instruction | operand | stack | flow | versions | meaning |\n|{'---|' * 6}\n{rows}\n"
        )
    return "\n".join(parts)


def _members(names: dict[int, str]) -> str:
    return " ".join(f"`{name}`" for name in names.values())


def _row(opcode: isa.Opcode) -> str:
    expressing = isa.expressing(opcode.name)
    versions = "all" if expressing == isa.names() else f"{expressing[0]} and later"
    stack, meaning = opcode.stack.replace("|", "\\|"), _escaped(opcode.meaning)
    return f"| `{opcode.name}` | `{opcode.operand}` | `{stack}` | {opcode.flow} | {versions} | {meaning} |"


def _escaped(text: str) -> str:
    """Plain text for a cell of a table in Markdown."""
    return "".join("\\" + char if char in "|*_<>[]`" else char for char in text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
