"""+ becomes *, < becomes >=, and a constant another one."""

from pyasm import macro

SWAPS = {
    ("BINARY_ADD", 0): ("BINARY_MULTIPLY", 0),
    ("COMPARE_OP", "<"): ("COMPARE_OP", ">="),
    ("IS_OP", 0): ("IS_OP", 1),
}


def swap(tups):
    return [SWAPS.get(tup, tup) for tup in tups]


@macro(swap)
def work(a, b):
    if a < b:
        return a + b
    return a is b, a in (b, 3), a not in (b, 3), a == b


print(work(4, 3), work(3, 4))

# prints:
# 12 (True, True, False, False)
