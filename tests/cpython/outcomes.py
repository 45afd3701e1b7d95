"""Run one module of CPython's own tests and print how each test ended, as JSON.

    python outcomes.py test_json [--hook | --translate | --rebuild]

With --hook, every module that is imported is decoded and encoded again before it runs, with --translate lifted and
lowered as well. With --rebuild, its code objects are made anew by `code.replace()`: what ends otherwise then depends on
the identity of constants and bytes.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import Any, Callable, ClassVar


class Hook:
    """Pass the code of every source module through a function."""

    modules = 0
    busy = False
    refused: ClassVar[list[str]] = []

    @classmethod
    def install(cls, change: Callable[[types.CodeType], types.CodeType]) -> None:
        """Let all source modules that are imported from now on be changed."""
        loader = importlib.machinery.SourceFileLoader
        original = loader.get_code

        def get_code(self: Any, fullname: str) -> types.CodeType | None:
            code = original(self, fullname)
            if isinstance(code, types.CodeType) and not cls.busy:  # the change may import what it needs itself
                cls.modules += 1
                cls.busy = True
                try:
                    return change(code)
                finally:
                    cls.busy = False
            return code

        loader.get_code = get_code  # type: ignore[method-assign]


def rebuilt(code: types.CodeType) -> types.CodeType:
    """A copy that the interpreter itself makes, of a code object and all that are in it."""
    consts = tuple([rebuilt(const) if isinstance(const, types.CodeType) else const for const in code.co_consts])
    return code.replace(co_consts=consts, co_code=bytes(bytearray(code.co_code)))


if "--hook" in sys.argv:
    import pyasm

    Hook.install(lambda code: pyasm.encode(pyasm.decode(code)))
elif "--translate" in sys.argv:
    import pyasm
    from pyasm.translate import lift, lower

    def translated(code: types.CodeType) -> types.CodeType:
        """What lift and lower make of it; the code itself, and its name among the refused, where they do not."""
        try:
            return pyasm.encode(lower(lift(pyasm.decode(code))))
        except pyasm.TargetError:
            Hook.refused.append(code.co_filename.rpartition("/")[2])
            return code

    Hook.install(translated)
elif "--rebuild" in sys.argv:
    Hook.install(rebuilt)

import importlib  # noqa: E402  # these are to come through the hook as well
import io  # noqa: E402
import json  # noqa: E402
import unittest  # noqa: E402
import warnings  # noqa: E402


class Outcomes(unittest.TestResult):
    """Test id -> passed, failed, error, skipped, and of sub-tests the worst."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.found.setdefault(test.id(), "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.found[test.id()] = "failed"

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self.found[test.id()] = "error"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self.found[test.id()] = "skipped"

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        self.found[test.id()] = "failed as expected"

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self.found[test.id()] = "passed unexpectedly"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        if err is not None:
            self.found[test.id()] = "failed"


def main(name: str) -> None:
    """Print the outcomes of one test module."""
    warnings.simplefilter("ignore")
    out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
    result = Outcomes()
    try:
        module = importlib.import_module(f"test.{name}")
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
        found = result.found
    except unittest.SkipTest as skip:
        found = {"the module": f"skipped: {skip}"}
    except ImportError as error:
        found = {"the module": f"cannot be imported: {error}"}
    print(json.dumps({"outcomes": found, "modules": Hook.modules, "refused": Hook.refused}), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
