"""Constants that a string declares: every use of the name is the value."""

from pyasm import macro


def constant(tups):
    constants = {}
    result = []
    tups = iter(tups)
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg.startswith('"const '):
            name, value = arg[7:-1].split(" ")
            constants[name] = value
            next(tups)
        elif inst.startswith("LOAD") and arg in constants:
            result.append(("LOAD_CONST", constants[arg]))
        else:
            result.append((inst, arg))
    return result


@macro(constant)
def circle(r):
    _ = "const PI 3.14"
    _ = "const TWO 2"
    _ = "const UNIT 'cm'"
    return TWO * PI * r, UNIT


print(circle(10))

# prints:
# (62.800000000000004, 'cm')
