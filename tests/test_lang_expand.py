"""What the language gets from Python and gives it: bindings, globals, functions, positions, native instructions."""

from __future__ import annotations

import marshal
import sys
import traceback

import pytest

import pyasm
from pyasm import isa
from pyasm.lang.macros import expansion

LIMIT = 3


def test_bindings_are_the_objects_themselves():
    value = [1, 2]
    code = pyasm.assemble("LOAD &value; RETURN", value=value)
    assert eval(code) is value


def test_a_binding_that_is_not_in_the_text():
    with pytest.raises(TypeError, match="there is no &other"):
        pyasm.assemble("LOAD 1 -> $x", other=1)
    with pytest.raises(TypeError, match="there is no &other"):
        pyasm.assemble("DEFINE f\nLOAD_CONST 1\nRETURN_VALUE\nEND", other=1)


def test_globals_of_the_caller_are_read_when_it_is_assembled():
    assert eval(pyasm.assemble("LOAD @!LIMIT; RETURN")) == LIMIT
    assert eval(pyasm.assemble("LOAD_CONST @LIMIT; RETURN")) == LIMIT
    with pytest.raises(pyasm.AssemblySyntaxError, match="there is no global 'LIMIT' yet"):
        pyasm.parse("LOAD @!LIMIT -> $x")


def test_a_text_that_is_one_def_is_that_function():
    function = pyasm.function("DEF f(a, b=@!LIMIT, *, c: ~int = 4) { RETURN ($a, $b, $c) }")
    assert function(1) == (1, 3, 4)
    assert function.__name__ == "f"
    assert function.__kwdefaults__ == {"c": 4}
    assert function.__globals__ is globals()


def test_another_text_is_the_code_of_the_module():
    function = pyasm.function("DEF f() { RETURN 1 }\nDEF g() { RETURN 2 }\nRETURN OP $f() + $g()", globals={})
    assert function.__name__ == "<module>"


def test_globals_of_a_function():
    function = pyasm.function("DEF f() { RETURN @x }", globals={"x": 5})
    assert function() == 5


def test_code_of_a_file_holds_no_objects():
    text = "CALL ~print(~len([1]), ~os.sep, OP ([1] isinstance ~list)) -> \\\nFOREACH $a, $b IN 1, 2 { }"
    marshal.dumps(pyasm.encode(pyasm.lower(pyasm.parse(text))))
    assert print in pyasm.assemble(text).co_consts


def test_builtins_that_the_text_has_another_of():
    text = "LOAD 1 -> $len\nCALL ~len([1, 2]) -> $n"
    names: dict[str, object] = {}
    exec(pyasm.encode(pyasm.lower(pyasm.parse(text))), names)
    assert names["n"] == 2


def test_version_when_assembled():
    assert eval(pyasm.assemble("LOAD ~PY_VERSION; RETURN")) == sys.version_info[0] * 100 + sys.version_info[1]


def test_tracebacks_show_the_statement():
    text = "DEF f(a) {\n    LOAD 1 -> $b\n    OP ($a +\n        $b) -> \\\n}\nCALL $f(None) -> \\\n"
    with pytest.raises(TypeError) as caught:
        exec(pyasm.encode(pyasm.lower(pyasm.parse(text, "prog.pyasm"))), {})
    frames = [each for each in traceback.extract_tb(caught.value.__traceback__) if each.filename == "prog.pyasm"]
    assert [(each.name, each.lineno) for each in frames] == [("<module>", 6), ("f", 3)]


def test_columns_are_those_of_the_text():
    code = pyasm.parse('LOAD "ä"; OP $a + $b')
    add = next(each for each in code.body if each.op == "BINARY_ADD")
    assert add.position == (1, 1, 14, 21)


def test_positions_that_are_given():
    code = pyasm.parse(".loc 7\nLOAD 1 -> $x\n.loc none\nLOAD 2 -> $y\n")
    assert [each.position.line for each in code.body[:4]] == [7, 7, None, None]


def test_an_instruction_of_the_running_version():
    dialect = isa.running()
    copy, add = ("COPY 1", "BINARY_OP +") if "COPY" in dialect.opcodes else ("DUP_TOP", "BINARY_ADD")
    if "BINARY_OP" not in dialect.opcodes:
        add = "BINARY_ADD"
    function = pyasm.function(f"DEF f(a) {{ LOAD $a; RAW {copy}; RAW {add}; RETURN }}")
    assert function(4) == 8


def test_copies_of_finally_are_bounded():
    text = "LOAD 1 -> \\"
    for _ in range(18):
        text = f"TRY {{ LOAD 1 -> \\ }} FINALLY {{ {text} }}"
    with pytest.raises(pyasm.AssemblySyntaxError, match="too many ways out"):
        pyasm.parse(text)


def test_what_macros_become_is_bounded(monkeypatch: pytest.MonkeyPatch):
    """Thirty macros, each of which calls the next one twice."""
    monkeypatch.setattr(expansion, "_MOST_NODES", 10_000)
    doubled = "MACRO m{0}() {{ CALL MACRO m{1}(); CALL MACRO m{1}() }}\n"
    text = "MACRO m0() { NOP }\n" + "".join(doubled.format(number, number - 1) for number in range(1, 30))
    with pytest.raises(pyasm.AssemblySyntaxError, match="become more than 10,000 nodes") as caught:
        pyasm.parse(text + "CALL MACRO m29()")
    assert len(caught.value.findings) == 1


def test_deep_nesting_is_an_error():
    with pytest.raises(pyasm.AssemblySyntaxError, match="nested"):
        pyasm.parse("LOAD " + "[" * 50_000)
    with pytest.raises(pyasm.AssemblySyntaxError, match="nested"):
        pyasm.parse("LOAD $a" + ".b" * 50_000)


def test_long_operators_are_not_deep():
    code = pyasm.parse("OP " + " + ".join(["$a", "1"] * 5000))
    assert sum(each.op == "BINARY_ADD" for each in code.body) == 9999


def test_statements_in_linear_time():
    text = "DEF f(a) {\n" + "OP $a + 1 -> $a; IF $a { JUMP end }\n" * 5000 + "end:\n}"
    code = pyasm.parse(text)
    assert len(code.body[0].arg.body) > 25_000
