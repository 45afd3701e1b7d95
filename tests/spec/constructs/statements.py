# Small things: expression statements, pass, ellipsis, semicolons, constants in odd places, empty bodies, docstrings of modules, del, multi-line.
# prints: 1 2
# prints: None None 2 6 __main__ None
# prints: one
# prints: line
# prints: 1 2 3
# prints: False True True 0 (1,) 1 ((),) [[]] {1: {2: {}}} set()

1
"not printed"
...
pass; x = 1; y = 2; print(x, y)


def f():
    1
    "no docstring, since 1 comes first"
    x
    [x, y]
    (x, y)
    x if y else None
    x < y
    return f.__doc__


def g():
    return None


def h(x):
    if x: pass
    for _ in (): pass
    while not x: x = 1
    try: pass
    except: pass
    try: pass
    finally: x += 1
    with open(__import__("os").devnull): pass
    return x


print(f(), g(), h(0), h(5), __name__, __doc__)
if x: print("one"), print("line")
print(
    1,
    # a comment
    2, 3,
)
print([] is [], () == (), {} == {}, "" or 0, (1,), (1), ((),), [[]], {1: {2: {}}}, {*()})
