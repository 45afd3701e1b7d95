"""The table of the running interpreter against everything that it reports of itself."""

from __future__ import annotations

import dis
import importlib.util
import marshal
import opcode
from typing import Any, Callable

import pytest

from pyasm import isa
from pyasm.errors import TargetError

DIALECT = isa.running()
OPCODES = DIALECT.opcodes
REAL = {name: number for name, number in opcode.opmap.items() if number < 256}

INTERNAL = {
    "CACHE",  # the units behind an instruction
    "RESERVED",
    "INTERPRETER_EXIT",
    "ENTER_EXECUTOR",
    "EXIT_INIT_CHECK",
    "TRACE_RECORD",
    "INSTRUMENTED_LINE",
    "INSTRUMENTED_INSTRUCTION",
}
"""Opcodes that no code object may have."""


def specialized() -> set[str]:
    return set(getattr(opcode, "_specialized_opmap", {})) | set(getattr(opcode, "_specialized_instructions", ()))


def test_numbers() -> None:
    assert {name: row.number for name, row in OPCODES.items()} == {
        name: number
        for name, number in REAL.items()
        if name not in INTERNAL and not name.startswith("INSTRUMENTED_") and name not in specialized()
    }


def test_numbers_are_unique() -> None:
    assert len(DIALECT.by_number) == len(OPCODES)
    assert 255 not in DIALECT.by_number, "that number stands for a label"


def test_magic() -> None:
    assert DIALECT.magic.to_bytes(2, "little") + b"\r\n" == importlib.util.MAGIC_NUMBER
    assert isa.magics()[DIALECT.magic] == DIALECT.name


def test_marshal_version() -> None:
    assert marshal.version == DIALECT.marshal


def test_caches() -> None:
    reported: Any = getattr(opcode, "_inline_cache_entries", {})
    for name, row in OPCODES.items():
        caches = reported.get(name, 0) if hasattr(reported, "get") else reported[row.number]
        assert row.caches == caches, name


def test_cache_formats() -> None:
    formats: dict[str, dict[str, int]] = getattr(opcode, "_cache_format", {})
    for name, parts in formats.items():
        if name in OPCODES and name != "JUMP_BACKWARD":
            assert OPCODES[name].caches == sum(parts.values()), name


def numbers(*kinds: str) -> set[int]:
    return {row.number for row in OPCODES.values() if row.operand in kinds}


def reported_by(*groups: str) -> set[int]:
    return {number for group in groups for number in getattr(dis, group) if number in DIALECT.by_number}


def test_operand_kinds() -> None:
    assert numbers("const") == reported_by("hasconst")
    assert numbers("name") == reported_by("hasname")
    assert numbers("compare") == reported_by("hascompare")
    assert numbers("local", "locals", "deref") == reported_by("haslocal", "hasfree")
    if DIALECT.variables == "separate":
        assert numbers("deref") == reported_by("hasfree")


def test_jumps() -> None:
    relative = {number for number in dis.hasjrel if number in DIALECT.by_number}
    absolute = {number for number in dis.hasjabs if number in DIALECT.by_number}
    rows = OPCODES.values()
    # END_ASYNC_FOR names a place, though it never jumps there
    found = {row.number for row in rows if row.operand in ("forward", "backward") and row.name != "END_ASYNC_FOR"}
    assert found == relative - {OPCODES["END_ASYNC_FOR"].number}
    assert {row.number for row in rows if row.operand == "absolute"} == absolute
    for row in rows:
        if row.operand == "backward" and row.name != "END_ASYNC_FOR":
            assert "BACKWARD" in row.name
        if row.flow in ("branch", "jump", "setup"):
            assert row.operand in isa.JUMPS, row.name


def test_which_have_an_operand() -> None:
    has: Callable[[int], bool]
    if hasattr(opcode, "_is_pseudo") or hasattr(dis, "hasarg"):
        has = set(dis.hasarg).__contains__
    else:
        has = lambda number: number >= dis.HAVE_ARGUMENT  # noqa: E731
    ignored = {  # the operand byte is there, and means nothing
        name for name, row in OPCODES.items() if row.operand == "-" and has(row.number)
    }
    assert ignored <= {"CACHE", "MATCH_CLASS", "RERAISE", "ASYNC_GEN_WRAP", "CALL_FUNCTION_EX", "MAKE_FUNCTION"}, (
        ignored
    )
    for name, row in OPCODES.items():
        if row.operand != "-":
            assert has(row.number), name


def test_enums() -> None:
    plain = {number: name for number, name in DIALECT.enums["compare"].items() if "bool" not in name}
    assert list(plain.values()) == list(dis.cmp_op[:6])
    if "binary" in DIALECT.enums:
        assert list(DIALECT.enums["binary"].values()) == [symbol for _, symbol in opcode._nb_ops]  # type: ignore


@pytest.mark.parametrize(
    ("kind", "attribute", "prefix"),
    [
        ("intrinsic1", "_intrinsic_1_descs", "INTRINSIC_"),
        ("intrinsic2", "_intrinsic_2_descs", "INTRINSIC_"),
        ("special", "_special_method_names", ""),
    ],
)
def test_names_of_operands(kind: str, attribute: str, prefix: str) -> None:
    reported = getattr(opcode, attribute, None)
    if reported is None:
        assert kind not in DIALECT.enums or DIALECT.enums[kind]
        return
    table = DIALECT.enums[kind]
    assert {n: prefix + name for n, name in table.items()} == {
        n: name for n, name in enumerate(reported) if "INVALID" not in name
    }


def test_common_constants() -> None:
    reported = getattr(opcode, "_common_constants", None)
    if reported is None:
        assert "constant" not in DIALECT.enums
        return
    shown = [value.__name__ if callable(value) else repr(value) for value in reported]
    assert list(DIALECT.enums["constant"].values()) == shown


OPERANDS = [*range(64), 100, 127, 128, 255, 256, 257, 258, 511, 512, 513, 769, 1023, 4096, 65535]

MODELLED_OTHERWISE: dict[tuple[str, str], Callable[[int], int]] = {
    # what `dis` says of them, where it differs from what they do
    ("3.11", "CALL"): lambda n: -1,
    ("3.11", "PRECALL"): lambda n: -n,
    ("3.11", "RETURN_GENERATOR"): lambda n: 0,
    ("3.12", "RETURN_GENERATOR"): lambda n: 0,
    ("3.14", "RETURN_VALUE"): lambda n: 0,
    ("3.15", "RETURN_VALUE"): lambda n: 0,
}

SENSELESS: dict[str, Callable[[int], bool]] = {
    # operands that these instructions cannot have
    "BUILD_SLICE": lambda n: n not in (2, 3),
    "COPY": lambda n: n == 0,
    "SWAP": lambda n: n < 2,
    "RAISE_VARARGS": lambda n: n > 2,
}


@pytest.mark.parametrize("jump", [False, True])
def test_stack_effects(jump: bool) -> None:
    compared = 0
    for name, row in OPCODES.items():
        if name == "EXTENDED_ARG":
            continue
        for n in OPERANDS if row.number in dis.hasconst or row.operand != "-" else [0]:
            if name in SENSELESS and SENSELESS[name](n):
                continue
            argument = n if row.operand != "-" or row.number >= dis.HAVE_ARGUMENT else None
            try:
                reported = dis.stack_effect(row.number, argument, jump=jump)
            except ValueError:
                continue
            modelled = MODELLED_OTHERWISE.get((DIALECT.name, name))
            expected = modelled(n) if modelled else row.effect(n, jump)
            assert expected == reported, (name, n, jump)
            compared += 1
    assert compared > 1000


def test_every_table_loads_and_is_complete() -> None:
    assert len(isa.names()) == 7
    keys = {key: type(value) for key, value in vars(DIALECT).items()}
    for name in isa.names():
        dialect = isa.load(name)
        assert dialect.name == name
        assert {key: type(value) for key, value in vars(dialect).items()} == keys
        for row in dialect.opcodes.values():
            assert row.flow in {"next", "branch", "jump", "return", "raise", "yield", "setup"}
            assert row.meaning
            assert row.operand in {
                "-",
                "const",
                "name",
                "local",
                "locals",
                "deref",
                "number",
                *isa.JUMPS,
                *dialect.enums,
            }
            assert row.pops(3) >= 0


def test_unknown_dialect() -> None:
    with pytest.raises(
        TargetError, match=r"there is no dialect '3\.1'; the native ones are 3\.9, .* did you mean 3\.1"
    ):
        isa.load("3.1")
