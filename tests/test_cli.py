"""The command line: options, exit codes, colour, streams, and what each X names."""

import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import threading

import pytest
import support
import transcripts
from transcripts import ROOT, pyasm
from translatekit import COMPLETE

import pyasm as package
from pyasm import files, isa

RUNNING = isa.running().name
OTHER = next(name for name in isa.names() if name != RUNNING)
EXAMPLES = os.path.join(ROOT, "examples")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def text(data):
    return data.decode().replace("\r\n", "\n")


def on_terminal(*arguments, stderr_only=False, **more):
    """What `pyasm` writes to a terminal 80 wide, and its exit code; `stderr_only`: standard output is no terminal."""
    master, slave = pty.openpty()
    env = {**transcripts.environment(TERM="xterm"), **more}
    env.pop("COLUMNS")
    command = [sys.executable, "-m", "pyasm", *arguments]
    out = subprocess.DEVNULL if stderr_only else slave
    process = subprocess.Popen(command, stdin=slave, stdout=out, stderr=slave, env=env)
    os.close(slave)
    written = b""
    while select.select([master], [], [], 60)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        written += data
    code = process.wait(60)
    os.close(master)
    return text(written), code


# -- help and usage

OPTIONS = {
    "dis": [
        "--function",
        "--no-nested",
        "--exact",
        "--offsets",
        "--lines",
        "--source",
        "--output",
        "--dialect",
        "--color",
    ],
    "asm": ["--output", "--target"],
    "run": ["PROGRAM", "ARGS"],
    "explain": ["INSTRUCTION", "--target", "--color"],
    "targets": ["--color"],
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help(command):
    result = pyasm(command, "--help", COLUMNS="160")
    assert (result.code, result.err) == (0, b"")
    shown = text(result.out)
    for option in [*OPTIONS[command], "Example", f"pyasm {command}"]:
        assert option in shown


def test_help_lists_the_commands():
    shown = text(pyasm("--help").out)
    assert [command for command in OPTIONS if not re.search(rf"^\W*{command}\b", shown, re.M)] == []


def test_version():
    assert re.fullmatch(r"pyasm \d+\.\d+\.\d+\S*\n|pyasm, not installed\n", text(pyasm("--version").out))


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["dis"],
        ["asm"],
        ["run"],
        ["dis", "--nonsense", "x"],
        ["targets", "x"],
        ["explain", "--color", "pink"],
    ],
)
def test_wrong_usage(arguments):
    result = pyasm(*arguments)
    assert result.code == 2
    assert b"Usage: pyasm" in result.err
    assert b"Traceback" not in result.err


def test_without_the_packages_of_the_extra(tmp_path):
    (tmp_path / "typer.py").write_text("raise ImportError('not there')")
    path = os.pathsep.join([str(tmp_path), os.path.join(ROOT, "src")])
    result = pyasm("targets", PYTHONPATH=path)
    assert (result.code, result.out) == (1, b"")
    assert text(result.err) == (
        "pyasm: the command line needs two more packages: python -m pip install 'python-assembly[cli]'\n"
    )


def test_import_needs_no_other_package():
    code = "import sys, pyasm; print([m for m in ('typer', 'rich', 'click', 'pyasm.cli') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=transcripts.environment(), check=True)
    assert text(done.stdout) == "[]\n"


# -- colour and terminals


def test_colour_on_a_terminal_only():
    arguments = ("dis", f"{EXAMPLES}/fib.py", "--source", "--dialect", "native")
    plain = pyasm(*arguments)
    assert b"\x1b" not in plain.out
    shown, code = on_terminal(*arguments)
    assert code == 0
    assert "\x1b[36m    RETURN_VALUE\x1b[0m" in shown or RUNNING == "3.9"
    assert ANSI.sub("", shown) == text(plain.out)


@pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(setting):
    assert "\x1b[3" not in on_terminal("dis", f"{EXAMPLES}/fib.py", **setting)[0]
    assert "\x1b[3" in on_terminal("dis", f"{EXAMPLES}/fib.py", "--color", "always", **setting)[0]


def test_colour_never():
    assert "\x1b" not in on_terminal("explain", "POP_TOP", "--color", "never")[0]


def test_errors_are_coloured_on_a_terminal():
    shown, code = on_terminal("dis", "missing.py")
    assert code == 1
    assert ANSI.sub("", shown) == "pyasm: missing.py: No such file or directory\n"
    assert shown.startswith("\x1b[1;31mpyasm:")


def test_long_columns_are_broken_on_a_terminal_only():
    shown, _ = on_terminal("explain", "BINARY_OP", "--color", "never")
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.split() == text(pyasm("explain", "BINARY_OP").out).split()


def test_progress_on_a_terminal_only(tmp_path):
    arguments = ["dis", f"{EXAMPLES}/fib.py", f"{EXAMPLES}/line_hits.py", "-o", str(tmp_path / "listing")]
    shown, code = on_terminal(*arguments, stderr_only=True)
    assert code == 0
    assert "2/2" in shown
    assert sorted(os.listdir(tmp_path / "listing")) == ["fib.pyasm", "line_hits.pyasm"]
    assert pyasm(*arguments) == (0, b"", b"")


# -- ends


def test_closed_output():
    command = f"exec '{sys.executable}' -m pyasm targets >&-"
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, env=transcripts.environment())
    assert (done.returncode, done.stderr) == (0, b"")


def test_bytes_are_not_written_to_a_terminal():
    shown, code = on_terminal("asm", os.path.join(EXAMPLES, "hello-3.13.pyasm"), "-o", "-")
    assert code == 2
    assert shown == "pyasm: a .pyc file is not for a terminal; -o FILE says where it goes\n"


def test_nobody_reads():
    command = [sys.executable, "-m", "pyasm", "dis", *[f"{EXAMPLES}/fib.py"] * 50]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=transcripts.environment())
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_interrupted():
    command = [sys.executable, "-m", "pyasm", "dis", f"{EXAMPLES}/fib.py", "-"]
    pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)

    def as_in_a_shell():
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background ignores it

    env = transcripts.environment()
    with subprocess.Popen(command, env=env, preexec_fn=as_in_a_shell, **pipes) as process:
        guard = threading.Timer(60, process.kill)
        guard.start()
        process.stdout.readline()  # the first is written; now it is waiting for its input
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == b""
        guard.cancel()


# -- what X names


@pytest.fixture
def library(tmp_path):
    (tmp_path / "shapes.py").write_text(
        "from other import borrowed\n"
        "class Square:\n"
        "    def area(self):\n"
        "        def inner():\n"
        "            return self.side\n"
        "        return inner() ** 2\n"
        "if borrowed:\n"
        "    def side(): return 1\n"
        "else:\n"
        "    def side(): return 2\n"
        "async def walk(): pass\n"
    )
    (tmp_path / "other.py").write_text("def borrowed(): return 'from other'\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "broken.py").write_text("def f(:\n    pass\n")
    (tmp_path / "package" / "__main__.py").write_text("import sys; print(__name__, __package__, sys.argv[1:])\n")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("x", "name"),
    [
        ("shapes", "`<module>`"),
        ("shapes.py", "`<module>`"),
        ("shapes:Square", "Square"),
        ("shapes:Square.area", "area"),
        ("shapes:area", "area"),
        ("shapes.py:Square.area.<locals>.inner", "inner"),
        ("shapes.py:Square.area.inner", "inner"),
        ("shapes:side#2", "side"),
        ("shapes:borrowed", "borrowed"),
        ("package.__main__", "`<module>`"),
    ],
)
def test_parts(library, x, name):
    result = pyasm("dis", x, "--dialect", "native", cwd=library)
    assert (result.code, result.err) == (0, b"")
    assert text(result.out).startswith(f".target {RUNNING}\n\nDEFINE {name}\n")
    if COMPLETE:
        result = pyasm("dis", x, cwd=library)
        assert (result.code, result.err) == (0, b"")
        assert text(result.out).startswith(f"DEFINE {name}\n")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("shapes:Squar", "shapes:Squar: no function or class Squar (did you mean Square?)"),
        ("shapes:side", "shapes:side: side is not the only one: side#1 in line 8, side#2 in line 10"),
        ("shapes:side#3", "shapes:side#3: no function or class side#3 (did you mean side?)"),
        ("sys", "sys has no bytecode: it is built-in"),
        (
            "shapes.area",
            "no module shapes.area: __path__ attribute not found on 'shapes' while trying to find 'shapes.area'",
        ),
        ("package.nothing", "no file and no module package.nothing"),
    ],
)
def test_parts_that_are_not_there(library, x, message):
    result = pyasm("dis", x, cwd=library)
    assert (result.code, result.out) == (1, b"")
    assert text(result.err).startswith(f"pyasm: {message}")
    assert b"Traceback" not in result.err


@pytest.mark.parametrize("x", ["package/broken.py", "package.broken"])
def test_wrong_source(library, x):
    result = pyasm("dis", x, cwd=library)
    assert result.code == 1
    assert re.fullmatch(r"pyasm: \S*broken\.py:1:7: .*\n    def f\(:\n          \^\n", text(result.err))


def test_a_folder(library, tmp_path):
    (tmp_path / "package" / "__pycache__").mkdir()
    result = pyasm("dis", "package", "shapes.py", "-o", "listing", cwd=library)
    assert result.code == 1  # one of them is no Python
    assert b"package/broken.py:1:7" in result.err.replace(b"\\", b"/")
    assert sorted(os.listdir(tmp_path / "listing")) == ["__init__.pyasm", "__main__.pyasm", "shapes.pyasm"]


def test_two_to_the_same_file(library):
    result = pyasm("dis", "shapes.py", "package/../shapes.py", "-o", "listing", cwd=library)
    assert (
        text(result.err) == "pyasm: shapes.py and package/../shapes.py would both be written to listing/shapes.pyasm\n"
    )
    assert not os.path.exists(os.path.join(library, "listing"))


@pytest.mark.parametrize("kind", ["py", "pyasm", "pyc"])
def test_standard_input(kind, tmp_path):
    source = b"x = 1\n"
    if kind == "pyasm":
        source = pyasm("dis", "-", "--dialect", "native", stdin=source).out
    elif kind == "pyc":
        source = pyasm("asm", "-", stdin=pyasm("dis", "-", "--dialect", "native", stdin=source).out).out
    result = pyasm("dis", "-", stdin=source)
    assert (result.code, result.err) == (0, b"")
    assert b"STORE_NAME" in result.out


# -- running


def run(tmp_path, name, program, *arguments, stdin=b""):
    (tmp_path / name).write_text(program)
    return pyasm("run", name, *arguments, cwd=str(tmp_path), stdin=stdin)


def test_run_is_as_python_runs(tmp_path):
    program = (
        "import sys\n"
        "import __main__\n"
        "print(__name__, __file__, sys.argv, __main__.x if 'x' in dir(__main__) else None, __spec__, __builtins__)\n"
        "print(sys.path[0])\n"
        "print(input())\n"
        "sys.stderr.write('err\\n')\n"
    )
    (tmp_path / "p.py").write_text(program)
    want = subprocess.run(
        [sys.executable, "p.py", "--help", "-x"],
        input=b"line\n",
        capture_output=True,
        cwd=tmp_path,
        env=transcripts.environment(),
    )
    got = pyasm("run", "p.py", "--help", "-x", stdin=b"line\n", cwd=str(tmp_path))
    assert (got.code, got.out, got.err) == (want.returncode, want.stdout, want.stderr)


@pytest.mark.parametrize(("end", "code", "err"), [("7", 7, ""), ("None", 0, ""), ("'bad'", 1, "bad\n")])
def test_run_exits_as_the_program_does(tmp_path, end, code, err):
    result = run(tmp_path, "p.py", f"import sys; sys.exit({end})")
    assert (result.code, text(result.err)) == (code, err)


def test_run_shows_the_lines_of_the_assembly(tmp_path):
    listing = text(pyasm("dis", "-", "--dialect", "native", stdin=b"def f(): return g\nf()\n").out)
    listing = "".join(line for line in listing.splitlines(True) if ".filename" not in line)
    result = run(tmp_path, "p.pyasm", listing)
    number, line = next((i, line) for i, line in enumerate(listing.splitlines(), 1) if "LOAD_GLOBAL" in line)
    assert result.code == 1
    shown = text(result.err).replace("    \n", "\n")
    assert f"{os.sep}p.pyasm\", line {number}, in f\n    {line.strip()}\nNameError: name 'g' is not defined\n" in shown
    assert f"{os.sep}cli{os.sep}" not in shown


def test_run_a_module(library):
    result = pyasm("run", "package", "a", "--b", cwd=library)
    assert text(result.out) == "__main__ package ['a', '--b']\n"


def test_run_standard_input():
    result = pyasm("run", "-", "a", stdin=b"import sys; print(sys.argv)")
    assert text(result.out) == "['-', 'a']\n"


def test_run_interrupted(tmp_path):
    result = run(tmp_path, "p.py", "raise KeyboardInterrupt")
    assert result.code == 130
    assert text(result.err).endswith("KeyboardInterrupt\n")


def test_run_uses_the_hook_of_the_program(tmp_path):
    result = run(tmp_path, "p.py", "import sys\nsys.excepthook = lambda *e: print('hook', e[1])\n1 / 0")
    assert (result.code, text(result.out), result.err) == (1, "hook division by zero\n", b"")


@pytest.mark.skipif(not COMPLETE, reason="not everything can be translated")
@pytest.mark.parametrize("version", isa.names())
def test_run_of_another_version(version, tmp_path):
    source = os.path.join(EXAMPLES, f"hello-{version}.pyasm")
    assert pyasm("asm", source, "-o", str(tmp_path / "hello.pyc")).code == 0
    for program in (source, str(tmp_path / "hello.pyc")):
        result = pyasm("run", program)
        assert (result.code, text(result.out), text(result.err)) == (0, f"hello, CPython {version}!\n", "")


# -- assembling


def test_asm_for_the_running_python(tmp_path):
    source = os.path.join(EXAMPLES, f"hello-{RUNNING}.pyasm")
    output = str(tmp_path / "hello.pyc")
    assert pyasm("asm", source, "-o", output) == (0, b"", b"")
    done = subprocess.run([sys.executable, output], capture_output=True)
    assert text(done.stdout) == f"hello, CPython {RUNNING}!\n"
    for program in (source, output):
        assert text(pyasm("run", program).out) == f"hello, CPython {RUNNING}!\n"


@pytest.mark.parametrize("version", isa.names())
def test_asm_writes_the_same_on_every_version(version, tmp_path):
    from pyasm import pyc

    output = str(tmp_path / "hello.pyc")
    assert pyasm("asm", os.path.join(EXAMPLES, f"hello-{version}.pyasm"), "-o", output).code == 0
    code = pyc.load(output)
    assert (code.dialect, len(code.body) > 10) == (version, True)
    assert "CPython " + version in [instruction.arg for instruction in code.body]


def test_asm_header(tmp_path):
    source = tmp_path / "hello.pyasm"
    source.write_bytes(b".target 3.13\nDEFINE m\n.flags 0\nRESUME 0\nRETURN_CONST None\nEND\n")
    os.utime(source, (1234567890, 1234567890))
    assert pyasm("asm", "hello.pyasm", cwd=str(tmp_path)).code == 0
    header = (tmp_path / "hello.pyc").read_bytes()[:16]
    assert header == b"\xf3\x0d\r\n" + bytes(4) + (1234567890).to_bytes(4, "little") + (62).to_bytes(4, "little")
    assert len(source.read_bytes()) == 62
    assert pyasm("asm", "hello.pyasm", cwd=str(tmp_path), SOURCE_DATE_EPOCH="0").code == 0
    header = (tmp_path / "hello.pyc").read_bytes()[:16]
    assert header[:8] == b"\xf3\x0d\r\n\3\0\0\0"
    assert header[8:] == bytes.fromhex("89af618b5a51c8d2")


def test_python_finds_the_source_of_the_file_unchanged(tmp_path):
    """The hash is the one that the interpreter computes itself."""
    import importlib.util

    from pyasm.cli.hashing import source_hash

    for size in [*range(20), 255, 256, 257, 1000]:
        data = bytes(i * 7 & 255 for i in range(size))
        assert source_hash(data, isa.running()) == importlib.util.source_hash(data)


_HASHES = [
    ("3.9", "08b583ce5cc358c2"),
    ("3.10", "711c566aa7d1a8c1"),
    ("3.11", "4b7588796e5df851"),
    ("3.15", "4a4da81742df4051"),
]


@pytest.mark.parametrize(("version", "want"), _HASHES)
def test_source_hash_of_other_versions(version, want):
    """As `importlib.util.source_hash(b"print('hello')")` gave it on that version."""
    from pyasm.cli.hashing import source_hash

    assert source_hash(b"print('hello')", isa.load(version)).hex() == want


# -- examples and explanations


@pytest.mark.parametrize("name", sorted(name for name in os.listdir(EXAMPLES) if name.startswith("hello-")))
def test_the_listing_of_an_example_is_the_example(name):
    path = os.path.join(EXAMPLES, name)
    with open(path, encoding="utf-8") as file:
        source = file.read()
    listing = text(pyasm("dis", path, "--dialect", "native").out)
    code, again = package.parse(source, path), package.parse(listing, path)
    assert [instruction[:1] for instruction in code.body] == [instruction[:1] for instruction in again.body]
    assert again.dialect == code.dialect


def test_line_hits(tmp_path):
    program = tmp_path / "p.py"
    program.write_text("def f(x):\n    if x:\n        return 1\n    return 2\n\nprint(f(0))\n")
    done = subprocess.run(
        [sys.executable, os.path.join(EXAMPLES, "line_hits.py"), str(program)],
        capture_output=True,
        env=transcripts.environment(),
    )
    assert text(done.stdout).splitlines() == [
        "2",
        ">   1  def f(x):",
        ">   2      if x:",
        "!   3          return 1",
        ">   4      return 2",
        "    5",
        ">   6  print(f(0))",
    ]


def test_line_hits_in_every_construct():
    program = os.path.join(ROOT, "tests", "cli", "programs", "constructs.py")
    command = [sys.executable, os.path.join(EXAMPLES, "line_hits.py"), program]
    done = subprocess.run(command, capture_output=True, env=transcripts.environment())
    lines = text(done.stdout).splitlines()
    assert lines[0] == "[0, 1, 2] [0, 0, 1, 2, 2, 4] ([0, 1, 2], [0, 1, 2]) ({'a': 1, 'b': 2, 'x': 21}, KeyError('k'))"
    never = [line.split(None, 2)[2] for line in lines if line.startswith("!")]
    assert [line for line in never if line != "x = 0"] == ["except (ValueError,", "TypeError):", "z = None", "z = 0"]


# -- whatever comes

KINDS = ["f.pyc", "f.pyasm", "f.py", "f", "<stdin>"]


@pytest.mark.parametrize("name", KINDS)
def test_any_bytes_are_a_program_or_an_error(name):
    """PYASM_SEED=n repeats the bytes, PYASM_FULL=1 tries more of them."""
    print(f"PYASM_SEED={support.SEED}")
    chance = random.Random(support.SEED)
    starts = [
        b"",
        b".target 3.13\nDEFINE f\n",
        b"\xf3\x0d\r\n" + bytes(12) + b"\xe3",
        b"def f(x):\n    return x",
        b"DEFINE ",
        b"define f\n",
    ]
    for _ in range(20_000 if support.FULL else 500):
        size = chance.randrange(40)
        data = chance.choice(starts) + bytes(
            chance.choice([chance.randrange(256), 10, 32, 40, 65]) for _ in range(size)
        )
        try:
            code = files.from_bytes(data, name)
        except package.AssemblyError:
            continue
        assert isinstance(code, package.Code)


@pytest.mark.parametrize("version", isa.names())
def test_every_instruction_is_explained(version, capsys):
    from pyasm.cli.console import Color, Output
    from pyasm.cli.explain import explain, explain_all

    for opcode in isa.load(version).opcodes.values():
        explain(opcode.name.lower(), None, Output(Color.never))
        shown = capsys.readouterr().out
        assert shown.startswith(opcode.name)
        assert f" {opcode.stack}  " in shown
        explain(str(opcode.number), version, Output(Color.never))
        assert capsys.readouterr().out.startswith(f"{opcode.name}  {opcode.meaning}\n")
    explain_all(version, Output(Color.never))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(isa.load(version).opcodes)


def test_all_instructions_are_listed(capsys):
    from pyasm.cli.console import Color, Output
    from pyasm.cli.explain import explain_all

    explain_all(None, Output(Color.never))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(
        {op for name in (isa.PORTABLE, *isa.names()) for op in isa.load(name).opcodes}
    )


def test_every_portable_instruction_is_explained(capsys):
    from pyasm.cli.console import Color, Output
    from pyasm.cli.explain import explain, explain_all

    opcodes = isa.load(isa.PORTABLE).opcodes
    for opcode in opcodes.values():
        explain(opcode.name.lower(), isa.PORTABLE, Output(Color.never))
        shown = capsys.readouterr().out
        assert shown.startswith(f"{opcode.name}  {opcode.meaning}\n")
        assert f"{isa.expressing(opcode.name)[0]}" in shown
        explain(opcode.name, None, Output(Color.never))
        assert f" {opcode.stack}  " in capsys.readouterr().out
    explain_all(isa.PORTABLE, Output(Color.never))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == sorted(opcodes)


def test_targets():
    lines = text(pyasm("targets").out).splitlines()
    rows = [line.split() for line in lines[1 : 1 + len(isa.names())]]
    assert [row[0] for row in rows] == list(isa.names())
    assert [row[0] for row in rows if row[1] == "running"] == [RUNNING]
    assert [int(row[1 + (row[1] == "running")]) for row in rows] == [isa.load(name).magic for name in isa.names()]
