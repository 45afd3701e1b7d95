"""Stems of labels that are notes: what a compiler did that no instruction shows."""

from __future__ import annotations

BEGIN, EMPTY = "block", "empty"
"""A basic block begins there, to which nothing jumps; and before that is one without instructions, behind which some
compilers look no further."""
BARE, HELD, SLOT = "bare", "held", "slot"
"""Of labels for jumps and NOPs that are in no region of the table, for jumps that are in one, against the rule, and for
those whose NOT_TAKEN is against the rule."""
