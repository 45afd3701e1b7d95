"""Sequences taken apart and put together: the leftmost value is on top."""

from pyasm import macro


def unpack(tups):
    return [
        *tups[:2],
        ("LOAD_FAST", "items"),
        ("UNPACK_EX", 1 | 1 << 8),
        ("STORE_FAST", "first"),
        ("STORE_FAST", "middle"),
        ("STORE_FAST", "last"),
        ("LOAD_FAST", "middle"),
        ("UNPACK_SEQUENCE", 2),
        ("BUILD_LIST", 2),
        ("LOAD_FAST", "items"),
        ("LIST_EXTEND", 1),
        ("LIST_TO_TUPLE", 0),
        ("BUILD_SET", 0),
        ("LOAD_FAST", "items"),
        ("SET_UPDATE", 1),
        ("LOAD_GLOBAL", "sorted"),
        ("ROT_TWO", 0),
        ("CALL_FUNCTION", 1),
        ("LOAD_CONST", "'k'"),
        ("LOAD_FAST", "first"),
        ("BUILD_MAP", 1),
        ("LOAD_CONST", "2"),
        ("LOAD_CONST", "3"),
        ("LOAD_CONST", "('l', 'm')"),
        ("BUILD_CONST_KEY_MAP", 2),
        ("DICT_UPDATE", 1),
        ("LOAD_FAST", "last"),
        ("BUILD_TUPLE", 4),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(unpack)
def work(items):
    pass


print(work("abcd"))

# prints:
# (('c', 'b', 'a', 'b', 'c', 'd'), ['a', 'b', 'c', 'd'], {'k': 'a', 'l': 2, 'm': 3}, 'd')
