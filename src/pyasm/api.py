"""The entry points: from whatever holds bytecode to `Code`, and from whatever says a program to what runs.

What they need is imported when they are first called: most programs use one or two of them.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType

from pyasm import isa
from pyasm.code import Code
from pyasm.errors import AssemblyError, Finding
from pyasm.native.collector import uncollected
from pyasm.native.decode import decode
from pyasm.native.encode import encode
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.verifier import Proof

NATIVE = "native"
"""As a dialect: the native one that a code is in; for portable code that of the running interpreter."""


def lift(code: Code) -> Code:
    """The portable form of a native `Code` and of all that it contains; portable code is given back as it is.

    TargetError, with the instruction and the construct, for what no compiler makes and portable code cannot say.
    """
    from pyasm.translate import lift

    return lift(code)


def lower(code: Code, dialect: str | None = None) -> Code:
    """The same program in a native dialect, by default that of the running interpreter.

    Code of another native dialect is lifted first. TargetError, with every instruction, construct and the target, for
    what the target cannot express.
    """
    from pyasm.translate import lower

    return lower(code, dialect)


def verify(code: Code) -> Proof:
    """What is proved of a `Code` of any dialect: that it cannot crash the interpreter, the stack that it needs, and the
    contracts that its callers must keep.

    VerificationError, with every finding, when it could crash it.
    """
    from pyasm.verifier import verify

    return verify(code)


def in_dialect(code: Code, dialect: str) -> Code:
    """The same program in a dialect: `"portable"`, the name of a native one, or `"native"`. TargetError as above."""
    if dialect == isa.PORTABLE:
        return lift(code)
    if dialect != NATIVE:
        return lower(code, dialect)
    return lower(code) if code.dialect == isa.PORTABLE else code


def disassemble(x: Any, dialect: str = isa.PORTABLE) -> Code:
    """The `Code` of a function, method, code object or `Code`, or of a `.py`, `.pyc` or `.pyasm` file by its path.

    `dialect` is `"portable"`, the name of a native one, or `"native"`: as it is. Nothing is executed; Python source is
    compiled. TypeError for anything else; AssemblyError for what is wrong with it, OSError for what cannot be read.
    """
    return in_dialect(_code_of(x), dialect)


def _code_of(x: Any) -> Code:
    if isinstance(x, Code):
        return x
    if isinstance(x, CodeType):
        return decode(x)
    if isinstance(x, str) or hasattr(x, "__fspath__"):
        from pyasm import files

        return files.read(x)
    function = getattr(x, "__func__", x)
    raw = getattr(function, "__code__", None)
    if not isinstance(raw, CodeType):
        raise TypeError(f"a function, a code object, a Code or the path of a file is needed, not {type(x).__name__}")
    code = decode(raw)
    code.qualname = getattr(function, "__qualname__", code.qualname)
    return code


def assemble(x: Any, /, *, verify: bool = True, **bindings: Any) -> CodeType:
    """The code object of the running interpreter for a `Code` of any dialect, assembly text, or a list of tuples.

    It is verified first, so that it cannot crash the interpreter; `verify=False` leaves that out.

    `bindings` are the objects for the `&name` of a text, the globals of the caller those for its `@!name`. TypeError
    for a binding that it does not have, and for anything else; AssemblyError for what is wrong with it.
    """
    return _assembled(x, bindings, sys._getframe(1).f_globals, verify)


@uncollected
def _assembled(x: Any, bindings: dict[str, Any], names: dict[str, Any], verified: bool) -> CodeType:
    return encode(*_native(_program(x, bindings, names), verified))


def function(x: Any, /, globals: dict[str, Any] | None = None, *, verify: bool = True, **bindings: Any) -> FunctionType:
    """A function of what `assemble` takes; of a text that is one DEF, the function of that. `globals` are by default
    those of the caller.

    AssemblyError, beside those of `assemble`, for code that needs variables of a function around it.
    """
    names = sys._getframe(1).f_globals if globals is None else globals
    code = _program(x, bindings, names)
    native, proof = _native(code, verify)
    if code.frees:
        message = f"it uses variables of a function around it: {', '.join(code.frees)}"
        raise AssemblyError(Finding(message, code.qualname, "assemble that function, and call it"))
    defined = _only_function(code)
    if defined is not None:
        found: dict[str, Any] = {}
        exec(encode(native, proof), names, found)  # which evaluates its defaults, and no more
        function: FunctionType = found[defined]
        return function
    made = FunctionType(encode(native, proof), names)
    made.__qualname__ = code.qualname
    return made


def _native(code: Code, verified: bool) -> tuple[Code, Proof | None]:
    """A code in the dialect of the running interpreter, and what was proved of it."""
    if not verified:
        return lower(code), None
    from pyasm.checked import lowered

    return lowered(code)


def _program(x: Any, bindings: dict[str, Any], globals: dict[str, Any]) -> Code:
    """What is to be assembled."""
    if isinstance(x, str):
        from pyasm.text.parser import parse

        x, bindings = parse(x, bindings=bindings, globals=globals), {}
    elif hasattr(x, "__iter__") and not isinstance(x, (bytes, bytearray)):
        from pyasm.tuples import from_tuples

        x = from_tuples(x)
    if not isinstance(x, Code):
        raise TypeError(f"a Code, assembly text or a list of tuples is needed, not {type(x).__name__}")
    if bindings:
        raise TypeError(f"there is no &{next(iter(bindings))} in {x.qualname}")
    return x


def _only_function(code: Code) -> str | None:
    """The name of the function that a module defines, if that is all that it does."""
    words = [each.op for each in code.body]
    if code.name != _MODULE or code.dialect != isa.PORTABLE or words[-4:] != _DEFINES or len(words) < len(_DEFINES) + 2:
        return None
    definition, name = code.body[-6].arg, code.body[-3].arg
    once = words.count("MAKE_FUNCTION") == 1 and not set(words[:-4]) & _ACTS
    return name if once and isinstance(definition, Code) and definition.name == name else None


_MODULE = "<module>"
_DEFINES = ["MAKE_FUNCTION", "STORE_NAME", "LOAD_CONST", "RETURN_VALUE"]
_ACTS = {"POP_TOP", "STORE_NAME", "STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "IMPORT_NAME"}
"""Instructions that do more than evaluating the defaults of parameters."""
