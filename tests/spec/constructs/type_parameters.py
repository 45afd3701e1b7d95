# Type parameters of functions, classes and aliases: bounds, constraints, stars, closures, methods, and what they see.
# versions: 3.12-
# prints: 1 (T, Ts, P) True
# prints: <class 'int'> (<class 'str'>, <class 'bytes'>)
# prints: (T,) (1, 2) (U,) (V,) (T,)
# prints: True (__main__.C[T], <class 'list'>, typing.Generic[T]) [1]
# prints: dict[str, T] Alias[int] <class 'int'> (T,)
# prints: name 'Undefined' is not defined
# prints: ((<class 'int'>, T, <class 'int'>), <class 'int'>, <class 'int'>) (5, 6)
# prints: f C.m C

def f[T, *Ts, **P](x: T, *args: *Ts) -> T:
    return x


def bounded[T: int, U: (str, bytes)](x: T) -> U:
    return x


class C[T]:
    x: T

    def m[U](self, a: T, b: U) -> tuple[T, U]:
        return a, b

    class Inner[V]:
        pass


class D[T](C[T], list):
    pass


type Alias[T] = dict[str, T]
type Simple = int
type Lazy = Undefined


def outer(n):
    def inner[T: n](x: T = n):
        return x, T, n

    class Local[T]:
        value = n

    return inner(), inner.__type_params__[0].__bound__, Local.value


@(lambda g: g)
def decorated[T](x=5, *, y=6):
    return x, y


print(f(1), f.__type_params__, f.__annotations__["x"] is f.__type_params__[0])
print(bounded.__type_params__[0].__bound__, bounded.__type_params__[1].__constraints__)
print(C.__type_params__, C().m(1, 2), C.m.__type_params__, C.Inner.__type_params__, C.__parameters__)
print(D.__bases__[0] is C, D.__orig_bases__, D([1]))
print(Alias.__value__, str(Alias[int])[-10:], Simple.__value__, Alias.__type_params__)
try:
    Lazy.__value__
except NameError as error:
    print(error)
print(outer(int), decorated())
print(f.__qualname__, C.m.__qualname__, C.__qualname__)
