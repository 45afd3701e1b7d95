"""Fibonacci numbers: python fib.py [n]"""

import sys


def fib(n):
    a, b = 0, 1
    while n > 0:
        a, b = b, a + b
        n -= 1
    return a


def main(arguments):
    n = int(arguments[0]) if arguments else 10
    print(f"fib({n}) = {fib(n)}")


if __name__ == "__main__":
    main(sys.argv[1:])
