"""Whole statements with labels, strings and functions of their own, several times in one function."""

from pyasm import byte_compile, macro

log = []


def insert(tups):
    result = []
    tups = iter(tups)
    for inst, arg in tups:
        if inst == "LOAD_CONST" and arg.startswith('"do '):
            result += byte_compile(arg[4:-1])
            next(tups)
        else:
            result.append((inst, arg))
    return result


@macro(insert)
def work(n):
    _ = "do for i in range(n): log.append('odd' if i % 2 else 'even')"
    _ = 'do if n > 2: log.append("big"); log.append((lambda: n_global)())'
    _ = "do try: n / 0\nexcept ZeroDivisionError as e: log.append(type(e).__name__)"
    return n


n_global = 42
print(work(3), log)

# prints:
# 3 ['even', 'odd', 'even', 'big', 42, 'ZeroDivisionError']
