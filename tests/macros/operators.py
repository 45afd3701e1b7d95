"""Every binary, in-place and unary operator by name."""

from pyasm import macro


class Spy:
    def __getattr__(self, name):
        raise AttributeError(name)


def record(symbol):
    return lambda *args: symbol


NAMES = {
    "POWER": "pow",
    "MULTIPLY": "mul",
    "MATRIX_MULTIPLY": "matmul",
    "FLOOR_DIVIDE": "floordiv",
    "TRUE_DIVIDE": "truediv",
    "MODULO": "mod",
    "ADD": "add",
    "SUBTRACT": "sub",
    "LSHIFT": "lshift",
    "RSHIFT": "rshift",
    "AND": "and",
    "XOR": "xor",
    "OR": "or",
}
for name in NAMES.values():
    setattr(Spy, f"__{name}__", record(name))
    setattr(Spy, f"__i{name}__", record("i" + name))
for name in ("pos", "neg", "invert"):
    setattr(Spy, f"__{name}__", record(name))
Spy.__getitem__ = record("getitem")


def all_operators(tups):
    result = list(tups[:2])
    binary = [f"BINARY_{name}" for name in NAMES] + [f"INPLACE_{name}" for name in NAMES] + ["BINARY_SUBSCR"]
    unary = ["UNARY_POSITIVE", "UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_NOT"]
    for op in binary:
        result += [("LOAD_FAST", "spy"), ("LOAD_FAST", "spy"), (op, 0)]
    for op in unary:
        result += [("LOAD_FAST", "spy"), (op, 0)]
    return [*result, ("BUILD_LIST", len(binary) + len(unary)), ("RETURN_VALUE", 0), ("END", 0)]


@macro(all_operators)
def run(spy):
    pass


got = run(Spy())
for i in range(0, len(got), 13):
    print(*got[i : i + 13])

# prints:
# pow mul matmul floordiv truediv mod add sub lshift rshift and xor or
# ipow imul imatmul ifloordiv itruediv imod iadd isub ilshift irshift iand ixor ior
# getitem pos neg invert False
