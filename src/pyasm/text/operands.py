"""The operands of instructions as text, both ways, by their kind in the dialect's table."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.code import Free
from pyasm.isa import JUMPS, Dialect, Opcode
from pyasm.native.units import MAX_OPERAND
from pyasm.text import constants
from pyasm.text.constants import NoText
from pyasm.text.literals import name_text
from pyasm.text.tokens import ENDS, Wrong, described
from pyasm.typed import Any

Writer = Callable[[Any], str]
Read = tuple[Any, int]
Reader = Callable[[int], Read]


# -- writing


def writers(dialect: Dialect, constant: Writer, label: Writer) -> dict[str, Writer]:
    """For each mnemonic what makes text of its operand. They raise NoText, or any error that a wrong type gives."""
    by_kind: dict[str, Writer] = {
        "-": _nothing_text,
        "number": _number_text,
        "const": constant,
        "name": _plain_name_text,
        "local": variable_text,
        "deref": variable_text,
        "locals": _pair_text,
        **dict.fromkeys(JUMPS, label),
    }
    for kind, members in dialect.enums.items():
        by_kind[kind] = _enum_writer(frozenset(members.values()))
    table = {}
    for row in dialect.opcodes.values():
        table[row.name] = _flags_writer(row.flags) if row.flags else by_kind[row.operand]
    return table


def _number_text(operand: Any) -> str:
    if type(operand) is not int or not 0 <= operand <= MAX_OPERAND:
        raise NoText("its operand is no number that fits")
    return str(operand)


def _nothing_text(operand: Any) -> str:
    return "" if operand is None else _number_text(operand)


def _plain_name_text(operand: Any) -> str:
    if not isinstance(operand, str):
        raise NoText("its operand is no name")
    return name_text(operand)


def variable_text(operand: Any) -> str:
    """The name of a variable; one of the closure that is marked so has a paragraph sign before it."""
    if not isinstance(operand, str):
        raise NoText("its operand is no name of a variable")
    return "§" + name_text(str(operand)) if isinstance(operand, Free) else name_text(operand)


def _pair_text(operand: Any) -> str:
    first, second = operand
    return f"{variable_text(first)}, {variable_text(second)}"


def _enum_writer(names: frozenset[str]) -> Writer:
    def write(operand: Any) -> str:
        return str(operand) if operand in names else _number_text(operand)

    return write


def _flags_writer(flags: tuple[str, ...]) -> Writer:
    suffixes = [
        "".join(f" + {flag}" for n, flag in enumerate(flags) if bits >> n & 1) for bits in range(1 << len(flags))
    ]

    def write(operand: Any) -> str:
        name, bits = operand
        if type(bits) is not int or bits < 0:
            raise NoText("its flags are no number")
        return _plain_name_text(name) + suffixes[bits]

    return write


# -- reading

_SMALL = {str(number): number for number in range(256)}


class Readers:
    """What reads the operand of each mnemonic. `reader[mnemonic](i)` gives the operand and the index behind it."""

    def __init__(self, dialect: Dialect, reader: constants.Reader) -> None:
        self.texts, self.names, self.number = reader.texts, reader.name, reader.number
        by_kind: dict[str, Reader] = {
            "-": self._nothing,
            "number": self._number,
            "const": reader.operand,
            "name": reader.name,
            "local": self.variable,
            "deref": self.variable,
            "locals": self._pair,
            **dict.fromkeys(JUMPS, reader.label),
        }
        for kind, members in dialect.enums.items():
            by_kind[kind] = self._enum_reader(list(members.values()))
        self.table: dict[str, Reader] = {}
        for row in dialect.opcodes.values():
            self.table[row.name] = self._flags_reader(row) if row.flags else by_kind[row.operand]

    def variable(self, i: int) -> Read:
        """The name of a variable, `§name` for one of the closure."""
        token = self.texts[i]
        if token.isidentifier():
            return token, i + 1
        if token == "§":
            name, i = self.names(i + 1)
            return Free(name), i
        return self.names(i)

    def _nothing(self, i: int) -> Read:
        if self.texts[i] in ENDS:
            return None, i
        if self.texts[i][0].isdecimal():
            return self.number(i)
        raise Wrong(i, f"it takes no operand, not {described(self.texts[i])}")

    def _number(self, i: int) -> Read:
        small = _SMALL.get(self.texts[i])
        return self.number(i) if small is None else (small, i + 1)

    def _pair(self, i: int) -> Read:
        first, i = self.variable(i)
        if self.texts[i] != ",":
            raise Wrong(i, f"',' and a second variable are needed, not {described(self.texts[i])}")
        second, i = self.variable(i + 1)
        return (first, second), i

    def _flags_reader(self, row: Opcode) -> Reader:
        bits = {flag: 1 << n for n, flag in enumerate(row.flags)}

        def read(i: int) -> Read:
            name, i = self.names(i)
            flags = 0
            while self.texts[i] == "+":
                flag = self.texts[i + 1]
                if flag not in bits:
                    raise Wrong(i + 1, f"a flag of {row.name} is needed, not {described(flag)}", _one_of(bits))
                flags |= bits[flag]
                i += 2
            return (name, flags), i

        return read

    def _enum_reader(self, names: list[str]) -> Reader:
        known = frozenset(names)
        longest = max(map(len, names))

        def read(i: int) -> Read:
            start = i
            text = ""
            while self.texts[i] not in _BEHIND and len(text) <= longest:
                text += self.texts[i]
                i += 1
            if text in known:
                return text, i
            if self.texts[start][:1].isdecimal():
                return self.number(start)
            what = f"it has no operand {described(text)}" if text else "an operand is needed"
            raise Wrong(start, what, _one_of(names))

        return read


_BEHIND = ENDS | {"->", "}"}
"""What stands behind an operand."""


def _one_of(words: Any) -> str:
    return "one of " + "  ".join(words) if len(words) > 1 else f"it has {next(iter(words))}"
