"""An additional parameter behind those that there are, for functions of every shape."""

import inspect

from pyasm import macro


def add_verbose(tups):
    last = max(i for i, (inst, _) in enumerate(tups) if inst in ("DEFINE", "ADD_ARG"))
    result = list(tups)
    result.insert(last + 1, ("ADD_ARG", "verbose"))
    return [("LOAD_FAST", arg) if tup == ("LOAD_GLOBAL", "verbose") else tup for tup in result for _, arg in [tup]]


@macro(add_verbose)
def one(a):
    return a, verbose


@macro(add_verbose)
def two(a, b=2):
    return a, b, verbose


@macro(add_verbose)
def three(a, /, *args, b=2, **kwargs):
    return a, args, b, kwargs, verbose


print(one(1, True), two(1), two(1, 3, True), three(1, 2, 3, verbose=4, c=5))
print(inspect.signature(one), inspect.signature(two), inspect.signature(three))

# prints:
# (1, True) (1, 2, None) (1, 3, True) (1, (2, 3), 2, {'c': 5}, 4)
# (a, verbose) (a, b=2, verbose=None) (a, /, *args, b=2, verbose, **kwargs)
