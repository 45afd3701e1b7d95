"""From code of any dialect to code that may run: verified, lowered, and verified again."""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import Finding, VerificationError, named
from pyasm.native.collector import uncollected
from pyasm.native.malformed import explained
from pyasm.native.units import LABEL
from pyasm.translate import lower
from pyasm.translate.edit import opcode
from pyasm.verifier import Proof, inner_codes, verify


@uncollected
def lowered(code: Code, dialect: str | None = None) -> tuple[Code, Proof]:
    """The code as it is to run, in a native dialect, by default that of the running interpreter; and what was proved.

    What is looked at first is the code as it was written, so that findings are about that; then what it became, so that
    nothing depends on lowering being right.
    """
    proof = None
    try:
        proof = verify(code)
    except VerificationError:
        if _is_pure(code):
            raise
    if proof is not None and code.dialect == dialect:
        return code, proof
    native = lower(code, dialect, proof)
    if proof is not None and native is code:
        return native, proof
    try:
        return native, verify(native)
    except VerificationError as error:
        if not _is_pure(code):  # native instructions stand in it, which cannot be looked at before
            raise
        message = f"lowered to {native.dialect} it could crash the interpreter, which is a defect of lowering:"
        raise VerificationError([Finding(message, named(code.qualname)), *error.findings]) from None


@explained(VerificationError)
def _is_pure(code: Code) -> bool:
    """Are all instructions of its dialect? Beside portable ones there may be native ones, from RAW."""
    pending, seen = [code], {id(code)}
    while pending:
        each = pending.pop()
        ops = list(map(opcode, each.rows))
        if not _words(each.dialect).issuperset(ops):
            return False
        for inner in inner_codes(each, ops):
            if id(inner) not in seen:
                seen.add(id(inner))
                pending.append(inner)
    return True


@cache
def _words(dialect_name: str) -> frozenset[str]:
    return frozenset(isa.load(dialect_name).opcodes.keys() | {LABEL})
