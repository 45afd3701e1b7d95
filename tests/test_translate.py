"""Lift and lower together: code objects come back byte for byte, and dialects can express one another's code."""

from __future__ import annotations

import contextlib
import sys
import types
from collections import Counter
from pathlib import Path

import pycs
import pytest
import translatekit
from exactness import own_differences
from support import FULL, compiled, sample, stdlib_files, walk
from translatekit import but_for_one_file

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

import handwritten

import pyasm
from pyasm import isa, pyc, translate
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.native.encode import encode_raw
from pyasm.translate import lift, lower

EXACT = 0.999
"""The share of code objects that come back as they were."""


def test_the_library_comes_back() -> None:
    files = sample(stdlib_files(), 15)
    total = 0
    different: list[tuple[str, str]] = []
    for module in filter(None, map(compiled, files)):
        try:
            after = pyasm.encode(lower(lift(pyasm.decode(module))))
        except TargetError as error:
            different += [(module.co_filename, str(error))] * sum(1 for _ in walk(module))
            continue
        for one, other in zip(walk(module), walk(after)):
            total += 1
            fields = own_differences(one, other)
            if fields:
                different.append((one.co_filename, f"{one.co_name} {fields}"))
    print(f"{total - len(different)} of {total} code objects are the same; the others: {different[:20]}")
    # a small sample may hold some of the few by chance
    assert len(but_for_one_file(different)) <= (1 - EXACT) * total + (0 if FULL else 3), different[:20]


def test_code_is_really_compared() -> None:
    one, other = (next(c for c in compile(s, "", "exec").co_consts if isinstance(c, types.CodeType)) for s in SOURCES)
    assert own_differences(one, one) == []
    assert own_differences(one, other) != []


SOURCES = ("def f(a): return [a, 1.0]", "def f(a): return [a, 1.5]")


@pytest.mark.parametrize("target", isa.names())
def test_no_pass_is_left_out(target: str) -> None:
    """A pass may say what it puts into a body that a pass after it deals with; then nobody looks again."""
    running = isa.running()
    for module in filter(None, map(compiled, sample(stdlib_files(), 3))):
        native = pyasm.decode(module)
        _check_settled(native, running, translate._lifting(running.name))
        _check_settled(lift(native), isa.load(target), translate._lowering(target))


def _check_settled(code: Code, dialect: isa.Dialect, steps: list[translate._Step]) -> Code:
    code = code.replace(
        body=[
            each._replace(arg=_check_settled(each.arg, dialect, steps)) if isinstance(each.arg, Code) else each
            for each in code.body
        ]
    )
    known: set[str] = set()
    with contextlib.suppress(TargetError):
        for run, ops in steps:
            there = set(translatekit.mnemonics(code))
            if ops is not None and ops.isdisjoint(there):
                continue
            assert ops is None or not known or not ops.isdisjoint(known), (code.qualname, run)
            added = translatekit.run(run, code, dialect)
            known = (known or there) | added if added is not None else set()
    return code


# -- code that no compiler made


def test_bare_code_is_as_short_as_the_compilers() -> None:
    """Without positions, pools and names of labels: fused, borrowed and unchecked loads where the compiler has them."""
    module = compile(handwritten.SOURCE, "handwritten", "exec")
    ours = pyasm.encode(lower(handwritten.bare(lift(pyasm.decode(module)))))
    for one, other in zip(walk(module), walk(ours)):
        # where lines do not keep them apart, even more loads are fused
        assert len(instructions(other)) <= len(instructions(one)), one.co_name
        slow = Counter(e.op for e in pyasm.decode(other).body)
        slow.subtract(e.op for e in pyasm.decode(one).body)
        assert slow["LOAD_FAST_CHECK"] <= 0
        assert slow["SWAP"] <= 0
        assert slow["PUSH_NULL"] <= 0


def instructions(code: types.CodeType) -> list[Instruction]:
    return [each for each in pyasm.decode(code).body if each.op not in ("NOP", "LABEL")]


# -- between dialects

LEAST_FORWARD = 0.995
"""The share of code objects of an older dialect that a newer one can express."""


def parts(code: Code) -> list[Code]:
    """Every code object in it by itself: inner ones are replaced by a stub."""
    found = [code.replace(body=[stubbed(each) for each in code.body], layout=None)]
    for each in code.body:
        if isinstance(each.arg, Code):
            found += parts(each.arg)
    return found


def stubbed(each: Instruction) -> Instruction:
    if not isinstance(each.arg, Code):
        return each
    inner = each.arg
    body = [Instruction("LOAD_CONST", None), Instruction("RETURN_VALUE")]
    return each._replace(arg=Code(inner.name, body, dialect="portable", qualname=inner.qualname, frees=inner.frees))


@pytest.mark.parametrize("source", pycs.VERSIONS)
def test_others_can_express_it(source: str, tmp_path: Path) -> None:
    """Code lifted from one version, lowered to each: the share that works, and the reasons where it does not."""
    if source not in pycs.interpreters():
        pytest.skip(f"no CPython {source} on PATH")
    paths = pycs.sources(source)
    if not FULL:
        paths = pycs.seeded(f"matrix of {source}").sample(paths, 6)
    codes, refused_files = [], []
    for file in pycs.compile_files(source, paths, tmp_path):
        try:
            codes += parts(lift(pyc.load(file)))
        except TargetError as error:
            refused_files.append(str(error))
    assert codes
    assert len(refused_files) <= 3, refused_files  # of the whole library
    order = isa.names()
    for target in order:
        refused = Counter(filter(None, (refusal(code, target) for code in codes)))
        share = 1 - sum(refused.values()) / len(codes)
        print(f"{source} -> {target}: {100 * share:.3f} % of {len(codes)}; {dict(refused.most_common(8))}")
        if order.index(source) <= order.index(target):
            assert sum(refused.values()) <= (1 - LEAST_FORWARD) * len(codes) + (0 if FULL else 2)
        assert all(target in reason for reason in refused)


def refusal(code: Code, target: str) -> str | None:
    """Why a target cannot express a code object, without the place; None when it can."""
    try:
        encode_raw(lower(code, target))
    except TargetError as error:
        return error.findings[0].message
    return None


def test_what_is_left_below_a_returned_value_is_dropped() -> None:
    """Debug builds of interpreters would stop there, others keep it."""
    words: list[tuple[object, ...]] = [
        ("LOAD_FAST", "items"),
        ("GET_ITER",),
        ("LABEL", "next"),
        ("FOR_ITER", "end"),
        ("RETURN_VALUE",),
        ("LABEL", "end"),
        ("LOAD_CONST", None),
        ("RETURN_VALUE",),
    ]
    body = [Instruction(*word) for word in words]  # type: ignore[arg-type]
    first = types.FunctionType(pyasm.encode(lower(Code("first", body, dialect="portable", args=["items"]))), {})
    iterator = iter([1])
    counted = sys.getrefcount(iterator)
    assert first(iterator) == 1
    assert sys.getrefcount(iterator) == counted
    assert first([]) is None


@pytest.mark.parametrize("target", isa.names())
@pytest.mark.parametrize(
    "text", ["LOAD_FAST a; LOAD_FAST a; RETURN_VALUE", "LOAD_FAST a; BEFORE_ASYNC_WITH; RETURN_VALUE"]
)
def test_what_only_tidying_or_one_pass_puts_in_is_lowered(text: str, target: str) -> None:
    """Nothing else in this code would have the passes run that deal with it."""
    code = Code("f", translatekit.instructions(text), dialect="portable", args=["a"], flags=3)
    for native in (lower(code, target), lower(code, target, pyasm.verify(code))):
        assert {each.op for each in native.body} <= isa.load(target).opcodes.keys()
        pyasm.verify(native)
