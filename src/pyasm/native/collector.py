"""Working without the garbage collector.

Decoding makes two containers for each instruction, none of them garbage. The collector would look through all of them
again and again, which takes a fifth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps

from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

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

    return wrapper  # type: ignore[return-value]
