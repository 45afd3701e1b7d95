"""Does what the verifier accepts never crash? Random edits of real functions, and each accepted one is run.

    python tests/mutants.py COUNT [SEED] [--portable | --native] [--refused SHARE] [--only NUMBER] [--save FOLDER]

needs nothing but pyasm. The mutant of a number is the same in every run with the same seed. Mutants run in forked
children, many in each; when a child dies, it is found out which of them is to blame. Of those that are refused, a share
runs as well, unverified, to see how many of them would have been harmless.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import importlib
import io
import json
import os
import random
import select
import signal
import sys
import time
import traceback
import types
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import driving
import mutation

import pyasm
from pyasm import isa
from pyasm.code import Code
from pyasm.errors import AssemblyError, VerificationError, nearest
from pyasm.native.malformed import DEFECT

MODULES = """
    argparse ast base64 bisect calendar cmd codecs collections colorsys configparser contextlib copy csv
    dataclasses datetime difflib dis email.header email.message email._header_value_parser enum fractions
    functools graphlib heapq html.parser http.cookies inspect ipaddress json.decoder json.encoder linecache
    locale ntpath numbers operator optparse pickle pickletools plistlib posixpath pprint queue random reprlib
    sched shlex statistics string tabnanny textwrap tokenize traceback types typing unittest.case unittest.mock
    urllib.parse weakref xml.dom.minidom xml.etree.ElementTree _pydecimal _pyio asyncio.queues asyncio.locks
    asyncio.tasks asyncio.streams asyncio.base_events asyncio.timeouts asyncio.taskgroups _collections_abc
"""
SPEC = Path(__file__).parent / "spec"
CHOSEN = 8
"""How many modules of the library a run takes functions from."""
LONG = 300
"""Of longer code only every tenth is taken."""
BATCH = 60
POWERS = [1 << n for n in range(8)]
PATIENCE = 20
"""Seconds after which a mutant that does not listen to signals is ended."""


class Subject(NamedTuple):
    """A code object to edit, and the globals it runs with."""

    code: types.CodeType
    names: dict[str, Any]


class Mutant(NamedTuple):
    """An edited code, where it comes from, and what was done."""

    code: Code
    subject: Subject
    edits: list[str]
    random: random.Random


# -- what is edited


def subjects(seed: int) -> list[Subject]:
    """All code objects of some modules of the library, and of the programs of the conformance suite."""
    rng = random.Random(f"{seed} subjects")
    found: list[list[Subject]] = [[], []]
    for name in rng.sample(MODULES.split(), CHOSEN):
        try:
            module = importlib.import_module(name)
            source = Path(str(module.__file__)).read_bytes()
        except (ImportError, OSError):
            continue
        found[0] += with_inner(compile(source, name, "exec", dont_inherit=True), vars(module), rng)
    for file in sorted((SPEC / "constructs").glob("*.py")):
        try:
            code = compile(file.read_bytes(), file.name, "exec", dont_inherit=True)
        except SyntaxError:  # of a later version
            continue
        names: dict[str, Any] = {"__name__": "spec", "__builtins__": __builtins__}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, names)
        except BaseException:  # it may be about one
            pass
        found[1] += with_inner(code, names, rng)
    return [rng.choice(rng.choice([each for each in found if each])) for _ in range(2000)]


def with_inner(code: types.CodeType, names: dict[str, Any], rng: random.Random) -> list[Subject]:
    found = [Subject(code, names)] if len(code.co_code) < 2 * LONG or rng.random() < 0.1 else []
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            found += with_inner(const, names, rng)
    return found


def made(number: int, seed: int, every: list[Subject], mode: str, edits: int | None = None) -> Mutant:
    """The mutant of a number; by default with one to five edits."""
    rng = random.Random(f"{seed} {number}")
    subject = rng.choice(every)
    portable = mode == "portable" or (mode == "both" and number % 2 == 1)
    code = pyasm.disassemble(subject.code, isa.PORTABLE if portable else "native")
    edited, done = mutation.mutant(code, rng, rng.choice((1, 1, 1, 2, 2, 3, 4, 5)) if edits is None else edits)
    return Mutant(edited, subject, done, rng)


def judged(mutant: Mutant) -> tuple[str, Any]:
    """`accepted` and a code object, or why `assemble` gives none: `refused` as it is, or when it is lowered."""
    code = mutant.code
    try:
        proof = pyasm.verify(code)
    except AssemblyError as error:
        if DEFECT in str(error):
            raise
        return "refused", error
    try:
        native = pyasm.lower(code)
        try:
            proof = proof if native is code else pyasm.verify(native)
        except VerificationError:
            return "refused after lowering", pyasm.encode(native)
        return "accepted", pyasm.encode(native, proof)
    except AssemblyError as error:
        if DEFECT in str(error):
            raise
        return "not assembled", error


def unverified(mutant: Mutant) -> types.CodeType | None:
    """The code object of a mutant that was refused, when there can be one."""
    try:
        return pyasm.encode(pyasm.lower(mutant.code))
    except Exception:  # lowering may trust what a verifier accepts
        return None


# -- children


class Children:
    """Runs mutants in forked processes, and collects what became of them: number -> (verdict, outcome)."""

    def __init__(self, seed: int, mode: str = "both", share: float = 0.05, edits: int | None = None) -> None:
        self.seed, self.mode, self.share, self.edits = seed, mode, share, edits
        self.every = subjects(seed)
        self.outcomes: dict[int, tuple[str, str]] = {}
        self.last = -1, "", ""
        self.system = driving.originals()

    def run(self, numbers: list[int]) -> None:
        """Judges and runs these mutants."""
        self.prepare()
        gc.collect()
        gc.freeze()  # what is here now need not be traversed after each mutant
        while numbers:
            batch, rest = numbers[:BATCH], numbers[BATCH:]
            end = self._child(batch)
            left = [number for number in batch if number not in self.outcomes]
            if end:
                self._blame(batch, left, end)
            numbers = [number for number in left if number not in self.outcomes] + rest

    def _blame(self, batch: list[int], left: list[int], end: str) -> None:
        """Whose fault is the end of a child? What destroys memory is often noticed later, in another one."""
        number, verdict, _ = self.last
        if verdict in REFUSED or not left:
            self.outcomes[number] = verdict, end
            return
        victim = left[0]
        verdict = verdict if number == victim else "judging"
        before = [each for each in batch[: batch.index(victim)] if self.outcomes[each][0] not in REFUSED]
        count = next((n for n in (0, *POWERS, len(before)) if n <= len(before) and self._dies(before, n, victim)), None)
        if end == "timed out" or not count:
            self.outcomes[victim] = verdict, end if end == "timed out" or count == 0 else f"{end}, but not again"
            return
        least = count // 2  # so many are too few
        while least + 1 < count:
            middle = (least + count) // 2
            least, count = (least, middle) if self._dies(before, middle, victim) else (middle, count)
        culprit = before[-count]
        self.outcomes[culprit] = self.outcomes[culprit][0], f"{end}, noticed in {victim}"

    def _dies(self, before: list[int], count: int, victim: int) -> bool:
        """Does a child die that runs so many of the mutants before this one, and it?"""
        kept = dict(self.outcomes)
        end = self._child([*before[len(before) - count :], victim])
        self.outcomes = kept
        return bool(end)

    def prepare(self) -> None:
        """Lets everything be imported that children need: they cannot open files."""
        for number in range(20):
            with contextlib.suppress(Exception):
                judged(self.mutant(number))
                unverified(self.mutant(number))
        nearest("word", ["ward"])
        driving.prepare()

    def _child(self, batch: list[int]) -> str:
        """Runs a batch until it is done or the child dies. How the child ended, if not well."""
        reading, writing = self.system["pipe"]()
        heard, said = self.system["pipe"]()
        os.set_blocking(heard, False)
        os.set_blocking(said, False)
        process = self.system["fork"]()
        if not process:
            status = 3
            try:
                self._batch(batch, writing, said)
                status = 0
            except BaseException:
                if LOUD:
                    traceback.print_exc()
            finally:
                self.system["_exit"](status)
        self.system["close"](writing)
        self.system["close"](said)
        hangs = self._listen(reading)
        if hangs:
            self.system["kill"](process, signal.SIGKILL)
        self.system["close"](reading)
        _, status = self.system["waitpid"](process, 0)
        words = b""
        with contextlib.suppress(OSError):
            words = self.system["read"](heard, 1 << 16)
        self.system["close"](heard)
        return "timed out" if hangs else death(status, words.decode("utf-8", "replace"))

    def _listen(self, reading: int) -> bool:
        """Takes what the child tells, until it ends or tells nothing for too long."""
        rest = b""
        self.last = -1, "", ""
        while select.select([reading], [], [], PATIENCE)[0]:
            data = self.system["read"](reading, 65536)
            if not data:
                return False
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.last = number, verdict, outcome = json.loads(line)
                if outcome:
                    self.outcomes[number] = verdict, outcome
        return True

    def _batch(self, batch: list[int], writing: int, said: int) -> None:
        """What a child does."""
        quiet = self.system["open"](os.devnull, os.O_RDWR)
        self.system["dup2"](quiet, 0)
        self.system["dup2"](quiet, 1)
        if LOUD:
            faulthandler.enable()
        else:
            self.system["dup2"](said, 2)
        driving.limits()
        driver = driving.Driver()
        driving.isolate()

        def tell(number: int, verdict: str, outcome: str = "") -> None:
            self.system["write"](writing, json.dumps([number, verdict, outcome]).encode() + b"\n")

        for number in batch:
            if self._one(number, driver, tell) in REFUSED:
                break  # what it may have destroyed must not be laid to the next one

    def _one(self, number: int, driver: driving.Driver, tell: Callable[..., None]) -> str:
        """Judges a mutant, and runs it; the verdict if it ran."""
        mutant = self.mutant(number)
        try:
            verdict, result = judged(mutant)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            tell(number, "broke", f"{type(error).__name__}: {error} in {where.filename}:{where.lineno}")
            return ""
        if verdict == "refused" and mutant.random.random() < self.share:
            result = unverified(mutant)
        if isinstance(result, types.CodeType):
            tell(number, verdict)
            tell(number, verdict, driver.drive(result, mutant.subject.names, mutant.random))
            return verdict
        tell(number, verdict, "not run" if verdict == "refused" else str(result))
        return ""

    def mutant(self, number: int) -> Mutant:
        return made(number, self.seed, self.every, self.mode, self.edits)


LOUD = "PYASM_LOUD" in os.environ
"""Let children say where they died."""


def death(status: int, words: str) -> str:
    """How a process ended that said this, or an empty text when all was well. What the limits ended did not die."""
    if not status:
        return ""
    if not os.WIFSIGNALED(status):
        return f"died: exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    if number == signal.SIGABRT and any(f"{name}: Assertion" in words for name in KNOWN):
        return "as in Python: an assertion of a debug build"
    return "timed out" if number in (signal.SIGKILL, signal.SIGXCPU) else f"died: {signal.Signals(number).name}"


KNOWN = ("_PyExc_PrepReraiseStar",)
"""Functions of debug builds with an assertion that Python programs, compiled as ever, fail as well: an except* around
another one, in which a builtin is called with a wrong argument."""


# -- what comes of it


DEFECTS = ("broke", "judging")
"""Verdicts that must not be: something else than an error of ours, and no end."""
REFUSED = ("refused", "refused after lowering")
RUN = ("accepted", *REFUSED)


def summary(outcomes: dict[int, tuple[str, str]]) -> dict[str, Any]:
    """The figures: how many of each verdict, and how those that ran went."""
    verdicts = Counter(verdict for verdict, _ in outcomes.values())
    ends = Counter((verdict, outcome.partition(":")[0]) for verdict, outcome in outcomes.values())
    runs = {verdict: {end: n for (v, end), n in sorted(ends.items()) if v == verdict} for verdict in RUN}
    return {"mutants": len(outcomes), "verdicts": dict(sorted(verdicts.items())), **runs}


def wrong(outcomes: dict[int, tuple[str, str]]) -> list[int]:
    """The mutants that show a defect."""
    return [
        number
        for number, (verdict, outcome) in sorted(outcomes.items())
        if verdict in DEFECTS or (verdict not in REFUSED and outcome.startswith("died"))
    ]


def described(number: int, children: Children) -> str:
    """All that is needed to look at a mutant."""
    mutant = children.mutant(number)
    verdict, outcome = children.outcomes[number]
    edits = "".join(f"#   {each}\n" for each in mutant.edits)
    head = f"# mutant {number} of seed {children.seed}, {children.mode}: {verdict}, {outcome}\n{edits}"
    try:
        return head + pyasm.format(mutant.code)
    except AssemblyError as error:
        return f"{head}# has no text: {error}\n{mutant.code.body}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int, nargs="?", default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--native", dest="mode", action="store_const", const="native", default="both")
    parser.add_argument("--portable", dest="mode", action="store_const", const="portable")
    parser.add_argument("--both", dest="mode", action="store_const", const="both")
    parser.add_argument("--refused", type=float, default=0.05, help="the share of refused mutants that run")
    parser.add_argument("--edits", type=int, help="how many edits; 0: what compilers made")
    parser.add_argument("--only", type=int, action="append", help="run this mutant, and print it")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--save", type=Path, help="a folder for the mutants that show a defect")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    started = time.monotonic()
    children = Children(options.seed, options.mode, 1.0 if options.only else options.refused, options.edits)
    children.run(options.only or list(range(options.count)))
    bad = wrong(children.outcomes)
    for number in options.only or bad:
        text = described(number, children)
        print(text, file=sys.stderr)
        if options.save and number in bad:
            options.save.mkdir(parents=True, exist_ok=True)
            (options.save / f"{isa.running().name}-{options.seed}-{number}.pyasm").write_text(text, encoding="utf-8")
    report = summary(children.outcomes)
    report.update(
        version=sys.version.split()[0], seed=options.seed, seconds=round(time.monotonic() - started), wrong=bad
    )
    print(json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items()))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
