"""The same source, compiled by two versions, is the same portable code wherever the compilers made the same choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycs import VERSIONS, interpreters, run

from pyasm import isa, pyc
from pyasm.code import Code
from pyasm.translate import lift

PORTABLE = isa.load(isa.PORTABLE)
NAMING = frozenset(row.name for row in PORTABLE.opcodes.values() if row.operand in isa.JUMPS)


def words(code: Code) -> list[tuple[str, Any]]:
    """The instructions, without positions, NOPs and labels that nothing names; labels are numbered as they stand."""
    named = {each.arg for each in code.body if each.op in NAMING}
    numbers: dict[Any, int] = {}
    for each in code.body:
        if each.op == "LABEL" and each.arg in named:
            numbers[each.arg] = len(numbers)
    found: list[tuple[str, Any]] = []
    for each in code.body:
        if each.op == "NOP" or (each.op == "LABEL" and each.arg not in numbers):
            continue
        label = each.op == "LABEL" or each.op in NAMING
        found.append((each.op, numbers[each.arg] if label else repr_of(each.arg)))
    return found


def repr_of(arg: Any) -> str:
    return f"code {arg.name}" if isinstance(arg, Code) else repr(arg)


def functions(code: Code, path: str = "") -> dict[str, list[tuple[str, Any]]]:
    """Place of each code object -> its instructions; several of one name are numbered."""
    found = {path or code.name: words(code)}
    count: dict[str, int] = {}
    for each in code.body:
        if isinstance(each.arg, Code):
            name = each.arg.name
            count[name] = count.get(name, 0) + 1
            found.update(functions(each.arg, f"{path}/{name}{count[name] if count[name] > 1 else ''}"))
    return found


SNIPPETS = {
    "expressions": "def f(a, b): return a + b * -a ** 2, a[b], a.b, not a, a is b, a not in b, a[b:], [a, *b]",
    "comparison": "def f(a, b, c): return a < b <= c",
    "boolean": "def f(a, b, c): return a and b or not c",
    "conditional": "def f(a, b, c): return a if b else c",
    "call": "def f(a): return g(a, 1), g(a, k=2), g(*a, **a)",
    "method call": "def f(a): return a.m(1).n()",
    "formatting": "def f(a, w): return f'{a!r:>{w}} {a}'",
    "assignment": "def f(a):\n  b, (c, *d) = a\n  a.x = a[1] = b\n  a[0] += c\n  del a.x, a[1]\n  return d",
    "if": "def f(a):\n  if a:\n    x()\n  elif a is None:\n    y()\n  else:\n    z()\n  return 1",
    "while": "def f(a):\n  while a:\n    if g(): break\n    h()\n  return 1",
    "for": "def f(a):\n  for x in a:\n    g(x)\n  else:\n    h()\n  return 1",
    "assert": "def f(a):\n  assert a, 'm'\n  return 1",
    "closure": "def f(a):\n  def g(): return a\n  return g",
    "defaults": "def f():\n  def g(a, b=x, *, c=2): return a\n  return g",
    "lambda": "def f(): return lambda x: x",
    "class": "def f():\n  class C(B, k=1): pass\n  return C",
    "class body": "class C:\n  x = 1\n  def m(self): return self.x",
    "super": "class C(B):\n  def m(self): return super().m(1)",
    "decorator": "@d(1)\ndef f(): pass",
    "import": "def f():\n  import a.b as c, d\n  from . import e\n  return c, d, e",
    "comprehension": "def f(a): return [x for x in a if x]",
    "generator expression": "def f(a): return g(x + 1 for x in a)",
    "generator": "def f():\n  x = yield 1\n  return x",
    "yield from": "def f(a): return (yield from a)",
    "await": "async def f(a): return await a",
    "async for": "async def f(a):\n  async for x in a:\n    g(x)\n  return 1",
    "async with": "async def f(a):\n  async with a as b:\n    g(b)\n  return 1",
    "with": "def f(a):\n  with a as b:\n    g(b)\n  return 1",
    "try except": "def f():\n  try:\n    g()\n  except A:\n    h()\n  return 1",
    "except as": "def f():\n  try:\n    g()\n  except A as e:\n    h(e)\n  return 1",
    "try finally": "def f():\n  try:\n    g()\n  finally:\n    h()\n  return 1",
    "raise": "def f(a):\n  if a: raise A\n  raise A from a",
    "annotations": "def f():\n  def g(a: int) -> str: pass\n  return g",
    "global": "def f():\n  global x\n  x = 1\n  del x",
    "match": "def f(a):\n  match a:\n    case [1, x]: return x\n    case {'k': v}: return v\n    case A(y): return y",
    "except*": "def f():\n  try:\n    g()\n  except* A:\n    h()\n  return 1",
}

DIFFERENT = {
    "a short end of the function is copied to where it is reached from (not in 3.9 and 3.11)": {
        "3.9 3.10": "if, while, async with, with, try except, except as, try finally",
        "3.10 3.11": "comparison, conditional, if, while, async with, with, try except, except as, try finally",
        "3.11 3.12": "comparison, conditional, if, while, with, async with, try except, except as, try finally",
    },
    "code that is never reached is left out since 3.10": {"3.9 3.10": "raise"},
    "a loop tests its condition in two places from 3.10 to 3.13": {"3.9 3.10": "while", "3.13 3.14": "while"},
    "jumps to jumps that keep the value are joined or not": {"3.11 3.12": "boolean", "3.13 3.14": "boolean"},
    "3.12 has an empty string in front of a nested specification": {
        "3.11 3.12": "formatting",
        "3.12 3.13": "formatting",
    },
    "names and values of annotations come in pairs since 3.10; a function makes them since 3.14": {
        "3.9 3.10": "annotations",
        "3.13 3.14": "annotations, class body, super",
        "3.14 3.15": "annotations",
    },
    "a mapping pattern is matched in another order": {"3.10 3.11": "match"},
    "comprehensions are in the frame of the function since 3.12; 3.15 begins to iterate inside": {
        "3.11 3.12": "comprehension",
        "3.14 3.15": "comprehension",
    },
    "a class has more names of its own since 3.13": {"3.12 3.13": "class, class body, super"},
    "defaults of keywords are built from pairs since 3.14": {"3.13 3.14": "defaults"},
    "exceptions that except* does not handle are collected in another way": {
        "3.11 3.12": "except*",
        "3.12 3.13": "except*",
    },
}
"""What compilers do differently -> two versions in a row -> the constructs in which that shows."""

_COMPILE = """
import json, py_compile, sys
for n, source in enumerate(json.load(sys.stdin)):
    with open(sys.argv[1] + "/source.py", "w") as file:
        file.write(source)
    try:
        py_compile.compile(file.name, sys.argv[1] + f"/{n}.pyc", doraise=True)
    except py_compile.PyCompileError:
        pass
"""


def compiled_by(version: str, folder: Path) -> dict[str, dict[str, list[tuple[str, Any]]]]:
    """Every construct that the version can compile, as portable code."""
    folder.mkdir()
    run(version, _COMPILE, str(folder), input=json.dumps(list(SNIPPETS.values())))
    files = {name: folder / f"{n}.pyc" for n, name in enumerate(SNIPPETS)}
    return {name: functions(lift(pyc.load(file))) for name, file in files.items() if file.exists()}


@pytest.mark.parametrize("pair", list(zip(VERSIONS, VERSIONS[1:])), ids=" ".join)
def test_two_versions_give_the_same(pair: tuple[str, str], tmp_path: Path) -> None:
    if not set(pair) <= set(interpreters()):
        pytest.skip(f"no CPython {' or no '.join(pair)} on PATH")
    one, other = (compiled_by(version, tmp_path / version) for version in pair)
    both = one.keys() & other.keys()
    assert len(both) > 30
    known = {name for pairs in DIFFERENT.values() for name in pairs.get(" ".join(pair), "").split(", ")} - {""}
    assert {name for name in both if one[name] != other[name]} == known
