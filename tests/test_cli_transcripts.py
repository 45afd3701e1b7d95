"""The commands give what the transcripts in tests/cli show, on every version."""

import os
import shutil

import pytest
import transcripts

FOLDER = os.path.join(transcripts.ROOT, "tests", "cli")
FILES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".txt"))


@pytest.mark.parametrize("name", FILES)
def test_transcript(name, tmp_path):
    path = os.path.join(FOLDER, name)
    with open(path, encoding="utf-8") as file:
        steps = transcripts.read(file.read())
    shutil.copytree(
        os.path.join(transcripts.ROOT, "examples"), tmp_path / "examples", ignore=shutil.ignore_patterns("*.pyc")
    )
    for program in os.listdir(os.path.join(FOLDER, "programs")):
        shutil.copy(os.path.join(FOLDER, "programs", program), tmp_path)
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)))
    (tmp_path / "short.pyc").write_bytes(b"\xf3\x0d\r\n" + bytes(12) + b"\xe3\x00")
    got = [transcripts.Step(step.command, transcripts.play(step.command, str(tmp_path))) for step in steps]
    if os.environ.get("PYASM_UPDATE"):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"$ {step.command}\n{step.output}" for step in got)
    assert steps, "an empty transcript shows nothing"
    assert got == steps
