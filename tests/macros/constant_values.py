"""Constants are text for the macro, and the very objects when it passes them on."""

import math

from pyasm import macro


def show(tups):
    print(*[arg for inst, arg in tups if inst == "LOAD_CONST"], sep=" | ")
    return [(inst, arg) for inst, arg in tups]


def more(tups):
    last = tups.index(("BUILD_LIST", 11))
    extra = [frozenset({1}), -0.0, "nan", "b'x'", "(1, 'a', ('b',))", "...", '"it\'s \\"so\\""', "1_000", "-1e3"]
    result = [*tups[:last], *[("LOAD_CONST", value) for value in extra]]
    return [*result, ("BUILD_LIST", 11 + len(extra)), ("RETURN_VALUE", 0), ("END", 0)]


@macro(more)
@macro(show)
def values():
    x = ("tuple", 2)
    return [1, 1.0, True, -2, 1e300 * 1e10, 2j, "text", b"bytes", None, ..., x]


got = values()
print(got[:11])
print(got[11:])
print(math.copysign(1, got[12]))

# prints:
# ('tuple', 2) | 1 | 1.0 | True | -2 | inf | 2j | "text" | b'bytes' | None | Ellipsis
# [1, 1.0, True, -2, inf, 2j, 'text', b'bytes', None, Ellipsis, ('tuple', 2)]
# [frozenset({1}), -0.0, nan, b'x', (1, 'a', ('b',)), Ellipsis, 'it\'s "so"', 1000, -1000.0]
# -1.0
