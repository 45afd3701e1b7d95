"""Constants and names come back from their text as they were: type, sign, every bit."""

import math
import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import FULL

import pyasm
from pyasm.code import Code, Instruction
from pyasm.native.constants import key
from pyasm.text import constants, literals
from pyasm.text.tokens import Tokens, Wrong

settings.register_profile("text", max_examples=5000 if FULL else 150, deadline=None)
settings.load_profile("text")


def read(text):
    """The constant that a text is, all of it."""
    tokens = Tokens(text)
    value, end = constants.Reader(tokens, lambda name, i: None).operand(0)
    assert tokens.texts[end] == ""
    return value


def comes_back(value):
    text = constants.text(value)
    text.encode()  # no lone surrogate is in it
    assert "\n" not in text
    assert key(read(text)) == key(value)
    return text


bits = st.integers(0, (1 << 64) - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", n))[0])
nans = st.integers(1, (1 << 51) - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000000 | n))[0])
floats = st.floats() | bits | nans
texts = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\\\"'`\n\r\0\t#\ud800\udfff\u2028"))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.integers(),
    st.builds(lambda n, shift: n << shift, st.integers(), st.integers(0, 5000)),
    floats,
    st.builds(complex, floats, floats),
    texts,
    st.binary(),
)


def compound(inner):
    return st.lists(inner).map(tuple) | st.frozensets(inner.filter(is_hashable))


def is_hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the strategy, by hypothesis
@given(st.recursive(leaves, compound, max_leaves=20))
def test_constants(value):
    comes_back(value)


@given(st.builds(slice, leaves, leaves, st.none() | st.integers()))
def test_slices(value):
    comes_back((value, 1))


@given(texts)
def test_names(name):
    text = literals.name_text(name)
    tokens = Tokens(text)
    assert constants.Reader(tokens, lambda name, i: None).name(0) == (name, 1)


@given(st.lists(texts, min_size=1, max_size=4), texts)
def test_names_everywhere_in_a_code_object(names, text):
    names = list(dict.fromkeys(names))
    body = [Instruction("LOAD_FAST", name) for name in names] + [
        Instruction("LABEL", text),
        Instruction("LOAD_CONST", text),
    ]
    body += [Instruction("LOAD_GLOBAL", (name, 1)) for name in names]
    body += [Instruction("JUMP_BACKWARD", text)]
    code = Code(text, body, dialect="3.13", args=names, filename=text, qualname=names[0], doc=text)
    assert pyasm.parse(pyasm.format(code, exact=True)) == code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (..., "..."),
        (-0.0, "-0.0"),
        (1e300, "1e+300"),
        (math.inf, 'float("inf")'),
        (-math.inf, 'float("-inf")'),
        (math.nan, 'float("nan")'),
        (-math.nan, 'float("nan", 0xfff8000000000000)'),
        (2j, "2.0j"),
        (complex(-0.0, 2), "complex(-0.0, 2.0)"),
        (complex(0, -0.0), "complex(0.0, -0.0)"),
        ((), "()"),
        ((1,), "(1,)"),
        ((1, ("a", b"b")), '(1, ("a", b"b"))'),
        (frozenset(), "frozenset()"),
        (frozenset("ba"), 'frozenset({"a", "b"})'),
        (slice(None, 2, None), "slice(None, 2, None)"),
        ('a"\\\n\t\0é\ud800', r'"a\"\\\n\t\x00é\ud800"'),
        (b"\"'\xff\n", r"""b"\"'\xff\n" """.strip()),
        (1 << 4000, hex(1 << 4000)),
    ],
)
def test_how_a_constant_is_written(value, text):
    assert comes_back(value) == text


def test_long_strings_and_bytes_in_pieces():
    for value in ("é\\" * 30_000, b'\0\\"' * 30_000):
        assert '" ' in comes_back(value)


def test_an_integer_with_more_digits_than_python_reads():
    value = 7**200_000
    assert comes_back(value).startswith("0x")
    assert comes_back(-value).startswith("-0x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x_ff", 255),
        ("0b11", 3),
        ("0o17", 15),
        ("1_000", 1000),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("1e999999999", math.inf),
        ("+3", 3),
        ("-2j", -2j),
        ("Ellipsis", ...),
        ("(1)", 1),
        ("(1, 2,)", (1, 2)),
        ("(\n1, # one\n\n2\n)", (1, 2)),
        ('"a" "b"', "ab"),
        ('b"a" b"b"', b"ab"),
        (r'"\x41\u0042\U00000043\N{DIGIT ONE}\101\7\a\b\f\v\'\`"', "ABC1A\7\a\b\f\v'`"),
        ("slice(1, 2)", slice(1, 2)),
        ('"""a"""', "a"),
        ("frozenset({1, 1})", frozenset({1})),
        ("complex(1, -1)", 1 - 1j),
    ],
)
def test_what_is_read(text, value):
    got = read(text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "012", "1__0", "1_", "0x", "0xg", "0b2", "12abc", "1.2.3", "1e", "9" * 5000, "1." + "9" * 5000, "٣", "²",
        '"a', '"a\\"', r'"\q"', r'"\x4"', r'"\u123"', r'"\U00110000"', r'"\N{no such}"', r'b"\u0041"', r'b"\400"',
        'b"é"',
        '"a" b"b"', "'a'", 'f"a"', "-", "--1", "- -1", '-"a"', "1 + 2", "9**9", "none", "nan", "inf",
        "(", "(1", "(1 2)", "(,)", "(1,,2)", "[1]", "{1}", "frozenset", "frozenset(", "frozenset([1])", "frozenset({1)",
        "slice()", "slice(1)", "slice(1, 2, 3, 4)", "slice(1", "complex(1)", "complex(1j, 1)", 'complex("1", 1)',
        "complex(1" + "0" * 400 + ", 1)", 'float("1")', "float(1)", 'float("nan", 1)', 'float("nan", -1)',
        'float("inf", 1)',
        "float()", "(code(f),)", "code(", "code()", "code(f", "", "\n", "x", "a.b",
        "(" * 100_000, "((" * 300 + "))" * 300,
    ],
)  # fmt: skip
def test_what_is_not_read(text):
    with pytest.raises((Wrong, AssertionError)):
        read(text)


def test_an_object_has_no_text():
    for value in (object(), [], {}, (1, []), float, type("Text", (str,), {})("x")):
        with pytest.raises(constants.NoText):
            constants.text(value)


def test_nesting_has_the_same_limit_both_ways():
    value = ()
    for _ in range(constants.MAX_NESTING):
        value = (value,)
    assert read(constants.text(value)) == value
    with pytest.raises(constants.NoText):
        constants.text(((value,),))
    with pytest.raises(Wrong):
        read("(" * (constants.MAX_NESTING + 3) + ")" * (constants.MAX_NESTING + 3))


def test_a_set_that_would_take_forever_is_refused():
    modulus = sys.hash_info.modulus
    numbers = ", ".join(str(n * modulus) for n in range(20_000))
    with pytest.raises(Wrong, match="the same hash"):
        read("frozenset({" + numbers + "})")
