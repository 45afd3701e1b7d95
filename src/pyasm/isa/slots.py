"""What entries of the stack are: the types of slots.isa, and stack signatures read with them.

A type is a word, or a word and a number: `tuple 3`, `code 0`. Every type is one of those that stand behind it in
slots.isa; two ways to one place leave what both are.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache, lru_cache

from pyasm.typed import Any, NamedTuple

ANY = "any"
"""Of an entry that only moves."""
MIXED = "mixed"
"""Of an entry that different ways make of kinds that have nothing in common."""
MOVING = frozenset("xyzw_")


class Slots(NamedTuple):
    """The table."""

    above: dict[str, tuple[str, ...]]
    """Type -> the types that it directly is one of."""
    meanings: dict[str, str]
    words: dict[str, str]
    """Word of a signature -> the type that it stands for, where it is no type itself."""
    quiet: frozenset[str]
    """Mnemonics of instructions that raise nothing."""


@cache
def slots() -> Slots:
    """The table slots.isa."""
    above: dict[str, tuple[str, ...]] = {}
    meanings, words = {}, {}
    quiet: set[str] = set()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "slots.isa"), encoding="utf-8") as file:
        for line in file:
            head, _, rest = line.strip().partition(" ")
            columns = [column.strip() for column in rest.split("  ") if column.strip()]
            if head == "slot":
                above[columns[0]] = tuple(columns[1].split()) if len(columns) > 2 else ()
                meanings[columns[0]] = columns[-1]
            elif head == "word":
                words[columns[0]] = columns[1]
            elif head == "quiet":
                quiet.update(rest.split())
    return Slots(above, meanings, words, frozenset(quiet))


def meaning(kind: str) -> str:
    """A type in words, as short as a message needs."""
    return slots().meanings.get(kind.partition(" ")[0], kind).partition(";")[0]


@cache
def supertypes(kind: str) -> tuple[str, ...]:
    """A type and all that it is one of."""
    name, _, number = kind.partition(" ")
    found = [kind]
    if number:
        found.append(name)
    if name == "borrowed" and number:
        found += supertypes(number)
    for parent in slots().above.get(name, ()):
        sized = f"{parent} {number.partition('/')[0] or 0}"
        for each in supertypes(sized if _sized(parent) and (number or name == "empty") else parent):
            if each not in found:
                found.append(each)
    return tuple(found)


def _sized(name: str) -> bool:
    return name == "tuple" or "tuple" in slots().above.get(name, ())


@cache
def fits(kind: str, wanted: str) -> bool:
    """Is an entry of this type what is wanted?"""
    return wanted == ANY or wanted in supertypes(kind)


@cache
def join(one: str, other: str) -> str:
    """The narrowest type of which both are."""
    if one == other:
        return one
    others = supertypes(other)
    common = [each for each in supertypes(one) if each in others]
    return max(common, key=lambda each: len(supertypes(each)), default=MIXED)


class Sides(NamedTuple):
    """What an instruction does to typed entries, the lowest first: the types that it takes; what it leaves, each the
    place of a taken entry or a new type; the same when it jumps. `twice` are the places that it leaves twice, `stays`
    is the number of the lowest ones that stay where they are, jump or not."""

    takes: tuple[str, ...]
    leaves: tuple[Any, ...]
    jumping: tuple[Any, ...]
    twice: frozenset[int]
    stays: int


@lru_cache(1 << 11)
def sides(signature: str, n: int) -> Sides:
    """A stack signature, for the operand n."""
    before, _, after = signature.partition("--")
    following, bar, jumping = after.partition("|")
    left = _expanded(before, n)
    leaves = _left(left, _expanded(following, n))
    jumps = _left(left, _expanded(jumping, n)) if bar else leaves
    counts = Counter(each for each in leaves if isinstance(each, int))
    stays = 0
    while leaves[stays : stays + 1] == jumps[stays : stays + 1] == (stays,):
        stays += 1
    takes = tuple([ANY if word in MOVING else _type(word) for word in left])
    return Sides(takes, leaves, jumps, frozenset(place for place, count in counts.items() if count > 1), stays)


def _type(word: str) -> str:
    table = slots()
    return word if word in table.above else table.words.get(word, "value")


def _expanded(side: str, n: int) -> list[str]:
    words = []
    for entry in side.split():
        word, bracket, formula = entry.partition("[")
        count = max(0, eval(formula.rstrip("]"), {"n": n})) if bracket else 1  # the formulas of this package's tables
        words += [word] * count
    return words


def _left(taken: list[str], words: list[str]) -> tuple[Any, ...]:
    """Each word of the right side: the place of the same one on the left side, else its type."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(taken):
        places.setdefault(word, []).append(place)
    seen = dict.fromkeys(places, -1)
    found: list[Any] = []
    for word in words:
        if word in places:
            seen[word] = min(seen[word] + 1, len(places[word]) - 1)
            found.append(places[word][seen[word]])
        else:
            found.append(_type(word))
    return tuple(found)
