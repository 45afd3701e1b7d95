"""`pyasm targets`: the dialects and what sets them apart."""

from pyasm import isa
from pyasm.cli.console import Cell, Output
from pyasm.errors import TargetError

LEGEND = [
    ("magic", "the number that a .pyc file of this version begins with, and its first four bytes"),
    ("marshal", "the version of the format that a .pyc file is written in"),
    ("positions", "the form of the table of source positions: lines only, or columns too (locations)"),
    ("handlers", "where exception handlers are kept: a stack of blocks at run time, or a table"),
    ("variables", "do local variables and cells have numbers of their own, or are they one joint array"),
    ("caches", "do instructions have units for the interpreter's own use behind them"),
]


def targets(output: Output) -> None:
    """Write a line for every native dialect."""
    try:
        running = isa.running().name
    except TargetError:
        running = ""
    titles = ["target", "", "magic", "", "marshal", "instructions", "positions", "handlers", "variables", "caches"]
    rows = [_row(isa.load(name), name == running) for name in isa.names()]
    output.table([[Cell(title, "heading") for title in titles], *rows], right=[2, 4, 5])
    output.lines([""])
    output.table([[Cell(title, "heading"), Cell(text)] for title, text in LEGEND])


def _row(dialect: isa.Dialect, running: bool) -> list[Cell]:
    first_bytes = dialect.magic.to_bytes(2, "little") + b"\r\n"
    caches = any(opcode.caches for opcode in dialect.opcodes.values())
    return [
        Cell(dialect.name, "mnemonic"),
        Cell("running" if running else "", "label"),
        Cell(str(dialect.magic), "number"),
        Cell(" ".join(f"{byte:02x}" for byte in first_bytes), "comment"),
        Cell(str(dialect.marshal)),
        Cell(str(len(dialect.opcodes))),
        Cell(dialect.line_table),
        Cell(dialect.blocks),
        Cell(dialect.variables),
        Cell("yes" if caches else "no"),
    ]
