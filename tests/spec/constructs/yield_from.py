# yield from: generators, iterators, its value, send, throw and close that go through, and errors of what is delegated to.
# prints: a got 1 a got 2 a finally a result None b got 3 b got 4 b finally ['a1', 'a2', 1, 2, 'b1', 'b2', ('stop', ('b result', None))]
# prints: a caught v a finally a result ['a1', 'recovered', 1]
# prints: [4, 3, 2, 1] ['x', ('stop', [7, None])]
# prints: p finally outer caught 'k' ['p1', 'after', ('stop', None)]
# prints: a finally closed
# prints: attribute
# prints: a finally 'through'

def inner(name):
    try:
        got = yield name + "1"
        print(name, "got", got, end=" ")
        got = yield name + "2"
        print(name, "got", got, end=" ")
    except ValueError as error:
        print(name, "caught", error, end=" ")
        yield "recovered"
    finally:
        print(name, "finally", end=" ")
    return name + " result"


def outer():
    result = yield from inner("a")
    print(result, end=" ")
    result = yield from [1, 2]
    print(result, end=" ")
    return (yield from inner("b")), (yield from ())


def chain(n):
    if n:
        yield n
        yield from chain(n - 1)


class It:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(7)


def of_iterator():
    return [(yield from It()), (yield from iter("x"))]


def protected():
    try:
        yield from inner("p")
    except KeyError as error:
        print("outer caught", error, end=" ")
        yield "after"


def drive(g, *values):
    seen = []
    try:
        for value in (None,) + values:
            seen.append(g.throw(value) if isinstance(value, Exception) else g.send(value))
    except StopIteration as stop:
        seen.append(("stop", stop.value))
    return seen


print(drive(outer(), 1, 2, None, None, 3, 4))
print(drive(outer(), ValueError("v"), 1))
print(list(chain(4)), drive(of_iterator(), None, None))
print(drive(protected(), KeyError("k"), None))
g = outer()
next(g)
g.close()
print("closed")
try:
    list(x for x in (yield_from for yield_from in [1]) if x.no)
except AttributeError:
    print("attribute")
try:
    drive(outer(), KeyError("through"))
except KeyError as error:
    print(error)
