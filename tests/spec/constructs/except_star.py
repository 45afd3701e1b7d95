# except*: groups split by type, the rest raised again, several clauses, else and finally, names, raise and nested groups in it.
# versions: 3.11-
# prints: else finally end
# prints: values ["ValueError('single')"] finally end
# prints: values ['ValueError(1)', 'ValueError(3)'] types finally end
# prints: values ['ValueError(1)'] finally ExceptionGroup ExceptionGroup('g', [OSError(2)])
# prints: finally OSError OSError('other')
# prints: ExceptionGroup ExceptionGroup('', [IndexError('new'), ExceptionGroup('g', [OSError(2), KeyError(3)])])
# prints: 0 0 1 1 2 2 2
# prints: inner ExceptionGroup('a', [ValueError(1), ExceptionGroup('b', [ValueError(3)])])

def f(error):
    try:
        if error:
            raise error
    except* ValueError as group:
        print("values", list(map(repr, group.exceptions)), end=" ")
    except* (TypeError, KeyError):
        print("types", end=" ")
    else:
        print("else", end=" ")
    finally:
        print("finally", end=" ")
    return "end"


def raises():
    try:
        raise ExceptionGroup("g", [ValueError(1), OSError(2), KeyError(3)])
    except* ValueError:
        raise IndexError("new")
    except* KeyError as group:
        raise


def loop():
    for i in range(3):
        try:
            raise ExceptionGroup("g", [ValueError(i)])
        except* ValueError as e:
            print(i, e.exceptions[0], end=" ")
    return i


def nested():
    try:
        try:
            raise ExceptionGroup("a", [ValueError(1), ExceptionGroup("b", [TypeError(2), ValueError(3)])])
        except* TypeError:
            print("inner", end=" ")
    except* ValueError as group:
        found = repr(group)
    return found


def show(function, *args):
    try:
        print(function(*args))
    except BaseException as error:
        print(type(error).__name__, repr(error))


show(f, None)
show(f, ValueError("single"))
show(f, ExceptionGroup("g", [ValueError(1), TypeError(2), ValueError(3)]))
show(f, ExceptionGroup("g", [ValueError(1), OSError(2)]))
show(f, OSError("other"))
show(raises)
show(loop)
show(nested)
