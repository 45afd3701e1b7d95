"""The fields of a code object of any version, as plain values."""

from __future__ import annotations

from pyasm.typed import Any, NamedTuple


class RawCode(NamedTuple):
    """A code object that need not be one of the running interpreter: the fields that `.pyc` files hold.

    The names are those of `types.CodeType`, so that either can be decoded. A nested code object among the constants is
    a RawCode too. Fields that the version does not have are None.
    """

    co_argcount: int
    co_posonlyargcount: int
    co_kwonlyargcount: int
    co_nlocals: int
    co_stacksize: int
    co_flags: int
    co_code: bytes
    co_consts: tuple[Any, ...]
    co_names: tuple[str, ...]
    co_varnames: tuple[str, ...]
    co_freevars: tuple[str, ...]
    co_cellvars: tuple[str, ...]
    co_filename: str
    co_name: str
    co_qualname: str | None
    co_firstlineno: int
    line_table: bytes
    """co_lnotab or co_linetable, whichever the version has."""
    co_exceptiontable: bytes | None
    local_kinds: bytes | None
    """Joint variables only: a byte for each variable, as `.pyc` files have it."""
