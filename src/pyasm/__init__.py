"""Python Assembly: CPython's bytecode as data and as text, exact for every version from 3.9 to 3.15."""

from pyasm import pyc
from pyasm.api import assemble, disassemble, function, lift, lower, verify
from pyasm.code import Code, Free, Handler, Instruction, Layout, Position
from pyasm.errors import (
    AssemblyError,
    AssemblySyntaxError,
    EncodeError,
    Finding,
    MalformedError,
    TargetError,
    TupleError,
    VerificationError,
)
from pyasm.inlining import assembly, inline, jump, label
from pyasm.native.decode import decode
from pyasm.native.encode import encode, offsets
from pyasm.text import format, parse
from pyasm.tuples import (
    Const,
    byte_compile,
    byte_compile_obj,
    execute_tups,
    from_tuples,
    macro,
    to_tuples,
    unused_var,
)

__version__ = "0.1.0"

__all__ = [
    "AssemblyError",
    "AssemblySyntaxError",
    "Code",
    "Const",
    "EncodeError",
    "Finding",
    "Free",
    "Handler",
    "Instruction",
    "Layout",
    "MalformedError",
    "Position",
    "TargetError",
    "TupleError",
    "VerificationError",
    "assemble",
    "assembly",
    "byte_compile",
    "byte_compile_obj",
    "decode",
    "disassemble",
    "encode",
    "execute_tups",
    "format",
    "from_tuples",
    "function",
    "inline",
    "jump",
    "label",
    "lift",
    "lower",
    "macro",
    "offsets",
    "parse",
    "pyc",
    "to_tuples",
    "unused_var",
    "verify",
]
