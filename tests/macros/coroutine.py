"""await, async with and async for by hand."""

import asyncio
import inspect

from pyasm import macro

AWAIT = [("GET_AWAITABLE", 0), ("LOAD_CONST", "None"), ("YIELD_FROM", 0)]


def twice(tups):
    return [
        *tups[:2],
        ("LOAD_FAST", "f"),
        ("CALL_FUNCTION", 0),
        *AWAIT,
        ("LOAD_FAST", "f"),
        ("CALL_FUNCTION", 0),
        *AWAIT,
        ("BINARY_ADD", 0),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


def collect(tups):
    return [
        *tups[:2],
        ("BUILD_LIST", 0),
        ("LOAD_FAST", "items"),
        ("GET_AITER", 0),
        ("LABEL", "next"),
        ("SETUP_FINALLY", "end"),
        ("GET_ANEXT", 0),
        ("LOAD_CONST", None),
        ("YIELD_FROM", 0),
        ("POP_BLOCK", 0),
        ("LIST_APPEND", 2),
        ("JUMP_ABSOLUTE", "next"),
        ("LABEL", "end"),
        ("END_ASYNC_FOR", 0),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


def managed(tups):
    return [
        *tups[:3],
        ("LOAD_FAST", "manager"),
        ("BEFORE_ASYNC_WITH", 0),
        *AWAIT,
        ("SETUP_ASYNC_WITH", "except"),
        ("LOAD_FAST", "f"),
        ("ROT_TWO", 0),
        ("CALL_FUNCTION", 1),
        ("POP_BLOCK", 0),
        ("ROT_TWO", 0),
        ("LOAD_CONST", "None"),
        ("DUP_TOP", 0),
        ("DUP_TOP", 0),
        ("CALL_FUNCTION", 3),
        *AWAIT,
        ("POP_TOP", 0),
        ("RETURN_VALUE", 0),
        ("LABEL", "except"),
        ("WITH_EXCEPT_START", 0),
        *AWAIT,
        ("POP_JUMP_IF_TRUE", "swallow"),
        ("RERAISE", 0),
        ("LABEL", "swallow"),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_EXCEPT", 0),
        ("POP_TOP", 0),
        ("LOAD_CONST", '"swallowed"'),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(twice)
def both(f):
    pass


@macro(collect)
async def collected(items):
    pass


@macro(managed)
async def inside(manager, f):
    pass


class Manager:
    async def __aenter__(self):
        await asyncio.sleep(0)
        return 1

    async def __aexit__(self, kind, value, traceback):
        await asyncio.sleep(0)
        print("exit", kind and kind.__name__)
        return kind is ZeroDivisionError


async def numbers():
    for i in range(3):
        await asyncio.sleep(0)
        yield i


async def one():
    await asyncio.sleep(0)
    return 1


async def main():
    print(inspect.iscoroutinefunction(both), await both(one))
    print(await collected(numbers()))
    print(await inside(Manager(), str), await inside(Manager(), lambda n: n // 0))


asyncio.run(main())

# prints:
# True 2
# [0, 1, 2]
# exit None
# exit ZeroDivisionError
# 1 swallowed
