"""The verifier refuses what could end the interpreter, and says why; it accepts what compilers make."""

from __future__ import annotations

import linecache
import os
import re
import time
import types
from collections.abc import Callable
from pathlib import Path

import experiments
import pycs
import pytest
from experiments import Experiment
from support import compiled, sample, stdlib_files

import pyasm
from pyasm import isa, pyc
from pyasm.code import Code, Instruction
from pyasm.native.encode import computed_stack_size
from pyasm.verifier import machines
from pyasm.verifier import types as types_of

HERE = Path(__file__).parent
MESSAGES = HERE / "verify" / "messages.txt"
UPDATE = os.environ.get("PYASM_UPDATE") == "1"
EXPERIMENTS = list(experiments.programs())
WRONG = [each for each in EXPERIMENTS if each.refused]
RIGHT = [each for each in EXPERIMENTS if not each.refused]


# -- single rules


@pytest.mark.parametrize("experiment", WRONG, ids=str)
def test_wrong_programs_are_refused(experiment: Experiment) -> None:
    with pytest.raises(pyasm.VerificationError):
        pyasm.verify(pyasm.parse(experiment.text))


@pytest.mark.parametrize("experiment", RIGHT, ids=str)
def test_right_programs_are_accepted(experiment: Experiment) -> None:
    pyasm.verify(pyasm.parse(experiment.text))


@pytest.mark.parametrize("experiment", experiments.runnable(refused=False), ids=str)
def test_right_programs_run(experiment: Experiment) -> None:
    try:
        end = experiments.death(experiment)
    except pyasm.TargetError:
        pytest.skip("not to be expressed here")
    assert not end


@pytest.mark.parametrize("target", isa.names())
def test_right_programs_are_right_when_lowered(target: str) -> None:
    refused = []
    for each in RIGHT:
        if each.dialect == isa.PORTABLE:
            try:
                pyasm.verify(pyasm.lower(pyasm.parse(each.text), target))
            except pyasm.TargetError:
                pass
            except pyasm.VerificationError as error:
                refused.append(f"{each.name}: {str(error)[:300]}")
    assert not refused, "\n".join(refused)


def test_every_wrong_program_has_a_right_neighbour() -> None:
    beside = experiments.besides()
    right = {each.name for each in RIGHT} | {
        f"spec/{file.stem}" for file in (HERE / "spec" / "constructs").glob("*.py")
    }
    assert {each.name for each in EXPERIMENTS} == set(beside)
    assert set(beside.values()) <= right


def test_messages() -> None:
    """What is said of each wrong program, in the newest dialect in which it is wrong, is as it was agreed on."""
    newest = {each.name: each for each in WRONG}
    parts = []
    for each in newest.values():
        with pytest.raises(pyasm.VerificationError) as caught:
            pyasm.verify(pyasm.parse(each.text, filename=each.name))
        parts.append(f"== {each.name}, {each.dialect}: {each.what}\n{caught.value}\n")
    text = "\n".join(parts)
    if UPDATE:
        MESSAGES.write_text(text, encoding="utf-8")
    assert text == MESSAGES.read_text(encoding="utf-8")


NOT_IN_A_CODE = ("CACHE", "RESERVED", "INTERPRETER_EXIT", "ENTER_EXECUTOR", "INSTRUMENTED_LINE", "BINARY_OP_ADD_INT")


@pytest.mark.parametrize("dialect", [isa.PORTABLE, *isa.names()])
@pytest.mark.parametrize("mnemonic", NOT_IN_A_CODE)
def test_what_is_no_instruction_is_refused(dialect: str, mnemonic: str) -> None:
    body = [Instruction(mnemonic), Instruction("LOAD_CONST", None), Instruction("RETURN_VALUE")]
    with pytest.raises(pyasm.VerificationError, match=mnemonic):
        pyasm.verify(Code("f", body, dialect=dialect))


# -- what compilers make


def test_the_library_is_accepted() -> None:
    """Natively and lifted, and what is lowered again. With PYASM_FULL=1 all of it, its tests included."""
    refused = []
    total = 0
    for module in filter(None, map(compiled, sample(stdlib_files(), 12))):
        native = pyasm.decode(module)
        lifted = pyasm.lift(native)
        total += 1
        for code in (native, lifted, pyasm.lower(lifted)):
            try:
                pyasm.verify(code)
            except pyasm.VerificationError as error:
                refused.append(f"{module.co_filename}, {code.dialect}: {str(error)[:500]}")
    print(f"{total} modules")
    assert not refused, f"{len(refused)} of {total}: " + "\n".join(refused[:5])


@pytest.mark.parametrize("version", pycs.VERSIONS)
def test_libraries_of_all_versions_are_accepted(version: str, tmp_path: Path) -> None:
    """On whatever host."""
    if version not in pycs.interpreters():
        pytest.skip(f"no python{version} on PATH")
    refused = []
    for file in pycs.compile_files(version, sample(pycs.sources(version), 12), tmp_path):
        native = pyc.load(file)
        for code in (native, pyasm.lift(native)):
            try:
                pyasm.verify(code)
            except pyasm.VerificationError as error:
                refused.append(f"{native.filename}, {code.dialect}: {str(error)[:500]}")
    assert not refused, "\n".join(refused[:5])


@pytest.mark.parametrize("kind", ["instructions", "constructs"])
def test_the_conformance_suite_is_accepted(kind: str) -> None:
    """And what it is lowered to, for every target."""
    import test_spec

    refused = []
    for program in test_spec.programs(kind):
        if kind == "constructs" and isa.running().name not in program.versions:
            continue
        portable = test_spec.portable(program)
        for target in (isa.PORTABLE, *isa.names()):
            try:
                pyasm.verify(portable if target == isa.PORTABLE else pyasm.lower(portable, target))
            except pyasm.TargetError:
                continue
            except pyasm.VerificationError as error:
                refused.append(f"{program.name}, {target}: {str(error)[:500]}")
    assert not refused, "\n".join(refused[:5])


def test_generators_that_are_lambdas_are_accepted() -> None:
    """Compilers put no handler of StopIteration into them."""
    for source in ("lambda: (yield from g())", "lambda: (yield g())"):
        code = pyasm.decode(compile(source, "lambdas", "exec", dont_inherit=True))
        pyasm.verify(code)
        pyasm.verify(pyasm.lift(code))


# -- what has no bytes

RETURN = [Instruction("LOAD_CONST"), Instruction("RETURN_VALUE")]
NAMELESS = [
    Instruction("LOAD_CONST", Code("g", RETURN, dialect=isa.PORTABLE)),
    Instruction("LOAD_CONST", "g"),
    Instruction("FORMAT_VALUE", 0),
    Instruction("MAKE_FUNCTION", 0),
    Instruction("RETURN_VALUE"),
]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([Instruction("MAKE_CELL", "x"), *RETURN], "there is no variable 'x'"),
        (NAMELESS, "its name is no constant"),
        ([Instruction("LOAD_FAST", []), *RETURN], "is no name"),
        ([Instruction("LABEL", []), *RETURN], "is no name"),
        ([Instruction("JUMP_FORWARD", []), *RETURN], "is no name"),
        ([Instruction("BUILD_TUPLE", 10**5000), *RETURN], "a very large number is no operand"),
        ([Instruction("BUILD_TUPLE", "2"), *RETURN], "'2' is no operand"),
    ],
)
def test_what_has_no_bytes_is_refused(body: list[Instruction], message: str) -> None:
    with pytest.raises(pyasm.VerificationError, match=message):
        pyasm.verify(Code("f", body, cells=["y"], dialect=isa.PORTABLE))


# -- the size of the stack


def test_the_proved_stack_size_is_used() -> None:
    """Code that nothing leads to needs no stack, and adding up does not come to an end here."""
    names = isa.running().opcodes
    back = "JUMP_BACKWARD" if "JUMP_BACKWARD" in names else "JUMP_ABSOLUTE"
    body = [
        *([Instruction("RESUME", 0)] if "RESUME" in names else []),
        Instruction("LOAD_CONST", 1),
        Instruction("RETURN_VALUE"),
        Instruction("LABEL", "more"),
        Instruction("LOAD_CONST", 2),
        Instruction(back, "more"),
    ]
    code = Code("f", body, dialect=isa.running().name)
    with pytest.raises(pyasm.EncodeError):
        pyasm.encode(code)
    proof = pyasm.verify(code)
    assert proof.size(code) == proof.stack_size == 1
    assert pyasm.assemble(code).co_stacksize == pyasm.encode(code, proof).co_stacksize == 1
    assert eval(pyasm.assemble(code)) == 1


@pytest.mark.parametrize(
    ("body", "tidy"),
    [
        ("LOAD_CONST 1\nRETURN_VALUE", True),
        ("LOAD_CONST 1\nLOAD_CONST 2\nRETURN_VALUE", False),
        ("LOAD_CONST 1\nRETURN_VALUE\nLOAD_CONST 2\nRETURN_VALUE", False),
        ("JUMP_FORWARD L\nLABEL K\nLABEL L\nLOAD_CONST 1\nRETURN_VALUE", True),
        ("JUMP_FORWARD L\nLABEL K\nNOP\nLABEL L\nLOAD_CONST 1\nRETURN_VALUE", False),
        ("LABEL L\nJUMP_ABSOLUTE L\nLABEL K", True),
    ],
)
def test_what_is_tidy(body: str, tidy: bool) -> None:
    """A way leads to every instruction, and there is nothing below what is returned."""
    code = pyasm.parse(f"DEFINE f\n{body}\nEND\n")
    [inner] = [each.arg for each in code.body if isinstance(each.arg, Code)] or [code]
    assert (id(inner) in pyasm.verify(code).tidy) is tidy


def test_a_false_stack_size_is_not_used() -> None:
    """Where code says that it needs less than it does, natively it is refused; what is lifted gets what it needs."""

    def function(a: int) -> object:
        return [a, a, a, (a, a, a, a)]

    code = pyasm.decode(function.__code__.replace(co_stacksize=1))
    with pytest.raises(pyasm.VerificationError, match="stack of 1"):
        pyasm.verify(code)
    assert pyasm.assemble(pyasm.lift(code)).co_stacksize >= 7


def test_proved_sizes_of_the_library() -> None:
    """Never more than what is added up, which counts what nothing leads to as well."""
    for module in filter(None, map(compiled, sample(stdlib_files(), 6))):
        code = pyasm.decode(module)
        proof = pyasm.verify(code)
        for each, size in proof.sizes.values():
            assert size <= computed_stack_size(each), each


# -- what it costs


def seconds(code: Code) -> float:
    machines.forget()
    started = time.process_time()
    pyasm.verify(code)
    return time.process_time() - started


def called(count: int) -> Code:
    """A call with many arguments."""
    arguments = [Instruction("LOAD_CONST", 1)] * count
    call = [Instruction("CALL_FUNCTION", count), Instruction("RETURN_VALUE")]
    return Code("f", [Instruction("LOAD_GLOBAL", "g"), *arguments, *call], dialect=isa.PORTABLE)


def jumping(count: int) -> Code:
    """Many jumps, the one around the other."""
    jumps = [(Instruction("LOAD_FAST", "a"), Instruction("POP_JUMP_IF_FALSE", f"L{i}")) for i in range(count)]
    labels = [Instruction("LABEL", f"L{i}") for i in reversed(range(count))]
    end = [Instruction("LOAD_CONST"), Instruction("RETURN_VALUE")]
    return Code("f", [*(each for pair in jumps for each in pair), *labels, *end], args=["a"], dialect=isa.PORTABLE)


def function_of(statement: str) -> Callable[[int], Code]:
    """A function with a statement many times, its number in place of `#`."""

    def made(count: int) -> Code:
        source = "def f(a, b):\n" + "".join(statement.replace("#", str(i)) for i in range(count))
        module = compile(source, "many.py", "exec", dont_inherit=True)
        return pyasm.decode(next(const for const in module.co_consts if isinstance(const, types.CodeType)))

    return made


LOOP = """
  for x in a:
    try:
      b = [y for y in x if y]
    except ValueError as e:
      a = e
"""
NEST = "".join(f"{'  ' * i}for x{i} in a:\n" for i in range(1, 15)) + "  " * 15 + "a\n"
LARGE: dict[str, tuple[Callable[[int], Code], int]] = {
    "a call of 100,000 arguments": (called, 100_000),
    "100,000 jumps, the one around the other": (jumping, 100_000),
    "50,000 comparisons": (function_of("  a < b\n"), 50_000),
    "10,000 try blocks": (function_of("  try:\n    a()\n  except b:\n    pass\n"), 10_000),
    "2,000 try blocks with variables": (function_of("  try:\n    x# = a()\n  except b:\n    y# = a\n"), 2_000),
    "4,000 variables": (function_of("  if a: x# = a\n  x#\n"), 4_000),
    "1,000 loops with handlers": (function_of(LOOP), 1_000),
    "500 nests of loops": (function_of(NEST), 500),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_programs(name: str) -> None:
    """They take a second or two, and five times the program takes at most some ten times as long."""
    make, count = LARGE[name]
    short, long = (seconds(make(n)) for n in (count // 5, count))
    assert long < 10 * short + 0.5, (short, long)
    assert long < 20


LEFT = """\
LOAD 3 -> $x
again: CALL @print($x)
JUMP again IF $x
"""


def test_the_source_is_shown(tmp_path: Path) -> None:
    """A finding has its line of the source and a caret, and says from which lines the entries come."""
    file = tmp_path / "left.pyasm"
    file.write_text(LEFT, encoding="utf-8")
    with pytest.raises(pyasm.VerificationError) as caught:
        pyasm.verify(pyasm.parse(LEFT, str(file)))
    first = str(caught.value.findings[0]).splitlines()
    assert first[1:5] == [
        "    again: CALL @print($x)",
        "                ^",
        "    the stack, its top first:",
        "    1: an object, from 5 (CALL_FUNCTION 1)",
    ]


@pytest.mark.parametrize("filename", ["<assembly>", "/dev/zero", ".", "there/is/none", "a\0b", "\ud800"])
def test_no_source(filename: str) -> None:
    """What is no file is not read."""
    with pytest.raises(pyasm.VerificationError) as caught:
        pyasm.verify(pyasm.parse(LEFT, filename))
    assert str(caught.value.findings[0]).splitlines()[1] == "    the stack, its top first:"


def test_a_loader_without_source() -> None:
    """What fails while the source is looked for is not what is wrong with the program."""

    class Loader:
        def get_source(self, name: str) -> str:
            raise OverflowError(name)

    spec = types.SimpleNamespace(name="nowhere", loader=Loader())
    namespace = {"__name__": "nowhere", "__spec__": spec, "__loader__": spec.loader}
    assert linecache.lazycache("nowhere.py", namespace)
    with pytest.raises(pyasm.VerificationError) as caught:
        pyasm.verify(pyasm.parse(LEFT, "nowhere.py"))
    assert str(caught.value.findings[0]).splitlines()[1] == "    the stack, its top first:"


ONE = Instruction("LOAD_CONST", 1)
RETURN = Instruction("RETURN_VALUE")


def function(*body: Instruction, locals: tuple[str, ...] = ()) -> Code:
    return Code("f", [*body, ONE, RETURN], dialect=isa.PORTABLE, locals=locals)


NO_TEXT = {
    "instruction": (function(Instruction("NO_SUCH_THING")), function(Instruction("NOP"))),
    "variables": (function(locals=("x", "x")), function(locals=("x", "y"))),
}
"""Rule -> what it refuses, and the nearest that is accepted: what no text can say."""


@pytest.mark.parametrize("rule", NO_TEXT)
def test_what_no_text_can_say(rule: str) -> None:
    wrong, right = NO_TEXT[rule]
    with pytest.raises(pyasm.VerificationError) as caught:
        pyasm.verify(wrong)
    assert [finding.rule for finding in caught.value.findings] == [rule]
    assert pyasm.verify(right).stack_size == 1
    assert eval(pyasm.assemble(right)) == 1


PAGE = (HERE.parent / "docs" / "verifier.md").read_text(encoding="utf-8")


def test_the_rules_of_the_page() -> None:
    """docs/verifier.md has every rule, and no other, and every contract."""
    named = re.compile(r'(?:Problem|wrong)\(\s*(?:-1, Problem\()?"([a-z ]+)",')
    sources = [file.read_text(encoding="utf-8") for file in Path(machines.__file__).parent.glob("*.py")]
    rows = re.findall(r"^\| `([^`]+)` \| .* \|$", PAGE, re.M)
    assert len(rows) == len(set(rows))
    assert {name for name in rows if name[0] != "."} == {name for source in sources for name in named.findall(source)}
    assert {name for name in rows if name[0] == "."} == {*types_of.ARGUMENTS, ".format"}


def test_each_rule_has_a_program() -> None:
    found = set(NO_TEXT)
    for each in WRONG:
        with pytest.raises(pyasm.VerificationError) as caught:
            pyasm.verify(pyasm.parse(each.text))
        found |= {getattr(finding, "rule", "") for finding in caught.value.findings}
    assert found >= set(re.findall(r"^\| `([a-z ]+)` ", PAGE, re.M))


def test_the_iterator_of_a_comprehension_may_be_loaded_with_another_local() -> None:
    """Lowering fuses two loads; the argument must be an iterator then, too."""
    ends: list[tuple[str, object]] = [("END_FOR", None), ("POP_TOP", None), ("POP_TOP", None), ("RETURN_CONST", None)]
    loop = [("LABEL", "a"), ("FOR_ITER", "b"), ("POP_TOP", None), ("JUMP_BACKWARD", "a"), ("LABEL", "b"), *ends]
    for names, accepted in (((".0", ".0"), True), ((".0", "x"), False)):
        body = [Instruction(*each) for each in (("RESUME", 0), ("LOAD_FAST_LOAD_FAST", names), *loop)]
        code = Code("f", body, dialect="3.13", args=[".0", "x"])
        if accepted:
            assert any(".0" in contract for contract in pyasm.verify(code).contracts)
        else:
            with pytest.raises(pyasm.VerificationError, match="an iterator"):
                pyasm.verify(code)
