# async for: over asynchronous generators and objects, with else, break, continue, return, exceptions, try around and in it.
# prints: 1 2 3 0 10 20 else 20
# prints: 1 3 (1, 3)
# prints: 1 finally caught 2 finally 3 finally KeyError(1)
# prints: IndexError('anext')
# prints: 1 2 [3] a b ['c', 'd'] None

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


async def generator(n):
    for i in range(n):
        yield i * 10


async def simple():
    async for x in Count(3):
        print(x, end=" ")
    async for x in generator(3):
        print(x, end=" ")
    else:
        print("else", end=" ")
    return x


async def leaving():
    async for x in Count(5):
        if x == 2:
            continue
        if x == 4:
            break
        print(x, end=" ")
    else:
        print("never", end=" ")
    async for x in Count(5):
        async for y in Count(5):
            if y == 3:
                return x, y


async def catching():
    async for x in Count(3):
        try:
            if x == 2:
                raise ValueError(x)
            print(x, end=" ")
        except ValueError as error:
            print("caught", error, end=" ")
            continue
        finally:
            print("finally", end=" ")
    try:
        async for x in Count(3):
            raise KeyError(x)
    except KeyError as error:
        return repr(error)


class Broken:
    def __aiter__(self):
        return self

    async def __anext__(self):
        raise IndexError("anext")


async def failing():
    async for x in Broken():
        pass


async def unpacking():
    async for a, (b, *c) in pairs():
        print(a, b, c, end=" ")


async def pairs():
    yield 1, (2, 3)
    yield "a", "bcd"


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


print(run(simple()))
print(run(leaving()))
print(run(catching()))
try:
    run(failing())
except IndexError as error:
    print(repr(error))
print(run(unpacking()))
