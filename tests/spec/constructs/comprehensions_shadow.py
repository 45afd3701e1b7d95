# Comprehensions whose variables shadow those of the function, also in cells, and after an exception.
# prints: 1 [3, 4] [[0, 1], [0, 1, 2]] [5, 5, 5, 5] [3, 3] {2: {0, 1}, 3: {0, 1}} [3, 4] ['5']
# prints: 5 [0, 1, 2] 7 [0, 1, 2] ['d', 'fs', 'fs2', 'g', 'w', 'x', 'y', 'z']
# prints: []

def f(y):
    x = 1
    z = [x + 1 for x in y if x]
    w = [[x for x in range(x)] for x in y]
    fs = [(lambda: q + k) for q in y for k in (1, 2)]
    fs2 = [(lambda a=1, *, b=0: x * a + b) for x in y]
    d = {x: {x for x in range(2)} for x in y}
    g = lambda: z
    try:
        [1 / x for x in (1, 0)]
    except ZeroDivisionError:
        pass
    print(x, z, w, [a() for a in fs], [a() for a in fs2], d, g(), ["%(u)s" % locals() for u in (5,)])
    return sorted(locals())


x = 5
l = [x for x in range(3)]


class A:
    x = 7
    l = [x for x in range(3)]


print(x, l, A.x, A.l, f([2, 3]))
print(sorted(k for k in globals() if "." in k))
