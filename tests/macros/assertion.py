"""Assertions that a string holds, always checked."""

from pyasm import byte_compile, macro


def check(tups):
    result = []
    tups = iter(tups)
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg[1:8] == "assert ":
            next(tups)
            result += byte_compile(arg[8:-1])[:-1]
            result += [
                ("POP_JUMP_IF_TRUE", arg),
                ("LOAD_ASSERTION_ERROR", 0),
                ("LOAD_CONST", arg),
                ("CALL_FUNCTION", 1),
                ("RAISE_VARARGS", 1),
                ("LABEL", arg),
            ]
        else:
            result.append((inst, arg))
    return result


@macro(check)
def root(n):
    _ = "assert n >= 0"
    _ = "assert n < 100"
    return n**0.5


print(root(4))
for n in (-1, 100):
    try:
        root(n)
    except AssertionError as error:
        print(error)

# prints:
# 2.0
# assert n >= 0
# assert n < 100
