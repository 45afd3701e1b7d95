"""The fields of a code object of any version, as plain values."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple


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
    co_consts: Tuple[Any, ...]
    co_names: Tuple[str, ...]
    co_varnames: Tuple[str, ...]
    co_freevars: Tuple[str, ...]
    co_cellvars: Tuple[str, ...]
    co_filename: str
    co_name: str
    co_qualname: Optional[str]
    co_firstlineno: int
    line_table: bytes
    """co_lnotab or co_linetable, whichever the version has."""
    co_exceptiontable: Optional[bytes]
    local_kinds: Optional[bytes]
    """Joint variables only: a byte for each variable, as `.pyc` files have it."""
