"""What programs use and do not make up: managers, an awaitable, and what runs generators and coroutines."""

from __future__ import annotations

from pyasm.code import Instruction

NEEDS = {"Manager": (), "AsyncManager": ("Pause",), "Pause": (), "run": (), "drive": ()}
"""Name -> what it needs itself."""


def definition(name: str) -> list[Instruction]:
    """The instructions that define it in a module."""
    from pyasm.text import parse

    return parse(TEXTS[name]).body[:-2]


_INIT = """
    ADD_ARG self
    ADD_ARG n
    LOAD_FAST n
    LOAD_FAST self
    STORE_ATTR n
    LOAD_CONST None
    RETURN_VALUE
"""

_ENTER = """
    ADD_ARG self
    FLAGS
    LOAD_FAST self
    LOAD_ATTR n
    RETURN_VALUE
"""

_EXIT = """
    ADD_ARG self
    ADD_ARG type
    ADD_ARG value
    ADD_ARG traceback
    FLAGS
    LOAD_GLOBAL print
    LOAD_CONST "exit"
    LOAD_FAST self
    LOAD_ATTR n
    LOAD_GLOBAL getattr
    LOAD_FAST type
    LOAD_CONST "__name__"
    LOAD_CONST None
    CALL_FUNCTION 3
    CALL_FUNCTION 3
    POP_TOP
    LOAD_FAST type
    LOAD_CONST None
    IS_OP 1
    JUMP_IF_FALSE_OR_POP end
    LOAD_GLOBAL issubclass
    LOAD_FAST type
    LOAD_GLOBAL Exception
    CALL_FUNCTION 2
    JUMP_IF_FALSE_OR_POP end
    LOAD_FAST self
    LOAD_ATTR n
    LOAD_CONST 1
    BINARY_AND
LABEL end
    RETURN_VALUE
"""

_AWAIT = """
    .flags 0x23
    ADD_ARG self
    LOAD_FAST self
    LOAD_ATTR n
    YIELD_VALUE
    POP_TOP
    LOAD_FAST self
    LOAD_ATTR n
    RETURN_VALUE
"""

_RUN = """
    ADD_ARG coroutine
    SETUP_FINALLY handler
LABEL next
    LOAD_FAST coroutine
    LOAD_METHOD send
    LOAD_CONST None
    CALL_METHOD 1
    POP_TOP
    JUMP_ABSOLUTE next
LABEL handler
    DUP_TOP
    LOAD_GLOBAL StopIteration
    JUMP_IF_NOT_EXC_MATCH other
    POP_TOP
    STORE_FAST stop
    POP_TOP
    POP_EXCEPT
    LOAD_FAST stop
    LOAD_ATTR value
    RETURN_VALUE
LABEL other
    RERAISE
"""

_DRIVE = """
    ADD_ARG generator
    ADD_ARG way
    ADD_ARG after
    BUILD_LIST 0
    STORE_FAST got
    SETUP_FINALLY handler
LABEL next
    LOAD_FAST got
    LOAD_METHOD append
    LOAD_GLOBAL next
    LOAD_FAST generator
    CALL_FUNCTION 1
    CALL_METHOD 1
    POP_TOP
    LOAD_FAST after
    LOAD_CONST 1
    INPLACE_SUBTRACT
    STORE_FAST after
    LOAD_FAST after
    LOAD_CONST 0
    COMPARE_OP >
    POP_JUMP_IF_TRUE next
    LOAD_FAST way
    LOAD_CONST "close"
    COMPARE_OP ==
    POP_JUMP_IF_TRUE close
    LOAD_FAST got
    LOAD_METHOD append
    LOAD_GLOBAL getattr
    LOAD_FAST generator
    LOAD_FAST way
    CALL_FUNCTION 2
    LOAD_GLOBAL KeyError
    LOAD_CONST 5
    CALL_FUNCTION 1
    CALL_FUNCTION 1
    CALL_METHOD 1
    POP_TOP
LABEL close
    POP_BLOCK
    LOAD_FAST generator
    LOAD_METHOD close
    CALL_METHOD 0
    POP_TOP
    LOAD_FAST got
    RETURN_VALUE
LABEL handler
    LOAD_ATTR __name__
    STORE_FAST name
    POP_TOP
    POP_TOP
    POP_EXCEPT
    LOAD_FAST got
    LOAD_FAST name
    BUILD_TUPLE 2
    RETURN_VALUE
"""

_PAUSING = """.flags 0x83
    LOAD_GLOBAL Pause
    LOAD_CONST 1
    CALL_FUNCTION 1
    GET_AWAITABLE
    LOAD_CONST None
    YIELD_FROM
    POP_TOP
"""


def _module(name: str, made: str) -> str:
    """The text of a module that makes one thing and stores it."""
    return f"""
DEFINE module
    .flags 0x0
    .filename "<smith>"{made}
    STORE_NAME {name}
    LOAD_CONST None
    RETURN_VALUE
END
"""


def _made(name: str, qualname: str) -> str:
    """The instructions that make a function of a code."""
    return f"""
    LOAD_CONST code({name})
    LOAD_CONST "{qualname}"
    MAKE_FUNCTION 0"""


def _function(name: str, body: str) -> str:
    return f"{_module(name, _made(name, name))}\nDEFINE {name}{body}END\n"


def _class(name: str, methods: dict[str, str]) -> str:
    """The text of a module with a class of these methods: name -> what stands in its definition."""
    making = f'\n    LOAD_BUILD_CLASS{_made(name, name)}\n    LOAD_CONST "{name}"\n    CALL_FUNCTION 2'
    stores = "".join(f"{_made(each, f'{name}.{each}')}\n    STORE_NAME {each}" for each in methods)
    codes = "".join(f"\nDEFINE {each}\n    .qualname {name}.{each}{body}END\n" for each, body in methods.items())
    return f"""{_module(name, making)}
DEFINE {name}
    .flags 0x0
    LOAD_NAME __name__
    STORE_NAME __module__
    LOAD_CONST "{name}"
    STORE_NAME __qualname__{stores}
    LOAD_CONST None
    RETURN_VALUE
END
{codes}"""


def _manager(name: str, enter: str, leave: str, flags: str) -> str:
    bodies = {enter: _ENTER.replace("FLAGS", flags), leave: _EXIT.replace("FLAGS", flags)}
    return _class(name, {"__init__": _INIT, **bodies})


TEXTS = {
    "Manager": _manager("Manager", "__enter__", "__exit__", ""),
    "AsyncManager": _manager("AsyncManager", "__aenter__", "__aexit__", _PAUSING),
    "Pause": _class("Pause", {"__init__": _INIT, "__await__": _AWAIT}),
    "run": _function("run", _RUN),
    "drive": _function("drive", _DRIVE),
}
