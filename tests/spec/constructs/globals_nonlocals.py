# global and nonlocal statements, del of each kind of name, names that are bound and not, builtins hidden and seen again.
# prints: module None written False made from a class
# prints: (('middle', 'inner'), 'inner') ('written', 'enclosing') module ('written', 'from a class') global by a class
# prints: 1 UnboundLocalError unbound bound
# prints: 2 unbound hidden 3
# prints: shadow
# prints: 2
# prints: name 'undefined' is not defined
# prints: name 'undefined' is not defined

x = "module"


def reads():
    return x


def writes(value):
    global x
    x = value


def deletes():
    global temporary
    temporary = 1
    del temporary
    return "temporary" in globals()


def makes():
    global made

    def made():
        return "made"

    class Inner:
        global y
        y = "from a class"

    return made()


def outer():
    x = "outer"

    def middle():
        nonlocal x
        x = "middle"

        def inner():
            nonlocal x
            before = x
            x = "inner"
            return before

        return inner(), x

    return middle(), x


def skip():
    x = "enclosing"

    def inner():
        global x
        return x

    return inner(), x


def unbound(flag):
    if flag:
        value = 1
    try:
        return value
    except UnboundLocalError as error:
        return type(error).__name__


def conditional_delete(flag):
    value = 1
    if flag:
        del value
    try:
        value
        return "bound"
    except UnboundLocalError:
        return "unbound"


def loop_variable(items):
    for item in items:
        pass
    try:
        return item
    except UnboundLocalError:
        return "unbound"


def hides():
    len = lambda x: "hidden"
    return len("a")


class C:
    x = x
    y = "class"

    def get(self):
        return x, y

    global g
    g = "global by a class"


print(reads(), writes("written"), reads(), deletes(), makes(), y)
print(outer(), skip(), C.x, C().get(), g)
print(unbound(True), unbound(False), conditional_delete(True), conditional_delete(False))
print(loop_variable([1, 2]), loop_variable([]), hides(), len("abc"))
len = "shadow"
print(len)
del len
print(len("ab"))
try:
    undefined
except NameError as error:
    print(error)
try:
    del undefined
except NameError as error:
    print(error)
