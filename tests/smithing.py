"""Makes programs with pyasm.smith and runs them in forked children; `python smithing.py FIRST LAST` prints digests."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence

import pyasm
from pyasm import smith

BLOCK = 20
"""How many programs a digest is of."""
SECONDS = 20


def made(seed: int, since: str | None = None) -> pyasm.Code:
    """The program of a seed; sizes vary."""
    return smith.program(seed, size=10 + seed % 60, since=since)


def outputs(seeds: Sequence[int], since: str | None = None) -> dict[int, str]:
    """What each program prints. A defect takes the place of that: `wrong: …`, or `died: …` for the end of a process."""
    printed(0, since)  # what is imported and read for it need not be so in each child
    found: dict[int, str] = {}
    while len(found) < len(seeds):
        waiting = [seed for seed in seeds if seed not in found]
        status = 0
        for seed, text, status in _batch(waiting, since):
            if text is not None:
                found[seed] = text
            elif status:
                found[seed] = f"died: {status}"
    return found


def _batch(seeds: Sequence[int], since: str | None) -> Iterator[tuple[int, str | None, int]]:
    """(seed, output, 0) for each program; at last, when the child died, (seed of the one that it ran, None, status)."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with open(writing, "w", encoding="utf-8") as pipe:
            for seed in seeds:
                signal.alarm(SECONDS)
                print(json.dumps([seed, printed(seed, since)]), file=pipe, flush=True)
        os._exit(0)
    os.close(writing)
    done = 0
    with open(reading, encoding="utf-8") as pipe:
        for line in pipe:
            seed, text = json.loads(line)
            done += 1
            yield seed, text, 0
    status = os.waitpid(child, 0)[1]
    if status:
        yield seeds[done], None, status


def printed(seed: int, since: str | None) -> str:
    """What a program prints, or what is wrong with it: it is verified, and comes back from its text."""
    warnings.simplefilter("ignore")
    try:
        code = made(seed, since)
        pyasm.verify(code)
        if pyasm.parse(pyasm.format(code, exact=True)) != code:
            return "wrong: another program comes back from its text"
        native = pyasm.assemble(pyasm.format(code))
    except Exception as error:
        return f"wrong: {type(error).__name__}: {error}"
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        try:
            exec(native, {"__name__": "smith"})
        except BaseException as error:
            return f"wrong: it raised {type(error).__name__}: {error}"
    if not seed % BLOCK:
        gc.collect()  # wrong reference counts show here
    return text.getvalue()


def digest(block: int) -> tuple[str, list[str]]:
    """The digest of what the programs of a block print, and what is wrong with them."""
    seeds = range(block * BLOCK, block * BLOCK + BLOCK)
    found = outputs(seeds)
    wrong = [f"seed {seed}: {text}" for seed, text in found.items() if text.startswith(("wrong: ", "died: "))]
    joined = json.dumps([found[seed] for seed in seeds])
    return hashlib.sha256(joined.encode()).hexdigest()[:12], wrong


def main() -> None:
    """Print the digests of blocks from FIRST up to LAST, a line each."""
    for block in range(int(sys.argv[1]), int(sys.argv[2])):
        text, wrong = digest(block)
        print(text, flush=True)
        for each in wrong:
            print(block, each, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
