# f-strings: conversions, specs, nested specs, quotes, expressions of every kind, debugging form; concatenation, % and format.
# prints: 3.14159|3.14159|3.14159|3.14159|3.14159|3.14159|  3.14|3.14159|
# prints: <>|str|repré|repr\xe9|<spec>|   repré|{literal}|x=3.14159|x = 3.14159|x=3.14159|o=str|x+1=4.14159
# prints: ab 3.14159 3.141593.14159 3.14159 [0, 1, 2] 3.14159
# prints: 6.28318 nested 3.14159 3.14159 3.14159 <ab>
# prints: 3.14159 repré 5 3.14159    1 3.14159 3.14159   1.2|a   |%
# prints: 0|0|0|0|    0|     0|  0.00|     0|
# prints: <>|str|repré|repr\xe9|<spec>|   repré|{literal}|x=0|x = 0|x=    0|o=str|x+1=1
# prints: ab 0 00 <> [0, 1, 2] 0
# prints: 0 nested      0      0 0 <ab>
# prints: 0 repré 5 0    1 0 0   1.2|a   |%
# prints:  13 a-b- éü (1,) 1,000
# prints: a x True False -5

class F:
    def __format__(self, spec):
        return f"<{spec}>"

    def __repr__(self):
        return "repré"

    def __str__(self):
        return "str"


def f(x, width=6, precision=2):
    o = F()
    print(f"{x}|{x!s}|{x!r}|{x!a}|{x:5}|{x:>{width}}|{x:{width}.{precision}f}|{x!r:>{width}}|")
    print(f"{o}|{o!s}|{o!r}|{o!a}|{o:spec}|{o!r:>8}|{{literal}}|{x=}|{x = }|{x=!r:>5}|{o=!s}|{x+1=}")
    print(f"" f"a" "b", f"{x}", f"{x}{x}", f"{x if x else o}", f"{list(y for y in range(3))}", f"{ {'k': x}['k'] }")
    print(f"{(lambda z: z * 2)(x)}", f"{'nested ' + f'{x:{width}}'}", f"{x:{'>'}{width}}", f"{'%s' % x}", f'{o:{"a"}b}')
    print("%s %r %d" % (x, o, 5), "{} {a!r:>{w}}".format(x, a=1, w=4), "%s" % x, "%(k)s" % {"k": x}, "%5.1f|%-4s|%%" % (1.25, "a"))


f(3.14159)
f(0)
print(f"{1:{2}}{3}", "".join(f"{c}-" for c in "ab"), f"é{'ü'}\n".strip(), f"{1,}", f"{1_000:,}")
print(f'{"a" if True else "b"}', f"{None or 'x'}", f"{3 != 4}", f"{not 1}", f"{-5:+d}")
