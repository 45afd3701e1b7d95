"""Calls of the function itself whose value is returned become a jump to the beginning."""

from pyasm import macro


def tail_calls(tups):
    name = tups[0][1]
    args = [arg for inst, arg in tups if inst == "ADD_ARG"]
    start = next(i for i, (inst, _) in enumerate(tups) if inst not in ("DEFINE", "ADD_ARG"))
    result = [*tups[:start], ("LABEL", "start")]
    body = tups[start:]
    while body:
        tail = body[:2]
        if [tup[0] for tup in tail] == ["CALL_FUNCTION", "RETURN_VALUE"] and tail[0][1] == len(args):
            result += [("STORE_FAST", arg) for arg in reversed(args)]
            result += [("POP_TOP", 0), ("JUMP_ABSOLUTE", "start")]  # the function itself
            body = body[2:]
        else:
            result.append(body.pop(0))
    assert ("LOAD_GLOBAL", name) in result
    return result


@macro(tail_calls)
def total(n, result):
    if n == 0:
        return result
    return total(n - 1, result + n)


print(total(100000, 0))

# prints:
# 5000050000
