"""A closure by hand: its variable is a cell in both functions; defaults and annotations too."""

from pyasm import macro


def counter(tups):
    return [
        tups[0],
        ("ADD_ARG", "n"),
        ("LOAD_CONST", "10"),
        ("BUILD_TUPLE", 1),
        ("LOAD_CONST", "100"),
        ("LOAD_CONST", "('more',)"),
        ("BUILD_CONST_KEY_MAP", 1),
        ("LOAD_CLOSURE", "n"),
        ("BUILD_TUPLE", 1),
        ("LOAD_OBJECT", "step"),
        ("LOAD_CONST", '"counter.<locals>.step"'),
        ("MAKE_FUNCTION", 1 | 2 | 8),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "step"),
        ("ADD_ARG", "by"),
        ("ADD_ARG", "*"),
        ("ADD_ARG", "more"),
        ("LOAD_DEREF", "n"),
        ("LOAD_FAST", "by"),
        ("INPLACE_ADD", 0),
        ("LOAD_FAST", "more"),
        ("INPLACE_ADD", 0),
        ("DUP_TOP", 0),
        ("STORE_DEREF", "n"),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(counter)
def counter():
    pass


step, other = counter(1), counter(1000)
print(step(), step(1), step(2, more=0), other(), step.__qualname__)

# prints:
# 111 212 214 1110 counter.<locals>.step
