"""All comparisons, membership and identity."""

from pyasm import macro


def compare(tups):
    tests = [("COMPARE_OP", sign) for sign in ("<", "<=", "==", "!=", ">", ">=")]
    tests += [("IS_OP", 0), ("IS_OP", 1)]
    result = list(tups[:3])
    for test in tests:
        result += [("LOAD_FAST", "a"), ("LOAD_FAST", "b"), test]
    for invert in (0, "1"):
        result += [("LOAD_FAST", "a"), ("LOAD_FAST", "b"), ("BUILD_TUPLE", 1), ("CONTAINS_OP", invert)]
    return [*result, ("BUILD_TUPLE", 10), ("RETURN_VALUE", 0), ("END", 0)]


@macro(compare)
def run(a, b):
    pass


print([int(x) for x in run(1, 2)])
print([int(x) for x in run(2, 2)])

# prints:
# [1, 1, 0, 1, 0, 0, 0, 1, 0, 1]
# [0, 1, 1, 0, 0, 1, 1, 0, 1, 0]
