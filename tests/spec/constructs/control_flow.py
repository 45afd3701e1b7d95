# if, while, for: else, elif, break, continue, pass, nested, conditions of every form, conditional expressions, chained comparisons.
# prints: negative zero odd or eight odd or eight even large
# prints: 0 0; 0 2; else 0; 1 0; 1 2; else 1; end; 4; 2; else 3
# prints: 6
# prints: (0, '', [0], '', True, True, '', [0], [0], 0)
# prints: (0, 'b', [0], [0], True, True, [0], 0, 0, 0)
# prints: ('', 1, [1], 1, False, True, [1], [1], [1], [1])
# prints: ('b', 1, 'b', 1, False, False, [1], 1, 1, [1])
# prints: (False, False, False, True, False, True) (True, False, False, False, False, False) (False, False, False, True, False, True)
# prints: 1 0 3 yes 0 0 both false 1 2 3 5 1 7 seven 0 1 0 3 yes 1 1 2 3 5 1 0 1 False 2 True 0 2
# prints: (['if 1', 'or'], 1, 'b', 0) three none
# prints: module 3 yes

def say(x):
    print(x, end=" ")
    return x


def branches(x):
    if x < 0:
        return "negative"
    elif x == 0:
        return "zero"
    elif x < 10 and x % 2 or x == 8:
        return "odd or eight"
    elif not x % 2 and not x > 20:
        return "even"
    else:
        pass
    return "large"


def loops():
    for i in range(3):
        for j in range(3):
            if j == 1:
                continue
            if i == 2:
                break
            print(i, j, end="; ")
        else:
            print("else", i, end="; ")
            continue
    else:
        print("end", end="; ")
    n = 5
    while n:
        n -= 1
        if n == 3:
            continue
        if n == 1:
            break
        print(n, end="; ")
    else:
        print("never")
    while n < 3:
        n += 1
    else:
        print("else", n)
    while True:
        while True:
            break
        n += 1
        if n > 5:
            break
    return n


def conditions(a, b, c):
    return (
        a and b,
        a or b,
        a and b or c,
        a or b and c,
        not a,
        not (a and b),
        (a or b) and c,
        a if b else c,
        (a if b else c) if c else (b if a else c),
        a and (b or c) and (c if a else b),
    )


def comparisons(x):
    return 1 < x < 5, 1 < x < 5 < 3, x is None is None, 1 == x != 2, x in (1, 2, 3) in [True], not 1 < x <= 3


def short(x):
    if say(1) and say(0) and say(2) or say(3):
        print("yes", end=" ")
    if not (say(x) or say(0)):
        print("both false", end=" ")
    if say(1) < say(2) < say(3) > say(5):
        pass
    elif say(1) is not None and (say(0) if x else say(7)):
        print("seven", end=" ")
    while say(x) and not say(x > 1):
        x += 1
    assert x or True
    return x


def constant():
    found = []
    if 1:
        found.append("if 1")
    if 0:
        found.append("if 0")
    while 0:
        found.append("while 0")
    if not 0 or found:
        found.append("or")
    if () or None:
        found.append("empty")
    for _ in ():
        found.append("for")
    return found, 1 if True else 2, "a" and "b", None or 0


def returns_in_loops(items):
    for item in items:
        if item is None:
            continue
        while item:
            if item == 3:
                return "three"
            item -= 1
    return "none"


print(*map(branches, (-1, 0, 3, 8, 12, 30)))
print(loops())
for a in (0, 1):
    for b in ("", "b"):
        print(conditions(a, b, [a]))
print(comparisons(1), comparisons(3), comparisons(None is None))
print(short(0), short(1))
print(constant(), returns_in_loops([1, None, 5]), returns_in_loops([]))
if a:
    print("module", end=" ")
for i in range(3):
    if i == 1:
        break
else:
    i = None
while i < 3:
    i += 1
print(i, "yes" if i > 2 else "no")
