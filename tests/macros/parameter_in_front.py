"""An additional parameter, directly under the DEFINE."""

from pyasm import macro


def add_arg(tups):
    result = [tups[0], ("ADD_ARG", "a")]
    for inst, arg in tups[1:]:
        if inst in ("LOAD_NAME", "LOAD_GLOBAL") and arg == "a":
            inst = "LOAD_FAST"
        result.append((inst, arg))
    return result


@macro(add_arg)
def show(b, c=30):
    print("a is", a, "b is", b, "c is", c)


show(1, 2)
show(1, 2, 3)
show(b=2, a=1)

# prints:
# a is 1 b is 2 c is 30
# a is 1 b is 2 c is 3
# a is 1 b is 2 c is 30
