"""async for, async with, await and async comprehensions as the compiler makes them, with other constants."""

import asyncio

from pyasm import macro

log = []


def change(tups):
    return [("LOAD_CONST", "1") if tup == ("LOAD_CONST", "1000") else tup for tup in tups]


@macro(change)
async def coroutines(items):
    found = []
    async for item in items:
        if item == 2:
            break
        found.append(item + 1000)
    async with Async() as value:
        found.append(value)
    return found + [x async for x in numbers(2)] + [await asyncio.sleep(0, 1000)]


class Async:
    async def __aenter__(self):
        return "entered"

    async def __aexit__(self, *args):
        log.append("left")


@macro(change)
async def numbers(n):
    for i in range(n):
        yield i * 1000
        await asyncio.sleep(0)


print(asyncio.run(coroutines(numbers(5))), log)

# prints:
# [1, 2, 'entered', 0, 1, 1] ['left']
