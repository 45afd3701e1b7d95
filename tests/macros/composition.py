"""Each call gets the result of the one before as its first argument."""

from pyasm import macro


def join(tups):
    result = []
    joining = False
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg == '"join"':
            joining = True
        elif inst == "LOAD_CONST" and arg == '"end"':
            joining = False
        elif joining and (inst == "POP_TOP" or inst[:5] == "STORE"):
            continue
        elif joining and inst == "CALL_FUNCTION":
            result.append((inst, str(int(arg) + 1)))
        elif joining and inst in ("LOAD_NAME", "LOAD_GLOBAL"):
            result += [(inst, arg), ("ROT_TWO", "0")]
        else:
            result.append((inst, arg))
    return result


def double(n):
    return n * 2


@macro(join)
def test():
    _ = "join"
    n = 3
    range(6)
    sum()
    double()
    print()
    _ = "end"


test()

# prints:
# 24
