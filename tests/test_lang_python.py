"""PYTHON blocks: their end, their variables in macros, that they are read once; and what is known of the target."""

import ast
import sys
import textwrap

import pytest

import pyasm
from pyasm import importer, isa
from pyasm.lang import parser
from pyasm.lang.parser.tokens import python_end
from pyasm.text.parser import parse


@pytest.mark.parametrize(
    "source",
    [
        "x = 1 }",
        "{'}': {1: '{'}} }",
        'f"{a}" }',
        "f'{x!r:{width}}' }",
        'f"{{" + f"}}" }',
        'f"{d["}"]}" }',
        'f"{ {"a": "}"}["a"] }" }',
        'f"{x:{"}"}>3}" }',
        "f'''{f\"{x}\"} }''' }",
        'rf"\\{x}" }',
        'rb"{" }',
        '"\\"{" }',
        "'''{\n' }'''}",
        "1 # }\n }",
        '"{ not closed\n }',
    ],
)
def test_the_end_of_a_block(source):
    assert python_end(source + " later }", 0) == len(source) - 1


def test_strings_in_formatted_strings():
    if sys.version_info >= (3, 12):
        names = {}
        exec(pyasm.assemble('PYTHON { key = {"a": 1}; x = f"{key["a"]:{">"}3}" }'), names)
        assert names["x"] == "  1"


MACRO = """
MACRO summed(!source) -> ANY {
    LOAD 0 -> $sum
    FOREACH $each IN &source { OP $sum + $each -> $sum }
    PYTHON {
        nonlocal seen
        count = sum + 1
        seen = seen + [count]
        def twice(sum, count=3):
            nonlocal_ = sum * 2
            return nonlocal_ + count
        import sys
        try:
            1 / 0
        except ZeroDivisionError as error:
            kind = type(error).__name__
        sum = twice(sum) + len([count for count in range(3)]) + (lambda x: x + count)(0)
    }
    MACRO_RETURN $sum
}
"""
CALLER = """
    LOAD [] -> $seen; LOAD 5 -> $count; LOAD "mine" -> $kind; LOAD 7 -> $sys; LOAD 8 -> $error
    CALL MACRO summed([1, 2]) -> $a
    CALL MACRO summed([1, 2, 3]) -> $b
    LOAD ($a, $b, $seen, $count, $kind, $sys, $error) -> $all
"""
EXPECTED = (16, 25, [4, 7], 5, "mine", 7, 8)


def test_variables_in_a_macro_are_its_own():
    names = {}
    exec(pyasm.assemble(MACRO + CALLER), names)
    assert names["all"] == EXPECTED
    exec(pyasm.assemble(f"{MACRO} DEF f() {{ {CALLER} RETURN $all }}"), names)
    assert names["f"]() == EXPECTED


def test_the_caller_of_a_macro_in_a_macro():
    text = """
    MACRO inner() { PYTHON { nonlocal x; x += 1; y = 10 } }
    MACRO outer() -> ANY { LOAD 1 -> $x; LOAD 2 -> $y; CALL MACRO inner(); MACRO_RETURN ($x, $y) }
    LOAD 100 -> $x
    CALL MACRO outer() -> $found
    """
    names = {}
    exec(pyasm.assemble(text), names)
    assert (names["found"], names["x"]) == ((2, 2), 100)


def test_a_block_given_to_a_macro_has_the_callers_variables():
    names = {}
    text = "MACRO twice(do CODE_BLOCK) { LOAD 0 -> $x; MACRO_PASTE do; MACRO_PASTE do }\nLOAD 1 -> $x\n"
    exec(pyasm.assemble(text + "CALL MACRO twice({ PYTHON { x += 1 } })"), names)
    assert names["x"] == 3


def test_a_block_is_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(ast, "parse", lambda source, *rest: read.append(source) or compile(source, "", "exec", 0x400))
    pyasm.parse("DEF f(a) { PYTHON { b = a + 12345 } }")
    assert sum("12345" in source for source in read) == 1


def test_a_module_with_macros_is_read_once(monkeypatch, tmp_path):
    tmp_path.joinpath("macros_once.pyasm").write_text("MACRO one() -> ANY { MACRO_RETURN 1 }")
    file = tmp_path / "text_once.pyasm"
    file.write_text("MACRO_IMPORT macros_once -> m\nCALL MACRO m:one() -> $x")
    read = []
    whole = parser.parse
    monkeypatch.setattr(parser, "parse", lambda text, *rest: read.append(text) or whole(text, *rest))
    code = importer.Loader("text_once", str(file)).source_to_code(file.read_bytes(), str(file))
    assert read.count(file.read_text()) == 1
    assert "macros_once.pyasm" in str(code.co_consts[-1])


def test_the_version_is_that_of_the_target():
    for name in isa.names():
        major, minor = name.split(".")
        body = parse("RETURN ~PY_VERSION", target=name).body
        assert body[0].arg == int(major) * 100 + int(minor)
    assert parse("RETURN ~PY_VERSION").body[0].arg == sys.version_info[0] * 100 + sys.version_info[1]


def wrong(text, **bindings):
    with pytest.raises(pyasm.AssemblyError) as caught:
        pyasm.parse(textwrap.dedent(text), **bindings)
    return str(caught.value)


def test_an_object_is_no_target():
    assert "&x is an object, and nothing can be stored in its place" in wrong("LOAD 1 -> &x", x=[])
    names = {"made": []}
    exec(pyasm.assemble("LOAD [1] -> &x[:]", x=names["made"]), {})
    assert names["made"] == [1]


def test_native_instructions_that_the_portable_ones_are_not():
    native, portable = isa.running().opcodes, isa.load(isa.PORTABLE).opcodes
    for op in native.keys() & portable.keys():
        if (native[op].operand, native[op].stack) != (portable[op].operand, portable[op].stack):
            argument = {"name": "x", "local": "x"}.get(native[op].operand)
            if argument is not None:
                assert "is not the portable" in wrong(f"RAW {op} {argument}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IF { }", "1:4: a condition is needed before the block"),
        ("IF 1 { } ELIF { }", "1:15: a condition is needed before the block"),
        ("x = 5", "a value is stored by LOAD e -> $x"),
        ("print(1)", "a function is called by CALL @print(...)"),
        ("LOAD 1 as y", "a name is given by '-> target'"),
    ],
)
def test_what_people_write(text, expected):
    assert expected in wrong(text)


def test_sets_and_maps_are_conditions():
    names = {}
    exec(
        pyasm.assemble("IF {} { LOAD 1 -> $x } ELSE { LOAD 2 -> $x }\nWHILE {} \"\" 'l' { }".replace(' ""', "")), names
    )
    assert names["x"] == 2
