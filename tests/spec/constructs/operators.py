# Every operator on names: arithmetic, bits, comparisons, identity, membership, boolean, subscripts and slices of every form.
# prints: 9 5 14 3.5 3 1 49 28 1 2 7 5 -8 -7 7 False
# prints: False False False True True True False True True False
# prints: 7 9 [8, 9] [7, 8] [8, 9] [7, 9] [9, 8, 7] [] [7, 8, 9] 7 7
# prints: 39 4 2 -49 False True 7
# prints: 1 2 1 b {2} {'a': 1, 'b': 2} [1, 2] (1, 1)
# prints: ('@', 1) 1 slice(1, 2, None) (slice(1, 2, None), slice(None, None, 3)) Ellipsis (1,) () slice(None, None, None) slice([], None, None)
# prints: [] truthy truthy True False neg pos invert [] 3
# prints: 2 1 True

def f(a, b, l):
    print(a + b, a - b, a * b, a / b, a // b, a % b, a**b, a << b, a >> b, a & b, a | b, a ^ b, ~a, -a, +a, not a)
    print(a < b, a <= b, a == b, a != b, a > b, a >= b, a is b, a is not b, a in l, a not in l)
    print(l[0], l[-1], l[1:], l[:2], l[1:3], l[::2], l[::-1], l[a:b:1], l[:], l[b - 2], (l[0], l[1])[a - 7])
    print(a + b * a - (a + b) * -b, a - b - 1, 2**b**0, -(a**2), a < b == (a > b), not a == b, a if a > b else b)
    print([1, 2][0], (1, 2)[1], {"k": 1}["k"], "abc"[1], {1, 2} - {1}, {"a": 1} | {"b": 2}, [1] + [2], (1,) * 2)


class M:
    def __matmul__(self, other):
        return "@", other

    def __getitem__(self, key):
        return key

    def __lt__(self, other):
        return []

    def __gt__(self, other):
        return "truthy"

    def __contains__(self, x):
        return x

    def __neg__(self):
        return "neg"

    def __pos__(self):
        return "pos"

    def __invert__(self):
        return "invert"


m = M()
f(7, 2, [7, 8, 9])
print(m @ 1, m[1], m[1:2], m[1:2, ::3], m[...], m[1,], m[()], m[:], m[m < 1 :])
print(m < 1, m > 1, 1 < m, 5 in m, 0 in m, -m, +m, ~m, (m < 1 < 2), (m > 1) and 3)
print(1 if m < 1 else 2, 1 if m > 1 else 2, bool(m > 1 > 0))
