"""Functions within functions within functions, the outermost of them last."""

from pyasm import macro


def functions(tups):
    return [
        ("DEFINE", "inner"),
        ("ADD_ARG", "x"),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "1"),
        ("BINARY_ADD", 0),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "middle"),
        ("LOAD_OBJECT", "inner"),
        ("LOAD_CONST", '"inner"'),
        ("MAKE_FUNCTION", 0),
        ("RETURN_VALUE", 0),
        ("END", 0),
        *tups[:2],
        ("LOAD_OBJECT", "middle"),
        ("LOAD_CONST", '"middle"'),
        ("MAKE_FUNCTION", 0),
        ("CALL_FUNCTION", 0),
        ("STORE_FAST", "f"),
        ("LOAD_FAST", "f"),
        ("LOAD_FAST", "f"),
        ("LOAD_FAST", "n"),
        ("CALL_FUNCTION", 1),
        ("CALL_FUNCTION", 1),
        ("LOAD_FAST", "f"),
        ("LOAD_ATTR", "__name__"),
        ("BUILD_TUPLE", 2),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(functions)
def outer(n):
    pass


print(outer(5))

# prints:
# (7, 'inner')
