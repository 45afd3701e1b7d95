"""`pyasm explain`: what the tables say about an instruction, the portable one and those of every version."""

from collections.abc import Iterable, Sequence
from typing import Any, Optional

from pyasm import isa
from pyasm.cli.console import Cell, Output
from pyasm.errors import AssemblyError, nearest

Row = tuple[str, isa.Opcode]
"""The name of a dialect, and its row for the instruction."""

OPERANDS = {
    "-": "no operand",
    "const": "a constant",
    "name": "a name",
    "local": "a local variable",
    "locals": "two local variables, a half of the byte each",
    "deref": "a cell or a variable of the closure",
    "absolute": "a label; in the bytes its distance from the beginning",
    "forward": "a label further on",
    "backward": "a label further back",
    "number": "a number, n",
}
FLOWS = {
    "next": "the next instruction is executed",
    "branch": "the next instruction, or the label",
    "jump": "always the label",
    "return": "leaves the function",
    "raise": "always raises",
    "yield": "leaves the function for the time being",
    "setup": "the next instruction; the label handles what is raised from here on",
}


def explain(word: str, target: Optional[str], output: Output) -> None:
    """Write what there is to say about a mnemonic, or the number of an opcode. AssemblyError when there is none."""
    dialects = [target] if target else [isa.PORTABLE, *isa.names()]
    number = _number(word)
    if number is None:
        _explain_name(_rows(word.upper(), dialects), output)
        return
    if target == isa.PORTABLE:
        raise AssemblyError("portable instructions have no numbers")
    dialects = [name for name in dialects if name != isa.PORTABLE]
    rows = [(name, isa.load(name).by_number[number]) for name in dialects if number in isa.load(name).by_number]
    if not rows:
        raise AssemblyError(f"no instruction has the number {number} in {_span(dialects)}")
    if len({opcode.name for _, opcode in rows}) == 1:
        _explain_name(rows, output)
        return
    groups = _grouped([(name, opcode.name) for name, opcode in rows])
    heading = [Cell(title, "heading") for title in ("version", f"opcode {number}", "meaning")]
    meanings = [isa.load(names[-1]).opcodes[op].meaning for names, op in groups]
    table = [
        [Cell(_span(names)), Cell(op, "mnemonic"), Cell(meaning)] for (names, op), meaning in zip(groups, meanings)
    ]
    output.table([heading, *table])


def explain_all(target: Optional[str], output: Output) -> None:
    """Write a line for every instruction, of one dialect or of all."""
    if target == isa.PORTABLE:
        _explain_all_portable(output)
        return
    if target:
        opcodes = [opcode for _, opcode in sorted(isa.load(target).opcodes.items())]
        titles = ["mnemonic", "number", "operand", "caches", "stack", "flow", "meaning"]
        rows = [[Cell(opcode.name, "mnemonic"), *_facts(opcode), Cell(opcode.meaning)] for opcode in opcodes]
        output.table([[Cell(title, "heading") for title in titles], *rows], right=[1, 3])
        return
    dialects = [isa.PORTABLE, *isa.names()]
    names = sorted({name for dialect in dialects for name in isa.load(dialect).opcodes})
    table = [[Cell(title, "heading") for title in ("mnemonic", "portable", "native", "meaning")]]
    for name in names:
        having = _rows(name, dialects)
        portable = _span(isa.expressing(name)) if having[0][0] == isa.PORTABLE else ""
        versions = _span([dialect for dialect, _ in having if dialect != isa.PORTABLE])
        table.append([Cell(name, "mnemonic"), Cell(portable), Cell(versions), Cell(having[-1][1].meaning)])
    output.table(table)


def _explain_all_portable(output: Output) -> None:
    table = [[Cell(title, "heading") for title in ("mnemonic", "versions", "operand", "stack", "flow", "meaning")]]
    for _, opcode in sorted(isa.load(isa.PORTABLE).opcodes.items()):
        table.append([Cell(opcode.name, "mnemonic"), *_portable_facts(opcode), Cell(opcode.meaning)])
    output.table(table)


# -- one instruction


def _explain_name(rows: list[Row], output: Output) -> None:
    newest = rows[-1][1]
    native = [(name, opcode) for name, opcode in rows if name != isa.PORTABLE]
    meanings = {opcode.meaning for _, opcode in native or rows}
    paint = output.paint
    output.lines([paint("mnemonic", newest.name) + ("" if len(meanings) > 1 else "  " + newest.meaning), ""])
    if len(native) < len(rows):
        _portable_table(rows[0][1], rows[0][1].meaning not in meanings or len(meanings) > 1, output)
    if native:
        _native_table(native, len(meanings) > 1, output)
    output.table([[Cell(title, "heading"), Cell(text)] for title, text in _legend(rows)])


def _portable_table(opcode: isa.Opcode, with_meaning: bool, output: Output) -> None:
    titles = ["portable", "operand", "stack", "flow"] + ["meaning"] * with_meaning
    row = [*_portable_facts(opcode)] + [Cell(opcode.meaning)] * with_meaning
    output.table([[Cell(title, "heading") for title in titles], row])
    output.lines([""])


def _native_table(rows: Sequence[Row], with_meaning: bool, output: Output) -> None:
    titles = ["version", "number", "operand", "caches", "stack", "flow"] + ["meaning"] * with_meaning
    table = [[Cell(title, "heading") for title in titles]]
    for names, opcode in _grouped(rows):
        table.append([Cell(_span(names)), *_facts(opcode)] + [Cell(opcode.meaning)] * with_meaning)
    output.table(table, right=[1, 3])
    output.lines([""])


def _portable_facts(opcode: isa.Opcode) -> list[Cell]:
    """The versions that can express it, and what the table of portable instructions says."""
    versions = _span(isa.expressing(opcode.name))
    return [Cell(versions), Cell(opcode.operand), Cell(opcode.stack, "constant"), Cell(opcode.flow)]


def _facts(opcode: isa.Opcode) -> list[Cell]:
    operand = "+".join((opcode.operand, *opcode.flags))
    return [
        Cell(str(opcode.number), "number"),
        Cell(operand),
        Cell(str(opcode.caches)),
        Cell(opcode.stack, "constant"),
        Cell(opcode.flow),
    ]


def _legend(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """What the words in the columns mean: only those that are there."""
    opcodes = [opcode for _, opcode in rows]
    legend = []
    if rows[0][0] == isa.PORTABLE:
        legend.append(("portable", "the instruction of portable code, for the versions that can express it"))
    for operand in _unique(opcode.operand for opcode in opcodes):
        legend += [(operand, text) for text in _operand_texts(operand, rows)]
    for flag in _unique(flag for opcode in opcodes for flag in opcode.flags):
        legend.append(("+" + flag, "may stand behind the name; a low bit of the operand"))
    if any(opcode.caches for opcode in opcodes):
        legend.append(("caches", "how many cache units, two bytes each, follow it in the code; no text shows them"))
    stack = "what it takes -- what it leaves, the top on the right"
    if any("[" in opcode.stack for opcode in opcodes):
        stack += "; items[n]: as many as the operand says"
    if any("|" in opcode.stack for opcode in opcodes):
        stack += "; behind | what it leaves when it jumps"
    legend.append(("stack", stack))
    legend += [(flow, FLOWS[flow]) for flow in _unique(opcode.flow for opcode in opcodes)]
    return legend


def _operand_texts(kind: str, rows: Sequence[Row]) -> list[str]:
    if kind in OPERANDS:
        return [OPERANDS[kind]]
    having = [name for name, opcode in rows if opcode.operand == kind]
    portable = [
        "in portable code one of: " + "  ".join(isa.load(name).enums[kind].values())
        for name in having
        if name == isa.PORTABLE
    ]
    groups = _grouped([(name, isa.load(name).enums[kind]) for name in having if name != isa.PORTABLE])
    return portable + [
        f"in {_span(names)} one of: " + "  ".join(f"{number} {member}" for number, member in members.items())
        for names, members in groups
    ]


# -- words and versions


def _number(word: str) -> Optional[int]:
    """The number of an opcode, as people write it: 100, 0x64."""
    try:
        return int(word, 0)
    except ValueError:
        return None


def _rows(name: str, dialects: Sequence[str]) -> list[Row]:
    rows = [(dialect, isa.load(dialect).opcodes[name]) for dialect in dialects if name in isa.load(dialect).opcodes]
    if rows:
        return rows
    elsewhere = [dialect for dialect in isa.names() if name in isa.load(dialect).opcodes]
    having = ["portable code"] if name in isa.load(isa.PORTABLE).opcodes else []
    having += [_span(elsewhere)] if elsewhere else []
    if having:
        raise AssemblyError(f"{dialects[0]} has no instruction {name}; it is one of {', '.join(having)}")
    known = {known for dialect in dialects for known in isa.load(dialect).opcodes}
    hint = nearest(name, sorted(known))
    raise AssemblyError(f"no instruction {name}" + (f" ({hint})" if hint else ""))


def _grouped(pairs: Sequence[tuple[str, object]]) -> list[tuple[list[str], Any]]:
    """Neighbouring versions that agree, together."""
    order = list(isa.names())
    groups: list[tuple[list[str], object]] = []
    for name, fact in pairs:
        if groups and groups[-1][1] == fact and order.index(name) == order.index(groups[-1][0][-1]) + 1:
            groups[-1][0].append(name)
        else:
            groups.append(([name], fact))
    return groups


def _span(names: Sequence[str]) -> str:
    """Versions in words: 3.9-3.11, 3.13."""
    return ", ".join(
        run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run, _ in _grouped([(name, None) for name in names])
    )


def _unique(words: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(words)
