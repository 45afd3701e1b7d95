"""Choices that are the same for the same seed on every version of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


class Choices:
    """What a random source decides. Only `random()` of it is used: the other methods changed between versions."""

    def __init__(self, source: int | random.Random) -> None:
        self.source = random.Random(source) if isinstance(source, int) else source

    def below(self, n: int) -> int:
        """A number from 0 to n - 1."""
        return int(self.source.random() * n)

    def between(self, first: int, last: int) -> int:
        """A number from first to last."""
        return first + self.below(last - first + 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.source.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def weighted(self, pairs: Sequence[tuple[T, float]]) -> T:
        """One of the items of (item, weight) pairs, of which one at least has a weight."""
        left = self.source.random() * sum(weight for _, weight in pairs)
        for item, weight in pairs:
            left -= weight
            if left < 0:
                return item
        return [item for item, weight in pairs if weight][-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order."""
        left, result = list(items), []
        while left:
            result.append(left.pop(self.below(len(left))))
        return result
