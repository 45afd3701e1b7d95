"""Between code objects and lists: the `Code` that a list shows, and the code object that a list becomes."""

from __future__ import annotations

from types import CodeType, FunctionType, MethodType
from weakref import ref

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import Finding, TupleError
from pyasm.native.decode import decode
from pyasm.native.encode import encode
from pyasm.translate import lift, lower
from pyasm.tuples import depth
from pyasm.tuples.reader import Read
from pyasm.typed import Any

NATIVE = "native"

_assembled: dict[int, tuple[Any, Code]] = {}
"""Id of a code object that came from a list -> a reference to it, and the portable code that it was."""


def check_dialect(dialect: str) -> None:
    """ValueError for anything but the two."""
    if dialect not in (isa.PORTABLE, NATIVE):
        raise ValueError(f"the dialect is {isa.PORTABLE!r} or {NATIVE!r}, not {dialect!r}")


def source_of(target: Any, dialect: str) -> Code:
    """The `Code` of a function, a method, a code object or a `Code`, portable or native.

    Of a code object that came from a list, it is what that list said: macros that are stacked see each other's work.
    """
    check_dialect(dialect)
    if isinstance(target, MethodType):
        target = target.__func__
    code = target.__code__ if isinstance(target, FunctionType) else target
    if isinstance(code, CodeType):
        known = _assembled.get(id(code))
        if known is not None and known[0]() is code and dialect == isa.PORTABLE:
            return known[1]
        code = decode(code)
    if not isinstance(code, Code):
        raise TypeError(f"a function or a code object is needed, not {type(target).__qualname__}")
    return lift(code) if dialect == isa.PORTABLE else lower(code)


def assembled(made: Read, *, verify: bool, pad_underflow: bool) -> CodeType:
    """The code object of a list. TupleError for code that would leave its stack or its end behind, VerificationError
    for what else could crash the interpreter."""
    code = made.code
    found: list[Finding] = []
    for each, lines in made.changed if code.dialect == isa.PORTABLE else ():
        if pad_underflow:
            depth.pad(each)
        elif verify:
            found += depth.findings(each, lines)
    if found:
        raise TupleError(found)
    if verify:
        from pyasm.checked import lowered

        native = encode(*lowered(code))
    else:
        native = encode(lower(code))
    if code.dialect == isa.PORTABLE:
        key = id(native)
        _assembled[key] = ref(native, lambda _: _assembled.pop(key, None)), code
    return native
