"""What is in a function comes behind it in the list, under names that are told apart."""

from pyasm import macro


def show_and_change(tups):
    for inst, arg in tups:
        if inst in ("DEFINE", "LOAD_OBJECT"):
            print(inst, arg)
        yield inst, "-1" if (inst, arg) == ("LOAD_CONST", "1") else arg


@macro(show_and_change)
def outer(n):
    def f():
        return n

    g = f

    def f():
        def h():
            return n + 1

        return h()

    return g(), f(), (lambda: 1)()


print(outer(10))

# prints:
# DEFINE outer
# LOAD_OBJECT f
# LOAD_OBJECT f#2
# LOAD_OBJECT <lambda>
# DEFINE f
# DEFINE f#2
# LOAD_OBJECT h
# DEFINE h
# DEFINE <lambda>
# (10, 9, -1)
