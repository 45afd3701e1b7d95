"""A module's list, changed and executed, and one that was written by hand."""

from pyasm import byte_compile_obj, execute_tups

SOURCE = '''
def twice(n):
    """Twice as much."""
    return n * 2
class A:
    size = twice(5)
    def get(self):
        return [self.size + i for i in range(3)]
result = A().get()
'''
tups = byte_compile_obj(SOURCE)
assert [arg for inst, arg in tups if inst == "DEFINE"][:2] == ["<module>", "twice"]
namespace = {}
execute_tups([("LOAD_CONST", "3") if tup == ("LOAD_CONST", "2") else tup for tup in tups], namespace)
print(namespace["result"], namespace["twice"].__doc__, namespace["A"].get.__qualname__)

value = execute_tups(
    [
        ("define", "main"),
        ("load_name", "print"),
        ("load_const", '"hello"'),
        ("call_function", 1),
        ("pop_top", 0),
        ("load_const", "42"),
        ("return_value", 0),
        ("end", 0),
    ]
)
print(value)

# prints:
# [15, 16, 17] Twice as much. A.get
# hello
# 42
