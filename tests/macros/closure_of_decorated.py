"""A function with a closure keeps the very cells, also where its macro has no use for them."""

from pyasm import macro


def shifted(tups):
    return [("LOAD_CONST", "100") if tup == ("LOAD_CONST", "1") else tup for tup in tups]


def make():
    count = 0

    @macro(shifted)
    def up():
        nonlocal count
        count += 1
        return count

    def get():
        return count

    return up, get


up, get = make()
up()
up()
print(get(), up.__closure__[0] is get.__closure__[0])

# prints:
# 200 True
