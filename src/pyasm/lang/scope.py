"""What a code object of a text has: variables of its own, shared ones, labels. The scanner finds it out."""

from __future__ import annotations

from collections.abc import Iterator

from pyasm.typed import Any, NamedTuple

MODULE, CLASS, FUNCTION = "module", "class", "function"

CLASS_CELL = "__class__"
"""The variable by which methods know their class."""


class Place(NamedTuple):
    """A label of the text: the blocks that it is in, from the outermost, and its node."""

    chain: tuple[Any, ...]
    node: Any


class Scope:
    """One code object: `kind` is "module", "class" or "function"."""

    def __init__(self, kind: str, parent: Scope | None = None, name: str = "") -> None:
        self.kind, self.parent, self.name = kind, parent, name
        self.parameters: list[str] = []
        self.locals: dict[str, None] = {}
        """The local variables of a function, parameters first, in the order of the text."""
        self.cells: dict[str, None] = {}
        self.frees: dict[str, None] = {}
        self.globals: set[str] = set()
        """Variables that are attributes of the module, though this is a function."""
        self.stored: set[str | int] = set()
        """The variables, by name or number, that get a value somewhere."""
        self.loaded: dict[str, Any] = {}
        """Variable -> the first node that names it."""
        self.opaque = False
        """Is there something in it that may store what we do not see?"""
        self.labels: dict[str, Place] = {}
        self.yields: Any = None
        """A node that makes it a generator."""
        self.coroutine = False
        """Is it an ASYNC DEF?"""

    @property
    def nested(self) -> bool:
        """Is it in a function?"""
        scope = self.parent
        while scope is not None:
            if scope.kind == FUNCTION:
                return True
            scope = scope.parent
        return False

    def own(self) -> set[str]:
        """The local variables that only this code has, once all scopes are known."""
        return set(self.locals).difference(self.cells, self.frees, self.globals)

    def shared(self, name: str) -> bool:
        """Is the variable one that several functions have?"""
        return name in self.cells or name in self.frees

    def capture(self, name: str) -> bool:
        """Make a variable of a function around this scope one of its own. False when there is none."""
        if name in self.frees:
            return True
        found = None
        outer = self.parent
        while outer is not None and found is None:
            known = name in outer.locals or outer.shared(name) if outer.kind == FUNCTION else name in outer.frees
            if known or (outer.kind == CLASS and name == CLASS_CELL):
                found = outer
            outer = outer.parent
        if found is None:
            return False
        if name not in found.frees:
            found.cells[name] = None
        between: Scope | None = self
        while between is not None and between is not found:
            between.frees[name] = None
            between = between.parent
        return True

    def capturable(self) -> Iterator[str]:
        """The variables of the functions around."""
        outer = self.parent
        while outer is not None:
            if outer.kind == FUNCTION:
                yield from outer.locals
            outer = outer.parent
