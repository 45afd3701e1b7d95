"""How exact lift and lower are: whole code objects of the standard library, byte for byte.

python exactness.py [FILES [SHOWN]]     a sample of files, 0 for all; so many differences are shown

What is left, in whole libraries: 1 to 9 code objects of 70,000 to 90,000 a version, about 30 in 3.9 and 3.11. All do
the same. They differ in

- jumps that have more EXTENDED_ARG than they need, which is so because they have it (3.13, 3.14, 3.15),
- where the region around the repeated test of a `while` begins (3.13; logging.Handler.handleError in 3.12),
- 3.11: the position of a cleanup in a `finally` that leaves by return, break or continue, or has a handler inside,
- 3.10: to which of two equal ends of a handler a jump goes,
- 3.9: the stack of functions that only raise, and entries of the position table for instructions that are not there.
"""

from __future__ import annotations

import random
import sys
import types
from collections import Counter
from collections.abc import Callable
from typing import Optional

from support import FIELDS, SEED, compiled, same_constant, stdlib_files, walk
from translatekit import compare

import pyasm
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.translate import lift, lower

Pair = tuple[types.CodeType, Optional[types.CodeType]]


def own_differences(one: types.CodeType, other: types.CodeType) -> list[str]:
    """The fields in which two code objects differ, inner code objects apart."""
    found = [name for name in FIELDS if name != "co_consts" and getattr(one, name) != getattr(other, name)]
    pairs = list(zip(one.co_consts, other.co_consts))
    equal = len(one.co_consts) == len(other.co_consts) and all(
        same_constant(a, b) for a, b in pairs if not isinstance(a, types.CodeType)
    )
    return found if equal else [*found, "co_consts"]


def translated(module: types.CodeType, note: Callable[[types.CodeType, Exception], None]) -> list[Pair]:
    """Each code object of a module and what came back; None, and a note why, for those that are refused.

    In a module that holds one of these, each is translated by itself, with a stub for those inside.
    """
    every = list(walk(module))
    try:
        return list(zip(every, walk(pyasm.encode(lower(lift(pyasm.decode(module)))))))
    except Exception:
        pairs: list[Pair] = []
        for one in every:
            code = pyasm.decode(one)
            stubs = {id(each.arg): stub(each.arg) for each in code.body if isinstance(each.arg, Code)}
            code.body = [each._replace(arg=stubs.get(id(each.arg), each.arg)) for each in code.body]
            consts = tuple(stubs.get(id(each), each) for each in code.layout.consts) if code.layout else ()
            code.layout = code.layout and code.layout._replace(consts=consts)
            try:
                pairs.append((one, pyasm.encode(lower(lift(code)))))
            except Exception as error:
                note(one, error)
                pairs.append((one, None))
        return pairs


def stub(inner: Code) -> Code:
    """A code object of that name and closure that does nothing."""
    return pyasm.lower(
        Code(
            inner.name,
            [Instruction("LOAD_CONST", None), Instruction("RETURN_VALUE")],
            dialect="portable",
            qualname=inner.qualname,
            frees=inner.frees,
        )
    )


def main(count: int, most: int) -> None:
    print(f"PYASM_SEED={SEED}")
    files = stdlib_files()
    if count:
        files = random.Random(SEED).sample(files, min(count, len(files)))
    total = same = 0
    reasons: Counter[str] = Counter()

    def show(one: types.CodeType, reason: str, more: object) -> None:
        reasons[reason] += 1
        if sum(reasons.values()) <= most:
            print(f"-- {one.co_filename} {one.co_name}:{one.co_firstlineno} {reason}\n{more}")

    def refused(one: types.CodeType, error: Exception) -> None:
        kind = type(error).__name__ if isinstance(error, TargetError) else repr(error)[:80]
        show(one, f"refused: {kind}", str(error)[:400])

    for module in filter(None, map(compiled, files)):
        for one, other in translated(module, refused):
            total += 1
            fields = [] if other is None else own_differences(one, other)
            if fields and other is not None:
                show(one, " ".join(fields), compare(pyasm.decode(one), pyasm.decode(other)))
            same += other is not None and not fields
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"{version}: {same} of {total} the same: {100 * same / max(1, total):.3f} %")
    for reason, number in reasons.most_common(12):
        print(f"   {number:6} {reason}")


if __name__ == "__main__":
    numbers = [*map(int, sys.argv[1:]), *(60, 5)[len(sys.argv) - 1 :]]
    main(numbers[0], numbers[1])
