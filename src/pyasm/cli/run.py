"""`pyasm run`: execute a program as Python would, as `__main__`."""

import builtins
import os
import sys
from types import CodeType, ModuleType
from typing import Any

import pyasm
from pyasm import files, importer
from pyasm.cli import sources


def run(program: str, arguments: list[str], is_module: bool = False, verify: bool = True) -> int:
    """Execute a .pyasm, .pyc or .py file, standard input or a module; the exit code. SystemExit passes through."""
    importer.install()
    code, settings = _load_module(program) if is_module else _load(program, verify)
    module = ModuleType("__main__")
    module.__dict__.update(settings, __builtins__=builtins)
    sys.modules["__main__"] = module
    sys.argv[:] = [settings["__file__"] or program, *arguments] if settings["__spec__"] else [program, *arguments]
    try:
        exec(code, module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        return _report(error)
    return 0


def _load(program: str, verify: bool) -> tuple[CodeType, dict[str, Any]]:
    """The code object of a program, and what its module is to know of itself."""
    if program != sources.STDIN and not os.path.isfile(program) and not program.endswith(files.SUFFIXES):
        return _load_module(program)
    if program == sources.STDIN:
        data, filename = sys.stdin.buffer.read(), "<stdin>"
    else:
        filename = os.path.abspath(program)
        with open(program, "rb") as file:
            data = file.read()
    code = _executable(data, filename, verify)
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = "" if program == sources.STDIN else os.path.dirname(os.path.realpath(filename))
    settings = {"__file__": filename, "__spec__": None, "__loader__": None, "__package__": None, "__cached__": None}
    return code, settings


def _executable(data: bytes, filename: str, verify: bool) -> CodeType:
    if files.kind_of(data, filename) == ".py":
        return files.compiled(data, filename)
    return pyasm.assemble(files.from_bytes(data, filename), verify=verify)


def _load_module(name: str) -> tuple[CodeType, dict[str, Any]]:
    spec = sources.find_module(name)
    if spec.submodule_search_locations is not None:
        spec = sources.find_module(name + ".__main__")
    settings = {
        "__file__": spec.origin,
        "__spec__": spec,
        "__loader__": spec.loader,
        "__package__": spec.parent,
        "__cached__": spec.cached,
    }
    return sources.module_code(spec), settings


def _report(error: BaseException) -> int:
    """Show an exception that the program did not handle, without our own frames; the exit code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    sys.excepthook(type(error), error, trace)
    return 130 if isinstance(error, KeyboardInterrupt) else 1
