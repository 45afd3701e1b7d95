"""Calls with keywords, with an iterable and a mapping, of methods."""

from pyasm import macro


def show(*args, **kwargs):
    return args, kwargs


def call(tups):
    return [
        *tups[:2],
        ("LOAD_GLOBAL", "show"),
        ("LOAD_CONST", "1"),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", "('key',)"),
        ("CALL_FUNCTION_KW", 2),
        ("LOAD_GLOBAL", "show"),
        ("LOAD_FAST", "x"),
        ("CALL_FUNCTION_EX", 0),
        ("LOAD_GLOBAL", "show"),
        ("LOAD_CONST", "()"),
        ("LOAD_CONST", '"a"'),
        ("LOAD_CONST", "1"),
        ("BUILD_MAP", 1),
        ("LOAD_GLOBAL", "more"),
        ("DICT_MERGE", 1),
        ("CALL_FUNCTION_EX", 1),
        ("LOAD_CONST", '"%s and %s"'),
        ("LOAD_METHOD", "replace"),
        ("LOAD_CONST", '"%s"'),
        ("LOAD_FAST", "x"),
        ("CALL_METHOD", 2),
        ("BUILD_TUPLE", 4),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


more = {"b": 2}


@macro(call)
def work(x):
    pass


for part in work("yz"):
    print(part)
more = {"a": 2}
try:
    work("yz")
except TypeError as error:
    print("multiple values" in str(error))

# prints:
# ((1,), {'key': 'yz'})
# (('y', 'z'), {})
# ((), {'a': 1, 'b': 2})
# yz and yz
# True
