"""A jump out of two for loops: what they left on the stack is popped by hand."""

from pyasm import macro


def leave(tups):
    result = []
    tups = iter(tups)
    for inst, arg in tups:
        if arg == '"leave"':
            next(tups)
            result += [("POP_TOP", 0), ("POP_TOP", 0), ("JUMP_FORWARD", "left")]
        elif arg == '"left"':
            next(tups)
            result.append(("LABEL", "left"))
        else:
            result.append((inst, arg))
    return result


@macro(leave)
def find(rows, wanted):
    y = x = None
    for y, row in enumerate(rows):
        for x, item in enumerate(row):
            if item == wanted:
                _ = "leave"
    _ = "left"
    return "".join(map(str, (y, x)))


print(find(["abc", "def", "ghi"], "f"))

# prints:
# 12
