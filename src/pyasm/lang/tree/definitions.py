"""Code objects of their own, and the whole text."""

from __future__ import annotations

from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyasm.code import Code
    from pyasm.lang.tree.expressions import Argument, Expression, Target
    from pyasm.lang.tree.statements import Block, Name
    from pyasm.text.definition import Definition


class Parameter(NamedTuple):
    """`name: annotation = default`. `kind` is one of "posonly", "arg", "vararg", "kwonly", "kwarg"."""

    start: int
    end: int
    kind: str
    name: str
    annotation: Expression | None
    default: Expression | None


class Function(NamedTuple):
    """`ASYNC DEF name <captured> (parameters) -> target { }`. Without a name or a target the function is left on the
    stack; without a target but with a name it is stored under it.
    """

    start: int
    end: int
    asynchronous: bool
    name: Name | None
    captured: tuple[Name, ...]
    parameters: tuple[Parameter, ...]
    target: Target | None
    body: Block
    settings: Definition | None


class Class(NamedTuple):
    """`CLASS name <a:b> (arguments) -> target { }`; the namespace is () when there is none."""

    start: int
    end: int
    name: Name
    namespace: tuple[str, ...]
    arguments: tuple[Argument, ...]
    target: Target | None
    body: Block
    settings: Definition | None


class Define(NamedTuple):
    """`DEFINE name ... END`, the flat form, with statements that are more than instructions.

    `settings.code` is the code object itself, which `code(name)` refers to: it has the parameters, and no body yet.
    """

    start: int
    end: int
    name: Name
    body: Block
    settings: Definition


class Flat(NamedTuple):
    """`DEFINE name ... END` of plain instructions: the code object, complete."""

    start: int
    end: int
    name: Name
    code: Code


class Module(NamedTuple):
    """A text: its statements, and the code objects of its DEFINEs, which may stand between them.

    `root` is the name of the DEFINE that is the program, the outermost one; None where the statements are the program.
    `settings` are the directives outside of everything.
    """

    start: int
    end: int
    text: str
    body: Block
    definitions: tuple[Define | Flat, ...]
    settings: Definition | None
    root: str | None = None
