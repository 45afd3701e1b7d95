# Asynchronous comprehensions within others.
# versions: 3.11-
# prints: ([[], [0], [0, 1]], [{}, {0: []}, {0: [], 1: [0]}], [2, 4])

async def count(n):
    for i in range(n):
        yield i


async def main():
    a = [[y async for y in count(x)] for x in range(3)]
    b = [{z: [x async for x in count(z)] async for z in count(y)} async for y in count(3)]
    c = [x async for x in (y * 2 async for y in count(3) if y)]
    return a, b, c


try:
    main().send(None)
except StopIteration as stop:
    print(stop.value)
