"""The mnemonics of a body as bytes: what they are to an analysis is then found for all at once, in C.

A byte for each instruction, the number of its mnemonic. `bytes.translate` makes of that a class for each instruction,
or a flag, at a small part of what a look into a set or dict costs; `compress` picks by flags.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Row
from pyasm.native.units import LABEL, pick
from pyasm.translate.effects import PSEUDO, effects
from pyasm.typed import Any


@cache
def _numbers(dialect_name: str) -> dict[str, int]:
    """Mnemonic -> number, of those in a body on its way from or to this dialect; there are less than 256."""
    names = {**isa.load(isa.PORTABLE).opcodes, **isa.load(dialect_name).opcodes, **PSEUDO, LABEL: None}
    return {name: number for number, name in enumerate(names, 1)}


def numbered(ops: Sequence[str], dialect_name: str) -> bytes:
    """The number of each mnemonic; 0 for one that is unknown."""
    numbers = _numbers(dialect_name)
    try:
        return bytes(pick(numbers, ops))
    except KeyError:
        return bytes([numbers.get(op, 0) for op in ops])


def renumbered(numbers: bytes, changes: Mapping[str, Iterable[int]], dialect_name: str) -> bytes:
    """The numbers with these mnemonics at the indexes of each."""
    known, found = _numbers(dialect_name), bytearray(numbers)
    for op, indexes in changes.items():
        for index in indexes:
            found[index] = known[op]
    return bytes(found)


def by_number(found: Mapping[str, Any], dialect_name: str, default: Any = None) -> list[Any]:
    """What is known of mnemonics, by their numbers."""
    return [default, *[found.get(name, default) for name in _numbers(dialect_name)]]


def classes(kinds: Mapping[str, int], dialect_name: str) -> bytes:
    """For `translate`: from numbers to these classes; 0 for all other mnemonics."""
    return bytes(by_number(kinds, dialect_name, 0)).ljust(256, b"\0")


def flags(wanted: Iterable[str], dialect_name: str) -> bytes:
    """For `translate`: 1 for these mnemonics, 0 for all others."""
    return classes(dict.fromkeys(wanted, 1), dialect_name)


def among(kinds: Container[int]) -> bytes:
    """For `translate`: from classes to 1 for these, 0 for all others."""
    return bytes([kind in kinds for kind in range(256)])


@cache
def _turning(dialect_name: str) -> bytes:
    table = effects(dialect_name)
    return flags({LABEL} | table.jumps | table.ends, dialect_name)


def turns(numbers: bytes, dialect_name: str) -> list[int]:
    """The indexes of labels, and of instructions that do not just go on without an exception."""
    return list(compress(range(len(numbers)), numbers.translate(_turning(dialect_name))))


@cache
def _labels(dialect_name: str) -> bytes:
    return flags({LABEL}, dialect_name)


def labels(body: Sequence[Row], numbers: bytes, dialect_name: str) -> dict[Any, int]:
    """Name of each label -> its index, of a body with these numbers."""
    return {body[index][1]: index for index in compress(range(len(body)), numbers.translate(_labels(dialect_name)))}


def both(one: bytes, other: bytes | bytearray) -> bytes:
    """Flags where both have one: an integer takes them all at once."""
    return (int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little")
