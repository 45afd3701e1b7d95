"""The words of the language, for what colours and completes text: from the tables of the parser and of the dialects.

Each table is a sorted list; words are in capitals where the language does not tell small letters from capitals.
"""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.lang.parser import expressions, flow, macros, operators, table
from pyasm.text import constants, directives
from pyasm.typed import NamedTuple

STATEMENTS = sorted({*table.STATEMENTS, *table.DEFINING})
"""Words that begin a statement and are no instruction."""

CLAUSES = sorted(flow.CONTINUATIONS)
"""Words that go on with a statement."""

WITHIN = sorted(table.WITHIN)
"""Words in the middle of a statement, as they are mostly written: elsewhere small letters may be a name."""

TYPES = sorted(macros.TYPES)
"""The types of the parameters of macros."""

OPERATORS = sorted(operators.WORDS)

REDUCERS = sorted(expressions.REDUCERS)
"""Operators that are written like a call."""

CONSTANTS = sorted(word for word in constants.NAMED if word.isidentifier())

FORMS = sorted(constants.FORMS)
"""Constants that are written like a call."""


class Words(NamedTuple):
    """All words, by what they are."""

    mnemonics: list[str]
    """Of the instructions of all dialects, but those that are statements of their own as well."""
    jumps: list[str]
    """Words with a label behind them."""
    flags: list[str]
    """What stands behind a `+` in native text, and the names in operands that are no names of the program."""
    directives: list[str]


@cache
def words() -> Words:
    """The words that the tables of the dialects have, and those of directives."""
    dialects = [isa.load(name) for name in (isa.PORTABLE, *isa.names())]
    opcodes = [opcode for dialect in dialects for opcode in dialect.opcodes.values()]
    own = set(STATEMENTS)
    jumps = {opcode.name for opcode in opcodes if opcode.operand in isa.JUMPS}
    return Words(
        sorted({opcode.name for opcode in opcodes} - own - jumps),
        sorted(jumps | {"BREAK", "CONTINUE", "JUMP", "LABEL"}),
        sorted({flag for opcode in opcodes for flag in opcode.flags}),
        sorted(directives.NAMES),
    )
