"""What always happens, on both ways out."""

from pyasm import macro

log = []


def note(text):
    return [("LOAD_GLOBAL", "log"), ("LOAD_METHOD", "append"), ("LOAD_CONST", f'"{text}"'), ("CALL_METHOD", 1)]


def always(tups):
    start = next(i for i, (inst, _) in enumerate(tups) if inst not in ("DEFINE", "ADD_ARG"))
    result = [*tups[:start], *note("enter"), ("POP_TOP", 0), ("SETUP_FINALLY", "finally")]
    for tup in tups[start:-1]:
        if tup[0] == "RETURN_VALUE":
            result += [("POP_BLOCK", 0), *note("leave"), ("POP_TOP", 0)]
        result.append(tup)
    return [*result, ("LABEL", "finally"), *note("failed"), ("POP_TOP", 0), ("RERAISE", 0), tups[-1]]


@macro(always)
def item(sequence, i):
    if i < 0:
        return None
    return sequence[i]


print(item("abc", 1), item("abc", -1), log)
try:
    item("abc", 3)
except IndexError as error:
    print(error, log[4:])

# prints:
# b None ['enter', 'leave', 'enter', 'leave']
# string index out of range ['enter', 'failed']
