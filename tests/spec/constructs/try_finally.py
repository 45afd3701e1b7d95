# finally: after return, break, continue, an exception; return, break and raise in it; several within each other.
# prints: try finally 1
# prints: 0 f 0 f 1 2 f 2 f 3 finally swallowed 2
# prints: body inner else outer inner outer inner except 'raise' outer end returned caught
# prints: 2 (ValueError('second'), "KeyError('first')") 1
# prints: 1 closed j 0 j 1 i 0 (0, 1)
# prints: module ZeroDivisionError

def log(*what):
    print(*what, end=" ")


def returns(value):
    try:
        return log("try") or value
    finally:
        log("finally")


def overrides():
    try:
        return "try"
    finally:
        return "finally"


def swallows():
    try:
        raise ValueError
    finally:
        return "swallowed"


def loops():
    for i in range(5):
        try:
            if i == 1:
                continue
            if i == 3:
                break
            log(i)
        finally:
            log("f", i)
    else:
        log("else")
    while True:
        try:
            raise ValueError
        finally:
            break
    for i in range(3):
        try:
            raise ValueError
        finally:
            continue
    return i


def nested(kind):
    try:
        try:
            if kind == "return":
                return "returned"
            if kind == "raise":
                raise KeyError(kind)
            log("body")
        finally:
            log("inner")
    except KeyError as error:
        log("except", error)
        return "caught"
    else:
        log("else")
    finally:
        log("outer")
    return "end"


def replaced():
    try:
        try:
            raise KeyError("first")
        finally:
            raise ValueError("second")
    except ValueError as error:
        return error, repr(error.__context__)


def changes():
    x = 1
    try:
        return x
    finally:
        x = 2
        log(x)


def with_yield():
    try:
        yield 1
        yield 2
    finally:
        log("closed")


def returns_in_loop():
    for i in range(3):
        try:
            for j in range(3):
                try:
                    if j == 1:
                        return i, j
                finally:
                    log("j", j)
        finally:
            log("i", i)


print(returns(1))
print(overrides(), swallows(), loops())
print(nested(""), nested("return"), nested("raise"))
print(replaced(), changes())
for x in with_yield():
    log(x)
    break
del x
print(returns_in_loop())
try:
    try:
        1 // 0
    finally:
        log("module")
except ZeroDivisionError as error:
    print(type(error).__name__)
