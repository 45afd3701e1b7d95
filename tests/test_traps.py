"""Known traps, one test each: what compilers do that a simple codec loses."""

from __future__ import annotations

import textwrap
import types
from typing import Any, Callable

import pytest
from support import differences, walk

import pyasm
from pyasm import Free, Instruction, Position, isa
from pyasm.code import Code
from pyasm.native import exceptions, positions

DIALECT = isa.running()
joint = DIALECT.variables == "joint"


def exact(source: str) -> list[types.CodeType]:
    """Compile, check that the round trip is exact, also with all tables written anew; all code objects."""
    code = compile(textwrap.dedent(source), "<trap>", "exec", dont_inherit=True)
    decoded = pyasm.decode(code)
    assert differences(code, pyasm.encode(decoded)) == []
    strip(decoded)
    again = differences(code, pyasm.encode(decoded))
    if DIALECT.line_table == "lnotab":  # see test_removed_instructions_leave_line_entries
        again = [difference for difference in again if difference[1] != "co_lnotab"]
    assert again == []
    return list(walk(code))


def strip(code: Code) -> None:
    assert code.layout is not None
    code.layout = code.layout._replace(line_table=None, exception_table=None)
    for const in code.layout.consts:
        if isinstance(const, Code):
            strip(const)


def function(source: str) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(source), "<trap>", "exec"), names)
    made = [value for value in names.values() if isinstance(value, types.FunctionType)]
    return made[-1]


def compiles(source: str) -> bool:
    try:
        compile(textwrap.dedent(source), "", "exec")
    except SyntaxError:
        return False
    return True


# -- positions

COLUMNS = [0, 1, 7, 8, 15, 16, 63, 64, 78, 79, 80, 81, 126, 127, 128, 129, 255, 256, 4095, 4096]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("width", [1, 14, 15, 16, 17, 60, 63, 64, 127, 128])
def test_column_limits(column: int, width: int) -> None:
    """The short and the one-line form end at different columns."""
    exact(f"if 1:\n{' ' * column} {'x' * width}\n{' ' * column} {'y' * width}; z")


@pytest.mark.parametrize("gap", [0, 1, 2, 3, 30, 31, 32, 63, 64, 126, 127, 128, 129, 254, 255, 256, 1000, 4095, 70000])
def test_line_steps(gap: int) -> None:
    exact("x\n" + "\n" * gap + "y = (\n" + "\n" * gap + "z)\n")


@pytest.mark.parametrize("gap", [1, 2, 63, 64, 127, 128, 129, 300])
def test_lines_backwards(gap: int) -> None:
    exact("x = f(a,\n" + "\n" * gap + "b.c.d(e),\n" + "\n" * gap + "1)\nwhile x:\n  y(\n" + "\n" * gap + "z)\n")


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17, 100])
def test_runs_of_one_position(count: int) -> None:
    """Entries cover eight units; longer ones go on in a second entry. 3.11 does not merge neighbours."""
    exact("f(" + ", ".join(["*a"] * count) + ")\n" + "a" + ".b" * count + "\n")


def test_runs_without_a_position() -> None:
    """Handlers have instructions of no line, several in a row."""
    exact(
        """
        def f():
            with a as b, c as d:
                try:
                    g()
                except E as e:
                    h()
                finally:
                    i()
            async def j():
                async with a: yield
                async for x in y: await z
        """
    )


@pytest.mark.skipif(DIALECT.line_table != "locations", reason="only location tables have these entries")
@pytest.mark.parametrize("units", [1, 7, 8, 9, 15, 16, 17, 64])
@pytest.mark.parametrize(
    "position",
    [
        Position(),
        Position(3, 3),
        Position(3, 3, 79, 94),
        Position(3, 3, 80, 80),
        Position(3, 3, 5, 4),
        Position(5, 5, 127, 127),
        Position(6, 6, 0, 1),
        Position(3, 9, 0, 300),
        Position(3, 4),
        Position(100000, 200000, 100000, 200000),
    ],
)
def test_every_form_of_entry(position: Position, units: int) -> None:
    table = positions.write(DIALECT, [position, Position(3, 3, 1, 2)], [units, 1], 3)
    read = positions.read(DIALECT, table, 3, units + 1)
    assert read[:units] == [position] * units
    assert read[units] == Position(3, 3, 1, 2)
    raw = compile("", "", "exec").replace(co_linetable=table, co_firstlineno=3)  # type: ignore[call-arg]
    assert next(iter(raw.co_positions())) == position  # type: ignore[attr-defined]


def test_removed_instructions_leave_line_entries() -> None:
    """3.9's optimizer removes instructions, but not their lines: such a table comes back from the layout."""
    code = compile("async def f():\n  try:\n    yield 1\n    return\n  finally:\n    await x\n", "", "exec")
    assert differences(code, pyasm.encode(pyasm.decode(code))) == []


# -- pools


def test_constants_that_are_equal_but_differ() -> None:
    codes = exact(
        """
        def f(): return [1, 1.0, True, 0, 0.0, -0.0, False, 1j, -1j, 0j, -0j, 1+0j]
        def k(): return [(1,), (1.0,), (True,), (-0.0,), (0.0,)]
        def g(x): return x in {0.0, 1} or x in {1, 2}
        def h(): return 'a', b'a', (), None, ..., 1e400, -1e400, 1e400 - 1e400
        """
    )
    assert len(codes) == 5


def test_constants_keep_their_object() -> None:
    nan = float("nan")
    code = pyasm.decode(function("def f(): return 2.5").__code__)
    code.body = [i._replace(arg=nan) if i.arg == 2.5 else i for i in code.body]
    made = types.FunctionType(pyasm.encode(code), {})
    assert made() is nan


@pytest.mark.parametrize("value", [1, 1.0, True, 0, 0.0, -0.0, False, 1j, complex(-0.0, 0.0), (1,), (1.0,), "a", b"a"])
@pytest.mark.parametrize("other", [1, 1.0, True, 0, 0.0, -0.0, False, 1j, complex(-0.0, 0.0), (1,), (1.0,), "a", b"a"])
def test_equal_constants_are_not_merged(value: Any, other: Any) -> None:
    code = Code("f", dialect=DIALECT.name, first_line=7)
    code.body = [
        *prologue(),
        Instruction("LOAD_CONST", value),
        Instruction("LOAD_CONST", other),
        Instruction("BUILD_TUPLE", 2),
        Instruction("RETURN_VALUE"),
    ]
    result = types.FunctionType(pyasm.encode(code), {})()
    assert list(map(repr, result)) == list(map(repr, [value, other]))
    assert list(map(type, result)) == [type(value), type(other)]


def prologue() -> list[Instruction]:
    return [Instruction("RESUME", 0)] if "RESUME" in DIALECT.opcodes else []


def test_constant_twice_in_the_pool() -> None:
    """Late folding of constants (3.9) puts equal ones into the pool; each instruction keeps its own."""
    code = compile("def f(a=(1, 2), b=(1, 2)): pass\ndef g(x=1, y=2): pass\ndef h(x=1, y=2): pass\n", "", "exec")
    pool = (*code.co_consts, code.co_consts[0], (1, 2), (1, 2))
    number = len(code.co_consts) + 1
    doubled = code.replace(co_consts=pool)
    assert differences(doubled, pyasm.encode(pyasm.decode(doubled))) == []
    load = DIALECT.opcodes["LOAD_CONST"].number
    body = bytearray(code.co_code)
    places = [i for i in range(0, len(body), 2) if body[i] == load]
    body[places[0] + 1] = number
    moved = doubled.replace(co_code=bytes(body))
    assert differences(moved, pyasm.encode(pyasm.decode(moved))) == []


def test_order_of_names_and_unused_ones() -> None:
    code = function("def f(b, a): c = z.y; z.x = d = b; return y").__code__
    reordered = code.replace(co_names=(*code.co_names, "never", "used"))
    decoded = pyasm.decode(reordered)
    assert pyasm.encode(decoded).co_names == reordered.co_names
    assert pyasm.encode(decoded).co_varnames == ("b", "a", "c", "d")


def test_names_listed_twice() -> None:
    code = compile("a.b = c.d; e", "", "exec")
    doubled = code.replace(co_names=("d", *code.co_names, "c"), co_code=shifted_names(code.co_code))
    decoded = pyasm.decode(doubled)
    again = pyasm.encode(decoded)
    assert again.co_names == doubled.co_names
    decoded.body.append(Instruction("LOAD_NAME", "new"))
    again = pyasm.encode(decoded)
    assert again.co_names == (*doubled.co_names, "new")
    assert [i[:2] for i in pyasm.decode(again).body] == [i[:2] for i in decoded.body]


def shifted_names(bytecode: bytes) -> bytes:
    """The same with every name one further on in the pool."""
    shifts = {row.number: 1 << len(row.flags) for row in DIALECT.opcodes.values() if row.operand == "name"}
    code = bytearray(bytecode)
    for i in range(0, len(code), 2):
        code[i + 1] += shifts.get(code[i], 0)
    return bytes(code)


def test_docstring() -> None:
    codes = exact(
        """
        def f(): 'text'
        def g(): return 'no docstring'
        def h(): pass
        k = lambda: 'no docstring'
        class C: 'text of a class'
        def m():
            'text'
            return 'text'
        """
    )
    names: dict[str, Any] = {}
    exec(pyasm.encode(pyasm.decode(codes[0])), names)
    assert names["f"].__doc__ == names["m"].__doc__ == "text"
    assert names["g"].__doc__ is names["h"].__doc__ is names["k"].__doc__ is None


@pytest.mark.parametrize("doc", [None, "new", ""])
@pytest.mark.parametrize("source", ["def f(): 'old'", "def f(): return 'old'", "def f(): 'old'; return 'old'"])
def test_changing_the_docstring(doc: Any, source: str) -> None:
    old = function(source)
    code = pyasm.decode(old.__code__)
    code.doc = doc
    new = types.FunctionType(pyasm.encode(code), {})
    assert new.__doc__ == doc
    assert new() == old()


# -- variables


def test_cell_and_free_at_once() -> None:
    codes = exact(
        """
        class A:
            def f(self):
                class B:
                    def g(self): return __class__
                    x = __class__
                return B
        """
    )
    [body] = [code for code in codes if code.co_name == "B"]
    assert "__class__" in body.co_cellvars
    if "__class__" in body.co_freevars:
        assert Free("__class__") in [instruction.arg for instruction in pyasm.decode(body).body]


def test_free_differs_from_the_name() -> None:
    assert Free("x") != "x"
    assert Free("x") != "x"
    assert Free("x") == Free("x")
    assert len({Free("x"), "x"}) == 2
    assert repr(Free("x")) == "Free('x')"


def test_many_locals() -> None:
    """Two locals in one operand only reach the first 16."""
    names = [f"v{i}" for i in range(300)]
    exact(
        f"def f({', '.join(names)}):\n" + "".join(f"    {a} = {b}; {b} + {a}\n" for a, b in zip(names, reversed(names)))
    )


def test_a_local_past_the_first_16_is_refused_in_a_pair() -> None:
    if "LOAD_FAST_LOAD_FAST" not in DIALECT.opcodes:
        pytest.skip("no instruction with two locals")
    names = [f"v{i}" for i in range(17)]
    code = Code("f", [*prologue(), Instruction("LOAD_FAST_LOAD_FAST", ("v0", "v16"))], dialect=DIALECT.name, args=names)
    with pytest.raises(pyasm.EncodeError, match="first 16"):
        pyasm.encode(code)


def test_parameters_of_every_kind() -> None:
    for source in (
        "def f(): pass",
        "def f(a, b, /, c, d=1, *e, g, h=2, **i): j = 1",
        "def f(*, a): pass",
        "def f(*a): pass",
        "def f(**a): pass",
        "def f(a, /): pass",
        "def f(a, *b, c, **d): return lambda: (a, b, c, d)",
    ):
        exact(source)


# -- handlers


def test_handler_depths() -> None:
    exact(
        """
        def f():
            for a in b:
                with c:
                    for d in e:
                        try:
                            [x for x in y if z]
                        except A:
                            for g in h:
                                try: continue
                                finally: i()
                        except B as j:
                            raise
                        else:
                            return
            return [k async for k in l] if 0 else (yield from m)
        """.replace("[k async for k in l]", "k")
    )


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 1, 2, 0, False),
        (63, 64, 65, 31, True),
        (4095, 4096, 262144, 32, False),
        (1 << 29, 1 << 30, 7, 1 << 20, True),
    ],
)
def test_exception_table_numbers(numbers: Any) -> None:
    entry = exceptions.Entry(*numbers)
    assert exceptions.read(exceptions.write([entry, entry])) == [entry, entry]


# -- what newer versions brought

NEWER = {
    "match": """
        def f(x):
            match x:
                case {'a': 1, **rest}: return rest
                case [a, *_, b] | (a, b): return a
                case C(p, q=1) if p: return p
                case 1 | 'x' | None as y: return y
    """,
    "except star": "try: f()\nexcept* (A, B) as e: g()\nexcept* C: h()\n",
    "type parameters": "def f[T: int, *U, **V](x: T) -> U: pass\nclass C[T](B): y: T\ntype A[T] = list[T]\n",
    "type parameter defaults": "def f[T = int, *U = *tuple[int], **V = [int]](): pass\nclass C[T: (int, str) = str]: pass\n",  # noqa: E501
    "template strings": "def f(a, b): return t'x{a!r:>{b}}y{b=}z', t''\n",
    "lazy imports": "lazy import a\nlazy from b import c as d\nimport e\ntry:\n    import f\nexcept E: pass\n",
    "inlined comprehensions": "def f(x): return [[y for y in z] for z in x if (lambda: z)()], {a: b for a, b in x}\n",
    "walrus": "def f(x): return [last := y for y in x], last\n",
    "annotations": "x: int = 1\nif x:\n    y: str\nclass C:\n    z: 'C' = 2\n    def f(self, a: int) -> C: b: a = 1\n",
    "async comprehensions": "async def f(): return [x async for x in y], {z async for z in (await w)}\n",
    "global and nonlocal": "def f():\n    x = 1\n    def g():\n        nonlocal x; global y\n        del x; y = 2\n    return g\n",  # noqa: E501
    "strings": "def f(a): return f'{a!r:>{10}}{a:x}{a}' + 'a' 'b' + rb'\\x' .decode()\n",
}


@pytest.mark.parametrize("what", sorted(NEWER))
def test_newer_syntax(what: str) -> None:
    if not compiles(NEWER[what]):
        pytest.skip(f"{DIALECT.name} does not have it: {what}")
    exact(NEWER[what])


def test_newer_syntax_is_not_skipped_where_it_exists() -> None:
    """Which of these compile is known of every version."""
    missing = {what for what in NEWER if not compiles(NEWER[what])}
    order = ["match", "except star", "type parameters", "type parameter defaults", "template strings", "lazy imports"]
    since = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
    names = isa.names()
    absent = {what for what, name in zip(order, since) if names.index(name) > names.index(DIALECT.name)}
    assert missing == absent


# -- sizes


@pytest.mark.parametrize("count", [254, 255, 256, 257, 65534, 65536, 65537])
def test_pools_past_the_prefix_limits(count: int) -> None:
    exact(
        "x = ["
        + ", ".join(f"{i}.5" for i in range(count))
        + "]\n"
        + "y = n0"
        + "".join(f"\nn{i}" for i in range(0, count, 97))
    )
    exact("\n".join(f"a.n{i}" for i in range(min(count, 3000))))


@pytest.mark.parametrize("count", [20, 40, 60, 61, 62, 63, 64, 65, 66, 80, 120, 250, 1000, 4000])
def test_jumps_past_the_prefix_limits(count: int) -> None:
    exact("while a:\n" + "    b\n" * count + "    if c: break\nelse:\n" + "    d\n" * count)
    exact("for a in b:\n" + "    if c: d\n" * count)
