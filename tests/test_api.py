"""The entry points: disassemble, assemble, function, lift and lower."""

import subprocess
import sys
import types

import pytest
from support import function_code
from translatekit import COMPLETE

import pyasm
from pyasm import isa, pyc

RUNNING = isa.running().name
OLDEST = isa.names()[0]
translates = pytest.mark.skipif(not COMPLETE and RUNNING != OLDEST, reason="not everything can be translated")

ADD = "DEFINE add; ADD_ARG a; ADD_ARG b; LOAD_FAST a; LOAD_FAST b; BINARY_ADD; RETURN_VALUE; END"


def add(a, b):
    return a + b


class Thing:
    def method(self):
        return self

    @classmethod
    def of_class(cls):
        return cls

    @staticmethod
    def of_none():
        return 3


# -- disassemble


@pytest.mark.parametrize("x", [add, add.__code__, pyasm.decode(add.__code__)], ids=["function", "code object", "Code"])
def test_disassemble(x):
    code = pyasm.disassemble(x, "native")
    assert (code.dialect, code.name, code.args) == (RUNNING, "add", ["a", "b"])
    assert code.body == pyasm.decode(add.__code__).body


@pytest.mark.parametrize(
    ("x", "name"),
    [
        (Thing.method, "Thing.method"),
        (Thing().method, "Thing.method"),
        (Thing.of_class, "Thing.of_class"),
        (vars(Thing)["of_class"], "Thing.of_class"),
        (vars(Thing)["of_none"], "Thing.of_none"),
    ],
)
def test_disassemble_methods(x, name):
    assert pyasm.disassemble(x, RUNNING).qualname == name


@translates
def test_disassemble_is_portable_unless_something_else_is_said():
    code = pyasm.disassemble(add)
    assert [(op, arg) for op, arg, _ in code.body] == [
        ("LOAD_FAST", "a"), ("LOAD_FAST", "b"), ("BINARY_ADD", None), ("RETURN_VALUE", None)
    ]  # fmt: skip
    assert pyasm.disassemble(code) is code
    assert pyasm.disassemble(code, "native").dialect == RUNNING
    for name in isa.names() if COMPLETE else [OLDEST]:
        assert pyasm.disassemble(code, name).dialect == name


def test_disassemble_files(tmp_path):
    (tmp_path / "f.py").write_text("x = 1\n")
    code = pyasm.disassemble(tmp_path / "f.py", "native")
    assert (code.dialect, code.filename, code.name) == (RUNNING, str(tmp_path / "f.py"), "<module>")
    (tmp_path / "f.pyc").write_bytes(pyc.dump(code))
    (tmp_path / "f.pyasm").write_text(pyasm.format(code, exact=True))
    for name in ("f.pyc", "f.pyasm"):
        again = pyasm.disassemble(str(tmp_path / name), "native")
        assert pyasm.encode(again) == pyasm.encode(code)
    with pytest.raises(FileNotFoundError):
        pyasm.disassemble(tmp_path / "g.py")
    (tmp_path / "wrong.py").write_text("x = (\n")
    with pytest.raises(pyasm.AssemblySyntaxError, match=r"wrong\.py"):
        pyasm.disassemble(tmp_path / "wrong.py")


@pytest.mark.parametrize("x", [None, 3, len, Thing, b"f.py", ["f.py"]])
def test_disassemble_of_something_else(x):
    with pytest.raises(TypeError, match="a function, a code object, a Code or the path of a file is needed"):
        pyasm.disassemble(x)


@pytest.mark.parametrize("dialect", ["3.8", "", "Portable"])
def test_dialects_that_are_not_there(dialect):
    with pytest.raises(pyasm.TargetError, match="there is no dialect"):
        pyasm.disassemble(add, dialect)


# -- assemble and function


def test_assemble_native_code():
    assert pyasm.assemble(pyasm.decode(add.__code__)) == add.__code__
    assert pyasm.assemble(pyasm.format(pyasm.decode(add.__code__), exact=True)) == add.__code__


@translates
def test_assemble_portable_text():
    code = pyasm.assemble(ADD)
    assert isinstance(code, types.CodeType)
    assert (code.co_name, code.co_argcount, code.co_filename) == ("add", 2, "<assembly>")
    assert types.FunctionType(code, {})(3, 4) == 7


@translates
def test_assemble_tuples():
    tuples = [("define", "add"), ("add_arg", "a"), ("load_fast", "a"), ("dup_top", 0), ("binary_add", 0)]
    made = pyasm.function([*tuples, ("return_value", 0), ("end", 0)])
    assert made("x") == "xx"
    with pytest.raises(pyasm.AssemblyError, match="DUP_TOP"):
        pyasm.assemble([("define", "f"), ("dup_tpo", 0), ("end", 0)])


@translates
def test_function():
    made = pyasm.function(ADD)
    assert (made(3, 4), made.__name__, made.__globals__ is globals()) == (7, "add", True)
    text = "DEFINE f; .qualname C.f; LOAD_GLOBAL x; RETURN_VALUE; END"
    made = pyasm.function(text, {"x": 5})
    assert (made(), made.__qualname__) == (5, "C.f")


def test_function_of_native_code():
    made = pyasm.function(pyasm.disassemble(add, "native"))
    assert made(1, 2) == 3


def test_a_function_without_the_one_around_it():
    outer = function_code("def f():\n x = 1\n def g(): return x")
    inner = next(const for const in outer.co_consts if isinstance(const, types.CodeType))
    with pytest.raises(pyasm.AssemblyError, match="it uses variables of a function around it: x"):
        pyasm.function(pyasm.decode(inner))


@pytest.mark.parametrize("entry", [pyasm.assemble, pyasm.function])
def test_what_cannot_be_assembled(entry):
    for x in (None, 3, b"DEFINE f; END", add, add.__code__):
        with pytest.raises(TypeError, match="a Code, assembly text or a list of tuples is needed"):
            entry(x)
    with pytest.raises(pyasm.AssemblySyntaxError, match="did you mean LOAD_FAST"):
        entry("DEFINE f; LOAD_FSAT x; END")
    with pytest.raises(TypeError, match="there is no &hook in add"):
        entry(ADD, hook=print)


# -- lift and lower


@translates
def test_lift_and_lower():
    native = pyasm.decode(add.__code__)
    code = pyasm.lift(native)
    assert code.dialect == "portable"
    assert pyasm.lift(code) is code
    assert pyasm.encode(pyasm.lower(code)) == add.__code__
    assert pyasm.lower(native) is native


@translates
def test_pyc_of_portable_code(tmp_path):
    code = pyasm.parse("DEFINE m; .flags 0; LOAD_CONST 5; STORE_NAME x; LOAD_CONST None; RETURN_VALUE; END", "m.pyasm")
    data = pyc.dump(code)
    assert pyc.load(data).dialect == RUNNING
    (tmp_path / "m.pyc").write_bytes(data)
    done = subprocess.run([sys.executable, "-c", "import m; print(m.x)"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("5\n", "")
    for name in isa.names() if COMPLETE else [OLDEST]:
        assert pyc.load(pyc.dump(code, name)).dialect == name


@translates
def test_the_header_of_a_file_for_another_version():
    code = pyasm.decode(compile("x = 1", "m.py", "exec"))
    data = pyc.dump(code)
    timed = pyc.load(data[:8] + b"\1\2\3\4\5\6\7\0" + data[16:])
    hashed = pyc.load(data[:4] + b"\3\0\0\0" + b"\1\2\3\4\5\6\7\0" + data[16:])
    assert pyc.dump(pyasm.lift(timed), RUNNING)[8:16] == b"\1\2\3\4\5\6\7\0"
    assert pyc.dump(pyasm.lift(hashed), RUNNING)[4:16] == b"\3\0\0\0\1\2\3\4\5\6\7\0"
    for name in [name for name in isa.names() if name != RUNNING] if COMPLETE else []:
        assert pyc.dump(timed, name)[8:16] == b"\1\2\3\4\5\6\7\0"
        assert pyc.dump(hashed, name)[4:16] == bytes(12)


# -- importing


def test_the_import_is_small():
    """What only some programs need is imported when they need it."""
    code = "import sys, pyasm; print([m for m in sys.modules if m.startswith('pyasm.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = eval(done.stdout)
    assert not [m for m in loaded if m.startswith(("pyasm.translate", "pyasm.files", "pyasm.marshal", "pyasm.text."))]
