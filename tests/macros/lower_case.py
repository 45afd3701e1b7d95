"""Instructions in any case, numbers as text, labels as numbers, lists instead of tuples, more elements than two."""

from pyasm import macro


def loose(tups):
    yield ["define", "f"]
    yield ("Add_Arg", "n")
    yield ("load_const", "1")
    yield ("store_fast", "result", "a comment")
    yield ("label", 1)
    yield ("load_fast", "n")
    yield ("pop_jump_if_false", "2")
    yield ("extended_arg", 1)
    yield ("load_fast", "result")
    yield ("load_fast", "n")
    yield ("binary_multiply", "")
    yield ("store_fast", "result")
    yield ("load_fast", "n")
    yield ("load_const", 1)
    yield ("inplace_subtract", None)
    yield ("store_fast", "n")
    yield ("jump_absolute", 1)
    yield ("label", 2)
    yield ("load_global", "str")
    yield ("load_fast", "result")
    yield ("call_function", "1")
    yield ("return_value", "0")
    yield ("end", "0")


@macro(loose)
def factorial(n):
    pass


print(factorial(20), factorial.__name__)

# prints:
# 2432902008176640000 factorial
