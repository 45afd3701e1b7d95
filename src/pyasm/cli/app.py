"""The commands and their options. What a command does is in the module of its name."""
# No `from __future__ import annotations` here: typer reads the annotations.

from typing import Annotated, Optional

import typer

from pyasm.cli.console import Color, Output, guarded

VerifyOption = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Refuse code that could crash the interpreter.")
]

app = typer.Typer(
    name="pyasm",
    help="Python Assembly: CPython's bytecode of every version from 3.9 to 3.15, as text and back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ColorOption = Annotated[
    Color, typer.Option("--color", help="When to write in colour; auto: on a terminal, without NO_COLOR.")
]
TargetOption = Annotated[
    Optional[str], typer.Option("--target", metavar="VERSION", help="Only this version, for example 3.13, or portable.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("pyasm", version("python-assembly"))
        except PackageNotFoundError:
            print("pyasm, not installed")
        raise typer.Exit()


@app.callback()
def pyasm(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Python Assembly: CPython's bytecode of every version from 3.9 to 3.15, as text and back."""


@app.command()
@guarded
def explain(
    instruction: Annotated[
        Optional[str],
        typer.Argument(metavar="INSTRUCTION", help="A mnemonic, or the number of an opcode. Without it: all."),
    ] = None,
    target: TargetOption = None,
    color: ColorOption = Color.auto,
) -> None:
    """Say what an instruction is, in portable code and in every version that has it.

    \b
    Examples:
      pyasm explain LOAD_GLOBAL
      pyasm explain --target portable     all portable instructions
      pyasm explain 100 --target 3.9      the opcode with that number
      pyasm explain --target 3.13         all of one version
    """
    from pyasm.cli.explain import explain, explain_all

    if instruction is None:
        explain_all(target, Output(color))
    else:
        explain(instruction, target, Output(color))


@app.command()
@guarded
def targets(color: ColorOption = Color.auto) -> None:
    """List the versions of CPython whose bytecode is known.

    \b
    Example:
      pyasm targets
    """
    from pyasm.cli.targets import targets

    targets(Output(color))


@app.command()
@guarded
def dis(
    x: Annotated[
        list[str],
        typer.Argument(
            metavar="X",
            help="A .py, .pyc or .pyasm file, a folder, a module, or - for standard input. X:NAME is a part of it.",
        ),
    ],
    function: Annotated[
        Optional[str], typer.Option("--function", "-f", metavar="NAME", help="Only this function, class or method.")
    ] = None,
    nested: Annotated[bool, typer.Option("--nested/--no-nested", help="Also the code objects within.")] = True,
    exact: Annotated[
        bool, typer.Option("--exact", help="Everything that the same bytes need, positions included.")
    ] = False,
    offsets: Annotated[
        bool, typer.Option("--offsets", help="A column with the byte offset of each instruction.")
    ] = False,
    lines: Annotated[bool, typer.Option("--lines", help="A column with the source line of each instruction.")] = False,
    source: Annotated[bool, typer.Option("--source", help="The lines of the source between the instructions.")] = False,
    output: Annotated[
        Optional[str],
        typer.Option("-o", "--output", metavar="PATH", help="Write to this file; with several X to this folder."),
    ] = None,
    dialect: Annotated[
        Optional[str],
        typer.Option(
            "--dialect",
            metavar="DIALECT",
            help="portable, native (the instructions that X has), or a version, for example 3.12. "
            "Without it: portable, with --offsets native.",
        ),
    ] = None,
    color: ColorOption = Color.auto,
) -> int:
    """Show the assembly text of a program, which [bold]pyasm asm[/] reads back.

    Python source is compiled by the Python that runs this; a .pyc file may be of any version. The text is portable
    unless --dialect says otherwise.

    Columns and source lines are comments.

    \b
    Examples:
      pyasm dis examples/fib.py
      pyasm dis examples/fib.py --function fib --offsets --source
      pyasm dis json.decoder:JSONDecoder.decode --dialect native
      pyasm dis __pycache__/fib.cpython-39.pyc --exact -o fib.pyasm
      pyasm dis src -o listing
    """
    from pyasm.cli.dis import Options, disassemble
    from pyasm.cli.listing import Columns

    return disassemble(x, Options(function, nested, exact, Columns(offsets, lines, source), dialect), output, color)


@app.command()
@guarded
def asm(
    program: Annotated[str, typer.Argument(metavar="PROGRAM", help="A .pyasm file, or - for standard input.")],
    output: Annotated[
        Optional[str],
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The .pyc file, or - for standard output. Without it: PROGRAM's name, with .pyc.",
        ),
    ] = None,
    target: Annotated[
        Optional[str],
        typer.Option(
            "--target",
            metavar="VERSION",
            help="The version to write it for. Without it: its own; for portable code the one that runs this.",
        ),
    ] = None,
    verify: VerifyOption = True,
) -> int:
    """Assemble a program to a .pyc file, which the python of its version runs.

    The file holds time and size of PROGRAM; with SOURCE_DATE_EPOCH set a hash of it instead.

    \b
    Examples:
      pyasm asm hello.pyasm
      pyasm asm hello.pyasm --target 3.12
      pyasm dis fib.py --exact | pyasm asm - > fib.pyc
    """
    from pyasm.cli.asm import assemble

    return assemble(program, output, target, verify)


@app.command()
@guarded
def check(
    x: Annotated[
        list[str],
        typer.Argument(
            metavar="X",
            help="A .py, .pyc or .pyasm file, a folder, a module or package, or - for standard input. "
            "X:NAME is a part of it.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="All that was found, as JSON.")] = False,
    color: ColorOption = Color.auto,
) -> int:
    """Verify programs: what this accepts cannot crash the interpreter.

    Nothing is executed; a .pyc file may be of any version. The exit code is 1 when something is wrong.

    \b
    Examples:
      pyasm check hello.pyasm
      pyasm check src __pycache__/fib.cpython-39.pyc
      pyasm check json --json
    """
    from pyasm.cli.check import check

    return check(x, as_json, color)


@app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
@guarded
def run(
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="A .pyasm, .pyc or .py file, a module, or - for standard input.")
    ],
    arguments: Annotated[
        Optional[list[str]], typer.Argument(metavar="ARGS", help="What the program finds in sys.argv.")
    ] = None,
    module: Annotated[
        bool, typer.Option("-m", "--module", help="PROGRAM is a module, whatever files there are.")
    ] = False,
    verify: VerifyOption = True,
) -> int:
    """Run a program as Python does, as __main__. Its exit code is the command's.

    It can import .pyasm modules.

    \b
    Examples:
      pyasm run hello.pyasm
      pyasm run fib.py 30 < input.txt
      pyasm run -m package.tool --verbose
    """
    from pyasm.cli.run import run

    return run(program, arguments or [], module, verify)


@app.command()
@guarded
def smith(
    seed: Annotated[
        Optional[int], typer.Option("--seed", metavar="N", help="The same N gives the same program, everywhere.")
    ] = None,
    size: Annotated[int, typer.Option("--size", metavar="N", min=1, help="About how many constructs it has.")] = 150,
    target: Annotated[
        Optional[str],
        typer.Option("--target", metavar="VERSION", help="Lowered to this version, and of all that it can express."),
    ] = None,
    since: Annotated[
        Optional[str],
        typer.Option("--since", metavar="VERSION", help="The first version that has to run it. Without it: 3.9."),
    ] = None,
) -> int:
    """Make a random program, which is valid, ends, and prints the same on every version.

    \b
    Examples:
      pyasm smith --seed 7
      pyasm smith --seed 7 --size 20 | pyasm run -
      pyasm smith --seed 7 --target 3.14
    """
    from pyasm.cli.smith import generate

    return generate(seed, size, target, since)


@app.command()
@guarded
def shrink(
    command: Annotated[
        str,
        typer.Argument(
            metavar="CMD", help="A command that fails. It gets the path of a program, for {} or at its end."
        ),
    ],
    program: Annotated[
        str,
        typer.Argument(metavar="PROG", help="A .pyasm, .pyc or .py file that makes it fail, or - for standard input."),
    ],
    output: Annotated[
        Optional[str],
        typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output."),
    ] = None,
    limit: Annotated[
        Optional[float], typer.Option("--limit", metavar="SECONDS", help="Stop after this time, with what was found.")
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="How long CMD may take for one program.")
    ] = 10,
) -> int:
    """Find the smallest program that still makes a command fail.

    CMD is run on PROG, and then on smaller and smaller programs; those count for which it ends with the same exit code,
    or by the same signal. All of them are valid. It gets a .pyc file when PROG is one, else assembly text.

    \b
    Examples:
      pyasm shrink "pyasm run" crash.pyasm
      pyasm shrink "python3.14-dbg -X dev {}" crash.pyc -o small.pyc
      pyasm shrink "sh -c 'pyasm run {} | grep -q wrong && exit 3'" wrong.pyasm --limit 60
    """
    from pyasm.cli.shrink import reduce

    return reduce(command, program, output, limit, timeout)
