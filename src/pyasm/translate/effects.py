"""What instructions do to the depth of the stack, in the middle of translation: native ones and portable ones together.

A body on its way from one dialect to the other has instructions of both, and the pseudo instructions that stand for the
exception table. Where both dialects have a name, the native meaning counts: the portable ones that differ are those of
the passes that come last in lifting and first in lowering.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyasm import isa
from pyasm.code import Row
from pyasm.isa import JUMPS
from pyasm.native.units import LABEL
from pyasm.typed import Any, NamedTuple

PSEUDO = {"SETUP_FINALLY": (0, 1), "SETUP_CLEANUP": (0, 2), "SETUP_WITH": (0, 1), "POP_BLOCK": (0, 0)}
"""Depth after each, and at its label: the handler is entered with the exception, or lasti and exception; that of a
SETUP_WITH without what __enter__ gave, the top entry."""


class Effect(NamedTuple):
    """What an instruction does: entries read, change of the depth, change of the depth when it jumps, flow."""

    pops: Any
    net: Any
    jump: Any
    flow: str
    names_label: bool


class Effects:
    """The effects of the instructions of a native dialect and, for names that it does not have, the portable ones."""

    def __init__(self, dialect: isa.Dialect) -> None:
        self.rows: dict[str, Effect] = {}
        self.plain: dict[str, int] = {}
        """The change of the depth, of instructions that just go on and for which it is always the same."""
        self.changes = _Changes(self.rows)
        for table in (isa.load(isa.PORTABLE), dialect):
            for name, row in table.opcodes.items():
                found = isa.effects(row.stack)
                label = row.operand in JUMPS and row.flow != "next"  # END_ASYNC_FOR names one for tracing only
                self.rows[name] = Effect(found.pops, found.net, found.net_of_jump, row.flow, label)
                self.plain.pop(name, None)
                if row.flow in ("next", "yield") and not label and "[" not in row.stack and name not in PSEUDO:
                    self.plain[name] = found.net(0)
        if dialect.blocks == "table":
            for name, (net, jump) in PSEUDO.items():
                self.rows[name] = Effect(
                    lambda n: 0, lambda n, net=net: net, lambda n, jump=jump: jump, "setup", name != "POP_BLOCK"
                )

        self.labelled = frozenset(
            PSEUDO.keys() - {"POP_BLOCK"}
            | {
                name
                for table in (isa.load(isa.PORTABLE), dialect)
                for name, row in table.opcodes.items()
                if row.operand in JUMPS
            }
        )
        """What names a label, for whatever it is."""
        names = [name for name, row in self.rows.items() if row.names_label]
        self.naming = frozenset(names)
        """What names a label that a way leads to …"""
        self.jumps = frozenset(name for name in names if self.rows[name].flow != "setup")
        """… without an exception."""
        self.jumping = {name: self.rows[name].jump(0) for name in self.jumps}
        """The change of the depth at that label."""
        self.ends = frozenset(n for n, row in self.rows.items() if row.flow in ("jump", "return", "raise"))
        self.counted = frozenset(self.rows) - self.plain.keys() - self.naming - self.ends - PSEUDO.keys()
        """What just goes on, with a change of the depth that depends on the operand."""
        self.turns = frozenset({LABEL, *PSEUDO}) | self.naming | self.ends
        """All else: what is no instruction, or does not just go on."""
        self.following: dict[str, int | None] = dict.fromkeys((LABEL, *self.ends), 0)
        """The change of the depth where execution goes on behind an instruction; None where the operand says it."""
        self.following.update(self.plain)
        self.following.update({name: self.rows[name].net(0) for name in self.naming - self.ends})
        self.following.setdefault("POP_BLOCK", 0)
        self.following.update(dict.fromkeys(self.counted))

    def changed(self, body: Sequence[Row], ops: Sequence[str]) -> list[Any]:
        """The change of the depth by each instruction, where execution goes on behind it."""
        found: list[Any] = [*map(self.following.__getitem__, ops)]
        changes = self.changes
        index = -1
        for _ in range(found.count(None)):
            index = found.index(None, index + 1)
            op, arg, _ = body[index]
            found[index] = changes[op, arg if type(arg) is int else number(arg)][0]
        return found

    def step(self, op: str, arg: Any, depth: int) -> tuple[int | None, int | None]:
        """The depth for the next instruction and for the label, None where execution does not go on."""
        following, jumping = self.changes[op, arg if type(arg) is int else number(arg)]
        return (
            None if following is None else depth + following,
            None if jumping is None else depth + jumping,
        )


class _Changes(dict[tuple[str, int], "tuple[int | None, int | None]"]):
    """Mnemonic and number -> the changes of the depth, found when they are first needed."""

    def __init__(self, rows: dict[str, Effect]) -> None:
        self.rows = rows

    def __missing__(self, key: tuple[str, int]) -> tuple[int | None, int | None]:
        op, n = key
        row = self.rows[op]
        following = None if row.flow in ("jump", "return", "raise") else row.net(n)
        self[key] = found = following, row.jump(n) if row.names_label else None
        return found


def number(arg: Any) -> int:
    """The operand as stack signatures see it: a number, or the flags beside a name."""
    if type(arg) is int:
        return arg
    return arg[1] if type(arg) is tuple and len(arg) == 2 and type(arg[1]) is int else 0


@cache
def effects(dialect_name: str) -> Effects:
    """The effects in a body that is translated from or to this native dialect."""
    return Effects(isa.load(dialect_name))


@cache
def constant_loads(dialect_name: str) -> frozenset[str]:
    """The instructions whose operand is a constant, of a dialect and portable ones: no others hold code objects."""
    tables = [isa.load(each).opcodes.values() for each in (isa.PORTABLE, dialect_name)]
    return frozenset(row.name for table in tables for row in table if row.operand == "const")
