"""Runs `.pyc` files one after the other and says what each printed and raised; for any CPython, without pyasm.

Standard input has a line `[name, path]` for each file, in JSON. The answer is a line `[name]` before a file is run and
`[name, printed, raised]` after it, so that the parent knows which file it was that ended the process.
"""

import builtins
import contextlib
import faulthandler
import gc
import io
import json
import os
import sys
from importlib.machinery import SourcelessFileLoader

SECONDS = 20


def run(path):
    """What the file prints, and the exception that ends it as text, or None."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            code = SourcelessFileLoader("spec", path).get_code("spec")
            exec(code, {"__name__": "__main__", "__doc__": None, "__builtins__": builtins})
        except BaseException as error:
            return printed.getvalue(), f"{type(error).__name__}: {error}".rstrip(": ")
        finally:
            if hasattr(builtins, "_"):  # sys.displayhook leaves it there
                del builtins._
            gc.collect()  # wrong reference counts show here
    return printed.getvalue(), None


def main():
    """Answers line by line."""
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        name, path = json.loads(line)
        print(json.dumps([name]), file=answers, flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        result = run(path)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps([name, *result]), file=answers, flush=True)


if __name__ == "__main__":
    main()
