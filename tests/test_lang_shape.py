"""Structured text costs nothing: what it becomes is what CPython's compiler makes of the same Python source."""

from __future__ import annotations

import re

import pytest

import pyasm
from pyasm import isa
from pyasm.code import Code, Instruction

PAIRS: dict[str, tuple[str, str]] = {
    "while": (
        "WHILE OP $n > 0 { OP $n - 1 -> $n }; RETURN $n",
        "while n > 0:\n  n = n - 1\nreturn n",
    ),
    "while_else_break": (
        "WHILE $n { OP $n - 1 -> $n; IF OP $n == 5 { BREAK } } ELSE { CALL @f() -> \\ }; RETURN $n",
        "while n:\n  n = n - 1\n  if n == 5: break\nelse: f()\nreturn n",
    ),
    "while_true": (
        "WHILE True { OP $n - 1 -> $n; IF OP $n < 5 { RETURN $n } }",
        "while True:\n  n = n - 1\n  if n < 5: return n",
    ),
    "while_continue": (
        "WHILE OP $n > 0 { OP $n - 1 -> $n; IF OP $n == 7 { CONTINUE }; CALL @f($n) -> \\ }; RETURN $n",
        "while n > 0:\n  n = n - 1\n  if n == 7: continue\n  f(n)\nreturn n",
    ),
    "foreach": (
        "FOREACH $i IN $n { CALL @f($i) -> \\ }; RETURN $n",
        "for i in n: f(i)\nreturn n",
    ),
    "foreach_constants": (
        "FOREACH $i IN [1, 2, 3] { IF $i { CONTINUE }; IF $n { BREAK }; CALL @f($i) -> \\ }; RETURN $n",
        "for i in [1, 2, 3]:\n  if i: continue\n  if n: break\n  f(i)\nreturn n",
    ),
    "foreach_return": (
        "FOREACH $i IN $n { FOREACH $j IN $i { IF OP $j is None { RETURN $j } } }; RETURN $n",
        "for i in n:\n  for j in i:\n    if j is None: return j\nreturn n",
    ),
    "if_chain": (
        "IF OP $n < 1 { LOAD 1 -> $a } ELIF OP $n < 2 { LOAD 2 -> $a } ELSE { LOAD 3 -> $a }; RETURN $a",
        "if n < 1: a = 1\nelif n < 2: a = 2\nelse: a = 3\nreturn a",
    ),
    "if_returns": (
        "IF OP $n < 1 { RETURN 1 } ELIF OP $n < 2 { RETURN 2 }; RETURN OP $n * 2",
        "if n < 1: return 1\nelif n < 2: return 2\nreturn n * 2",
    ),
    "conditions": (
        "IF OP ($n < 1 and not ($n == 2 or $n > 3) and 1 < $n < 9) { CALL @f() -> \\ }; RETURN $n",
        "if n < 1 and not (n == 2 or n > 3) and 1 < n < 9: f()\nreturn n",
    ),
    "logic": (
        "RETURN OP ($n and @a or $n < 2 < @b and not $n)",
        "return n and a or n < 2 < b and not n",
    ),
    "assert": ('ASSERT OP $n > 1 "small"; RETURN $n', "assert n > 1, 'small'\nreturn n"),
    "calls": (
        "CALL @f($n, k=1) -> $a; CALL $n.m($a) -> $b; CALL $n.m($a, k=$b) -> \\; "
        "CALL @f(*$a, $b, **$n) -> \\; RETURN $b",
        "a = f(n, k=1)\nb = n.m(a)\nn.m(a, k=b)\nf(*a, b, **n)\nreturn b",
    ),
    "displays": (
        'LOAD [1, $n, *$n] -> $a; LOAD {1, 2, 3, 4} -> $b; LOAD {"a": $n, **$a, '
        "$n: 1} -> $c; RETURN ($a, $b, $c, (1, 2))",
        "a = [1, n, *n]\nb = {1, 2, 3, 4}\nc = {'a': n, **a, n: 1}\nreturn (a, b, c, (1, 2))",
    ),
    "items": (
        "LOAD $n[1] -> $a; LOAD $n[$a:] -> $b; STORE $n[$a] ($b); STORE $n.x ($b); DELETE $n[$a]; "
        "DELETE $n.x; RETURN $a",
        "a = n[1]\nb = n[a:]\nn[a] = b\nn.x = b\ndel n[a]\ndel n.x\nreturn a",
    ),
    "unpack": ("UNPACK $n -> $a, *$b, $c; LOAD $n -> $d, $e; RETURN $a", "a, *b, c = n\nd, e = n\nreturn a"),
    "with": ("WITH $n -> $a { CALL @f($a) -> \\ }; RETURN $n", "with n as a:\n  f(a)\nreturn n"),
    "generator": (
        "FOREACH $i IN $n { YIELD $i -> $a; YIELD * $a -> \\ }",
        "for i in n:\n  a = yield i\n  yield from a",
    ),
    "closure": (
        "DEF g <n> (x, *, y=1) { RETURN OP $n + $x + $y }; RETURN $g(1)",
        "def g(x, *, y=1): return n + x + y\nreturn g(1)",
    ),
}


COPIES_EXITS = ("if_chain", "conditions", "while_else_break", "foreach_constants", "foreach_return")
"""A short way out of the function is copied to the jumps to it, as the compilers of some versions do."""

TEST_ABOVE = ("while", "while_else_break", "while_continue")
"""The condition of a loop is repeated behind its body, as the compilers of some versions do."""

DIFFERENT: dict[str, tuple[str, ...]] = {
    "3.9": (*COPIES_EXITS, *TEST_ABOVE, "with"),
    "3.10": ("foreach_return",),
    "3.11": (*COPIES_EXITS, "with"),
    "3.14": TEST_ABOVE,
    "3.15": TEST_ABOVE,
}
"""Where some version's compiler does it in another way."""

ALWAYS_DIFFERENT = ("while_true", "logic")
"""Where jumps to jumps are followed further than compilers do."""

REPEATED = 8
"""So many instructions more there are for what is copied or repeated."""


@pytest.mark.parametrize("name", PAIRS)
def test_same_as_compiled(name: str) -> None:
    """The instructions are those of the compiler, or hardly more of them where it is known to do it in another way."""
    text, source = PAIRS[name]
    lines = re.sub(r"; |(?<=\{) |(?<=\}) (?!->)", "\n", text)
    assembled = pyasm.lower(pyasm.parse(f"DEF f(n) {{\n{lines}\n}}")).body
    indented = source.replace("\n", "\n  ")
    compiled = pyasm.decode(compile(f"def f(n):\n  {indented}\n", "", "exec")).body
    ours, theirs = _shown(_function(assembled)), _shown(_function(compiled))
    if name in ALWAYS_DIFFERENT or name in DIFFERENT.get(isa.running().name, ()):
        assert len(ours) <= len(theirs) + REPEATED
    else:
        assert ours == theirs


def _function(body: list[Instruction]) -> Code:
    return next(each.arg for each in body if isinstance(each.arg, Code))


def _shown(code: Code) -> list[str]:
    """The instructions, with the numbers of those that they jump to."""
    body = [each for each in code.body if each.op != "NOP"]  # for lines without an instruction of their own
    places: dict[str, str] = {}
    count = 0
    for each in body:
        if each.op == "LABEL":
            places[each.arg] = f"to {count}"
        else:
            count += 1
    shown = []
    for each in body:
        if each.op != "LABEL":
            jumps = (
                isinstance(each.arg, str) and each.arg in places and "JUMP" in each.op + ("JUMP" * (each.op in _JUMPS))
            )
            shown.append(f"{each.op} {places[each.arg] if jumps else '' if isinstance(each.arg, Code) else each.arg}")
    return shown


_JUMPS = ("FOR_ITER", "SETUP_FINALLY", "SETUP_WITH", "SEND")
