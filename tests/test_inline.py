"""Assembly in Python functions: `@inline`, with `assembly`, `label` and `jump` wherever they can stand."""

import asyncio
import inspect
import sys
import traceback

import pytest

import pyasm
from pyasm import assembly, inline, jump, label, macro

LIMIT = 3


@pytest.mark.parametrize("call", [lambda: assembly("NOP"), lambda: label("x"), lambda: jump("x"), lambda: jump("x", 1)])
def test_elsewhere_they_say_what_is_missing(call):
    with pytest.raises(RuntimeError, match=r"@pyasm\.inline"):
        call()


# -- values and the stack


@inline
def statement(n):
    """What it is for."""
    assembly("OP $n * 2 -> $n")
    return n


@inline
def expression(n):
    x = assembly("LOAD $n") + assembly("OP $n * 10")
    return [x, assembly("LOAD 1"), len(assembly('LOAD "abc"'))]


@inline
def nothing(n):
    return assembly("STORE $n (5)"), n


@inline
def across(n):
    assembly("LOAD $n")
    assembly("LOAD 4")
    n = 0
    x = assembly("OP % - %")
    assembly("LOAD 7")
    y = assembly("")
    return x, n, y


@inline
def around_a_loop(values):
    assembly("LOAD 1")
    for _ in values:
        assembly("LOAD 2")
        x = assembly("OP % + 5")  # noqa: F841
    return assembly("OP % + $x")


@inline
def new_variables(n):
    assembly("LOAD ($n, OP ($n + 1)) -> $a, $b")
    b += 1  # noqa: F821
    return a, b  # noqa: F821


@inline
def names(n):
    assembly('OP @LIMIT + $n -> $n; CALL @len(@statement.("__name__")) -> $l')
    return n, l  # noqa: F821


def test_values():
    assert statement(4) == 8
    assert expression(3) == [33, 1, 3]
    assert nothing(1) == (None, 5)
    assert across(10) == (6, 0, 7)
    assert around_a_loop([1, 2]) == 8
    assert new_variables(3) == (3, 5)
    assert names(1) == (4, 9)


def test_what_a_function_is_stays():
    assert statement.__doc__ == "What it is for."
    assert statement.__name__ == statement.__code__.co_name == "statement"
    assert statement.__module__ == __name__
    assert str(inspect.signature(statement)) == "(n)"


def test_it_costs_nothing():
    """The code is that of the Python source that says the same."""

    @inline
    def one(n):
        i = 0
        while i < n:
            assembly("OP $i + 1 -> $i")
        return i

    def other(n):
        i = 0
        while i < n:
            i = i + 1
        return i

    assert one(5) == 5
    assert [i[:2] for i in pyasm.decode(one.__code__).body] == [i[:2] for i in pyasm.decode(other.__code__).body]


# -- labels and jumps


@inline
def collatz(n):
    steps = 0
    label("again")
    jump("end", n == 1)
    steps += 1
    jump("odd", n % 2)
    n //= 2
    jump("again")
    label("odd")
    n = 3 * n + 1
    jump("again")
    label("end")
    return steps


@inline
def out_of_loops(rows, wanted):
    found = None
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if value == wanted:
                found = i, j
                jump("found")
    found = "nothing"
    label("found")
    return found


@inline
def conditions(a, b):
    jump("true", (a and not b) or a > 5)
    return_value = "false"
    jump("end")
    label("true")
    return_value = "true"
    label("end")
    return return_value


@inline
def labels_in_texts(n):
    total = 0
    assembly("again:")
    total += n
    assembly("OP $n - 1 -> $n; JUMP again IF OP $n > 0; JUMP end")
    total = None
    label("end")
    return total


@inline
def with_the_stack(n):
    assembly("LOAD 0")
    label("again")
    assembly("OP % + $n")
    n -= 1
    jump("again", n > 0)
    return assembly("")


def test_jumps():
    assert [collatz(n) for n in (1, 2, 3, 27)] == [0, 1, 7, 111]
    assert out_of_loops([[1, 2], [3, 4]], 3) == (1, 0)
    assert out_of_loops([[1, 2], [3, 4]], 5) == "nothing"
    assert [conditions(*a) for a in ((1, 1), (1, 0), (9, 9), (0, 0))] == ["false", "true", "true", "false"]
    assert labels_in_texts(4) == 10
    assert with_the_stack(4) == 10


def test_jumps_out_of_expressions():
    @inline
    def g(a, b):
        x = "none"
        try:
            x = "x" + str([a, a and jump("out", b)])
        finally:
            x += "!"
        label("out")
        return x

    assert g(1, 0) == "x[1, None]!"
    assert g(0, 1) == "x[0, 0]!"
    assert g(1, 1) == "none!"


# -- labels behind what ends a block: the compiler drops them, and so the source is asked


@inline
def behind_return(n):
    if n > 2:
        jump("large")
        return "never"
    else:
        jump("small")
        raise ValueError(n)
    label("large")
    return "large"
    label("small")
    while True:
        n += 1
        if n > 5:
            break
        else:
            continue
        label("never")
    assembly("JUMP end")
    return None
    assembly("""
        end: RETURN ("small", $n)
    """)


def test_labels_behind_return():
    assert behind_return(3) == "large"
    assert behind_return(1) == ("small", 6)
    assert "__pyasm_always__" not in behind_return.__code__.co_names


def test_labels_behind_return_in_a_method_with_closure():
    log = []

    class Machine:
        __secret = 4

        @inline
        def run(self, n):
            jump("b", n)
            return log, self.__secret
            label("b")
            log.append(__class__)
            return [x + n for x in (1, 2)]

    assert Machine().run(0) == ([], 4)
    assert Machine().run(1) == [2, 3]
    assert log == [Machine]


def test_without_the_source_a_label_may_be_missing():
    error = wrong("def f(x):\n    jump('a')\n    return 1\n    label('a')\n")
    assert "no label 'a'" in str(error)
    assert "compilers drop what stands behind return" in str(error)


# -- blocks


class Manager:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, *error):
        self.log.append(error[0] and error[0].__name__)

    async def __aenter__(self):
        await asyncio.sleep(0)
        return self.__enter__()

    async def __aexit__(self, *error):
        await asyncio.sleep(0)
        self.__exit__(*error)


@inline
def blocks(log, how):
    with Manager(log):
        try:
            try:
                for i in range(3):
                    log.append(i)
                    jump("out", how == "jump")
                    assembly('JUMP out IF OP $how == "text"; IF OP $how == "return" { RETURN ("returned", $i) }')
                    if how == "raise":
                        raise ValueError(how)
            except ValueError as error:
                log.append(str(error))
                jump("out", error.args)
        finally:
            log.append("finally")
    log.append("end")
    label("out")
    return "out"


@pytest.mark.parametrize(
    ("how", "result", "log"),
    [
        ("jump", "out", ["enter", 0, "finally", None]),
        ("text", "out", ["enter", 0, "finally", None]),
        ("return", ("returned", 0), ["enter", 0, "finally", None]),
        ("raise", "out", ["enter", 0, "raise", "finally", None]),
        ("on", "out", ["enter", 0, 1, 2, "finally", None, "end"]),
    ],
)
def test_blocks_are_left_as_python_leaves_them(how, result, log):
    got = []
    assert blocks(got, how) == result
    assert got == log
    assert sys.exc_info() == (None, None, None)


@inline
def loop_in_finally(log):
    for _ in range(2):
        try:
            jump("out", len(log) > 3)
            log.append("try")
        finally:
            for i in range(2):
                if i:
                    log.append("finally")
                else:
                    continue
            assembly('CALL $log.append("assembly") -> \\')
    label("out")
    return log


def test_finally_with_a_loop_and_assembly():
    assert loop_in_finally([]) == ["try", "finally", "assembly"] * 2
    assert loop_in_finally([1, 2, 3, 4]) == [1, 2, 3, 4, "finally", "assembly"]


@inline
def jumps_within_finally(log):
    try:
        log.append(1)
    finally:
        label("again")
        log.append(2)
        jump("again", len(log) < 4)
    return log


@inline
def raising(n):
    try:
        assembly("RAISE @ValueError")
    except ValueError:
        assembly('LOAD "caught" -> $n')
    else:
        n = "else"
    return n


@inline
def assembly_blocks(n):
    for i in range(n):  # noqa: B007
        assembly("""
            TRY {
                OP 1 / $i -> $x
                IF OP $x < 1 { RETURN $i }
            } EXCEPT @ZeroDivisionError {
                LOAD "zero" -> $x
            }
        """)
    return x  # noqa: F821


def test_blocks():
    assert jumps_within_finally([]) == [1, 2, 2, 2]
    assert raising(1) == "caught"
    assert assembly_blocks(1) == "zero"
    assert assembly_blocks(5) == 2


# -- kinds of functions


def test_closures():
    def outer(start):
        total = start

        @inline
        def add(n):
            nonlocal total
            assembly("OP $total + $n -> $total")
            return total

        return add, lambda: total

    add, total = outer(10)
    assert (add(1), add(2), total()) == (11, 13, 13)


def test_a_def_captures_variables_of_the_function():
    @inline
    def f(a):
        assembly("DEF inner <a> (x) { OP $a + $x -> $a; RETURN $a }")
        a += 1
        return inner(1), inner(2), a  # noqa: F821

    assert f(10) == (12, 14, 14)


def test_methods():
    class Number:
        def __init__(self, n):
            self.n = n

        @inline
        def twice(self):
            assembly("OP $self.n * 2 -> $self.n")
            return __class__, self.n

        @staticmethod
        @inline
        def plain(n):
            return assembly("OP $n + 1")

        @inline
        @classmethod
        def named(cls):
            return assembly("LOAD $cls.__name__")

        @property
        @inline
        def half(self):
            assembly("RETURN OP $self.n // 2")

    assert Number(4).twice() == (Number, 8)
    assert Number.plain(1) == 2
    assert Number.named() == "Number"
    assert Number(6).half == 3
    assert pyasm.inline(Number(5).twice)()[1] == 10


def test_generators():
    @inline
    def count(n):
        label("again")
        yield n
        assembly("OP $n - 1 -> $n")
        jump("again", n > 0)

    @inline
    def made(n):
        assembly("WHILE $n { YIELD $n -> \\; OP $n - 1 -> $n }")

    assert list(count(3)) == [3, 2, 1]
    assert list(made(3)) == [3, 2, 1]


def test_coroutines():
    log = []

    @inline
    async def work(n):
        async with Manager(log):
            for i in range(n):
                await asyncio.sleep(0)
                assembly("AWAIT @asyncio.sleep(0) -> \\")
                jump("out", i == 1)
            log.append("all")
        label("out")
        return assembly("OP $i * 10")

    @inline
    async def numbers(n):
        label("again")
        yield n
        n -= 1
        jump("again", n)

    async def all_of():
        return [n async for n in numbers(3)]

    assert asyncio.run(work(5)) == 10
    assert asyncio.run(work(1)) == 0
    assert log == ["enter", None, "enter", "all", None]
    assert asyncio.run(all_of()) == [3, 2, 1]


def test_nested_functions():
    @inline
    def f(values):
        def double(x):
            return assembly("OP $x * 2")

        return [double(x) for x in values], sorted(values, key=lambda x: assembly("OP $x * -1"))

    assert f([1, 2]) == ([2, 4], [2, 1])


def test_other_names():
    asm = assembly

    @inline
    def f(n):
        asm("OP $n + 1 -> $n")
        pyasm.assembly("OP $n + 1 -> $n")
        return n

    assert f(1) == 3
    assert pyasm.inline(lambda n: pyasm.assembly("OP $n + 1"))(1) == 2

    def assembly_(text):
        return text

    space = {"assembly": assembly_}
    exec("def g(): return assembly('x')", space)
    assert inline(space["g"])() == "x"


def test_defaults_and_annotations():
    @inline
    def f(a: int, b: int = 2, *rest, c=3, **more) -> int:
        return assembly("OP $a + $b + $c")

    assert f(1) == 6
    assert f(1, c=0) == 3
    assert set(f.__annotations__) == {"a", "b", "return"}


def test_with_a_macro():
    @macro(lambda tups: [("BINARY_MULTIPLY", 0) if t[0] == "BINARY_ADD" else t for t in tups])
    @inline
    def f(n):
        return assembly("OP $n + 5")

    assert f(3) == 15


# -- bindings


def test_bindings():
    log = []

    @inline(hook=log.append, value=[1])
    def f(n):
        assembly("CALL &hook($n) -> \\")
        return assembly("LOAD &value")

    assert f(1) == [1]
    assert log == [1]
    with pytest.raises(TypeError, match="no &other in _bound"):
        inline(hook=1, other=1)(_bound)


def _bound(n):
    assembly("LOAD &hook -> \\")


# -- macros from Python functions


def clamp(x, low=0, *rest, high=10, **more):
    """Ways to return from everywhere."""
    if x < low:
        return low
    for i in range(3):
        if x > 100:
            return "big", i, rest, more
    with Manager([]):
        if x > 90:
            return "large"
    try:
        return min(x, high) + LIMIT
    finally:
        x = None


def sharing(a):
    numbers = [a + i for i in (1, 2)]
    add = lambda y: a + y  # noqa: E731
    a += 1
    return add(1), numbers


def counter():
    count = 0

    def step(by):
        nonlocal count
        count += by
        return count

    return step


@inline
def expanding(n):
    x = "mine"
    assembly("CALL MACRO clamp($n) -> $y")
    return x, y, assembly("CALL MACRO clamp(1000, 3, 4)"), [n, assembly("CALL MACRO sharing($n)")]  # noqa: F821


def test_a_python_function_as_a_macro():
    assert expanding(3) == ("mine", 6, ("big", 0, (4,), {}), [3, (5, [4, 5])])
    assert expanding(-3)[1] == 0
    assert expanding(95)[1] == "large"
    assert "clamp" not in expanding.__code__.co_names


def test_macros_in_texts():
    @inline
    def f(n):
        assembly("""
            MACRO twice(!x) { OP &x + &x -> $:y }
            CALL MACRO twice(OP $n * 5)
        """)
        return y  # noqa: F821

    assert f(2) == 20


def test_a_closure_as_a_macro():
    step = counter()

    @inline(step=step)
    def f(n):
        return assembly("CALL MACRO step($n)"), n

    assert (f(2), step(1), f(1)) == ((2, 2), 3, (4, 1))


def test_the_globals_of_a_macro_are_its_own():
    space = {"LIMIT": 100}
    exec("def far(x):\n    global made\n    made = x\n    return LIMIT + len([x]) + made", space)

    @inline(far=space["far"])
    def f(n):
        return assembly("CALL MACRO far($n)"), LIMIT

    assert f(1) == (102, 3)
    assert space["made"] == 1
    assert "made" not in globals()


def _yields():
    yield 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("CALL MACRO clamp()", "clamp needs an argument for x"),
        ("CALL MACRO counter(1)", "counter takes 0 arguments, not 1"),
        ("CALL MACRO clmp(1)", "did you mean clamp?"),
        ("CALL MACRO LIMIT(1)", "LIMIT is of type int"),
        ("CALL MACRO _yields()", "it is a generator"),
        ("CALL MACRO counter()", ""),
    ],
)
def test_what_cannot_be_expanded(call, message):
    space = {"assembly": assembly, **globals()}
    exec(compile(f"def f(x):\n    assembly({call!r})\n    return x", "wrong.py", "exec"), space)
    if not message:
        assert inline(space["f"])(1) == 1
        return
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        inline(space["f"])
    assert message in str(caught.value)


# -- what is wrong


def wrong(source):
    space = {"assembly": assembly, "label": label, "jump": jump}
    exec(compile(source, "wrong.py", "exec"), space)
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        inline(space["f"])
    return caught.value


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("assembly('LOD $x')", 2, "LOD"),
        ("y = 1\n    assembly('JUMP nowhere')", 3, "no label 'nowhere'"),
        ("jump('nowhere')", 2, "no label 'nowhere' in 'f'"),
        ("label('here'); jump('hear')", 2, "here"),
        ("label('a')\n    y = 1\n    label('a')", 4, "'a' stands here twice"),
        ("label('a')\n    assembly('LABEL a')", 3, "twice"),
        ("assembly(x)", 2, "literal"),
        ("assembly('NOP', 1)", 2, "arguments"),
        ("jump()", 2, "called in another way"),
        ("g = assembly", 2, "called in another way"),
        ("assembly('POP')", 2, "takes 1 value more"),
        ("y = [x, assembly('POP 2')]", 2, "takes"),
        ("assembly('LOAD 1')\n    y = [x, assembly('OP % + 1')]", 3, "takes 1 value more"),
        ("y = [x, assembly('LOAD 1; LOAD 2')]", 2, "leaves 2"),
        ("for i in x:\n        assembly('LOAD 1')", 2, "entries on the stack"),
        ("if x:\n        assembly('LOAD 1')\n    return 2", 3, "entries on the stack"),
        ("jump('in')\n    for i in x:\n        label('in')", 2, "inside of a loop"),
        (
            "jump('in', x)\n    try:\n        label('in')\n        x()\n    except ValueError: pass",
            2,
            "inside of a block",
        ),
        ("assembly('LOAD &hook')", 2, "&hook"),
        ("assembly('DEFINE g; END')", 2, ""),
        ("assembly('''\n      NOP\n      LOD 1\n    ''')", 4, "LOD"),
        ("assembly('''\n      NOP\n      LOAD $x +\n    ''')", 4, ""),
    ],
)
def test_errors_name_the_line(body, line, message):
    error = wrong(f"def f(x):\n    {body}\n")
    text = str(error)
    assert message in text
    assert f"wrong.py:{line}" in text or f"wrong.py:{line + 1}" in text, text
    assert error.filename == "wrong.py"


def test_all_errors_come_at_once():
    error = wrong("def f(x):\n    assembly('LOD 1')\n    assembly('LOAD 1 2')\n    assembly('STOR $x')\n")
    assert len(error.findings) == 3


def test_only_functions():
    with pytest.raises(TypeError, match="int"):
        inline(3)


@inline
def divides(n):
    assembly("""
        LOAD 1
        OP % / $n
    """)


def test_a_traceback_shows_the_line_of_the_text():
    with pytest.raises(ZeroDivisionError) as caught:
        divides(0)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.name, last.line) == ("divides", "OP % / $n")
