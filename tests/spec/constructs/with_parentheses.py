# with of several managers in parentheses.
# versions: 3.10-
# prints: +a +b +c a c -c -b -a 

from contextlib import contextmanager


@contextmanager
def m(name):
    print("+" + name, end=" ")
    try:
        yield name
    finally:
        print("-" + name, end=" ")


with (
    m("a") as a,
    m("b"),
    m("c") as c,
):
    print(a, c, end=" ")
print()
