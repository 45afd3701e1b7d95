# try and except: each form of clause, else, nothing raised, something else raised, nested, raised again, and what is handled where.
# prints: ('else', 1, None) ('zero', 'ZeroDivisionError') ('lookup', "KeyError('k')", 'KeyError') ('lookup', "IndexError('list index out of range')", 'IndexError') ('type', None, 'TypeError')
# prints: RuntimeError('new') ValueError ValueError
# prints: AttributeError("module 'sys' has no attribute 'no'") NoneType NoneType
# prints: ('KeyError', None)
# prints: KeyError IndexError KeyError(1) KeyError IndexError(2) True IndexError unbound None
# prints: body 0 else after body 2 else after 3 4 None
# prints: deep 4
# prints: deleted ('x',)
# prints: 'module' KeyError
# prints: False None

import sys


def current():
    kind = sys.exc_info()[0]
    return kind and kind.__name__


def f(action):
    try:
        result = action()
    except ZeroDivisionError:
        return "zero", current()
    except (KeyError, IndexError) as error:
        return "lookup", repr(error), current()
    except ValueError as error:
        raise RuntimeError("new") from error
    except Exception:
        try:
            raise
        except TypeError as error:
            return "type", error.__context__, current()
    else:
        return "else", result, current()


def bare():
    try:
        raise KeyError(1)
    except:
        inner = current()
    return inner, current()


def nested():
    try:
        try:
            raise KeyError(1)
        except KeyError:
            print(current(), end=" ")
            raise IndexError(2)
    except IndexError as error:
        print(current(), repr(error.__context__), end=" ")
        try:
            {}[3]
        except KeyError as inner:
            print(current(), repr(inner.__context__), inner.__context__ is error, end=" ")
        print(current(), end=" ")
        try:
            inner
        except UnboundLocalError:
            print("unbound", end=" ")
    print(current())


def in_loop():
    for i in range(6):
        try:
            if i == 1:
                continue
            if i == 4:
                break
            if i % 2:
                raise ValueError(i)
            print("body", i, end=" ")
        except ValueError as error:
            print(error, end=" ")
            continue
        else:
            print("else", end=" ")
        print("after", end=" ")
    print(i, current())


def deep(n):
    try:
        if n == 0:
            raise ValueError("deep")
        deep(n - 1)
    except ValueError as error:
        error.count = getattr(error, "count", 0) + 1
        raise


def names():
    e = 1
    try:
        raise ValueError
    except ValueError as e:
        pass
    try:
        return e
    except NameError:
        return "deleted"


def expression():
    types = {"a": ValueError}
    try:
        raise ValueError("x")
    except types["a"] as error:
        return error.args


print(f(lambda: 1), f(lambda: 1 // 0), f(lambda: {}["k"]), f(lambda: [][0]), f(lambda: 1 + ""))
for action in (lambda: int("x"), lambda: sys.no):
    try:
        print(f(action))
    except Exception as error:
        print(repr(error), type(error.__cause__).__name__, type(error.__context__).__name__)
print(bare())
nested()
in_loop()
try:
    deep(3)
except ValueError as error:
    print(error, error.count)
print(names(), expression())
try:
    raise KeyError("module")
except KeyError as e:
    print(e, current())
print("e" in globals(), current())
