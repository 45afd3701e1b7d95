"""A plain function that yields once its macro has been there."""

import inspect

from pyasm import macro


def generator(tups):
    for inst, arg in tups:
        yield inst, arg
        if inst == "LOAD_CONST" and arg == '"yield"':  # _ = "yield" puts out the value of i
            yield "POP_TOP", 0
            yield "LOAD_FAST", "i"
            yield "YIELD_VALUE", 0


@macro(generator)
def count(n):
    i = 0
    while i < n:
        got = "yield"
        if got:
            i += got
        i += 1
    return "end"


counter = count(5)
print(inspect.isgeneratorfunction(count), next(counter), next(counter), counter.send(1))
try:
    next(counter)
    next(counter)
except StopIteration as stop:
    print(stop.value)

# prints:
# True 0 1 3
# end
