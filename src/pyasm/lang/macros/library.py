"""The macros of a text, and of the files that it imports. Nothing of these files is executed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from pyasm.errors import AssemblySyntaxError
from pyasm.lang import tree
from pyasm.lang.scopes import NODES
from pyasm.text.tokens import described
from pyasm.typed import Any, NamedTuple

Path = tuple[str, ...]

SUFFIX = ".pyasm"


class Definition(NamedTuple):
    """A macro: its node, the library that it is in, the namespace around it, and where it is written."""

    node: tree.Macro
    library: Library
    namespace: Path
    place: str

    @property
    def name(self) -> str:
        """Its name with its namespaces."""
        return ":".join((*self.namespace, *self.node.path))


class Library:
    """The macros that a text may call, by their paths."""

    def __init__(self, filename: str, text: str) -> None:
        self.filename, self.text = filename, text
        self.macros: dict[Path, list[Definition]] = {}
        self.imports: dict[Path, list[Library]] = {}

    def find(self, path: Path, namespace: Path) -> list[Definition]:
        """The macros of a path, as seen from a namespace: its own first, then those around it."""
        for length in range(len(namespace), -1, -1):
            found = self._exactly((*namespace[:length], *path))
            if found:
                return found
        return []

    def _exactly(self, path: Path) -> list[Definition]:
        found = list(self.macros.get(path, ()))
        for prefix, libraries in self.imports.items():
            if path[: len(prefix)] == prefix and len(path) > len(prefix):
                for library in libraries:
                    found += library.macros.get(path[len(prefix) :], ())
        return found

    def paths(self) -> Iterator[str]:
        """All that can be called."""
        for path in self.macros:
            yield ":".join(path)
        for prefix, libraries in self.imports.items():
            for library in libraries:
                for path in library.macros:
                    yield ":".join((*prefix, *path))

    def place(self, node: Any) -> str:
        """File, line and column of a node."""
        line = self.text.count("\n", 0, node.start) + 1
        return f"{self.filename}:{line}:{node.start - self.text.rfind(chr(10), 0, node.start)}"


class Loader:
    """Reads libraries. `wrong(node, message, hint)` notes what is wrong; `files` are those that were imported."""

    def __init__(self, wrong: Callable[..., None]) -> None:
        self._wrong = wrong
        self.files: dict[str, Library] = {}
        self._loading: list[str] = []
        self._outer: tree.MacroImport | None = None
        """The import in the text itself, while a file is read."""

    def wrong(self, library: Library, node: Any, message: str, hint: str = "") -> None:
        """Note what is wrong at a node. For one of an imported file it is where the text imports it."""
        if self._outer is not None:
            node, message = self._outer, f"{library.place(node)}: {message}"
        self._wrong(node, message, hint)

    def library(self, module: tree.Module, filename: str) -> Library:
        """The macros of a text."""
        library = Library(filename, module.text)
        self._loading.append(os.path.realpath(filename))
        self._collect(library, (), module.body)
        for each in module.definitions:
            if type(each) is tree.Define:
                self._collect(library, (), each.body)
        self._loading.pop()
        return library

    def _collect(self, library: Library, namespace: Path, node: Any) -> None:
        for child in node:
            kind = type(child)
            if kind is tuple:
                self._collect(library, namespace, child)
            elif kind is tree.Macro:
                self._define(library, namespace, child)
            elif kind is tree.MacroImport:
                self._import(library, namespace, child)
            elif kind is tree.Namespace:
                self._collect(library, (*namespace, *child.path), child.body)
            elif kind in NODES:
                self._collect(library, namespace, child)

    def _define(self, library: Library, namespace: Path, node: tree.Macro) -> None:
        known = library.macros.setdefault((*namespace, *node.path), [])
        if any(_signature(each.node) == _signature(node) for each in known):
            name = ":".join((*namespace, *node.path))
            self.wrong(library, node, f"a macro {described(name)} with such parameters is defined already")
            return
        known.append(Definition(node, library, namespace, library.place(node)))
        inner = (*namespace, *node.path)
        self._collect(library, inner, node.body)

    def _import(self, library: Library, namespace: Path, node: tree.MacroImport) -> None:
        path = found_file(node.module, library.filename)
        if path is None:
            self.wrong(
                library, node, f"no file {node.module.replace('.', os.sep)}{SUFFIX} beside this one or on sys.path"
            )
            return
        name = os.path.realpath(path)
        if name in self._loading:
            cycle = " -> ".join([*self._loading, name])
            self.wrong(library, node, f"{node.module} imports the macros of this file: {cycle}")
            return
        if name not in self.files:
            loaded = self._load(library, node, path)
            if loaded is None:
                return
            self.files[name] = loaded
        prefix = (*namespace, *(node.module.split(".") if node.namespace is None else node.namespace))
        library.imports.setdefault(prefix, []).append(self.files[name])

    def _load(self, library: Library, node: tree.MacroImport, path: str) -> Library | None:
        from pyasm import files
        from pyasm.lang.parser import parse

        outer, self._outer = self._outer, self._outer or node
        try:
            with open(path, "rb") as file:
                module = parse(files.text_of(file.read(), path), path)
            return self.library(module, path)
        except AssemblySyntaxError as error:
            finding = error.findings[0]
            self._wrong(self._outer, f"{finding.place}: {finding.message}", finding.hint)
        except OSError as error:
            self._wrong(self._outer, f"{path} cannot be read: {error.strerror or error}")
        finally:
            self._outer = outer
        return None


def found_file(module: str, importer: str) -> str | None:
    """The `.pyasm` file of a module: beside the file that imports it, or where Python would look."""
    first, *rest = module.split(".")
    package = getattr(sys.modules.get(first), "__path__", None)
    inner = os.path.join(*rest) if rest else ""
    candidates = [os.path.join(folder, inner) for folder in package or () if inner]
    candidates += [os.path.join(folder, first, inner) if inner else os.path.join(folder, first) for folder in sys.path]
    candidates.insert(0, os.path.join(os.path.dirname(importer), first, inner).rstrip(os.sep))
    for candidate in candidates:
        for path in (candidate + SUFFIX, os.path.join(candidate, "__init__" + SUFFIX)):
            if os.path.isfile(path):
                return path
    return None


def _signature(node: tree.Macro) -> list[Any]:
    """What tells overloads apart: the types of the parameters."""
    return [_shape(parameter.type) for parameter in node.parameters]


def _shape(kind: tree.MacroType | None) -> Any:
    if kind is None:
        return "ANY"
    return kind.name, *(each if isinstance(each, int) else _shape(each) for each in kind.arguments)
