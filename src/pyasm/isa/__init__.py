"""The instruction sets: one table file per dialect, and what they say as Python objects.

Facts about a version are in its table and nowhere else; README.md in this folder explains the columns. Tables are read
when they are first asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache

from pyasm.errors import TargetError, nearest
from pyasm.typed import NamedTuple

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_PREFIX, _SUFFIX = "cpython-", ".isa"
PORTABLE = "portable"
"""The name of the dialect that is translated to every other."""

JUMPS = frozenset({"absolute", "forward", "backward"})
"""The operand kinds that name a label."""
DEEPEST = 1 << 17
"""A stack of more entries is refused."""


class Opcode(NamedTuple):
    """A row of a table."""

    name: str
    number: int
    """The byte that stands for it."""
    caches: int
    """How many cache units follow it."""
    operand: str
    """The kind of its operand: `-`, `const`, `name`, `local`, `locals`, `deref`, `number`, a jump kind or an enum."""
    flags: tuple[str, ...]
    """Names of the operand's low bits, lowest first; the rest of the operand is the index of a name."""
    stack: str
    """The stack signature."""
    flow: str
    """Where execution goes: next, branch, jump, return, raise, yield or setup."""
    meaning: str

    def pops(self, n: int) -> int:
        """How many entries the instruction with operand n reads."""
        return effects(self.stack).pops(n)

    def effect(self, n: int, jump: bool = False) -> int:
        """How many more entries the stack has after the instruction with operand n; `jump`: when it jumps."""
        return effects(self.stack)[2 if jump else 1](n)


class Dialect:
    """One instruction set: the attributes are the keys of the table's head, then the rows and the enums."""

    name: str
    magic: int
    marshal: int
    source_hash: str
    jump_unit: int
    line_table: str
    merges_positions: bool
    blocks: str
    uncovered: str
    cleanup: str
    variables: str
    qualname: bool
    docstring: str
    closed_flag: bool
    hidden_locals: bool
    argument_kinds: bool
    first_send: bool
    least_stack: int
    folds_late: bool
    yield_operand: str
    closing_bit: int
    first_iterator: str
    late_positions: bool
    empty_hides: bool
    slice_constants: bool
    annotations: str
    hides_imports: bool

    def __init__(self, text: str) -> None:
        self.opcodes: dict[str, Opcode] = {}
        """Mnemonic -> row."""
        self.enums: dict[str, dict[int, str]] = {}
        """Operand kind -> number -> name."""
        self.groups: dict[str, list[str]] = {}
        """Of the portable table: heading -> the mnemonics below it."""
        self.since: dict[str, str] = {}
        """Of the portable table: mnemonic -> the first native dialect that can express it, where not all can."""
        self.ranges: dict[str, tuple[int, int]] = {}
        """Mnemonic -> the least and the greatest number that may be its operand, where not every number may."""
        for line in text.splitlines():
            line = line.partition("#")[0].rstrip() if not line[:1].isupper() else line
            if line[:1].isupper():
                self._add_row(line)
            elif line.startswith("enum "):
                self._add_enum(line)
            elif line.startswith("group "):
                self.groups[line[len("group ") :]] = []
            elif line.startswith("since "):
                _, version, *mnemonics = line.split()
                self.since.update(dict.fromkeys(mnemonics, version))
            elif line.startswith("range "):
                self._add_range(*line.split()[1:])
            elif line:
                self._add_head(*line.split())
        self.by_number: dict[int, Opcode] = {opcode.number: opcode for opcode in self.opcodes.values()}

    def _add_head(self, key: str, value: str) -> None:
        if key == "dialect":
            self.name = value
        elif value.isdigit():
            setattr(self, key, int(value))
        else:
            setattr(self, key, {"yes": True, "no": False}.get(value, value))

    def _add_enum(self, line: str) -> None:
        head, *members = [column for column in line.split("  ") if column.strip()]
        pairs = (member.split() for member in members)
        _, kind, *first = head.split()
        values = {int(number): name for number, name in pairs}
        self.enums[kind] = {int(first[0]): first[1], **values} if first else values

    def _add_range(self, bounds: str, *mnemonics: str) -> None:
        least, _, greatest = bounds.partition("..")
        self.ranges.update(dict.fromkeys(mnemonics, (int(least), int(greatest or 0xFFFFFFFF))))

    def _add_row(self, line: str) -> None:
        name, number, caches, operand, stack, flow, meaning = [c.strip() for c in line.split("  ") if c.strip()]
        kind, *flags = operand.split("+")
        if self.groups:
            self.groups[next(reversed(self.groups))].append(name)
        self.opcodes[name] = Opcode(name, int(number), int(caches), kind, tuple(flags), stack, flow, meaning)

    def __repr__(self) -> str:
        return f"<Dialect {self.name}>"


class Effects(NamedTuple):
    """A stack signature in numbers, each a function of the operand."""

    pops: Callable[[int], int]
    net: Callable[[int], int]
    net_of_jump: Callable[[int], int]


@cache
def effects(signature: str) -> Effects:
    """What a stack signature says about the depth: entries read, and how many more there are after it."""
    before, _, after = signature.partition("--")
    left, bar, jumped = after.partition("|")
    pops = _count(before)
    nets = [f"{_count(side)} - ({pops})" for side in (left, jumped if bar else left)]
    # The formulas stand in the tables of this package.
    return Effects(*[eval(f"lambda n: {formula}") for formula in (pops, *nets)])


def _count(side: str) -> str:
    """The formula for the number of entries on one side of a signature."""
    counts = [entry.partition("[")[2].rstrip("]") for entry in side.split()]
    terms = [f"max(0, {count})" for count in counts if count]
    return " + ".join([str(counts.count("")), *terms])


def _version(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))


@cache
def names() -> tuple[str, ...]:
    """The names of all native dialects, oldest first."""
    files = [file for file in os.listdir(_FOLDER) if file.startswith(_PREFIX) and file.endswith(_SUFFIX)]
    return tuple(sorted((file[len(_PREFIX) : -len(_SUFFIX)] for file in files), key=_version))


@cache
def load(name: str) -> Dialect:
    """The dialect of that name, `"3.13"` or `"portable"`. TargetError when there is none."""
    if name == PORTABLE:
        return _read(PORTABLE)
    if name not in names():
        known = ", ".join(names())
        raise TargetError(
            f"there is no dialect {name!r}; the native ones are {known}. {nearest(name, names())}".strip()
        )
    return _read(_PREFIX + name)


def _read(stem: str) -> Dialect:
    with open(os.path.join(_FOLDER, stem + _SUFFIX), encoding="utf-8") as file:
        return Dialect(file.read())


def expressing(mnemonic: str) -> tuple[str, ...]:
    """The native dialects that can express an instruction of the portable one, oldest first."""
    first = load(PORTABLE).since.get(mnemonic, names()[0])
    return names()[names().index(first) :]


def running() -> Dialect:
    """The dialect of the running interpreter. TargetError when this release does not know it."""
    return load("{}.{}".format(*sys.version_info))


@cache
def magics() -> dict[int, str]:
    """Magic number of a `.pyc` file -> name of its dialect."""
    return {load(name).magic: name for name in names()}
