"""Every call of a global function is announced."""

from pyasm import macro


def announce(text):
    return [("LOAD_GLOBAL", "print"), ("LOAD_CONST", f'"{text}"'), ("CALL_FUNCTION", 1), ("POP_TOP", 0)]


def trace(tups):
    result = []
    names = []
    for inst, arg in tups:
        if inst == "LOAD_GLOBAL":
            names.append(arg)
        if inst == "CALL_FUNCTION":
            result += announce(f"calling {names.pop()} with {arg}")
        result.append((inst, arg))
        if inst == "RETURN_VALUE":
            result[-1:] = [*announce("done"), ("RETURN_VALUE", 0)]
    return result


@macro(trace)
def work(text):
    return len(sorted(text)) + abs(-1)


print(work("abc"))

# prints:
# calling sorted with 1
# calling len with 1
# calling abs with 1
# done
# 4
