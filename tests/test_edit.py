"""Code that was edited: everything that makes up a code object can change, and the result runs."""

from __future__ import annotations

import builtins
import random
import re
import types
from pathlib import Path
from typing import Any, Callable

import pytest
from support import SEED, compiled, sample, stdlib_files, walk

import pyasm
from pyasm import Handler, Instruction, Position, isa
from pyasm.code import Code

DIALECT = isa.running()
GENERIC = "RESUME" in DIALECT.opcodes


def prologue() -> list[Instruction]:
    return [Instruction("RESUME", 0)] if GENERIC else []


def make(code: Code, names: Any = None) -> types.FunctionType:
    return types.FunctionType(pyasm.encode(code), {"__builtins__": builtins, **(names or {})})


def decoded(function: Callable[..., Any]) -> Code:
    return pyasm.decode(function.__code__)  # type: ignore[attr-defined]


def returning(value: Any) -> list[Instruction]:
    return [*prologue(), Instruction("LOAD_CONST", value), Instruction("RETURN_VALUE")]


def test_from_nothing() -> None:
    code = Code("answer", returning(42), dialect=DIALECT.name)
    assert make(code)() == 42
    assert code.qualname == "answer"


def test_insert_and_delete() -> None:
    def f(a: int) -> int:
        while a < 100:
            a = a * 2
        return a

    code = decoded(f)
    for _ in range(3):
        code.body = [new for old in code.body for new in (Instruction("NOP"), old)]
        assert make(code)(3) == f(3) == 192
    code.body = [i for i in code.body if i.op != "NOP"]
    assert make(code)(3) == 192


def renamed(instruction: Instruction, old: str, new: str) -> Instruction:
    arg = instruction.arg
    if isinstance(arg, tuple) and arg[:1] == (old,):
        return instruction._replace(arg=(new, *arg[1:]))
    if isinstance(arg, Code):
        arg.body = [renamed(i, old, new) for i in arg.body]
    return instruction._replace(arg=new) if arg == old else instruction


def test_rename_and_relabel() -> None:
    def f(x: Any) -> Any:
        return [missing for _ in range(x)] if x else missing  # type: ignore[name-defined]  # noqa: F821

    code = decoded(f)
    code.body = [renamed(i, "missing", "other") for i in code.body]
    labels = [i.arg for i in code.body if i.op == "LABEL"]
    code.body = [i._replace(arg=f"place {i.arg}") if i.arg in labels else i for i in code.body]
    code.handlers = [
        h._replace(start=f"place {h.start}", end=f"place {h.end}", target=f"place {h.target}") for h in code.handlers
    ]
    assert make(code, {"other": 7})(0) == 7
    assert make(code, {"other": 7})(2) == [7, 7]


def test_constants_and_names_are_added() -> None:
    code = decoded(lambda: None)
    code.body = returning(("new", 1.5))
    assert make(code)() == ("new", 1.5)


@pytest.mark.parametrize("count", [100, 128, 250, 255, 256, 260, 5000, 33000])
def test_growing_past_every_prefix(count: int) -> None:
    def f(n: int) -> int:
        total = 0
        for i in range(n):
            if i % 2:
                continue
            try:
                total += i
            finally:
                total += 1
        return total

    code = decoded(f)
    middle = len(code.body) // 2
    filler = [Instruction("NOP")] * count
    places = [i for i, instruction in enumerate(code.body) if instruction.op == "LABEL" and 1 < i <= middle + 20]
    code.body[places[-1] : places[-1]] = filler
    assert make(code)(9) == f(9)
    offsets = pyasm.offsets(code)
    assert len(offsets) == len(code.body)
    assert offsets == sorted(offsets)


def test_many_names_and_constants() -> None:
    code = Code("f", prologue(), dialect=DIALECT.name)
    for i in range(70000):
        code.body += [Instruction("LOAD_CONST", i + 0.5), Instruction("POP_TOP")]
    code.body += [Instruction("LOAD_CONST", 69999.5), Instruction("RETURN_VALUE")]
    assert make(code)() == 69999.5
    again = pyasm.decode(pyasm.encode(code))
    assert [i[:2] for i in again.body] == [i[:2] for i in code.body]


def test_parameters() -> None:
    def f(a: Any, b: Any = 2) -> Any:
        return a, b

    code = decoded(f)
    code.posonlyargs, code.args, code.kwonlyargs = ["a"], [], ["b"]
    assert make(code)(1, b=3) == (1, 3)
    with pytest.raises(TypeError):
        make(code)(1, 3)
    code.vararg, code.kwarg = "rest", "more"
    code.body = [*prologue(), *[Instruction("LOAD_FAST", name) for name in ("a", "b", "rest", "more")]]
    code.body += [Instruction("BUILD_TUPLE", 4), Instruction("RETURN_VALUE")]
    assert make(code)(1, 9, b=3, c=4) == (1, 3, (9,), {"c": 4})
    assert code.parameters == ["a", "b", "rest", "more"]


def test_new_locals() -> None:
    code = Code("f", dialect=DIALECT.name, args=["a"], cells=["c"])
    code.body = [Instruction("MAKE_CELL", "c")] if "MAKE_CELL" in DIALECT.opcodes else []
    code.body += prologue()
    for name in ("x", "y", "z"):
        code.body += [Instruction("LOAD_FAST", "a"), Instruction("STORE_FAST", name)]
    code.body += [Instruction("LOAD_FAST", "a"), Instruction("STORE_DEREF", "c")]
    code.body += [Instruction("LOAD_FAST", "y"), Instruction("LOAD_DEREF", "c")]
    code.body += [Instruction("BUILD_TUPLE", 2), Instruction("RETURN_VALUE")]
    function = make(code)
    assert function(5) == (5, 5)
    assert function.__code__.co_varnames == ("a", "x", "y", "z")


def test_cells_and_frees() -> None:
    def outer(x: Any) -> Any:
        def inner() -> Any:
            return x

        return inner

    function = outer(3)
    code = decoded(function)
    assert code.frees == ["x"]
    code.frees = ["renamed"]
    code.body = [i._replace(arg="renamed") if i.arg == "x" else i for i in code.body]
    made = types.FunctionType(pyasm.encode(code), {}, "f", None, function.__closure__)
    assert made() == 3
    code.frees = ["first", "renamed"]
    code.body = [i._replace(arg=2) if i.op == "COPY_FREE_VARS" else i for i in code.body]
    cells = tuple(types.CellType(value) for value in (1, 2))  # type: ignore[attr-defined]
    assert types.FunctionType(pyasm.encode(code), {}, "f", None, cells)() == 2


def test_nested_code() -> None:
    def f() -> Any:
        def g() -> Any:
            return "old"

        return g()

    code = decoded(f)
    [inner] = [i.arg for i in code.body if isinstance(i.arg, Code) and i.arg.name == "g"]
    inner.body = [i._replace(arg="new") if i.arg == "old" else i for i in inner.body]
    inner.name = "h"
    assert make(code)() == "new"


def test_positions() -> None:
    def f() -> None:
        raise ValueError

    code = decoded(f)
    code.body = [i._replace(position=Position(1234, 1234, 1, 2)) for i in code.body]
    with pytest.raises(ValueError, match=r"^$") as caught:
        make(code)()
    assert caught.traceback[-1].lineno == 1234 - 1  # pytest counts from 0


def test_without_positions() -> None:
    code = Code("f", returning(1), dialect=DIALECT.name, first_line=77)
    lines = {p[0] for p in pyasm.encode(code).co_positions()} if GENERIC else {77}  # type: ignore[attr-defined]
    assert lines == {77}
    assert pyasm.decode(pyasm.encode(code)).body[0].position.line == 77  # type: ignore[union-attr]


def test_moving_the_first_line() -> None:
    def f() -> None:
        pass

    code = decoded(f)
    before = [i.position for i in code.body]
    code.first_line += 100
    again = pyasm.decode(pyasm.encode(code))
    assert again.first_line == code.first_line
    assert [i.position for i in again.body] == before


@pytest.mark.skipif(DIALECT.blocks != "table", reason="handlers are instructions before 3.11")
def test_handlers() -> None:
    code = Code("f", dialect=DIALECT.name)
    code.body = [
        Instruction("RESUME", 0),
        Instruction("LABEL", "start"),
        Instruction("LOAD_CONST", 1),
        Instruction("LOAD_CONST", 0),
        Instruction("BINARY_OP", "/"),
        Instruction("LABEL", "end"),
        Instruction("RETURN_VALUE"),
        Instruction("LABEL", "handler"),
        Instruction("PUSH_EXC_INFO"),
        Instruction("POP_TOP"),
        Instruction("POP_EXCEPT"),
        Instruction("LOAD_CONST", "caught"),
        Instruction("RETURN_VALUE"),
    ]
    with pytest.raises(ZeroDivisionError):
        make(code)()
    code.handlers = [Handler("start", "end", "handler", 0)]
    assert make(code)() == "caught"


def test_replace_makes_a_copy() -> None:
    code = Code("f", returning(1), dialect=DIALECT.name)
    copy = code.replace(name="g", body=returning(2))
    assert (make(code)(), make(copy)(), code.name, copy.name) == (1, 2, "f", "g")
    copy.locals.append("x")
    assert code.locals == []
    with pytest.raises(TypeError, match="no attribute nmae"):
        code.replace(nmae="g")


def test_equality() -> None:
    def f(a: int) -> int:
        return a + 1

    assert decoded(f) == decoded(f)
    assert decoded(f) != decoded(lambda: None)
    assert decoded(f) != 3
    with pytest.raises(TypeError):
        hash(decoded(f))


def test_a_nop_before_everything() -> None:
    """Whole modules with an instruction before each, but for the first ones: still the same functions."""
    generator = random.Random(SEED)
    for file in sample(stdlib_files(), 15):
        code = compiled(file)
        if code is None:
            continue
        edited = pyasm.decode(code)
        spread(edited, generator)
        again = pyasm.decode(pyasm.encode(edited))
        assert [c.co_name for c in walk(code)] == [c.co_name for c in walk(pyasm.encode(again))]
        assert without_nops(again) == without_nops(pyasm.decode(code))


def spread(code: Code, generator: random.Random) -> None:
    nop = Instruction("NOP")
    code.body = [new for old in code.body for new in ([nop, old] if generator.random() < 0.5 else [old])]
    for instruction in code.body:
        if isinstance(instruction.arg, Code):
            spread(instruction.arg, generator)


def without_nops(code: Code) -> list[Any]:
    plain = [i for i in code.body if i.op not in ("NOP", "EXTENDED_ARG")]
    return [(i.op, without_nops(i.arg) if isinstance(i.arg, Code) else repr(i.arg)) for i in plain]


# -- what cannot be encoded


def fails(code: Code, *messages: str) -> None:
    with pytest.raises(pyasm.EncodeError) as caught:
        pyasm.encode(code)
    assert len(caught.value.findings) == len(messages), str(caught.value)
    for finding, message in zip(caught.value.findings, messages):
        assert message in str(finding)


def test_every_fault_is_reported() -> None:
    body = [
        Instruction("LOAD_CONTS", 1),
        Instruction("LOAD_FAST", 5),
        Instruction("POP_TOP", "x"),
        Instruction("BUILD_TUPLE", "x"),
        Instruction("BUILD_TUPLE", -1),
        Instruction("BUILD_TUPLE", 1 << 32),
        Instruction("LOAD_DEREF", "nowhere"),
        Instruction("LOAD_NAME", None),
        Instruction("COMPARE_OP", "=>"),
        Instruction("LABEL", "a"),
        Instruction("LABEL", "a"),
        Instruction("LOAD_FAST", pyasm.Free("x")),
        Instruction("LOAD_GLOBAL", ["x"]),
    ]
    fails(
        Code("f", body, dialect=DIALECT.name),
        "f, instruction 0 (LOAD_CONTS): unknown instruction 'LOAD_CONTS' in "
        + DIALECT.name
        + " (did you mean LOAD_CONST?)",
        "f, instruction 1 (LOAD_FAST): the name of a variable is needed, not 5",
        "f, instruction 2 (POP_TOP): it takes no operand, not 'x'",
        "f, instruction 3 (BUILD_TUPLE): its operand is a number from 0 to 4294967295, not 'x'",
        "not -1",
        "not 4294967296",
        "'nowhere' is neither a cell nor a free variable",
        "a name is needed, not None",
        "'=>' is no operand of it (did you mean >?)",
        "the label 'a' is defined twice",
        "instruction 11",
        "instruction 12",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            [Instruction("JUMP_FORWARD", "nowhere"), Instruction("LABEL", "now here")],
            "no label 'nowhere' (did you mean now here?)",
        ),
        ([Instruction("LABEL", "l"), Instruction("JUMP_FORWARD", "l")], "the label 'l' does not stand behind it"),
        ([("LOAD_CONST",)], "instruction 0"),
        ([None], "instruction 0"),
        (["LOAD_CONST"], "instruction 0"),
        ([Instruction("NOP"), 7], "instruction 1"),
        ([Instruction(5, 5)], "instruction 0"),
        ([Instruction(["x"], 5)], "instruction 0"),
        ([Instruction("LABEL", [])], "instruction 0"),
        (
            [Instruction("NOP", None, Position(-5, -5, 3, 1)), Instruction("NOP", None, Position(3, 1, -4, 1))],
            "position",
        ),
        ([Instruction("NOP", None, "here")], "position"),
    ],
)
def test_broken_bodies(body: Any, message: str) -> None:
    if message == "position" and DIALECT.line_table != "locations":
        body = [Instruction("NOP", None, Position("x"))]  # type: ignore[arg-type]
    code = Code("f", dialect=DIALECT.name)
    code.body = body
    with pytest.raises(pyasm.EncodeError) as caught:
        pyasm.encode(code)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"args": ["a", "a"]},
        {"args": [1]},
        {"args": [["a"]]},
        {"locals": [None]},
        {"cells": ["c", "c"]},
        {"frees": [b"x"]},
        {"name": 5},
        {"filename": None},
        {"first_line": "x"},
        {"first_line": 1 << 40},
        {"flags": "x"},
        {"flags": 1 << 40},
        {"stack_size": 1 << 40},
        {"stack_size": "x"},
        {"doc": 5},
    ],
)
def test_broken_attributes(changes: dict[str, Any]) -> None:
    code = Code("f", returning(1), dialect=DIALECT.name)
    with pytest.raises(pyasm.AssemblyError):
        pyasm.encode(code.replace(**changes))


@pytest.mark.skipif(DIALECT.blocks != "table", reason="handlers are instructions before 3.11")
@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ([Handler("a", "b", "nowhere", 0)], "no label 'nowhere'"),
        ([Handler("b", "a", "a", 0)], "ends before it starts"),
        ([Handler("a", "b", "b", -1)], "depth"),
        ([Handler("a", "b", "b", 0), Handler("a", "b", "a", 0)], "overlap"),
        ([5], "handler 0"),
        ([Handler([], "b", "b", 0)], "handler 0"),  # type: ignore[arg-type]
        ([Handler("a", "b", "b", "x")], "handler 0"),  # type: ignore[arg-type]
    ],
)
def test_broken_handlers(handlers: Any, message: str) -> None:
    nop = Instruction("NOP")
    body = [Instruction("LABEL", "a"), nop, nop, Instruction("LABEL", "b"), *returning(1)]
    code = Code("f", body, dialect=DIALECT.name)
    code.handlers = handlers
    with pytest.raises(pyasm.EncodeError) as caught:
        pyasm.encode(code)
    assert message in str(caught.value)


def test_a_stack_that_grows_in_a_loop() -> None:
    jump = "JUMP_ABSOLUTE" if "JUMP_ABSOLUTE" in DIALECT.opcodes else "JUMP_BACKWARD"
    body = [Instruction("LABEL", "l"), Instruction("LOAD_CONST", 1), Instruction(jump, "l")]
    with pytest.raises(pyasm.EncodeError, match="the stack grows in a loop"):
        pyasm.encode(Code("f", body, dialect=DIALECT.name))


def test_other_dialects() -> None:
    [other, *_] = [name for name in isa.names() if name != DIALECT.name]
    with pytest.raises(pyasm.TargetError, match=f"is in the dialect {other}"):
        pyasm.encode(Code("f", dialect=other))
    with pytest.raises(pyasm.TargetError):
        pyasm.encode(Code("f", dialect="portable"))


def test_recursive_code() -> None:
    code = Code("f", dialect=DIALECT.name)
    code.body = returning(code)
    with pytest.raises(pyasm.EncodeError, match="too deeply"):
        pyasm.encode(code)


def test_jumps_that_make_each_other_grow() -> None:
    """Thousands of jumps at the edge of a prefix: sizes settle quickly."""
    count = 3000
    body = []
    for i in range(count):
        body.append(Instruction("JUMP_FORWARD", f"l{min(i + 128, count - 1)}"))
        body.append(Instruction("LABEL", f"l{i}"))
    made = pyasm.encode(Code("f", [*prologue(), *body, *returning(1)], dialect=DIALECT.name))
    again = pyasm.decode(made)
    assert sum(i.op == "JUMP_FORWARD" for i in again.body) == count


def test_tables_that_were_read_hold_for_the_same_bytecode_only() -> None:
    original = compile("def f(a):\n    return [a,\n        a + 1]\n", "f", "exec").co_consts[0]

    def edited(change: Callable[[Code], object]) -> types.CodeType:
        code = pyasm.decode(original)
        code.body = [Instruction(*each) for each in code.body]  # equal instructions, but not the same
        change(code)
        return pyasm.encode(code)

    def moved(code: Code) -> None:
        code.body = [e._replace(position=e.position and Position(9, 9, 1, 2)) for e in code.body]

    def longer(code: Code) -> None:
        code.body.insert(len(code.body) - 1, Instruction("NOP", None, code.body[-1].position))

    def lines(code: types.CodeType) -> set[Any]:
        return {each.position.line for each in pyasm.decode(code).body if each.position}

    same = edited(lambda code: None)
    assert same == original
    assert (lines(same), same.co_stacksize) == (lines(original), original.co_stacksize)
    assert lines(edited(moved)) <= {1, 9}
    assert len(edited(longer).co_code) == len(original.co_code) + 2
    assert edited(lambda code: setattr(code, "stack_size", 40)).co_stacksize == 40


def test_new_variables_beside_many_cells() -> None:
    """A pair of variables that are not listed, in code with more cells than the pair may count."""
    if "STORE_FAST_STORE_FAST" not in isa.running().opcodes:
        pytest.skip("no instruction of this version has two variables")
    code = pyasm.decode(compile("def f():\n    a, b = 1, 2\n    return a + b", "f", "exec").co_consts[0])
    code.locals, code.layout, code.cells = [], None, [f"c{number}" for number in range(20)]
    made = pyasm.encode(code)
    assert sorted(made.co_varnames) == ["a", "b"]
    assert eval(made) == 3


# -- instructions, and the plain tuples that stand for them until somebody reads them


def codes_in(code: Code) -> list[Code]:
    return [code, *(inner for each in code.body if isinstance(each.arg, Code) for inner in codes_in(each.arg))]


@pytest.mark.parametrize(
    "made",
    [
        lambda code: code,
        pyasm.lift,
        lambda code: pyasm.lower(pyasm.lift(code)),
        lambda code: pyasm.parse(str(pyasm.lift(code))),
        lambda code: code.replace(name="other"),
    ],
    ids=["decoded", "lifted", "lowered", "parsed", "replaced"],
)
def test_a_body_has_instructions(made: Callable[[Code], Code]) -> None:
    code = made(pyasm.decode(compile("def f(a):\n    for x in a: print(x, sep='')\n", "s", "exec")))
    for each in codes_in(code):
        assert all(type(row) is Instruction for row in each.body)
        assert all(row.position is None or type(row.position) is Position for row in each.body)
        assert each.body is each.body is each.rows


def test_the_body_may_be_read() -> None:
    """A look at the instructions changes nothing of what the code object encodes to."""
    for path in sample(stdlib_files(), 3):
        module = compiled(path)
        if module is not None:
            code = pyasm.decode(module)
            seen = pyasm.decode(module)
            for each in codes_in(seen):
                assert each.layout is not None
                assert list(each.layout.body) == each.body
                assert all(one is other for one, other in zip(each.layout.body, each.body))
            assert code == seen
            for one, other in zip(walk(module), walk(pyasm.encode(seen))):
                assert one.co_code == other.co_code
                assert one == other


def test_plain_tuples_in_a_body() -> None:
    rows: Any = [*prologue(), ("LOAD_CONST", 42, (3, 3, 0, 2)), ("RETURN_VALUE", None, None)]
    code = Code("answer", rows, dialect=DIALECT.name)
    assert make(code)() == 42
    assert code.body[-2] == Instruction("LOAD_CONST", 42, Position(3, 3, 0, 2))
    assert type(code.body[-2].position) is Position
    code.body = rows[:-2] + [("LOAD_CONST", 43, None), rows[-1]]
    assert (code.body[-2].arg, make(code)()) == (43, 43)
    code.rows = rows
    assert code.body[-1].op == "RETURN_VALUE"


def test_neighbours_share_their_position() -> None:
    one, other = (3, 3, 0, 2), (4, 4, 0, 2)
    rows: Any = [("NOP", None, one), ("NOP", None, one), ("NOP", None, other)]
    first, second, third = (each.position for each in Code("f", rows, dialect=DIALECT.name).body)
    assert first is second
    assert (first, third) == (one, other)


def test_passes_read_rows() -> None:
    """What reads `body` makes an Instruction of each row, which takes more time than a pass."""
    places = Path(pyasm.__file__).parent
    for room in ("native", "translate", "verifier"):
        for file in (places / room).glob("*.py"):
            if file.name != "malformed.py":  # which looks for what no Instruction has
                assert not re.search(r"\b(code|new|old|module|portable|inner|each|one)\.body\b", file.read_text()), file
