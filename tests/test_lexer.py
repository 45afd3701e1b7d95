"""The lexer for Pygments and the grammar for editors: they know every word, and keep every character."""

import importlib.util
import json
import os
import re
from pathlib import Path

import pytest
import support
import transcripts

import pyasm
from pyasm import isa
from pyasm.lang import words
from pyasm.lang.parser import table as parser

pygments = pytest.importorskip("pygments")
from pygments.lexers import guess_lexer_for_filename  # noqa: E402
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, Whitespace  # noqa: E402

from pyasm.lexer import PyasmLexer  # noqa: E402

ROOT = Path(transcripts.ROOT)
WRONG = re.compile(r"[/\\](errors|wrong|cli)[/\\]")


def lexed(text):
    return list(PyasmLexer(stripnl=False, ensurenl=False).get_tokens(text))


def pieces(text):
    return [(token, piece) for token, piece in lexed(text) if token not in Whitespace]


def programs():
    files = [file for folder in ("examples", "src", "tests") for file in (ROOT / folder).rglob("*.pyasm")]
    return sorted(str(file.relative_to(ROOT)) for file in files if not WRONG.search(str(file)))


def check(text):
    tokens = lexed(text)
    assert "".join(piece for _, piece in tokens) == text
    assert [piece for token, piece in tokens if token in Error] == []


@pytest.mark.parametrize("name", programs())
def test_every_program(name):
    check((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in sorted(os.listdir(ROOT / "docs")))])
def test_every_program_in_the_pages(page):
    if page.endswith(".md"):
        for text in re.findall(r"^```pyasm\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S):
            check(text)


@pytest.mark.parametrize("exact", [False, True])
def test_the_text_of_the_standard_library(exact):
    for file in support.sample(support.stdlib_files(), 6):
        code = support.compiled(file)
        if code is not None:
            check(pyasm.format(pyasm.decode(code), exact))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "LOAD @x -> $y",
            [(Keyword, "LOAD"), (Name.Variable.Global, "@x"), (Operator, "->"), (Name.Variable.Instance, "$y")],
        ),
        ("load_fast none", [(Name.Function, "load_fast"), (Name, "none")]),
        ("LOAD_CONST None", [(Name.Function, "LOAD_CONST"), (Keyword.Constant, "None")]),
        ("JUMP a:END", [(Keyword, "JUMP"), (Name.Label, "a:END")]),
        (
            "POP_JUMP_IF_FALSE L1 # no",
            [(Name.Function, "POP_JUMP_IF_FALSE"), (Name.Label, "L1"), (Comment.Single, "# no")],
        ),
        ("L1: NOP", [(Name.Label, "L1"), (Name.Punctuation, ":"), (Name.Function, "NOP")]),
        ("OP %1", [(Keyword, "OP"), (Operator, "%"), (Number, "1")]),
        (
            'LOAD b"\\n"',
            [
                (Keyword, "LOAD"),
                (String.Affix, "b"),
                (String.Double, '"'),
                (String.Escape, "\\n"),
                (String.Double, '"'),
            ],
        ),
        (".flags 0x3", [(Keyword.Pseudo, ".flags"), (Number, "0x3")]),
        ("DEF f() {", [(Keyword, "DEF"), (Name.Function, "f")]),
        ("CLASS C {", [(Keyword, "CLASS"), (Name.Class, "C")]),
    ],
)
def test_what_is_what(text, wanted):
    got = pieces(text)
    for (token, piece), (kind, expected) in zip(got, wanted):
        assert piece == expected
        assert token is kind or str(kind).endswith("Punctuation")


def test_python_within():
    text = 'PYTHON {\n    x = {"}": 1}  # }\n    def f(): return x\n}\nLOAD $x\n'
    check(text)
    got = pieces(text)
    assert (Keyword, "def") in got
    assert got[-2:] == [(Keyword, "LOAD"), (Name.Variable.Instance, "$x")]


def test_every_mnemonic_is_known():
    for name in (isa.PORTABLE, *isa.names()):
        for mnemonic in isa.load(name).opcodes:
            token = pieces(f"    {mnemonic.lower()} x")[0][0]
            assert token in Name.Function or mnemonic in words.STATEMENTS


def test_wrong_text_is_kept_too():
    for file in [file for file in (ROOT / "tests").rglob("*.pyasm") if WRONG.search(str(file))]:
        text = file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        assert "".join(piece for _, piece in lexed(text)) == text


def test_pygments_finds_it_by_the_suffix():
    try:
        found = guess_lexer_for_filename("x.pyasm", "LOAD @x")
    except pygments.util.ClassNotFound:
        pytest.skip("the package is not installed, so nobody reads its entry points")
    assert isinstance(found, PyasmLexer)


def test_the_words_are_those_of_the_tables():
    table = words.words()
    assert {"LOAD_FAST", "BINARY_OP", "RESUME"} <= set(table.mnemonics)
    assert {"JUMP", "FOR_ITER", "JUMP_FORWARD"} <= set(table.jumps)
    assert {"NULL"} <= set(table.flags)
    assert {".target", ".loc"} <= set(table.directives)
    assert set(words.STATEMENTS) | set(words.CLAUSES) | set(words.WITHIN) >= set(parser.STATEMENTS)
    assert {"FOREACH", "MACRO_IMPORT"} <= set(words.STATEMENTS)
    assert {"xor", "not", "is", "isinstance"} <= set(words.OPERATORS)


# -- the grammar for editors


def textmate():
    spec = importlib.util.spec_from_file_location("textmate", ROOT / "editors" / "textmate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_grammar_is_current():
    """If not: python editors/textmate.py"""
    module = textmate()
    assert module.FILE.read_text(encoding="utf-8") == module.text()


def patterns(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("match", "begin", "end"):
                yield value
            else:
                yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_the_patterns_of_the_grammar():
    """They are for Oniguruma, which has `\\p{L}` and `\\h`; in all else they are as Python has them."""
    grammar = json.loads(textmate().text())
    assert grammar["scopeName"] == "source.pyasm"
    found = list(patterns(grammar))
    assert len(found) > 20
    for pattern in found:
        re.compile(in_python(pattern))
    keywords = [pattern for pattern in found if "MACRO_IMPORT" in pattern]
    assert keywords
    assert all(re.match(in_python(pattern), "  macro_import") for pattern in keywords)


def in_python(pattern):
    pattern = pattern.replace(r"\p{L}\p{N}_", r"\w").replace(r"\p{L}_", "A-Za-z_").replace(r"\p{L}", "A-Za-z")
    pattern = pattern.replace(r"\p{N}", "0-9").replace(r"\h", "0-9A-Fa-f").replace("[0-9A-Fa-f", "[0-9A-Fa-f")
    return re.sub(r"(?<!\[)0-9A-Fa-f(?![\w\]])", "[0-9A-Fa-f]", pattern)
