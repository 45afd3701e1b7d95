"""Source in strings, compiled in the macro: a loop as C has it."""

from pyasm import byte_compile, macro


def cloop(tups):
    result = []
    step = check = []
    for inst, arg in tups:
        if arg == "_":
            continue
        if inst == "LOAD_CONST" and arg[1:4] == "for":
            start, condition, step = arg[5:-1].split(";")
            result += byte_compile(start)
            result.append(("LABEL", "for"))
            check = byte_compile(condition)[:-1]
            step = byte_compile(step)
        elif arg == '"end"':
            result += [*step, *check, ("POP_JUMP_IF_TRUE", "for")]
        else:
            result.append((inst, arg))
    return result


@macro(cloop)
def count(a):
    _ = "for c = 0;c < a;c+=1"
    print(c)
    _ = "end"


count(3)
print("the global c is", c)

# prints:
# 0
# 1
# 2
# the global c is 3
