"""`inspect` and `pkgutil` for `.pyasm` modules: they expect Python's syntax and suffixes.

`pyasm.importer.install` attaches this, `uninstall` takes it away.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from types import ModuleType

from pyasm.typed import Any

_originals: list[tuple[Any, str, Any]] = []
"""What was replaced: the module, the name and what stood there."""


def detach() -> None:
    """Take back what has been replaced."""
    while _originals:
        module, name, original = _originals.pop()
        setattr(module, name, original)


def attach_pkgutil(pkgutil: Any) -> None:
    """Let `pkgutil.iter_modules` and `walk_packages` list `.pyasm` modules, behind the others of a folder."""
    from pyasm.importer import Finder

    standard = pkgutil.iter_importer_modules.dispatch(Finder)

    def modules(finder: Finder, prefix: str = "") -> Any:
        found = dict(standard(finder, prefix))
        yield from found.items()
        yield from ((name, package) for name, package in finder.iter_modules(prefix) if name not in found)

    pkgutil.iter_importer_modules.register(Finder, modules)


def attach_inspect(inspect: Any) -> None:
    """Let `inspect.getsource` and what is built on it, pdb too, find the ends of definitions in assembly text."""
    findsource: Any = inspect.findsource
    original_block: Callable[[list[str]], list[str]] = inspect.getblock

    def find(object: Any) -> tuple[list[str], int]:
        lines = _lines(inspect, object)
        if lines is not None:
            return lines, _first(inspect, object, lines)
        found: tuple[list[str], int] = findsource(object)
        return found

    def block(lines: list[str]) -> list[str]:
        return lines[: end_of_block(lines)] if isinstance(lines, Lines) else original_block(lines)

    for name, original, own in (("findsource", findsource, find), ("getblock", original_block, block)):
        own.__doc__ = original.__doc__
        _originals.append((inspect, name, original))
        setattr(inspect, name, own)


class Lines(list[str]):
    """Lines of assembly text; a part of them is such lines too."""

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return Lines(found) if isinstance(index, slice) else found


def _lines(inspect: Any, object: Any) -> Lines | None:
    """The lines of the file in which something is defined; None when that is no `.pyasm` file."""
    file = inspect.getsourcefile(object) or inspect.getfile(object)
    if not file.endswith(".pyasm"):
        return None
    linecache.checkcache(file)
    module = inspect.getmodule(object, file)
    lines = linecache.getlines(file, module.__dict__ if isinstance(module, ModuleType) else None)
    if not lines:
        raise OSError("could not get source code")
    return Lines(lines)


def _first(inspect: Any, object: Any, lines: Lines) -> int:
    """The index of the line on which something begins. OSError when it is not found."""
    if inspect.ismodule(object):
        return 0
    if inspect.isclass(object):
        number = first_line_of_class(lines, object.__qualname__)
    else:
        object = getattr(object, "__func__", object)
        object = getattr(object, "__code__", object)
        object = getattr(object, "tb_frame", object)
        number = getattr(object, "f_code", object).co_firstlineno
    if not 0 < number <= len(lines):
        raise OSError("could not find the definition")
    return int(number) - 1


# -- where definitions begin and end

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def end_of_block(lines: list[str]) -> int:
    """How many lines the statement has with which these lines begin, its blocks included."""
    from pyasm.text.tokens import Tokens

    texts = Tokens("".join(lines)).texts
    flat = next((text for text in texts if text != "\n"), "").upper() == "DEFINE"
    depth, line, begun = 0, 1, False
    for i, text in enumerate(texts):
        if text in _OPENING:
            depth += 1
        elif text in _CLOSING:
            depth -= 1
        elif text == "\n":
            if begun and depth <= 0 and (not flat or texts[i - 1].upper() == "END"):
                break
            line += 1
            continue
        begun = True
    return min(line, len(lines))


def first_line_of_class(lines: list[str], qualname: str) -> int:
    """The number of the line with the CLASS of a qualified name, the last one of several; 0: there is none."""
    from pyasm.text.tokens import Tokens

    wanted = qualname.replace(".<locals>", "").split(".")
    texts = Tokens("".join(lines)).texts
    path: list[str] = []
    """The names around a token: for each brace that of its definition, or an empty one."""
    pending, nesting, line, found = "", 0, 1, 0
    for i, text in enumerate(texts):
        word = text.upper()
        if text == "\n":
            line += 1
        elif word in ("DEF", "CLASS") and i + 1 < len(texts) and texts[i + 1].isidentifier():
            pending, nesting = texts[i + 1], 0
            if word == "CLASS" and [name for name in path if name] + [pending] == wanted:
                found = line
        elif text in "([" and text:
            nesting += 1
        elif text in ")]" and text:
            nesting -= 1
        elif text == "{":
            path.append("" if nesting > 0 else pending)
            pending = pending if nesting > 0 else ""
        elif text == "}" and path:
            path.pop()
    return found
