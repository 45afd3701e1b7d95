"""The command line `pyasm`. It needs the extra `cli` (typer and rich); nothing else of the package does."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command that `sys.argv` holds, and leave the process with its exit code.

    0: fine; 1: something is wrong with the input; 2: wrong usage; 130: interrupted; 141: nobody reads the output.
    """
    try:
        import rich
        import typer
    except ImportError:
        sys.exit("pyasm: the command line needs two more packages: python -m pip install 'python-assembly[cli]'")
    del rich, typer
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # it is None where it is closed
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    from pyasm.cli.app import app

    try:
        app(prog_name="pyasm")
    except KeyboardInterrupt:
        sys.exit(130)
