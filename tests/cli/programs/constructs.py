"""What an instrumenting tool may meet."""

import asyncio, contextlib
def gen(n):
    for i in range(n):
        try:
            yield i
        finally:
            pass
    return n
def deleg():
    r = yield from gen(3)
    return r
class C:
    x = [a * b for a in range(3) for b in (1, 2)]
    def __enter__(self):
        return self
    def __exit__(self, *a):
        return True
async def agen():
    for i in range(3):
        yield i
async def main():
    out = []
    async for v in agen():
        out.append(v)
    async with contextlib.AsyncExitStack() as s:
        await asyncio.sleep(0)
    return out, [x async for x in agen()]
def f(a, b=2, *c, d=4, **e):
    x = 10
    def inner():
        nonlocal x
        x += 1
        return x
    with C() as c1:
        raise ValueError(
            "x"
        )
    try:
        {}["k"]
    except KeyError as err:
        z = err
    except (ValueError,
            TypeError):
        z = None
    else:
        z = 0
    finally:
        inner()
    while True:
        x += 1
        if x > 20:
            break
    else:
        x = 0
    for q in range(3):
        if q == 1:
            continue
    assert x, "no"
    del q
    return dict(a=a,
                b=b,
                x=x), z
print(list(deleg()), C.x, asyncio.run(main()), f(1, d=5))
