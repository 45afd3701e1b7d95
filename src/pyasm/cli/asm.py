"""`pyasm asm`: from assembly text to a .pyc file."""

import os
import sys
import time
from typing import Optional

from pyasm import files, isa, pyc
from pyasm.cli import sources
from pyasm.cli.hashing import source_hash
from pyasm.text.parser import parse

HASH_FLAGS = 0b11
"""Flags of a .pyc file: it is checked against a hash of its source, not against the time of it."""


def assemble(program: str, output: Optional[str], target: Optional[str], verify: bool = True) -> int:
    """Write the .pyc file of a program; its name is that of the program unless `output` says another. The exit code.

    AssemblyError for a wrong program, OSError for files that cannot be read or written.
    """
    if program == sources.STDIN:
        data, filename, modified = sys.stdin.buffer.read(), "<stdin>", time.time()
    else:
        filename = program
        with open(program, "rb") as file:
            data, modified = file.read(), os.fstat(file.fileno()).st_mtime
    if output is None:
        output = sources.STDIN if program == sources.STDIN else os.path.splitext(program)[0] + ".pyc"
    version = target if target in isa.names() else None  # else pyc.dump says what is wrong with it
    code = parse(files.text_of(data, filename), filename, target=version)
    result = pyc.dump(code, target, verify=verify)
    result = result[:4] + _header(result[:4], data, modified) + result[16:]
    if output == sources.STDIN and sys.stdout.isatty():
        print("pyasm: a .pyc file is not for a terminal; -o FILE says where it goes", file=sys.stderr)
        return 2
    if output == sources.STDIN:
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()
        return 0
    with open(output, "wb") as file:
        file.write(result)
    return 0


def _header(magic: bytes, data: bytes, modified: float) -> bytes:
    """What stands behind the magic number: time and size of the source; with SOURCE_DATE_EPOCH its hash.

    As py_compile has it: with that variable nothing in the file may depend on when it was made.
    """
    if os.environ.get("SOURCE_DATE_EPOCH"):
        dialect = isa.load(isa.magics()[int.from_bytes(magic[:2], "little")])
        return HASH_FLAGS.to_bytes(4, "little") + source_hash(data, dialect)
    numbers = 0, int(modified), len(data)
    return b"".join((number & 0xFFFF_FFFF).to_bytes(4, "little") for number in numbers)
