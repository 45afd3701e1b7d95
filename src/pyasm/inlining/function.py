"""From a function with calls of `assembly`, `label` and `jump` to the function that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType, MethodType

from pyasm import isa
from pyasm.checked import lowered
from pyasm.code import Code
from pyasm.errors import AssemblySyntaxError, Finding
from pyasm.inlining.expansion import Expansion
from pyasm.inlining.sites import Names
from pyasm.lang.static import Static
from pyasm.native.encode import encode
from pyasm.translate import lower
from pyasm.tuples.assemble import source_of
from pyasm.tuples.decorate import function_like
from pyasm.typed import Any


def inlined(target: Any, bindings: Mapping[str, Any], verified: bool = True) -> Any:
    """The function with what its calls stand for; `pyasm.inline` says more."""
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(inlined(target.__func__, bindings, verified))
    if isinstance(target, MethodType):
        return MethodType(inlined(target.__func__, bindings, verified), target.__self__)
    if not isinstance(target, FunctionType):
        raise TypeError(f"inline changes a function or a method, not {type(target).__qualname__}")
    static = Static(bindings, target.__globals__)
    code = _expanded(target, static)
    unused = [name for name in bindings if name not in static.used]
    if unused:
        raise TypeError(f"there is no &{unused[0]} in {code.qualname}")
    native, proof = lowered(code) if verified else (lower(code), None)
    return function_like(target, encode(native, proof))


def _expanded(function: FunctionType, static: Static) -> Code:
    """The new code. When something is missing, it may be what the compiler has dropped: then from the source."""
    names = Names(function)
    try:
        return _Function(names, static).expanded(source_of(function, isa.PORTABLE))
    except AssemblySyntaxError:
        from pyasm.inlining import source

        complete = source.complete_code(function)
        if complete is None:
            raise
    return source.without_tests(_Function(names, static).expanded(complete))


class _Function:
    """What the code object of a function and those within it share."""

    def __init__(self, names: Names, static: Static) -> None:
        self.names, self.static = names, static
        self.findings: list[Finding] = []

    def expanded(self, code: Code) -> Code:
        """The new code. AssemblySyntaxError with all that is wrong."""
        new = self._expanded(code)
        if self.findings:
            place = self.findings[0].place.split(":")
            line = int(place[1]) if len(place) > 1 and place[1].isdigit() else code.first_line
            raise AssemblySyntaxError(self.findings, code.filename, line)
        return new

    def _expanded(self, code: Code) -> Code:
        body = [
            each._replace(arg=self._expanded(each.arg)) if isinstance(each.arg, Code) else each for each in code.body
        ]
        return Expansion(code.replace(body=body), self.names, self.static, self.wrong).expanded()

    def wrong(self, finding: Finding) -> None:
        """Note what is wrong, once."""
        if finding not in self.findings:
            self.findings.append(finding)
