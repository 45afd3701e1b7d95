"""A `Code` can hold anything. Nothing but an error that says what is wrong with it comes out, whoever works on it."""

from __future__ import annotations

import contextlib
import random
import resource
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from support import FULL, SEED, compiled, maybe_refused, sample, stdlib_files

import pyasm
from pyasm import isa
from pyasm.code import Code, Free, Instruction, Position

EMPTY = Code("g", [Instruction("LOAD_CONST"), Instruction("RETURN_VALUE")], dialect=isa.PORTABLE)
HUGE: int = 10**5000
ODD: list[Any] = [
    [],
    {},
    {1},
    ([],),
    HUGE,
    -HUGE,
    1 << 40,
    (3 << 30) + 5,
    -1,
    0,
    1,
    3,
    255,
    None,
    object(),
    object,
    True,
    1.5,
    float("nan"),
]
ODD += ["", "x y", b"x", (), ("a",), ("a", 1), ([], 1), (1, 2, 3), Free("x"), EMPTY]
FIELDS = ("args", "posonlyargs", "kwonlyargs", "vararg", "kwarg", "locals", "cells", "frees", "body", "handlers")
FIELDS += ("flags", "first_line", "stack_size", "name", "qualname", "filename", "doc")


def damaged(code: Code, rng: random.Random) -> Code:
    """The same with an instruction or two that are none, and perhaps a field."""
    new = code.replace()
    for _ in range(rng.choice((1, 1, 2))):
        index, odd = rng.randrange(len(new.body)), rng.choice(ODD)
        op, arg, position = new.body[index]
        choices: list[Any] = [(op, odd, position)] * 5 + [(odd, arg, position), (op, arg, odd)]
        choices.append((rng.choice(code.body)[0], arg, position))
        new.body[index] = Instruction(*rng.choice(choices))
    if rng.random() < 0.1:
        new.body[rng.randrange(len(new.body))] = rng.choice(ODD)
    if rng.random() < 0.3:
        odd = rng.choice(ODD)
        setattr(new, rng.choice(FIELDS), rng.choice((odd, [odd])))
    return new


def unverified(code: Code) -> Any:
    return pyasm.assemble(code, verify=False)


USES: list[Callable[[Code], Any]] = [pyasm.verify, pyasm.lower, pyasm.lift, pyasm.assemble, unverified, pyasm.format]


@pytest.mark.parametrize("dialect", ["portable", "native"])
def test_only_errors_of_the_family(dialect: str) -> None:
    rng = random.Random(f"{SEED} {dialect}")
    for module in filter(None, map(compiled, sample(stdlib_files(), 4))):
        codes = [pyasm.disassemble(module, dialect)]
        for code in codes:
            codes += [each.arg for each in code.body if isinstance(each.arg, Code)]
        for code in rng.sample(codes, len(codes) if FULL else min(len(codes), 25)):
            changed = damaged(code, rng)
            for use in USES:
                with maybe_refused():
                    use(changed)


@pytest.mark.parametrize("dialect", ["portable", "native"])
def test_odd_operands(dialect: str) -> None:
    """Every one of every mnemonic, and as the name of a label, in the place of an instruction and before one."""
    rng = random.Random(f"{SEED} operands {dialect}")
    native = pyasm.decode(odd_function.__code__)
    code = native if dialect == "native" else pyasm.lift(native)
    others = list(product(isa.load(code.dialect).opcodes, ODD))
    for op, odd in [*product(["LABEL"], ODD), *(others if FULL else rng.sample(others, 400))]:
        index = rng.randrange(len(code.body))
        for end in (index, index + 1):
            changed = code.replace()
            changed.body[index:end] = [Instruction(op, odd, code.body[index].position)]
            for use in USES:
                with maybe_refused():
                    use(changed)


@pytest.mark.parametrize("field", FIELDS)
def test_odd_values_of_fields(field: str) -> None:
    """Every one of them, in portable and in native code."""
    native = pyasm.decode(odd_function.__code__)
    for code in (native, pyasm.lift(native)):
        for odd in ODD:
            for value in (odd, [odd]):
                for use in USES:
                    changed = code.replace()
                    setattr(changed, field, value)
                    with maybe_refused():
                        use(changed)


@pytest.mark.parametrize("dialect", ["portable", "native"])
def test_large_counts(dialect: str) -> None:
    """Nothing makes as many of something as an operand says, when no stack has so many entries.

    Not even at the end, where nothing comes to.
    """
    native = pyasm.decode(odd_function.__code__)
    code = native if dialect == "native" else pyasm.lift(native)
    middle = len(code.body) // 2
    with little_memory():
        places = (0, 1), (0, 0), (middle, middle + 1), (middle, middle), (len(code.body), len(code.body))
        for op, (start, end) in product(isa.load(code.dialect).opcodes, places):
            changed = code.replace()
            changed.body[start:end] = [Instruction(op, (3 << 30) + 5), *code.body[len(code.body) - (start == end) :]]
            for use in USES:
                with maybe_refused():
                    use(changed)


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """With not much more of it than there is in use."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("dialect", ["3.9", "3.10"])
def test_lines_that_are_far_apart(dialect: str) -> None:
    """The tables of these versions have an entry for every 127 lines between two instructions."""
    places = [Position(line, line) for line in (1, 1 << 31)]
    body = [Instruction("NOP", None, places[index % 2]) for index in range(40)]
    code = Code("f", [*body, *EMPTY.body], dialect=isa.PORTABLE)
    with little_memory(), pytest.raises(pyasm.AssemblyError, match="too far apart"):
        pyasm.pyc.dump(code, dialect=dialect)


def odd_function(a: int, *b: int, c: int = 1, **d: int) -> Callable[[], int]:
    """With something of everything."""
    try:
        e = a + sum(b)
    except TypeError:
        e = c
    return lambda: e + len(d)


def test_all_that_is_wrong_is_told() -> None:
    """By whoever works on it."""
    body = [Instruction("LOAD_FAST", []), Instruction("BUILD_TUPLE", HUGE), Instruction("RETURN_VALUE")]
    for use in USES:
        if use not in (pyasm.lift, pyasm.format):  # which leave it as it is, and write what has a text
            with pytest.raises(pyasm.AssemblyError) as caught:
                use(Code("f", body, dialect=isa.PORTABLE))
            assert len(caught.value.findings) == 2, use
            assert "instruction 1 (BUILD_TUPLE" in str(caught.value)
            assert "a very large number" in str(caught.value)


def test_code_objects_that_are_shared() -> None:
    """Each is in two others, these in two others each, and so on: ways to them are many, code objects are not."""
    both = [made_of(name, []) for name in "ab"]
    for level in range(60):
        both = [made_of(f"{name}{level}", both) for name in "ab"]
    module = made_of("outermost", both)
    for use in USES:
        use(module)
    native = pyasm.decode(pyasm.assemble(module))
    for each in (native, pyasm.lift(native), pyasm.pyc.load(pyasm.pyc.dump(native))):
        assert len(all_of(each)) == 2 * 61 + 1


def all_of(code: Code) -> set[int]:
    """The identities of it and all in it."""
    pending, seen = [code], {id(code)}
    while pending:
        for each in pending.pop().body:
            if isinstance(each.arg, Code) and id(each.arg) not in seen:
                seen.add(id(each.arg))
                pending.append(each.arg)
    return seen


def made_of(name: str, inner: list[Code]) -> Code:
    """A function that makes functions of these code objects."""
    body = [
        part
        for code in inner
        for part in (
            Instruction("LOAD_CONST", code),
            Instruction("LOAD_CONST", code.name),
            Instruction("MAKE_FUNCTION", 0),
            Instruction("POP_TOP"),
        )
    ]
    end = [Instruction("LOAD_CONST"), Instruction("RETURN_VALUE")]
    return Code(name, body + end, dialect=isa.PORTABLE, flags=3)


def test_a_defect_is_an_error_of_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it is one, and its cause is what happened."""

    def fails(*_: Any) -> Any:
        raise KeyError(HUGE)

    monkeypatch.setattr("pyasm.translate._lifted", fails)
    with pytest.raises(pyasm.TargetError, match="odd_function: KeyError, a defect of Python Assembly") as caught:
        pyasm.lift(pyasm.decode(odd_function.__code__))
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(pyasm.TargetError), maybe_refused():
        pyasm.lift(pyasm.decode(odd_function.__code__))
