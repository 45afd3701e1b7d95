"""Regions, exits of with and handlers: there and back, and that they do what 3.9's would."""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable

import pytest
import translatekit
from support import FULL, differences
from translatekit import RUNNING, codes, compare, lifted_to, lowered_from, run

import pyasm
from pyasm import isa, translate
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.native.encode import encode_raw
from pyasm.translate import blocks

table = pytest.mark.skipif(RUNNING.blocks != "table", reason="this version has a block stack")
LATE = 0.008 if RUNNING.uncovered == "slots" else 0.001
"""The share of code objects whose table says what nothing else tells: of what memory an instruction was made."""


def test_regions_come_back() -> None:
    seen = 0
    wrong = []
    for module in translatekit.library(60):
        if seen > 500 and not FULL:
            break
        for code in codes(pyasm.decode(module)):
            seen += 1
            lifted = lifted_to(code, 1)
            assert not lifted.handlers
            found = compare(code, lowered_from(lifted, 1))
            if found is not None:
                wrong.append((module.co_filename, found))
    assert seen > 100
    left = translatekit.but_for_one_file(wrong)
    assert len(left) <= max(3, LATE * seen), "\n".join(left)


def native(*body: tuple[object, ...]) -> Code:
    return Code("f", [Instruction(*each) for each in body], dialect=RUNNING.name)  # type: ignore[arg-type]


def test_a_region_on_two_ways_is_refused() -> None:
    code = native(
        ("LOAD_CONST", 1),
        ("POP_JUMP_IF_TRUE" if "POP_JUMP_IF_TRUE" in RUNNING.opcodes else "POP_JUMP_FORWARD_IF_TRUE", "inside"),
        ("SETUP_FINALLY", "handler"),
        ("LABEL", "inside"),
        ("LOAD_CONST", None),
        ("RETURN_VALUE",),
        ("LABEL", "handler"),
        ("RERAISE", 0),
    )
    if RUNNING.blocks == "table":
        with pytest.raises(TargetError, match="different blocks"):
            run(blocks.lower, code)


@table
def test_leaving_no_region_is_refused() -> None:
    with pytest.raises(TargetError, match="POP_BLOCK outside"):
        run(blocks.lower, native(("POP_BLOCK",), ("LOAD_CONST", None), ("RETURN_VALUE",)))


def test_all_comes_back() -> None:
    """Code with blocks, through all passes."""
    seen = 0
    wrong = []
    for module in translatekit.library(12):
        for code in codes(pyasm.decode(module)):
            if code.handlers or any(each.op in translatekit.SETUPS for each in code.body):
                seen += 1
                count = len(translate.PASSES)
                try:
                    found = compare(code, lowered_from(lifted_to(code, count), count))
                except TargetError as error:
                    found = str(error)
                if found is not None:
                    wrong.append((module.co_filename, found))
    assert seen > 2
    left = translatekit.but_for_one_file(wrong)
    assert len(left) <= max(3, 0.02 * seen), "\n".join(left)


def portable(text: str, *args: str) -> Callable[..., object]:
    """A function of portable instructions, one a line, its globals being the builtins."""
    body = []
    for line in text.strip().splitlines():
        op, _, arg = line.strip().partition(" ")
        body.append(Instruction("LABEL", op[:-1]) if op.endswith(":") else Instruction(op, eval(arg) if arg else None))
    code = pyasm.encode(pyasm.lower(Code("f", body, dialect="portable", args=args)))
    return types.FunctionType(code, {"__builtins__": builtins, "log": []})


def test_try_except_finally() -> None:
    function = portable(
        """
        SETUP_FINALLY 'finally'
        SETUP_FINALLY 'except'
        LOAD_CONST 1
        LOAD_FAST 'd'
        BINARY_TRUE_DIVIDE
        POP_BLOCK
        POP_BLOCK
        RETURN_VALUE
        except:
        DUP_TOP
        LOAD_GLOBAL 'ZeroDivisionError'
        JUMP_IF_NOT_EXC_MATCH 'other'
        POP_TOP
        STORE_FAST 'e'
        POP_TOP
        SETUP_FINALLY 'unbind'
        LOAD_GLOBAL 'str'
        LOAD_FAST 'e'
        CALL_FUNCTION 1
        POP_BLOCK
        ROT_FOUR
        POP_EXCEPT
        LOAD_CONST None
        STORE_FAST 'e'
        DELETE_FAST 'e'
        POP_BLOCK
        RETURN_VALUE
        unbind:
        LOAD_CONST None
        STORE_FAST 'e'
        DELETE_FAST 'e'
        RERAISE
        other:
        RERAISE
        finally:
        LOAD_CONST 'in finally'
        ROT_FOUR
        POP_TOP
        POP_TOP
        POP_TOP
        ROT_FOUR
        POP_EXCEPT
        RETURN_VALUE
        """,
        "d",
    )
    assert [function(2), function(0), function("x")] == [0.5, "division by zero", "in finally"]
    assert sys.exc_info() == (None, None, None)


def test_type_and_traceback_as_values() -> None:
    function = portable(
        """
        SETUP_FINALLY 'except'
        LOAD_FAST 'x'
        RAISE_VARARGS 1
        except:
        DUP_TOP
        LOAD_GLOBAL 'LookupError'
        JUMP_IF_NOT_EXC_MATCH 'other'
        BUILD_TUPLE 3
        ROT_FOUR
        POP_EXCEPT
        RETURN_VALUE
        other:
        RERAISE
        """,
        "x",
    )
    error = KeyError(1)
    traceback, value, kind = function(error)  # type: ignore[misc]
    assert (traceback, value, kind) == (error.__traceback__, error, KeyError)
    with pytest.raises(ValueError, match="other"):
        function(ValueError("other"))


def test_raise_again_keeps_the_context() -> None:
    function = portable(
        """
        SETUP_FINALLY 'outer'
        LOAD_GLOBAL 'KeyError'
        RAISE_VARARGS 1
        outer:
        POP_TOP
        POP_TOP
        POP_TOP
        SETUP_FINALLY 'inner'
        LOAD_GLOBAL 'IndexError'
        RAISE_VARARGS 1
        inner:
        LOAD_GLOBAL 'log'
        LOAD_METHOD 'append'
        LOAD_CONST 'inner'
        CALL_METHOD 1
        POP_TOP
        RERAISE
        """
    )
    with pytest.raises(IndexError) as caught:
        function()
    assert isinstance(caught.value.__context__, KeyError)
    assert function.__globals__["log"] == ["inner"]  # type: ignore[attr-defined]


WITH = """
    LOAD_FAST 'manager'
    SETUP_WITH 'handler'
    POP_TOP
    LOAD_FAST 'action'
    CALL_FUNCTION 0
    POP_BLOCK
    ROT_TWO
    LOAD_CONST None
    DUP_TOP
    DUP_TOP
    CALL_FUNCTION 3
    POP_TOP
    RETURN_VALUE
    handler:
    WITH_EXCEPT_START
    POP_JUMP_IF_TRUE 'swallowed'
    RERAISE
    swallowed:
    POP_TOP
    POP_TOP
    POP_TOP
    POP_EXCEPT
    POP_TOP
    LOAD_CONST 'swallowed'
    RETURN_VALUE
"""


class Manager:
    def __init__(self, swallow: bool = False) -> None:
        self.swallow = swallow
        self.calls: list[object] = []

    def __enter__(self) -> Manager:
        self.calls.append("enter")
        return self

    def __exit__(self, kind: object, value: object, traceback: object) -> bool:
        self.calls.append((kind, str(value)))
        return self.swallow


def test_with() -> None:
    function = portable(WITH, "manager", "action")
    manager = Manager()
    assert function(manager, lambda: 7) == 7
    assert manager.calls == ["enter", (None, "None")]
    manager = Manager(swallow=True)
    assert function(manager, lambda: 1 / 0) == "swallowed"
    assert manager.calls == ["enter", (ZeroDivisionError, "division by zero")]
    with pytest.raises(ZeroDivisionError):
        function(Manager(), lambda: 1 / 0)


def test_an_exit_that_moves_and_is_called_by_hand() -> None:
    function = portable(
        """
        LOAD_FAST 'manager'
        SETUP_WITH 'handler'
        POP_BLOCK
        LOAD_CONST 1
        ROT_THREE
        POP_TOP
        LOAD_CONST 'a'
        LOAD_CONST 'b'
        LOAD_CONST 'c'
        CALL_FUNCTION 3
        BUILD_TUPLE 2
        RETURN_VALUE
        handler:
        RERAISE
        """,
        "manager",
    )
    manager = Manager(swallow=True)
    assert function(manager) == (1, True)
    assert manager.calls == ["enter", ("a", "b")]


def test_blocks_that_do_not_fit_are_refused() -> None:
    for text, message in [
        ("POP_EXCEPT\nLOAD_CONST None\nRETURN_VALUE", "POP_EXCEPT"),
        (
            "SETUP_FINALLY 'h'\nLOAD_CONST None\nRETURN_VALUE\nh:\n"
            "POP_TOP\nPOP_TOP\nPOP_TOP\nPOP_TOP\nLOAD_CONST 1\nRETURN_VALUE",
            "POP_TOP",
        ),
    ]:
        if RUNNING.blocks == "table":
            with pytest.raises(TargetError, match=message):
                portable(text)


def test_one_value_handlers() -> None:
    function = portable(
        """
        SETUP_CLEANUP 'handler'
        LOAD_FAST 'x'
        RAISE_VARARGS 1
        handler:
        ROT_TWO
        POP_TOP
        LOAD_GLOBAL 'log'
        LOAD_METHOD 'append'
        LOAD_CONST 'seen'
        CALL_METHOD 1
        POP_TOP
        RERAISE_VALUE
        """,
        "x",
    )
    with pytest.raises(KeyError):
        function(KeyError(2))
    assert function.__globals__["log"] == ["seen"]  # type: ignore[attr-defined]


UNRAISED = {
    "alone": """
def f():
    try: pass
    except ValueError as error: log(error)
    return 1
""",
    "nested": """
def f():
    try:
        try: pass
        except ValueError as error: log(error)
    except: pass
    finally: pass
    return 1
""",
    "in a with": """
def f():
    with a:
        with b:
            try: pass
            except BaseException:
                done = True
                raise
        c()
""",
    "in a loop": """
def f():
    for x in y:
        try: 2
        except: 4
        else: 6
        try: pass
        except ValueError as e: continue
""",
    "in a handler": """
def f():
    try: a()
    except:
        try: pass
        except: b()
        c()
""",
    "behind others": """
def f():
    try: a()
    except ZeroDivisionError: pass
    else: pass
    try: 1/0
    except EOFError: pass
    except: pass
    else: pass
    try: pass
    finally: pass
""",
}


@table
@pytest.mark.parametrize("source", UNRAISED.values(), ids=UNRAISED)
def test_handlers_of_what_cannot_raise_stay(source: str) -> None:
    before = compile(source, "unraised.py", "exec")
    after = pyasm.encode(translate.lower(translate.lift(pyasm.decode(before))))
    assert differences(before, after) == []
    for target in isa.names():
        encode_raw(translate.lower(translate.lift(pyasm.decode(before)), target))


TWO = """
def two(call):
    try:
        call()
    except KeyError:
        return "no key"
    try:
        call(1)
    except IndexError:
        return "no index"
"""


def shared(at: str, skip: int) -> Code:
    """TWO, with one piece of code for both handlers: from that instruction on, some of them later."""
    function = pyasm.decode(compile(TWO, "two", "exec")).body
    [code] = [each.arg for each in function if isinstance(each.arg, Code)]
    first, second = [i for i, each in enumerate(code.body) if each.op == at and each.arg != 1]
    body = list(code.body)
    body.insert(second + skip, Instruction("LABEL", "shared"))
    body[first + skip] = Instruction("JUMP_FORWARD", "shared", body[first].position)
    return code.replace(body=body, layout=None)


@table
def test_one_reraise_of_two_handlers() -> None:
    code = shared("RERAISE", 0)
    lifted = pyasm.lift(code)
    assert [each.op for each in lifted.body].count("RERAISE") == 2
    for name in isa.names():
        encode_raw(pyasm.lower(lifted, name))
    for each in (code, pyasm.lower(lifted)):
        function = types.FunctionType(pyasm.encode(each), {"__builtins__": builtins})
        for error in (KeyError(1), IndexError(2), ValueError(3)):

            def call(*args: int, error: Exception = error) -> None:
                if bool(args) == isinstance(error, IndexError):
                    raise error

            if isinstance(error, ValueError):
                with pytest.raises(ValueError, match="3"):
                    function(call)
            else:
                assert function(call) == ("no key" if isinstance(error, KeyError) else "no index")


@table
def test_other_code_of_two_handlers_is_refused() -> None:
    with pytest.raises(TargetError, match="two handlers share this code"):
        pyasm.lift(shared("CHECK_EXC_MATCH", 2))
