"""When two constants are the same one: equal, of the same type, and so in everything that they hold."""

from __future__ import annotations

import struct
from collections.abc import Hashable, Sequence

from pyasm.native.variables import indexes
from pyasm.typed import Any


def key(value: Any) -> Hashable:
    """A key that two constants share when one may stand for the other; what is no constant is only itself.

    1, 1.0 and True differ, as do 0.0 and -0.0 and the NaNs of different bits.
    """
    kind = type(value)
    if kind in _EXACT:
        return kind, value
    if kind is float:
        return kind, struct.pack("<d", value)
    if kind is complex:
        return kind, struct.pack("<dd", value.real, value.imag)
    if kind is tuple:
        return kind, tuple([key(item) for item in value])
    if kind is frozenset:
        return kind, frozenset([key(item) for item in value])
    if kind is slice:
        return kind, key(value.start), key(value.stop), key(value.step)
    return kind, id(value)


_EXACT = frozenset({int, str, bytes, bool, type(None), type(...)})


def repeated(pool: Sequence[Any]) -> dict[int, int]:
    """Index -> earlier index of the same constant, for the constants of a pool that stand there again."""
    keys = [(type(value), value) if type(value) in _EXACT else key(value) for value in pool]
    if len(set(keys)) == len(keys):
        return {}
    first: dict[Hashable, int] = {}
    again: dict[int, int] = {}
    for index, each in enumerate(keys):
        earlier = first.setdefault(each, index)
        if earlier != index:
            again[index] = earlier
    return again


class Pool:
    """Constants in order, each once. `pool[constant]` is its index; one that is not there yet is added."""

    __slots__ = ("_by_id", "_by_key", "values")

    def __init__(self, values: Sequence[Any]) -> None:
        self.values: list[Any] = [*values]
        self._by_id: dict[int, int] = indexes([*map(id, self.values)])
        self._by_key: dict[Hashable, int] = {}

    def __getitem__(self, value: Any) -> int:
        index = self._by_id.get(id(value))
        return self._slow_index(value) if index is None else index

    def _slow_index(self, value: Any) -> int:
        if not self._by_key:
            for index, old in enumerate(self.values):
                self._by_key.setdefault(key(old), index)
        index = self._by_key.setdefault(key(value), len(self.values))
        if index == len(self.values):
            self.values.append(value)
        self._by_id[id(value)] = index
        return index
