"""A loop's body many times over: jumps and places that need EXTENDED_ARG."""

from pyasm import macro

TIMES = 300


def unroll(tups):
    begin = next(i for i, tup in enumerate(tups) if tup[1] == '"begin"')
    end = next(i for i, tup in enumerate(tups) if tup[1] == '"end"')
    body = tups[begin + 2 : end]
    result = list(tups[:begin])
    for turn in range(TIMES):
        result += [("LOAD_CONST", turn), ("STORE_FAST", "i")]
        result += [(inst, f"{arg}_{turn}" if inst in JUMPS else arg) for inst, arg in body]
    return result + tups[end + 2 :]


JUMPS = {"LABEL", "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE", "JUMP_FORWARD", "JUMP_ABSOLUTE", "FOR_ITER"}


@macro(unroll)
def work(rounds):
    total = 0
    for _round in range(rounds):
        _ = "begin"
        if i % 3:
            total += i
        else:
            total -= 1
        _ = "end"
    return total


def local_i(tups):
    return [("LOAD_FAST", "i") if tup == ("LOAD_GLOBAL", "i") else tup for tup in tups]


work = macro(local_i)(work)
print(work(3), 3 * sum(i if i % 3 else -1 for i in range(TIMES)))

# prints:
# 89700 89700
