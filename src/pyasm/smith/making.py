"""A whole program: its module, and what all of its frames share."""

from __future__ import annotations

import random
from collections.abc import Mapping

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import AssemblyError, nearest
from pyasm.smith import arithmetic, classes, containers, exceptions, functions, generators, prelude, statements
from pyasm.smith.choices import Choices
from pyasm.smith.constructs import CONSTRUCTS, Construct
from pyasm.smith.frame import Class, Frame

ROOMS = (arithmetic, containers, statements, exceptions, functions, generators, classes)
"""The modules that enter constructs in the table."""
DEPTH = 4
"""How deep expressions and statements are nested."""


class Program:
    """A program while it is made."""

    choices: Choices
    left: int
    """How many constructs there may still be; beyond that only those without others within."""
    globals: list[str]
    classes: list[Class]
    module: Frame

    def __init__(self, source: int | random.Random, size: int, since: str, weights: Mapping[str, float]) -> None:
        self.choices = Choices(source)
        self.left = size
        self.table = table(since, weights)
        self.globals = ["g0", "g1"]
        self.classes = []
        self.needed: dict[str, None] = {}
        self.module = Frame(self, "module", "<module>")

    def need(self, name: str, f: Frame) -> None:
        """Push something of the prelude, which then gets into the program."""
        for each in (*prelude.NEEDS[name], name):
            self.needed[each] = None
        f.emit("LOAD_GLOBAL" if f.fast else "LOAD_NAME", name)

    def code(self) -> Code:
        """Make the program."""
        f = self.module
        for name in self.globals:
            f.const(self.choices.below(100))
            f.emit("STORE_NAME", name)
        while self.left > 0:
            guarded(f)
        f.const(None)
        f.emit("RETURN_VALUE")
        code = f.code()
        code.body[:0] = [each for name in self.needed for each in prelude.definition(name)]
        return code


def guarded(f: Frame) -> None:
    """A definition or some statements of the module; what they raise is printed."""
    f.cost = 0
    handler, end = f.labels("handler", "end")
    f.emit("SETUP_FINALLY", handler)
    if f.choices.chance(0.5):
        f.program.left -= 1
        f.choices.pick((functions.definition, functions.definition, classes.class_definition))(f, DEPTH)
    else:
        with f.within(lambda value: f.emit("POP_BLOCK")):
            f.suite(DEPTH)
    f.emit("POP_BLOCK")
    f.emit("JUMP_FORWARD", end)
    f.place(handler)
    f.emit("LOAD_ATTR", "__name__")
    f.emit("STORE_NAME", "raised")
    f.pop(2)
    f.emit("POP_EXCEPT")
    f.emit("LOAD_NAME", "print")
    f.emit("LOAD_NAME", "raised")
    f.call(1)
    f.pop()
    f.place(end)


def table(since: str, weights: Mapping[str, float]) -> dict[str, list[tuple[Construct, float]]]:
    """What can be chosen, by kind: the constructs that the version `since` can express, with their weights."""
    known = isa.names()
    isa.load(since)
    for name in weights.keys() - CONSTRUCTS.keys():
        raise AssemblyError(f"there is no construct {name!r}; {nearest(name, CONSTRUCTS)}")
    result: dict[str, list[tuple[Construct, float]]] = {}
    for each in CONSTRUCTS.values():
        if known.index(each.since) <= known.index(since):
            result.setdefault(each.kind, []).append((each, weights.get(each.name, each.weight)))
    return result
