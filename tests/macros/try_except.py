"""A handler by hand: six values on the stack, of which it pops three."""

from pyasm import macro


def guard(tups):
    start = next(i for i, (inst, _) in enumerate(tups) if inst not in ("DEFINE", "ADD_ARG"))
    result = [*tups[:start], ("SETUP_FINALLY", "handler")]
    for tup in tups[start:-1]:
        if tup[0] == "RETURN_VALUE":
            result.append(("POP_BLOCK", 0))
        result.append(tup)
    return [
        *result,
        ("LABEL", "handler"),
        ("DUP_TOP", 0),
        ("LOAD_GLOBAL", "ZeroDivisionError"),
        ("JUMP_IF_NOT_EXC_MATCH", "no"),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_EXCEPT", 0),
        ("LOAD_CONST", '"no quotient"'),
        ("RETURN_VALUE", 0),
        ("LABEL", "no"),
        ("RERAISE", 0),
        tups[-1],
    ]


@macro(guard)
def divide(a, b):
    return a // b


print(divide(7, 2), divide(7, 0))
try:
    divide(7, "2")
except TypeError as error:
    print(type(error).__name__, error.__context__)

# prints:
# 3 no quotient
# TypeError None
