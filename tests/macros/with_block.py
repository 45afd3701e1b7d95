"""The whole function inside a with block, written by hand."""

from pyasm import macro


class Guard:
    def __enter__(self):
        print("enter")
        return "entered"

    def __exit__(self, kind, value, traceback):
        print("exit", kind and kind.__name__, traceback is not None)
        return kind is KeyError


guard = Guard()


def guarded(tups):
    start = next(i for i, (inst, _) in enumerate(tups) if inst not in ("DEFINE", "ADD_ARG"))
    result = [*tups[:start], ("LOAD_GLOBAL", "guard"), ("SETUP_WITH", "except"), ("STORE_FAST", "entered")]
    for tup in tups[start:-1]:
        if tup[0] == "RETURN_VALUE":
            result += [
                ("POP_BLOCK", 0),
                ("ROT_TWO", 0),
                ("LOAD_CONST", "None"),
                ("DUP_TOP", 0),
                ("DUP_TOP", 0),
                ("CALL_FUNCTION", 3),
                ("POP_TOP", 0),
            ]
        result.append(tup)
    return [
        *result,
        ("LABEL", "except"),
        ("WITH_EXCEPT_START", 0),
        ("POP_JUMP_IF_TRUE", "swallow"),
        ("RERAISE", 0),
        ("LABEL", "swallow"),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_TOP", 0),
        ("POP_EXCEPT", 0),
        ("POP_TOP", 0),
        ("LOAD_CONST", '"swallowed"'),
        ("RETURN_VALUE", 0),
        tups[-1],
    ]


@macro(guarded)
def work(d, key):
    return d[key]


print(work({"a": 1}, "a"))
print(work({"a": 1}, "b"))
try:
    work([], "c")
except TypeError:
    print("raised")

# prints:
# enter
# exit None False
# 1
# enter
# exit KeyError True
# swallowed
# enter
# exit TypeError True
# raised
