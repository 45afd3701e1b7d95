"""Macros: definitions, calls, and what stands in them."""

from __future__ import annotations

from pyasm.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyasm.lang.tree.expressions import Expression, Target
    from pyasm.lang.tree.statements import Block, Name


class MacroType(NamedTuple):
    """`VARIABLE`, `CODE_BLOCK[2]`, `VARIABLE_ARG[LABEL]`; the words in brackets are types or numbers."""

    start: int
    end: int
    name: str
    arguments: tuple[MacroType | int, ...]


class MacroParameter(NamedTuple):
    """`&name TYPE`, `!name TYPE`; `once`: a `!` is before it."""

    start: int
    end: int
    name: str
    once: bool
    type: MacroType | None


class Macro(NamedTuple):
    """`MACRO ASSEMBLY a:name (parameters) -> type { }`; `path` is ("a", "name")."""

    start: int
    end: int
    assembly: bool
    path: tuple[str, ...]
    parameters: tuple[MacroParameter, ...]
    returns: MacroType | None
    body: Block


class MacroCall(NamedTuple):
    """`CALL MACRO a:name(arguments) -> target`; `bare`: without the words CALL MACRO, for a MACRO ASSEMBLY.

    An argument is an expression, a Block, or the Name of a label. `{ }` is a Block without statements.
    """

    start: int
    end: int
    bare: bool
    path: tuple[str, ...]
    arguments: tuple[Expression | Block | Name, ...]
    target: Target | None


class MacroPaste(NamedTuple):
    """`MACRO_PASTE parameter [arguments] -> target`"""

    start: int
    end: int
    name: Name
    arguments: tuple[Expression | Block | Name, ...]
    target: Target | None


class MacroReturn(NamedTuple):
    """`MACRO_RETURN value`"""

    start: int
    end: int
    value: Expression | None


class MacroImport(NamedTuple):
    """`MACRO_IMPORT module -> a:b`; the namespace is None when none is given."""

    start: int
    end: int
    module: str
    namespace: tuple[str, ...] | None


class Namespace(NamedTuple):
    """`NAMESPACE a:b { }`"""

    start: int
    end: int
    path: tuple[str, ...]
    body: Block
