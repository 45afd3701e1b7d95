# Exceptions and what is handled across generators: each has its own state, tracebacks go through, close in except, throw into a new one.
# prints: start ValueError KeyError 1 ValueError None KeyError None None
# prints: IndexError new None []
# prints: [('<module>', 67), ('through', 62), ('raising', 58)]
# prints: [('<module>', 80), ('multi_line', 75)]

import sys


def current():
    kind = sys.exc_info()[0]
    return kind and kind.__name__


def g():
    print("start", current(), end=" ")
    try:
        raise KeyError("inner")
    except KeyError:
        print(current(), end=" ")
        yield 1
        print(current(), end=" ")
    yield current()
    yield


def main():
    it = g()
    try:
        raise ValueError("outer")
    except ValueError:
        print(next(it), current(), end=" ")
    print(current(), end=" ")
    print(next(it), current())
    try:
        raise IndexError
    except IndexError:
        it.close()
        print(current(), end=" ")
    it = g()
    try:
        it.throw(ZeroDivisionError("new"))
    except ZeroDivisionError as error:
        print(error, error.__context__, list(it))


def lines(error):
    tb = error.__traceback__
    found = []
    while tb:
        found.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
        tb = tb.tb_next
    return found


def raising():
    yield 1
    raise ValueError("here")


def through():
    yield from raising()


main()
try:
    for x in through():
        pass
except ValueError as error:
    print(lines(error))


def multi_line(a,
               b):
    return (a
            // b)


try:
    multi_line(
        1,
        0,
    )
except ZeroDivisionError as error:
    print(lines(error))
