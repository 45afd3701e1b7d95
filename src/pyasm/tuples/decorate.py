"""`macro` itself: from a function to its list, through a macro, and back to a function that is otherwise the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CellType, CodeType, FunctionType, MethodType

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import TupleError
from pyasm.tuples.assemble import assembled, source_of
from pyasm.tuples.reader import read
from pyasm.tuples.writer import named, tuples
from pyasm.typed import Any, NamedTuple


class Macro(NamedTuple):
    """What `macro` was called with."""

    function: Callable[[list[Any]], Iterable[Any]]
    dialect: str
    verify: bool
    pad_underflow: bool

    def apply(self, target: Any) -> Any:
        """The macro's version of a function, a method, a wrapper of one, or a class."""
        if isinstance(target, FunctionType):
            return self.to_function(target)
        if isinstance(target, type):
            return self.to_class(target)
        if isinstance(target, MethodType):
            return MethodType(self.apply(target.__func__), target.__self__)
        if isinstance(target, (staticmethod, classmethod)):
            return self.to_wrapper(target)
        if isinstance(target, property):
            return self.to_property(target)
        raise TypeError(_refusal(target))

    def to_function(self, function: FunctionType) -> FunctionType:
        """A function like this one, with the code that the macro makes of its code."""
        code = self.to_code(function.__code__)
        return function_like(function, code)

    def to_code(self, code: CodeType) -> CodeType:
        """What the macro makes of a code object; the very same when it changes nothing."""
        before = source_of(code, self.dialect)
        given = self.function(tuples(before))
        if given is None:
            name = getattr(self.function, "__qualname__", repr(self.function))
            raise TupleError(f"the macro {name} returned None for {before.qualname}, not a list of tuples")
        known: dict[str, Code] = {str(name): name.value for name in named(before)}
        made = read(given, isa.load(before.dialect), known, before)
        if made.code is before:
            return code
        return assembled(made, verify=self.verify, pad_underflow=self.pad_underflow)

    def to_class(self, target: type) -> type:
        """The class itself, with each function in it replaced."""
        if not target.__flags__ & _MADE_BY_CLASS:
            raise TypeError(f"{target.__qualname__} is built in: its methods have no bytecode for a macro to change")
        for name, value in list(vars(target).items()):
            if _has_code(value) or _is_inner(value, target, name):
                setattr(target, name, self.apply(value))
        return target

    def to_wrapper(self, wrapper: Any) -> Any:
        """A staticmethod or classmethod of the new function."""
        new = type(wrapper)(self.apply(wrapper.__func__))
        for name, value in vars(wrapper).items():
            vars(new).setdefault(name, value)
        return new

    def to_property(self, target: property) -> property:
        """A property of the new functions."""
        for change in ("getter", "setter", "deleter"):
            function = getattr(target, _PARTS[change])
            if isinstance(function, FunctionType):
                target = getattr(target, change)(self.to_function(function))
        return target


_PARTS = {"getter": "fget", "setter": "fset", "deleter": "fdel"}
_MADE_BY_CLASS = 1 << 9
"""The flag of a type that a class statement has made, and not the interpreter."""


def _has_code(value: Any) -> bool:
    """Is it a function, or a wrapper of one?"""
    if isinstance(value, (staticmethod, classmethod)):
        return _has_code(value.__func__)
    if isinstance(value, property):
        return any(isinstance(getattr(value, part), FunctionType) for part in _PARTS.values())
    return isinstance(value, FunctionType)


def _is_inner(value: Any, outer: type, name: str) -> bool:
    """Is it a class that stands in the body of the outer one?"""
    return isinstance(value, type) and value.__qualname__ == f"{outer.__qualname__}.{name}"


def _refusal(target: Any) -> str:
    name = getattr(target, "__qualname__", type(target).__qualname__)
    if callable(target) and type(target).__module__ == "builtins" and hasattr(target, "__qualname__"):
        return f"{name} is built in: it has no bytecode for a macro to change"
    hint = f"; decorate the __call__ of {type(target).__qualname__}" if callable(target) else ""
    return f"a macro changes a function, a method or a class, not {type(target).__qualname__}{hint}"


def function_like(function: FunctionType, code: CodeType) -> FunctionType:
    """A function with this code, and all else of that function; variables of the closure are the same cells."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    closure = tuple([cells[name] if name in cells else CellType() for name in code.co_freevars])
    new = FunctionType(code, function.__globals__, function.__name__, None, closure or None)
    new.__defaults__, new.__kwdefaults__ = _defaults(function, code)
    for name in ("__qualname__", "__module__", "__doc__", "__type_params__"):
        if hasattr(function, name):
            setattr(new, name, getattr(function, name))
    annotate = getattr(function, "__annotate__", None)
    if annotate is not None:  # it is for later: what it names need not be there yet
        setattr(new, "__annotate__", annotate)  # noqa: B010
    else:
        new.__annotations__ = function.__annotations__
    new.__dict__.update(function.__dict__)
    return new


def _defaults(function: FunctionType, code: CodeType) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    """The default values of a function's parameters for those of another code object, by name.

    Of positional parameters, only the last ones can have defaults: a new one behind them has None.
    """
    old, new = _parameters(function.__code__), _parameters(code)
    if old == new:
        return function.__defaults__, function.__kwdefaults__
    values = dict(zip(reversed(old[0]), reversed(function.__defaults__ or ())))
    values.update(function.__kwdefaults__ or {})
    with_default = [name in values for name in new[0]]
    first = with_default.index(True) if True in with_default else len(new[0])
    defaults = tuple([values.get(name) for name in new[0][first:]])
    return defaults or None, {name: values[name] for name in new[1] if name in values} or None


def _parameters(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of positional and of keyword-only parameters."""
    count = code.co_argcount
    return code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]
