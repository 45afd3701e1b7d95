"""A class whose body is a code object of the list."""

from pyasm import macro


def make_class(tups):
    return [
        tups[0],
        ("LOAD_BUILD_CLASS", 0),
        ("LOAD_OBJECT", "Point"),
        ("LOAD_CONST", '"Point"'),
        ("MAKE_FUNCTION", 0),
        ("LOAD_CONST", '"Point"'),
        ("LOAD_GLOBAL", "dict"),
        ("CALL_FUNCTION", 3),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "Point"),
        ("LOAD_NAME", "__name__"),
        ("STORE_NAME", "__module__"),
        ("LOAD_CONST", "2"),
        ("STORE_NAME", "dimensions"),
        ("LOAD_NAME", "dimensions"),
        ("LOAD_CONST", "1"),
        ("BINARY_ADD", 0),
        ("STORE_NAME", "more"),
        ("LOAD_OBJECT", "total"),
        ("LOAD_CONST", '"Point.total"'),
        ("MAKE_FUNCTION", 0),
        ("STORE_NAME", "total"),
        ("LOAD_CONST", "None"),
        ("RETURN_VALUE", 0),
        ("END", 0),
        ("DEFINE", "total"),
        ("ADD_ARG", "self"),
        ("LOAD_GLOBAL", "sum"),
        ("LOAD_FAST", "self"),
        ("LOAD_METHOD", "values"),
        ("CALL_METHOD", 0),
        ("CALL_FUNCTION", 1),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(make_class)
def make():
    pass


Point = make()
print(Point.__name__, Point.dimensions, Point.more, Point(x=1, y=2).total(), Point.total.__qualname__)

# prints:
# Point 2 3 3 Point.total
