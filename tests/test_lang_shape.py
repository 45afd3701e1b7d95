"""Structured text costs nothing: what it becomes is what CPython's compiler makes of the same Python source."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import CodeType, FrameType
from typing import Any

import pytest
from support import HERE, walk

import pyasm
from pyasm import isa
from pyasm.code import Code, Instruction

sys.path.insert(0, str(HERE.parent / "bench"))
from structured import HELPERS, PROGRAMS, texts, worked

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


PAIRS.update(
    swap=("LOAD $n -> $b; LOAD ($b, $n) -> $n, $b; RETURN $n", "b = n\nn, b = b, n\nreturn n"),
    swap_three=("LOAD ($n[1], 2, $n) -> $n[0], $b, $n[2]; RETURN $b", "n[0], b, n[2] = n[1], 2, n\nreturn b"),
)
EXITS = "a short way out of the function is copied to the jumps to it, as the compilers of some versions do"
TEST = "the condition of a loop is repeated behind its body, as the compilers of some versions do"
JUMPS = "a jump to a jump goes where that goes at once"
ORDER = "handlers are behind all else, as the compilers of some versions have them"
STORES = "local variables get their values in the order that needs no rotation"
OPERAND = "the compiler leaves operands in instructions that take none"

_LOOPS = ("while", "while_else_break", "while_continue", "count", "collatz")
_JUMPS_BACK = ("while_true", "foreach_return", "collatz", "sieve", "search", "methods", "displays")
DIFFERENT: dict[str, dict[str, tuple[str, ...]]] = {
    "3.9": {
        EXITS: ("if_chain", "conditions", "foreach_constants"),
        TEST: _LOOPS,
        JUMPS: ("while_true", "foreach_return", "displays"),
        ORDER: ("with", "exceptions", "managers"),
        STORES: ("swap", "unpacking"),
    },
    "3.10": {
        JUMPS: _JUMPS_BACK,
        ORDER: ("exceptions", "managers"),
        STORES: ("swap", "unpacking"),
        OPERAND: ("swap_three",),
    },
    "3.11": {
        EXITS: ("if_chain", "conditions", "while_else_break", "foreach_constants"),
        JUMPS: _JUMPS_BACK,
        ORDER: ("with", "exceptions", "managers"),
    },
    "3.12": {JUMPS: ("while_true", "logic", "exceptions")},
    "3.13": {JUMPS: ("while_true", "logic")},
    "3.14": {TEST: _LOOPS, JUMPS: ("logic",)},
    "3.15": {TEST: _LOOPS, JUMPS: ("logic",)},
}
"""Version -> why the instructions are others than the compiler's -> in which programs. They are run then."""

GIVEN: dict[str, tuple[Any, ...]] = {
    "foreach": ([1, 2, 3],),
    "foreach_return": ([[1, 2], [3]], [[1, None]]),
    "logic": (0, 1, 5),
    "swap_three": ([1, 2, 3],),
    "with": (nullcontext(),),
}
"""What the functions are called with; the others with numbers."""


def _programs(name: str) -> tuple[str, str]:
    """The function f in the language, and in Python."""
    if name in PROGRAMS:
        return texts(name)
    text, source = PAIRS[name]
    lines = re.sub(r"; |(?<=\{) |(?<=\}) (?!->)", "\n", text)
    indented = source.replace("\n", "\n  ")
    return f"DEF f(n) {{\n{lines}\n}}", f"def f(n):\n  {indented}\n"


@pytest.mark.parametrize("name", [*PAIRS, *PROGRAMS])
def test_same_as_compiled(name: str) -> None:
    """The instructions are those of the compiler, or known to be others; then no more of them are executed."""
    text, source = _programs(name)
    ours = pyasm.lower(pyasm.parse(text))
    theirs = compile(source, "", "exec")
    known = [names for names in DIFFERENT[isa.running().name].values() if name in names]
    same = _shown(_function(ours.body)) == _shown(_function(pyasm.decode(theirs).body))
    assert same is not bool(known)
    if not same:
        for given in GIVEN.get(name, (0, 3, 9)):
            assert _executed(pyasm.encode(ours), given) <= _executed(theirs, given)


def _executed(code: CodeType, given: Any) -> int:
    """How many instructions a function executes, itself and those in it."""
    names: dict[str, Any] = {}
    exec(HELPERS, names)
    exec(code, names)
    made = next(const for const in code.co_consts if isinstance(const, CodeType))
    function = names[made.co_name]
    names.update(a=1, b=3, f=lambda *given: None) if made.co_name == "f" else None
    counting = _monitored if hasattr(sys, "monitoring") else _traced
    count = counting(set(walk(made)), lambda: worked(function, given))
    assert count
    return count


def _traced(codes: set[CodeType], work: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode" and frame.f_code in codes
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def _monitored(codes: set[CodeType], work: Callable[[], object]) -> int:
    count = 0

    def executed(*_: Any) -> None:
        nonlocal count
        count += 1

    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
    tool, event = monitoring.PROFILER_ID, monitoring.events.INSTRUCTION
    monitoring.use_tool_id(tool, "shape")
    monitoring.register_callback(tool, event, executed)
    for code in codes:
        monitoring.set_local_events(tool, code, event)
    try:
        work()
    finally:
        monitoring.free_tool_id(tool)
    return count


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
