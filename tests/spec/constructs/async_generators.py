# Asynchronous generators: yield and await in one, asend, athrow, aclose, try and finally in them.
# prints: sent x sent y ([('await', 0)], (0, 'a')) ([('await', 1)], (1, 'b')) ([], 'end')
# prints: caught v finally ([], 1) ([], 'recovered') (['cleanup'], 'end')
# prints: finally ([], 1) (['cleanup'], None) ([], 'end')
# prints: ([], None) ([], 'end')
# prints: async_generator True
# prints: sent None sent None sent None finally ([('await', 0), ('await', 1), ('await', 2), 'cleanup'], 6)

class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        return (yield self.value)


async def mixed(n):
    for i in range(n):
        got = await Pause(("await", i))
        sent = yield i, got
        print("sent", sent, end=" ")


async def guarded():
    try:
        yield 1
        yield 2
    except ValueError as error:
        print("caught", error, end=" ")
        yield "recovered"
    finally:
        await Pause("cleanup")
        print("finally", end=" ")


async def bare():
    x = yield
    return


def run(awaitable, *answers):
    log = []
    answers = list(answers)
    coroutine = wrap(awaitable)
    try:
        value = coroutine.send(None)
        while True:
            log.append(value)
            value = coroutine.send(answers.pop(0) if answers else None)
    except StopIteration as stop:
        return log, stop.value
    except StopAsyncIteration:
        return log, "stop"


async def wrap(awaitable):
    try:
        return await awaitable
    except StopAsyncIteration:
        return "end"


g = mixed(2)
print(run(g.__anext__(), "a"), run(g.asend("x"), "b"), run(g.asend("y")))
g = guarded()
print(run(g.__anext__()), run(g.athrow(ValueError("v"))), run(g.__anext__()))
g = guarded()
print(run(g.__anext__()), run(g.aclose()), run(g.__anext__()))
g = bare()
print(run(g.asend(None)), run(g.asend(5)))
print(type(g).__name__, mixed.__code__.co_flags & 0x200 != 0)


async def consumes():
    total = 0
    async for a, b in mixed(3):
        total += a
    async for x in guarded():
        total += x
    return total


print(run(consumes()))
