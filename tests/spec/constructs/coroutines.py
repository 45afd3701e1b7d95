# async def and await: coroutines, objects with __await__, results, exceptions, await in every place, await in try and finally.
# prints: [13, 14] {'k': 15} ([1], 11) ([1, 2, 3, 4, 5, 6, 7], 23)
# prints: finally 2 (['before', 'in finally', 'in except'], ('caught', ('inside',), 3))
# prints: (['wait', 'v'], ('thrown', 10))
# prints: ([1, 2, 3], ((10, 10), {'k': 10}))
# prints: ([0, 1, 2, 2, 3], [0, 2, 2])
# prints: finally 10 KeyError('inside')
# prints: cannot reuse already awaited coroutine
# prints: AttributeError

class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        got = yield self.value
        return got


async def leaf(x):
    return x + await Pause(x)


async def tree():
    total = await leaf(1) + await leaf(2)
    print([await leaf(3), await leaf(4)], {"k": await leaf(5)}, end=" ")
    if await leaf(6) > 6:
        total = max(await leaf(7), total)
    return total


async def fails():
    try:
        await Pause("before")
        raise KeyError("inside")
    finally:
        print("finally", await Pause("in finally"), end=" ")


async def catches():
    try:
        await fails()
    except KeyError as error:
        return "caught", error.args, await Pause("in except")
    else:
        return "else"


async def thrown():
    try:
        await Pause("wait")
    except ValueError as error:
        return "thrown", await Pause(str(error))


async def arguments(*args, **kwargs):
    return args, kwargs


async def calls():
    return await arguments(await Pause(1), *[await Pause(2)], k=await Pause(3))


async def loop():
    found = []
    for x in range(4):
        while await Pause(x) and len(found) < 9:
            found.append(x)
            if len(found) % 2:
                break
            continue
    return found


def run(coroutine, *answers):
    log = []
    answers = iter(answers)
    try:
        value = coroutine.send(None)
        while True:
            log.append(value)
            answer = next(answers, 10)
            value = coroutine.throw(answer) if isinstance(answer, Exception) else coroutine.send(answer)
    except StopIteration as stop:
        return log, stop.value


print(run(leaf(1)), run(tree()))
print(run(fails.__wrapped__ if hasattr(fails, "__wrapped__") else catches(), 1, 2, 3))
print(run(thrown(), ValueError("v")))
print(run(calls()))
print(run(loop(), 1, 0, 1, 1, 0, 1, 0, 0, 1))
try:
    run(fails())
except KeyError as error:
    print(repr(error))
c = leaf(1)
c.close()
try:
    c.send(None)
except RuntimeError as error:
    print(error)
try:
    run(type("", (), {"__await__": lambda self: 1})().__await__() or leaf(None))
except (TypeError, AttributeError) as error:
    print(type(error).__name__)
