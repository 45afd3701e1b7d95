"""List, set and dict comprehensions in the function itself, without a function of their own."""

from pyasm import macro


def loop(build, element, append):
    return [
        (build, 0),
        ("LOAD_FAST", "items"),
        ("GET_ITER", 0),
        ("LABEL", f"next {append}"),
        ("FOR_ITER", f"end {append}"),
        ("STORE_FAST", "item"),
        *element,
        (append, 2),
        ("JUMP_ABSOLUTE", f"next {append}"),
        ("LABEL", f"end {append}"),
    ]


def comprehend(tups):
    square = [("LOAD_FAST", "item"), ("DUP_TOP", 0), ("BINARY_MULTIPLY", 0)]
    return [
        *tups[:2],
        *loop("BUILD_LIST", square, "LIST_APPEND"),
        *loop("BUILD_SET", square, "SET_ADD"),
        *loop("BUILD_MAP", [("LOAD_FAST", "item"), *square], "MAP_ADD"),
        ("BUILD_TUPLE", 3),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(comprehend)
def squares(items):
    pass


print(squares([1, 2, -2]))

# prints:
# ([1, 4, 4], {1, 4}, {1: 1, 2: 4, -2: 4})
