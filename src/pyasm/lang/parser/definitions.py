"""Code objects of their own: DEF, CLASS, and the flat form DEFINE ... END."""

from __future__ import annotations

from pyasm.lang import tree
from pyasm.lang.parser.cursor import new
from pyasm.text.tokens import ENDS, Wrong, described
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.lang.parser.statements import Reader
    from pyasm.lang.parser.text import Parser
    from pyasm.lang.tree import Statement


def function(p: Parser, start: int, asynchronous: bool = False) -> Statement:
    """DEF; `p.i` is at this word."""
    p.i += 1
    name = p.named() if p.texts[p.i] not in _AFTER_NAME else None
    captured = _captured(p) if p.texts[p.i] == "<" else ()
    parameters = _Parameters(p).read() if p.texts[p.i] == "(" else ()
    target = p.arrow_one()
    body, settings = p.code_block(name.text if name is not None else "<lambda>")
    return new(tree.Function, (start, p.end(), asynchronous, name, captured, parameters, target, body, settings))


_AFTER_NAME = frozenset({"<", "(", "->", "{"})


def _captured(p: Parser) -> tuple[tree.Name, ...]:
    """`<a, b>`; a name may have its sign before it."""
    p.i += 1
    names: list[tree.Name] = []
    while p.texts[p.i] != ">":
        p.i += p.texts[p.i] in ("$", "§")
        names.append(p.named())
        if names[-1].text in [name.text for name in names[:-1]]:
            raise Wrong(p.i - 1, f"{described(names[-1].text)} is captured twice")
        if p.texts[p.i] != ",":
            break
        p.i += 1
    p.expect(">", "the captured variables stand in < >, with commas between them")
    return tuple(names)


class _Parameters:
    """Reads the parameters of a DEF, in brackets."""

    def __init__(self, p: Parser) -> None:
        self.p = p
        self.found: list[tree.Parameter] = []
        self.names: set[str] = set()
        self.kind = "arg"
        self.bare_star: int | None = None
        self.ended = False

    def read(self) -> tuple[tree.Parameter, ...]:
        p = self.p
        opener = p.i
        p.deeper()
        p.i += 1
        while p.texts[p.i] != ")" and p.texts[p.i] not in ENDS:
            self._one()
            if p.texts[p.i] != ",":
                break
            p.i += 1
        p.close(opener, ")")
        p.depth -= 1
        if self.bare_star is not None and not any(one.kind == "kwonly" for one in self.found):
            raise Wrong(self.bare_star, "a name is needed behind '*'")
        return tuple(self.found)

    def _one(self) -> None:
        p = self.p
        token = p.texts[p.i]
        if self.ended:
            raise Wrong(p.i, "no parameter comes behind one with **")
        if token == "/":
            self._slash()
        elif token == "*":
            self._star()
        elif token == "**":
            p.i += 1
            self._parameter("kwarg")
            self.ended = True
        else:
            self._parameter(self.kind)

    def _slash(self) -> None:
        p = self.p
        if self.kind != "arg" or not self.found or any(one.kind == "posonly" for one in self.found):
            raise Wrong(p.i, "'/' stands once, behind the parameters that have no names for the caller")
        self.found = [one._replace(kind="posonly") for one in self.found]
        p.i += 1

    def _star(self) -> None:
        p = self.p
        if self.kind == "kwonly":
            raise Wrong(p.i, "there is a '*' already")
        self.kind = "kwonly"
        p.i += 1
        if p.texts[p.i] in (",", ")"):
            self.bare_star = p.i - 1
        else:
            self._parameter("vararg")

    def _parameter(self, kind: str) -> None:
        p = self.p
        i = p.i
        if p.texts[i] in ("$", "@"):
            p.wanted("a name", "a parameter has no sign before it where it is named")
        name = p.named()
        if name.text in self.names:
            raise Wrong(i, f"there is a parameter {described(name.text)} already")
        self.names.add(name.text)
        annotation = default = None
        if p.texts[p.i] == ":":
            p.i += 1
            annotation = p.operation()
        if p.texts[p.i] == "=":
            if kind in ("vararg", "kwarg"):
                raise Wrong(p.i, "a parameter with a star has no default")
            p.i += 1
            default = p.operation()
        elif kind == "arg" and self.found and self.found[-1].default is not None:
            raise Wrong(i, "a parameter without a default stands behind one with a default")
        end = p.end() if annotation or default else name.end
        self.found.append(new(tree.Parameter, (name.start, end, kind, name.text, annotation, default)))


def _class(p: Parser, start: int) -> Statement:
    p.i += 1
    name = p.named()
    namespace: tuple[str, ...] = ()
    if p.texts[p.i] == "<":
        p.i += 1
        namespace = p.path()
        p.expect(">")
    arguments = p.arguments() if p.texts[p.i] == "(" else ()
    target = p.arrow_one()
    body, settings = p.code_block(name.text)
    return tree.Class(start, p.end(), name, namespace, arguments, target, body, settings)


READERS: dict[str, Reader] = {"DEF": function, "CLASS": _class}
