"""What is wrong with a text is said in full: the place, the line with a caret, what would be right. And nothing else.

Each `text/errors/*.pyasm` is a wrong program, the `.txt` beside it what it gives. PYASM_UPDATE=1 writes these anew.
"""

import random
import traceback

import pytest
from support import FULL, HERE, SEED, function_code
from wrong import check_wrong_program

import pyasm
from pyasm import isa
from pyasm.text import directives
from pyasm.text.tokens import Tokens

PROGRAMS = sorted((HERE / "text" / "errors").glob("*.pyasm"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_wrong_program(path):
    check_wrong_program(path)


def test_there_are_enough_wrong_programs():
    assert len(PROGRAMS) >= 30


def test_it_is_a_syntax_error_with_its_place():
    with pytest.raises(SyntaxError) as caught:
        pyasm.parse(".target 3.13\nDEFINE f\n    NOP\n    LOAD_FST a\nEND\n", "f.pyasm")
    error = caught.value
    assert (error.filename, error.lineno, error.offset, error.text) == ("f.pyasm", 4, 5, "    LOAD_FST a")
    shown = traceback.format_exception_only(type(error), error)
    assert '  File "f.pyasm", line 4\n' in shown
    assert error.findings[0].place == "f.pyasm:4:5"
    assert error.findings[0].hint == "did you mean LOAD_FAST?"


def test_all_errors_come_at_once_and_in_order():
    text = ".target 3.13\nDEFINE f\nJUMP_FORWARD L1\nNOPE\nNOP\nLOAD_CONST (\nSWAP x\nEND\n"
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(text)
    lines = [int(finding.place.split(":")[1]) for finding in caught.value.findings]
    assert lines == [3, 4, 6, 7]


# -- whatever the text, nothing but these errors


def only_assembly_errors(text):
    try:
        assert isinstance(pyasm.parse(text), pyasm.Code)
    except pyasm.AssemblyError as error:
        return len(str(error)) == 0
    return True


COUNT = 200_000 if FULL else 5_000


def _words():
    """Tokens of all sorts, and some that are none."""
    rng = random.Random(0)
    words = [word for name in (isa.PORTABLE, *isa.names()) for word in Tokens(_sample(name)).texts]
    words += [
        ".target",
        "3.13",
        "DEFINE",
        "END",
        "\n",
        ";",
        "code",
        "(",
        ")",
        "{",
        "}",
        ",",
        "§",
        "*",
        "**",
        "/",
        ":",
        "`",
    ]
    words += [
        "'",
        '"',
        "\\",
        "\0",
        "\ud800",
        "#",
        "9" * 5000,
        "1e999999999",
        "0x",
        "frozenset",
        "slice",
        "complex",
        "float",
    ]
    rng.shuffle(words)
    return words


def _sample(name):
    rows = isa.load(name).opcodes.values()
    operands = {"-": "", "const": "None", "locals": "a, b", "number": "1", "name": "x", "local": "a", "deref": "c"}
    lines = [f"    {row.name} {operands.get(row.operand, 'L1')}" for row in rows]
    places = "\n".join(
        ["    .loc 1:2-3:4", "L1:", "    .handler L1 L1 L1 0 lasti", "    .consts None, 1", "    .pick 0"]
    )
    names = "\n".join(f"    {directive} x" for directive in directives._DIRECTIVES)
    return "\n".join([f".target {name}", "DEFINE f", "    ADD_ARG a", names, places, *lines, "END"])


def test_sequences_of_tokens():
    rng = random.Random(SEED)
    words = _words()
    print(f"PYASM_SEED={SEED}")
    for _ in range(COUNT):
        count = rng.randrange(1, 40)
        start = rng.choice(
            ["", "DEFINE f\n", ".target 3.13\n", ".target 3.13\nDEFINE f\n", ".target 3.9\nDEFINE f\nL1:\n"]
        )
        only_assembly_errors(
            start + rng.choice(["", " "]).join(rng.choices(words, k=count)) + rng.choice(["", "\nEND"])
        )


def test_random_bytes():
    rng = random.Random(SEED)
    print(f"PYASM_SEED={SEED}")
    for _ in range(COUNT):
        data = bytes(rng.choices(range(256), k=rng.randrange(60)))
        text = data.decode(rng.choice(["latin-1", "utf-8", "utf-16"]), rng.choice(["replace", "ignore"]))
        only_assembly_errors(
            rng.choice(["", "DEFINE f\n", ".target 3.13\nDEFINE f\n", ".target 3.13\nDEFINE f\nLOAD_CONST "]) + text
        )


def test_changed_programs():
    rng = random.Random(SEED)
    print(f"PYASM_SEED={SEED}")
    source = "def f(a, *b):\n  try:\n    return [x for x in b if a]\n  except E: return lambda: (a, 1.5, 'x', b'y')"
    texts = [pyasm.format(pyasm.decode(function_code(source)), exact) for exact in (False, True)]
    words = _words()
    right = 0
    for _ in range(COUNT // 10):
        tokens = Tokens(rng.choice(texts)).texts
        for _ in range(rng.randrange(1, 4)):
            i = rng.randrange(len(tokens))
            tokens[i : i + rng.randrange(3)] = rng.choices(words, k=rng.randrange(3))
        right += only_assembly_errors(" ".join(tokens))
    assert 0 < right < COUNT // 10


HEAD = ".target 3.13\nDEFINE f\n"

LARGE = {
    "parentheses": HEAD + "LOAD_CONST " + "(" * 100_000,
    "a long line": HEAD + 'LOAD_CONST "' + "a" * 10_000_000 + "\nEND",
    "escapes": HEAD + 'LOAD_CONST "' + '\\"' * 1_000_000,
    "digits": HEAD + "LOAD_CONST " + "9" * 10_000_000,
    "a fraction": HEAD + "LOAD_CONST 1." + "9" * 10_000_000,
    "underscores": HEAD + "LOAD_CONST " + "1_" * 1_000_000,
    "a long name": HEAD + "a" * 1_000_000 + " x\nEND",
    "unknown instructions": HEAD + "LOAD_FST x\n" * 100_000,
    "unknown labels": HEAD + "".join(f"L{i}:\nJUMP_FORWARD M{i}\n" for i in range(20_000)) + "END",
    "jumps the wrong way": HEAD
    + "JUMP_BACKWARD L\n" * 20_000
    + "".join(f"L{i}:" for i in range(20_000))
    + "L: NOP\nEND",
    "code objects": ".target 3.13\n" + "".join(f"DEFINE f{i}\nEND\n" for i in range(20_000)),
    "an operator": HEAD + "BINARY_OP " + "+" * 300_000 + "\nEND",
    "open brackets": HEAD + "LOAD_CONST (1,\n" * 20_000,
    "quotes": HEAD + '"' * 1_000_000,
    "backquotes": HEAD + "`\\" * 500_000,
    "zero": HEAD + "\0" * 1_000_000,
    "surrogates": HEAD + "\ud800" * 1_000_000,
    "lines": HEAD + "\n" * 1_000_000,
    "spaces": HEAD + " " * 10_000_000,
}


@pytest.mark.parametrize("name", LARGE)
def test_large_nonsense_is_refused_in_a_moment(name):
    import time

    start = time.process_time()
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(LARGE[name])
    assert len(caught.value.findings) <= 101
    assert len(str(caught.value)) < 100_000
    assert time.process_time() - start < 20


def test_a_long_chain_of_code_objects():
    text = ".target 3.13\n" + "".join(f"DEFINE f{i}\nLOAD_CONST code(f{i + 1})\nEND\n" for i in range(20_000))
    code = pyasm.parse(text + "DEFINE f20000\nNOP\nEND\n")
    assert code.name == "f0"
