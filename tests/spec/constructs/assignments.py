# Augmented assignments of every operator and target, deletions of every target, walrus, annotated assignments, constants.
# prints: [14, 11, 44, 22, 1, 1, 8, 4, 4, 7, 2, 0.5]
# prints: [('get', 1), ('set', 1, 2), ('get', slice(1, 2, None)), ('set', slice(1, 2, None), 3), ('set', slice(1, 2, 3), 4), ('set', (Ellipsis, 1), 5), ('del', 2), ('del', slice(1, None, None)), ('del', ('a', 'b'))]
# prints: {'k': [1, 2]} 2 [-3, 3, 4] False
# prints: False
# prints: value key key  more 5 [0, 1] 1 chain {'key': 'value more'} chain chain
# prints: 4 3 2 (4, 1, 10, [1, 2], 5) [False, False, False] (7, 'ab', (1, 2), -1, False, 1024, 'xxx', (1, (2, (3,))), 1000, 31, b'ab', Ellipsis, (-1+0j))
# prints: False True say
# prints: ('@', 2)

class O:
    def __init__(self):
        self.log = []

    def __getitem__(self, key):
        self.log.append(("get", key))
        return 1

    def __setitem__(self, key, value):
        self.log.append(("set", key, value))

    def __delitem__(self, key):
        self.log.append(("del", key))


def say(x):
    print(x, end=" ")
    return x


def operators(a, b):
    r = []
    x = a
    x += b
    r.append(x)
    x -= 3
    r.append(x)
    x *= b
    r.append(x)
    x //= 2
    r.append(x)
    x %= 7
    r.append(x)
    x **= 2
    r.append(x)
    x <<= 3
    r.append(x)
    x >>= 1
    r.append(x)
    x &= 12
    r.append(x)
    x |= 3
    r.append(x)
    x ^= 5
    r.append(x)
    x /= 4
    r.append(x)
    return r


def targets():
    o, d, l = O(), {"k": [1]}, [1, 2, 3]
    o[1] += 1
    o[1:2] += 2
    o[1:2:3] = 4
    o[..., 1] = 5
    del o[2], o[1:], o["a", "b"]
    print(o.log)
    d["k"] += [2]
    o.a = 1
    o.a += 1
    l[0] += 10
    l[1:] += [4]
    del l[0]
    (l[0]) -= 5
    print(d, o.a, l, hasattr(o, "b"))
    del o.a
    print(hasattr(o, "a"))


def order():
    d = {}
    d[say("key")] = say("value")
    d[say("key")] += say(" more")
    say([0, 1])[say(1)] = say(5)
    x = y = say("chain")
    print(d, x, y)


def walrus(values):
    if (n := len(values)) > 2:
        print(n, end=" ")
    while (value := values.pop()) > 1:
        print(value, end=" ")
    f = lambda: (z := 5) + z
    return n, value, f(), [w := 1, w + 1], (n := n + 1)


def deletions():
    a = b = c = 1
    del a
    del (b, [c])
    found = []
    for name in ("a", "b", "c"):
        found.append(name in locals())
    return found


def constants():
    return 1 + 2 * 3, "a" "b", (1, 2), -1, not True, 2**10, "x" * 3, (1, (2, (3,))), 1_000, 0x1F, b"a" b"b", ..., 1j * 1j


print(operators(10, 4))
targets()
order()
print(walrus([0, 1, 2, 3]), deletions(), constants())
g = 1
g += 1
del g
print("g" in globals(), __debug__, say.__name__)
i = 2
i @= type("M", (), {"__rmatmul__": lambda self, other: ("@", other)})()
print(i)
