# Closures: shared cells, nonlocal, cells of parameters, cells in loops, deleted and unbound ones, deep nesting, recursion.
# prints: 6 16 16 0 [16]
# prints: (1, 2, (), 3, {}) (1, 3, (4,), 5, {'d': 6})
# prints: ([0, 1, 2], [0, 1, 2], [2, 2, 2]) 2 120
# prints: 1 NameError UnboundLocalError 2
# prints: NameError now
# prints: NameError
# prints: ('outer', ['outer', 'outer'], 'outer', 'global')
# prints: v gone
# prints: [2, 2, (11, 11)]
# prints: (1, 2, 3)
# prints: ('start',) ('start',) counter.<locals>.up

def counter(start):
    def up(by=1):
        nonlocal start
        start += by
        return start

    def get():
        return start

    return up, get


def parameters(a, b=2, *args, c=3, **kwargs):
    return lambda: (a, b, args, c, kwargs)


def loops():
    late = list(map(lambda i: lambda: i, range(3)))
    early = list((lambda i=i: i) for i in range(3))
    fs = []
    for j in range(3):
        fs.append(lambda: j)
    return list(f() for f in late), list(f() for f in early), list(f() for f in fs)


def deep(a):
    def b():
        def c():
            def d():
                nonlocal a
                a += 1
                return a

            return d

        return c

    return b


def deleted():
    x = 1

    def get():
        return x

    print(get(), end=" ")
    del x
    try:
        get()
    except NameError as error:
        print(type(error).__name__, end=" ")
    try:
        x
    except UnboundLocalError as error:
        print(type(error).__name__, end=" ")
    x = 2
    print(get())


def unbound():
    def get():
        return later

    try:
        get()
    except NameError as error:
        print(type(error).__name__, end=" ")
    later = "now"
    return get()


def recursive():
    def fact(n):
        return n * fact(n - 1) if n else 1

    return fact(5)


def shadows(x):
    class C:
        y = x
        z = list(x for _ in range(2))

        def get(self):
            return x

    class D:
        y = x
        x = "class"

    return C.y, C.z, C().get(), D.y


def handler():
    def get():
        return e

    try:
        raise ValueError("v")
    except ValueError as e:
        print(get(), end=" ")
    try:
        get()
    except NameError:
        print("gone")


def generator(x):
    def inner():
        nonlocal x
        x += 1
        return x

    yield inner()
    yield x
    x = 10
    yield inner(), (lambda: x)()


up, get = counter(5)
print(up(), up(10), get(), counter(0)[1](), list(c.cell_contents for c in get.__closure__))
print(parameters(1)(), parameters(1, 3, 4, c=5, d=6)())
print(loops(), deep(1)()()(), recursive())
deleted()
print(unbound())
try:
    shadows("outer")
except NameError as error:
    print(type(error).__name__)
x = "global"
print(shadows("outer"))
handler()
print(list(generator(1)))
print((lambda x: (lambda y: (lambda z: (x, y, z))))(1)(2)(3))
print(get.__code__.co_freevars, counter.__code__.co_cellvars, up.__qualname__)
