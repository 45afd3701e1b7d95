"""The words of the language, for what colours and completes text: from the tables of the parser and of the dialects.

Each table is a sorted list; words are in capitals where the language does not tell small letters from capitals.
"""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.text import directives
from pyasm.typed import NamedTuple

STATEMENTS = [
    "LOAD",
    "STORE",
    "DELETE",
    "CALL",
    "OP",
    "POP",
    "DUP",
    "SWAP",
    "RAW",
    "LABEL",
    "JUMP",
    "IF",
    "WHILE",
    "FOREACH",
    "BREAK",
    "CONTINUE",
    "TRY",
    "WITH",
    "ASYNC",
    "DEF",
    "CLASS",
    "RETURN",
    "YIELD",
    "AWAIT",
    "RAISE",
    "ASSERT",
    "ASSERT_STATIC",
    "IMPORT",
    "FROM",
    "UNPACK",
    "PYTHON",
    "MACRO",
    "MACRO_PASTE",
    "MACRO_RETURN",
    "MACRO_IMPORT",
    "NAMESPACE",
    "DEFINE",
    "ADD_ARG",
    "END",
]
"""Words that begin a statement and are no instruction."""

CLAUSES = ["ELIF", "ELSE", "EXCEPT", "FINALLY"]
"""Words that go on with a statement."""

WITHIN = ["ASSEMBLY", "AWAIT", "FROM", "IF", "IMPORT", "IN", "MACRO", "OP", "PARTIAL", "lasti"]
"""Words in the middle of a statement, as they are mostly written: elsewhere small letters may be a name."""

TYPES = ["ANY", "CODE_BLOCK", "LABEL", "VARIABLE", "VARIABLE_ARG"]
"""The types of the parameters of macros."""

OPERATORS = [
    "and",
    "andeval",
    "hasattr",
    "in",
    "is",
    "isinstance",
    "issubclass",
    "nand",
    "nor",
    "not",
    "or",
    "oreval",
    "xnor",
    "xor",
]

REDUCERS = ["avg", "avgi", "dict", "len", "list", "max", "min", "prod", "set", "sum", "tuple"]
"""Operators that are written like a call."""

CONSTANTS = ["Ellipsis", "False", "None", "True"]

FORMS = ["code", "complex", "float", "frozenset", "slice"]
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
