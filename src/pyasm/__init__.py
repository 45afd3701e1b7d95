"""Python Assembly: CPython's bytecode as data and as text, exact for every version from 3.9 to 3.15."""

from pyasm import pyc
from pyasm.code import Code, Free, Handler, Instruction, Layout, Position
from pyasm.errors import (
    AssemblyError,
    AssemblySyntaxError,
    EncodeError,
    Finding,
    MalformedError,
    TargetError,
)
from pyasm.native.decode import decode
from pyasm.native.encode import encode, offsets
from pyasm.text import format, parse

__all__ = [
    "AssemblyError",
    "AssemblySyntaxError",
    "Code",
    "EncodeError",
    "Finding",
    "Free",
    "Handler",
    "Instruction",
    "Layout",
    "MalformedError",
    "Position",
    "TargetError",
    "decode",
    "encode",
    "format",
    "offsets",
    "parse",
    "pyc",
]
