"""The passes frames and loops: what compilers make comes back, and what nobody compiled does what it says."""

import asyncio
import types

import pytest
import translatekit
from translatekit import RUNNING, codes, instructions, library

import pyasm
from pyasm import Code, Instruction, isa, translate
from pyasm.errors import TargetError
from pyasm.translate import frames, loops

LOOPS = translate.PASSES.index(loops) + 1
NATIVE = isa.names()
GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200


def portable(text, args="", flags=0, **attributes):
    """Portable code of a function."""
    body = instructions(text)
    names = dict.fromkeys(arg for op, arg, _ in body if op in ("STORE_FAST", "LOAD_FAST"))
    locals = [name for name in names if name not in args.split()]
    attributes.setdefault("name", "f")
    return Code(body=body, args=args.split(), locals=locals, dialect="portable", flags=0x3 | flags, **attributes)


def function(text, args="", flags=0, **attributes):
    """A function of portable instructions."""
    code = pyasm.encode(pyasm.lower(portable(text, args, flags, **attributes)))
    return types.FunctionType(code, {**globals(), "__builtins__": __builtins__})


def compiled(source, name="f"):
    """The code of a function in source text, decoded."""
    module = pyasm.decode(compile(source, "<test>", "exec"))
    return next(code for code in codes(module) if code.name == name)


def ops(body):
    return [each.op for each in body if each.op != "LABEL"]


def difference(code, count):
    """Where a code differs after the first `count` passes and back; None when it does not, or did without the last."""

    def after(passes):
        return translatekit.compare(code, translatekit.lowered_from(translatekit.lifted_to(code, passes), passes))

    found = after(count)
    return None if found is None or after(count - 1) is not None else found


@pytest.mark.parametrize("each", [frames, loops], ids=["frames", "loops"])
def test_what_compilers_make_comes_back(each):
    count = translate.PASSES.index(each) + 1
    for module in library(12):
        for code in codes(pyasm.decode(module)):
            found = difference(code, count)
            assert found is None, f"{module.co_filename} {code.qualname}: {found}"


SOURCES = {
    "for": "def f(a):\n for x in a:\n  g(x)\n else:\n  h()\n",
    "break": "def f(a):\n for x in a:\n  for y in x:\n   if y: break\n  else: return x\n",
    "return in try": "def f(a):\n for x in a:\n  try:\n   return x\n  finally:\n   g()\n",
    "any, all": "def f(a):\n if any(x for x in a): return all(g(x) for x in a)\n return tuple(x for x in a)\n",
    "comprehensions": "def f(a):\n return [x for y in a for x in y if x], {x: y for x, y in a}, {x for x in a}\n",
    "generator": "def f(a):\n x = yield a\n try:\n  yield x\n finally:\n  yield\n",
    "closure": "def f(a, b):\n def g():\n  nonlocal b\n  b = yield a, b\n return g\n",
    "lambda": "f = lambda: (yield from (yield))\n",
    "yield from": "def f(a):\n try: x = yield from a\n except E: yield from b\n else:\n  yield from c\n return x\n",
    "await": "async def f(a):\n try:\n  await a\n except E:\n  return await b\n finally:\n  await c\n await d\n",
    "async with": "async def f(a):\n async with a as b, b as c:\n  await c(None, None, None)\n",
    "async for": "async def f(a):\n async for x in a:\n  if x: break\n else:\n  await b\n async for x in a: pass\n",
    "asynchronous generator": "async def f(a):\n async for x in a:\n  yield x\n  y = yield (await x)\n",
    "expressions": "async def f(a):\n return (x async for x in a), (await x for x in a), [x async for x in a if x]\n",
}


@pytest.mark.parametrize("name", SOURCES)
def test_constructs_come_back(name):
    module = pyasm.decode(compile(SOURCES[name], "<test>", "exec"))
    for code in codes(module):
        back = translatekit.lowered_from(translatekit.lifted_to(code, LOOPS), LOOPS)
        assert translatekit.compare(code, back) is None, code.qualname


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("target", NATIVE)
def test_constructs_have_nothing_native_left(name, target):
    """Lifted code has nothing of the frame, and no loop of SEND; and every target takes it."""
    native = {"RESUME", "RETURN_GENERATOR", "GEN_START", "COPY_FREE_VARS", "MAKE_CELL", "SEND", "END_SEND"}
    native |= {"END_FOR", "POP_ITER", "CLEANUP_THROW", "ASYNC_GEN_WRAP", "PUSH_NULL", "NOT_TAKEN"}
    lifted = pyasm.lift(pyasm.decode(compile(SOURCES[name], "<test>", "exec")))
    for code in codes(lifted):
        assert not native.intersection(ops(code.body)), code
    if not {"LOAD_FAST_AND_CLEAR", "SETUP_CLEANUP"}.intersection(op for c in codes(lifted) for op in ops(c.body)):
        pyasm.lower(lifted, target)


def test_loops_look_as_in_3_9():
    lifted = pyasm.lift(compiled("def f(a):\n for x in a:\n  g()\n"))
    expected = "LOAD_FAST GET_ITER FOR_ITER STORE_FAST LOAD_GLOBAL CALL_FUNCTION POP_TOP JUMP_ABSOLUTE LOAD_CONST"
    assert ops(lifted.body) == [*expected.split(), "RETURN_VALUE"]


def test_awaits_look_as_in_3_9():
    lifted = pyasm.lift(compiled("async def f(a):\n return await a\n"))
    assert ops(lifted.body) == ["LOAD_FAST", "GET_AWAITABLE", "LOAD_CONST", "YIELD_FROM", "RETURN_VALUE"]
    assert lifted.body[1].arg is None


def test_generator_expressions_look_as_in_3_9():
    """The creator makes the iterator."""
    lifted = pyasm.lift(compiled("def f(a):\n return (x for x in a)\n"))
    assert ops(lifted.body)[-4:] == ["LOAD_FAST", "GET_ITER", "CALL_FUNCTION", "RETURN_VALUE"]
    inner = next(each.arg for each in lifted.body if isinstance(each.arg, Code))
    assert ops(inner.body)[:3] == ["LOAD_FAST", "FOR_ITER", "STORE_FAST"]


# What nobody compiled

SUM = """
    LOAD_CONST 0; STORE_FAST total
    {iterator}
    loop: FOR_ITER done; LOAD_FAST total; BINARY_ADD; STORE_FAST total; JUMP_ABSOLUTE loop
    done: LOAD_FAST total; RETURN_VALUE
"""


@pytest.mark.parametrize("values", [[1, 2, 3], (), range(5), {4, 5}, b"ab"], ids=repr)
def test_a_loop(values):
    assert function(SUM.format(iterator="LOAD_FAST a; GET_ITER"), "a")(values) == sum(values)


@pytest.mark.parametrize("kind", [iter, lambda a: (x for x in a)], ids=["iterator", "generator"])
def test_a_loop_over_an_iterator_that_a_variable_holds(kind):
    assert function(SUM.format(iterator="LOAD_FAST a"), "a")(kind([1, 2, 3])) == 6


def test_a_loop_over_what_a_call_gives():
    text = SUM.format(iterator="LOAD_GLOBAL iter; LOAD_FAST a; CALL_FUNCTION 1")
    assert function(text, "a")([1, 2, 3]) == 6


def test_an_iterator_of_one_of_two_places():
    text = SUM.format(
        iterator="""LOAD_FAST b; POP_JUMP_IF_TRUE other; LOAD_FAST a; GET_ITER; JUMP_FORWARD loop
        other: LOAD_FAST b"""
    )
    f = function(text, "a b")
    assert f([1, 2, 3], None) == 6
    assert f(None, iter([1, 2])) == 3


def test_an_iterator_that_is_stored():
    f = function("LOAD_FAST a; GET_ITER; STORE_FAST b; LOAD_FAST b; RETURN_VALUE", "a")
    assert [next(f(values)) for values in ([1], (2,), "3", b"\4", {5})] == [1, 2, "3", 4, 5]
    existing = iter([1])
    assert f(existing) is existing


def test_an_iterator_that_is_stored_and_iterated_over():
    text = """
        LOAD_FAST a; GET_ITER; DUP_TOP; STORE_FAST b
        loop: FOR_ITER done; STORE_FAST x; LOAD_GLOBAL next; LOAD_FAST b; CALL_FUNCTION 1; POP_TOP; JUMP_ABSOLUTE loop
        done: LOAD_FAST x; RETURN_VALUE
    """
    f = function(text, "a")
    assert f([1, 2, 3, 4]) == 3
    assert f("abcdef") == "e"


def test_a_loop_that_is_left_by_jumps():
    """The iterator is dropped by POP_TOP; the label of FOR_ITER has other ways to it."""
    text = """
        LOAD_FAST a; GET_ITER
        loop: FOR_ITER done; STORE_FAST x; LOAD_FAST x; POP_JUMP_IF_FALSE loop; POP_TOP; JUMP_ABSOLUTE done
        done: LOAD_FAST x; RETURN_VALUE
    """
    assert function(text, "a")([0, "", 3, 4]) == 3
    assert function(text, "a")([0, ""]) == ""


def test_a_loop_that_code_falls_out_of():
    text = """
        LOAD_CONST 0; STORE_FAST x; LOAD_FAST a; GET_ITER
        loop: FOR_ITER done; STORE_FAST x; LOAD_FAST x; POP_JUMP_IF_FALSE loop; POP_TOP
        done: LOAD_FAST x; RETURN_VALUE
    """
    assert function(text, "a")([0, 7, 8]) == 7
    assert function(text, "a")([]) == 0


def test_a_loop_that_goes_back_when_it_ends():
    text = """
        LOAD_CONST 0; STORE_FAST n
        again: LOAD_FAST n; LOAD_CONST 1; BINARY_ADD; STORE_FAST n
        LOAD_FAST n; LOAD_CONST 3; COMPARE_OP '>'; POP_JUMP_IF_FALSE go
        LOAD_FAST n; RETURN_VALUE
        go: LOAD_FAST a; GET_ITER
        loop: FOR_ITER again; POP_TOP; JUMP_ABSOLUTE loop
    """
    assert function(text, "a")([1, 2]) == 4


def test_values_over_iterators():
    """A result goes below the iterator, which is dropped."""
    text = """
        LOAD_FAST a; GET_ITER
        loop: FOR_ITER done; STORE_FAST x; LOAD_FAST x; GET_ITER
        inner: FOR_ITER loop_again; ROT_THREE; POP_TOP; POP_TOP; RETURN_VALUE
        loop_again: JUMP_ABSOLUTE loop
        done: LOAD_CONST None; RETURN_VALUE
    """
    assert function(text, "a")([[], [], [5, 6]]) == 5
    assert function(text, "a")([[]]) is None


@pytest.mark.parametrize("move", ["ROT_TWO", "ROT_THREE", "SWAP 3"])
def test_an_iterator_that_moves(move):
    if move.startswith("SWAP") and "SWAP" not in RUNNING.opcodes:
        pytest.skip("no SWAP")
    below = "" if move == "ROT_TWO" else "LOAD_CONST 'b'"
    drop = "POP_TOP" if move == "ROT_TWO" else "POP_TOP; POP_TOP"
    text = f"{below}; LOAD_FAST a; GET_ITER; LOAD_CONST 'c'; {move}; {drop}; RETURN_VALUE"
    assert function(text, "a")([1]) == "c"


def test_containers_below_iterators():
    text = """
        BUILD_LIST 0; BUILD_MAP 0; LOAD_FAST a; GET_ITER
        outer: FOR_ITER done; GET_ITER
        inner: FOR_ITER next; DUP_TOP; LIST_APPEND 5; DUP_TOP; MAP_ADD 3; JUMP_ABSOLUTE inner
        next: JUMP_ABSOLUTE outer
        done: BUILD_TUPLE 2; RETURN_VALUE
    """
    assert function(text, "a")([[1, 2], (), "x"]) == ([1, 2, "x"], {1: 1, 2: 2, "x": "x"})


def test_iterating_over_what_is_none():
    with pytest.raises(TypeError):
        function(SUM.format(iterator="LOAD_FAST a; GET_ITER"), "a")(5)


def test_a_generator():
    text = "LOAD_FAST a; YIELD_VALUE; YIELD_VALUE; RETURN_VALUE"
    generator = function(text, "a", GENERATOR)(1)
    assert next(generator) == 1
    assert generator.send(2) == 2
    with pytest.raises(StopIteration) as stopped:
        generator.send(3)
    assert stopped.value.value == 3


def test_a_stop_iteration_in_a_generator():
    text = "LOAD_GLOBAL StopIteration; RAISE_VARARGS 1; LOAD_CONST 1; YIELD_VALUE; RETURN_VALUE"
    with pytest.raises(RuntimeError):
        next(function(text, "", GENERATOR)())


@pytest.mark.parametrize("maker", ["GET_YIELD_FROM_ITER", "GET_ITER", "STORED", "NOTHING"])
def test_a_delegation(maker):
    made = {"STORED": "GET_YIELD_FROM_ITER; STORE_FAST b; LOAD_FAST b", "NOTHING": ""}.get(maker, maker)
    f = function(f"LOAD_FAST a; {made}; LOAD_CONST None; YIELD_FROM; RETURN_VALUE", "a", GENERATOR)

    def inner():
        received = yield 1
        try:
            yield received
        except ValueError as error:
            return error

    delegating = f(inner())
    assert next(delegating) == 1
    assert delegating.send(2) == 2
    error = ValueError()
    with pytest.raises(StopIteration) as stopped:
        delegating.throw(error)
    assert stopped.value.value is error
    if maker != "NOTHING":
        assert list(f([1, 2])) == [1, 2]
    closed = f(inner())
    next(closed)
    closed.close()
    assert list(closed) == []


def test_a_delegation_with_the_value_from_elsewhere():
    text = "LOAD_FAST a; GET_YIELD_FROM_ITER; LOAD_FAST b; LOAD_FAST b; ROT_TWO; POP_TOP; YIELD_FROM; RETURN_VALUE"
    assert list(function(text, "a b", GENERATOR)([1, 2], None)) == [1, 2]


def test_delegations_in_handlers():
    text = """
        SETUP_FINALLY wrong; LOAD_FAST a; GET_YIELD_FROM_ITER; LOAD_CONST None; YIELD_FROM; POP_BLOCK; RETURN_VALUE
        wrong: POP_TOP; POP_TOP; POP_TOP; LOAD_FAST b; GET_YIELD_FROM_ITER; LOAD_CONST None; YIELD_FROM; POP_TOP
        POP_EXCEPT; LOAD_CONST 5; RETURN_VALUE
    """
    f = function(text, "a b", GENERATOR)
    assert list(f([1], [2])) == [1]

    def failing():
        yield 1
        raise KeyError

    assert list(f(failing(), [2])) == [1, 2]


def test_a_coroutine():
    text = "LOAD_FAST a; GET_AWAITABLE; LOAD_CONST None; YIELD_FROM; RETURN_VALUE"
    assert asyncio.run(function(text, "a", COROUTINE)(asyncio.sleep(0, 5))) == 5


def test_an_asynchronous_generator():
    text = "LOAD_FAST a; YIELD_VALUE; POP_TOP; LOAD_CONST 2; YIELD_VALUE; POP_TOP; LOAD_CONST None; RETURN_VALUE"
    f = function(text, "a", ASYNC_GENERATOR)

    async def collected():
        return [each async for each in f(1)]

    assert asyncio.run(collected()) == [1, 2]


def test_an_async_for():
    text = """
        BUILD_LIST 0; LOAD_FAST a; GET_AITER
        loop: SETUP_FINALLY end; GET_ANEXT; LOAD_CONST None; YIELD_FROM; POP_BLOCK
        LIST_APPEND 2; JUMP_ABSOLUTE loop
        end: END_ASYNC_FOR; RETURN_VALUE
    """

    async def numbers():
        yield 1
        await asyncio.sleep(0)
        yield 2

    assert asyncio.run(function(text, "a", COROUTINE)(numbers())) == [1, 2]


def test_a_generator_expression_made_elsewhere():
    """As other versions make it: the creator passes an iterator, or a list."""
    text = """
        LOAD_FAST '.0'
        loop: FOR_ITER done; YIELD_VALUE; POP_TOP; JUMP_ABSOLUTE loop
        done: LOAD_CONST None; RETURN_VALUE
    """
    assert list(function(text, ".0", GENERATOR, name="<genexpr>")(iter([1, 2]))) == [1, 2]


def test_cells_and_free_variables():
    inner = portable("LOAD_DEREF x; YIELD_VALUE; RETURN_VALUE", "", GENERATOR, frees=["x"], name="inner")
    outer = Code(
        "outer",
        [
            *instructions("LOAD_CLOSURE x; BUILD_TUPLE 1"),
            Instruction("LOAD_CONST", inner),
            Instruction("LOAD_CONST", "inner"),
            *instructions("MAKE_FUNCTION 8; CALL_FUNCTION 0; RETURN_VALUE"),
        ],
        args=["x"],
        cells=["x"],
        dialect="portable",
    )
    assert list(types.FunctionType(pyasm.encode(pyasm.lower(outer)), {})(7)) == [7]


@pytest.mark.skipif("SEND" not in RUNNING.opcodes, reason="no SEND")
def test_a_send_that_is_no_delegation():
    code = Code(
        "f", instructions("LOAD_FAST a; LOAD_FAST a; SEND L; L: RETURN_VALUE"), args=["a"], dialect=RUNNING.name
    )
    with pytest.raises(TargetError, match="SEND"):
        pyasm.lift(code)
