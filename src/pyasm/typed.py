"""What annotations need of `typing`, without the import of it, which would take half of the time of `import pyasm`.

A type checker sees the real names. At run time annotations are strings that nobody evaluates, so only `NamedTuple` has
to do something.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any as Any
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
else:
    Any = NoReturn = object

    class _Meta(type):
        """Makes of a class with annotations a subclass of tuple, as `typing.NamedTuple` does."""

        def __new__(mcs, name, bases, namespace):
            if not bases:
                return super().__new__(mcs, name, bases, namespace)
            fields = namespace["__annotations__"]
            defaults = [namespace.pop(field) for field in fields if field in namespace]
            base = namedtuple(name, fields, defaults=defaults)
            return type(name, (base,), {"__slots__": (), **namespace})

    class NamedTuple(metaclass=_Meta):
        """A tuple with names for its items."""
