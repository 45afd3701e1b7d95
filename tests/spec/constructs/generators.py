# Generators: yield as statement and expression, send, throw, close, return, in loops, in try, in expressions, as arguments.
# prints: [0, 1, 2] 6 ['0', '1', '2'] 0 1
# prints: first ('echo', 1) ('echo', 'two') done
# prints: got 1 finally caught v finally got None finally ready ready ready ready
# prints: exit finally 
# prints: handling ("KeyError('k')", 5) True None
# prints: ['a', 'b'] {'c': 'd'} e [1, 2, 3, 4, 5] None 6 last
# prints: generator ignored GeneratorExit
# prints: 5 (1, (2,), 3, {'l': 4})
# prints: generator raised StopIteration StopIteration('inside')
# prints: 0 None None None
# prints: [1, 2, 3] no
# prints: attribute

def count(n):
    for i in range(n):
        yield i


def echo():
    got = yield "first"
    while got is not None:
        got = yield ("echo", got)
    return "done"


def catching():
    while True:
        try:
            got = yield "ready"
            print("got", got, end=" ")
        except ValueError as error:
            print("caught", error, end=" ")
        except GeneratorExit:
            print("exit", end=" ")
            raise
        finally:
            print("finally", end=" ")


def in_handler():
    try:
        raise KeyError("k")
    except KeyError as error:
        got = yield "handling"
        yield repr(error), got
        try:
            raise
        except KeyError as again:
            yield again is error


def expressions():
    x = [(yield 1), (yield 2)]
    y = {(yield 3): (yield 4)}
    print(x, y, (yield 5), end=" ")
    return (yield) or (yield 6)


def ignoring():
    try:
        yield 1
    except GeneratorExit:
        yield 2


def nothing():
    return 5
    yield


def parameters(a, *args, k=1, **kwargs):
    yield a, args, k, kwargs


def end(generator, value=None):
    try:
        generator.send(value)
    except StopIteration as stop:
        return stop.value


print(list(count(3)), sum(count(4)), list(map(str, count(3))), *count(2))
g = echo()
print(next(g), g.send(1), g.send("two"), end(g))
g = catching()
print(next(g), g.send(1), g.throw(ValueError("v")), next(g))
g.close()
print()
g = in_handler()
print(next(g), g.send(5), next(g), end(g))
g = expressions()
print([next(g)] + list(map(g.send, "abcd")), g.send("e"), g.send(0), end(g, "last"))
g = ignoring()
next(g)
try:
    g.close()
except RuntimeError as error:
    print(error)
print(end(nothing()), next(parameters(1, 2, k=3, l=4)))


def stops():
    yield 1
    raise StopIteration("inside")


try:
    list(stops())
except RuntimeError as error:
    print(error, repr(error.__cause__))
g = count(1)
print(next(g), end(g), end(g), g.gi_frame)
print(list(x + y for x in count(3) if x for y in count(x)), next(iter(())) if 0 else "no")
try:
    next(count(1)).no
except AttributeError:
    print("attribute")
