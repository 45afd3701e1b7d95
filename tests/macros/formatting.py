"""f-strings by hand: conversions, specifications, joined pieces."""

from pyasm import macro


def text(tups):
    return [
        *tups[:2],
        ("LOAD_CONST", '"<"'),
        ("LOAD_FAST", "x"),
        ("FORMAT_VALUE", 0),
        ("LOAD_CONST", '"|"'),
        ("LOAD_FAST", "x"),
        ("FORMAT_VALUE", 2),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", '"*^7"'),
        ("FORMAT_VALUE", 4),
        ("LOAD_FAST", "x"),
        ("LOAD_CONST", '">8"'),
        ("FORMAT_VALUE", "7"),
        ("LOAD_FAST", "x"),
        ("FORMAT_VALUE", 1),
        ("BUILD_STRING", 7),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(text)
def show(x):
    pass


print(show("äb"))

# prints:
# <äb|'äb'**äb*** '\xe4b'äb
