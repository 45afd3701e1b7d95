"""Rotations and duplicates."""

from pyasm import macro


def juggle(tups):
    load = [("LOAD_CONST", str(n)) for n in range(4)]
    result = [tups[0]]
    for op in ("ROT_TWO", "ROT_THREE", "ROT_FOUR"):
        result += [*load, (op, 0), ("BUILD_TUPLE", 4)]
    result += [*load, ("DUP_TOP", 0), ("BUILD_TUPLE", 5), *load, ("DUP_TOP_TWO", 0), ("NOP", 0), ("BUILD_TUPLE", 6)]
    return [*result, ("BUILD_LIST", 5), ("RETURN_VALUE", 0), ("END", 0)]


@macro(juggle)
def run():
    pass


for line in run():
    print(*line)

# prints:
# 0 1 3 2
# 0 3 1 2
# 3 0 1 2
# 0 1 2 3 3
# 0 1 2 3 2 3
