"""docs/language.md says what is so: its grammar allows its examples, and the parser takes what the grammar allows."""

import random
import re

import pytest
from grammar import Generator, Recognizer, read
from support import FULL, HERE, SEED

import pyasm
from pyasm import isa
from pyasm.lang import parser

PAGE = (HERE.parent / "docs" / "language.md").read_text(encoding="utf-8")
RULES = read(PAGE)
EXAMPLES = re.findall(r"^```pyasm\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WORKED = re.findall(r"^```pyasm\n(.*?)^```\n\n```output\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DESIGN = """
    LOAD @print                        ; CALL ~print("hello", $name, sep=", ") -> \\
    LOAD $x[0].name -> @y              ; OP $a ** 2 + $b ** 2 -> $c
    STORE @x ($y)                      ; STORE $row[1]            # from the stack
    LOAD_CONST @LIMIT -> $limit        ; POP 2
"""


@pytest.mark.parametrize("text", [*EXAMPLES, DESIGN])
def test_an_example_follows_the_grammar(text):
    parser.parse(text)
    reached, count = Recognizer(RULES).reach(text)
    assert reached == count


@pytest.mark.parametrize(("text", "output"), WORKED)
def test_an_example_gives_what_it_shows(text, output, capsys):
    exec(pyasm.assemble(text), {"__name__": "example"})
    assert capsys.readouterr().out == output


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize(
    "text",
    [
        "LOAD x",
        "LOAD $x ->",
        "IF $x",
        "OP 1 +",
        "CALL @f(1",
        "DEF f(a b) { }",
        "LOAD 1 2",
        "FOREACH $x { }",
        "} LOAD 1",
    ],
)
def test_the_grammar_does_not_allow_everything(text):
    reached, count = Recognizer(RULES).reach(text)
    assert reached < count


def test_the_errors_shown_are_those_given():
    ((text, message),) = re.findall(r"^```error\n(.*?)^```\n\n```message\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with pytest.raises(pyasm.AssemblySyntaxError) as caught:
        pyasm.parse(text)
    assert f"{caught.value}\n" == message


# -- what the grammar allows, the parser takes, but for what the page says is wrong nevertheless

WRONG_NEVERTHELESS = (
    "cannot be a target", "a target is needed, not '{'", "cannot be deleted", "stands here twice",
    "an argument by position", "is captured twice", "parameter", "'/' stands once", "there is a '*' already",
    "a name is needed behind '*'", "a TRY ", "EXCEPT", "targets, and", "'*'", "UNPACK has several", "'?'",
    "is no call", "of the call", "in brackets"
)  # fmt: skip
NAMES = ("x", "y", "name", "`a b`", "_")


def one_of(*texts):
    return lambda generator, size: generator.rng.choice(texts)


def joined(sign, *names):
    """Names with a sign between them, and no space."""
    return lambda generator, size: sign.join(
        generator.rng.choice(names) for _ in range(generator.rng.choice((1, 1, 2)))
    )


def instruction(generator, size):
    row = generator.rng.choice(list(isa.load(isa.PORTABLE).opcodes.values()))
    kinds = {"-": "", "number": "3", "const": '(1, "a")', "name": "x", "local": "$x", "deref": "x", "compare": "<="}
    operand = kinds.get(row.operand, "")
    if row.operand in isa.JUMPS:
        operand = "a:b"
    elif row.operand not in kinds:
        operand = next(iter(isa.load(isa.PORTABLE).enums[row.operand].values()))
    return f"{row.name} {operand}"


def no_set(generator, size):
    """An expression that does not begin like a block."""
    made = generator._make(generator.rules["operation"], size)
    return f"({made})" if made[:1] == "{" else made


def sign(generator, size):
    made = generator._make(("rule", "power" if size < 3 or generator.rng.random() < 0.8 else "sign"), size - 1)
    prefix = generator.rng.choice(("", "", "", "-", "+", "~"))
    return f"{prefix} ({made})" if prefix else made


SAMPLES = {
    "newline": one_of("\n", " # a comment\n"),
    "name": one_of(*NAMES),
    "label": one_of("x", "'a:b'"),
    "number": one_of("0", "1", "250"),
    "string": one_of('"text"', '"\\""', '"# }"'),
    "bytes": one_of('b"\\xff"', 'B"a"'),
    "quoted": one_of("'l'", "'l:END'", "'{ }'"),
    "assembly": joined(":", *NAMES[:3]),
    "path": joined(":", *NAMES[:3]),
    "dotted": joined(".", *NAMES[:3]),
    "dots": one_of(".", "..", "..."),
    "top": one_of("%", "%1"),
    "directive": one_of(".loc 1:2", ".loc none"),
    "argument": one_of("x"),
    "define": one_of("LABEL d"),
    "instruction": instruction,
    "source": one_of("x = {}"),
    "stack": one_of("POP", "DUP 2", "SWAP 1", "RAW NOP"),
    "sign": sign,
    "operation": no_set,
}


@pytest.mark.parametrize("number", range(2000 if FULL else 150))
def test_the_parser_takes_what_the_grammar_allows(number):
    rng = random.Random(f"{SEED} {number}")
    text = "MACRO_IMPORT macros\n" + Generator(RULES, rng, SAMPLES).text("text", rng.randint(6, 24))
    try:
        parser.parse(text)
    except pyasm.AssemblySyntaxError as error:
        for finding in error.findings:
            assert any(words in str(finding.message) for words in WRONG_NEVERTHELESS), f"{text}\n{finding}"
