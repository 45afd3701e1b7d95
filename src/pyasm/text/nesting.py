"""Which code objects contain which: the outermost, and all that is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyasm.code import Code
from pyasm.errors import EncodeError


class Cycle(EncodeError):
    """A code object that contains itself."""

    def __init__(self, code: Code) -> None:
        super().__init__(f"the code object {code.qualname} contains itself")
        self.code = code


def nested(root: Code, children: Callable[[Code], list[Code]]) -> list[Code]:
    """A code object and all that it contains, each once, the outer before the inner. Cycle when one contains itself."""
    order: list[Code] = [root]
    open_codes: dict[int, bool] = {id(root): True}
    path: list[tuple[Code, Iterator[Code]]] = [(root, iter(children(root)))]
    while path:
        code, rest = path[-1]
        child = next(rest, None)
        if child is None:
            open_codes[id(code)] = False
            path.pop()
        elif id(child) not in open_codes:
            open_codes[id(child)] = True
            order.append(child)
            path.append((child, iter(children(child))))
        elif open_codes[id(child)]:
            raise Cycle(child)
    return order
