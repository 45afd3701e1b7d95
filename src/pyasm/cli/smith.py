"""`pyasm smith`: a random program, as text."""

import random
import sys
from typing import Optional

import pyasm
from pyasm import api, smith


def generate(seed: Optional[int], size: int, target: Optional[str], since: Optional[str]) -> int:
    """Write the program of a seed; without one, of a random one, which is told. The exit code."""
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 32)
    code = smith.program(seed, size=size, since=since or _since(target))
    if target is not None:
        code = api.in_dialect(code, target)
    text = pyasm.format(code)
    sys.stdout.write(f"# pyasm smith --seed {seed} --size {size}\n{text}")
    return 0


def _since(target: Optional[str]) -> Optional[str]:
    """The version that has to run it: of a program for one version, that one."""
    from pyasm import isa

    return target if target in isa.names() else None
