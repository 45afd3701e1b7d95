"""The code objects of a text by their names: which one refers to which, and which is the outermost."""

from __future__ import annotations

from collections.abc import Iterator

from pyasm.code import Code
from pyasm.text.errors import near
from pyasm.text.literals import name_text
from pyasm.text.nesting import Cycle, nested
from pyasm.text.tokens import Wrong, described
from pyasm.typed import Any


class References:
    """Code objects by name. A name may be used before it is defined: the object is there from its first use on."""

    def __init__(self) -> None:
        self.codes: dict[str, Code] = {}
        self.uses: dict[str, int] = {}
        """Name -> index of the token where it is used first."""
        self.places: list[tuple[str, int]] = []
        """All uses."""

    def code(self, name: str, index: int) -> Code:
        """The code object of that name, which the token at `index` refers to."""
        self.uses.setdefault(name, index)
        self.places.append((name, index))
        return self.define(name, "")

    def define(self, name: str, dialect: str) -> Code:
        """The code object of that name; its dialect is set when it is defined."""
        code = self.codes.get(name)
        if code is None:
            code = self.codes[name] = Code(name, dialect=dialect)
        code.dialect = dialect or code.dialect
        return code

    def undefined(self, defined: dict[str, int]) -> Iterator[Wrong]:
        """What is used but not defined. `defined` has the token that names each definition."""
        for name, index in self.uses.items():
            if name not in defined:
                yield Wrong(index, f"no DEFINE is called {described(name)}", near(name, defined))

    def root(self, defined: dict[str, int]) -> Code | None:
        """The first one that nothing refers to, if there is one."""
        name = self.outermost(defined)
        return None if name is None else self.codes[name]

    def outermost(self, defined: dict[str, int]) -> str | None:
        """Its name."""
        return next((name for name in defined if name not in self.uses), None)

    def faults(self, root: Code | None, defined: dict[str, int]) -> Iterator[Wrong]:
        """Why not all is in the one that nothing refers to, if so."""
        if root is None:
            message = "each of the code objects is in another one: none is the outermost"
            yield Wrong(min(defined.values()), message)
            return
        first, *others = [name for name in defined if name not in self.uses]
        yield from self.unused(others, defined, first)
        if not others:
            yield from self._unreached(root, defined)

    def unused(self, names: list[str], defined: dict[str, int], root: str | None) -> Iterator[Wrong]:
        """That nothing refers to these. `root` is the outermost one, None where the module's own statements are."""
        outermost = "the module" if root is None else described(root)
        for name in names:
            message = f"nothing refers to {described(name)}, and {outermost} is the outermost already"
            yield Wrong(defined[name], message, f"an instruction refers to it: LOAD_CONST code({name_text(name)})")

    def _unreached(self, root: Code, defined: dict[str, int]) -> Iterator[Wrong]:
        by_code = {id(self.codes[name]): index for name, index in defined.items()}
        try:
            reached = {id(code) for code in nested(root, _children)}
        except Cycle as cycle:
            yield Wrong(by_code[id(cycle.code)], "this code object contains itself")
            return
        for code, index in by_code.items():
            if code not in reached:
                hint = "only what it contains refers to it"
                yield Wrong(index, "this code object is not in the outermost one", hint)


def _children(code: Code) -> list[Any]:
    consts = code.layout.consts if code.layout is not None else ()
    return [arg for arg in (*consts, *[instruction[1] for instruction in code.body]) if isinstance(arg, Code)]
