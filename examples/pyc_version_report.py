"""What is in .pyc files, of whichever version they are: python examples/pyc_version_report.py FILE_OR_FOLDER ...

Nothing in the files is executed, and the Python that runs this need not be the one that wrote them.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator

import pyasm
from pyasm import pyc


def files(path: str) -> Iterator[str]:
    """The path itself, or those of the .pyc files in a folder."""
    if not os.path.isdir(path):
        yield path
    for folder, _, names in sorted(os.walk(path)):
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".pyc"))


def codes(code: pyasm.Code) -> Iterator[pyasm.Code]:
    """A code object and all that it contains."""
    yield code
    for instruction in code.body:
        if isinstance(instruction.arg, pyasm.Code):
            yield from codes(instruction.arg)


def report(path: str) -> None:
    """Print a line on one file, or what is wrong with it."""
    try:
        module = pyc.load(path)
    except pyasm.AssemblyError as error:
        print(error)
        return
    inner = list(codes(module))
    ops = Counter(op for code in inner for op, _, _ in code.body if op != "LABEL")
    most = ", ".join(f"{op} {count}" for op, count in ops.most_common(3))
    name = os.path.basename(path)
    print(f"{name}: CPython {module.dialect}, {len(inner)} code objects, {sum(ops.values())} instructions; {most}")


def main(paths: list[str]) -> None:
    """Print a line on each file."""
    for path in paths:
        for file in files(path):
            report(file)


if __name__ == "__main__":
    main(sys.argv[1:])
