"""Imports by hand, and attributes set and deleted."""

from pyasm import macro


def imports(tups):
    return [
        *tups[:2],
        ("LOAD_CONST", "0"),
        ("LOAD_CONST", "None"),
        ("IMPORT_NAME", "os.path"),
        ("STORE_FAST", "os"),
        ("LOAD_CONST", "0"),
        ("LOAD_CONST", "('basename', 'dirname')"),
        ("IMPORT_NAME", "posixpath"),
        ("IMPORT_FROM", "basename"),
        ("STORE_FAST", "base"),
        ("IMPORT_FROM", "dirname"),
        ("STORE_FAST", "directory"),
        ("POP_TOP", 0),
        ("LOAD_FAST", "base"),
        ("LOAD_CONST", '"a/b"'),
        ("CALL_FUNCTION", 1),
        ("LOAD_FAST", "box"),
        ("STORE_ATTR", "name"),
        ("LOAD_FAST", "box"),
        ("DELETE_ATTR", "old"),
        ("LOAD_FAST", "os"),
        ("LOAD_ATTR", "__name__"),
        ("LOAD_FAST", "directory"),
        ("LOAD_CONST", '"a/b"'),
        ("CALL_FUNCTION", 1),
        ("BUILD_TUPLE", 2),
        ("RETURN_VALUE", 0),
        ("END", 0),
    ]


@macro(imports)
def work(box):
    pass


class Box:
    pass


box = Box()
box.old = 1
print(work(box), vars(box))

# prints:
# ('os', 'a') {'name': 'b'}
