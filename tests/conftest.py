from __future__ import annotations

import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# One seed for all random samples of a run, and for all its processes: they have to find the same tests.
os.environ.setdefault("PYASM_SEED", str(random.SystemRandom().randrange(1 << 32)))


def pytest_report_header() -> str:
    return f"PYASM_SEED={os.environ['PYASM_SEED']}"
