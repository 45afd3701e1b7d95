"""The words that statements begin with, and what tells a statement of the language from one of the flat form."""

from __future__ import annotations

from pyasm.lang.parser import definitions, flow, macros, statements
from pyasm.text.tokens import ENDS
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.lang.parser.statements import Reader

STATEMENTS: dict[str, Reader] = {
    **statements.READERS,
    **flow.READERS,
    **definitions.READERS,
    **macros.READERS,
}
"""Mnemonic -> what reads the statement. The portable instructions are statements too."""

DEFINING = ("DEFINE", "ADD_ARG", "END")
"""The words of the flat form."""

WITHIN = ("ASSEMBLY", "AWAIT", "FROM", "IF", "IMPORT", "IN", "MACRO", "OP", "PARTIAL", "lasti")
"""Words that stand within statements."""

_FLAT = ("LABEL",)
_SIGNS = frozenset({"->", "$", "@", "~", "&", "%", ":"})


def is_structured(texts: list[str], i: int) -> bool:
    """Is the statement that begins at a token more than the flat form has?

    It is asked of statements that are wrong in the flat form only.
    """
    word = texts[i].upper()
    if word in STATEMENTS and word not in _FLAT:
        return True
    i += 1
    while texts[i] not in ENDS:
        if texts[i] in _SIGNS or (texts[i] == "(" and word in statements.STORES):
            return True
        i += 1
    return word in statements.NAMED and texts[i - 1].isdecimal()
