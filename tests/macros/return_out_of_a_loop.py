"""A return out of a for loop by hand: the iterator, and what a call gave, are still on the stack below the value."""

from pyasm import macro


def by_hand(tups):
    return [
        *[tup for tup in tups if tup[0] in ("DEFINE", "ADD_ARG")],
        ("LOAD_GLOBAL", "print"),
        ("LOAD_CONST", '"looking"'),
        ("CALL_FUNCTION", 1),
        ("LOAD_FAST", "items"),
        ("GET_ITER", 0),
        ("LABEL", "next"),
        ("FOR_ITER", "none"),
        ("DUP_TOP", 0),
        ("LOAD_METHOD", "isupper"),
        ("CALL_METHOD", 0),
        ("POP_JUMP_IF_TRUE", "found"),
        ("POP_TOP", 0),
        ("JUMP_ABSOLUTE", "next"),
        ("LABEL", "found"),
        ("RETURN_VALUE", 0),
        ("LABEL", "none"),
        ("LOAD_CONST", "None"),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(by_hand)
def first_upper(items):
    pass


print(first_upper("abCd"), first_upper("abc"))

# prints:
# looking
# looking
# C None
