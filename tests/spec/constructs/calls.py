# Calls: positional, keyword, starred, mixed, nested, of methods, of results; the order of evaluation.
# prints: ((), {}) ((1,), {}) ((1, 2), {}) ((), {'a': 1}) ((1,), {'a': 2, 'b': 3})
# prints: ((1, 2), {}) ((0, 1, 2, 3), {}) ((1, 2), {}) ((), {'a': 1}) ((), {'a': 1, 'b': 2})
# prints: ((1, 2), {'a': 3, 'b': 4, 'c': 5, 'd': 6})
# prints: ('m', (), {}) ('m', (1,), {}) ('m', (1,), {'a': 2}) ('m', (1,), {'a': 2}) ('m', (1,), {})
# prints: ('C', 1) ('C', 2) ('s', 3) ('s', 4) ('call', 5) ('call', 6)
# prints: ['A', 'B'] 0-1-2
# prints: ((((1,), {}), ('m', (((2,), {}),), {})), {'x': ('m', (), {'y': ((), {})})})
# prints: 1 2 3 4 5 ((1, 2, 3), {'a': 4, 'b': 5})
# prints: 1 2 3 ('m', (1,), {'a': 2, 'b': 3})
# prints: 2 ((2,), {}) ((3,), {}) ((4,), {}) ((5,), {})
# prints: 2 2 3 5
# prints: TypeError TypeError TypeError AttributeError TypeError 
# prints: 20 ['a', 'b', 'c', 'd', 'e']
# prints: ((1,), {'k': 2})|('m', (3,), {})

def f(*args, **kwargs):
    return args, kwargs


def say(value):
    print(value, end=" ")
    return value


class C:
    def m(self, *args, **kwargs):
        return "m", args, kwargs

    @classmethod
    def c(cls, x):
        return cls.__name__, x

    @staticmethod
    def s(x):
        return "s", x

    def __call__(self, x):
        return "call", x


def main():
    o = C()
    print(f(), f(1), f(1, 2), f(a=1), f(1, a=2, b=3))
    print(f(*[1, 2]), f(0, *(1, 2), 3), f(*[1], *[2]), f(**{"a": 1}), f(a=1, **{"b": 2}))
    print(f(1, *[2], a=3, **{"b": 4}, c=5, **{"d": 6}))
    print(o.m(), o.m(1), o.m(1, a=2), o.m(*[1], **{"a": 2}), C.m(o, 1))
    print(o.c(1), C.c(2), o.s(3), C.s(4), o(5), C()(6))
    print("a,b".upper().split(","), "-".join(map(str, range(3))))
    print(f(f(1), o.m(f(2)), x=o.m(y=f())))
    print(f(say(1), *[say(2)], say(3), a=say(4), **{"b": say(5)}))
    print(o.m(say(1), a=say(2), b=say(3)))
    print((lambda x: x + 1)(1), [f][0](2), {"k": f}["k"](3), (f if o else say)(4), (o and f)(5))
    print(len([1, 2]), max(1, 2), max([3, 4], key=lambda x: -x), int("12", base=3))
    for bad in (lambda: f(**{"a": 1}, **{"a": 2}), lambda: f(*1), lambda: o.s(), lambda: o.no(1), lambda: None()):
        try:
            bad()
        except (TypeError, AttributeError) as error:
            print(type(error).__name__, end=" ")
    print()
    many = f(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, a=1, b=2, c=3, d=4, e=5)
    print(len(many[0]), sorted(many[1]))


main()
print(f(1, k=2), C().m(3), sep="|")
