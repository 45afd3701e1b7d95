"""The bits of `co_flags` that mean something to the codec."""

OPTIMIZED = 0x1
"""The locals are in slots: it is a function's."""
VARARGS, VARKEYWORDS = 0x4, 0x8
CLOSED = 0x40
"""No cells and no free variables (dialects with `closed_flag`)."""
HAS_DOCSTRING = 0x4000000
"""The first constant is the docstring (dialects whose `docstring` is `flag`)."""
GENERATORS = 0x20 | 0x80 | 0x200
"""Of a generator, a coroutine, an asynchronous generator."""
