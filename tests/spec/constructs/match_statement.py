# match: literals, captures, sequences, mappings, classes, alternatives, guards, stars, nested patterns, values, as.
# versions: 3.10-
# prints: number number number number text text singleton singleton value empty ('one', 5) ('starts with 1', 2, [3]) ('ends with 9', [4, 5]) other ('a to z', 'a') ('a to z', 'A') 
# prints: ('starts with 1', (2, 3), []) ('mapping', 1, 2) ('rest', 1, {'x': 2}) ('dict', {'y': 1}) ('int', 7) ('int', 1.5) ('long', 'longer') other ('dict', {3}) other other 
# prints: origin ('guarded', 6) ('point', 0, 5) ('points', 1, 2, 2) ('point', 3, 4) 
# prints: (5, 5, 1) one none ['?', 2, 3]
# prints: 1 2
# prints: 1 1

class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class K:
    ONE = 1


def f(subject):
    match subject:
        case 0 | -1 | 2.5 | 3 + 4j:
            return "number"
        case "text" | b"bytes":
            return "text"
        case None | True | False:
            return "singleton"
        case K.ONE:
            return "value"
        case []:
            return "empty"
        case [x]:
            return "one", x
        case [1, x, *rest]:
            return "starts with 1", x, rest
        case [*start, 9]:
            return "ends with 9", start
        case ("a" as a, *_, "z") | ("A" as a, "Z"):
            return "a to z", a
        case (x, (y, z)):
            return "nested", x, y, z
        case {"k": value, "n": {"m": m}}:
            return "mapping", value, m
        case {"k": value, **rest}:
            return "rest", value, rest
        case Point(0, 0):
            return "origin"
        case Point(x=0, y=y) if y > 5:
            return "guarded", y
        case Point(x, Point(y, _) as inner):
            return "points", x, y, inner.x
        case Point(x, y=y):
            return "point", x, y
        case int(n) | float(n):
            return "int", n
        case str() as s if len(s) > 3:
            return "long", s
        case dict() | set() as d:
            return "dict", d
        case _:
            return "other"


def captures(x):
    match x:
        case y:
            pass
    match x, 1:
        case a, b:
            return y, a, b


def no_match(x):
    match x:
        case 1:
            return "one"
    return "none"


def in_loop():
    found = []
    for x in (1, "a", [2], {"k": 3}, None):
        match x:
            case int():
                continue
            case [v]:
                found.append(v)
            case {"k": v}:
                found.append(v)
            case None:
                break
            case _:
                found.append("?")
    else:
        found.append("else")
    return found


for subject in (0, -1, 2.5, 3 + 4j, "text", b"bytes", None, True, 1, [], [5], [1, 2, 3], [4, 5, 9], "axz", list("axz"), ["A", "Z"]):
    print(f(subject), end=" ")
print()
for subject in ((1, (2, 3)), {"k": 1, "n": {"m": 2}}, {"k": 1, "x": 2}, {"y": 1}, 7, 1.5, "longer", "ab", {3}, (7, 8), object):
    print(f(subject), end=" ")
print()
for subject in (Point(0, 0), Point(0, 6), Point(0, 5), Point(1, Point(2, 3)), Point(3, 4)):
    print(f(subject), end=" ")
print()
print(captures(5), no_match(1), no_match(2), in_loop())
match [1, 2]:
    case [a, b]:
        print(a, b)
match = case = 1
print(match, case)
