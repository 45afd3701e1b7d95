# Comprehensions of every kind: conditions, several loops, nested in every part, names of their own, in functions, classes, modules, calls.
# prints: ([0, 1, 2], {0, 1}, {0: 2, 1: 2}, [0, 2, 4], 'outer') ([1, 5, 7, 11, 13, 17, 19], [0, -1, -2, 3, 4])
# prints: ([[], [0], [0, 1]], [1, 2, 3], {0: {}, 1: {0: []}, 2: {0: [], 1: [0]}}, [0, 2])
# prints: ([(1, 'k'), (1, 'k')], [(1, 5, 'k'), (1, 5, 'k')], 'k') ([0, 1, 3, 6], 6) NameError before [0, 1] ([0, 1, 2], 2, True, 2)
# prints: (['a', 'b', 'c', 'd'], {'e': 1, 'f': 2}) ([3, 9], {'k': 2})
# prints: [1, 2] [[1, 'a'], [2, 'a']] {1: 1, 2: 2} kept [1, 2]
# prints: [0, 1] module {'a'} {'b': 'b'} 6 module
# prints: first second test first test second ['first', 'second']
# prints: [1] [0, 3, 4] [('a', 'b'), ('b', 'a')]
# prints: 1 zero

def say(x):
    print(x, end=" ")
    return x


def function(n, x="outer"):
    a = [x for x in range(n)]
    b = {x % 2 for x in range(n)}
    c = {x: y for x in range(2) for y in range(n)}
    d = list(x * 2 for x in range(n))
    return a, b, c, d, x


def conditions():
    return [x for x in range(20) if x % 2 if x % 3], [x if x > 2 else -x for x in range(5)]


def nested():
    return (
        [[y for y in range(x)] for x in range(3)],
        [z for y in [[1, 2], [3]] for z in y],
        {x: {y: [z for z in range(y)] for y in range(x)} for x in range(3)},
        [y for x in [[a for a in range(3)]] for y in [b * 2 for b in x] if y in [c for c in x]],
    )


def captured(k):
    fs = [lambda: (x, k) for x in range(2)]
    gs = [[lambda y: (x, y, k) for _ in "a"] for x in range(2)]
    return [f() for f in fs], [g[0](5) for g in gs], k


def nonlocals():
    total = 0

    def add(x):
        nonlocal total
        total += x
        return total

    return [add(x) for x in range(4)], total


def unbound():
    [x for x in range(3)]
    try:
        x
    except NameError as error:
        return type(error).__name__


def shadow():
    x = "before"
    try:
        [1 // (x - 1) for x in range(3)]
    except ZeroDivisionError:
        return x


def early():
    for i in range(3):
        if [j for j in range(i) if j == 1]:
            return [k for k in range(i)]


def walrus():
    found = [last := x for x in range(3)]
    return found, last, any((hit := x) > 1 for x in range(5)), hit


def starred():
    return [*[x for x in "ab"], *(y for y in "cd")], {**{k: 1 for k in "e"}, **{k: 2 for k in "f"}}


def targets():
    d = {}
    result = [a + b for a, (b, *c) in [(1, (2, 3)), (4, (5,))]]
    [0 for d["k"] in range(3)]
    return result, d


class C:
    items = [1, 2]
    first = [x for x in items]
    second = [[x, y] for x in items for y in "a"]
    third = {x: (lambda: x)() for x in items}
    x = "kept"
    gen = list(x for x in items)


print(function(3), conditions())
print(nested())
print(captured("k"), nonlocals(), unbound(), shadow(), early(), walrus())
print(starred(), targets())
print(C.first, C.second, C.third, C.x, C.gen)
x = "module"
print([x for x in range(2)], x, {x for x in "a"}, {x: x for x in "b"}, sum(x for x in range(4)), x)
print([say(i) for i in [say("first"), say("second")] if say("test")])
print([locals_ for locals_ in [1]], [i for i in range(5) if i not in (1, 2)], [(i, j) for i in "ab" for j in "ab" if i != j])
g = (1 // x for x in (1, 0))
print(next(g), end=" ")
try:
    next(g)
except ZeroDivisionError:
    print("zero")
