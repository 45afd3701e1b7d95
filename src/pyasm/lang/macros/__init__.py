"""Macros: from a tree with macros to one without them, before anything is known of variables and labels.

`library` knows the macros of a text and of those that it imports, `matching` which of them a call means, `copying`
makes nodes again with other names, `expansion` puts it together.
"""

from __future__ import annotations

from pyasm.lang.macros.expansion import Expanded, expanded

__all__ = ["Expanded", "expanded"]
