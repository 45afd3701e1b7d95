"""What the X of a command line names: a file, a module, a part of one, or standard input; and its `Code`."""

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any, Optional

import pyasm
from pyasm import importer
from pyasm.errors import AssemblyError, AssemblySyntaxError, Finding, nearest
from pyasm.files import SUFFIXES, from_bytes, syntax_finding

STDIN = "-"


def read(x: str) -> pyasm.Code:
    """The `Code` that X names, as the command line's help says. AssemblyError or OSError when there is none."""
    name, part = split(x)
    if name == STDIN:
        return select(from_bytes(sys.stdin.buffer.read(), "<stdin>"), part, x)
    if os.path.exists(name) or name.endswith(SUFFIXES) or os.sep in name:
        with open(name, "rb") as file:
            return select(from_bytes(file.read(), name), part, x)
    return _module_part(name, part, x)


def split(x: str) -> tuple[str, Optional[str]]:
    """X as what is before the colon, and the part of it that is behind, if any."""
    name, colon, part = x.rpartition(":")
    if not colon or not name or os.path.exists(x):
        return x, None
    return name, part


def files(folder: str) -> list[str]:
    """The paths of all Python and assembly sources in a folder and the folders in it."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.join(parent, name) for name in sorted(names) if name.endswith((".py", ".pyasm"))]
    return found


# -- modules


def find_module(name: str) -> importlib.machinery.ModuleSpec:
    """Where the import system finds a module; only the packages around it are imported. AssemblyError if nowhere."""
    importer.install()
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, "")
    try:
        spec = importlib.util.find_spec(name)
    except Exception as error:  # a package around it may raise anything while it is imported
        raise AssemblyError(f"no module {name}: {error}") from None
    if spec is None:
        hint = nearest(name, [*sys.builtin_module_names, *getattr(sys, "stdlib_module_names", ()), *sys.modules])
        raise AssemblyError(Finding(f"no file and no module {name}", hint=hint))
    return spec


def module_code(spec: importlib.machinery.ModuleSpec) -> CodeType:
    """The code object of a module. AssemblyError when it has none."""
    loader: Any = spec.loader
    if not hasattr(loader, "get_code"):
        raise AssemblyError(f"{spec.name} has no bytecode: {'a namespace package' if loader is None else spec.origin}")
    try:
        code: Optional[CodeType] = loader.get_code(spec.name)
    except AssemblyError:
        raise
    except SyntaxError as error:
        raise AssemblySyntaxError(
            syntax_finding(error, str(spec.origin)), str(spec.origin), error.lineno or 1
        ) from None
    except (ImportError, ValueError, EOFError) as error:
        raise AssemblyError(f"{spec.name}: {error}") from None
    if code is None:
        raise AssemblyError(f"{spec.name} has no bytecode: it is {spec.origin or 'written in another language'}")
    return code


def _module_part(name: str, part: Optional[str], x: str) -> pyasm.Code:
    code = pyasm.decode(module_code(find_module(name)))
    if part and not _called(part, list(_parts(code, ""))):
        elsewhere = _imported(name, part)
        if elsewhere is not None:
            return pyasm.decode(elsewhere)
    return select(code, part, x)


def _imported(name: str, part: str) -> Optional[CodeType]:
    """The code object of a function that a module has from elsewhere; for that it is imported."""
    try:
        found: Any = importlib.import_module(name)
        for attribute in part.split("."):
            found = getattr(found, attribute)
    except Exception:  # it is a module's own business what it raises; there is no such part then
        return None
    found = getattr(found, "__func__", found)
    code = getattr(getattr(found, "__wrapped__", found), "__code__", None)
    return code if isinstance(code, CodeType) else None


# -- parts


def select(code: pyasm.Code, part: Optional[str], x: str) -> pyasm.Code:
    """The function or class of that qualified name within a code object; the whole without a name.

    `<locals>` may be left out, and so may the names around it where one part ends so; `f#2` is the second f.
    """
    if not part:
        return code
    wanted, _, number = part.partition("#")
    paths = list(_parts(code, ""))
    found = _called(wanted, paths)
    if number.isdigit() and 0 < int(number) <= len(found):
        return found[int(number) - 1]
    if not found or number:
        hint = nearest(wanted, [path for path, _ in paths] + [inner.name for _, inner in paths])
        raise AssemblyError(Finding(f"no function or class {part}", x, hint))
    if len(found) > 1:
        lines = ", ".join(f"{wanted}#{n} in line {inner.first_line}" for n, inner in enumerate(found, 1))
        raise AssemblyError(Finding(f"{part} is not the only one: {lines}", x))
    return found[0]


Part = tuple[str, pyasm.Code]
"""A code object within another, after its qualified name."""


def _called(name: str, parts: list[Part]) -> list[pyasm.Code]:
    """Those of that qualified name; where there are none, those whose qualified name ends so."""
    wanted = name.replace(".<locals>", "").partition("#")[0]
    found = [code for path, code in parts if path == wanted]
    return found or [code for path, code in parts if path.endswith("." + wanted)]


def _parts(code: pyasm.Code, prefix: str) -> Iterator[Part]:
    """Every code object within, with its qualified name; the scopes of type parameters count as nothing."""
    done = set()
    for _, arg, *_ in code.body:
        if not isinstance(arg, pyasm.Code) or id(arg) in done:
            continue
        done.add(id(arg))
        if arg.name.startswith("<generic parameters of "):
            yield from _parts(arg, prefix)
        else:
            yield prefix + arg.name, arg
            yield from _parts(arg, f"{prefix}{arg.name}.")
