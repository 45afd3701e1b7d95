"""All checks: `nox` runs them, on every CPython from 3.9 to 3.15 that is on PATH.

nox                         # lint, types, tests and speed
nox -s tests-3.12           # one session
PYASM_FULL=1 nox -s tests   # everything instead of a random sample
"""

from __future__ import annotations

import nox

VERSIONS = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]

nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "speed"]


@nox.session
def lint(session: nox.Session) -> None:
    session.install("ruff==0.17.*")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    session.install("mypy==2.4.*", ".[test]")
    session.run("mypy")


@nox.session(python=VERSIONS)
def tests(session: nox.Session) -> None:
    session.install(".[test]")
    session.run("pytest", "-n", "auto", "--dist", "loadfile", *session.posargs, env={"PYTHONDONTWRITEBYTECODE": ""})


@nox.session(python=VERSIONS)
def speed(session: nox.Session) -> None:
    session.install(".[bench]")
    session.run("python", "bench/speed.py", "--quick", "--check")
