# t-strings: strings, values, conversions, specs, nested specs, expressions, evaluated in order.
# versions: 3.14-
# prints: (('', ''), [(3, 'x', None, '')])
# prints: (('a', 'b', 'c'), [(3, 'x', None, ''), (5, 'width', None, '')])
# prints: (('', ''), [(3, 'x', 'r', '>5')])
# prints: (('', ''), [(3, 'x', None, '5.5')])
# prints: (('', 'x=', ''), [(4, 'x + 1', None, ''), (3, 'x', 'r', '')])
# prints: (('',), [])
# prints: 1 2 3 4 (('', '', 'more ', ''), [(1, 'say(1)', None, ''), (2, 'say(2)', None, '3'), (4, 'say(4)', 's', '')])
# prints: Template (('{literal}',), [])

def say(x):
    print(x, end=" ")
    return x


def parts(t):
    return t.strings, [(i.value, i.expression, i.conversion, i.format_spec) for i in t.interpolations]


def f(x, width):
    return t"{x}", t"a{x}b{width}c", t"{x!r:>{width}}", t"{x:{width}.{width}}", t"{x + 1}{x=}", t""


for t in f(3, 5):
    print(parts(t))
print(parts(t"{say(1)}{say(2):{say(3)}}" t"more {say(4)!s}"))
print(type(t"x").__name__, parts(t"{{literal}}"))
