"""Results are kept at each RETURN_VALUE, and looked up at the beginning."""

from pyasm import macro

cache = {}


def memoise(tups):
    result = [
        *tups[:2],
        ("LOAD_FAST", "n"),
        ("LOAD_GLOBAL", "cache"),
        ("CONTAINS_OP", 0),
        ("POP_JUMP_IF_FALSE", "unknown"),
        ("LOAD_GLOBAL", "cache"),
        ("LOAD_FAST", "n"),
        ("BINARY_SUBSCR", 0),
        ("RETURN_VALUE", 0),
        ("LABEL", "unknown"),
    ]
    for tup in tups[2:]:
        if tup[0] == "RETURN_VALUE":
            result += [("DUP_TOP", 0), ("LOAD_GLOBAL", "cache"), ("LOAD_FAST", "n"), ("STORE_SUBSCR", 0)]
        result.append(tup)
    return result


@macro(memoise)
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


print(fib(80), len(cache))

# prints:
# 23416728348467685 81
