# Classes: bodies, bases, keywords, metaclasses, decorators, nested ones, __class__, slots, properties, names from around.
# prints: A documented class. 2 z 2 False {'option': 3} {'option': 3} [('A', (2,)), ('A', (1,))]
# prints: 42 2 5 102 True
# prints: B.Inner B.Inner.Deeper True inner
# prints: outer changed make.<locals>.Local other
# prints: (<class 'dict'>, <class 'object'>) {'option': 1} __main__
# prints: 1 ['A', 'B', 'Local'] A.method
# prints: ['comprehension'] global class
# prints: None ZeroDivisionError 3 False

registry = []


def decorate(*args):
    def decorator(c):
        registry.append((c.__name__, args))
        return c

    return decorator


class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kwargs):
        return {"prepared": kwargs}

    def __new__(mcs, name, bases, namespace, **kwargs):
        return super().__new__(mcs, name, bases, namespace)

    def __init__(cls, name, bases, namespace, **kwargs):
        super().__init__(name, bases, namespace)
        cls.kwargs = kwargs


@decorate(1)
@decorate(2)
class A(metaclass=Meta, option=3):
    """A documented class."""

    x = 1
    y = x + 1
    if y > 1:
        z = list(x for _ in range(2)) if False else "z"
    for loop in range(3):
        pass
    del x

    def method(self):
        return self.y

    @property
    def prop(self):
        return self._value

    @prop.setter
    def prop(self, value):
        self._value = value * 2

    @staticmethod
    def static(x):
        return x

    @classmethod
    def create(cls):
        return cls()


class B(A):
    __slots__ = ("s",)

    def method(self):
        return super().method() + 100

    def who(self):
        return __class__

    class Inner:
        z = "inner"

        def get(self):
            return __class__.__qualname__

        class Deeper:
            pass


def make(x):
    class Local:
        captured = x

        def get(self):
            return x

        def set(self, value):
            nonlocal x
            x = value

    return Local


def bases(*args, **kwargs):
    class D(*args, **kwargs):
        pass

    return D


print(A.__doc__, A.y, A.z, A.loop, hasattr(A, "x"), A.prepared, A.kwargs, registry)
a = A.create()
a.prop = 21
print(a.prop, a.method(), A.static(5), B().method(), B().who() is B)
print(B.Inner().get(), B.Inner.Deeper.__qualname__, B.__mro__[1:-1] == (A,), B.Inner.z)
L = make("outer")
o = L()
o.set("changed")
print(L.captured, o.get(), L.__qualname__, make("other")().get())
print(bases(dict, A.__class__ and object).__bases__, bases(A, option=1).kwargs, A.__module__)
print(type("T", (), {"v": 1}).v, list(c.__name__ for c in (A, B, L)), A.method.__qualname__)


class Scope:
    name = "class"
    names = list(name for name in ("comprehension",))
    function = lambda self: name


name = "global"
print(Scope.names, Scope().function(), Scope.name)


class Empty:
    ...


class Failing:
    try:
        1 // 0
    except ZeroDivisionError as error:
        caught = type(error).__name__
    with open.__class__ and __import__("contextlib").suppress(KeyError):
        {}["k"]
    count = 0
    while count < 3:
        count += 1


print(Empty.__dict__.get("x"), Failing.caught, Failing.count, hasattr(Failing, "error"))
