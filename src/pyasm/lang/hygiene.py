"""PYTHON blocks in macros: their variables are the macro's own, under other names, unless the block says `nonlocal`."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from pyasm.lang import embedded, tree
from pyasm.typed import Any, NamedTuple


class Said(NamedTuple):
    """What a block says of variables: those that it sets, and those that it declares to be the caller's."""

    bound: frozenset[str]
    callers: frozenset[str]


def said(node: tree.Python, text: str) -> Said:
    """That of a block; nothing of one that is not Python, which is found out later."""
    source = embedded.read(node, text, lambda *wrong: None)
    if source is None:
        return Said(frozenset(), frozenset())
    callers = {name for each in source.statements if isinstance(each, ast.Nonlocal) for name in each.names}
    return Said(frozenset(embedded.names(source).bound) - callers, frozenset(callers))


def renamed(statements: list[ast.stmt], names: Mapping[str, str]) -> list[ast.stmt]:
    """Statements with other names for variables, and without the `nonlocal` that says whose they are."""
    kept = [each for each in statements if not isinstance(each, ast.Nonlocal)]
    renaming = _Renaming(names)
    return [renaming.visit(each) for each in kept]


class _Renaming(ast.NodeTransformer):
    """Gives other names to variables. What a function or class in the block has itself keeps its names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def _new(self, name: Any) -> Any:
        return self.names.get(name, name)

    def visit_Name(self, node: ast.Name) -> Any:
        node.id = self._new(node.id)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> Any:
        node.names = [self._new(name) for name in node.names]
        return node

    def visit_alias(self, node: ast.alias) -> Any:
        bound = node.asname or node.name
        if "." not in bound and bound in self.names:
            node.asname = self.names[bound]
        return node

    def generic_visit(self, node: ast.AST) -> Any:
        """The names that are plain strings: of a caught exception, and those in patterns."""
        if isinstance(node, ast.ExceptHandler) or type(node).__name__ in _PATTERNS:
            for field in ("name", "rest"):
                if hasattr(node, field):
                    setattr(node, field, self._new(getattr(node, field)))
        return super().generic_visit(node)

    def _code(self, node: Any) -> Any:
        outer = self.names
        name = getattr(node, "name", None)
        for field in ("decorator_list", "bases", "keywords"):
            setattr(node, field, [self.visit(each) for each in getattr(node, field)]) if hasattr(node, field) else None
        self.names = {old: new for old, new in outer.items() if old not in _own(node)}
        for each in node.body if isinstance(node.body, list) else ():
            self.visit(each)
        if not isinstance(node.body, list):
            node.body = self.visit(node.body)
        self.names = outer
        arguments = getattr(node, "args", None)
        if arguments is not None:
            arguments.defaults = [self.visit(each) for each in arguments.defaults]
            arguments.kw_defaults = [each and self.visit(each) for each in arguments.kw_defaults]
        if name is not None:
            node.name = self._new(name)
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _code


_PATTERNS = ("MatchAs", "MatchStar", "MatchMapping")


def _own(node: Any) -> set[str]:
    """The variables that a function or class has itself."""
    body = node.body if isinstance(node.body, list) else []
    binding = embedded.names(embedded.Source(body, 0))
    arguments = getattr(node, "args", None)
    parameters = [] if arguments is None else [each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)]
    return {*binding.bound, *parameters}
