"""What several tests need: random samples with a seed, the standard library, a comparison of code objects."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import sysconfig
import types
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyasm
from pyasm.native.malformed import DEFECT

T = TypeVar("T")

HERE = Path(__file__).parent
FULL = os.environ.get("PYASM_FULL") == "1"
"""Run over everything instead of a sample."""
SEED = int(os.environ.get("PYASM_SEED") or random.SystemRandom().randrange(1 << 32))


@contextlib.contextmanager
def maybe_refused() -> Iterator[None]:
    """An error of the family may come out, but none that stands for one from inside."""
    try:
        yield
    except pyasm.AssemblyError as error:
        if DEFECT in str(error):
            raise


def sample(items: Sequence[T], count: int) -> list[T]:
    """Some of the items, all of them in a full run; the seed is printed with a failing test."""
    print(f"PYASM_SEED={SEED}")
    return list(items) if FULL or count >= len(items) else random.Random(SEED).sample(list(items), count)


def stdlib_files() -> list[Path]:
    """All Python files of the running interpreter's standard library, its tests included."""
    root = Path(sysconfig.get_path("stdlib"))
    files = [f for f in root.rglob("*.py") if f.is_file()]  # some distributions have links to nowhere
    return sorted(f for f in files if "site-packages" not in f.parts and "dist-packages" not in f.parts)


def compiled(file: Path) -> types.CodeType | None:
    """The code object of a file, or None for those that do not compile on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, UnicodeError):
            return None


def walk(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and all that are in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from walk(const)


def fields() -> list[str]:
    """All data that a code object of the running interpreter has, except what is computed of the rest."""
    derived = {"co_lnotab"} if sys.version_info >= (3, 10) else set()
    code = compile("", "", "exec")
    names = [name for name in dir(code) if name.startswith("co_") and name not in derived]
    return [name for name in names if not callable(getattr(code, name))]


FIELDS = fields()


def differences(one: types.CodeType, other: types.CodeType, path: str = "") -> list[tuple[str, str, Any, Any]]:
    """Every field in which two code objects differ, nested ones included; constants by type and value."""
    path = f"{path}/{one.co_name}"
    found: list[tuple[str, str, Any, Any]] = []
    for name in FIELDS:
        a, b = getattr(one, name), getattr(other, name)
        if name != "co_consts":
            if a != b:
                found.append((path, name, a, b))
        elif len(a) != len(b):
            found.append((path, name, a, b))
        else:
            for x, y in zip(a, b):
                if isinstance(x, types.CodeType) and isinstance(y, types.CodeType):
                    found += differences(x, y, path)
                elif not same_constant(x, y):
                    found.append((path, name, x, y))
    return found


def same_constant(a: Any, b: Any) -> bool:
    """Equal in value, type and sign, and so in all that they hold."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same_constant, a, b))
    if isinstance(a, frozenset):
        return len(a) == len(b) and sorted(map(repr, a)) == sorted(map(repr, b))
    return a is b or repr(a) == repr(b)


def function_code(source: str) -> types.CodeType:
    """The code object of the first function that a source defines."""
    return next(const for const in compile(source, "example.py", "exec").co_consts if isinstance(const, types.CodeType))
