"""shrink: the smallest program, found by leaving out and simplifying, that is valid and still interesting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

from pyasm import api, text
from pyasm.code import Code
from pyasm.errors import AssemblyError
from pyasm.smith.reductions import REDUCTIONS, Path, at, bare, paths, replaced, size
from pyasm.typed import NamedTuple

Reduction = Callable[[Code], Iterator[Code]]


class Progress(NamedTuple):
    """How far a search is."""

    runs: int
    """How many programs were looked at."""
    size: int
    """How many instructions the smallest one has."""


def shrink(
    code: Code,
    interesting: Callable[[Code], bool],
    *,
    seconds: float | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Code:
    """The smallest program near a valid one for which `interesting` is true, as it is for that.

    Each program that it is asked about is one that `verify` accepts and that has a text. After so many seconds the
    smallest one that was found by then is given back. `report` is called after each question.
    """
    search = Search(code, interesting, seconds, report)
    search.run()
    return search.best


class Search:
    """The smallest program so far, and what was tried."""

    def __init__(
        self,
        code: Code,
        interesting: Callable[[Code], bool],
        seconds: float | None,
        report: Callable[[Progress], None],
    ) -> None:
        self.best = code
        self.interesting, self.report = interesting, report
        self.end = None if seconds is None else time.monotonic() + seconds
        self.tried: set[int] = set()
        self.runs = 0

    def over(self) -> bool:
        """Is the time up?"""
        return self.end is not None and time.monotonic() > self.end

    def run(self) -> None:
        """Reduce until nothing more can go."""
        self.attempt(bare(self.best))
        before = None
        while before is not self.best and not self.over():
            before = self.best
            self.round()

    def round(self) -> None:
        """Try every reduction on every code object, outer ones first."""
        done = 0
        while done < len(paths(self.best)) and not self.over():
            path = paths(self.best)[done]
            for reduction in REDUCTIONS:
                self.reduce(path, reduction)
            done += 1

    def reduce(self, path: Path, reduction: Reduction) -> None:
        """Go through the candidates of one reduction for one code object.

        After one that is interesting, the rest are made of the new program, from the same place on.
        """
        place = 0
        while path in paths(self.best):
            for candidate in islice(reduction(at(self.best, path)), place, None):
                if self.over():
                    return
                if self.attempt(replaced(self.best, path, candidate)):
                    break
                place += 1
            else:
                return

    def attempt(self, candidate: Code) -> bool:
        """Is it valid, new and interesting? Then it is the best one from now on."""
        try:
            api.verify(candidate)
            key = hash(text.format(candidate))
        except AssemblyError:
            return False
        if key in self.tried:
            return False
        self.tried.add(key)
        self.runs += 1
        good = self.interesting(candidate)
        if good:
            self.best = candidate
        self.report(Progress(self.runs, size(self.best)))
        return good
