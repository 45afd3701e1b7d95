# Annotations that are evaluated when somebody asks for them, of functions, classes, modules; and names of later.
# versions: 3.14-
# prints: defined 5 3
# prints: a {'a': 'a', 'args': <class '__main__.Later'>, 'b': <class 'int'>, 'return': <class '__main__.Later'>}
# prints: class {'attribute': <class '__main__.Later'>, 'bare': 'class', 'conditional': <class 'int'>} {'return': <class '__main__.C'>}
# prints: a True
# prints: ({'a': <class 'int'>, 'return': <class 'int'>}, {'u': <class 'str'>}) False

def say(x):
    print(x, end=" ")
    return x


x: say("module") = 1
y: Later


def f(a: say("a"), *args: Later, b: int = 1) -> Later:
    local: say("never") = 5
    return local


class C:
    attribute: Later = 2
    bare: say("class")
    if x:
        conditional: int

    def m(self) -> C:
        return 3


print("defined", f(1), C().m())


class Later:
    pass


print(f.__annotations__)
print(C.__annotations__, C.m.__annotations__)
print(f.__annotate__(1) is not f.__annotations__)
if x:
    conditional: int = 5


def outer():
    t = int

    def inner(a: t) -> t:
        return a

    class D:
        t = str
        u: t

    return inner.__annotations__, D.__annotations__


print(outer(), C.__annotate__ is None)
