"""`pyasm check`: could a program crash the interpreter?"""

import json
import os
import sys
from typing import Any, NamedTuple, Optional

import pyasm
from pyasm.cli import sources
from pyasm.cli.console import Color, Output, progress
from pyasm.errors import AssemblyError, Finding
from pyasm.verifier import Proof


class Result(NamedTuple):
    """What was found of one X: what is proved of it, or what is wrong."""

    x: str
    proof: Optional[Proof]
    findings: tuple[Finding, ...] = ()


def check(xs: list[str], as_json: bool, color: Color) -> int:
    """Verify every X and say what was found; the exit code."""
    jobs = [path for x in xs for path in _files(x)]
    out = Output(color)
    results = []
    with progress(len(jobs), sys.stderr.isatty() and len(jobs) > 1) as advance:
        for x in jobs:
            results.append(_checked(x))
            advance()
    if as_json:
        out.lines([json.dumps([_as_dict(each) for each in results], indent=2)])
    else:
        for each in results:
            out.lines(_lines(each, out))
        out.lines([_summary(results)])
    return int(any(each.proof is None for each in results))


def _files(x: str) -> list[str]:
    """The files of a folder or a package; anything else is itself."""
    if os.path.isdir(x):
        return sources.files(x)
    if x != sources.STDIN and not os.path.exists(x) and ":" not in x and "/" not in x:
        try:
            folders = sources.find_module(x).submodule_search_locations
        except (AssemblyError, OSError):
            return [x]
        if folders:
            return [path for folder in folders for path in sources.files(folder)]
    return [x]


def _checked(x: str) -> Result:
    try:
        name, part = sources.split(x)
        code = sources.read(name if part is None else x)
        return Result(x, pyasm.verify(sources.select(code, part, x)))
    except AssemblyError as error:
        return Result(x, None, error.findings)
    except OSError as error:
        return Result(x, None, (Finding(error.strerror or str(error)),))


def _lines(result: Result, out: Output) -> list[str]:
    lines = [f"{result.x}: {finding}" for finding in result.findings]
    contracts = result.proof.contracts if result.proof is not None else ()
    return lines + [out.paint("comment", f"{result.x}: provided that {contract}") for contract in contracts]


def _summary(results: list[Result]) -> str:
    """How many of what."""
    proofs = [each.proof for each in results if each.proof is not None]
    findings = sum(len(each.findings) for each in results)
    counts = (
        _count(len(results), "program"),
        _count(sum(proof.codes for proof in proofs), "code object"),
        _count(sum(proof.instructions for proof in proofs), "instruction"),
        _count(findings, "finding"),
    )
    return ", ".join(counts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _as_dict(result: Result) -> dict[str, Any]:
    proof = result.proof
    found: dict[str, Any] = {"x": result.x, "verified": proof is not None}
    if proof is not None:
        found.update(
            stack_size=proof.stack_size,
            contracts=list(proof.contracts),
            codes=proof.codes,
            instructions=proof.instructions,
        )
    found["findings"] = [_finding(each) for each in result.findings]
    return found


def _finding(finding: Finding) -> dict[str, Any]:
    as_dict = getattr(finding, "as_dict", None)
    return as_dict() if as_dict is not None else {"message": finding.message, "place": finding.place}
