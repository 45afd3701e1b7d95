"""Macros on macros: each one sees what the one below it made."""

from pyasm import macro


def replace(old, new):
    def change(tups):
        return [("LOAD_CONST", new) if tup == ("LOAD_CONST", old) else tup for tup in tups]

    return change


def twice(tups):
    start = next(i for i, (inst, _) in enumerate(tups) if inst not in ("DEFINE", "ADD_ARG"))
    body = [tup for tup in tups[start:-1] if tup[0] not in ("RETURN_VALUE",)]
    return [*tups[:start], *body, *body, ("BUILD_TUPLE", 2), ("RETURN_VALUE", 0), tups[-1]]


@macro(replace("3", "(4, 5)"))
@macro(twice)
@macro(replace("2", "3"))
@macro(replace("1", "2"))
def value():
    return 1


print(value())

# prints:
# ((4, 5), (4, 5))
