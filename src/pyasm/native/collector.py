"""Working without the garbage collector.

Decoding makes two containers for each instruction, none of them garbage. The collector would look through all of them
again and again, which takes a fifth of the time.
"""

from __future__ import annotations

import gc
from functools import wraps
from typing import Any, Callable, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def uncollected(function: F) -> F:
    """The same function, during which the collector rests; it goes on afterwards if it was on before."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return cast(F, wrapper)
