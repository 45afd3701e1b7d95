# except without parentheses around several types.
# versions: 3.14-
# prints: either either other

def f(error):
    try:
        raise error
    except ValueError, KeyError:
        return "either"
    except TypeError, OSError:
        return "other"


print(f(ValueError()), f(KeyError()), f(OSError()))
