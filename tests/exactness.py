"""How exact lift and lower are: whole code objects of the standard library, byte for byte.

python exactness.py [FILES [SHOWN]]     a sample of files, 0 for all; so many differences are shown
"""

from __future__ import annotations

import random
import sys
import types
from collections import Counter

from support import FIELDS, SEED, compiled, same_constant, stdlib_files, walk
from translatekit import compare

import pyasm
from pyasm.errors import TargetError
from pyasm.translate import lift, lower


def own_differences(one: types.CodeType, other: types.CodeType) -> list[str]:
    """The fields in which two code objects differ, inner code objects apart."""
    found = [name for name in FIELDS if name != "co_consts" and getattr(one, name) != getattr(other, name)]
    pairs = list(zip(one.co_consts, other.co_consts))
    equal = len(one.co_consts) == len(other.co_consts) and all(
        same_constant(a, b) for a, b in pairs if not isinstance(a, types.CodeType)
    )
    return found if equal else [*found, "co_consts"]


def main(count: int, most: int) -> None:
    print(f"PYASM_SEED={SEED}")
    files = stdlib_files()
    if count:
        files = random.Random(SEED).sample(files, min(count, len(files)))
    total = same = 0
    reasons: Counter[str] = Counter()
    for file in files:
        module = compiled(file)
        if module is None:
            continue
        every = list(walk(module))
        total += len(every)
        before = pyasm.decode(module)
        try:
            back = lower(lift(before))
            after = pyasm.encode(back)
        except Exception as error:
            kind = type(error).__name__ if isinstance(error, TargetError) else repr(error)[:80]
            reasons[f"refused: {kind}"] += len(every)
            if most > 0:
                most -= 1
                print(f"-- {file}: {str(error)[:400]}")
            continue
        for one, other in zip(every, walk(after)):
            fields = own_differences(one, other)
            if not fields:
                same += 1
                continue
            reasons[" ".join(fields)] += 1
            if most > 0:
                most -= 1
                print(f"-- {file} {one.co_name}:{one.co_firstlineno} {fields}")
                print(compare(pyasm.decode(one), pyasm.decode(other)))
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"{version}: {same} of {total} the same: {100 * same / max(1, total):.3f} %")
    for reason, number in reasons.most_common(12):
        print(f"   {number:6} {reason}")


if __name__ == "__main__":
    numbers = [*map(int, sys.argv[1:]), *(60, 5)[len(sys.argv) - 1 :]]
    main(numbers[0], numbers[1])
