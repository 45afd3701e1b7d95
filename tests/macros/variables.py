"""Variables of all kinds, set and deleted."""

from pyasm import macro

old = 1


def variables(tups):
    return [
        *tups[:2],
        ("LOAD_CONST", "5"),
        ("STORE_GLOBAL", "new"),
        ("DELETE_GLOBAL", "old"),
        ("LOAD_FAST", "a"),
        ("STORE_NAME", "by_name"),  # a global
        ("LOAD_NAME", "a"),  # the parameter
        ("LOAD_NAME", "new"),  # a global
        ("LOAD_NAME", "len"),  # a builtin
        ("DELETE_FAST", "a"),
        ("BUILD_TUPLE", 3),
        ("LOAD_CONST", "7"),
        ("STORE_DEREF", "cell"),
        ("LOAD_DEREF", "cell"),
        ("DELETE_DEREF", "cell"),
        ("BUILD_TUPLE", 2),
        ("LOAD_FAST", "b"),
        ("POP_JUMP_IF_TRUE", "fail"),
        ("RETURN_VALUE", 0),
        ("LABEL", "fail"),
        ("LOAD_FAST", "a"),
        ("BUILD_TUPLE", 2),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


def second_parameter(tups):
    return [*tups[:2], ("ADD_ARG", "b"), *tups[2:]]


@macro(second_parameter)
@macro(variables)
def work(a):
    pass


print(work(3, False), new, by_name, "old" in globals())
old = 2
try:
    work(3, True)
except UnboundLocalError:
    print("a is not bound any more")

# prints:
# ((3, 5, <built-in function len>), 7) 5 3 False
# a is not bound any more
