"""Code as a flat list of `(instruction, argument)` tuples, and macros: functions from such a list to another one.

The instructions are the portable ones, and so a macro runs on every version. The parts are imported when they are first
needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyasm.code import Code
from pyasm.tuples.form import Const
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

__all__ = [
    "Const",
    "byte_compile",
    "byte_compile_obj",
    "execute_tups",
    "from_tuples",
    "macro",
    "to_tuples",
    "unused_var",
]


def macro(
    function: Callable[[list[Any]], Iterable[Any]],
    *,
    dialect: str = "portable",
    verify: bool = True,
    pad_underflow: bool = False,
) -> Callable[[T], T]:
    """A decorator that gives `function` the list of the decorated function, and makes a function of what it returns.

    What is decorated is a function, a method, a staticmethod, classmethod or property, or a class: then all functions
    in it. The new function is like the old one in everything but its code; so far as parameters change, their default
    values go with their names.

    `dialect="native"`: the list has the running interpreter's own instructions.
    `pad_underflow`: an instruction that pops more than there is on the stack reads None from below the bottom, instead
    of being an error.
    `verify=False` leaves out that check and all others that keep code from crashing the interpreter.

    TypeError for what has no bytecode; TupleError with everything that is wrong with the list, VerificationError with
    everything by which its code could crash the interpreter.
    """
    from pyasm.tuples.assemble import check_dialect
    from pyasm.tuples.decorate import Macro

    check_dialect(dialect)
    if not callable(function):
        raise TypeError(f"a macro is a function from a list to a list, not {type(function).__qualname__}")
    return Macro(function, dialect, verify, pad_underflow).apply


def to_tuples(target: Any, dialect: str = "portable") -> list[Any]:
    """The list of a function, a method, a code object or a `Code`, as a macro gets it."""
    from pyasm.tuples.assemble import source_of
    from pyasm.tuples.writer import tuples

    return list(tuples(source_of(target, dialect)))


def from_tuples(tups: Iterable[Any], dialect: str = "portable") -> Code:
    """The `Code` of a list. TupleError with everything that is wrong, each with the index of the tuple."""
    from pyasm import isa
    from pyasm.tuples.assemble import check_dialect
    from pyasm.tuples.reader import read

    check_dialect(dialect)
    return read(tups, isa.load(dialect) if dialect == isa.PORTABLE else isa.running()).code.replace()


def byte_compile(source: str) -> list[Any]:
    """The tuples of some statements, to stand in the list of a function: no DEFINE, no END, no return.

    The value of an expression statement is for PRINT_EXPR, which shows it as the interactive interpreter does; without
    this last tuple it stays on the stack. A LOAD_OBJECT brings its code object along. The labels are of no other list,
    so the result stands only once in each. SyntaxError as Python has it.

    The source may be cut out of the argument of a LOAD_CONST, with the backslashes that double quotes have there.
    """
    from pyasm.tuples.snippets import statements_of

    return list(statements_of(source))


def byte_compile_obj(source: str) -> list[Any]:
    """The list of a module with that source, from DEFINE to END, and of all code objects in it."""
    from pyasm.tuples.snippets import module_of

    return list(module_of(source))


def execute_tups(tups: Iterable[Any], namespace: dict[str, Any] | None = None) -> Any:
    """Assemble a list and run it, with the globals of the caller if no others are given.

    It may be that of a module, of a function without parameters, whose value is then returned, or statements without
    DEFINE and END.
    """
    from pyasm.tuples.snippets import execute

    return execute(tups, namespace)


def unused_var(*lists: Iterable[Any]) -> str:
    """A name for a variable that occurs in none of the lists."""
    from pyasm.tuples.snippets import unused

    return unused(lists)
