"""The tuple form: what a list shows, what it may say, what is kept of a function, and what is wrong with a list."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import math
import traceback
import types
from typing import Any

import pytest
from support import compiled, differences, sample, stdlib_files

import pyasm
from pyasm import Const, TupleError, byte_compile, from_tuples, isa, macro, to_tuples
from pyasm.translate import lift, lower
from pyasm.tuples.form import Described


def identity(tups: Any) -> Any:
    return tups


def plain(tups: Any) -> list[tuple[str, Any]]:
    """Tuples without anything beside them, as a macro may write them by hand."""
    return [(str(op), str(arg) if isinstance(arg, str) else arg) for op, arg in tups]


def simple(body: list[Any], *parameters: str) -> list[Any]:
    """The list of a function f."""
    return [("DEFINE", "f"), *[("ADD_ARG", p) for p in parameters], *body, ("END", 0)]


RETURN_NONE = [("LOAD_CONST", None), ("RETURN_VALUE", 0)]


def wrong(tups: Any, **options: Any) -> list[str]:
    """What is said of a list."""
    with pytest.raises(TupleError) as caught:
        macro(lambda _: tups, **options)(identity)
    return [str(each) for each in caught.value.findings]


# -- what a list shows


def test_a_list() -> None:
    def f(a: int, /, b: int = 1, *args: int, c: int, **kw: int) -> Any:
        if a > b:
            return "it's"
        return lambda: 1.0

    shown = plain(to_tuples(f))
    assert shown == [
        ("DEFINE", "f"),
        ("ADD_ARG", "a"),
        ("ADD_ARG", "/"),
        ("ADD_ARG", "b"),
        ("ADD_ARG", "*args"),
        ("ADD_ARG", "c"),
        ("ADD_ARG", "**kw"),
        ("LOAD_FAST", "a"),
        ("LOAD_FAST", "b"),
        ("COMPARE_OP", ">"),
        ("POP_JUMP_IF_FALSE", "L1"),
        ("LOAD_CONST", '"it\'s"'),
        ("RETURN_VALUE", 0),
        ("LABEL", "L1"),
        ("LOAD_OBJECT", "<lambda>"),
        ("LOAD_CONST", '"test_a_list.<locals>.f.<locals>.<lambda>"'),
        ("MAKE_FUNCTION", 0),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "<lambda>"),
        ("LOAD_CONST", "1.0"),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]
    assert repr(to_tuples(f)[0]) == "('DEFINE', 'f')"
    assert all(isinstance(each, tuple) and len(each) == 2 for each in to_tuples(f))


def test_keyword_only_parameters_are_behind_a_star() -> None:
    def f(*, a: int) -> None: ...

    assert plain(to_tuples(f))[1:3] == [("ADD_ARG", "*"), ("ADD_ARG", "a")]


def test_a_description_has_the_very_object() -> None:
    nan = float("nan")
    code = pyasm.Code("f", [pyasm.Instruction("LOAD_CONST", nan)], dialect="portable")
    ((_, arg),) = to_tuples(code)[1:-1]
    assert arg == "nan"
    assert arg.value is nan
    assert from_tuples(to_tuples(code)).body[0].arg is nan
    assert copy.deepcopy(arg).value is nan


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        1.5,
        -0.0,
        math.inf,
        -math.inf,
        2j,
        1 - 2j,
        complex(-0.0, -3),
        complex(0.0, -3),
        complex(1, -0.0),
        "",
        "it's",
        'say "hi"',
        "a\\b\n",
        "é\ud800",
        b"x'",
        None,
        True,
    ]
    + [..., (), (1,), (1, ("a", None)), frozenset(), frozenset({1, 2})],
    ids=ascii,
)
def test_a_description_is_a_literal(value: Any) -> None:
    code = pyasm.Code("f", [pyasm.Instruction("LOAD_CONST", value)], dialect="portable")
    again = from_tuples(plain(to_tuples(code))).body[0].arg
    assert (type(again), repr(again)) == (type(value), repr(value))


def test_a_long_number_is_a_literal() -> None:
    code = pyasm.Code("f", [pyasm.Instruction("LOAD_CONST", 10**5000)], dialect="portable")
    assert from_tuples(plain(to_tuples(code))).body[0].arg == 10**5000


def test_names_are_told_apart() -> None:
    inner = [pyasm.Code(name, dialect="portable") for name in ("f", "g", "g", "g#2", "f")]
    code = pyasm.Code("f", [pyasm.Instruction("LOAD_CONST", each) for each in inner], dialect="portable")
    names = [arg for op, arg in to_tuples(code) if op == "DEFINE"]
    assert names == ["f", "f#2", "g", "g#3", "g#2", "f#3"] or len(set(names)) == 6
    assert [name.value for name in names[1:]] == [inner[i] for i in (0, 1, 2, 3, 4)]
    assert [each.arg.name for each in from_tuples(plain(to_tuples(code))).body] == ["f", "g", "g", "g", "f"]


# -- there and back


def test_library_comes_back() -> None:
    refused = []
    for file in sample(stdlib_files(), 40):
        module = compiled(file)
        if module is None:
            continue
        try:
            code = lift(pyasm.decode(module))
            lower(code)
        except pyasm.TargetError as error:
            refused.append(f"{file}: {error}")
            continue
        tups = to_tuples(code)
        again = from_tuples(tups)
        assert again == code, file
        assert not differences(pyasm.encode(lower(again)), pyasm.encode(lower(code))), file
        # Without anything but the tuples themselves, the instructions are still the same.
        assert without_sets(to_tuples(from_tuples(plain(tups)))) == without_sets(tups), file
    assert len(refused) <= 3, refused  # of the whole library


def without_sets(tups: Any) -> list[tuple[str, Any]]:
    """Their order may change when they are made again."""
    return [(op, arg) for op, arg in plain(tups) if "frozenset" not in str(arg)]


def test_what_is_not_changed_is_the_same_code() -> None:
    def outer() -> Any:
        def inner() -> int:
            return 1

        return inner

    assert macro(identity)(outer).__code__ is outer.__code__


def test_unchanged_inner_code_is_kept() -> None:
    def outer() -> Any:
        x = 1

        def inner() -> int:
            """Documented."""
            return x

        return inner

    new = macro(lambda tups: [("LOAD_CONST", 2) if t == ("LOAD_CONST", "1") else t for t in tups])(outer)
    assert new()() == 2
    assert new().__doc__ == "Documented."
    assert new().__code__ == outer().__code__


def test_positions_ride_on_the_tuples() -> None:
    def f(x: Any) -> Any:
        y = "dropped"  # noqa: F841
        return (
            x
            + 1
        )  # fmt: skip

    new = macro(lambda tups: [t for t in tups if t[1] not in ("y", '"dropped"')] and [*tups[:2], *tups[4:]])(f)
    assert "y" not in new.__code__.co_varnames
    (old_line,), (new_line,) = [_failing_lines(each) for each in (f, new)]
    assert old_line == new_line


def _failing_lines(function: Any) -> list[int | None]:
    try:
        function(None)
    except TypeError as error:
        return [entry.lineno for entry in traceback.extract_tb(error.__traceback__)[1:]]
    raise AssertionError("it does not fail")


# -- what a list may say


def value_of(tups: Any, *args: Any, **options: Any) -> Any:
    return macro(lambda _: tups, **options)(identity)(*args)


def test_loose_forms() -> None:
    body = [["load_fast", "x"], ("Label", 3), ("load_const", "2", "comment"), ("binary_add",), ("JUMP_FORWARD", "3a")]
    body += [("LABEL", "3a"), ("EXTENDED_ARG", 7), ("RETURN_VALUE", "")]
    assert value_of(iter(simple(body, "x")), 1) == 3


def test_jump_forward_may_go_back() -> None:
    body = [("LABEL", "a"), ("LOAD_FAST", "x"), ("POP_JUMP_IF_FALSE", "b"), ("LOAD_FAST", "x"), ("LOAD_CONST", 1)]
    body += [("INPLACE_SUBTRACT", 0), ("STORE_FAST", "x"), ("JUMP_FORWARD", "a"), ("LABEL", "b")]
    assert value_of(simple([*body, ("LOAD_FAST", "x"), ("RETURN_VALUE", 0)], "x"), 9) == 0


@pytest.mark.parametrize(
    ("arg", "value"),
    [("'a'", "a"), (Const("a'"), "a'"), (5, 5), ("5", 5), (None, None), ([1], [1]), ("[1, {2: {3}}]", [1, {2: {3}}])]
    + [
        ("  7 ", 7),
        (Const(Const), Const),
        ("frozenset({1})", frozenset({1})),
        (Described("x", 3), 3),
        ("-1-2j", -1 - 2j),
    ],
)
def test_constants(arg: Any, value: Any) -> None:
    assert value_of(simple([("LOAD_CONST", arg), ("RETURN_VALUE", 0)]), *[0][:0]) == value


def test_names_in_functions() -> None:
    def make() -> Any:
        free = "free"

        def f(parameter: str) -> Any:
            local = "local"
            return free, parameter, local, len

        return f

    named = {"LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL"}
    new = macro(lambda tups: [("LOAD_NAME", arg) if op in named else (op, arg) for op, arg in tups])(make())
    assert new("p") == ("free", "p", "local", len)


def test_a_code_object_brings_its_own_along() -> None:
    snippet = byte_compile("g = lambda: 42")
    tups = simple([*snippet[:-1], ("CALL_FUNCTION", 0), ("RETURN_VALUE", 0)])
    assert value_of(tups) == 42
    assert not [op for op, _ in snippet if op in ("DEFINE", "END")]


def test_generators_and_coroutines_are_recognised() -> None:
    generator = simple([("LOAD_CONST", 1), ("YIELD_VALUE", 0), ("RETURN_VALUE", 0)])
    assert list(value_of(generator)) == [1]
    waiting = [("LOAD_FAST", "x"), ("GET_AWAITABLE", 0), ("LOAD_CONST", None), ("YIELD_FROM", 0), ("RETURN_VALUE", 0)]
    assert asyncio.run(value_of(simple(waiting, "x"), asyncio.sleep(0, "value"))) == "value"


def test_padding() -> None:
    body = [("LOAD_CONST", 1), ("LOAD_CONST", 2), ("BUILD_TUPLE", 4), ("RETURN_VALUE", 0)]
    assert value_of(simple(body), pad_underflow=True) == (None, None, 1, 2)
    body = [*[("LOAD_CONST", i) for i in range(5)], ("BUILD_LIST", 7), ("RETURN_VALUE", 0)]
    assert value_of(simple(body), pad_underflow=True) == [None, None, 0, 1, 2, 3, 4]


def test_native_lists() -> None:
    def f(x: Any) -> Any:
        try:
            return x[0]
        except KeyError:
            return "nothing"

    shown = to_tuples(f, dialect="native")
    assert {op for op, _ in shown} - set(isa.running().opcodes) <= {"DEFINE", "ADD_ARG", "END", "LABEL", "HANDLER"}
    change = [(op, '"something"') if arg == '"nothing"' else (op, arg) for op, arg in shown]
    new = macro(lambda _: change, dialect="native")(f)
    assert new([3]) == 3
    assert new({}) == "something"
    assert pyasm.encode(from_tuples(shown, dialect="native")) == f.__code__


# -- what is kept of a function


def numbered(tups: Any) -> Any:
    """A macro that changes something."""
    return [("LOAD_CONST", "2") if t == ("LOAD_CONST", "1") else t for t in tups]


def test_attributes_are_kept() -> None:
    count = 0

    def f(a: int, b: str = "b", *, c: float = 1.5) -> tuple[Any, ...]:
        """Documented."""
        nonlocal count
        count += 1
        return a, b, c

    f.extra = [1]  # type: ignore[attr-defined]
    new = macro(numbered)(f)
    assert new(0) == (0, "b", 1.5)
    assert count == 2
    assert new is not f
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__", "__dict__"):
        assert getattr(new, name) == getattr(f, name), name
    assert new.__annotations__ == f.__annotations__
    assert new.__closure__ == f.__closure__
    assert new.__globals__ is f.__globals__
    assert inspect.signature(new) == inspect.signature(f)
    assert f.__code__ is not new.__code__


def test_kinds_of_functions_are_kept() -> None:
    def generator() -> Any:
        yield 1

    async def coroutine() -> Any:
        return 1

    async def agenerator() -> Any:
        yield 1

    assert list(macro(numbered)(generator)()) == [2]
    assert asyncio.run(macro(numbered)(coroutine)()) == 2

    async def collect() -> Any:
        return [each async for each in macro(numbered)(agenerator)()]

    assert asyncio.run(collect()) == [2]


def test_default_values_go_with_their_names() -> None:
    def f(a: Any, b: Any = "b", c: Any = "c") -> Any:
        return a, b, c, 1

    def without_b(tups: Any) -> Any:
        return [t for t in tups if t != ("ADD_ARG", "b")]

    def in_front(tups: Any) -> Any:
        return [tups[0], ("ADD_ARG", "new"), *tups[1:]]

    assert macro(in_front)(f).__defaults__ == ("b", "c")
    assert inspect.signature(macro(without_b)(f)).parameters["c"].default == "c"
    assert list(inspect.signature(macro(without_b)(f)).parameters) == ["a", "c"]


def test_methods_and_classes() -> None:
    class A:
        def method(self) -> int:
            return 1

        @functools.lru_cache(None)  # noqa: B019  # not a function: it stays
        def cached(self) -> int:
            return 1

        size = staticmethod(len)

    bound = macro(numbered)(A().method)
    assert isinstance(bound, types.MethodType)
    assert bound() == 2
    assert A().method() == 1
    assert macro(numbered)(A) is A
    assert (A().method(), A().cached(), A.size("abc")) == (2, 1, 3)
    assert macro(numbered)(staticmethod(bound.__func__)).__func__(None) == 2


@pytest.mark.parametrize(
    ("target", "message"),
    [(len, "built in"), (int, "built in"), ([].append, "built in"), (str.upper, "built in")]
    + [(functools.partial(print), "__call__ of partial"), (3, "not int"), (staticmethod(len), "built in")],
)
def test_what_has_no_bytecode(target: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        macro(identity)(target)


def test_arguments_of_macro() -> None:
    with pytest.raises(TypeError, match="a macro is a function"):
        macro([])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'portable' or 'native'"):
        macro(identity, dialect="3.9")
    with pytest.raises(TypeError, match="a function or a code object"):
        to_tuples(3)


# -- what is wrong with a list


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            [("LOAD_FSAT", "x")],
            "f, tuple 1 ('LOAD_FSAT', 'x'): unknown instruction 'LOAD_FSAT' (did you mean LOAD_FAST?)",
        ),
        ([("JUMP_ABSOLUTE", "exti"), ("LABEL", "exit")], "there is no label 'exti' here (did you mean exit?)"),
        ([("LABEL", "a"), ("LABEL", "a")], "f, tuple 2 ('LABEL', 'a'): there is a label 'a' already, tuple 1"),
        ([("LABEL", 1), ("LABEL", "1")], "there is a label '1' already, tuple 1"),
        ([("LOAD_CONST", "hello")], "'hello' is no literal (a text is '\"hello\"' or Const('hello'); what is no str"),
        ([("LOAD_CONST", "print()")], "'print()' is no literal"),
        ([("LOAD_CONST", "1 + 1")], "'1 + 1' is no literal"),
        ([("CALL_FUNCTION", "x")], "a number from 0 to 4294967295 is needed, not 'x'"),
        ([("CALL_FUNCTION", -1)], "a number from 0 to 4294967295 is needed, not -1"),
        ([("LOAD_FAST", 0)], "a name is needed, not 0"),
        ([("COMPARE_OP", "in")], "'in' is no argument of COMPARE_OP (('CONTAINS_OP', 0))"),
        ([("COMPARE_OP", "=>")], "'=>' is no argument of COMPARE_OP (did you mean"),
        ([("LIST_APPEND", 0)], "entries are counted from 1"),
        (
            [("NOP", 0), ("ADD_ARG", "x")],
            "ADD_ARG stands directly under its DEFINE (its DEFINE is tuple 0; NOP is between",
        ),
        ([("LOAD_OBJECT", "g")], "there is no code object 'g'"),
        ([("LOAD_OBJECT", "f")], "every code object is loaded by another one"),
        ([("LABEL", "a"), ("FOR_ITER", "a")], "its label stands before it, and it only goes forward"),
        ([3], "tuple 1: 3 is no (instruction, argument)"),
        (["NOP"], "tuple 1: 'NOP' is no (instruction, argument)"),
        ([()], "tuple 1: () is no (instruction, argument)"),
        ([(1, 2)], "tuple 1: (1, 2) is no (instruction, argument)"),
        ([("SETUP_ASYNC_WITH", 0)], "there is no label '0' here"),
    ],
)
def test_errors_in_a_body(body: list[Any], message: str) -> None:
    assert any(message in each for each in wrong(simple([*body, *RETURN_NONE]))), wrong(simple([*body, *RETURN_NONE]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (["a", "a"], "f, tuple 2 ('ADD_ARG', 'a'): there is a parameter 'a' already"),
        (["*a", "*b"], "there is a parameter with * already"),
        (["*", "*"], "there is a parameter with * already"),
        (["*a", "/"], "'/' stands once, and before a '*'"),
        ([3], "the name of a parameter is needed, not 3"),
        (["***a"], "'***a' is no parameter"),
        ([""], "'' is no parameter"),
    ],
)
def test_errors_in_parameters(parameters: list[Any], message: str) -> None:
    assert any(message in each for each in wrong(simple(RETURN_NONE, *parameters)))


@pytest.mark.parametrize(
    ("tups", "message"),
    [
        ([], "there is no DEFINE (a list goes from ('DEFINE', name) to ('END', 0))"),
        (simple(RETURN_NONE)[:-1], "tuple 0 ('DEFINE', 'f'): it has no END"),
        ([*simple(RETURN_NONE)[:-1], ("DEFINE", "g"), ("END", 0)], "tuple 0 ('DEFINE', 'f'): it has no END"),
        ([*simple(RETURN_NONE), ("END", 0)], "tuple 4 ('END', 0): there is no DEFINE for it"),
        ([("NOP", 0), *simple(RETURN_NONE)], "tuple 0 ('NOP', 0): it stands outside of every DEFINE"),
        (
            [*simple(RETURN_NONE), *simple(RETURN_NONE)],
            "tuple 4 ('DEFINE', 'f'): there is a code object 'f' already, tuple 0",
        ),
        (
            [*simple(RETURN_NONE), ("DEFINE", "g"), *RETURN_NONE, ("END", 0)],
            "tuple 4 ('DEFINE', 'g'): nothing refers to it, and neither to 'f', tuple 0",
        ),
        ([("DEFINE", 3), ("END", 0)], "the name of a code object is needed, not 3"),
        (5, "a list of tuples is needed, not 5"),
        ("text", "a list of tuples is needed, not 'text'"),
        (None, "the macro wrong.<locals>.<lambda> returned None for identity"),
    ],
)
def test_errors_in_a_list(tups: Any, message: str) -> None:
    assert any(message in each for each in wrong(tups)), wrong(tups)


def test_a_cycle_beside_the_function() -> None:
    def one(name: str, other: str) -> list[Any]:
        return [("DEFINE", name), ("LOAD_OBJECT", other), ("RETURN_VALUE", 0), ("END", 0)]

    found = wrong([*simple(RETURN_NONE), *one("a", "b"), *one("b", "a")])
    assert any("contains itself" in each for each in found), found


def test_all_errors_come_at_once() -> None:
    body = [("LOAD_FSAT", "x"), ("LOAD_CONST", "hello"), ("JUMP_ABSOLUTE", "nowhere"), *RETURN_NONE]
    assert len(wrong(simple(body))) == 3


def test_the_stack_and_the_end() -> None:
    (underflow,) = wrong(simple([("BINARY_ADD", 0), ("RETURN_VALUE", 0)]))
    assert underflow == (
        "f, tuple 1 ('BINARY_ADD', 0): it pops 2 more than there are on the stack "
        "(macro(..., pad_underflow=True) reads None there)"
    )
    (end,) = wrong(simple([("LOAD_CONST", 1)]))
    assert "tuple 1 ('LOAD_CONST', 1): execution goes on behind the last instruction (RETURN_VALUE is missing)" in end


def test_unused_variables() -> None:
    assert pyasm.unused_var() == "v1"
    assert pyasm.unused_var([("LOAD_FAST", "v1")], [("ADD_ARG", "*v2"), ("LOAD_CONST", '"v3"')]) == "v3"


def test_syntax_errors_are_those_of_python() -> None:
    with pytest.raises(SyntaxError, match="invalid syntax"):
        byte_compile("1 +* 2")
