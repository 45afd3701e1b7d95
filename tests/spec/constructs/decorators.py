# Decorators of functions and classes: with arguments, several, any expression; the order in which all is evaluated.
# prints: make one make two default apply two apply one make three apply three make static apply static expression make class apply class 
# prints: ('one', ('two', 1)) ('three', 2) ('lambda', 'n') p ('static', 's') ('static', 's')
# prints: class D

def say(*what):
    print(*what, end=" ")


def d(name):
    say("make", name)

    def decorator(f):
        say("apply", name)

        def wrapper(*args, **kwargs):
            return name, f(*args, **kwargs)

        return wrapper

    return decorator


@d("one")
@d("two")
def f(x=say("default")):
    return x


class C:
    table = {"k": d("three")}

    @table["k"]
    def m(self, y):
        return y

    @(lambda g: lambda self: ("lambda", g(self)))
    def n(self):
        return "n"

    @property
    def p(self):
        return "p"

    @staticmethod
    @d("static")
    def s():
        return "s"


@(say("expression") or d("class"))
class D:
    pass


print()
print(f(1), C().m(2), C().n(), C().p, C.s(), C().s())
print(D()[0], type(D()[1]).__name__)
