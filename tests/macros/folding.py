"""An optimiser: sums of constants are computed, and statements without effect go away."""

from pyasm import Const, macro


def fold(tups):
    result = []
    for tup in tups:
        result.append(tup)
        while len(result) > 2 and [t[0] for t in result[-3:]] == ["LOAD_CONST", "LOAD_CONST", "BINARY_ADD"]:
            a, b = result[-3][1].value, result[-2][1].value
            result[-3:] = [("LOAD_CONST", Const(a + b))]
        if [t[0] for t in result[-2:]] == ["LOAD_FAST", "POP_TOP"]:
            result[-2:] = []
    return result


def constants(tups):
    return [
        ("LOAD_CONST", {"A": '"a"', "B": '"b"', "C": '"c"'}[tup[1]]) if tup[0] == "LOAD_GLOBAL" else tup for tup in tups
    ]


def lengths(tups):
    print(len(tups), [str(arg) for inst, arg in tups if inst == "LOAD_CONST"])
    return tups


@macro(lengths)
@macro(fold)
@macro(lambda tups: [(i, Const(a.value)) if i == "LOAD_CONST" else (i, a) for i, a in tups])
@macro(constants)
def text(x):
    x
    return A + B + (C + C)


print(text(1))

# prints:
# 5 ['"abcc"']
# abcc
