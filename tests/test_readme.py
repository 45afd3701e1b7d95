"""Everything that the README shows is run, and gives what it shows.

`python` blocks are one session, `console` blocks are transcripts, `sh` blocks are the set-up. Where the paragraph
before a block says of which version it is, it is run on all, and its output is compared on that one.
"""

import doctest
import os
import re
import shutil
import sys
from typing import NamedTuple

import pytest
import transcripts

from pyasm import importer

README = os.path.join(transcripts.ROOT, "README.md")
RUNNING = "{}.{}".format(*sys.version_info)


class Block(NamedTuple):
    """A code block: its language, its text, and whether this version gives what it shows."""

    language: str
    text: str
    compared: bool


def blocks(text: str) -> list[Block]:
    """The code blocks of a Markdown text."""
    found = []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        paragraph = text[: match.start()].rstrip().rpartition("\n\n")[2]
        version = re.fullmatch(r".*On CPython ([0-9.]+)\b.*:", paragraph, re.S)
        compared = version is None or RUNNING in version.groups()
        found.append(Block(match[1], match[2], compared))
    return found


@pytest.fixture
def text():
    with open(README, encoding="utf-8") as file:
        return file.read()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(
        os.path.join(transcripts.ROOT, "examples"), tmp_path / "examples", ignore=shutil.ignore_patterns("*.pyc")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield str(tmp_path)
    importer.uninstall()
    sys.modules.pop("hello", None)


def test_every_block_is_of_a_kind_that_is_tested(text):
    assert {block.language for block in blocks(text)} == {"python", "console", "sh"}
    setup = [block.text.strip() for block in blocks(text) if block.language == "sh"]
    assert setup == [
        "python3 -m venv .venv && .venv/bin/pip install -q '.[cli]' && .venv/bin/pyasm dis examples/fib.py",
        "python3 -m venv .venv && .venv/bin/pip install -q nox && .venv/bin/nox",
    ]


def test_readme(text, folder):
    """In the order of the page: later blocks use files and names that earlier ones made."""
    namespace = {}
    changed = text
    for block in blocks(text):
        if block.language == "python":
            _session(block, namespace)
        elif block.language == "console":
            steps = transcripts.read(block.text)
            got = [transcripts.Step(step.command, transcripts.play(step.command, folder)) for step in steps]
            if os.environ.get("PYASM_UPDATE") and block.compared:
                new = "".join(f"$ {step.command}\n{step.output}" for step in got)
                changed = changed.replace(f"```console\n{block.text}```", f"```console\n{new}```")
            elif block.compared:
                assert got == steps
    if changed != text:
        with open(README, "w", encoding="utf-8", newline="\n") as file:
            file.write(changed)


def test_the_page_of_macros(folder):
    with open(os.path.join(transcripts.ROOT, "docs", "macros.md"), encoding="utf-8") as file:
        page = file.read()
    namespace = {}
    sessions = [block for block in blocks(page) if block.language == "python"]
    assert len(sessions) == 2
    for block in sessions:
        _session(block, namespace)


@pytest.mark.parametrize("page", ["inline.md", "modules.md", "verifier.md"])
def test_the_sessions_of_other_pages(page, folder):
    with open(os.path.join(transcripts.ROOT, "docs", page), encoding="utf-8") as file:
        sessions = [block for block in blocks(file.read()) if block.language == "python"]
    namespace = {}
    assert sessions
    for block in sessions:
        _session(block, namespace)


def test_the_readme_of_the_tables_explains_every_word():
    from pyasm import isa
    from pyasm.cli.explain import FLOWS, OPERANDS

    with open(os.path.join(transcripts.ROOT, "src", "pyasm", "isa", "README.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (`[^|]*) \|", file.read(), re.M)
    words = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    dialects = [isa.load(name) for name in isa.names()]
    keys = {key for dialect in dialects for key in vars(dialect)} - {
        "name",
        "opcodes",
        "enums",
        "ranges",
        "by_number",
        "groups",
        "since",
    }
    opcodes = [opcode for dialect in dialects for opcode in dialect.opcodes.values()]
    enums = {kind for dialect in dialects for kind in dialect.enums}
    kinds = {opcode.operand for opcode in opcodes} - enums
    flagged = {"+".join([opcode.operand, *opcode.flags]) for opcode in opcodes if opcode.flags}
    flows = {opcode.flow for opcode in opcodes}
    assert (keys | kinds | flagged | flows) - words == set()
    assert (set(OPERANDS), set(FLOWS)) == (kinds, flows)


def _session(block, namespace):
    test = doctest.DocTestParser().get_doctest(block.text, namespace, "README.md", README, 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    if block.compared:
        assert not runner.failures, "".join(report)
    else:
        assert "Exception raised" not in "".join(report), "".join(report)
