# async with: several managers, swallowed exceptions, return, break and continue in it, with and try around.
# prints: ('+a A -a +b +c -c:ValueError -b +d -d', ('D', []))
# prints: ('+0 -0 +1 -1:KeyError +2 -2', 2)
# prints: S M sync <class 'ZeroDivisionError'> ('+m -m:ZeroDivisionError +f finally -f', 'ZeroDivisionError')
# prints: ('+o +i +a -a -i -o', ('O', 'I', 'a'))
# prints: ('+g -g:GeneratorExit', 'G')
# prints: out

class M:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow

    async def __aenter__(self):
        await Pause("+" + self.name)
        return self.name.upper()

    async def __aexit__(self, kind, value, traceback):
        await Pause("-" + self.name + (":" + kind.__name__ if kind else ""))
        return self.swallow


class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        yield self.value


class S:
    def __enter__(self):
        return "S"

    def __exit__(self, *what):
        print("sync", what[0], end=" ")


async def plain():
    async with M("a") as a:
        await Pause(a)
    async with M("b"), M("c", True) as c:
        raise ValueError(c)
    async with M("d") as (x, *y):
        return x, y


async def loop():
    for i in range(4):
        async with M(str(i), True):
            if i == 0:
                continue
            if i == 1:
                raise KeyError
            if i == 2:
                break
    return i


async def mixed():
    try:
        with S() as s:
            async with M("m") as m:
                print(s, m, end=" ")
                1 // 0
    except ZeroDivisionError as error:
        return type(error).__name__
    finally:
        async with M("f"):
            await Pause("finally")


async def nested():
    async with M("o") as o:
        async with M("i") as i:
            for x in "ab":
                async with M(x):
                    return o, i, x


async def generator():
    async with M("g") as g:
        yield g
        yield 2


async def closing():
    g = generator()
    async for x in g:
        break
    await g.aclose()
    return x


def run(coroutine):
    log = []
    try:
        while True:
            log.append(coroutine.send(None))
    except StopIteration as stop:
        return " ".join(map(str, log)), stop.value


print(run(plain()))
print(run(loop()))
print(run(mixed()))
print(run(nested()))
print(run(closing()))


async def fails():
    async with M("x"):
        raise OSError("out")


try:
    run(fails())
except OSError as error:
    print(error)
