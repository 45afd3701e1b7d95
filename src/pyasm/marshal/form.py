"""What reader and writer share: type bytes, the fields of a code object, the form in which objects were written."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from pyasm import isa
from pyasm.typed import Any, NamedTuple

FLAG = 0x80
"""Added to a type byte: the object gets the next reference number."""

NULL, REFERENCE, CODE = ord("0"), ord("r"), ord("c")
INT, LONG, FLOAT, COMPLEX, BYTES = map(ord, "ilgys")
TEXT, INTERNED, ASCII, ASCII_INTERNED, SHORT, SHORT_INTERNED = map(ord, "utaAzZ")
SMALL_TUPLE, TUPLE, LIST, SET, FROZENSET, DICT, SLICE, FROZENDICT = map(ord, ")([<>{:}")

SINGLETONS: dict[int, Any] = {ord("N"): None, ord("T"): True, ord("F"): False, ord("."): ..., ord("S"): StopIteration}

SINCE = {SLICE: 5, FROZENDICT: 6}
"""Type byte -> first version of the format that has it, where some supported dialect has not."""

MAX_DEPTH = 2000
"""How deep objects may nest; the interpreters have the same limit."""

DIGIT_BITS = 15
"""Bits in a digit of a large int."""


class Form(NamedTuple):
    """How objects were written, in the order in which they were: what the objects themselves do not tell."""

    kinds: bytes
    """The type byte of each, with its flag."""
    references: Sequence[int]
    """The number of each reference."""
    orders: tuple[tuple[Any, ...], ...]
    """The members of each set, in their order."""


class Fields(NamedTuple):
    """What a code object consists of in one dialect, in order: names of RawCode, except for joint variables."""

    numbers: tuple[str, ...]
    objects: tuple[tuple[str, str], ...]
    """Name and type: `names` is a tuple of str. The number `co_firstlineno` follows them."""
    tables: tuple[tuple[str, str], ...]


CONSTS_FIELD = 1
"""Where the constants are among the objects."""


@cache
def fields(dialect_name: str) -> Fields:
    """The fields of a code object in the dialect."""
    dialect = isa.load(dialect_name)
    joint = dialect.variables == "joint"
    numbers: tuple[str, ...] = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount")
    objects: tuple[tuple[str, str], ...] = (("co_code", "bytes"), ("co_consts", "tuple"), ("co_names", "names"))
    if joint:
        objects += (("joint_names", "names"), ("local_kinds", "bytes"))
    else:
        numbers += ("co_nlocals",)
        objects += (("co_varnames", "names"), ("co_freevars", "names"), ("co_cellvars", "names"))
    objects += (("co_filename", "str"), ("co_name", "str"))
    if dialect.qualname:
        objects += (("co_qualname", "str"),)
    tables: tuple[tuple[str, str], ...] = (("line_table", "bytes"),)
    if dialect.blocks == "table":
        tables += (("co_exceptiontable", "bytes"),)
    return Fields(numbers + ("co_stacksize", "co_flags"), objects, tables)


class FrozenDict(Mapping[Any, Any]):
    """An immutable dict, for the constants of a dialect that has them, on a host that has not."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Any = ()) -> None:
        self._items = dict(items)
        self._hash: Any = None

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenDict) and self._items == other._items

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return int(self._hash)

    def __repr__(self) -> str:
        return f"frozendict({self._items!r})"


frozendict: Any = getattr(builtins, "frozendict", FrozenDict)
"""The type of an immutable dict on this host: its own where it has one."""
