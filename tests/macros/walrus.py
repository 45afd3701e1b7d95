"""`x := value` inside a string, with a variable that nobody else uses."""

from pyasm import byte_compile, macro, unused_var


def walrus(tups):
    result = []
    for inst, arg in tups:
        if inst == "LOAD_CONST" and " := " in arg:
            name, value = arg[1:-1].split(" := ")
            var = unused_var(tups, result)
            result += byte_compile(value)[:-1]
            result += [("STORE_FAST", var), ("LOAD_FAST", var), ("STORE_FAST", name), ("LOAD_FAST", var)]
        else:
            result.append((inst, arg))
    return [("LOAD_FAST", arg) if (inst, arg) == ("LOAD_GLOBAL", "x") else (inst, arg) for inst, arg in result]


@macro(walrus)
def test(v1):
    print("x := 'hello ' + v1")
    if x == "hello world":
        print("as it should be", v1)


test("world")

# prints:
# hello world
# as it should be world
