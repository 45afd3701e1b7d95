"""goto as strings: the jump and the label leave the STORE_FAST behind them, which finds nothing on the stack."""

from pyasm import macro


def goto(tups):
    result = []
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg[1:5] == "goto":
            result.append(("JUMP_ABSOLUTE", arg[6:-1]))
        elif inst == "LOAD_CONST" and arg[-2:] == ':"':
            result.append(("LABEL", arg[1:-2]))
        else:
            result.append((inst, arg))
    return result


@macro(goto, pad_underflow=True)
def forward():
    n = 0
    while n < 10:
        if n > 2:
            _ = "goto exit"
        print(n)
        n += 1
    _ = "exit:"
    return n


@macro(goto, pad_underflow=True)
def backward(n):
    _ = "again:"
    n -= 1
    if n:
        _ = "goto again"
    return n, _


print(forward())
print(backward(1000))

# prints:
# 0
# 1
# 2
# 3
# (0, None)
