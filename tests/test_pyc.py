"""`.pyc` files that every CPython writes: read, written, edited, damaged, whatever the running version is."""

from __future__ import annotations

import marshal as host
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pycs
import pytest

import pyasm
from pyasm import AssemblyError, Code, MalformedError, TargetError, isa, pyc

RUNNING = isa.running()
SAMPLE = 20
MUTANTS = 100_000 if pycs.FULL else 3_000


@pytest.fixture(scope="module", params=pycs.VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name not in pycs.interpreters():
        pytest.skip(f"no CPython {name} on PATH")
    return name


@pytest.fixture(scope="module")
def files(version: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The standard library of that version or a sample of it, as `.pyc` files that it made."""
    paths = pycs.sources(version)
    if not pycs.FULL:
        paths = pycs.seeded(f"sources of {version}").sample(paths, SAMPLE)
    return pycs.compile_files(version, paths, tmp_path_factory.mktemp(version))


def codes(code: Code) -> Iterator[Code]:
    """A code object and all that it contains."""
    assert code.layout is not None
    yield code
    for const in code.layout.consts:
        if isinstance(const, Code):
            yield from codes(const)


def odd_kinds(code: Code) -> list[bytes]:
    """The kinds of variables that are not those that the code gives."""
    kinds = [inner.layout.local_kinds for inner in codes(code) if inner.layout]
    return [kind for kind in kinds if kind is not None]


def without_form(code: Code) -> Code:
    """The same code, as if it came from elsewhere."""
    assert code.layout is not None
    return code.replace(layout=code.layout._replace(file=None))


def compiled(version: str, source: str, folder: Path) -> bytes:
    """The `.pyc` file that a version makes of this source."""
    path = folder / "source.py"
    path.write_text(source, encoding="utf-8")
    (file,) = pycs.compile_files(version, [str(path)], folder)
    return file.read_bytes()


# -- the same bytes


def test_the_same_bytes(version: str, files: list[Path]) -> None:
    sizes = 0
    for file in files:
        data = file.read_bytes()
        code = pyc.load(file)
        assert code.dialect == version
        assert pyc.dump(code) == data, file
        assert odd_kinds(code) == []
        sizes += len(data)
    print(f"{version}: {len(files)} files, {sizes} bytes")
    assert len(files) > SAMPLE // 2


def test_all_headers_are_in_the_sample(files: list[Path]) -> None:
    assert {file.read_bytes()[4] for file in files} == {0, 1, 3}


_COMPARE = """
import marshal, sys
for line in sys.stdin:
    one, other = line.split()
    one, other = [marshal.loads(open(path, "rb").read()[16:]) for path in (one, other)]
    def same(a, b):
        left = "co_consts", "co_lnotab", "co_lines", "co_positions", "co_branches"
        fields = [n for n in dir(a) if n.startswith("co_") and n not in left]
        assert all(getattr(a, n) == getattr(b, n) for n in fields), a
        assert len(a.co_consts) == len(b.co_consts)
        for x, y in zip(a.co_consts, b.co_consts):
            assert type(x) is type(y)
            if hasattr(x, "co_code"):
                same(x, y)
            else:
                assert x == y or repr(x) == repr(y), (x, y)
    same(one, other)
    print("same")
"""


def test_its_interpreter_reads_our_own_form(version: str, files: list[Path], tmp_path: Path) -> None:
    pairs = []
    for file in files:
        ours = tmp_path / file.name
        ours.write_bytes(pyc.dump(without_form(pyc.load(file))))
        pairs.append(f"{file} {ours}")
    assert pycs.run(version, _COMPARE, input="\n".join(pairs)).split() == ["same"] * len(files)


def test_our_own_form_is_stable(files: list[Path]) -> None:
    for file in files[: SAMPLE // 4]:
        data = pyc.dump(without_form(pyc.load(file)))
        assert pyc.dump(without_form(pyc.load(data))) == data
        assert pyc.dump(pyc.load(data)) == data


# -- edited


PROGRAM = '''
"""A module."""
class Greeter:
    "Greets."
    def greet(self, name, /, mark="!", *more, end="", **rest):
        def inner():
            return f"before {name}{mark}{end}"
        return inner()
def numbers():
    return [x for x in (1, 2.5, 3j, b"four", "five", None, ..., 1 << 70, (6, (7, -0.0)))]
print(Greeter().greet("you"), numbers(), 12345 in {12345, 67890}, "abc"[1:2])
'''


def replace_constant(code: Code, old: Any, new: Any) -> Code:
    """A copy in which every use of a constant, at any depth, is of another one."""
    body = []
    for instruction in code.body:
        arg = instruction.arg
        if isinstance(arg, Code):
            instruction = instruction._replace(arg=replace_constant(arg, old, new))
        elif isinstance(arg, type(old)) and arg == old:
            instruction = instruction._replace(arg=new)
        body.append(instruction)
    return code.replace(body=body)


@pytest.mark.parametrize("new", ["after ", "a text that is longer", "\xe9\U0001f40d", ""])
def test_edited_code_runs(version: str, new: str, tmp_path: Path) -> None:
    code = pyc.load(compiled(version, PROGRAM, tmp_path))
    for number, edited in enumerate((code, without_form(code))):
        path = tmp_path / f"edited{number}.pyc"
        path.write_bytes(pyc.dump(replace_constant(edited, "before ", new)))
        script = f"import runpy; runpy.run_path({str(path)!r})"
        printed = pycs.run(version, script, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, encoding="utf-8")
        assert printed.startswith(f"{new}you! [1, 2.5, 3j, b'four', 'five', None, Ellipsis, {1 << 70}, (6, (7, -0.0))]")
        assert printed.endswith("True b\n")


def test_a_variable_added(version: str, tmp_path: Path) -> None:
    code = pyc.load(compiled(version, "def f(a, b):\n    c = a + b\n    return c\nprint(f(1, 2))\n", tmp_path))
    function = next(inner for inner in codes(code) if inner.name == "f")
    function.args.append("added")
    function.locals.append("more")
    loaded = pyc.load(pyc.dump(code))
    again = next(inner for inner in codes(loaded) if inner.name == "f")
    assert (again.args, again.locals) == (["a", "b", "added"], ["c", "more"])
    assert again.layout is not None
    assert again.layout.local_kinds is None


def test_a_nested_code_object_alone(version: str, tmp_path: Path) -> None:
    code = pyc.load(compiled(version, PROGRAM, tmp_path))
    for inner in codes(code):
        assert pyc.load(pyc.dump(inner)) == inner


SCOPES = """
x = [[(lambda: (i, j)) for j in range(i)] for i in range(3)]
class A:
    q = [i for i in range(3)]
    r = {i: (lambda: i) for i in range(2)}
    def m(self): return __class__
def f(a, /, b, *c, d=1, **e):
    r = [lambda: i for i in range(3)]
    def g(): return a, b, c, d, e, r
    i = 5
    return [i for i in r], g
def h(a):
    class B:
        a = a
        u = [a for a in range(2)]
        v = [lambda: (a, b) for b in range(2)]
    return B
async def k(a): return [x async for x in a], {await q for q in a}
"""


def test_kinds_of_variables_in_nested_scopes(version: str, tmp_path: Path) -> None:
    data = compiled(version, SCOPES, tmp_path)
    code = pyc.load(data)
    assert odd_kinds(code) == []
    assert pyc.dump(code) == data
    assert pyc.load(pyc.dump(without_form(code))) == code


def test_odd_kinds_are_kept(version: str, tmp_path: Path) -> None:
    if isa.load(version).variables != "joint":
        pytest.skip(f"{version} has no kinds")
    data = compiled(version, "def f(qqq):\n    return qqq\n", tmp_path)
    kind = b"\x26" if isa.load(version).argument_kinds else b"\x20"
    place = data.index(b"\x01\0\0\0" + kind) + 4
    odd = data[:place] + bytes([kind[0] | 0x10]) + data[place + 1 :]
    code = pyc.load(odd)
    assert odd_kinds(code) == [bytes([kind[0] | 0x10])]
    assert pyc.dump(code) == odd


def test_slices_on_every_host(version: str, tmp_path: Path) -> None:
    code = pyc.load(compiled(version, "def f(a):\n    return a[1:2, 3:4], a[5:6]\n", tmp_path))
    used = [instruction.arg for inner in codes(code) for instruction in inner.body]
    slices = [arg for arg in used if isinstance(arg, (slice, tuple)) and "slice" in repr(arg)]
    assert slices == ([(slice(1, 2), slice(3, 4)), slice(5, 6)] if isa.load(version).marshal >= 5 else [])


# -- the header


def header(dialect: isa.Dialect = RUNNING, flags: int = 0, source: bytes = b"timesize") -> bytes:
    return dialect.magic.to_bytes(2, "little") + b"\r\n" + flags.to_bytes(4, "little") + source


def module(source: str = "x = 1") -> CodeType:
    return compile(source, "<test>", "exec")


@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_header(flags: int) -> None:
    data = header(flags=flags) + host.dumps(module())
    code = pyc.load(data)
    assert code == pyasm.decode(module())
    assert pyc.dump(code) == data
    assert pyc.dump(code.replace(name="other"))[:16] == data[:16]


def test_new_header() -> None:
    data = pyc.dump(pyasm.decode(module()))
    assert data[:16] == header(source=bytes(8))
    assert host.loads(data[16:]) == module()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "byte 0: a header has 16 bytes, this has 0"),
        (header()[:15], "byte 15: a header has 16 bytes, this has 15"),
        (b"\x55\x0d" + header()[2:], "byte 0: no .pyc file of a known version: magic number 3413 "),
        (header()[:2] + b"\n\n" + header()[4:], "byte 0: no .pyc file of a known version"),
        (header(flags=4), "byte 4: unknown flags 0x4"),
        (header(), "byte 16: the data end where an object is expected"),
        (header() + b"i\x01\0\0\0", "byte 16: no code object, but of type int"),
        (header() + b")\x01N", "byte 16: no code object, but of type tuple"),
        (header() + host.dumps(module()) + b"N", "1 bytes too many"),
    ],
)
def test_malformed_file(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError) as caught:
        pyc.load(data)
    assert message in str(caught.value)
    path = tmp_path / "bad.pyc"
    path.write_bytes(data)
    for name in (path, str(path)):
        with pytest.raises(MalformedError) as caught:
            pyc.load(name)
        assert str(caught.value).startswith(f"{path}: ")
        assert message in str(caught.value)


def test_malformed_code_names_file_and_code_object(tmp_path: Path) -> None:
    good, body = host.dumps(module()), module().co_code
    assert good.count(body) == 1
    path = tmp_path / "bad.pyc"
    path.write_bytes(header() + good.replace(body, body[:-2] + b"\xff\xff"))
    with pytest.raises(MalformedError) as caught:
        pyc.load(path)
    assert str(caught.value).startswith(f"{path}: code object <module>: ")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pyc.load(tmp_path / "none.pyc")


def test_other_targets() -> None:
    code = pyasm.decode(module())
    with pytest.raises(TargetError, match=r"there is no dialect '3\.8'"):
        pyc.dump(code, "3.8")
    with pytest.raises(TypeError, match="dump takes a Code, not code"):
        pyc.dump(module())  # type: ignore[arg-type]


def test_constants_that_have_no_form() -> None:
    code = replace_constant(pyasm.decode(module("def f():\n    return 12345.5")), 12345.5, object())
    with pytest.raises(TargetError, match="code object f: a constant of type object"):
        pyc.dump(code)


# -- damaged


def test_mutants(version: str, files: list[Path]) -> None:
    """They are refused, or give a code that has bytes; nothing else, in a moment and little memory."""
    chance = pycs.seeded(f"mutants of {version}")
    small = [data for data in (file.read_bytes() for file in files) if len(data) < 30_000]
    outcomes: dict[str, int] = {"refused": 0, "same": 0, "other": 0}
    slowest = 0.0
    for _ in range(MUTANTS // len(pycs.VERSIONS)):
        data = pycs.mutant(chance.choice(small), chance)
        start = time.perf_counter()
        with pycs.limits(10, 500):
            outcomes[outcome(data)] += 1
        slowest = max(slowest, time.perf_counter() - start)
    print(f"{version}: {outcomes}, slowest {slowest:.3f} s")
    assert outcomes["refused"] > outcomes["same"] > 0


def outcome(data: bytes) -> str:
    """What becomes of a damaged file. Fails for any error but MalformedError, and when the code has no bytes."""
    try:
        code = pyc.load(data)
    except MalformedError as error:
        assert error.findings[0].place  # noqa: PT017
        return "refused"
    try:
        again = pyc.dump(code, verify=False)
        assert pyc.dump(pyc.load(again), verify=False) == again
    except AssemblyError as error:
        Path("mutant.pyc").write_bytes(data)
        pytest.fail(f"loaded, but not written or not read again (it is in mutant.pyc): {error}")
    return "same" if again == data else "other"


def test_functions_in_functions(version: str, tmp_path: Path) -> None:
    source = "f = " + "lambda: " * 60 + "1"
    data = compiled(version, source, tmp_path)
    assert pyc.dump(pyc.load(data)) == data
