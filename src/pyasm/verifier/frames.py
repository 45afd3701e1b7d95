"""What must be true of a code object as a whole: flags, the beginning of a generator, the exception table."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache

from pyasm.errors import named, nearest, shown
from pyasm.isa import JUMPS, PORTABLE, load
from pyasm.native.flags import HAS_DOCSTRING, VARARGS, VARKEYWORDS
from pyasm.native.units import LABEL
from pyasm.translate.edit import where
from pyasm.typed import TYPE_CHECKING, Any
from pyasm.verifier.stack import Problem
from pyasm.verifier.states import Region
from pyasm.verifier.types import ARGUMENTS, beginnings

if TYPE_CHECKING:
    from pyasm.verifier.walk import Walk

_FIRST = frozenset({"COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "POP_TOP", "NOP", "LABEL"})
"""What may stand before RESUME."""
_BEGINNING = frozenset(
    {"COPY_FREE_VARS", "MAKE_CELL", "RESUME", "LOAD_FAST", "LOAD_FAST_BORROW", "GET_ITER", "GET_AITER", "NOP", "LABEL"}
)
"""What may stand before RETURN_GENERATOR."""

MOST_STACK = 1 << 20
"""No call gets memory for far more, and generators that do not are no better than those that raise before RESUME."""


def regions(walk: Walk) -> dict[int, Region | None]:
    """Index of each label -> the region that begins or goes on there."""
    found: dict[int, Region | None] = {}
    handlers = [*walk.code.handlers]
    if not handlers:
        return found
    places = sorted(walk.labels.values())
    last = -1
    for number, handler in enumerate(handlers):
        start, end, target = map(walk.labels.get, handler[:3])
        message = _misplaced(walk, start, end, target, last)
        if not message and (type(handler.depth) is not int or handler.depth < 0):
            message = f"its depth is {shown(handler.depth)}"
        if message or start is None or end is None or target is None:
            walk.wrong(-1 - number, Problem("table", f"handler {number}: {message}", "regions in order, side by side"))
            continue
        last = end
        region = Region(handler.depth, target, bool(handler.lasti))
        found.update(dict.fromkeys(places[bisect_left(places, start) : bisect_left(places, end)], region))
    return found


def _misplaced(walk: Walk, start: int | None, end: int | None, target: int | None, last: int) -> str:
    """What is wrong with the labels of a region, the one before which ends at `last`."""
    if start is None or end is None or target is None:
        return "it names a label that is not there"
    if start > end or start < last:
        return "it does not begin behind the one before it, or ends before it begins"
    if start <= target < end and _first(walk, target) < end:
        return "its target is inside of it, so that what is raised there leads there again"
    if _first(walk, target) == len(walk.ops):
        return "there is nothing at its target"
    return "there is no instruction in it" if _first(walk, start) >= end else ""


def _first(walk: Walk, index: int) -> int:
    """The index of the next instruction that is no label, or the end."""
    ops = walk.ops
    while index < len(ops) and ops[index] == LABEL:
        index += 1
    return index


def check(walk: Walk) -> int:
    """Look at flags and beginning. Gives the index from which on no StopIteration may leave, or -1."""
    if walk.generator and bin(walk.generator).count("1") > 1:
        message = "it is a generator, a coroutine and an asynchronous generator at once"
        walk.wrong(-1, Problem("flags", message, "one of the flags 0x20, 0x80, 0x200"))
    if walk.code.stack_size > MOST_STACK:
        message = f"it asks for a stack of {walk.code.stack_size} entries"
        walk.wrong(-1, Problem("size", message, f"at most {MOST_STACK}, or none: what is needed is added up"))
    ops = walk.words
    if "EXTENDED_ARG" in ops and walk.code.dialect != PORTABLE:
        _prefixes(walk)
    _variables(walk)
    if "MAKE_CELL" in ops:
        _new_cells(walk)
    told = VARARGS | VARKEYWORDS | (HAS_DOCSTRING if getattr(walk.dialect, "docstring", "") == "flag" else 0)
    if walk.code.flags & told:
        message = f"the flags {walk.code.flags:#x} hold what the parameters and the docstring tell"
        walk.wrong(-1, Problem("flags", message, f"{walk.code.flags & ~told:#x}"))
    if "RESUME" in walk.rows:
        _resumes(walk)
    if "RETURN_GENERATOR" in walk.rows:
        return _returns(walk) if walk.generator or "RETURN_GENERATOR" in ops else -1
    if "GEN_START" in walk.rows:
        _starts(walk)
    return -1


def _prefixes(walk: Walk) -> None:
    """Operands are whole; some compilers leave prefixes that add nothing. Debuggers read those that no way leads to."""
    least, _ = walk.dialect.ranges.get("EXTENDED_ARG", (0, 0))
    for index, each in enumerate(walk.body):
        if each[0] == "EXTENDED_ARG" and (each[1] or least or not walk.real_ops(index + 1, 1)):
            message = "it is a part of the instruction behind it, whose operand is whole here"
            walk.wrong(index, Problem("operand", message, "no EXTENDED_ARG"))


def check_unreached(walk: Walk) -> None:
    """Jumps that no way leads to: debuggers put marks at their labels nevertheless."""
    ends = _labels_before(walk, len(walk.body))
    loops = _labels_before(walk, len(walk.body) - len(ends) - 1)
    if not ends and not loops:
        return
    bad = {label for label in ends if walk.labels[label] not in walk.states}
    for index in where(walk.ops, _jumping(walk.dialect.name)) if bad else ():
        if walk.args[index] in bad:
            walk.wrong(index, Problem("label", "its label is at the end", "an instruction at it"))
    strict = [op for op, expected in walk.loop_ends.items() if expected]
    for index in where(walk.ops, strict) if loops and strict else ():
        if walk.args[index] in loops and walk.args[index] not in bad:
            expected = "; ".join(walk.loop_ends[walk.ops[index]])
            walk.wrong(index, Problem("loop", "its label is at the end", expected))


@cache
def _jumping(dialect_name: str) -> frozenset[str]:
    """The mnemonics that name a label."""
    return frozenset(row.name for row in load(dialect_name).opcodes.values() if row.operand in JUMPS)


def _labels_before(walk: Walk, index: int) -> set[Any]:
    """The labels directly before an index."""
    found = set()
    while index > 0 and walk.ops[index - 1] == "LABEL":
        index -= 1
        found.add(walk.args[index])
    return found


def _variables(walk: Walk) -> None:
    """Each variable is listed once; a parameter with a cell gets it at once."""
    code, parameters = walk.code, walk.parameters
    _listed_once(walk, "variable", [*parameters, *code.locals])
    shared = [*code.cells, *code.frees]
    if not shared:
        return
    _listed_once(walk, "cell", code.cells)
    _listed_once(walk, "free variable", code.frees)
    for name in parameters if not ARGUMENTS.keys().isdisjoint(shared) else ():
        if name in ARGUMENTS and name in shared:
            walk.wrong(
                -1, Problem("variables", f"{shown(name)} is an argument and a variable with a cell", "one of them")
            )
    if not walk.made:
        _cells(walk)


def _listed_once(walk: Walk, what: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        twice = sorted({named(name) for name in names if names.count(name) > 1})
        walk.wrong(-1, Problem("variables", f"{what} {', '.join(twice)} is listed twice"))


def _cells(walk: Walk) -> None:
    """Parameters with a cell get it at once, and so do the variables of the closure."""
    beginning = _beginning(walk)
    made = {each[1] for each in beginning if each[0] == "MAKE_CELL"}
    for name in walk.parameters:
        if name in walk.celled and name not in made:
            message = f"the parameter {shown(name)} has a cell, which is not made at the beginning"
            walk.wrong(0, Problem("cell", message, f"MAKE_CELL {name}"))
    if walk.code.frees and not any(each[0] == "COPY_FREE_VARS" for each in beginning):
        message = "the variables of the closure are not copied at the beginning"
        walk.wrong(0, Problem("cell", message, f"COPY_FREE_VARS {len(walk.code.frees)}"))


def _new_cells(walk: Walk) -> None:
    """Cells are made of variables, at the beginning or where what one held was just taken from it: nothing makes cells
    of cells without end, which nothing can free.
    """
    code, beginning = walk.code, _beginning(walk) if walk.code.dialect != PORTABLE else []
    once = 0 if _named(walk, {each[1] for each in beginning if each[0] == "LABEL"}) else len(beginning)
    known = _known_variables(walk)
    for index in where(walk.ops, ("MAKE_CELL",)):
        name = walk.body[index][1]
        if name not in known:
            hint = nearest(name, map(named, (*code.cells, *code.frees)))
            walk.wrong(index, Problem("cell", f"there is no variable {shown(name)}", hint or "one of the cells"))
        if index >= once and not _cleared(walk, index - 1, name):
            message = "in a loop it would put cells into cells, without end"
            walk.wrong(index, Problem("nested", message, f"LOAD_FAST_AND_CLEAR {name} directly before it"))


def _cleared(walk: Walk, index: int, name: Any) -> bool:
    """Compilers clear a local, and may make a cell of the variable of the closure that is named like it."""
    op, arg, _ = walk.body[index]
    return op == "LOAD_FAST_AND_CLEAR" and str(arg) == str(name)


def _known_variables(walk: Walk) -> set[Any]:
    """The variables that are listed, and those that an instruction for local variables names."""
    code = walk.code
    found = {*walk.parameters, *code.locals, *code.cells, *code.frees, *walk.closure}
    for op, arg, _ in walk.body:
        if op in walk.rows and op != "MAKE_CELL" and walk.rows[op].operand in ("local", "locals"):
            found.update(arg if type(arg) is tuple else (arg,))
    return found


def _beginning(walk: Walk) -> list[Any]:
    """The instructions before the first that can raise."""
    found = []
    for each in walk.body:
        if each[0] not in _FIRST:
            break
        found.append(each)
    return found


def _resumes(walk: Walk) -> None:
    """Until RESUME the frame is not complete: nothing before it may raise."""
    first = 0
    while first < len(walk.ops) and walk.ops[first] in _FIRST:
        first += 1
    if first == len(walk.ops) or walk.ops[first] != "RESUME":
        there = walk.ops[first] if first < len(walk.ops) else "nothing"
        walk.wrong(min(first, len(walk.body) - 1), Problem("begin", f"{there} is before RESUME", "RESUME"))
    else:
        _resumed(walk, first)


def _resumed(walk: Walk, index: int) -> None:
    """The first RESUME says that a call begins."""
    starts = beginnings(walk.dialect)
    if walk.args[index] not in starts:
        message = f"RESUME {walk.args[index]} does not begin a call"
        walk.wrong(index, Problem("begin", message, " or ".join(f"RESUME {n}" for n in starts)))


def _starts(walk: Walk) -> None:
    """3.10: a generator begins with GEN_START, and nothing else has it."""
    for index, each in enumerate(walk.body):
        if each[0] == "GEN_START" and not walk.generator:
            walk.wrong(index, Problem("generator", "it is in no generator or coroutine", "no GEN_START"))
        elif each[0] == "GEN_START" and any(other[0] != "LABEL" for other in walk.body[:index]):
            walk.wrong(index, Problem("generator", "it does not begin the code", "GEN_START first"))
    if walk.generator and walk.real_ops(0, 1) != ["GEN_START"]:
        walk.wrong(0, Problem("generator", "a generator does not begin with GEN_START", "GEN_START first"))


def _returns(walk: Walk) -> int:
    """A generator returns itself once, at its beginning."""
    places = list(where(walk.ops, ("RETURN_GENERATOR",)))
    if not walk.generator:
        for place in places:
            walk.wrong(
                place, Problem("generator", "it is in no generator or coroutine", "one of the flags 0x20, 0x80, 0x200")
            )
        return -1
    if not places:
        walk.wrong(0, Problem("generator", "a generator has no RETURN_GENERATOR", "RETURN_GENERATOR; POP_TOP first"))
        return -1
    place = places[0]
    for other in places[1:]:
        walk.wrong(other, Problem("generator", "it stands in the code twice", "RETURN_GENERATOR once, first"))
    before = walk.body[:place]
    labels = {each[1] for each in before if each[0] == "LABEL"}
    resumes = [("RESUME", 4)] if walk.dialect.first_iterator == "generator" else []
    strange = next(
        (each[0] for each in before if each[0] not in _BEGINNING or (each[0] == "RESUME" and each[:2] not in resumes)),
        None,
    )
    if strange is not None or _named(walk, labels) or walk.real_ops(place + 1, 1) != ["POP_TOP"]:
        message = f"{strange} is before it" if strange else "POP_TOP is not behind it, or something leads back to it"
        walk.wrong(place, Problem("generator", message, "the beginning of the code, and POP_TOP behind it"))
    for number, handler in enumerate(walk.code.handlers):
        start = walk.labels.get(handler.start)
        if start is not None and start <= place:
            walk.wrong(-1 - number, Problem("table", f"handler {number}: it is around RETURN_GENERATOR"))
    wrapped = "CALL_INTRINSIC_1" in walk.rows and walk.code.name != _LAMBDA
    return place + 2 if wrapped else -1


_LAMBDA = "<lambda>"
"""Compilers put no handler of StopIteration around the code of a lambda; only debug builds mind when one leaves it."""


def _named(walk: Walk, labels: set[Any]) -> bool:
    """Does a jump or a handler lead to one of these labels?"""
    if not labels:
        return False
    if any(handler.target in labels for handler in walk.code.handlers):
        return True
    kinds = ("absolute", "forward", "backward")
    return any(each[0] in walk.rows and walk.rows[each[0]].operand in kinds and each[1] in labels for each in walk.body)
