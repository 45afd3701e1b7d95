"""What is wrong with the form of a `Code` of any dialect: fields, operands, labels, positions.

Whoever works on a `Code` trusts its form, since looking at all of it costs as much as the work. Where that fails, this
finds out what is the matter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from pyasm import isa
from pyasm.code import Code, Position
from pyasm.errors import AssemblyError, Finding, named, shown
from pyasm.native import operands, units
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

_FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError, RecursionError)
DEFECT = "a defect of Python Assembly"
"""What an error says when nothing is wrong with the code that failed."""
_LISTS = ("posonlyargs", "args", "kwonlyargs", "locals", "cells", "frees", "body", "handlers")


def malformed(code: Code) -> list[Finding]:
    """Everything that is wrong with the form of a code object and of those in it."""
    found: list[Finding] = []
    seen: set[int] = set()
    pending = [code]
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        found += _wrong_lists(one) or _wrong(one)
        if not found:
            pending += [each[1] for each in one.rows if isinstance(each[1], Code)]
    return found


def explained(kind: type[AssemblyError], reasons: Callable[[Code], list[Finding]] = malformed) -> Callable[[F], F]:
    """For a function of a `Code`: when it fails because of what stands in there, the error is of this kind.

    So it is when it fails for another reason: whoever uses it has one kind of error to expect.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def wrapper(code: Any, *rest: Any, **options: Any) -> Any:
            try:
                return function(code, *rest, **options)
            except AssemblyError:
                raise
            except _FAILURES as error:
                if not isinstance(code, Code):
                    raise
                if isinstance(error, RecursionError):
                    raise kind(Finding("code objects nested too deeply", named(code.name))) from None
                found = reasons(code)
                if not found:
                    told = Finding(f"{type(error).__name__}, {DEFECT}", named(code.name), "please report it")
                    raise kind(told) from error
            raise kind(found)

        return wrapper  # type: ignore[return-value]

    return decorate


def _wrong_lists(code: Code) -> list[Finding]:
    values = [(name, getattr(code, name)) for name in _LISTS]
    return [
        Finding(f"{name} is {shown(value)}, no list", named(code.name))
        for name, value in values
        if type(value) is not list
    ]


def _wrong(code: Code) -> list[Finding]:
    """The fields, the operands, and the rest, where the operands are right."""
    from pyasm.native.encode import check_fields  # which explains with this why it failed

    found: list[Finding] = []
    try:
        check_fields(code)
        operands.number(code, units.shape(isa.load(code.dialect).name))
    except AssemblyError as error:
        found += error.findings
    if not found:
        names = operands.wrong_names(code, code.parameters + code.locals)
        found += names + _wrong_positions(code) + _wrong_handlers(code)
    return found


def _wrong_positions(code: Code) -> list[Finding]:
    odd = [i for i, each in enumerate(code.body) if each[2] is not None and not _is_position(each[2])]
    return [Finding(f"{shown(code.body[i][2])} is no position", f"{code.qualname}, instruction {i}") for i in odd]


def _is_position(value: Any) -> bool:
    return isinstance(value, Position) and all(each is None or type(each) is int for each in value)


def _wrong_handlers(code: Code) -> list[Finding]:
    labels = {each[1] for each in code.rows if each[0] == units.LABEL}
    found = []
    for number, handler in enumerate(code.handlers):
        place = f"{named(code.qualname)}, handler {number}"
        if not isinstance(handler, tuple) or len(handler) != 5 or type(handler[3]) is not int:
            found.append(Finding(f"{shown(handler)} is no Handler: three labels, a depth, a bool", place))
        else:
            found += [Finding(f"no label {shown(each)}", place) for each in handler[:3] if not _in(each, labels)]
    return found


def _in(value: Any, labels: set[Any]) -> bool:
    try:
        return value in labels
    except TypeError:
        return False
