"""References must not make more work and take more memory than the data are worth.

A tuple of two references to a tuple of two references, and so on, is short, and endless for whoever walks over it. So
everything is counted as if it were written out, in bytes, and bounded: by a multiple of the data's size and some more.
Compilers stay below twice the size, except where a large constant is used again and again.
"""

from __future__ import annotations

from pyasm.errors import Finding, MalformedError

_WORK, _POOL, _CODE = (64, 1 << 22), (4, 1 << 18), (4, 1 << 16)
"""Times the size, and on top of it: of all, of the constants of one code object, of code and names."""


class Budget:
    """What was spent on data of some size. To spend too much raises MalformedError, with the byte."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.extra = 0
        """How much longer the data were without references, code objects that are complete left out: their constants
        are looked at on their own."""
        self.work = 0
        """The same with all code objects, and what has been looked at again: what there is to do in all."""
        self.code = 0
        """How much code and how many names there are without references."""

    def refer(self, size: int, at: int) -> None:
        """A reference to an object of this size."""
        self.extra += size
        self._check(self.extra, _POOL, "so many references to large objects", at)
        self.look(size, at)

    def look(self, size: int, at: int) -> None:
        """Something of this size is walked over another time."""
        self.work += size
        self._check(self.work, _WORK, "so many large objects, nested or referred to", at)

    def add_code(self, size: int, at: int) -> None:
        """Code and names of this size are decoded, be they new or a reference."""
        self.code += size
        self._check(self.code, _CODE, "so many references to large code", at)

    def _check(self, spent: int, limit: tuple[int, int], what: str, at: int) -> None:
        times, free = limit
        if spent > times * self.size + free:
            raise MalformedError(Finding(f"{what} that they are out of proportion to the data", f"byte {at}"))
