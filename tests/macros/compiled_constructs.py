"""What the compiler makes of every statement, in a macro that changes the constants and names in it."""

from pyasm import macro

log = []


class Manager:
    def __enter__(self):
        return "in"

    def __exit__(self, *args):
        log.append(args[0] and args[0].__name__)
        return args[0] is KeyError


def change(tups):
    result = []
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg == "1000":
            arg = "1"
        elif inst == "LOAD_GLOBAL" and arg == "unknown":
            arg = "log"
        result.append((inst, arg))
    return result


@macro(change)
def exceptions(d):
    try:
        d["a"] += 1000
    except KeyError as e:
        unknown.append(e.args)
    except (TypeError, ValueError):
        raise
    else:
        unknown.append("else")
    finally:
        unknown.append("finally")
    return d


@macro(change)
def managers(d):
    for key in "abc":
        with Manager() as m, Manager():
            if key == "b":
                continue
            unknown.append((m, d[key]))
    return 1000


@macro(change)
def loops(n):
    found = []
    for i in range(n):
        while i > 1000:
            i -= 2
            if i == 2:
                break
        else:
            found.append(i)
            continue
        found.append("broken")
    else:
        found.append("end")
    return (
        found,
        [x + 1000 for x in range(n) if x % 2],
        {x: y for x, y in zip("ab", [1000, 2])},
        {n + 1000 for _ in "a"},
    )


@macro(change)
def generator(n):
    try:
        got = yield from (i * 1000 for i in range(n))
        got = yield got
    except GeneratorExit:
        unknown.append("closed")
        raise
    return got


@macro(change)
def closures(a, *args, b=1000, **kwargs):
    total = 0

    def inner(x=1000):
        nonlocal total
        total += x + a + b
        return lambda: (total, args, kwargs)

    class Local:
        value = a + 1000

        def method(self):
            return __class__.__name__, super().__str__ is not None, total

    del args
    args = "new"
    return inner()(), inner(5)(), Local.value, Local().method(), f"{a!r:>4}{b}{total=}"


@macro(change)
def expressions(a, b, c):
    x = a and b or c
    y = a if not b else c
    a, (b, *c) = b, [a, c, x]
    assert a < 1000 < 1001 or a is not None, unknown
    c[0], c[1:] = c[1:], "xy"
    del c[1]
    import os.path as p
    from math import pi, tau as t

    return x, y, a, b, c, p.basename("a/b"), round(t / pi), -a, ~a, not a, a @ M() if a == 7 else None, b"%d" % 1000


class M:
    def __rmatmul__(self, other):
        return "matmul"


def shown(*values):
    for value in values:
        print(value)
    print(log)
    log.clear()


shown(exceptions({"a": 1}), exceptions({}))
try:
    exceptions(3)
except TypeError:
    shown("raised")
shown(managers({"a": 1}))
shown(*loops(5))
g = generator(2)
shown(next(g), next(g), next(g), g.close())
shown(*closures(1, 2, k=3))
shown(*expressions(7, 0, 3))

# prints:
# {'a': 2}
# {}
# ['else', 'finally', ('a',), 'finally']
# raised
# ['finally']
# 1
# [('in', 1), None, None, None, None, 'KeyError', None]
# [0, 1, 0, 1, 'broken', 'end']
# [2, 4]
# {'a': 1, 'b': 2}
# {6}
# []
# 0
# 1
# None
# None
# ['closed']
# (2001, 'new', {'k': 3})
# (3007, 'new', {'k': 3})
# 2
# ('Local', True, 3007)
#    11000total=3007
# []
# 3
# 7
# 0
# 7
# [[3], 'y']
# b
# 2
# 0
# -1
# True
# None
# b'1'
# []
