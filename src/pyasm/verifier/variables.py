"""The variables of a code object, and what is known of them: a number of three bits for each.

They are such that what two ways know together is the `&` of the two numbers, whatever the variable is on each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import compress

from pyasm import isa
from pyasm.code import Code, Free
from pyasm.errors import shown
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.typed import Any, NamedTuple

_VALUE, _CELL, _NEEDED, _ALL = 1, 3, 5, 7


class Place(NamedTuple):
    """Where the bits of a variable are, those that say that it has a plain value, and its name in `Code`."""

    bits: int
    value: int
    name: Any


class Variables(dict[Any, Place]):
    """Name in an operand -> place, found when it is first asked for. `needs`: argument -> its type, when not any."""

    __slots__ = ("closure", "code", "count", "needs", "numbers")

    def __init__(self, code: Code, parameters: list[str], needs: dict[str, str]) -> None:
        self.code, self.needs = code, needs
        self.closure: set[Any] = set()
        if code.frees:
            taken = {*parameters, *code.locals, *code.cells}
            self.closure = {Free(name) if name in taken else name for name in code.frees}
        self.count = len(parameters)
        self.numbers = dict(zip(parameters, range(self.count)))
        """The place of each parameter: before all others."""

    def __missing__(self, name: Any) -> Place:
        if type(name) is Free and name not in self.closure:
            found = self[str(name)]
        else:
            number = self.numbers.get(name)
            if number is None:
                number = self.count
                self.count += 1
            found = _new(Place, (_ALL << 3 * number, _VALUE << 3 * number, name))
        self[name] = found
        return found

    def first(self, cells: bool) -> int:
        """What is known at the start: arguments have a value; `cells`: all others that need one have a cell."""
        known = ((1 << 3 * self.count) - 1) // _ALL  # _VALUE for each of them
        for name in self.needs:
            known = self.known(known, self[name], self.needs[name])
        for name in [*self.code.cells, *self.closure] if cells else ():
            known = self.known(known, self[name], "cell")
        return known

    def kind(self, known: int, place: Place) -> str | None:
        """What a variable holds: None when that may be nothing, `value`, `cell`, or the type that it must have."""
        bits = known & place.bits
        if bits == place.value:
            return "value"
        if not bits:
            return None
        return "cell" if bits == place.value * _CELL else self.needs[place.name]

    def known(self, known: int, place: Place, kind: str | None) -> int:
        """The same, with what a variable holds now."""
        form = 0 if kind is None else _VALUE if kind == "value" else _CELL if kind == "cell" else _NEEDED
        return known & ~place.bits | place.value * form


_new: Any = tuple.__new__
"""Makes one faster than its class does."""
_NAMES = frozenset({"local", "locals", "deref", *JUMPS})


@cache
def _naming(dialect_name: str) -> frozenset[Any]:
    """The mnemonics whose operand is the name of a variable or a label."""
    rows = isa.load(dialect_name).opcodes
    return frozenset({LABEL, *(op for op, row in rows.items() if row.operand in _NAMES)})


def odd_names(body: Sequence[Any], ops: Sequence[Any], args: Sequence[Any], dialect_name: str) -> dict[int, str]:
    """Index of each instruction whose mnemonic, or the name of whose variable or label, cannot be one -> its text."""
    try:
        set(compress(args, map(_naming(dialect_name).__contains__, ops)))
    except TypeError:
        return {index: text for index, text in enumerate(map(_odd_name, body)) if text}
    return {}


def _odd_name(instruction: Any) -> str:
    for part in instruction[:2]:
        try:
            hash(part)
        except TypeError:
            return shown(part)
    return ""
