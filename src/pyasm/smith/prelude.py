"""What programs use and do not make up: managers, an awaitable, and what runs generators and coroutines."""

from __future__ import annotations

from pyasm.code import Instruction

NEEDS = {"Manager": (), "AsyncManager": ("Pause",), "Pause": (), "run": (), "drive": ()}
"""Name -> what it needs itself."""


def definition(name: str) -> list[Instruction]:
    """The instructions that define it in a module."""
    from pyasm.text import parse

    return parse(TEXTS[name]).body[:-2]


_MANAGER = """
DEFINE module
    .flags 0x0
    .filename "<smith>"
    LOAD_BUILD_CLASS
    LOAD_CONST code(MANAGER)
    LOAD_CONST "MANAGER"
    MAKE_FUNCTION 0
    LOAD_CONST "MANAGER"
    CALL_FUNCTION 2
    STORE_NAME MANAGER
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE MANAGER
    .flags 0x0
    LOAD_NAME __name__
    STORE_NAME __module__
    LOAD_CONST "MANAGER"
    STORE_NAME __qualname__
    LOAD_CONST code(__init__)
    LOAD_CONST "MANAGER.__init__"
    MAKE_FUNCTION 0
    STORE_NAME __init__
    LOAD_CONST code(ENTER)
    LOAD_CONST "MANAGER.ENTER"
    MAKE_FUNCTION 0
    STORE_NAME ENTER
    LOAD_CONST code(EXIT)
    LOAD_CONST "MANAGER.EXIT"
    MAKE_FUNCTION 0
    STORE_NAME EXIT
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE __init__
    .qualname MANAGER.__init__
    ADD_ARG self
    ADD_ARG n
    LOAD_FAST n
    LOAD_FAST self
    STORE_ATTR n
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE ENTER
    .qualname MANAGER.ENTER
    ADD_ARG self
    FLAGS
    LOAD_FAST self
    LOAD_ATTR n
    RETURN_VALUE
END

DEFINE EXIT
    .qualname MANAGER.EXIT
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
END
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


def _manager(name: str, enter: str, exit: str, flags: str) -> str:
    text = _MANAGER.replace("MANAGER", name).replace("FLAGS", flags)
    return text.replace("ENTER", enter).replace("EXIT", exit)


TEXTS = {
    "Manager": _manager("Manager", "__enter__", "__exit__", ""),
    "AsyncManager": _manager("AsyncManager", "__aenter__", "__aexit__", _PAUSING),
    "Pause": """
DEFINE module
    .flags 0x0
    .filename "<smith>"
    LOAD_BUILD_CLASS
    LOAD_CONST code(Pause)
    LOAD_CONST "Pause"
    MAKE_FUNCTION 0
    LOAD_CONST "Pause"
    CALL_FUNCTION 2
    STORE_NAME Pause
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE Pause
    .flags 0x0
    LOAD_NAME __name__
    STORE_NAME __module__
    LOAD_CONST "Pause"
    STORE_NAME __qualname__
    LOAD_CONST code(__init__)
    LOAD_CONST "Pause.__init__"
    MAKE_FUNCTION 0
    STORE_NAME __init__
    LOAD_CONST code(__await__)
    LOAD_CONST "Pause.__await__"
    MAKE_FUNCTION 0
    STORE_NAME __await__
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE __init__
    .qualname Pause.__init__
    ADD_ARG self
    ADD_ARG n
    LOAD_FAST n
    LOAD_FAST self
    STORE_ATTR n
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE __await__
    .qualname Pause.__await__
    .flags 0x23
    ADD_ARG self
    LOAD_FAST self
    LOAD_ATTR n
    YIELD_VALUE
    POP_TOP
    LOAD_FAST self
    LOAD_ATTR n
    RETURN_VALUE
END
""",
    "run": """
DEFINE module
    .flags 0x0
    .filename "<smith>"
    LOAD_CONST code(run)
    LOAD_CONST "run"
    MAKE_FUNCTION 0
    STORE_NAME run
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE run
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
END
""",
    "drive": """
DEFINE module
    .flags 0x0
    .filename "<smith>"
    LOAD_CONST code(drive)
    LOAD_CONST "drive"
    MAKE_FUNCTION 0
    STORE_NAME drive
    LOAD_CONST None
    RETURN_VALUE
END

DEFINE drive
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
END
""",
}
