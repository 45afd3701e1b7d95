"""The parser of the assembly language: hand-written, a function for each statement, a table that finds it by its word.

`tokens` and `cursor` are below it all; `expressions`, `targets` and `operators` read what stands within statements,
`statements`, `flow`, `definitions` and `macros` the statements, `text` the whole.
"""

from __future__ import annotations

from pyasm.lang import tree
from pyasm.native.collector import uncollected
from pyasm.text.errors import Report


@uncollected
def parse(text: str, filename: str = "<assembly>") -> tree.Module:
    """The tree of a portable text. AssemblySyntaxError with everything that is wrong."""
    from pyasm.lang.parser.text import read

    report = Report(text, filename)
    module = read(text, filename, report)
    report.finish()
    assert module is not None  # else there is an error
    return module
