# Annotations of modules, classes and functions: values, made at once or when somebody asks.
# prints: {'x': <class 'int'>, 'y': 'a name that is not there'}
# prints: {'a': <class 'int'>, 'b': 'B'} {'a': <class 'int'>, 'b': 1, 'return': <class 'str'>} {'q': <class 'int'>, 'w': <class 'str'>, 'return': 'A'} {'p': 5, 'return': 5}

import sys

x: int = 1
y: "a name that is not there"
if not x:
    z: list[int]


class A:
    a: int
    b: "B" = 2
    if not x:
        c: int

    def m(self, q: int, *, w: str = "s") -> "A": ...


def f(a: int, b: x = 3) -> str:
    return a


def outer(t):
    def inner(p: t) -> t:
        pass

    v: t = 3
    return inner


now = globals().get("__annotations__")
print(__annotate__(1) if now is None else now)
print(A.__annotations__, f.__annotations__, A.m.__annotations__, outer(5).__annotations__)
