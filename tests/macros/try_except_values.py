"""A handler that uses the values: type, exception and traceback lie on the stack."""

from pyasm import macro


def report(tups):
    return [
        *tups[:2],
        ("SETUP_FINALLY", "handler"),
        ("LOAD_FAST", "f"),
        ("CALL_FUNCTION", 0),
        ("POP_BLOCK", 0),
        ("RETURN_VALUE", 0),
        ("LABEL", "handler"),  # tb0 exc0 type0 tb exc type
        ("STORE_FAST", "type"),
        ("STORE_FAST", "exc"),
        ("STORE_FAST", "tb"),
        ("POP_EXCEPT", 0),
        ("LOAD_FAST", "type"),
        ("LOAD_ATTR", "__name__"),
        ("LOAD_FAST", "exc"),
        ("LOAD_ATTR", "args"),
        ("LOAD_FAST", "tb"),
        ("LOAD_ATTR", "tb_frame"),
        ("LOAD_ATTR", "f_code"),
        ("LOAD_ATTR", "co_name"),
        ("BUILD_TUPLE", 3),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(report)
def attempt(f):
    pass


def fail():
    raise KeyError("k", 1)


print(attempt(fail), attempt(list))

# prints:
# ('KeyError', ('k', 1), 'attempt') []
