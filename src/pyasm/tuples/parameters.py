"""ADD_ARG both ways: the parameters of a code object, marked as Python marks them in a `def`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyasm.code import Code
from pyasm.tuples.form import Wrong
from pyasm.typed import Any, NamedTuple


class Parameters(NamedTuple):
    """The parameters by kind, under the names that `Code` has for them."""

    posonlyargs: list[str]
    args: list[str]
    vararg: str | None
    kwonlyargs: list[str]
    kwarg: str | None


def of(code: Code) -> Parameters:
    """The parameters of a code object."""
    return Parameters(code.posonlyargs, code.args, code.vararg, code.kwonlyargs, code.kwarg)


def written(code: Code) -> Iterator[str]:
    """The argument of each ADD_ARG: `a`, `/`, `b`, `*args` or `*`, `c`, `**kw`."""
    yield from code.posonlyargs
    if code.posonlyargs:
        yield "/"
    yield from code.args
    if code.vararg is not None:
        yield "*" + code.vararg
    elif code.kwonlyargs:
        yield "*"
    yield from code.kwonlyargs
    if code.kwarg is not None:
        yield "**" + code.kwarg


class Reader:
    """Takes the arguments of the ADD_ARGs of one code object in their order."""

    def __init__(self) -> None:
        self.positional: list[str] = []
        self.posonly = 0
        self.keyword: list[str] | None = None
        """None until a star."""
        self.stars: dict[str, str] = {}

    def add(self, arg: Any) -> None:
        """The next one. Wrong for what is no parameter here."""
        if not isinstance(arg, str):
            raise Wrong(f"the name of a parameter is needed, not {arg!r}")
        name = arg.lstrip("*")
        star = arg[: len(arg) - len(name)]
        if name == "/" and not star:
            self._positional_only()
        elif star in ("*", "**") and (name or star == "*"):
            self._starred(star, name)
        elif star or not name:
            raise Wrong(f"{arg!r} is no parameter", "a, *args, **kwargs, or '/' and '*' in between")
        else:
            self._check_new(name)
            (self.positional if self.keyword is None else self.keyword).append(name)

    def _positional_only(self) -> None:
        if self.posonly or self.keyword is not None:
            raise Wrong("'/' stands once, and before a '*'")
        self.posonly = len(self.positional)

    def _starred(self, star: str, name: str) -> None:
        if star in self.stars or (star == "*" and self.keyword is not None):
            raise Wrong(f"there is a parameter with {star} already")
        if name:
            self._check_new(name)
        self.stars[star] = name
        if self.keyword is None:
            self.keyword = []

    def _check_new(self, name: str) -> None:
        if name in self.positional or name in (self.keyword or ()) or name in self.stars.values():
            raise Wrong(f"there is a parameter {name!r} already")

    def parameters(self) -> Parameters:
        """All of them. A name behind the starred ones can only be passed as a keyword."""
        n = self.posonly
        stars = self.stars
        return Parameters(
            self.positional[:n], self.positional[n:], stars.get("*") or None, self.keyword or [], stars.get("**")
        )


def names(parameters: Iterable[Any]) -> set[str]:
    """The names among `Parameters`."""
    found: set[str] = set()
    for each in parameters:
        found.update([each] if isinstance(each, str) else each or ())
    return found
