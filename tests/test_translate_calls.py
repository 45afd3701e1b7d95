"""Calls and functions: what compilers make comes back, and what no compiler made works.

Programs are compiled, lifted, changed where the test is about hand-written code, lowered for the running interpreter
and run.
"""

from __future__ import annotations

import random
import sys
import time
import types
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from support import SEED
from translatekit import RUNNING, codes, compare, library, lifted_to, lowered_from, run

import pyasm
from pyasm import translate
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.translate import calls, functions

PASSES = translate.PASSES.index(functions) + 1
NATIVE = {"PUSH_NULL", "CALL", "CALL_KW", "KW_NAMES", "PRECALL", "LOAD_SUPER_ATTR", "SET_FUNCTION_ATTRIBUTE"}
NATIVE_ELSEWHERE = {"LOAD_SPECIAL", "GET_ITER", "GET_ANEXT", "GET_AWAITABLE", "GET_YIELD_FROM_ITER"}
has_null = pytest.mark.skipif("PUSH_NULL" not in RUNNING.opcodes, reason="no NULL beside callables")

CALLS = """
import os, sys as system
from os import path as p
import os.path as q
try:
    import json
except ImportError:
    json = None

def f(a, b, c, *d, **e):
    g(); a(); a.m(); g(1, b); a(b, c); a.m(b)(c)
    g(a, k=b); a(k=b, l=c); a.m(k=b); a.m(b, k=c); a.b.m(k=1)
    g(*a); a(*a); a(*g); g(*g); g(*(a or g)); g(**g);
    a.m(*a); g(1, *b, k=1, **c); a.m(**b); g(**a, **b); a.m(x, *b, y=c)
    os.getcwd(); os.path.join(a, b); system.exit(k=1); p.join(k=2); q.join(1); json.loads(a, k=b); f.x(k=1)
    g(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, b)
    a.m(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, b)
    a.m(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, k=b)
    (a if b else c)(1); (a or b)(*c); (a and b or c)(k=1); (a.x if b.y else c.z)(1); ((a or b).c)(*d)
    (lambda: 0)(); (lambda x: x)(a); (x := g)(1); (y := a.b)(k=1); f"{a}{g(b)!r}".join(c); a[b](c); (a + b)(c)
    g(a if b else c); g(a if b else c, k=a or b); a.m(a if b else c)(b)
    (
        a
        .b(c)
        .d(k=1)
        .e(*b)
    )
    (a
        .b
        .c)(*d)
    assert a, g(b)
    assert a
    [g(x) for x in a]; {x.m() for x in a}; {x: a(x) for x in b}; g(x for x in a); all(g(x) for x in a)
    tuple(x for x in a); any(x for x in a)
    with a(b) as z, g() as y:
        return a(b)
    return a(b if c else d)

def returns(a, b): return (a.x if b else g)(a)
def global_(a, b): return (g if b else h)(a)
def locals_(a, b): return (a if b else b)(a)
def either(a, b):
    if a: return b(a)
    return a(b)

async def coroutine(a, b):
    await a(b); (await a)(b); await a.m(k=1)
    async with a(b) as c:
        return c(await b)
    [x async for x in a(b)]

def generator(a):
    (yield)(a); (yield from a)(*a); a((yield))

class C(a, *b, metaclass=M, **k):
    def m(self, x=1):
        super().m(x); super().a; super(C, self).m(); super(C, self).a; super().m(*x); super().m(k=x)
        super().m; super(C, self).m(x if self else 1); super().a.b(x); super()(x); super(C).m(); super().a += 1
        return super().m(
            x)
        (super()
            .m(*x))
    def cell(self):
        super().m(self)
        return lambda: (self, super().m())
    def static():
        super().m()
    x = super().y

@a
@b.c(1)
@d(k=1)
def decorated(x, y=1): pass
@a
class Decorated(b, k=1): x: int
@a
async def coroutine_(): pass
os.getcwd(); os.x(k=1); g(1); (lambda x: x)(1); g(lambda x: x)
[os.x(y) for y in os.z() if os.w(k=y)]
class D:
    [os.x(y) for y in os.z() if os.w(k=y)]
"""

SHADOWED = """
def super(*args): return args
class C:
    def m(self): return super().count(1), super(1, 2).index(2)
"""

FUNCTIONS = """
def f(a, b=1, *c, d=2, e=x, **g): return lambda h=a: (a, h)
def f(a: int, b: "str" = 1, *c: x, d: y = 2, **e: z) -> w: return lambda: (a, b, c)
def f(a, b: int) -> None:
    def g(c: b = a, *, d: a = b) -> c: return a, b
    def h(c: "x", d: "y"): return a
    return [lambda: a for a in b]
class C:
    x: int = 1
    def m(self, x: int) -> str: return __class__
    @staticmethod
    def n(x: "int" =1): pass
"""

GENERIC = """
def f[T](x: T, y: int = 1) -> T: return x
@d
def f[T: int, *U, **V](x: T = 1, *, y=2): pass
@d
def f[T](x=1): pass
@d
@e
def f[T](*, x=1): pass
class C[T](B, k=1):
    def m[U](self, x: T, y: U) -> int: return super().m()
@d
class C[T]: pass
type X[T] = list[T]
type Y = int
"""
SOURCES = [CALLS, SHADOWED, FUNCTIONS, "from __future__ import annotations\n" + FUNCTIONS]
SOURCES += [GENERIC] if sys.version_info >= (3, 12) else []


def decoded(source: str) -> Code:
    return pyasm.decode(compile(source, "program.py", "exec", dont_inherit=True))


def without_layout(code: Code) -> Code:
    """A copy that does not know its compiler's pools and habits, as if it were written by hand."""
    inner = [e._replace(arg=without_layout(e.arg)) if isinstance(e.arg, Code) else e for e in code.body]
    return code.replace(body=inner, layout=None)


@pytest.mark.parametrize("source", SOURCES)
def test_programs_come_back(source: str) -> None:
    for code in codes(decoded(source)):
        lifted = lifted_to(code, PASSES)
        assert compare(code, lowered_from(lifted, PASSES)) is None
        left = {e.op for e in lifted.body} & NATIVE
        assert not left or {e.op for e in code.body} & NATIVE_ELSEWHERE, (code.qualname, left)


def test_the_library_comes_back() -> None:
    count = 0
    for module in library(6):
        original = pyasm.decode(module)
        earlier = lowered_from(lifted_to(original, PASSES - 2), PASSES - 2)
        back = lowered_from(lifted_to(original, PASSES), PASSES)
        for code, before, other in zip(codes(original), codes(earlier), codes(back)):
            if compare(code, before) is None:  # what the passes before these two do not give back is theirs
                assert compare(code, other) is None
                assert code.qualname == other.qualname
                count += 1
    assert count > 5


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_not_known_is_derived_from_the_module(source: str) -> None:
    """Imported names and another super than the builtin one make other instructions; no layout tells that."""
    original = decoded(source)
    back = pyasm.lower(without_layout(pyasm.lift(original)))
    for code, other in zip(codes(original), codes(back)):
        assert compare(empty_constants(code), empty_constants(other)) is None


def empty_constants(code: Code) -> Code:
    """3.9 builds the empty tuple of a call with ** alone; without its habits it is loaded."""
    body = [e._replace(op="LOAD_CONST", arg=()) if e[:2] == ("BUILD_TUPLE", 0) else e for e in code.body]
    return code.replace(body=body)


def test_portable_calls_are_those_of_the_oldest_version() -> None:
    source = "import m\ndef f(a, g):\n a.m(1); a.m(k=1); m.f(1); m.f(k=1); g(k=1); g(*a, **a); super().x"
    body = next(e.arg for e in pyasm.lift(decoded(source)).body if isinstance(e.arg, Code)).body
    found = [(e.op, e.arg) for e in body if e.op.startswith(("CALL", "LOAD_METHOD", "LOAD_ATTR"))]
    assert found == [
        ("LOAD_METHOD", "m"),
        ("CALL_METHOD", 1),
        ("LOAD_ATTR", "m"),
        ("CALL_FUNCTION_KW", 1),
        ("LOAD_METHOD", "f"),
        ("CALL_METHOD", 1),
        ("LOAD_ATTR", "f"),
        ("CALL_FUNCTION_KW", 1),
        ("CALL_FUNCTION_KW", 1),
        ("CALL_FUNCTION_EX", 1),
        ("CALL_FUNCTION", 0),
        ("LOAD_ATTR", "x"),
    ]


def written(*instructions: tuple[Any, ...], args: tuple[str, ...] = ()) -> Callable[..., Any]:
    """A function of portable instructions, without positions, made for the running interpreter and lifted once more."""
    body = [Instruction(*each) for each in instructions]
    native = pyasm.lower(Code("f", body, dialect="portable", args=args))
    again = pyasm.lower(pyasm.lift(native).replace(layout=None, stack_size=0))
    for code in native, again:
        made = types.FunctionType(pyasm.encode(code), {"__builtins__": __builtins__, "given": given})
        yield_made.append(made)
    return yield_made.pop()


yield_made: list[Callable[..., Any]] = []


def given(*args: Any, **keywords: Any) -> Any:
    """What a call was given."""
    return args, keywords


LOAD = [
    [("LOAD_GLOBAL", "given")],
    [("LOAD_FAST", "f")],
    [("LOAD_FAST", "f"), ("DUP_TOP",), ("ROT_TWO",), ("POP_TOP",)],
    [("LOAD_CONST", 5), ("LOAD_FAST", "f"), ("ROT_TWO",), ("POP_TOP",)],
    [("LOAD_CONST", 5), ("LOAD_FAST", "f"), ("DUP_TOP_TWO",), ("ROT_FOUR",), ("POP_TOP",), ("POP_TOP",), ("POP_TOP",)],
    [("LOAD_FAST", "f"), ("LOAD_CONST", 0), ("BUILD_TUPLE", 2), ("UNPACK_SEQUENCE", 2), ("ROT_TWO",), ("POP_TOP",)],
    [("LOAD_FAST", "f"), ("LOAD_CONST", 0), ("BUILD_TUPLE", 2), ("LOAD_CONST", 0), ("BINARY_SUBSCR",)],
    [
        ("LOAD_FAST", "a"),
        ("POP_JUMP_IF_FALSE", "else"),
        ("LOAD_FAST", "f"),
        ("JUMP_FORWARD", "end"),
        ("LABEL", "else"),
        ("LOAD_GLOBAL", "given"),
        ("LABEL", "end"),
    ],
    [
        ("LOAD_FAST", "f"),
        ("LOAD_FAST", "a"),
        ("POP_JUMP_IF_TRUE", "end"),
        ("POP_TOP",),
        ("LOAD_GLOBAL", "given"),
        ("LABEL", "end"),
    ],
    [("LOAD_FAST", "f"), ("DUP_TOP",), ("STORE_FAST", "other")],
    [("LOAD_FAST", "f"), ("LOAD_ATTR", "__call__")],
]
ARGUMENTS: list[list[tuple[Any, ...]]] = [
    [],
    [("LOAD_CONST", 1)],
    [("LOAD_CONST", 1), ("LOAD_CONST", 2)],
    [("LOAD_FAST", "a"), ("DUP_TOP",)],
    [
        ("LOAD_FAST", "a"),
        ("POP_JUMP_IF_FALSE", "no"),
        ("LOAD_CONST", 1),
        ("JUMP_FORWARD", "yes"),
        ("LABEL", "no"),
        ("LOAD_CONST", 2),
        ("LABEL", "yes"),
    ],
    [("LOAD_CONST", 1), ("LOAD_CONST", 2), ("ROT_TWO",)],
]
COUNTS = [0, 1, 2, 2, 1, 2]


def expected(arguments: int, a: Any) -> tuple[Any, ...]:
    return [(), (1,), (1, 2), (a, a), (1 if a else 2,), (2, 1)][arguments]


@pytest.mark.parametrize("load", range(len(LOAD)))
def test_calls_of_any_callable(load: int) -> None:
    for arguments, a in product(range(len(ARGUMENTS)), (True, False)):
        call = ("CALL_FUNCTION", COUNTS[arguments])
        f = written(*LOAD[load], *ARGUMENTS[arguments], call, ("RETURN_VALUE",), args=("f", "a"))
        assert f(given, a) == (expected(arguments, a), {})


@pytest.mark.parametrize("load", range(len(LOAD)))
def test_named_arguments_of_any_callable(load: int) -> None:
    for arguments, a in product(range(1, len(ARGUMENTS)), (True, False)):
        call = [("LOAD_CONST", ("k",)), ("CALL_FUNCTION_KW", COUNTS[arguments]), ("RETURN_VALUE",)]
        f = written(*LOAD[load], *ARGUMENTS[arguments], *call, args=("f", "a"))
        *positional, last = expected(arguments, a)
        assert f(given, a) == (tuple(positional), {"k": last})


@pytest.mark.parametrize("load", range(len(LOAD)))
def test_packed_arguments_of_any_callable(load: int) -> None:
    merged = [("BUILD_MAP", 0), ("LOAD_FAST", "k"), ("DICT_MERGE", 1)]
    for mapping, a in product(([], merged, [("LOAD_FAST", "k")]), (True, False)):
        call = [("CALL_FUNCTION_EX", int(mapping != [])), ("RETURN_VALUE",)]
        f = written(*LOAD[load], ("LOAD_CONST", (1, 2)), *mapping, *call, args=("f", "a", "k"))
        keywords = types.MappingProxyType({"x": 1})
        assert f(given, a, keywords) == ((1, 2), {"x": 1} if mapping else {})


def test_two_calls_of_one_callable() -> None:
    body = [("LOAD_FAST", "f"), ("DUP_TOP",), ("LOAD_CONST", 1), ("CALL_FUNCTION", 1), ("CALL_FUNCTION", 1)]
    assert written(*body, ("RETURN_VALUE",), args=("f",))(given) == ((((1,), {}),), {})


def test_a_callable_that_is_dropped_on_one_path() -> None:
    body = [
        ("LOAD_FAST", "f"),
        ("LOAD_FAST", "a"),
        ("POP_JUMP_IF_FALSE", "drop"),
        ("CALL_FUNCTION", 0),
        ("RETURN_VALUE",),
        ("LABEL", "drop"),
        ("POP_TOP",),
        ("LOAD_CONST", 3),
        ("RETURN_VALUE",),
    ]
    f = written(*body, args=("f", "a"))
    assert (f(given, True), f(given, False)) == (((), {}), 3)


def test_random_programs_of_calls() -> None:
    """Nested calls of every form, with conditional parts, against their value."""
    chance = random.Random(SEED)
    for number in range(40):
        body, value = _expression(chance, 3, f"n{number}_")
        f = written(*body, ("RETURN_VALUE",), args=("f", "a"))
        assert f(given, True) == value, body


def _expression(chance: random.Random, depth: int, stem: str) -> tuple[list[tuple[Any, ...]], Any]:
    """Instructions for a random expression, and its value when `a` is true and `f` is `given`."""
    kind = chance.randrange(6) if depth else 0
    if kind == 0:
        number = chance.randrange(300)
        return [("LOAD_CONST", number)], number
    if kind == 1:
        one, value = _expression(chance, depth - 1, stem + "t")
        other, _ = _expression(chance, depth - 1, stem + "e")
        labels = (stem + "else", stem + "end")
        test = [("LOAD_FAST", "a"), ("POP_JUMP_IF_FALSE", labels[0])]
        end = [("JUMP_FORWARD", labels[1]), ("LABEL", labels[0]), *other, ("LABEL", labels[1])]
        return [*test, *one, *end], value
    load: list[tuple[Any, ...]] = [[("LOAD_GLOBAL", "given")], [("LOAD_FAST", "f")], LOAD[-1]][chance.randrange(3)]
    parts = [_expression(chance, depth - 1, f"{stem}{n}") for n in range(chance.randrange(1, 4))]
    instructions = [each for part, _ in parts for each in part]
    values = tuple(value for _, value in parts)
    if kind == 2:
        names = [("LOAD_CONST", ("k",)), ("CALL_FUNCTION_KW", len(parts))]
        return [*load, *instructions, *names], (values[:-1], {"k": values[-1]})
    if kind == 3:
        packed = [("BUILD_TUPLE", len(parts)), ("CALL_FUNCTION_EX", 0)]
        return [*load, *instructions, *packed], (values, {})
    if kind == 4:
        method = [("LOAD_FAST", "f"), ("LOAD_METHOD", "__call__")]
        return [*method, *instructions, ("CALL_METHOD", len(parts))], (values, {})
    return [*load, *instructions, ("CALL_FUNCTION", len(parts))], (values, {})


@pytest.mark.skipif("KW_NAMES" not in RUNNING.opcodes, reason="names of arguments are on the stack")
def test_computed_names_of_arguments_are_an_error() -> None:
    body = [("LOAD_FAST", "f"), ("LOAD_CONST", 1), ("LOAD_FAST", "names"), ("CALL_FUNCTION_KW", 1), ("RETURN_VALUE",)]
    with pytest.raises(TargetError, match="constant tuple") as caught:
        written(*body, args=("f", "names"))
    assert "instruction 3 (CALL_FUNCTION_KW)" in str(caught.value)


@has_null
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([("LOAD_FAST", "f"), ("CALL_FUNCTION", 1)], r"instruction 1 \(CALL_FUNCTION\): it takes 2 entries .* of 1"),
        (
            [("LOAD_FAST", "f"), ("CALL_FUNCTION_KW", 1)],
            r"instruction 1 \(CALL_FUNCTION_KW\): it takes 3 entries .* of 1",
        ),
        (
            [("LOAD_FAST", "f"), ("CALL_FUNCTION_EX", 1)],
            r"instruction 1 \(CALL_FUNCTION_EX\): it takes 3 entries .* of 1",
        ),
        ([("LOAD_FAST", "f"), ("CALL_METHOD", 0)], r"instruction 1 \(CALL_METHOD\): it takes 2 entries .* of 1"),
        ([("POP_TOP",), ("CALL_FUNCTION", 0)], r"instruction 0 \(POP_TOP\): it takes 1 entries .* of 0"),
        (
            [("LOAD_FAST", "f"), ("POP_JUMP_IF_FALSE", "L"), ("LABEL", "L"), ("BINARY_ADD",), ("CALL_FUNCTION", 0)],
            r"instruction 3 \(BINARY_ADD\): it takes 2 entries .* of 0",
        ),
        ([("LOAD_FAST", "f"), ("ROT_TWO",), ("CALL_FUNCTION", 1)], r"instruction 1 \(ROT_TWO\): it takes 2 entries"),
    ],
)
def test_fewer_entries_than_a_call_takes_are_an_error(body: list[tuple[Any, ...]], message: str) -> None:
    code = Code("few", [Instruction(*each) for each in [*body, ("RETURN_VALUE",)]], dialect="portable", args=["f"])
    with pytest.raises(TargetError, match="few, " + message):
        pyasm.lower(code)


@has_null
def test_code_that_no_path_comes_to_may_take_what_is_not_there() -> None:
    ends = [Instruction("LOAD_CONST", None), Instruction("RETURN_VALUE")]
    code = Code("f", [*ends, Instruction("CALL_FUNCTION", 150), *ends], dialect="portable")
    run(calls.lower, code)
    assert any(each.op == "CALL" and each.arg == 149 for each in code.body)


@has_null
def test_time_is_linear_in_what_is_between_a_callable_and_its_call() -> None:
    """What would be quadratic takes minutes here."""
    load, call = ("LOAD_FAST", "f"), ("CALL_FUNCTION", 1)
    either = [("LOAD_FAST", "a"), ("JUMP_IF_TRUE_OR_POP", "{}"), ("LOAD_FAST", "f"), ("LABEL", "{}")]
    many = 10000
    for body in (
        [load, *[("LOAD_CONST", 1)] * many, ("CALL_FUNCTION", many)],
        [*[load] * many, ("LOAD_CONST", 1), *[call] * many],
        [load, *[("CALL_FUNCTION", 0)] * many],
        [load, *[("LOAD_METHOD", "m"), ("CALL_METHOD", 0)] * many],
        [load, *[("LOAD_ATTR", "m"), ("CALL_FUNCTION", 0)] * many],
        [
            load,
            *[("LOAD_FAST", "a"), ("LOAD_CONST", 1), ("COMPARE_OP", "<"), ("POP_TOP",)] * many,
            ("CALL_FUNCTION", 0),
        ],
        [each for n in range(many) for each in (load, *((a, b.format(n)) for a, b in either), call, ("POP_TOP",))],
        [each for n in range(many) for each in (*((a, b.format(n)) for a, b in either), load, call, ("POP_TOP",))],
    ):
        end = [("LOAD_CONST", None), ("RETURN_VALUE",)]
        code = Code("f", [Instruction(*each) for each in [*body, *end]], dialect="portable", args=["f", "a"])
        began = time.process_time()
        run(calls.lower, code)
        run(calls.lift, code)
        assert time.process_time() - began < 8


@pytest.mark.skipif("LOAD_SUPER_ATTR" not in RUNNING.opcodes, reason="no instruction for super()")
def test_a_label_before_the_attribute_of_super_stays() -> None:
    """What is in front of it may have come from elsewhere: then super is called with both."""

    class A:
        def name(self) -> str:
            return "A"

    class B(A):
        def name(self) -> str:
            return "B" + super().name()

    code = pyasm.decode(B.name.__code__)
    at = next(index for index, each in enumerate(code.body) if each.op == "LOAD_SUPER_ATTR")
    code.body.insert(at, Instruction("LABEL", "here"))
    lifted = pyasm.lift(code)
    assert Instruction("LABEL", "here") in lifted.body
    assert [each.arg for each in lifted.body if each.op == "CALL_FUNCTION"] == [2]
    assert types.FunctionType(pyasm.assemble(lifted), globals(), closure=B.name.__closure__)(B()) == "BA"


@has_null
def test_a_null_that_is_counted_across_is_an_error() -> None:
    code = next(e.arg for e in decoded("def f(a): return a(1)").body if isinstance(e.arg, Code))
    argument = next(n for n, e in enumerate(code.body) if e.arg == 1 and e.op.startswith("LOAD_"))
    code.body[argument:argument] = [Instruction("COPY", 2), Instruction("POP_TOP")]
    with pytest.raises(TargetError, match="counted across"):
        run(calls.lift, code)


def made_by(source: str, name: str = "f", **names: Any) -> Any:
    """What a program defines after lift, loss of the layout, and lower."""
    space: dict[str, Any] = dict(names)
    exec(pyasm.encode(pyasm.lower(without_layout(pyasm.lift(decoded(source))))), space)
    return space[name]


def test_a_made_function_has_all_its_attributes() -> None:
    source = "def g(a):\n def f(x: int, y: 'str' = 1, *, z=2) -> a: return a\n return f\nf = g(3)"
    f = made_by(source)
    assert (f(0), f.__defaults__, f.__kwdefaults__) == (3, (1,), {"z": 2})
    assert f.__annotations__ == {"x": int, "y": "str", "return": 3}
    assert f.__qualname__ == f.__code__.co_name.join(["g.<locals>.", ""])


def test_annotations_as_the_oldest_version_has_them() -> None:
    """Values, then a constant tuple of names: on the running interpreter whatever it wants."""
    for value in ([("LOAD_GLOBAL", "given")], [("LOAD_CONST", "given")]):
        inner = Code("g", [Instruction("LOAD_CONST", 4), Instruction("RETURN_VALUE")], dialect="portable")
        names = [("LOAD_CONST", "text"), ("LOAD_CONST", ("a", "return")), ("BUILD_CONST_KEY_MAP", 2)]
        make = [("LOAD_CONST", inner), ("LOAD_CONST", "some.g"), ("MAKE_FUNCTION", 4), ("RETURN_VALUE",)]
        g = written(*value, *names, *make)()
        assert g.__annotations__ == {"a": given if value[0][0] == "LOAD_GLOBAL" else "given", "return": "text"}
        assert (g(), g.__qualname__) == (4, "some.g")


def test_one_code_object_with_two_names() -> None:
    inner = Code("g", [Instruction("LOAD_CONST", 4), Instruction("RETURN_VALUE")], dialect="portable")
    one, other = [
        [("LOAD_CONST", inner), ("LOAD_CONST", name), ("MAKE_FUNCTION", 0)] for name in ("first.g", "second.g")
    ]
    made = written(*one, *other, ("BUILD_TUPLE", 2), ("RETURN_VALUE",))()
    assert [g.__qualname__ for g in made] == ["first.g", "second.g"]


def test_functions_that_make_annotations_are_called_where_there_are_none() -> None:
    """Flag 16: since 3.14 the function is kept, before that it is called when the other one is made."""
    inner = Code("g", [Instruction("LOAD_CONST", 4), Instruction("RETURN_VALUE")], dialect="portable")
    annotate = Code("__annotate__", [], dialect="portable", posonlyargs=["format"])
    annotate.body = [Instruction("LOAD_CONST", "x"), Instruction("LOAD_CONST", 1), Instruction("BUILD_MAP", 1)]
    annotate.body.append(Instruction("RETURN_VALUE"))
    make = [("LOAD_CONST", annotate), ("LOAD_CONST", "g.__annotate__"), ("MAKE_FUNCTION", 0)]
    make += [("LOAD_CONST", inner), ("LOAD_CONST", "g"), ("MAKE_FUNCTION", 16), ("RETURN_VALUE",)]
    g = written(*make)()
    assert (g.__annotations__, g()) == ({"x": 1}, 4)


PLAIN = """
import os
def f(a, b: int = 1, *c, d=2, **e) -> str:
    def g(x=b, *, y=c): return a
    a(b); os.getcwd(); a(k=b); a.m(k=b); a.m(b); a(*c, **e); super().m(k=1); super(a, b).m(); (a or b)(1)
    assert a, b(c)
    return lambda x=a: x(lambda: b)
@f(1)
def g(): pass
"""


def test_every_target_takes_every_program() -> None:
    """What one version's compiler makes is for all others what theirs would make."""
    portable = pyasm.lift(decoded(PLAIN))
    for name in pyasm.isa.names():
        there = pyasm.lower(portable, name)
        back = pyasm.lower(pyasm.lift(there))
        found = [{c.name: [e.op for e in c.body if "CALL" in e.op] for c in codes(x)} for x in (decoded(PLAIN), back)]
        assert [found[0][each] for each in "fg"] == [found[1][each] for each in "fg"]
