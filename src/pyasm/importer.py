"""Import of `.pyasm` modules and packages, as if they were `.py`: `install` and `uninstall`.

Most of it is CPython's own: its finder of files gets one more suffix, its loader of sources another compiler. So
caching, reload, resources, namespace packages and `python -m` are what they are for Python source. docs/modules.md
says which file wins, and what the cache depends on.
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER, cache_from_source
from io import open_code
from types import CodeType, ModuleType

import pyasm
from pyasm.typed import Any

SUFFIX = ".pyasm"


def install() -> None:
    """From now on `import` finds `.pyasm` files too. A second call changes nothing."""
    if _hook in sys.path_hooks:
        return
    standard = [i for i, hook in enumerate(sys.path_hooks) if _makes_finders(hook)]
    sys.path_hooks.insert(standard[0] if standard else len(sys.path_hooks), _hook)
    _forget(FileFinder)
    _after_import("inspect", "attach_inspect")
    _after_import("pkgutil", "attach_pkgutil")


def uninstall() -> None:
    """`import` is again as it was; what has been imported stays. Nothing happens when it is not installed."""
    if _hook not in sys.path_hooks:
        return
    sys.path_hooks.remove(_hook)
    _forget(Finder)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _AfterImport)]
    if "pyasm.inspection" in sys.modules:
        from pyasm import inspection

        inspection.detach()


def _makes_finders(hook: Any) -> bool:
    """Is it the interpreter's own hook for folders? Hooks of others before it stay before ours."""
    return getattr(hook, "__qualname__", "").startswith(FileFinder.__name__ + ".path_hook")


def _forget(kind: type) -> None:
    """Drop the finders of one class, so that folders get new ones from the hooks as they are now."""
    for path, finder in list(sys.path_importer_cache.items()):
        if type(finder) is kind:
            del sys.path_importer_cache[path]


class Finder(FileFinder):
    """Finds the modules in one folder: CPython's, with one more suffix, before that of `.pyc` files."""

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """The names of the `.pyasm` modules and packages in the folder, and which is a package; for pkgutil."""
        try:
            names = sorted(os.listdir(self.path))
        except OSError:
            return
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix == SUFFIX and stem != "__init__" and stem.isidentifier():
                yield prefix + stem, False
            elif name.isidentifier() and os.path.isfile(os.path.join(self.path, name, "__init__" + SUFFIX)):
                yield prefix + name, True


class Loader(SourceFileLoader):
    """Loads one `.pyasm` file."""

    def __init__(self, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self.cached: str | None = None
        """The file that holds the bytecode, once it is known."""
        self._made: CodeType | None = None
        """The code object that has just been made of the text."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """None: an ordinary module, whose spec knows the cache file."""
        spec.cached = self._cache(self.path)
        return None

    def source_to_code(self, data: Any, path: Any, *args: Any, **keywords: Any) -> CodeType:  # type: ignore[override]
        """The code object of a text. AssemblyError for what is wrong with it, an AssemblySyntaxError for its syntax."""
        from pyasm import files
        from pyasm.errors import AssemblyError
        from pyasm.text.parser import parse

        path = os.fspath(path)
        try:
            macro_files: list[str] = []
            code = parse(files.text_of(bytes(data), path), path, files=macro_files)
            self._made = _with_macros(pyasm.assemble(code), macro_files)
        except AssemblyError as error:
            raise error.with_traceback(None) from None
        return self._made

    def get_source(self, fullname: str) -> str:
        """The text of the module. ImportError when it cannot be read."""
        from pyasm import files

        try:
            text = files.text_of(self.get_data(self.path), self.path)
        except (OSError, SyntaxError) as error:
            raise ImportError(f"{self.path} cannot be read: {error}", name=fullname) from error
        return text.replace("\r\n", "\n").replace("\r", "\n")

    # -- the cache: CPython's loader asks for the file that Python source of that name would have

    def get_code(self, fullname: str) -> CodeType | None:
        """The code object of the module, from the cache or from the text. ImportError, OSError, AssemblyError."""
        code = self._cached_code()
        if code is not None:
            return code
        try:
            return super().get_code(fullname)
        except ValueError:
            if self._made is None:
                raise
            return self._made  # it has constants that no file can hold
        finally:
            self._made = None

    def _cached_code(self) -> CodeType | None:
        """That of the cache, when it is plainly right. In every other case None: then CPython's way is gone."""
        try:
            with open_code(self._cache(self.path) or self.path) as file:
                data = file.read()
            stat = os.stat(self.path)
        except OSError:
            return None
        if data[:_HEADER] != _header(stat.st_mtime, stat.st_size):
            return None
        code = _unmarshalled(data)
        if code is None or (code.co_filename != self.path and code.co_filename.endswith(SUFFIX)):
            return None  # the latter: the file has been moved
        return code

    def get_data(self, path: str) -> bytes:
        """The bytes of a file. OSError when it cannot be read, or is a cache file that has to be made anew."""
        if path == self.path or not path.endswith(BYTECODE_SUFFIXES[0]):
            return super().get_data(path)
        path = self._cache(path) or path
        data = super().get_data(path)
        if _unmarshalled(data) is None:
            raise OSError(f"{path} is damaged, or its macros have changed")
        return data

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write the cache file, unless that is impossible."""
        super().set_data(self._cache(path) or path, data, _mode=_mode)

    def _cache(self, path: str) -> str | None:
        """The cache file: beside that of Python source of the same name. None where there are no such files."""
        if self.cached is None:
            try:
                self.cached = cache_from_source(self.path, optimization=_TAG)
            except NotImplementedError:
                return None
        return self.cached


_TAG = "".join(char if char.isalnum() else "x" for char in f"pyasm{pyasm.__version__}") + "o" * sys.flags.optimize
"""Stands in the names of cache files: what another release makes of a text may be something else."""

_HEADER = 16


def _header(modified: float, size: int) -> bytes:
    """How a cache file begins that was made from a text of this time and size."""
    numbers = 0, int(modified), size
    return MAGIC_NUMBER + b"".join((number & 0xFFFF_FFFF).to_bytes(4, "little") for number in numbers)


def _unmarshalled(data: bytes) -> CodeType | None:
    """The code object in a cache file; None when it is damaged, or made of macros that have changed."""
    try:
        code: CodeType = marshal.loads(memoryview(data)[_HEADER:])
        return code if _macros_are(code) else None
    except (EOFError, ValueError, TypeError, AttributeError, OSError):
        return None


# -- macros of other files: a module that has some has their files as its last constant

_MARK = "MACRO_IMPORT"

Macros = tuple[tuple[str, int, int], ...]
"""Files, with the time and size that each had."""


def _with_macros(code: CodeType, files: Iterable[str]) -> CodeType:
    """The code object with a note of the files whose macros were expanded in it."""
    noted = _stats(sorted(set(files)))
    return code.replace(co_consts=(*code.co_consts, (_MARK, noted))) if noted else code


def _macros_are(code: CodeType) -> bool:
    """Are the files that a code object notes as they were? OSError when there is one no more."""
    last = code.co_consts[-1] if code.co_consts else None
    if type(last) is not tuple or last[:1] != (_MARK,):
        return True
    return bool(last[1] == _stats([file for file, *_ in last[1]]))


def _stats(files: list[str]) -> Macros:
    stats = [(file, os.stat(file)) for file in files]
    return tuple((file, stat.st_mtime_ns, stat.st_size) for file, stat in stats)


_hook: Callable[[str], Any] = Finder.path_hook(
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (Loader, [SUFFIX]),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


# -- modules that are taught about .pyasm files, at once or when they are imported


def _after_import(name: str, action: str) -> None:
    """Call a function of `pyasm.inspection` with a module, now if it is there, else when it comes.

    It is not imported for that: programs that never need it do not wait for it.
    """
    if name in sys.modules:
        _attach(action, sys.modules[name])
    else:
        sys.meta_path.insert(0, _AfterImport(name, action))


def _attach(action: str, module: ModuleType) -> None:
    from pyasm import inspection

    getattr(inspection, action)(module)


class _AfterImport:
    """A finder on `sys.meta_path` that finds one module as usual, and has a function called when it is executed."""

    def __init__(self, name: str, action: str) -> None:
        self.name, self.action = name, action

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of that one module, once; None for all others."""
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _attach(self.action, module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def main() -> None:
    """`python -m pyasm.importer MODULE [ARGS]`: run a module as `python -m` does, with the import of `.pyasm` on."""
    import runpy

    if len(sys.argv) < 2:
        sys.exit("usage: python -m pyasm.importer MODULE [ARGUMENTS]")
    install()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    from pyasm import importer

    importer.main()
