"""The text form: `parse` reads it, `format` writes it. docs/text.md has the grammar.

The parts are imported when they are first needed: most programs that import the package never see text.
"""

from __future__ import annotations

from pyasm.code import Code
from pyasm.typed import Any


def parse(text: str, /, filename: str = "<assembly>", **bindings: Any) -> Code:
    """The outermost code object of a text, with all that it contains.

    `filename` is that of the text: for errors, and for code that says nothing else. `bindings` are the objects for the
    `&name` of the text. AssemblySyntaxError with everything that is wrong; TypeError for what is no str, and for a
    binding that the text does not have.
    """
    from pyasm.text.parser import parse

    return parse(text, filename, bindings)


def format(code: Code, exact: bool = False) -> str:
    """The text of a code object and of all that it contains.

    `exact`: with positions, pools and tables, so that what `parse` makes of it encodes to the same bytes. Otherwise
    these are left out, and what has no text is a comment.

    TargetError for a dialect without a table, and for `exact` when a constant has no text; EncodeError for operands
    that no instruction has. All findings come in one error.
    """
    from pyasm.text.printer import format

    return format(code, exact)
