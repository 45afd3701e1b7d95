"""Whatever the text, there is a code object or an AssemblyError: nothing else, no hang, time linear in its length.

PYASM_FULL=1 takes 200,000 texts.
"""

import random
import time

import pytest
from grammar import Generator
from support import FULL, HERE, SEED
from test_lang_docs import EXAMPLES, RULES, SAMPLES

import pyasm
from pyasm import isa
from pyasm.lang.parser.table import DEFINING, STATEMENTS, WITHIN
from pyasm.lang.parser.tokens import LanguageTokens
from pyasm.native.malformed import DEFECT

CHUNKS = 20
EACH = 10_000 if FULL else 100

PROGRAMS = [
    *EXAMPLES,
    *[path.read_text(encoding="utf-8") for path in sorted((HERE / "lang" / "wrong").glob("*.pyasm"))],
]
PROGRAMS = [text for text in PROGRAMS if len(text) < 2000]
SIGNS = [
    ";",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "->",
    ",",
    ":",
    "$x",
    "@f",
    "%",
    "%1",
    "~len",
    "&b",
    "§c",
    ".!",
    ".(",
    "\\",
    "*",
    "**",
    "?",
    "!",
    "-",
    "1",
    '"s"',
    "'l'",
    "`x`",
    "x",
    "0.5",
    ":=",
    "=:",
    "=",
    "<",
    ">",
    "...",
    ".loc",
    "#",
    "'",
    '"',
    "`",
]
SIGNS += ["\n", "MACRO ASSEMBLY m {", "DEFINE f\n", "\nEND\n", "PYTHON {", "code(f)"]
WORDS = [*STATEMENTS, *DEFINING, *WITHIN, *isa.load(isa.PORTABLE).opcodes, *SIGNS * 8]


def by_grammar(rng):
    return Generator(RULES, rng, SAMPLES).text("text", rng.randint(6, 20))


def of_words(rng):
    return (" " if rng.random() < 0.8 else "").join(rng.choice(WORDS) for _ in range(rng.randint(1, 40)))


def of_characters(rng):
    odd = "\n\t\r\0\ud800\u00e9§\u2028\U0001f600"
    return "".join(
        chr(rng.randrange(32, 127)) if rng.random() < 0.9 else rng.choice(odd) for _ in range(rng.randint(1, 60))
    )


def of_bytes(rng):
    return bytes(rng.randrange(256) for _ in range(rng.randint(1, 60))).decode("latin-1")


def mutated(rng):
    source = rng.choice(PROGRAMS) if rng.random() < 0.7 else by_grammar(rng)[:3000]
    tokens = LanguageTokens(source).texts if rng.random() < 0.7 else list(source)
    for _ in range(rng.randint(1, 4)):
        tokens = tokens or [""]
        i = rng.randrange(len(tokens))
        change = rng.random()
        if change < 0.3:
            del tokens[i : i + rng.randint(1, 4)]
        elif change < 0.6:
            tokens.insert(i, rng.choice(WORDS))
        elif change < 0.8:
            tokens[i:i] = tokens[rng.randrange(len(tokens)) :][: rng.randint(1, 10)]
        else:
            tokens[i] = rng.choice(WORDS)
    return (" " if "LOAD" in tokens or rng.random() < 0.5 else "").join(tokens)


MAKERS = (by_grammar, of_words, of_characters, of_bytes, mutated, mutated)


def only_assembly_errors(text):
    try:
        code = pyasm.parse(text)
        pyasm.verify(code)
        pyasm.lower(code)
    except pyasm.AssemblyError as error:
        return len(str(error)) > 0 and DEFECT not in str(error)
    return isinstance(code, pyasm.Code)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_any_text(chunk):
    for number in range(EACH):
        rng = random.Random(f"{SEED} {chunk} {number}")
        text = rng.choice(MAKERS)(rng)
        try:
            assert only_assembly_errors(text)
        except Exception:
            print(f"chunk {chunk}, number {number}, seed {SEED}: {text!r}")
            raise


LARGE = {
    "open round": "LOAD " + "(" * 100_000,
    "open square": "LOAD [\n" * 50_000,
    "open blocks": "IF $x {\n" * 30_000,
    "open sets": "LOAD {1\n" * 30_000,
    "closed blocks": "IF $x { " * 20_000 + "}" * 20_000,
    "brackets": "LOAD " + "(" * 50_000 + ")" * 50_000,
    "stray brackets": "}\n" * 50_000 + ")" * 50_000,
    "signs": "OP " + "- " * 100_000 + "1",
    "powers": "OP 1" + " ** 1" * 50_000,
    "assignments": "OP $x" + " := $x" * 50_000,
    "sums": "OP 1" + " + $x" * 50_000,
    "ands": "OP 1" + " and $x" * 10_000,
    "comparisons": "OP 1" + " < $x" * 2_000,
    "attributes": "LOAD $x" + ".y" * 50_000,
    "calls": "LOAD $x" + "()" * 50_000,
    "stores": "STORE " + "*" * 50_000 + "$x",
    "elifs": "IF 1 { }" + "ELIF 1 { }\n" * 20_000,
    "labels": "a:" * 100_000,
    "lost blocks": "IF { IF $x $ {\n" * 10_000,
    "python": "PYTHON { '''" * 50_000,
    "python in python": "PYTHON { { " * 50_000,
    "defines": "DEFINE f\nWHILE $x { }\n" * 5_000,
    "words": "word " * 200_000,
    "lines": "\n" * 1_000_000,
    "awaits": "LOAD " + "AWAIT " * 50_000 + "$x",
    "targets": "LOAD $x -> " + "(" * 50_000 + "$x",
    "nested targets": "LOAD $x -> " + "(" * 5_000 + "$x" + ").a" * 5_000,
    "types": "MACRO m(a " + "CODE_BLOCK[" * 50_000 + ") { }",
    "arguments": "CALL @f(" + "$x, " * 2_000 + ")",
    "macro arguments": "CALL MACRO m(" + "{ LOAD 1 }, " * 20_000 + ")",
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_text_takes_a_moment(name):
    start = time.process_time()
    assert only_assembly_errors(LARGE[name])
    assert time.process_time() - start < 20


STATEMENT = """
OP $a + $b * 2 -> $c
LOAD $c.name[1] -> $d
CALL ~print($a, $b, sep="") -> \\
IF $a > 3 and $b is not None { LOAD 1 -> $b } ELSE { STORE $c (2) }
WHILE $n != 0 { OP $n - 1 -> $n }
"""


def seconds_to_parse(count):
    text = "DEF f(a, b, n) {\n" + STATEMENT * (count // 8) + "}\n"
    start = time.process_time()
    pyasm.parse(text)
    return time.process_time() - start


def test_time_grows_linearly():
    few = min(seconds_to_parse(1000) for _ in range(3))
    many = seconds_to_parse(100_000 if FULL else 10_000)
    assert many < few * (300 if FULL else 30)
