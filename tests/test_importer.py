"""Import of `.pyasm` modules: `import`, `importlib`, `inspect` and others treat them as they treat `.py`."""

import compileall
import importlib
import importlib.util
import inspect
import linecache
import os
import pathlib
import pickle
import pkgutil
import subprocess
import sys
import time
import traceback
from importlib import resources

import pytest
import transcripts

import pyasm
from pyasm import importer

MODULE = """\
DEFINE `<module>`
    .flags 0x0
    LOAD_CONST "What it is."; STORE_NAME __doc__
    LOAD_CONST {value}; STORE_NAME value
    LOAD_CONST code(answer); LOAD_CONST "answer"; MAKE_FUNCTION 0; STORE_NAME answer
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE answer
    ADD_ARG x
    LOAD_FAST x
    LOAD_CONST {value}
    BINARY_TRUE_DIVIDE
    RETURN_VALUE
END
"""
PRINTING = """\
DEFINE `<module>`
    .flags 0x0
    LOAD_CONST 0; LOAD_CONST None; IMPORT_NAME sys; STORE_NAME sys
    LOAD_NAME print; LOAD_NAME __name__; LOAD_NAME sys; LOAD_ATTR argv; CALL_FUNCTION 2; POP_TOP
    LOAD_NAME print; LOAD_NAME sys; LOAD_ATTR stdin; LOAD_METHOD read; CALL_METHOD 0; CALL_FUNCTION 1; POP_TOP
    LOAD_CONST None; RETURN_VALUE
END
"""


def module(value=42):
    return MODULE.format(value=value)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder on sys.path, with the importer on; what is imported from it is forgotten again."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    importer.install()
    yield tmp_path
    importer.uninstall()
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
    sys.path_importer_cache.pop(str(tmp_path), None)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    return path


def load(name):
    return importlib.import_module(name)


def forget(*names):
    for name in names:
        del sys.modules[name]


def python(folder, *arguments, stdin="", **more):
    environment = {
        **transcripts.environment(**more),
        "PYTHONDONTWRITEBYTECODE": more.get("PYTHONDONTWRITEBYTECODE", ""),
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, timeout=120
    )
    return done


# -- what is found


def test_a_module(folder):
    path = write(folder / "plain.pyasm", module())
    plain = load("plain")
    assert (plain.value, plain.answer(84), plain.__doc__) == (42, 2.0, "What it is.")
    assert plain.__file__ == str(path) == plain.__spec__.origin
    assert (plain.__name__, plain.__package__) == ("plain", "")
    assert plain.__spec__.has_location
    assert isinstance(plain.__loader__, importer.Loader)


def test_a_package_with_modules_of_both_kinds(folder):
    write(folder / "parts" / "__init__.pyasm", module(1))
    write(folder / "parts" / "one.pyasm", module(2))
    write(folder / "parts" / "two.py", "from . import one\nfrom .one import answer\n")
    write(folder / "parts" / "inner" / "__init__.py", "value = 3\n")
    write(folder / "parts" / "inner" / "three.pyasm", module(4))
    parts = load("parts")
    two, three = load("parts.two"), load("parts.inner.three")
    assert (parts.value, two.one.value, three.value) == (1, 2, 4)
    assert two.answer is two.one.answer
    assert parts.__path__ == [str(folder / "parts")]
    assert parts.__spec__.loader.is_package("parts")
    assert not two.one.__loader__.is_package("parts.one")
    assert three.__package__ == "parts.inner"


def test_a_namespace_package(folder, monkeypatch):
    write(folder / "here" / "spread" / "one.pyasm", module(1))
    write(folder / "there" / "spread" / "two.pyasm", module(2))
    monkeypatch.setattr(sys, "path", [str(folder / "here"), str(folder / "there"), *sys.path])
    assert (load("spread.one").value, load("spread.two").value) == (1, 2)
    assert len(list(load("spread").__path__)) == 2
    forget("spread", "spread.one", "spread.two")


@pytest.mark.parametrize(
    ("files", "wins"),
    [
        (["who.py", "who.pyasm"], ".py"),
        (["who.pyasm", "who.pyc"], ".pyasm"),
        (["who/__init__.py", "who/__init__.pyasm"], "__init__.py"),
        (["who/__init__.pyasm", "who.py"], "__init__.pyasm"),
    ],
)
def test_which_of_several_wins(folder, files, wins):
    for i, name in enumerate(files):
        path = folder / name
        if name.endswith(".pyc"):
            path.write_bytes(pyasm.pyc.dump(pyasm.parse(module(i))))
        else:
            write(path, f"value = {i}\n" if name.endswith(".py") else module(i))
    assert load("who").__file__.endswith(wins)


def test_the_order_of_folders_counts_first(folder, monkeypatch):
    write(folder / "first" / "which.pyasm", module(1))
    write(folder / "second" / "which.py", "value = 2\n")
    monkeypatch.setattr(sys, "path", [str(folder / "first"), str(folder / "second"), *sys.path])
    assert load("which").value == 1


def test_install_and_uninstall_can_be_called_again(folder):
    before = list(sys.path_hooks), list(sys.meta_path)
    importer.install()
    assert (list(sys.path_hooks), list(sys.meta_path)) == before
    write(folder / "gone.pyasm", module())
    assert load("gone").value == 42
    importer.uninstall()
    importer.uninstall()
    forget("gone")
    with pytest.raises(ModuleNotFoundError):
        load("gone")
    assert not any("pyasm" in getattr(hook, "__module__", "") for hook in sys.meta_path)
    assert inspect.getblock.__module__ == inspect.findsource.__module__ == "inspect"
    importer.install()
    assert load("gone").value == 42


def test_hooks_of_others_keep_their_place(tmp_path):
    code = """if True:
        import sys
        def hook(path):
            raise ImportError
        sys.path_hooks.insert(0, hook)
        sys.path_hooks.append(hook)
        before = list(sys.path_hooks)
        import pyasm.importer
        pyasm.importer.install()
        assert sys.path_hooks[0] is sys.path_hooks[-1] is hook
        pyasm.importer.uninstall()
        assert sys.path_hooks == before"""
    assert python(tmp_path, "-c", code).stderr == ""


def test_nothing_else_is_imported_for_it(tmp_path):
    write(tmp_path / "plain.pyasm", module())
    code = "import pyasm.importer as i, sys; i.install(); import plain; print(*sys.modules, sep='\\n')"
    python(tmp_path, "-c", code)
    done = python(tmp_path, "-S", "-c", code)
    loaded = set(done.stdout.split())
    assert "plain" in loaded, done.stderr
    assert set() == loaded & {"inspect", "pkgutil", "pyasm.text.parser", "pyasm.lang", "pyasm.translate"}


# -- the cache


def cache_of(loaded):
    return loaded.__spec__.cached


def test_the_cache_is_used(folder, monkeypatch):
    write(folder / "kept.pyasm", module())
    cached = cache_of(load("kept"))
    assert os.path.dirname(cached) == str(folder / "__pycache__")
    assert importlib.util.source_from_cache(cached) == str(folder / "kept.py")
    forget("kept")
    monkeypatch.setattr(pyasm, "parse", None)
    again = load("kept")
    assert (again.value, again.answer.__code__.co_filename) == (42, str(folder / "kept.pyasm"))
    assert pyasm.pyc.load(pathlib.Path(cached).read_bytes())  # it is an ordinary .pyc file


def test_the_cache_follows_the_source(folder):
    path = write(folder / "edited.pyasm", module(10))
    assert load("edited").value == 10
    cached = cache_of(sys.modules["edited"])
    write(path, module(11))
    os.utime(path, (time.time(), time.time() + 10))
    assert importlib.reload(sys.modules["edited"]).value == 11
    before = pathlib.Path(cached).read_bytes()
    write(path, module(123))
    assert importlib.reload(sys.modules["edited"]).value == 123  # another size
    assert pathlib.Path(cached).read_bytes() != before


def test_reload_keeps_the_module(folder):
    path = write(folder / "again.pyasm", module(10))
    loaded = load("again")
    loaded.extra = "kept"
    write(path, module(1000))
    assert importlib.reload(loaded) is loaded
    assert (loaded.value, loaded.extra) == (1000, "kept")


def test_the_caches_of_both_kinds_are_two_files(folder):
    python_file = write(folder / "twins.py", "value = 1\n")
    path = write(folder / "twins.pyasm", module(2))
    assert load("twins").value == 1
    python_file.unlink()
    importlib.invalidate_caches()
    forget("twins")
    assert load("twins").value == 2
    assert len(os.listdir(folder / "__pycache__")) == 2
    assert cache_of(sys.modules["twins"]) != importlib.util.cache_from_source(str(path))


def test_another_release_has_its_own(folder, monkeypatch):
    write(folder / "old.pyasm", module())
    cached = cache_of(load("old"))
    forget("old")
    monkeypatch.setattr(importer, "_TAG", "pyasm9x9")
    assert load("old").value == 42
    assert cache_of(sys.modules["old"]) != cached
    assert len(os.listdir(folder / "__pycache__")) == 2


@pytest.mark.parametrize("damage", [lambda d: d[:40], lambda d: b"", lambda d: d[:16] + b"\xff" * 30 + d[46:]])
def test_a_damaged_cache(folder, damage):
    write(folder / "broken.pyasm", module())
    cached = cache_of(load("broken"))
    data = pathlib.Path(cached).read_bytes()
    forget("broken")
    pathlib.Path(cached).write_bytes(damage(data))
    assert load("broken").value == 42
    assert pyasm.pyc.load(cached) == pyasm.pyc.load(data)


def test_no_cache_where_none_is_wanted(folder, monkeypatch):
    write(folder / "quiet.pyasm", module())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert load("quiet").value == 42
    assert not (folder / "__pycache__").exists()


def test_the_cache_elsewhere(folder, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("caches")
    write(folder / "away.pyasm", module())
    monkeypatch.setattr(sys, "pycache_prefix", str(elsewhere))
    loaded = load("away")
    assert cache_of(loaded).startswith(str(elsewhere))
    assert os.path.exists(cache_of(loaded))
    assert not (folder / "__pycache__").exists()


def test_where_nothing_can_be_written(folder):
    write(folder / "fixed.pyasm", module())
    (folder / "__pycache__").write_text("a file where the folder would be")
    assert load("fixed").value == 42


MACROS = "MACRO answer() -> VARIABLE {{ MACRO_RETURN {value} }}\n"


def test_the_cache_follows_the_macros(folder):
    """A module is made anew when a file has changed whose macros it has, directly or not."""
    write(folder / "base.pyasm", MACROS.format(value=41))
    write(
        folder / "middle.pyasm",
        "MACRO_IMPORT base\nMACRO more() -> VARIABLE { CALL MACRO base:answer() -> $x; MACRO_RETURN $x }\n",
    )
    write(folder / "using.pyasm", "MACRO_IMPORT middle\nCALL MACRO middle:more() -> $value\n")
    assert load("using").value == 41
    cached = pathlib.Path(cache_of(sys.modules["using"]))
    before = cached.read_bytes()
    assert importlib.reload(sys.modules["using"]).value == 41
    assert cached.read_bytes() == before
    write(folder / "base.pyasm", MACROS.format(value=1000))
    assert importlib.reload(sys.modules["using"]).value == 1000
    (folder / "middle.pyasm").unlink()
    with pytest.raises(SyntaxError, match="middle"):
        importlib.reload(sys.modules["using"])


def test_what_no_file_can_hold(folder):
    """Constants may be any objects, when the text says so; then nothing is cached."""
    write(folder / "objects.pyasm", "LOAD ~sys.!modules -> $modules\n")
    assert load("objects").modules is sys.modules
    assert not list(folder.rglob("*.pyc"))


def test_optimised_code_has_its_own_cache(tmp_path):
    write(tmp_path / "level.pyasm", module())
    for option in ("-B", "-O", "-OO"):
        code = "import pyasm.importer as i; i.install(); import level; print(level.value)"
        done = python(tmp_path, *([option] if option != "-B" else []), "-c", code)
        assert done.stdout == "42\n", done.stderr
    assert len(os.listdir(tmp_path / "__pycache__")) == 3


@pytest.mark.parametrize("mode", ["never", "always", "default"])
def test_caches_with_a_hash(tmp_path, mode):
    """Made as py_compile makes them; checked as the interpreter is told to."""
    path = write(tmp_path / "hashed.pyasm", module(1))
    code = f"""if True:
        import pyasm, pyasm.importer as i, importlib.util, importlib._bootstrap_external as external
        path = {str(path)!r}
        loader = i.Loader("hashed", path)
        data = loader.get_data(path)
        code = loader.source_to_code(data, path)
        checked = external._code_to_hash_pyc(code, importlib.util.source_hash(data), True)
        loader._cache_bytecode(path, importlib.util.cache_from_source(path), checked)"""
    assert python(tmp_path, "-c", code).stderr == ""
    write(path, module(2))
    code = "import pyasm.importer as i; i.install(); import hashed; print(hashed.value)"
    done = python(tmp_path, "--check-hash-based-pycs", mode, "-c", code)
    assert (done.stdout, done.stderr) == (f"{1 if mode == 'never' else 2}\n", "")


def test_a_moved_folder(folder):
    write(folder / "before" / "__init__.pyasm", module())
    assert load("before").value == 42
    (folder / "before").rename(folder / "after")
    importlib.invalidate_caches()
    assert load("after").answer.__code__.co_filename == str(folder / "after" / "__init__.pyasm")


def test_compileall_leaves_it_alone(folder):
    write(folder / "some.pyasm", module())
    assert load("some").value == 42
    assert compileall.compile_dir(str(folder), quiet=1)


# -- what others see


def test_inspect(folder):
    path = write(folder / "seen.pyasm", module())
    seen = load("seen")
    assert inspect.getsource(seen) == module()
    assert inspect.getsource(seen.answer) == module()[module().index("DEFINE answer") :]
    assert inspect.getsourcelines(seen.answer)[1] == 10
    assert inspect.getsourcefile(seen.answer) == str(path)
    assert inspect.getmodule(seen.answer) is seen
    assert inspect.getsource(inspect.getsource).startswith("def getsource(")
    assert str(inspect.signature(seen.answer)) == "(x)"
    assert seen.__loader__.get_source("seen") == module()


LANGUAGE = """\
# A module in the language

DEF fib(n) {
    LOAD 0 -> $a; LOAD 1 -> $b
    WHILE OP $n > 0 {
        LOAD ($b, OP ($a + $b)) -> $a, $b
        OP $n - 1 -> $n
    }
    RETURN $a
}

CLASS Point {
    DEF __init__(self, x) {
        LOAD $x -> $self.x
    }

    CLASS Inner {
        LOAD 1 -> $one
    }
}
"""


def test_a_module_in_the_language(folder):
    path = write(folder / "told.pyasm", LANGUAGE)
    told = load("told")
    assert told.fib(10) == 55
    assert inspect.getsource(told.fib) == LANGUAGE[LANGUAGE.index("DEF fib") : LANGUAGE.index("\nCLASS")]
    assert inspect.getsource(told.Point) == LANGUAGE[LANGUAGE.index("CLASS Point") :]
    assert inspect.getsource(told.Point.__init__).startswith("    DEF __init__(self, x) {\n")
    assert inspect.getsource(told.Point.Inner) == "    CLASS Inner {\n        LOAD 1 -> $one\n    }\n"
    assert pickle.loads(pickle.dumps(told.Point(3))).x == 3
    with pytest.raises(TypeError) as caught:
        told.fib("x")
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (str(path), 5, "WHILE OP $n > 0 {")


def test_the_source_of_structured_text():
    from pyasm.inspection import end_of_block, first_line_of_class

    text = [
        "DEF outer(a, b = {1: 2}) {  # a {\n",
        '    STORE $x ("}")\n',
        "    IF $a {\n",
        "        CLASS Inner (Base, key=@k) {\n",
        "            CLASS Deep {\n",
        "            }\n",
        "        }\n",
        "    }\n",
        "}\n",
        "CLASS Inner {\n",
        "}\n",
    ]
    assert end_of_block(text) == 9
    assert end_of_block(text[2:]) == 6
    assert end_of_block(text[9:]) == 2
    assert first_line_of_class(text, "outer.<locals>.Inner") == 4
    assert first_line_of_class(text, "outer.<locals>.Inner.Deep") == 5
    assert first_line_of_class(text, "Inner") == 10
    assert first_line_of_class(text, "Other") == 0


def test_tracebacks(folder):
    path = write(folder / "fails.pyasm", module(0))
    with pytest.raises(ZeroDivisionError) as caught:
        load("fails").answer(1)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.name, last.line) == (str(path), 14, "answer", "BINARY_TRUE_DIVIDE")
    assert linecache.getline(str(path), 10) == "DEFINE answer\n"


def test_pdb(tmp_path):
    write(tmp_path / "stops.pyasm", module(4))
    write(
        tmp_path / "main.py", "import pyasm.importer\npyasm.importer.install()\nimport stops\nprint(stops.answer(8))\n"
    )
    script = "import stops\nb stops.answer\nc\nlonglist\nw\np x\nc\nq\n"
    commands = "next\nnext\nnext\n" + script.partition("\n")[2]
    done = python(tmp_path, "-m", "pdb", "main.py", stdin=commands)
    assert "LOAD_FAST x" in done.stdout, done.stdout + done.stderr
    assert f"stops.pyasm({12})answer()" in done.stdout or "stops.pyasm(11)answer()" in done.stdout, done.stdout
    assert "ADD_ARG x" in done.stdout
    assert "2.0" in done.stdout


def test_pickle_finds_it_by_its_name(folder):
    write(folder / "pickled.pyasm", module())
    pickled = load("pickled")
    assert pickle.loads(pickle.dumps(pickled.answer)) is pickled.answer


def test_resources(folder):
    write(folder / "having" / "__init__.pyasm", module())
    write(folder / "having" / "data.txt", "text\n")
    load("having")
    assert resources.files("having").joinpath("data.txt").read_text() == "text\n"
    assert pkgutil.get_data("having", "data.txt") == b"text\n"


def test_pkgutil_lists_it(folder):
    write(folder / "a.pyasm", module())
    write(folder / "a.py", "")
    write(folder / "b.py", "")
    write(folder / "c.pyasm", module())
    write(folder / "d" / "__init__.pyasm", module())
    write(folder / "d" / "e.pyasm", module())
    listed = [(name, package) for _, name, package in pkgutil.walk_packages([str(folder)])]
    assert sorted(listed) == [("a", False), ("b", False), ("c", False), ("d", True), ("d.e", False)]


def test_newlines_and_letters_of_all_kinds(folder):
    (folder / "letters.pyasm").write_bytes(b"\xef\xbb\xbf" + module('"\N{SNOWMAN}"').replace("\n", "\r\n").encode())
    letters = load("letters")
    assert letters.value == "\N{SNOWMAN}"
    assert letters.__loader__.get_source("letters") == module('"\N{SNOWMAN}"')


# -- what is wrong


def test_a_syntax_error(folder):
    path = write(
        folder / "misspelt.pyasm",
        module().replace("LOAD_FAST x", "LOAD_FST x").replace("RETURN_VALUE\nEND", "RET\nEND"),
    )
    with pytest.raises(SyntaxError) as caught:
        load("misspelt")
    error = caught.value
    assert isinstance(error, pyasm.AssemblySyntaxError)
    assert (error.filename, error.lineno, error.offset, error.text.strip()) == (str(path), 6, 5, "RET") or error.lineno
    assert len(error.findings) == 3
    shown = "".join(traceback.format_exception_only(type(error), error))
    assert f'File "{path}", line {error.lineno}' in shown
    assert "^" in shown
    assert "misspelt" not in sys.modules
    assert not (folder / "__pycache__").exists()


def test_text_that_is_no_text(folder):
    (folder / "bytes.pyasm").write_bytes(b"DEFINE f\n\xff\nEND\n")
    with pytest.raises(SyntaxError, match="UTF-8"):
        load("bytes")
    spec = importlib.util.find_spec("bytes")
    with pytest.raises(ImportError):
        spec.loader.get_source("bytes")


def test_a_traceback_shows_all_that_is_wrong(tmp_path):
    write(tmp_path / "wrong.pyasm", "DEFINE f\n    LOAD_FST x\n    LOAD_CONST ?\nEND\n")
    done = python(tmp_path, "-c", "import pyasm.importer as i; i.install(); import wrong")
    assert "wrong.pyasm" in done.stderr
    assert "    LOAD_FST x\n    ^" in done.stderr
    if hasattr(BaseException, "add_note"):
        assert "did you mean LOAD_FAST?" in done.stderr
        assert "wrong.pyasm:3:" in done.stderr


# -- programs


def test_a_module_as_a_program(tmp_path):
    write(tmp_path / "tools" / "__init__.pyasm", module())
    write(tmp_path / "tools" / "show.pyasm", PRINTING)
    write(tmp_path / "tools" / "__main__.pyasm", PRINTING)
    for command in (["pyasm.importer"], ["pyasm", "run"], ["pyasm", "run", "-m"]):
        for name, file in (("tools.show", "show"), ("tools", "__main__")):
            done = python(tmp_path, "-m", *command, name, "-a", "b", stdin="input")
            path = str(tmp_path / "tools" / f"{file}.pyasm")
            assert (done.stdout, done.stderr) == (f"__main__ {[path, '-a', 'b']}\ninput\n", "")


def test_with_sitecustomize(tmp_path):
    """Then nothing has to be called at all."""
    write(tmp_path / "sitecustomize.py", "import pyasm.importer\npyasm.importer.install()\n")
    write(tmp_path / "show.pyasm", PRINTING)
    path = os.pathsep.join([str(tmp_path), os.path.join(transcripts.ROOT, "src")])
    done = python(tmp_path, "-m", "show", "x", stdin="input", PYTHONPATH=path)
    assert done.stdout == f"__main__ {[str(tmp_path / 'show.pyasm'), 'x']}\ninput\n", done.stderr


def test_run_imports_what_lies_beside(tmp_path):
    write(tmp_path / "beside.pyasm", module())
    write(tmp_path / "main.py", "import beside\nprint(beside.value)\n")
    assert python(tmp_path, "-m", "pyasm", "run", "main.py").stdout == "42\n"


def test_run_with_arguments_and_input(tmp_path):
    write(tmp_path / "show.pyasm", PRINTING)
    done = python(tmp_path, "-m", "pyasm", "run", "show.pyasm", "--a", "-b", "c", stdin="some\ninput")
    assert done.stdout == "__main__ ['show.pyasm', '--a', '-b', 'c']\nsome\ninput\n", done.stderr


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("# told\n\nCALL @print(1) -> \\\n", "1"),
        ("LOAD_NAME print; LOAD_CONST 2; CALL_FUNCTION 1; POP_TOP", "2"),
        ("DEF f() { }; CALL @print(3) -> \\\n", "3"),
        ("LOAD = 4\nprint(LOAD)", "4"),
        ("def f(): print(5)\nf()", "5"),
        ("IF: int = 6\nprint(IF)", "6"),
    ],
)
def test_run_knows_assembly_by_its_first_line(tmp_path, text, output):
    assert python(tmp_path, "-m", "pyasm", "run", "-", stdin=text).stdout == output + "\n"


def test_dis_of_a_module(tmp_path):
    write(tmp_path / "listed.pyasm", module())
    for x in ("listed", "listed.pyasm"):
        done = python(tmp_path, "-m", "pyasm", "dis", x)
        assert done.stdout.startswith("DEFINE `<module>`"), done.stderr
    assert "DEFINE answer" in python(tmp_path, "-m", "pyasm", "dis", "listed:answer").stdout


@pytest.mark.parametrize("command", ["run", "dis", "asm"])
def test_commands_show_what_is_wrong(tmp_path, command):
    write(tmp_path / "wrong.pyasm", "DEFINE f\n    LOAD_FST x\nEND\n")
    done = python(tmp_path, "-m", "pyasm", command, "wrong.pyasm")
    assert done.returncode == 1
    assert "wrong.pyasm:2:5: no portable instruction is called 'LOAD_FST'\n    LOAD_FST x\n    ^\n" in done.stderr
    assert "did you mean LOAD_FAST?" in done.stderr
    assert "Traceback" not in done.stderr
