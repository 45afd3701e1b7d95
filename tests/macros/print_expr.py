"""PRINT_EXPR shows values as the interactive interpreter does."""

from pyasm import byte_compile, execute_tups, macro


def show_assignments(tups):
    for inst, arg in tups:
        if inst == "STORE_FAST":
            yield "DUP_TOP", 0
            yield "PRINT_EXPR", 0
        yield inst, arg


@macro(show_assignments)
def work(n):
    a = n + 1
    b = [a] * 2
    c = None
    return b, c


print(work(1))
execute_tups(byte_compile("'text'; 1 + 1; x = 5; x if x else 0; None"))
print(x)

# prints:
# 2
# [2, 2]
# ([2, 2], None)
# 'text'
# 2
# 5
# 5
