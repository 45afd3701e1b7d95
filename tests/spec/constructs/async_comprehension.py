# Asynchronous comprehensions, and await in others.
# prints: [1, 3] {1} {1: 1, 2: 2} [2, 4]
# prints: ([0, 1, 2], {0: None, 1: None}, {1, 2, 3})

class Count:
    def __init__(self, n):
        self.i, self.n = 0, n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.i == self.n:
            raise StopAsyncIteration
        self.i += 1
        return self.i


class Pause:
    def __await__(self):
        return (yield)


async def comprehensions():
    print([x async for x in Count(3) if x != 2], {x async for x in Count(1)}, end=" ")
    print({x: y async for x in Count(2) async for y in Count(x)}, end=" ")
    g = (x * 2 async for x in Count(2))
    return [x async for x in g]


async def awaits():
    return [await Pause() or x for x in range(3)], {x: await Pause() for x in range(2)}, {x async for x in Count(3) if not await Pause()}


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


print(run(comprehensions()))
print(run(awaits()))
