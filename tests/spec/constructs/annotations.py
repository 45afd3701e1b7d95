# Annotations of parameters, results and names, in functions, classes and modules, where they are evaluated at once.
# versions: 3.9-3.13
# prints: module no value a args b kw result attribute 
# prints: 1 5 3 4
# prints: {'x': 'module', 'y': 'no value'} {'a': 'a', 'args': 'args', 'b': 'b', 'kw': 'kw', 'return': 'result'}
# prints: {'attribute': 'text', 'bare': <class 'list'>, 'attribute2': <class 'dict'>} {'return': 'C'}
# prints: False False
# prints: {'a': <class 'int'>, 'return': <class 'int'>}

def say(x):
    print(x, end=" ")
    return x


x: say("module") = 1
y: say("no value")


def f(a: say("a"), *args: say("args"), b: say("b") = 1, **kw: say("kw")) -> say("result"):
    local: say("never") = 5
    other: int
    return local


class C:
    attribute: "text" = 2
    bare: list
    attribute2: dict = {}

    def m(self) -> "C":
        o: int
        self.z: int = 3
        return self.z


o = C()
o.field: say("attribute") = 4
print()
print(x, f(1), C().m(), o.field)
print(__annotations__, f.__annotations__)
print(C.__annotations__, C.m.__annotations__)
print("y" in globals(), hasattr(C, "bare"))


def outer():
    t = int

    def inner(a: t) -> t:
        return a

    return inner.__annotations__


print(outer())
