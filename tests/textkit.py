"""What the tests of the text form share: samples of the standard library, and comparing code objects."""

import random
import warnings
from pathlib import Path
from types import CodeType

from support import FIELDS, FULL, SEED, stdlib_files

from pyasm.native.constants import key

HERE = Path(__file__).parent


def sample(size):
    """Source files of the standard library: all of them in a full run, else so many, with the seed printed."""
    files = stdlib_files()
    print(f"PYASM_SEED={SEED}")
    return files if FULL else random.Random(SEED).sample(files, size)


def compiled(file):
    """The code object of a source file; None when this interpreter does not compile it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(file.read_bytes(), file.name, "exec")
        except (SyntaxError, ValueError):
            return None


def function_code(source):
    """The code object of the first function that a source defines."""
    return next(const for const in compile(source, "example.py", "exec").co_consts if isinstance(const, CodeType))


def differences(one, other):
    """The fields in which two code objects differ, also in what they contain; and how many code objects there are."""
    found = [
        (one.co_name, name) for name in FIELDS if name != "co_consts" and getattr(one, name) != getattr(other, name)
    ]
    count = 1
    if len(one.co_consts) != len(other.co_consts):
        return [*found, (one.co_name, "co_consts")], count
    for a, b in zip(one.co_consts, other.co_consts):
        if isinstance(a, CodeType) and isinstance(b, CodeType):
            inner, codes = differences(a, b)
            found += inner
            count += codes
        elif key(a) != key(b):
            found.append((one.co_name, "co_consts"))
    return found, count
