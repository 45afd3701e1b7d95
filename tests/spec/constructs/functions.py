# Functions: parameters of every kind, defaults evaluated once, lambdas, docstrings, names, recursion, nested definitions, return without value.
# prints: 2 4 
# prints: (1, 2, (), 3, 4, {}) (1, 5, (6, 7), 8, 9, {'e': 10}) (1, 2, (), 3, 4, {})
# prints: [1, 2] [1, 2] [3] None None Only this.
# prints: The docstring. f (2,) {'d': 4} None
# prints: ('outer.<locals>.inner', 'inner doc', []) inner outer
# prints: (1, 2, (), 4, {}) (1, 3, (5,), 6, {'x': 7}) <lambda> None (1, 2) 5
# prints: TypeError TypeError TypeError TypeError TypeError TypeError 
# prints: 610 None late ['c', 'b', 'a']
# prints: ('a', 'b', 'c', 'd', 'args', 'kwargs') 1 2 2

def say(x):
    print(x, end=" ")
    return x


def f(a, /, b=say(2), *args, c, d=say(4), **kwargs):
    """The docstring."""
    return a, b, args, c, d, kwargs


def mutable(x, found=[]):
    found.append(x)
    return found


def nothing():
    pass


def doc_only():
    "Only this."


def outer():
    def inner(x=[]):
        "inner doc"
        return inner.__qualname__, inner.__doc__, x

    return inner


print()
print(f(1, c=3), f(1, 5, 6, 7, c=8, d=9, e=10), f(*(1, 2), **{"c": 3}))
print(mutable(1), mutable(2), mutable(3, []), nothing(), doc_only(), doc_only.__doc__)
print(f.__doc__, f.__name__, f.__defaults__, f.__kwdefaults__, nothing.__doc__)
print(outer()(), outer().__name__, outer.__qualname__)
g = lambda a, b=2, *c, d=4, **e: (a, b, c, d, e)
print(g(1), g(1, 3, 5, d=6, x=7), g.__name__, (lambda: None)(), (lambda *a: a)(1, 2), (lambda x: (lambda: x))(5)())
for bad in (lambda: f(), lambda: f(1), lambda: f(a=1, c=1), lambda: g(), lambda: nothing(1), lambda: g(1, a=1)):
    try:
        bad()
    except TypeError:
        print("TypeError", end=" ")
print()


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def early(x):
    if x:
        return
    return "late"


print(fib(15), early(1), early(0), sorted("bca", key=lambda c: -ord(c)))
print(f.__code__.co_varnames, f.__code__.co_posonlyargcount, f.__code__.co_kwonlyargcount, f.__code__.co_argcount)
