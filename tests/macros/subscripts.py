"""Slices, items set and deleted."""

from pyasm import macro


def items(tups):
    return [
        *tups[:2],
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "1"),
        ("LOAD_CONST", "3"),
        ("BUILD_SLICE", 2),
        ("BINARY_SUBSCR", 0),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "None"),
        ("DUP_TOP", 0),
        ("LOAD_CONST", "-2"),
        ("BUILD_SLICE", 3),
        ("BINARY_SUBSCR", 0),
        ("LOAD_CONST", '"new"'),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "0"),
        ("STORE_SUBSCR", 0),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "-1"),
        ("DELETE_SUBSCR", 0),
        ("BUILD_TUPLE", 2),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(items)
def work(x):
    pass


x = list(range(6))
print(work(x), x)

# prints:
# ([1, 2], [5, 3, 1]) ['new', 1, 2, 3, 4]
