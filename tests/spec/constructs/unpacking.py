# Assignments: chains, tuples, stars at every place, nested, to attributes and items, swaps; and unpacking in displays.
# prints: True 2 1 [1] 2 1 4 3 2 1
# prints: 0 [1, 2, 3] ['x', 'y'] z 1 [] 2 1 a ['b', 'c'] 2
# prints: 1 3 [2, 4, 5] [4, 'new', 5]
# prints: ['a', 'b', 1, 2] ('a', 'b') {'a'} {'a': 3, 'b': 2} [0, 1]
# prints: ValueError ValueError ValueError TypeError 
# prints: (5, 6),5,6,5,6,5
# prints: 1 b ['c', 'd'] [2, 3]
# prints: 0 a ['b'] 1 c ['d', 'e'] 
# prints: (0, 1, 2, 3) [(1, 2)]

class O:
    pass


def f():
    a = b = c = [1]
    print(a is b is c, end=" ")
    a, b = 1, 2
    a, b = b, a
    print(a, b, end=" ")
    a, b, c = c, a, b
    print(a, b, c, end=" ")
    a, b, c, d = 1, 2, 3, 4
    a, b, c, d = d, c, b, a
    print(a, b, c, d)
    a, *b = range(4)
    *c, d = "xyz"
    e, *f_, g = (1, 2)
    (h, [i, *j]), k = (1, "abc"), 2
    print(a, b, c, d, e, f_, g, h, i, j, k)
    o, l = O(), [0, 1, 2]
    o.x, l[0], (o.y, *l[1:]) = 1, 2, (3, 4, 5)
    print(o.x, o.y, l, end=" ")
    l[0], l[1] = l[1], l[0]
    i = 0
    i, l[i] = 1, "new"
    [] = ()
    print(l)
    print([*"ab", *[1], 2], (*"ab",), {*"a", *"a"}, {**{"a": 1}, "b": 2, **{"a": 3}}, [*range(2), *()])
    for bad in ("a, b = 1,", "a, b = 1, 2, 3", "a, *b, c = 1,", "a, b = None"):
        try:
            exec(bad)
        except (TypeError, ValueError) as error:
            print(type(error).__name__, end=" ")
    print()
    x = y, z = 5, 6
    print(x, y, z, *x, *[y], sep=",")


f()
a, (b, *c), *d = 1, "bcd", 2, 3
print(a, b, c, d)
for i, (j, *k) in enumerate(["ab", "cde"]):
    print(i, j, k, end=" ")
print()


def returns():
    x = [1, 2]
    return 0, *x, 3


def yields():
    x = [1]
    yield *x, 2


print(returns(), list(yields()))
