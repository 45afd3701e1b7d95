"""Random edits of a `Code`, of any dialect: what a careless program could do to bytecode.

`mutant(code, random, count)` gives an edited copy and what was done. The edits are blind: most of what they make is
wrong. Some keep the depth of the stack on purpose, so that what is left to find is the types.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any, Callable

from pyasm import isa
from pyasm.code import Code, Handler, Instruction

CONSTANTS = (
    None,
    True,
    False,
    0,
    1,
    5,
    -1,
    1 << 40,
    1.5,
    "",
    "a",
    b"x",
    (),
    ("a",),
    ("a", "b"),
    (1, 2),
    (1, ("a",)),
    ...,
)
NAMES = ("len", "list", "print", "append", "__class__", "x")
FLAGS = (0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x1000000)
STACK_SIZES = (0, 1, 3, 1000, 1 << 30)
FRESH = "fresh"


def mutant(code: Code, rng: random.Random, count: int) -> tuple[Code, list[str]]:
    """A copy with that many random edits, somewhere in it or in what it contains; and a line for each."""
    code = copied(code)
    done: list[str] = []
    while len(done) < count:
        every = list(codes(code))
        victim = code if rng.random() < 0.6 else rng.choice(every)
        edit = rng.choices(EDITS, WEIGHTS)[0]
        what = edit(victim, rng)
        if what:
            done.append(f"{victim.qualname}: {edit.__name__} {what}")
    return code, done


def copied(code: Code) -> Code:
    """A copy whose lists, and those of the codes in it, are its own; without hints for the encoder."""
    body = [each._replace(arg=copied(each.arg)) if isinstance(each.arg, Code) else each for each in code.body]
    return code.replace(body=body, layout=None)


def codes(code: Code) -> Iterator[Code]:
    """The code and all that it contains."""
    yield code
    for each in code.body:
        if isinstance(each.arg, Code):
            yield from codes(each.arg)


# -- operands


def labels(code: Code) -> list[str]:
    return [each.arg for each in code.body if each.op == "LABEL"]


def label(code: Code, rng: random.Random) -> str:
    """One of the labels, or a new one at a random place."""
    known = labels(code)
    if known and rng.random() < 0.7:
        return rng.choice(known)
    name = f"new{len(known)}"
    while name in known:
        name += "x"
    code.body.insert(rng.randrange(len(code.body) + 1), Instruction("LABEL", name))
    return name


def variables(code: Code) -> list[str]:
    return [*code.parameters, *code.locals]


def operand(row: isa.Opcode, code: Code, rng: random.Random, dialect: isa.Dialect) -> Any:
    """An operand as it might stand there: of the right kind, mostly one that the code has already."""
    kind = row.operand
    if kind == "-":
        return None
    if kind == "number":
        return rng.choice((0, 1, 1, 2, 2, 3, 4, 8, rng.randrange(40), rng.choice((16, 255, 256, 1000, 1 << 20))))
    if kind in dialect.enums:
        return rng.choice(list(dialect.enums[kind].values())) if rng.random() < 0.9 else rng.randrange(70)
    if kind in isa.JUMPS:
        return label(code, rng)
    if kind == "const":
        return constant(code, rng)
    if kind == "name":
        used = [
            each.arg for each in code.body if isinstance(each.arg, str) and each.op.endswith(("ATTR", "GLOBAL", "NAME"))
        ]
        name = rng.choice(used or NAMES) if rng.random() < 0.7 else rng.choice(NAMES)
        return (name, rng.randrange(1 << len(row.flags))) if row.flags else name
    return variable(kind, code, rng, dialect)


def constant(code: Code, rng: random.Random) -> Any:
    own = [each.arg for each in code.body if each.op == "LOAD_CONST"]
    return rng.choice(own) if own and rng.random() < 0.5 else rng.choice(CONSTANTS)


def variable(kind: str, code: Code, rng: random.Random, dialect: isa.Dialect) -> Any:
    local = variables(code) or [FRESH]
    shared: list[str] = [*code.cells, *code.frees]
    if kind == "locals":
        return rng.choice(local), rng.choice(local)
    chosen, others = (shared, local) if kind == "deref" else (local, shared)
    if others and dialect.variables == "joint" and rng.random() < 0.1:
        return rng.choice(others)
    return rng.choice(chosen or others) if rng.random() < 0.97 else FRESH


# -- which instruction


@cache
def rows(name: str) -> tuple[isa.Opcode, ...]:
    return tuple(isa.load(name).opcodes.values())


@cache
def alike(name: str, pops: int, net: int, flow: str) -> tuple[isa.Opcode, ...]:
    """The rows that take and leave as many entries, for some small operand."""
    return tuple(row for row in rows(name) if row.flow == flow and any(_shape(row, n) == (pops, net) for n in range(4)))


def _shape(row: isa.Opcode, n: int) -> tuple[int, int]:
    return row.pops(n), row.effect(n)


def made(row: isa.Opcode, code: Code, rng: random.Random, shape: tuple[int, int] | None = None) -> Instruction:
    """An instruction of that row; of a certain shape, when there is an operand for it."""
    arg = operand(row, code, rng, isa.load(code.dialect))
    if shape and row.operand == "number":
        arg = rng.choice([n for n in range(5) if _shape(row, n) == shape] or [arg])
    return Instruction(row.name, arg)


def place(code: Code, rng: random.Random) -> int | None:
    """The index of an instruction that is no label."""
    places = [i for i, each in enumerate(code.body) if each.op != "LABEL"]
    return rng.choice(places) if places else None


def row_of(each: Instruction, code: Code) -> isa.Opcode | None:
    return isa.load(code.dialect).opcodes.get(each.op)


# -- edits: each changes the code, and says how, or gives an empty text when there is nothing to edit


def delete(code: Code, rng: random.Random) -> str:
    i = place(code, rng)
    return f"{i} {code.body.pop(i)[:2]}" if i is not None else ""


def duplicate(code: Code, rng: random.Random) -> str:
    i = place(code, rng)
    if i is None:
        return ""
    code.body.insert(i, code.body[i])
    return f"{i} {code.body[i][:2]}"


def swap(code: Code, rng: random.Random) -> str:
    """Two neighbours, or two that are far apart."""
    i = place(code, rng)
    j = place(code, rng) if rng.random() < 0.3 else (i + 1 if i is not None else None)
    if i is None or j is None or j >= len(code.body) or i == j:
        return ""
    code.body[i], code.body[j] = code.body[j], code.body[i]
    return f"{i} {j}"


def replace(code: Code, rng: random.Random) -> str:
    """By any instruction."""
    i = place(code, rng)
    if i is None:
        return ""
    code.body[i] = new = made(rng.choice(rows(code.dialect)), code, rng)
    return f"{i} by {new[:2]}"


def replace_alike(code: Code, rng: random.Random) -> str:
    """By one that takes and leaves as much."""
    i = place(code, rng)
    row = row_of(code.body[i], code) if i is not None else None
    if i is None or row is None:
        return ""
    arg = code.body[i].arg
    shape = _shape(row, arg if isinstance(arg, int) and row.operand == "number" and arg < 1000 else 0)
    candidates = alike(code.dialect, *shape, row.flow)
    if not candidates:
        return ""
    old, code.body[i] = code.body[i], made(rng.choice(candidates), code, rng, shape)
    return f"{i} {old[:2]} by {code.body[i][:2]}"


def change_operand(code: Code, rng: random.Random) -> str:
    i = place(code, rng)
    row = row_of(code.body[i], code) if i is not None else None
    if i is None or row is None or row.operand == "-":
        return ""
    old = code.body[i]
    new = operand(row, code, rng, isa.load(code.dialect))
    if row.operand == "number" and isinstance(old.arg, int) and rng.random() < 0.5:
        new = max(0, old.arg + rng.choice((-1, 1)))
    i = next(k for k, each in enumerate(code.body) if each is old)  # a new label may have moved it
    code.body[i] = old._replace(arg=new)
    return f"{i} {old[:2]} to {new!r}"


def retarget(code: Code, rng: random.Random) -> str:
    """Another label for a jump, or for a block of the portable dialect."""
    jumps = [each for each in code.body if (row := row_of(each, code)) and row.operand in isa.JUMPS]
    if not jumps:
        return ""
    old = rng.choice(jumps)
    target = label(code, rng)
    i = next(k for k, each in enumerate(code.body) if each is old)
    code.body[i] = old._replace(arg=target)
    return f"{i} {old[:2]} to {target}"


def insert(code: Code, rng: random.Random) -> str:
    new = made(rng.choice(rows(code.dialect)), code, rng)
    i = rng.randrange(len(code.body) + 1)
    code.body.insert(i, new)
    return f"{i} {new[:2]}"


def substitute(code: Code, rng: random.Random) -> str:
    """Another entry on top of the stack: of another type."""
    producers = list(alike(code.dialect, 0, 1, "next"))
    new = made(rng.choice(producers), code, rng, (0, 1))
    i = rng.randrange(len(code.body) + 1)
    code.body[i:i] = [Instruction("POP_TOP"), new]
    return f"{i} {new[:2]}"


def add_pair(code: Code, rng: random.Random) -> str:
    """An instruction that pushes and one that pops, which leave the depth as it was."""
    first = made(rng.choice(list(alike(code.dialect, 0, 1, "next"))), code, rng, (0, 1))
    second = made(rng.choice(list(alike(code.dialect, 1, -1, "next"))), code, rng, (1, -1))
    i = rng.randrange(len(code.body) + 1)
    code.body[i:i] = [first, second]
    return f"{i} {first[:2]} {second[:2]}"


def keep_depth(code: Code, rng: random.Random) -> str:
    """An instruction that leaves the depth as it was: other order, other types, no effect."""
    candidates = [row for pops in range(4) for row in alike(code.dialect, pops, 0, "next")]
    row = rng.choice(candidates)
    new = made(row, code, rng, (rng.randrange(4), 0))
    i = rng.randrange(len(code.body) + 1)
    code.body.insert(i, new)
    return f"{i} {new[:2]}"


def move_label(code: Code, rng: random.Random) -> str:
    """And with it all jumps, handlers and regions that name it."""
    places = [i for i, each in enumerate(code.body) if each.op == "LABEL"]
    if not places:
        return ""
    i = rng.choice(places)
    moved = code.body.pop(i)
    j = (
        min(len(code.body), max(0, i + rng.choice((-2, -1, 1, 2))))
        if rng.random() < 0.7
        else rng.randrange(len(code.body) + 1)
    )
    code.body.insert(j, moved)
    return f"{moved.arg} from {i} to {j}"


def move_handler(code: Code, rng: random.Random) -> str:
    """A region of the exception table: its bounds, its target, its depth, its kind; one more or one less."""
    if isa.load(code.dialect).blocks != "table":
        return ""
    if not code.handlers or rng.random() < 0.1:
        new = Handler(label(code, rng), label(code, rng), label(code, rng), rng.randrange(4), rng.random() < 0.5)
        code.handlers.insert(rng.randrange(len(code.handlers) + 1), new)
        return f"added {new}"
    i = rng.randrange(len(code.handlers))
    old = code.handlers[i]
    field = rng.choice(("start", "end", "target", "depth", "depth", "lasti", "", "order"))
    if not field:
        return f"deleted {code.handlers.pop(i)}"
    if field == "order":
        code.handlers.insert(rng.randrange(len(code.handlers)), code.handlers.pop(i))
        return f"moved {old}"
    if field == "depth":
        new = old._replace(depth=max(0, old.depth + rng.choice((-1, 1, 1, 3))))
    elif field == "lasti":
        new = old._replace(lasti=not old.lasti)
    else:
        new = old._replace(**{field: label(code, rng)})
    code.handlers[i] = new
    return f"{old} to {new}"


def change_flags(code: Code, rng: random.Random) -> str:
    bit = rng.choice(FLAGS)
    code.flags ^= bit
    return f"{code.flags ^ bit:#x} to {code.flags:#x}"


def change_parameters(code: Code, rng: random.Random) -> str:
    """A parameter becomes a local, a local a parameter, or a parameter is of another kind."""
    kinds = [code.posonlyargs, code.args, code.kwonlyargs, code.locals]
    kind = rng.randrange(4)
    source = kinds[kind]
    if source and rng.random() < 0.7:
        name = source.pop(rng.randrange(len(source)))
        rng.choice(kinds).append(name)
        return f"moved {name} of {kind}"
    attribute = rng.choice(("vararg", "kwarg"))
    old = getattr(code, attribute)
    if old is not None:
        code.locals.append(old)
        setattr(code, attribute, None)
        return f"{attribute} {old} is a local"
    new = code.locals.pop() if code.locals else FRESH
    setattr(code, attribute, new)
    return f"{attribute} is {new}"


def change_variables(code: Code, rng: random.Random) -> str:
    """Cells and free variables: one more, one less, one that is the other, another order."""
    kinds = [code.locals, code.cells, code.frees]
    source, target = rng.sample(kinds, 2)
    choice = rng.randrange(4)
    if choice == 0 or not source:
        name = rng.choice(variables(code) or [FRESH])
        target.append(name)
        return f"{name} added"
    i = rng.randrange(len(source))
    if choice == 1:
        return f"{source.pop(i)} removed"
    if choice == 2:
        target.append(source.pop(i))
        return f"{target[-1]} moved"
    source.reverse()
    return "reversed"


def change_stack_size(code: Code, rng: random.Random) -> str:
    code.stack_size = rng.choice(STACK_SIZES)
    return str(code.stack_size)


Edit = Callable[[Code, random.Random], str]
EDITS: tuple[Edit, ...]
WEIGHTS: tuple[int, ...]
EDITS, WEIGHTS = zip(
    (delete, 8),
    (duplicate, 8),
    (swap, 8),
    (replace, 4),
    (replace_alike, 20),
    (change_operand, 20),
    (retarget, 8),
    (insert, 6),
    (substitute, 12),
    (add_pair, 10),
    (keep_depth, 12),
    (move_label, 8),
    (move_handler, 8),
    (change_flags, 2),
    (change_parameters, 3),
    (change_variables, 4),
    (change_stack_size, 1),
)
