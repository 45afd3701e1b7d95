"""Delegation to another generator, by hand."""

from pyasm import macro


def delegate(tups):
    return [
        *tups[:2],
        ("LOAD_FAST", "it"),
        ("GET_YIELD_FROM_ITER", 0),
        ("LOAD_CONST", "None"),
        ("YIELD_FROM", 0),
        ("LOAD_GLOBAL", "print"),
        ("ROT_TWO", 0),
        ("CALL_FUNCTION", 1),
        ("POP_TOP", 0),
        ("LOAD_CONST", "None"),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(delegate)
def through(it):
    pass


def inner():
    got = yield 1
    try:
        yield got
    except KeyError:
        yield "caught"
    return "value"


g = through(inner())
print(next(g), g.send("sent"), g.throw(KeyError()))
print(list(g))
print(list(through("ab")))

# prints:
# 1 sent caught
# value
# []
# None
# ['a', 'b']
