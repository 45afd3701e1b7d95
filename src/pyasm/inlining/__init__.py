"""Assembly within Python functions: the decorator `inline`, and the names that it gives a meaning to.

sites.py finds the calls of these names, text.py expands what they hold, expansion.py puts that in their place;
states.py follows the stack, leaving.py is about jumps out of loops and blocks. function.py makes the new function.
"""

from __future__ import annotations

from pyasm.typed import Any, NoReturn


def inline(function: Any = None, /, *, verify: bool = True, **bindings: Any) -> Any:
    """A decorator: `assembly("...")`, `label("l")` and `jump("l", condition)` in the function become what they say.

    The text sees the function's variables as `$x`, its globals as `@x`, and `bindings` as `&name`. What it leaves on
    the stack stays there; as an expression, the value is the top of the stack, or None when nothing has been left.
    Labels are those of the whole function. The result is verified, unless `verify` is False.

    AssemblyError, with file and line, for what is wrong; TypeError for what is no function.
    """
    from pyasm.inlining.function import inlined

    if function is None:
        return lambda function: inlined(function, bindings, verify)
    return inlined(function, bindings, verify)


def assembly(text: str) -> Any:
    """In a function decorated with `inline`: the instructions of a text."""
    _uncalled("assembly")


def label(name: str) -> Any:
    """In a function decorated with `inline`: a place to jump to."""
    _uncalled("label")


def jump(name: str, condition: object = True) -> Any:
    """In a function decorated with `inline`: go to a label, if the condition is true."""
    _uncalled("jump")


def _uncalled(name: str) -> NoReturn:
    raise RuntimeError(f"{name}() has a meaning in a function decorated with @pyasm.inline only")
