"""Instructions counted while they run."""

from collections import Counter

from pyasm import macro

counts = Counter()


def profile(tups):
    result = []
    for inst, arg in tups:
        if inst not in ("DEFINE", "ADD_ARG", "LABEL", "END"):
            result += [
                ("LOAD_GLOBAL", "counts"),
                ("LOAD_CONST", f'"{inst}"'),
                ("DUP_TOP_TWO", 0),
                ("BINARY_SUBSCR", 0),
                ("LOAD_CONST", "1"),
                ("INPLACE_ADD", 0),
                ("ROT_THREE", 0),
                ("STORE_SUBSCR", 0),
            ]
        result.append((inst, arg))
    return result


@macro(profile)
def work(items):
    total = 0
    for item in items:
        total += item
    return total


print(work([1, 2, 3]), counts["FOR_ITER"], counts["INPLACE_ADD"], counts["RETURN_VALUE"])

# prints:
# 6 4 3 1
