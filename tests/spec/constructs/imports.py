# import in every form, in modules, functions and classes, relative without a package, and names that are not there.
# prints: 1 True xml.etree.ElementTree True 2.0 2 3
# prints: True ('a', 'b') 1 (True, 'abc', '0') True
# prints: ImportError ModuleNotFoundError ModuleNotFoundError ImportError 
# prints: math

import math
import os.path
import os.path as path
import xml.etree.ElementTree as tree, collections.abc
from math import *
from math import floor as f, ceil
from os.path import join, split as s
from collections import (
    OrderedDict,
    abc,
)


def local():
    import json.decoder
    from json import decoder as d
    from string import ascii_lowercase, digits

    return json.decoder is d, ascii_lowercase[:3], digits[0]


class C:
    import math as m
    from math import pi


def fails():
    for bad in ("from math import nothing", "import no.such", "from no_such import x", "from . import x"):
        try:
            exec(bad, {"__name__": "__main__", "__package__": None})
        except ImportError as error:
            print(type(error).__name__, end=" ")


print(math.floor(1.5), os.path is path, tree.__name__, collections.abc is abc, sqrt(4), f(2.5), ceil(2.5))
print(join("a", "b") == path.join("a", "b"), s("a/b"), OrderedDict(a=1)["a"], local(), C.m.pi == C.pi)
fails()
print()
try:
    from math import nowhere
except ImportError as error:
    print(error.name)
