"""verify: what it accepts cannot crash the interpreter.

An abstract interpretation over typed stacks, the same for every dialect: the signatures of the tables say what
instructions do, `rules.py` and `acts.py` what signatures cannot say.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm.code import Code
from pyasm.errors import Finding, VerificationError
from pyasm.isa import PORTABLE
from pyasm.native.collector import uncollected
from pyasm.native.malformed import explained
from pyasm.translate.edit import operand, where
from pyasm.translate.effects import constant_loads
from pyasm.typed import NamedTuple
from pyasm.verifier.walk import Walk


class Proof(NamedTuple):
    """What `verify` has proved.

    `stack_size` is the number of entries that the outermost code object needs. `contracts` are what the code cannot
    show, and whoever calls it must keep.
    """

    stack_size: int
    contracts: tuple[str, ...] = ()
    codes: int = 1
    """How many code objects were looked at, it and all within it."""
    instructions: int = 0
    sizes: dict[int, tuple[Code, int]] = {}  # noqa: RUF012  # nobody changes it
    """By the identity of each code object: it, and the number of entries that it needs."""

    tidy: Set[int] = frozenset()
    """The identities of portable code objects in which a way leads to every instruction, and nothing is left below what
    is returned."""

    def size(self, code: Code) -> int | None:
        """What was proved of this code object, as long as nobody changes it."""
        found = self.sizes.get(id(code))
        return found[1] if found is not None else None


@explained(VerificationError)
@uncollected
def verify(code: Code) -> Proof:
    """Prove that a code object, of any dialect, with all that it contains, cannot crash the interpreter.

    VerificationError with every finding when it could. TargetError when there is no such dialect.
    """
    findings: list[Finding] = []
    sizes: dict[int, tuple[Code, int]] = {}
    tidy: set[int] = set()
    contracts = _verify(code, findings, sizes, tidy)
    if findings:
        raise VerificationError(findings)
    instructions = sum([len(each.rows) for each, _ in sizes.values()])
    return Proof(sizes[id(code)][1], tuple(contracts), len(sizes), instructions, sizes, tidy)


def inner_codes(code: Code, ops: Sequence[str]) -> list[Code]:
    """The code objects that it loads. `ops` are its mnemonics."""
    args = map(operand, map(code.rows.__getitem__, where(ops, constant_loads(code.dialect))))
    return [arg for arg in args if type(arg) is Code]


def _verify(code: Code, findings: list[Finding], sizes: dict[int, tuple[Code, int]], tidy: set[int]) -> list[str]:
    """Adds what is found, the sizes of the stacks, and what is tidy. Gives the contracts of this code object."""
    walk = Walk(code)
    walk.run()
    if code.dialect == PORTABLE and walk.is_tidy():
        tidy.add(id(code))
    if walk.found:
        from pyasm.verifier.report import faults

        findings += faults(walk)
    sizes[id(code)] = code, walk.deepest
    for inner in walk.inner:
        if id(inner) not in sizes:
            if inner.dialect != code.dialect:
                message = f"it is in the dialect {inner.dialect}, the code around it in {code.dialect}"
                findings.append(Finding(message, inner.qualname))
                continue
            _verify(inner, findings, sizes, tidy)
    return walk.contracts
