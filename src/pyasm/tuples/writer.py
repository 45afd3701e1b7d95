"""From `Code` to a list of tuples. The inverse is in reader.py."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code
from pyasm.native.units import EXTENDED_ARG, LABEL
from pyasm.text.nesting import nested
from pyasm.tuples.form import ADD_ARG, DEFINE, END, HANDLER, LOAD_OBJECT, Described, Entry, entry
from pyasm.tuples.operands import argument, bare
from pyasm.tuples.parameters import written


def tuples(code: Code) -> list[Entry]:
    """A code object from DEFINE to END, then all that are in it, each once, the outer before the inner."""
    names = named(code)
    by_id = {id(name.value): name for name in names}
    return [each for name in names for each in _definition(name.value, by_id)]


def named(code: Code) -> list[Described]:
    """A name for a code object and for each that is in it: its own, and a number where there is one before."""
    codes = nested(code, _children)
    taken = {code.name for code in codes}
    names: list[Described] = []
    seen: dict[str, int] = {}
    for code in codes:
        name = code.name
        count = seen.get(name, 0) + 1
        while count > 1 and f"{name}#{count}" in taken:
            count += 1
        seen[code.name] = count
        if count > 1:
            name = f"{name}#{count}"
            taken.add(name)
        names.append(Described(name, code))
    return names


def _children(code: Code) -> list[Code]:
    return [each.arg for each in code.body if isinstance(each.arg, Code)]


def _definition(code: Code, names: dict[int, Described]) -> list[Entry]:
    entries = [entry(DEFINE, names[id(code)])]
    entries += [entry(ADD_ARG, arg) for arg in written(code)]
    entries += statements(code, names)
    entries += [entry(HANDLER, handler) for handler in code.handlers]
    entries.append(entry(END, 0))
    return entries


def statements(code: Code, names: dict[int, Described]) -> list[Entry]:
    """The body of a code object; `names` are those of the code objects in it, by their id."""
    rows, without = isa.load(code.dialect).opcodes, bare(code.dialect)
    entries = []
    for op, arg, position in code.body:
        if isinstance(arg, Code):
            entries.append(entry(LOAD_OBJECT, names[id(arg)], position))
        elif op == LABEL:
            entries.append(entry(LABEL, arg, position))
        elif op != EXTENDED_ARG:  # some compilers leave one that adds nothing
            entries.append(entry(op, 0 if op in without else argument(rows.get(op), arg), position))
    return entries
