"""`and`, `or`, and a table of jumps by hand."""

from pyasm import macro


def dispatch(tups):
    cases = {"0": "zero", "1": "one", "2": "two"}
    result = list(tups[:2])
    for value, label in cases.items():
        result += [("LOAD_FAST", "n"), ("LOAD_CONST", value), ("COMPARE_OP", "=="), ("POP_JUMP_IF_TRUE", label)]
    result += [
        ("LOAD_FAST", "n"),
        ("JUMP_IF_FALSE_OR_POP", "out"),
        ("LOAD_CONST", "()"),
        ("JUMP_IF_TRUE_OR_POP", "out"),
        ("LOAD_CONST", '"many"'),
        ("LABEL", "out"),
        ("RETURN_VALUE", 0),
    ]
    for label in cases.values():
        result += [("LABEL", label), ("LOAD_CONST", f'"{label}"'), ("RETURN_VALUE", 0)]
    return [*result, ("END", 0)]


@macro(dispatch)
def word(n):
    pass


print([word(n) for n in (0, 1, 2, 3, "", [])])

# prints:
# ['zero', 'one', 'two', 'many', '', []]
