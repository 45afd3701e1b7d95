"""A handler within a handler, and a loop around both: `except E as e` as the compiler writes it."""

from pyasm import macro


def retry(tups):
    return [
        *tups[:3],  # DEFINE, f, times
        ("LABEL", "again"),
        ("SETUP_FINALLY", "handler"),
        ("LOAD_FAST", "f"),
        ("CALL_FUNCTION", 0),
        ("POP_BLOCK", 0),
        ("RETURN_VALUE", 0),
        ("LABEL", "handler"),
        ("DUP_TOP", 0),
        ("LOAD_GLOBAL", "ValueError"),
        ("JUMP_IF_NOT_EXC_MATCH", "other"),
        ("POP_TOP", 0),
        ("STORE_FAST", "e"),
        ("POP_TOP", 0),
        ("SETUP_FINALLY", "cleanup"),
        ("LOAD_GLOBAL", "print"),
        ("LOAD_CONST", '"failed:"'),
        ("LOAD_FAST", "e"),
        ("CALL_FUNCTION", 2),
        ("POP_TOP", 0),
        ("LOAD_FAST", "times"),
        ("LOAD_CONST", "1"),
        ("INPLACE_SUBTRACT", 0),
        ("DUP_TOP", 0),
        ("STORE_FAST", "times"),
        ("POP_JUMP_IF_TRUE", "go on"),
        ("RAISE_VARARGS", 0),
        ("LABEL", "go on"),
        ("POP_BLOCK", 0),
        ("POP_EXCEPT", 0),
        ("LOAD_CONST", "None"),
        ("STORE_FAST", "e"),
        ("DELETE_FAST", "e"),
        ("JUMP_ABSOLUTE", "again"),
        ("LABEL", "cleanup"),
        ("LOAD_CONST", "None"),
        ("STORE_FAST", "e"),
        ("DELETE_FAST", "e"),
        ("RERAISE", 0),
        ("LABEL", "other"),
        ("RERAISE", 0),
        ("END", 0),
    ]


@macro(retry)
def attempt(f, times):
    pass


left = [3]


def flaky():
    left[0] -= 1
    if left[0] > 0:
        raise ValueError(left[0])
    return "at last"


print(attempt(flaky, 5))
left = [9]
try:
    attempt(flaky, 2)
except ValueError as error:
    print("gave up at", error)

# prints:
# failed: 2
# failed: 1
# at last
# failed: 8
# failed: 7
# gave up at 7
