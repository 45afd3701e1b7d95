# lazy import: modules are imported when their name is used.
# versions: 3.15-
# prints: False False
# prints: colorsys scheduler True True

import sys

lazy import colorsys
lazy from sched import scheduler as s

print("colorsys" in sys.modules, "sched" in sys.modules)
print(colorsys.__name__, s.__name__, "colorsys" in sys.modules, "sched" in sys.modules)
