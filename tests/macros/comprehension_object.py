"""A comprehension as the compiler writes it: a function of its own, with a parameter that has no name in Python."""

from pyasm import macro


def comprehend(tups):
    return [
        *tups[:2],
        ("LOAD_OBJECT", "<listcomp>"),
        ("LOAD_CONST", '"doubles.<locals>.<listcomp>"'),
        ("MAKE_FUNCTION", 0),
        ("LOAD_FAST", "items"),
        ("GET_ITER", 0),
        ("CALL_FUNCTION", 1),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "<listcomp>"),
        ("ADD_ARG", ".0"),
        ("BUILD_LIST", 0),
        ("LOAD_FAST", ".0"),
        ("LABEL", "next"),
        ("FOR_ITER", "done"),
        ("STORE_FAST", "x"),
        ("LOAD_FAST", "x"),
        ("POP_JUMP_IF_FALSE", "next"),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "2"),
        ("BINARY_MULTIPLY", 0),
        ("LIST_APPEND", 2),
        ("JUMP_ABSOLUTE", "next"),
        ("LABEL", "done"),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(comprehend)
def doubles(items):
    pass


print(doubles([1, 0, 3, None, "a"]))

# prints:
# [2, 6, 'aa']
