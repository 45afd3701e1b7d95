"""Whether a text is as it was printed, so that tables that it gives byte for byte still belong to its instructions."""

from __future__ import annotations

from binascii import crc32

from pyasm.code import Code, Layout
from pyasm.isa import Dialect


def checksum(code: Code, layout: Layout, dialect: Dialect) -> int:
    """A number that changes with the instructions, the handlers, the variables and, where they matter, the positions.

    Constants count only by their number: what they are changes no table.
    """
    consts = {row.name for row in dialect.opcodes.values() if row.operand == "const"}
    parts = [op if op in consts else f"{op} {arg}" for op, arg, _ in code.body]
    parts += [f"{start} {end} {target} {depth} {lasti:d}" for start, end, target, depth, lasti in code.handlers]
    parts.append(" ".join([*code.parameters, *code.locals, ";", *code.cells, ";", *code.frees]))
    parts.append(f"{code.first_line} {len(layout.consts)} {len(layout.names)}")
    if layout.line_table is not None:
        before = None
        for _, _, position in code.body:
            if position is not None:
                parts.append("" if position == before else "{} {} {} {}".format(*position))
                before = position
    return crc32("\n".join(parts).encode("utf-8", "surrogatepass"))
