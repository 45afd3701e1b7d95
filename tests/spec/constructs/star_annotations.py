# Stars in annotations of *args.
# versions: 3.11-
# prints: (1, 2) {'args': *tuple[int, str]}

def f(*args: *tuple[int, str]):
    return args


print(f(1, 2), f.__annotations__)
