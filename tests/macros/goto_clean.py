"""goto that also takes the assignment away."""

from pyasm import macro


def goto(tups):
    result = []
    tups = iter(tups)
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg.startswith('"goto '):
            result.append(("JUMP_ABSOLUTE", arg[6:-1]))
            next(tups)
        elif inst == "LOAD_CONST" and arg.startswith('"label '):
            result.append(("LABEL", arg[7:-1]))
            next(tups)
        else:
            result.append((inst, arg))
    return result


@macro(goto)
def collatz(n):
    steps = 0
    _ = "label next"
    if n == 1:
        _ = "goto done"
    steps += 1
    if n % 2:
        n = 3 * n + 1
        _ = "goto next"
    n //= 2
    _ = "goto next"
    _ = "label done"
    return steps


print(collatz(27))

# prints:
# 111
