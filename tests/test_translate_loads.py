"""The passes loads and constants: the choices of each compiler are redone, and hand-written code gets safe ones."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from support import SEED
from translatekit import RUNNING, codes, compare, library, lifted_to, run

import pyasm
from pyasm import isa
from pyasm.code import Code, Instruction, Position
from pyasm.errors import TargetError
from pyasm.translate import loads, words

CHECKED = [name for name in isa.names() if "LOAD_FAST_CHECK" in isa.load(name).opcodes]
PAIRED = [name for name in isa.names() if "STORE_FAST_LOAD_FAST" in isa.load(name).opcodes]
BORROWING = [name for name in isa.names() if "LOAD_FAST_BORROW" in isa.load(name).opcodes]
RETURNING = [name for name in isa.names() if "RETURN_CONST" in isa.load(name).opcodes]
FORMS = {"LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_SMALL_INT", "RETURN_CONST", *(loads.PAIRS.values())}


def body(*instructions: Any) -> list[Instruction]:
    """Instructions of tuples and mnemonics."""
    return [Instruction(each) if isinstance(each, str) else Instruction(*each) for each in instructions]


def lowered(instructions: Sequence[Any], dialect: str, **fields: Any) -> list[tuple[Any, ...]]:
    """What both passes make of a body, without the positions; the local variables are x, y and z."""
    fields = {"locals": ["x", "y", "z"], **fields}
    code = Code("f", body(*instructions), dialect=dialect, **fields)
    run(words.lower, code, isa.load(dialect))
    run(loads.lower, code, isa.load(dialect))
    return [each[:2] if each.arg is not None else each[:1] for each in code.body]


def ops(instructions: Sequence[Any], dialect: str, **fields: Any) -> list[str]:
    """Only the mnemonics, without labels."""
    return [each[0] for each in lowered(instructions, dialect, **fields) if each[0] != "LABEL"]


def there_and_back(code: Code) -> tuple[Code, Code]:
    """A copy as it comes to the passes in lifting, and as they give it back in lowering."""
    before = lifted_to(code, 2)
    after = before.replace()
    for each in (loads, words):
        run(each.lift, after)
    assert not FORMS & {each.op for each in after.body}, code.qualname
    for each in (words, loads):
        run(each.lower, after)
    return before, after


def check(code: Code) -> None:
    """The passes give a code and all inside of it back as they were."""
    for each in codes(code):
        before, after = there_and_back(each)
        found = compare(before, after)
        assert found is None, found


def test_the_library_comes_back_as_it_was() -> None:
    for module in library(12):
        check(pyasm.decode(module))


SOURCES_TEXT = """
## deleted
def f(x):
 if x: del x
 return x
## handler
def f(a):
 try:
  x = a()
  y = x()
 except E as e:
  return x, y
 finally:
  a(x, e)
 return x
## deletes in try
def f(a, b):
 try: del a
 except E: a
 try: del b
 finally: b
## loop
def f(a):
 for x in a:
  y = x
 return x, y
## comprehensions
def f(x, a):
 return [x for x in a if [y for y in x]], {k: v for k, v in a}, x, [x for a in a]
## comprehension that stores
def f(a):
 if a: x = 1
 y = [x for x in a]; z = [x for x in y]; return x, y, z
## unbound behind one
def f(a):
 y = [x for x in a]
 return x
## cells
def f(x, a):
 def g(): return x, y
 y = [lambda: x for x in a]
 z = [x for x in a]
 return g, y
## class
class A:
 x = [i for i in y]
 def f(self): return __class__
## conditional
def f(x, a, b):
 return a(b, x if x else a, b)
## conditional result
def f(x, a):
 return 1 if x else 2
## conditional call
def f(x, a):
 return a(x if x else a)
## with
def f(x, a):
 with x:
  with a as b: b()
 with a: x = a
 return [x for x in a]
## returning handler
def f(x):
 for i in x:
  try: y = i
  except E: continue
  if y is None and x(i, y): return y
 return y
## raising handler
def f(x):
 try: a, b = x
 except E as e: raise F()
 return f(a, b)
## pairs
def f(a, b, c):
 a = b; c = a; a, b = b, c
 a, b, c = x
 return (a,
 b, c)
## swaps
def f(a, b):
 a, b = b, a
 a = b = a
 a.x, b.x = b, a
 return a < b < a
## generator
def f(a):
 x = yield a
 return x, (yield from a)
## imports
def f(a):
 from m import a as b, c
 import x
 with a: from m import z
 return a
## match
def f(a, b):
 match a:
  case [x, y, *z]: return x
  case {'k': y, **z}: return y
  case C(x=z) if z: return b
## constants
def f(a):
 a[1:2] = a[1:2, None:], 255, 256, -1, '', None, True
 assert a
 return a[::2], 1 in (True, 1)
## async
async def f(a, b):
 async with a as x: await x(b)
 async for i in a: b(i)
 return [i async for i in a]
## named
def f(a, b):
 return (y := a) and b(y, y) or [a := i for i in b]
"""
SOURCES = dict(part.split("\n", 1) for part in SOURCES_TEXT.split("## ")[1:])


@pytest.mark.parametrize("name", SOURCES)
def test_constructs_come_back_as_they_were(name: str) -> None:
    try:
        module = compile(SOURCES[name], name, "exec")
    except SyntaxError:
        pytest.skip("not in this version")
    check(pyasm.decode(module))


def many_locals() -> str:
    """A function with more locals than the compiler follows; the last ones are known in their block only."""
    stores = "\n ".join(f"v{i} = a" for i in range(70))
    uses = "\n ".join(
        [
            "if a: del v68",
            "a(v67, v67, v68, v68)",
            "while a: a(v69); v66 = a(v66); v66()",
            "del v66; a(v3, v65 if a else v64, v65, a or v65, v65)",
            "return v66, v1 if a else v67",
        ]
    )
    return f"def f(a):\n {stores}\n {uses}\n"


def test_many_locals_come_back_as_they_were() -> None:
    check(pyasm.decode(compile(many_locals(), "many", "exec")))


def test_many_parameters_come_back_as_they_were() -> None:
    names = ", ".join(f"p{i}" for i in range(80))
    check(
        pyasm.decode(compile(f"def f({names}, *q, **r):\n if p70: del p2, p71\n return {names}, q, r", "many", "exec"))
    )


# -- unbound locals


@pytest.mark.parametrize("dialect", CHECKED)
def test_a_local_that_may_be_unbound_is_checked(dialect: str) -> None:
    branch = ["LOAD_FAST", "y"], ["POP_JUMP_IF_NONE", "end"], ["LOAD_FAST", "y"], ["STORE_FAST", "x"]
    end = ["LABEL", "end"], "NOP", ["LOAD_FAST", "x"], "RETURN_VALUE"
    found = lowered([*branch, *end], dialect, args=["y"], locals=["x"])
    assert ("LOAD_FAST_CHECK", "x") in found
    assert "LOAD_FAST_CHECK" not in {op for op, *_ in found[:4]}
    found = lowered([["LOAD_FAST", "y"], ["STORE_FAST", "x"], *branch, *end], dialect, args=["y"], locals=["x"])
    assert "LOAD_FAST_CHECK" not in {op for op, *_ in found}


@pytest.mark.parametrize("dialect", CHECKED)
def test_a_handler_does_not_trust_its_region(dialect: str) -> None:
    region = [["SETUP_FINALLY", "h"], ["LOAD_CONST", 1000], ["STORE_FAST", "x"], ["LOAD_FAST", "x"], "POP_BLOCK"]
    handler = [["LABEL", "h"], "PUSH_EXC_INFO", "POP_TOP", "POP_EXCEPT", ["LOAD_FAST", "x"], "RETURN_VALUE"]
    found = ops([*region, "RETURN_VALUE", *handler], dialect)
    assert [op for op in found if op.startswith("LOAD_FAST")][-1] == "LOAD_FAST_CHECK"
    assert found.count("LOAD_FAST_CHECK") == 1


@pytest.mark.parametrize("dialect", CHECKED)
def test_a_deleted_local_is_checked(dialect: str) -> None:
    start = [["LOAD_CONST", 1000], ["STORE_FAST", "x"]]
    again = [["LABEL", "again"], "NOP", ["LOAD_FAST", "x"], "POP_TOP", ["DELETE_FAST", "x"]]
    assert "LOAD_FAST_CHECK" in ops([*start, *again, ["JUMP_BACKWARD", "again"]], dialect)
    assert "LOAD_FAST_CHECK" in ops([["DELETE_FAST", "p"], ["LOAD_FAST", "p"], "RETURN_VALUE"], dialect, args=["p"])


def test_an_unbound_local_raises() -> None:
    resume = ["RESUME"] if "RESUME" in RUNNING.opcodes else []
    code = Code("f", body(*resume, ["LOAD_FAST", "x"], "RETURN_VALUE"), dialect=RUNNING.name)
    if resume:
        code.body[0] = Instruction("RESUME", 0)
    run(loads.lower, code)
    function = type(test_an_unbound_local_raises)(pyasm.encode(code), {})
    with pytest.raises(UnboundLocalError):
        function()


# -- pairs


@pytest.mark.parametrize("dialect", PAIRED)
def test_neighbours_become_one(dialect: str) -> None:
    stores = [["STORE_FAST", "x"], ["STORE_FAST", "y"], ["STORE_FAST", "z"], ["LOAD_FAST", "x"]]
    assert lowered([["UNPACK_SEQUENCE", 3], *stores, "RETURN_VALUE"], dialect)[1:3] == [
        ("STORE_FAST_STORE_FAST", ("x", "y")),
        ("STORE_FAST_LOAD_FAST", ("z", "x")),
    ]


@pytest.mark.parametrize("dialect", PAIRED)
def test_what_keeps_neighbours_apart(dialect: str) -> None:
    def pair(first: Any, second: Any, *between: Any, **fields: Any) -> bool:
        found = ops([["LOAD_CONST", 300], first, *between, second, "POP_TOP", "RETURN_VALUE"], dialect, **fields)
        return any(op in loads.PAIRS.values() for op in found)

    store, load = ["STORE_FAST", "x"], ["LOAD_FAST", "x"]
    assert pair(store, load)
    assert not pair(store, load, ["LABEL", "l"])
    assert not pair(store, load, "NOP")
    assert not pair([*store, Position(1)], [*load, Position(2)])
    assert pair([*store, Position(1)], [*load, Position(1, 2, 3, 4)])
    assert pair([*store, Position()], [*load, Position(2)])
    many = [f"v{i}" for i in range(20)]
    assert pair(["STORE_FAST", "v15"], ["LOAD_FAST", "v15"], locals=many)
    assert not pair(["STORE_FAST", "v16"], ["LOAD_FAST", "v16"], locals=many)
    assert not pair(["STORE_FAST", "new"], ["LOAD_FAST", "new"], locals=many)


# -- borrowed loads

DROPS = ["POP_TOP", "POP_TOP", ["LOAD_CONST", 1000], "RETURN_VALUE"]
REGION = [["SETUP_FINALLY", "h"], ["LOAD_CONST", 1000], *DROPS, ["LABEL", "h"]]
LOAD_X, STORE_X = ["LOAD_FAST", "x"], ["STORE_FAST", "x"]


@pytest.mark.parametrize("dialect", BORROWING)
@pytest.mark.parametrize(
    ("instructions", "borrows"),
    [
        ([LOAD_X, "RETURN_VALUE"], True),
        ([LOAD_X, ["LOAD_ATTR", ("a", 0)], "RETURN_VALUE"], True),
        ([LOAD_X, ["LOAD_CONST", 1000], STORE_X, "RETURN_VALUE"], False),
        ([LOAD_X, ["DELETE_FAST", "x"], "RETURN_VALUE"], False),
        ([LOAD_X, ["STORE_FAST", "y"], ["LOAD_CONST", 1000], "RETURN_VALUE"], False),
        ([LOAD_X, ["COPY", 1], "POP_TOP", ["STORE_FAST", "y"], ["LOAD_CONST", 1000], "RETURN_VALUE"], False),
        ([LOAD_X, ["LOAD_ATTR", ("a", 1)], ["LOAD_CONST", 1000], STORE_X, ["CALL", 0], "RETURN_VALUE"], False),
        ([LOAD_X, ["LABEL", "l"], "RETURN_VALUE"], False),
        ([LOAD_X, "FORMAT_SIMPLE", ["LABEL", "l"], "RETURN_VALUE"], False),
        ([LOAD_X, "UNARY_NOT", ["LABEL", "l"], "RETURN_VALUE"], True),
        ([LOAD_X, ["COPY", 1], ["LOAD_SPECIAL", "__exit__"], ["LABEL", "l"], "RETURN_VALUE"], False),
        ([LOAD_X, ["LOAD_CONST", 1000], ["SWAP", 2], ["LABEL", "l"], "POP_TOP", "RETURN_VALUE"], False),
        ([LOAD_X, ["LOAD_CONST", 1000], ["SWAP", 2], "POP_TOP", ["LABEL", "l"], "RETURN_VALUE"], True),
        ([LOAD_X, ["SETUP_FINALLY", "h"], "POP_TOP", "POP_BLOCK", ["JUMP_FORWARD", "h"], ["LABEL", "h"]], False),
        ([LOAD_X, *REGION, *DROPS], True),
        ([LOAD_X, *REGION, "POP_TOP", ["STORE_FAST", "y"], ["LOAD_CONST", 1000], "RETURN_VALUE"], False),
        ([LOAD_X, *REGION, ["DELETE_FAST", "x"], *DROPS], False),
        ([LOAD_X, *REGION, ["SETUP_FINALLY", "h"], *DROPS], False),
        ([LOAD_X, "POP_TOP", ["SETUP_FINALLY", "h"], "POP_BLOCK", ["JUMP_FORWARD", "h"], ["LABEL", "h"]], True),
    ],
)
def test_when_a_load_borrows(dialect: str, instructions: list[Any], borrows: bool) -> None:
    found = ops(instructions, dialect, args=["x"], locals=["y", "z"])
    assert found[0] == ("LOAD_FAST_BORROW" if borrows else "LOAD_FAST")


@pytest.mark.parametrize("dialect", BORROWING)
def test_a_block_with_several_labels(dialect: str) -> None:
    jumps = [LOAD_X, ["POP_JUMP_IF_NONE", "a"], LOAD_X, ["POP_JUMP_IF_NONE", "b"]]
    found = ops([*jumps, ["LABEL", "a"], ["LABEL", "b"], LOAD_X, "RETURN_VALUE"], dialect, args=["x"], locals=["y"])
    assert found.count("LOAD_FAST_BORROW") == 3


@pytest.mark.parametrize("dialect", BORROWING)
def test_an_empty_block_hides_what_is_behind_it(dialect: str) -> None:
    behind = [["LABEL", "empty1"], LOAD_X, "RETURN_VALUE"]
    found = ops([LOAD_X, "POP_TOP", *behind], dialect, args=["x"], locals=["y"])
    hides = isa.load(dialect).empty_hides
    assert [op for op in found if op.startswith("LOAD")] == [
        "LOAD_FAST_BORROW",
        "LOAD_FAST" if hides else "LOAD_FAST_BORROW",
    ]


@pytest.mark.parametrize("dialect", BORROWING)
def test_loads_in_handlers_do_not_borrow(dialect: str) -> None:
    region = [["SETUP_FINALLY", "h"], ["LOAD_FAST", "p"], "POP_TOP", "POP_BLOCK", ["LOAD_FAST", "p"], "RETURN_VALUE"]
    handler = [["LABEL", "h"], "PUSH_EXC_INFO", "POP_TOP", "POP_EXCEPT", ["LOAD_FAST", "p"], "RETURN_VALUE"]
    found = [op for op in ops([*region, *handler], dialect, args=["p"]) if op.startswith("LOAD_FAST")]
    assert found == ["LOAD_FAST_BORROW", "LOAD_FAST_BORROW", "LOAD_FAST"]


# -- constants


@pytest.mark.parametrize("dialect", isa.names())
def test_short_forms_of_constants(dialect: str) -> None:
    opcodes = isa.load(dialect).opcodes
    small = "LOAD_SMALL_INT" in opcodes
    common = set(isa.load(dialect).enums.get("constant", {}).values())

    def load(value: Any) -> tuple[Any, ...]:
        return lowered([["LOAD_CONST", value], "POP_TOP"], dialect)[0]

    assert load(255) == ("LOAD_SMALL_INT" if small else "LOAD_CONST", 255)
    for value in (256, 1.0, "a", (), b""):
        assert load(value) == ("LOAD_CONST", value)
    for value in (None, True, False, "", -1):
        short = repr(value) in common
        assert load(value)[:1] == ("LOAD_COMMON_CONSTANT",) if short else ("LOAD_CONST", value)
    error = lowered(["LOAD_ASSERTION_ERROR", ["RAISE_VARARGS", 1]], dialect)[0]
    assert error == (("LOAD_ASSERTION_ERROR",) if not common else ("LOAD_COMMON_CONSTANT", "AssertionError"))


@pytest.mark.parametrize("dialect", RETURNING)
def test_constants_that_are_returned(dialect: str) -> None:
    assert lowered([["LOAD_CONST", 1], "RETURN_VALUE"], dialect) == [("RETURN_CONST", 1)]
    assert ops([["LOAD_CONST", 1], ["LABEL", "l"], "RETURN_VALUE"], dialect) == ["LOAD_CONST", "RETURN_VALUE"]


@pytest.mark.parametrize("dialect", isa.names())
def test_slices_are_made_where_they_are_no_constants(dialect: str) -> None:
    table = isa.load(dialect)
    value = (slice(300, "b"), 300, slice(None, None, -2))
    found = lowered([["LOAD_CONST", value], "RETURN_VALUE"], dialect)
    if table.slice_constants:
        assert found[0] == ("LOAD_CONST", value)
        return
    assert [each for each in found if each[0] != "LOAD_CONST"] == [
        ("BUILD_SLICE", 2),
        ("BUILD_SLICE", 3),
        ("BUILD_TUPLE", 3),
        ("RETURN_VALUE",),
    ]
    loaded = [each[1] if each[1:] else None for each in found if each[0] == "LOAD_CONST"]
    assert loaded == [300, "b", 300, None, None, -2]
    got = ops([["LOAD_CONST", slice(1, 2)], "BINARY_SUBSCR"], dialect)
    assert got[2:] == (["BINARY_SLICE"] if "BINARY_SLICE" in table.opcodes else ["BUILD_SLICE", "BINARY_SUBSCR"])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="slices have no hash")
@pytest.mark.parametrize("dialect", [name for name in isa.names() if not isa.load(name).slice_constants])
def test_what_a_target_cannot_hold(dialect: str) -> None:
    with pytest.raises(TargetError) as error:
        lowered(["NOP", ["LOAD_CONST", frozenset({slice(1, 2)})]], dialect)
    assert dialect in str(error.value)
    assert "f, instruction 1 (LOAD_CONST)" in str(error.value)


@pytest.mark.parametrize("name", ["NotImplementedError", "tuple", "all", "any", "list", "set"])
def test_common_objects_everywhere(name: str) -> None:
    """Where the interpreter does not have it at hand it is imported, whatever the name means."""
    start = [["RESUME", 0]] if "RESUME" in RUNNING.opcodes else []
    code = Code("f", body(*start, ["LOAD_COMMON_CONSTANT", name], "RETURN_VALUE"), dialect=RUNNING.name)
    run(words.lower, code)
    function = type(test_an_unbound_local_raises)(pyasm.encode(code), {name: SEED, "__builtins__": builtins})
    assert function() is getattr(builtins, name)
