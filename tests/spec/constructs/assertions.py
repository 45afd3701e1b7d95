# assert with and without a message, true and false, and AssertionError as a name of something else.
# prints: AssertionError () AssertionError ('message',) passed AssertionError (('message', 3),) 
# prints: the end

def f(x, message="message"):
    assert x
    assert x > 1, message
    assert x != 3, (message, x)
    return "passed"


AssertionError, Real = KeyError, AssertionError
for x in (0, 1, 2, 3):
    try:
        print(f(x), end=" ")
    except Real as error:
        print(type(error).__name__, error.args, end=" ")
print()
assert f(2), "not evaluated" + 1
try:
    assert not f(2) or None, "the end"
except Real as error:
    print(error)
