"""Findings that teach: where, what was expected, the stack as it stood, where each entry came from, and the way there.

Only programs that are refused come here: the way is gone once more, and this time it is recorded.
"""

from __future__ import annotations

import os
import stat

from pyasm.code import Code, Position
from pyasm.errors import Finding, excerpt, named, source_lines
from pyasm.isa.slots import meaning
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple
from pyasm.verifier.origins import advance

if TYPE_CHECKING:
    from pyasm.verifier.states import Found
    from pyasm.verifier.walk import Walk

_SHOWN = 8
"""So many entries and labels are shown."""


class Entry(NamedTuple):
    """An entry of the stack: its type, and the index of the instruction that it comes from (-1: not known)."""

    type: str
    maker: int


class Fault(Finding):
    """A finding of the verifier, with what it was found from."""

    rule: str
    at: int
    op: str
    label: str
    position: Position | None
    stack: tuple[Entry, ...]
    expected: str
    path: tuple[str, ...]
    code: str

    def as_dict(self) -> dict[str, Any]:
        """The same for tools, as what JSON can hold."""
        position = self.position._asdict() if self.position is not None else None
        return {
            "rule": self.rule,
            "code": self.code,
            "index": self.at,
            "instruction": self.op,
            "label": self.label,
            "position": position,
            "message": self.message,
            "expected": self.expected,
            "stack": [{"type": each.type, "maker": each.maker} for each in self.stack],
            "path": list(self.path),
        }


def faults(walk: Walk) -> list[Finding]:
    """The findings of a walk, in the order of the instructions."""
    found: list[Finding] = []
    for each in sorted(walk.found.values(), key=lambda each: each.at):
        found.append(_fault(walk, each))
    return found


def _fault(walk: Walk, found: Found) -> Fault:
    index, problem, code = found.at, found.problem, walk.code
    op = named(walk.body[index][0]) if 0 <= index < len(walk.body) else ""
    label = _label(walk, index)
    path = _path(walk, index) if index >= 0 else []
    makers = _makers_there(walk, path, found) if found.stack is not None else []
    kinds = found.stack.types() if found.stack is not None else []
    makers = makers if len(makers) == len(kinds) else [-1] * len(kinds)
    stack = tuple(map(Entry, kinds, makers))
    ways = _ways(walk, path, found)
    fault = Fault(problem.message, place(code, index), problem.expected and f"expected: {problem.expected}")
    position = _position(code, index)
    fault = fault._replace(
        excerpt="\n".join([*_source(code, position), *_stack(walk, stack, position), *_way_there(ways)])
    )
    fault.rule, fault.at, fault.op, fault.label = problem.rule, index, op, label
    fault.position = position
    fault.stack, fault.expected, fault.path, fault.code = stack, problem.expected, tuple(ways), code.qualname
    return fault


def place(code: Code, index: int) -> str:
    """How a finding names an instruction."""
    if not 0 <= index < len(code.rows):
        return f"{named(code.qualname)}"
    op, arg, _ = code.rows[index]
    position = _position(code, index)
    line = f", line {position.line}" if position is not None and position.line else ""
    shown = "" if arg is None or isinstance(arg, Code) else f" {_short(arg)}"
    return f"{named(code.qualname)}, instruction {index} ({named(op)}{shown}){line}"


def _short(arg: Any) -> str:
    text = named(arg)
    return text if len(text) < 30 else f"{text[:27]}..."


def _position(code: Code, index: int) -> Position | None:
    """That of an instruction; of a label, that of the instruction at it."""
    size = len(code.rows)
    while 0 <= index < size - 1 and code.rows[index][0] == "LABEL":
        index += 1
    while 0 <= index < size:
        found = code.rows[index][2]
        if found is not None:
            return found if isinstance(found, Position) else Position(*found)
        index -= 1
    return None


def _label(walk: Walk, index: int) -> str:
    while index >= 0:
        if index < len(walk.body) and walk.body[index][0] == "LABEL":
            return named(walk.body[index][1])
        index -= 1
    return ""


def _path(walk: Walk, index: int) -> list[tuple[int, int]]:
    """The way from the start: pieces, each the indexes of its first instruction and of the one that ends it."""
    pieces: list[tuple[int, int]] = []
    end = index
    seen = set()
    while True:
        start = min(end, len(walk.body) - 1)
        if pieces and end == pieces[-1][0]:
            start = end
        while start > 0 and start not in walk.states:
            start -= 1
        pieces.append((start, end))
        state = walk.states.get(start)
        if state is None or state.origin < 0 or start in seen:
            return pieces[::-1]
        seen.add(start)
        end = state.origin
        if end in walk.states and end == start:
            return pieces[::-1]


def _makers_there(walk: Walk, path: list[tuple[int, int]], found: Found) -> list[int]:
    """The index of the instruction that made each entry; on the second of two ways that do not agree, if there are."""
    other = found.other
    if other < 0:
        return _makers(walk, path, found.at)
    entries = _makers(walk, _path(walk, other), other)
    op, arg, _ = walk.body[other]
    advance(walk.rows, entries, op, arg, other, jumps=other + 1 != found.at)
    return entries


def _makers(walk: Walk, path: list[tuple[int, int]], index: int) -> list[int]:
    """The index of the instruction that made each entry."""
    entries: list[Any] = []
    for number, (start, end) in enumerate(path):
        state = walk.states.get(start)
        if state is not None and len(entries) != state.stack.depth:  # a handler, or what it starts with
            kept = min(len(entries), state.stack.depth)
            kinds = state.stack.types()
            while kept and kinds[kept - 1] in ("exc", "lasti", "tb", "type", "saved_type", "saved_exc", "saved_tb"):
                kept -= 1
            entries[kept:] = [start] * (state.stack.depth - kept)
        last = number == len(path) - 1
        for i in range(start, end + (not last)):
            op, arg, _ = walk.body[i]
            if op != "LABEL":
                jumps = i == end and not last and path[number + 1][0] != end + 1
                advance(walk.rows, entries, op, arg, i, jumps)
    return entries


def _ways(walk: Walk, path: list[tuple[int, int]], found: Found) -> list[str]:
    """The labels on the way, and the instructions that lead to them."""
    ways = []
    for (_, end), (start, _) in zip(path, path[1:]):
        ways.append(_way(walk, end, start))
    if found.other >= 0:
        ways.append(f"and from {found.other} ({walk.body[found.other][0]}) to {_label(walk, found.at)}")
    return ways


def _way(walk: Walk, end: int, start: int) -> str:
    name = walk.body[start][1] if walk.body[start][0] == "LABEL" else start
    return f"{name} from {end} ({walk.body[end][0]})"


def _source(code: Code, position: Position | None) -> list[str]:
    """The line of the source with a caret, where there is a source."""
    line = _line(code.filename, position.line) if position is not None and position.line else ""
    if position is None or not line.strip():
        return []
    before = line.encode("utf-8", "replace")[: position.column or 0]
    return [excerpt(line, len(before.decode("utf-8", "ignore")))]


_LARGEST = 1 << 24
"""Files of more bytes are not read for one line of them."""


def _line(filename: str, number: int) -> str:
    """A line of a file, or of what tracebacks know under this name; empty when there is no such thing."""
    import linecache  # only when something is wrong

    if filename not in linecache.cache:
        try:
            there = os.stat(filename)
        except (OSError, ValueError):
            return ""
        if not stat.S_ISREG(there.st_mode) or there.st_size > _LARGEST:
            return ""
    lines = source_lines(filename)
    return lines[number - 1].rstrip("\n") if 0 < number <= len(lines) else ""


def _stack(walk: Walk, stack: tuple[Entry, ...], position: Position | None) -> list[str]:
    here = position.line if position is not None else None
    lines = []
    for number, entry in enumerate(stack[::-1][:_SHOWN], 1):
        maker = f", from {_maker(walk, entry.maker, here)}" if entry.maker >= 0 else ""
        lines.append(f"    {number}: {meaning(entry.type)}{maker}")
    if len(stack) > _SHOWN:
        lines.append(f"    and {len(stack) - _SHOWN} more")
    return ["    the stack, its top first:", *lines] if lines else []


def _maker(walk: Walk, index: int, here: int | None) -> str:
    """The instruction that an entry comes from, and its line when it is another one."""
    op, arg, _ = walk.body[index]
    shown = "" if arg is None or isinstance(arg, Code) else f" {_short(arg)}"
    if op == "LABEL":
        return f"the handler {shown.strip()}"
    position = _position(walk.code, index)
    line = f", line {position.line}" if position is not None and position.line not in (None, here) else ""
    return f"{index} ({named(op)}{shown}){line}"


def _way_there(ways: list[str]) -> list[str]:
    return [f"    the way: {'; '.join(ways[-_SHOWN:])}"] if ways else []
