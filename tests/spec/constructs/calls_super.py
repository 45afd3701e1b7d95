# Calls of methods of the base class: super() without and with arguments, in methods of each kind, of attributes that are no methods.
# prints: ('B', ('A.m', (7,), {'a': 8}), ('A.m', (1,), {}), ('A.m', (1,), {'k': 2}), ('A.m', (), {}))
# prints: ('B', ('A.c', 'B', 0), ('A.c', 'B', 5))
# prints: B.p A.p A.x A.x
# prints: ('A.m', ('stored',), {}) (('A.m', (), {}), ['A.x']) B

class A:
    x = "A.x"

    def m(self, *args, **kwargs):
        return "A.m", args, kwargs

    @classmethod
    def c(cls, v=0):
        return "A.c", cls.__name__, v

    @property
    def p(self):
        return "A.p"


class B(A):
    x = "B.x"

    def m(self, *args, **kwargs):
        return "B", super().m(*args, **kwargs), super().m(1), super().m(1, k=2), super(B, self).m()

    @classmethod
    def c(cls, v=0):
        return "B", super().c(), super().c(5)

    @property
    def p(self):
        return "B.p " + super().p + " " + super().x

    def own(self, super):
        return super().x

    def stored(self):
        method = super().m
        self = None
        return method("stored")

    def in_inner(self):
        return (lambda: super(B, self).m())(), list(super(B, self).x for _ in "a")

    def cls(self):
        return __class__.__name__


b = B()
print(b.m(7, a=8))
print(B.c())
print(b.p, b.own(lambda: A))
print(b.stored(), b.in_inner(), b.cls())
