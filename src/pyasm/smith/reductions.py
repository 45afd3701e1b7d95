"""Smaller programs next to one: candidates, of which the shrinker keeps what is still valid and interesting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.native.units import LABEL
from pyasm.translate.effects import Effects, effects
from pyasm.translate.flow import forward
from pyasm.typed import Any

Path = tuple[int, ...]
"""The way from a program to a code object in it: the index of an instruction in each body."""

NOTHING = Instruction("LOAD_CONST", None)
DROP = Instruction("POP_TOP")
SMALL = 8
"""Windows of every size up to this one are tried, at every place; longer ones are half as long as the one before."""
BLOCKS = ("SETUP_FINALLY", "SETUP_CLEANUP")


def paths(code: Code) -> list[Path]:
    """The ways to all code objects of a program, outer ones first."""
    found: list[Path] = [()]
    for path in found:
        body = at(code, path).body
        found += [(*path, i) for i, each in enumerate(body) if isinstance(each.arg, Code)]
    return found


def at(code: Code, path: Path) -> Code:
    """The code object that a way leads to."""
    for index in path:
        code = code.body[index].arg
    return code


def replaced(code: Code, path: Path, new: Code) -> Code:
    """The program with another code object in that place."""
    if not path:
        return new
    index, *rest = path
    body = code.body[:]
    body[index] = body[index]._replace(arg=replaced(body[index].arg, tuple(rest), new))
    return code.replace(body=body)


def bare(code: Code) -> Code:
    """The program without what only describes it: positions, docstrings, names of files, pools."""
    body = [Instruction(op, bare(arg) if isinstance(arg, Code) else arg) for op, arg, _ in code.body]
    return code.replace(body=body, doc=None, layout=None, filename="<assembly>", first_line=1, stack_size=0)


def size(code: Code) -> int:
    """How many instructions a program has; labels are none."""
    return sum(1 + (size(arg) if isinstance(arg, Code) else 0) for op, arg, _ in code.body if op != LABEL)


def depths(code: Code, table: Effects) -> list[int | None]:
    """The depth of the stack before each instruction, None where no way leads."""
    handlers = {handler.target: handler.depth + 1 + handler.lasti for handler in code.handlers}
    first = 1 if _pushes_first(code) else 0
    found = forward(code.body, first, lambda i, each, depth: table.step(each[0], each[1], depth), _first)
    for i, each in enumerate(code.body):
        if each.op == LABEL and each.arg in handlers and found[i] is None:
            rest = forward(code.body[i:] + code.body[:i], handlers[each.arg], _within(table), _first)
            turned = rest[len(code.body) - i : -1] + rest[: len(code.body) - i]
            found = [old if old is not None else new for old, new in zip(found, [*turned, None])]
    return found


def _within(table: Effects) -> Any:
    return lambda i, each, depth: table.step(each[0], each[1], depth)


def _pushes_first(code: Code) -> bool:
    return isa.load(code.dialect).blocks == "table" and isa.load(code.dialect).first_send and bool(code.flags & 0x2A0)


def _first(old: int, new: int) -> int:
    return old


# -- candidates: each function gives, for one code object, what may take its place


def emptied(code: Code) -> Iterator[Code]:
    """A body that does nothing."""
    if code.dialect == isa.PORTABLE and len(code.body) > 2:
        yield code.replace(body=[NOTHING, Instruction("RETURN_VALUE")])


def windows(code: Code) -> Iterator[Code]:
    """Without a run of instructions, long ones first; what it leaves on the stack is None, what it takes is dropped."""
    depth = depths(code, effects(code.dialect))
    length = len(code.body)
    span = length // 2
    while span:
        for start in range(0, length - span + 1, 1 if span <= SMALL else span):
            for end in {_balanced(depth, start, start + span), start + span}:
                new = without(code, depth, start, end)
                if new is not None:
                    yield code.replace(body=new)
        span = span // 2 if span > SMALL else span - 1


def _balanced(depth: Sequence[int | None], start: int, end: int) -> int:
    """The next place from `end` on where the stack is as deep as at `start`, if there is one near."""
    for place in range(end, min(2 * end - start, len(depth) - 1)):
        if depth[place] == depth[start]:
            return place
    return end


def without(code: Code, depth: Sequence[int | None], start: int, end: int) -> list[Instruction] | None:
    """The body without the instructions from start up to end, or None when that is no shorter."""
    body, before, after = code.body, depth[start], depth[end]
    change = 0 if before is None or after is None else after - before
    fill = [NOTHING] * change + [DROP] * -change
    gone = body[start:end]
    if len(fill) >= sum(each.op != LABEL for each in gone):
        return None
    outside = {each.arg for each in body[:start] + body[end:] if each.op != LABEL and isinstance(each.arg, str)}
    outside |= {label for handler in code.handlers for label in handler[:3]}
    kept = [each for each in gone if each.op == LABEL and each.arg in outside]
    return body[:start] + fill + kept + body[end:]


def unreached(code: Code) -> Iterator[Code]:
    """Without what no way leads to, and without labels that nothing names."""
    table = effects(code.dialect)
    depth = depths(code, table)
    body = [each for i, each in enumerate(code.body) if each.op == LABEL or depth[i] is not None]
    named = {each.arg for each in body if each.op != LABEL and isinstance(each.arg, str)}
    named |= {label for handler in code.handlers for label in handler[:3]}
    body = [each for each in body if each.op != LABEL or each.arg in named]
    if len(body) < len(code.body):
        yield code.replace(body=body)


def unwrapped(code: Code) -> Iterator[Code]:
    """Without the block that a SETUP begins; its handler stays where it is, and may be out of reach."""
    if isa.load(code.dialect).blocks != "stack":
        return
    outside: tuple[int, ...] = ()
    blocks = forward(code.body, outside, _enter(effects(code.dialect)), _keep)
    for i, each in enumerate(code.body):
        if each.op in BLOCKS:
            ends = [k for k, at in enumerate(blocks[:-1]) if at and at[-1] == i and code.body[k].op == "POP_BLOCK"]
            new = [one for k, one in enumerate(code.body) if k != i and k not in ends]
            yield from unreached(code.replace(body=new))
            yield code.replace(body=new)


def _enter(table: Effects) -> Any:
    """The blocks around an instruction, as indexes of what began them; a handler is in those that were around its."""

    def step(i: int, each: Instruction, blocks: tuple[int, ...]) -> tuple[Any, Any]:
        row = table.rows[each.op]
        label = blocks if row.names_label else None
        if row.flow == "setup":
            return (*blocks, i), label
        if each.op == "POP_BLOCK":
            return blocks[:-1], None
        return None if row.flow in ("jump", "return", "raise") else blocks, label

    return step


def _keep(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    return old


def straightened(code: Code) -> Iterator[Code]:
    """A conditional jump less: it never jumps, or it always does."""
    rows = effects(code.dialect).rows
    for i, each in enumerate(code.body):
        row = rows.get(each.op)
        if row is None or not row.names_label or row.flow != "branch":
            continue
        for always in (False, True):
            change = (row.jump if always else row.net)(0)
            fill = [NOTHING] * change + [DROP] * -change
            jump = [Instruction("JUMP_FORWARD", each.arg)] if always else []
            new = code.body[:i] + fill + jump + code.body[i + 1 :]
            yield code.replace(body=new)
            if always:
                yield from unreached(code.replace(body=new))


def narrowed(code: Code) -> Iterator[Code]:
    """An operand less, of an instruction that takes as many as its number says."""
    dialect = isa.load(code.dialect)
    depth = depths(code, effects(code.dialect))
    for i, each in enumerate(code.body):
        row, there = dialect.opcodes.get(each.op), depth[i]
        if row is None or "[n]" not in row.stack.partition("--")[0] or not each.arg or there is None:
            continue
        start = next((k for k in range(i - 1, -1, -1) if depth[k] == there - 1), None)
        if start is not None:
            yield code.replace(body=[*code.body[:start], each._replace(arg=each.arg - 1), *code.body[i + 1 :]])


def simpler(code: Code) -> Iterator[Code]:
    """A constant that is simpler."""
    for i, each in enumerate(code.body):
        if each.op == "LOAD_CONST" and not isinstance(each.arg, Code):
            for value in _simpler(each.arg):
                yield code.replace(body=[*code.body[:i], each._replace(arg=value), *code.body[i + 1 :]])


def _simpler(value: Any) -> list[Any]:
    """Constants that are simpler than this one, the simplest first."""
    if value is None:
        return []
    if type(value) is int:
        return [None, *[0] * (value != 0), *[1] * (value not in (0, 1)), *[value // 2] * (abs(value) > 3)]
    if type(value) in (str, bytes, tuple) and value:
        return [None, value[:0], value[: len(value) // 2], value[len(value) // 2 :], value[:-1]]
    return [None]


def undeclared(code: Code) -> Iterator[Code]:
    """Without variables, cells and parameters that it does not need, and with a plain name."""
    used = {str(each.arg) for each in code.body if isinstance(each.arg, str)}
    yield code.replace(locals=())
    yield code.replace(cells=[name for name in code.cells if name in used])
    for field in ("args", "posonlyargs", "kwonlyargs"):
        names: list[str] = getattr(code, field)
        for name in names:
            if name not in used:
                yield code.replace(**{field: [other for other in names if other != name]})
    for field in ("vararg", "kwarg"):
        if getattr(code, field) is not None and getattr(code, field) not in used:
            yield code.replace(**{field: None})


REDUCTIONS = (emptied, windows, unwrapped, unreached, straightened, narrowed, simpler, undeclared)
