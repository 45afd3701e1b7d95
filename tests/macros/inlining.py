"""The body of one function in another one."""

from pyasm import macro, to_tuples


def square(x):
    return x * x


def inline(tups):
    body = to_tuples(square)[2:-2]  # without DEFINE, ADD_ARG, RETURN_VALUE, END
    result = []
    for inst, arg in tups:
        if (inst, arg) == ("LOAD_GLOBAL", "square"):
            continue
        if inst == "CALL_FUNCTION":
            result += [("STORE_FAST", "square x")]
            result += [(i, "square x" if a == "x" else a) for i, a in body]
        else:
            result.append((inst, arg))
    return result


@macro(inline)
def hypotenuse(a, b):
    return (square(a) + square(b)) ** 0.5


print(hypotenuse(3, 4), "square" in hypotenuse.__code__.co_names)

# prints:
# 5.0 False
