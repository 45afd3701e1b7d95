"""What the tests of lifting and lowering share: the passes one by one over code objects of a standard library."""

from __future__ import annotations

import random
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

from support import FULL, SEED, compiled, stdlib_files

import pyasm
from pyasm import isa, translate
from pyasm.code import Code, Instruction

RUNNING = isa.running()
COMPLETE = not any("not written yet" in (each.__doc__ or "") for each in translate.PASSES)
"""Is there a pass for every construct?"""


def library(count: int) -> Iterator[types.CodeType]:
    """Module code objects of the standard library: a random sample, all in a full run. The seed is printed."""
    print(f"PYASM_SEED={SEED}")
    files: Sequence[Path] = stdlib_files()
    if not FULL:
        files = random.Random(SEED).sample(list(files), count)
    return (code for code in map(compiled, files) if code is not None)


class Words(dict[str, str]):
    """Names stand for themselves, as strings."""

    def __missing__(self, name: str) -> str:
        return name


def instructions(text: str) -> list[Instruction]:
    """Instructions of text: `LOAD_FAST a; FOR_ITER L; L:`, an operand that is a number or a word."""
    found: list[Instruction] = []
    for each in filter(None, (part.strip() for part in text.replace("\n", ";").replace(": ", ":;").split(";"))):
        op, _, arg = each.partition(" ")
        if op.endswith(":"):
            found.append(Instruction("LABEL", op[:-1]))
        else:
            found.append(Instruction(op, eval(arg, {}, Words()) if arg else None))
    return found


def codes(code: Code) -> Iterator[Code]:
    """A code and all that are in it."""
    yield code
    for each in code.body:
        if isinstance(each.arg, Code):
            yield from codes(each.arg)


def lifted_to(code: Code, count: int) -> Code:
    """After the first `count` passes of lifting, nested ones as well."""
    return _through(code, translate.PASSES[:count], "lift")


def lowered_from(code: Code, count: int) -> Code:
    """The inverse of that."""
    return _through(code, translate.PASSES[:count][::-1], "lower")


def _through(code: Code, passes: Sequence[types.ModuleType], direction: str) -> Code:
    """Each pass over all of them, inner ones first."""
    copies: list[Code] = []
    new = _copied(code, copies)
    for each in passes:
        ops = getattr(each, f"{direction}s")(RUNNING)
        for copy in copies:
            if ops is None or not ops.isdisjoint(mnemonics(copy)):
                run(getattr(each, direction), copy)
    if direction == "lower" and not RUNNING.qualname:
        for copy in copies[:-1]:
            copy.qualname = copy.name
    return new


def run(step: Callable[..., Set[str] | None], code: Code, dialect: isa.Dialect = RUNNING) -> Set[str] | None:
    """Run one direction of a pass, which keeps the mnemonics in step with the body, or says that it has not."""
    ops = mnemonics(code)
    added = step(code, ops, dialect)
    assert added is None or ops == mnemonics(code), (code.qualname, step)
    code.body = code.rows[:]  # another list, in which no plain tuple is known to be an Instruction
    return added


def mnemonics(code: Code) -> list[str]:
    """Of each instruction."""
    return [each[0] for each in code.rows]


def _copied(code: Code, copies: list[Code]) -> Code:
    body = [e._replace(arg=_copied(e.arg, copies)) if isinstance(e.arg, Code) else e for e in code.body]
    copies.append(code.replace(body=body))
    return copies[-1]


def relabelled(code: Code) -> tuple[list[object], list[object]]:
    """Body and handlers with labels numbered in the order in which they stand, without those that nothing names."""
    jumps = {name for name, row in RUNNING.opcodes.items() if row.operand in isa.JUMPS} | SETUPS
    used = {e.arg for e in code.body if e.op in jumps}
    used.update(label for handler in code.handlers for label in handler[:3])
    marks = [e.arg for e in code.body if e.op == "LABEL"]
    numbers: dict[object, object] = {}
    count = 0
    body: list[object] = []
    at: list[object] = []
    for e in code.body:
        if e.op == "LABEL":
            if e.arg in used:
                at.append(e.arg)
            continue
        if at:
            numbers.update(dict.fromkeys(at, count))
            body.append(("LABEL", count))
            count += 1
            at = []
        body.append(e)
    if at:
        numbers.update(dict.fromkeys(at, count))
        body.append(("LABEL", count))
    known = set(marks)
    body = [
        (e[0], numbers[e[1]] if e[0] in jumps and e[1] in known else e[1], *e[2:]) if len(e) == 3 else e  # type: ignore
        for e in body
    ]
    handlers: list[object] = [(*[numbers.get(label) for label in h[:3]], *h[3:]) for h in code.handlers]
    return body, handlers


SETUPS = {"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH", "SETUP_ASYNC_WITH"}


def shown(code: Code, index: int, around: int = 6) -> str:
    """Some instructions of a body."""
    return "\n".join(f"  {i} {e.op} {e.arg!r}" for i, e in enumerate(code.body) if abs(i - index) <= around)


def compare(before: Code, after: Code) -> str | None:
    """Where two codes of the same kind differ in their own instructions, as text; None when they do not."""
    (one, h1), (other, h2) = relabelled(before), relabelled(after)
    for i, (a, b) in enumerate(zip(one, other)):
        if not _same(a, b):
            context = "\n".join(
                f"   {x!s:90} | {y}" for x, y in zip(one[max(0, i - 5) : i + 5], other[max(0, i - 5) :])
            )
            return f"{before.qualname} instruction {i}\n{context}"
    if len(one) != len(other):
        return f"{before.qualname}: {len(one)} instructions became {len(other)}"
    if h1 != h2:
        return f"{before.qualname}: handlers {h1}\n became {h2}"
    return None


def _same(a: object, b: object) -> bool:
    if not isinstance(a, tuple) or not isinstance(b, tuple):
        return a == b
    return len(a) == len(b) and all(
        (isinstance(x, Code) and isinstance(y, Code)) or x is y or (type(x) is type(y) and (x == y or x != x))
        for x, y in zip(a, b)
    )


def but_for_one_file(wrong: Sequence[tuple[str, str]]) -> list[str]:
    """What is wrong, as (file, what); in a sample without the file that has most of it: a few files of the library hold
    most of the odd code, and a full run counts them all.
    """
    files = Counter(file for file, _ in wrong)
    worst = None if FULL or not files else max(files, key=files.__getitem__)
    return [f"{file}: {what}" for file, what in wrong if file != worst]


def report(count: int, files: int, most: int = 8) -> None:
    """How many code objects come back from `count` passes as they were; the first that do not."""
    total = same = refused = 0
    for module in library(files):
        original = pyasm.decode(module)
        for code in codes(original):
            total += 1
            try:
                back = lowered_from(lifted_to(code, count), count)
            except Exception as error:
                refused += 1
                if refused <= most:
                    print(f"-- {module.co_filename} {code.qualname}: {type(error).__name__}: {str(error)[:300]}")
                continue
            found = compare(code, back)
            if found is None:
                same += 1
            elif total - same - refused <= most:
                print(f"-- {module.co_filename}: {found}")
    print(f"{RUNNING.name}: {same} of {total} the same ({100 * same / total:.3f} %), {refused} refused")


if __name__ == "__main__":  # python translatekit.py [passes [files]]
    report(
        int((sys.argv + ["0"])[1]) or len(translate.PASSES),
        int((sys.argv + ["", "60"])[2]) if len(sys.argv) > 2 else 60,
    )
