# from __future__ import annotations: they stay texts.
# prints: 5 {'a': 'nothing', 'b': 'list[int]', 'return': 'this | that'} {'y': 'undefined[1]', 'z': "'quoted'"}
# prints: {'x': 'not_there'}

from __future__ import annotations

import dataclasses

x: not_there = 1


def f(a: nothing, b: list[int] = 1) -> this | that:
    return a


class C:
    y: undefined[1] = 2
    z: "quoted"


print(f(5), f.__annotations__, C.__annotations__)
print(__annotations__)
