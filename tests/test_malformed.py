"""Code objects that no compiler makes: refused with a place and a reason."""

from __future__ import annotations

import marshal as host
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pycs
import pytest

import pyasm
from pyasm import isa
from pyasm.marshal import read
from pyasm.native.decode import decode_raw
from pyasm.native.encode import encode_raw
from pyasm.native.flags import GENERATORS
from pyasm.native.raw import RawCode

DIALECT = isa.running()


def changed(name: str, operand: int) -> bytes:
    caches = bytes(2 * DIALECT.opcodes[name].caches)
    return bytes([DIALECT.opcodes[name].number, operand]) + caches


@pytest.mark.parametrize("name", ["LOAD_CONST", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL"])
def test_indexes_out_of_range(name: str) -> None:
    code = (lambda: None).__code__.replace(co_code=changed(name, 200))
    with pytest.raises(pyasm.MalformedError, match=f"{name} 200: there is no such"):
        pyasm.decode(code)


def test_a_cell_without_cells() -> None:
    if DIALECT.variables == "joint":
        pytest.skip("any variable can be a cell")
    code = (lambda x: x).__code__.replace(co_code=changed("LOAD_DEREF", 0))
    with pytest.raises(pyasm.MalformedError, match="there is no such deref"):
        pyasm.decode(code)


def test_jump_to_nowhere() -> None:
    code = (lambda: None).__code__.replace(co_code=changed("JUMP_FORWARD", 200))
    with pytest.raises(pyasm.MalformedError, match="where no instruction begins"):
        pyasm.decode(code)


def test_no_code_object() -> None:
    with pytest.raises(TypeError, match="not int"):
        pyasm.decode(5)  # type: ignore[arg-type]


# -- code objects of every version, damaged in one field or several

MUTANTS = 20_000 if pycs.FULL else 1_000
SOURCE = Path(__file__).parent / "cli" / "programs" / "constructs.py"
BYTES = ("co_code", "line_table", "co_exceptiontable", "local_kinds")
NAMES = ("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_consts")
NUMBERS = ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_stacksize", "co_flags", "co_firstlineno")


def raw_codes(version: str, folder: Path) -> list[RawCode]:
    """The code objects that a version makes of a source with every construct."""
    (file,) = pycs.compile_files(version, [str(SOURCE)], folder)
    found: list[RawCode] = []
    pending = [read.loads(file.read_bytes(), isa.load(version), 16)[0]]
    while pending:
        found.append(pending.pop())
        pending += [const for const in found[-1].co_consts if isinstance(const, RawCode)]
    return found


def damaged(raw: RawCode, chance: random.Random) -> RawCode:
    """The same with one to three fields that say something else."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        field = chance.choice(BYTES * 4 + NAMES + NUMBERS)
        value: Any = getattr(raw, field)
        if value is None or (field in BYTES + NAMES and not value):
            continue
        if field in BYTES:
            value = damaged_bytes(value, chance)
        elif field in NAMES:
            value = value[: chance.randrange(len(value))] if chance.random() < 0.7 else value[1:]
        else:
            value = chance.choice((0, 1, 3, 255, value ^ 1 << chance.randrange(31), -value))
        raw = raw._replace(**{field: value})
    return raw


def damaged_bytes(value: bytes, chance: random.Random) -> bytes:
    table = bytearray(value)
    place = chance.randrange(len(table))
    how = chance.randrange(5)
    if how == 0:
        del table[place:]
    elif how == 1:
        table[place] ^= 1 << chance.randrange(8)
    elif how == 2:
        table[place] = chance.randrange(256)
    elif how == 3:
        table[place:place] = chance.randbytes(chance.randrange(1, 8))
    else:
        del table[place : place + chance.randrange(1, 8)]
    return bytes(table)


@pytest.mark.parametrize("size", [-8, 0, 7])
def test_odd_stack_sizes_come_back(size: int) -> None:
    """Where the instructions are those that were read, and where there are none."""
    native = pyasm.encode(pyasm.decode(test_odd_stack_sizes_come_back.__code__))
    raw = encode_raw(pyasm.decode(native))._replace(co_stacksize=size)
    empty = raw._replace(co_code=b"", line_table=b"", co_exceptiontable=raw.co_exceptiontable and b"")
    coroutine = empty._replace(co_flags=raw.co_flags | GENERATORS)  # which finds an entry when it begins
    for one in (raw, empty, coroutine):
        again = encode_raw(decode_raw(one, isa.running()))
        assert encode_raw(decode_raw(again, isa.running())) == again


@pytest.mark.parametrize("version", pycs.VERSIONS)
def test_damaged_code_objects(version: str, tmp_path: Path) -> None:
    """Each is refused with a reason, or decoded and encoded to a code object that can be decoded again."""
    if version not in pycs.interpreters():
        pytest.skip(f"no CPython {version} on PATH")
    dialect = isa.load(version)
    originals = raw_codes(version, tmp_path)
    assert len(originals) >= 10
    chance = pycs.seeded(f"code objects of {version}")
    outcomes: Counter[str] = Counter()
    for _ in range(MUTANTS):
        raw = damaged(chance.choice(originals), chance)
        with pycs.limits(10, 500):
            outcomes[outcome(raw, dialect)] += 1
    print(version, dict(outcomes))
    assert outcomes["refused"] > 0.2 * MUTANTS
    assert outcomes["same"] > 0.2 * MUTANTS


def outcome(raw: RawCode, dialect: isa.Dialect) -> str:
    try:
        code = decode_raw(raw, dialect)
    except pyasm.MalformedError as error:
        assert str(error)  # noqa: PT017
        return "refused"
    try:
        again = encode_raw(code)
    except pyasm.EncodeError as error:
        assert str(error)  # noqa: PT017
        return "refused when encoded"
    assert encode_raw(decode_raw(again, dialect)) == again
    return "same" if plain(again) == plain(raw) else "other"


def plain(raw: RawCode) -> RawCode:
    """Without the kinds of variables: encoding leaves out those that follow from the rest."""
    consts = tuple([plain(const) if isinstance(const, RawCode) else const for const in raw.co_consts])
    return raw._replace(co_consts=consts, local_kinds=None)


def test_the_host_agrees_on_the_source() -> None:
    """The source of the mutants is one that the running version compiles to the same."""
    code = compile(SOURCE.read_bytes(), "constructs.py", "exec", dont_inherit=True)
    raw, _ = read.loads(host.dumps(code), DIALECT)
    assert raw.co_code == code.co_code
