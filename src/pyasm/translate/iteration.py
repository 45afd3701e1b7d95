"""What the passes for iterators know of instructions: those that make, move and count entries, and what they take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.isa.slots import sides, slots
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate.effects import PSEUDO, effects, number
from pyasm.typed import Any

Edits = dict[int, Sequence[Row]]

GENERATOR_EXPRESSION = "<genexpr>"
DELEGATED = 3
"""The operand of 3.15's GET_ITER for what `yield from` delegates to."""
ADDING = {
    "LIST_APPEND": 1,
    "SET_ADD": 1,
    "MAP_ADD": 2,
    "LIST_EXTEND": 1,
    "SET_UPDATE": 1,
    "DICT_UPDATE": 1,
    "DICT_MERGE": 1,
}
"""Instructions that add to the container n entries below: how many entries they take first."""
ROTATING = {"ROT_TWO": 2, "ROT_THREE": 3, "ROT_FOUR": 4}
ROTATIONS = {count: name for name, count in ROTATING.items()}
MOVING = frozenset({*ROTATING, "ROT_N", "SWAP", "COPY", "DUP_TOP", "DUP_TOP_TWO"})
MAKERS = frozenset({"GET_ITER", "GET_YIELD_FROM_ITER"})
FIRST = {"FOR_ITER": "GET_ITER", "GET_ANEXT": "GET_AITER"}
_MADE = 2
"""Where such an expression has its iterator on the stack."""
_KEEPS = frozenset({LABEL, "END_ASYNC_FOR"})
"""What raises nothing, or before the iterator is taken."""
_ENDS = frozenset({"jump", "return", "raise"})


def is_expression(arg: Any) -> bool:
    """Is this the code of a generator expression?"""
    return type(arg) is Code and arg.name == GENERATOR_EXPRESSION and bool(arg.flags & GENERATORS)


def made_by(body: Sequence[Row], index: int) -> str | None:
    """What makes the iterator for the generator expression whose function this instruction makes, if it does."""
    while index and body[index][0] == "SET_FUNCTION_ATTRIBUTE":
        index -= 1
    for op, arg, _ in body[max(0, index - 2) : index]:
        if op == "LOAD_CONST" and is_expression(arg):
            return first_maker(arg)
    return None


def first_maker(code: Code) -> str | None:
    """What makes the iterator of the first loop of a generator expression."""
    for op, _, _ in code.rows[:16]:
        if op in FIRST:
            return FIRST[op]
    return None


class _Effects(dict[tuple[str, int], "tuple[int, int, int | None, bool]"]):
    """Mnemonic and number -> entries read, change of the depth, that at the label if there is one, does it go on?

    Calls, functions and loops may be portable: those have a number for an operand where the native ones have none.
    """

    def __init__(self, dialect_name: str) -> None:
        self.rows = effects(dialect_name).rows
        portable = effects(isa.PORTABLE).rows
        self.other = {name: portable[name] for name in ("MAKE_FUNCTION", "CALL_FUNCTION_EX")}

    def __missing__(self, key: tuple[str, int]) -> tuple[int, int, int | None, bool]:
        op, n = key
        row = self.other[op] if op in self.other and n >= 0 else self.rows[op]
        n = max(0, n)
        self[key] = found = row.pops(n), row.net(n), row.jump(n) if row.names_label else None, row.flow not in _ENDS
        return found

    def of(self, op: str, arg: Any) -> tuple[int, int, int | None, bool]:
        """The effect of an instruction; without a number it may be the native one."""
        return self[op, arg if type(arg) is int else -1 if op in self.other else number(arg)]


@cache
def effect_of(dialect_name: str) -> _Effects:
    """The effects in a body on its way from or to this dialect."""
    return _Effects(dialect_name)


_SPECIAL = MOVING.union(MAKERS, ADDING, ("FOR_ITER", "GET_ANEXT", "YIELD_FROM", "PUSH_NULL", "CALL_FUNCTION_EX")) | {
    "MAKE_FUNCTION",
    "SET_FUNCTION_ATTRIBUTE",
}


@cache
def plain_effects(dialect_name: str) -> dict[str, tuple[int, int]]:
    """Instructions that take always as many entries and leave always as many values, and nothing else: how many."""
    table = effects(dialect_name)
    found = {}
    for name, net in table.plain.items():
        if name not in _SPECIAL:
            pops = table.rows[name].pops(0)
            found[name] = pops, pops + net
    return found


@cache
def steady_effects(dialect_name: str) -> dict[str, tuple[int, int, int | None, bool]]:
    """The effects of instructions for which they never depend on the operand, as in `_Effects`."""
    table = effect_of(dialect_name)
    rows = {**isa.load(isa.PORTABLE).opcodes, **isa.load(dialect_name).opcodes}
    names = [name for name, row in rows.items() if "[" not in row.stack] + [*PSEUDO]
    return {name: table[name, 0] for name in names if name in table.rows and name not in table.other}


def turned(op: str, entries: Sequence[Any]) -> tuple[Any, ...]:
    """What SWAP or a rotation makes of the entries."""
    if op == "SWAP":
        return (entries[-1], *entries[1:-1], entries[0]) if len(entries) > 1 else tuple(entries)
    return (entries[-1], *entries[:-1])


def swaps(op: str, span: Sequence[int], pairs: set[int]) -> list[int]:
    """The operands of the SWAPs that move entries of which some are pairs."""

    def native(entries: Sequence[int]) -> list[tuple[int, int]]:
        return [part for entry in entries for part in ([(entry, 0), (entry, 1)] if entry in pairs else [(entry, 0)])]

    now, wanted = native(span), native(turned(op, span))
    found = []
    while now != wanted:
        if now[-1] != wanted[-1]:
            place = wanted.index(now[-1])
        else:
            place = next(i for i, (one, other) in enumerate(zip(now, wanted)) if one != other)
        now[place], now[-1] = now[-1], now[place]
        found.append(len(now) - place)
    return found


def makes_first(body: Sequence[Row], made: int, dialect: isa.Dialect) -> bool:
    """Does the generator expression whose function is made there call iter() itself, before it returns?"""
    codes = [arg for _, arg, _ in body[max(0, made - 2) : made] if is_expression(arg)]
    return bool(codes) and begins_with_iterator(codes[0].rows, dialect)


def begins_with_iterator(body: Sequence[Row], dialect: isa.Dialect) -> bool:
    """Does it begin with the iterator of its argument, as only generator expressions do?

    The loops of the body are native already, the rest need not be.
    """
    return len(body) > 1 and body[0][1] == ".0" and body[1][0] in FIRST.values() and _keeps_iterator(body, dialect)


def _keeps_iterator(body: Sequence[Row], dialect: isa.Dialect) -> bool:
    """Does nothing raise while the first iterator is not on the stack, as the handler of StopIteration needs it?

    All is gone through in the order in which it stands, and again when a way back leads to what no way had come to.
    """
    steady, effect, quiet = steady_effects(dialect.name), effect_of(dialect.name).of, slots().quiet
    depths: dict[Any, int] = {}
    least, news = 0, True
    while news:
        depth: int | None = 0
        news, lost = False, set()
        for index, (op, arg, _) in enumerate(body):
            if index == _MADE:
                least = depth or 0
            if op == LABEL:
                depth = depths.get(arg) if depth is None else depths.setdefault(arg, depth)
                if depth is None:
                    lost.add(arg)
            elif depth is not None:
                pops, net, jump, goes_on = steady.get(op) or effect(op, arg)
                takes = depth - pops < least and op not in quiet and op not in _KEEPS
                if takes and depth - _taken(dialect, op, arg) < least:
                    return False
                if jump is not None and arg not in depths:
                    depths[arg] = depth + jump
                    news = news or arg in lost
                depth = depth + net if goes_on else None
    return True


def _taken(dialect: isa.Dialect, op: str, arg: Any) -> int:
    """How many entries an instruction takes that it does not leave where they are."""
    row = dialect.opcodes.get(op) or isa.load(isa.PORTABLE).opcodes.get(op)
    if row is None:
        return 0
    sided = sides(row.stack, number(arg))
    kept = 0
    while kept < len(sided.leaves) and sided.leaves[kept] == kept and kept in sided.jumping[kept : kept + 1]:
        kept += 1
    return len(sided.takes) - kept
