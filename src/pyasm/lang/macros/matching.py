"""Which macro a call means, and which parameter has which argument."""

from __future__ import annotations

from collections.abc import Sequence

from pyasm.lang import tree
from pyasm.lang.macros.library import Definition
from pyasm.typed import Any

Bound = dict[str, Any]
"""Parameter -> node; the arguments of a VARIABLE_ARG are a list."""

_VARIABLES = (tree.Local, tree.CallerLocal, tree.Global, tree.Captured, tree.Binding)


def choose(found: Sequence[Definition], arguments: Sequence[Any]) -> tuple[Definition, Bound] | str:
    """The overload that fits the arguments best, with its parameters bound; else what is wrong."""
    fitting = []
    for definition in found:
        bound = _bind(definition.node.parameters, arguments)
        if bound is not None:
            fitting.append((_exactness(definition.node), definition, bound))
    if not fitting:
        forms = "  or  ".join(signature(definition) for definition in found)
        return f"no such arguments: {_described(arguments)} for {forms}"
    best = max(rank for rank, _, _ in fitting)
    chosen = [(definition, bound) for rank, definition, bound in fitting if rank == best]
    if len(chosen) > 1:
        return "two macros fit these arguments: " + " and ".join(definition.place for definition, _ in chosen)
    return chosen[0]


def _bind(parameters: Sequence[tree.MacroParameter], arguments: Sequence[Any]) -> Bound | None:
    """Parameters with their arguments; None when these are too many, too few or of other types."""
    bound: Bound = {}
    rest = list(arguments)
    for i, parameter in enumerate(parameters):
        if _name(parameter) == "VARIABLE_ARG":
            behind = len(parameters) - i - 1
            taken, rest = rest[: len(rest) - behind], rest[len(rest) - behind :] if behind else []
            kinds = [kind for kind in parameter.type.arguments if not isinstance(kind, int)]  # type: ignore[union-attr]
            given = [_fitted(argument, kinds[0] if kinds else None) for argument in taken]
            if None in given:
                return None
            bound[parameter.name] = given
            continue
        if not rest:
            return None
        fitted = _fitted(rest.pop(0), parameter.type)
        if fitted is None:
            return None
        bound[parameter.name] = fitted
    return None if rest else bound


def _fitted(argument: Any, kind: tree.MacroType | None) -> Any:
    """An argument as a parameter of that type has it; None when it is of another type."""
    name = "ANY" if kind is None else kind.name
    actual = type(argument)
    if name == "CODE_BLOCK":
        return argument if actual is tree.Block else None
    if actual is tree.Block and not argument.statements:
        argument = tree.Map(argument.start, argument.end, ())  # { } is that as well
        actual = tree.Map
    if name == "LABEL":
        return argument if actual is tree.Name else None
    if name == "VARIABLE":
        return argument if actual in _VARIABLES else None
    return argument


def _name(parameter: tree.MacroParameter) -> str:
    return "ANY" if parameter.type is None else parameter.type.name


def _exactness(node: tree.Macro) -> tuple[bool, int]:
    """How much the parameters of a macro say: one that takes any number of arguments says least."""
    names = [_name(parameter) for parameter in node.parameters]
    return "VARIABLE_ARG" not in names, sum(name != "ANY" for name in names)


def signature(definition: Definition) -> str:
    """The form of a macro, as an error shows it."""
    shown = [
        ("!" if parameter.once else "&") + parameter.name + (f" {_shown(parameter.type)}" if parameter.type else "")
        for parameter in definition.node.parameters
    ]
    return f"{definition.name}({', '.join(shown)})"


def _shown(kind: tree.MacroType) -> str:
    inner = [str(each) if isinstance(each, int) else _shown(each) for each in kind.arguments]
    return f"{kind.name}[{', '.join(inner)}]" if inner else kind.name


def _described(arguments: Sequence[Any]) -> str:
    words = {tree.Block: "a block", tree.Name: "a label"}
    kinds = [words.get(type(each), "a variable" if type(each) in _VARIABLES else "a value") for each in arguments]
    return ", ".join(kinds) or "none"
