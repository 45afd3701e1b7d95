"""decode and encode over the standard library of the running interpreter, every code object that it compiles to."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Iterator

import pytest
from support import FULL, compiled, differences, sample, stdlib_files, walk

import pyasm
from pyasm import isa
from pyasm.code import Code
from pyasm.native import positions
from pyasm.native.encode import computed_stack_size

DIALECT = isa.running()


@pytest.fixture(scope="module")
def modules() -> list[types.CodeType]:
    found = [compiled(file) for file in sample(stdlib_files(), 60)]
    codes = [code for code in found if code is not None]
    assert len(codes) > len(found) * 0.8
    return codes


def nested(code: Code) -> Iterator[Code]:
    yield code
    assert code.layout is not None
    for const in code.layout.consts:
        if isinstance(const, Code):
            yield from nested(const)


def test_encode_is_the_inverse_of_decode(modules: list[types.CodeType]) -> None:
    count = 0
    for code in modules:
        assert differences(code, pyasm.encode(pyasm.decode(code))) == []
        count += sum(1 for _ in walk(code))
    print(f"{count} code objects")
    assert count > len(modules)


def test_tables_are_written_anew(modules: list[types.CodeType]) -> None:
    """Without the tables that were decoded, positions and handlers give the same bytes again."""
    count, odd = 0, []
    for code in modules:
        decoded = pyasm.decode(code)
        for one in nested(decoded):
            count += 1
            assert one.layout is not None
            one.layout = one.layout._replace(line_table=None, exception_table=None)
        encoded = pyasm.encode(decoded)
        odd += differences(code, encoded)
        for one, other in zip(nested(pyasm.decode(code)), nested(pyasm.decode(encoded))):
            assert one.body == other.body  # positions are a part of it
    if DIALECT.line_table == "lnotab":
        # its optimizer removes instructions, but not their entries
        assert {field for _, field, *_ in odd} <= {"co_lnotab"}
        assert not FULL or len(odd) < 0.01 * count
    else:
        assert odd == []


def test_lines_are_kept(modules: list[types.CodeType]) -> None:
    """Written anew, the position table says the same of every instruction; it may differ in where prefixes belong."""
    import dis

    for code in modules:
        decoded = pyasm.decode(code)
        for one in nested(decoded):
            assert one.layout is not None
            one.layout = one.layout._replace(line_table=None)
        for before, after in zip(walk(code), walk(pyasm.encode(decoded))):
            starts = [dict(dis.findlinestarts(c)) for c in (before, after)]
            lines: list[list[tuple[int, int]]] = [[], []]
            for c, found, out in zip((before, after), starts, lines):
                line = c.co_firstlineno
                for offset in range(0, len(c.co_code), 2):
                    line = found.get(offset, line)
                    if c.co_code[offset] != dis.EXTENDED_ARG:
                        out.append((offset, line))
            assert lines[0] == lines[1]


def test_stack_size(modules: list[types.CodeType]) -> None:
    """What is computed from the instructions alone, against what the compiler gave."""
    found: Counter[int] = Counter()
    for code in modules:
        for one in nested(pyasm.decode(code)):
            found[computed_stack_size(one) - one.stack_size] += 1
    print(dict(found))
    total = sum(found.values())
    chance = 0 if FULL else 4  # a small sample may hold some of the few by chance
    assert found[0] + chance >= 0.999 * total
    assert sum(count for off, count in found.items() if off > 0) <= 0.0005 * total + chance


def test_stack_size_is_never_below_what_was_decoded(modules: list[types.CodeType]) -> None:
    for code in modules:
        decoded = pyasm.decode(code)
        for one in nested(decoded):
            one.body = [pyasm.Instruction(*i) for i in one.body]  # equal, but not as decoded
        for before, after in zip(walk(code), walk(pyasm.encode(decoded))):
            assert after.co_stacksize >= before.co_stacksize


def test_offsets(modules: list[types.CodeType]) -> None:
    """Every instruction of the body stands where `offsets` says."""
    names = {row.number: row.name for row in DIALECT.opcodes.values()}
    for code in modules[:: 1 if FULL else 4]:
        for one, raw in zip(nested(pyasm.decode(code)), walk(code)):
            bytecode = raw.co_code
            for offset, instruction in zip(pyasm.offsets(one), one.body):
                if instruction.op == "LABEL":
                    continue
                while names[bytecode[offset]] == "EXTENDED_ARG" and instruction.op != "EXTENDED_ARG":
                    offset += 2
                assert names[bytecode[offset]] == instruction.op


def test_decoded_code_runs(modules: list[types.CodeType]) -> None:
    """A module assembled from its decoded form does what it does."""
    import textwrap

    file = textwrap.__file__
    code = compiled(__import__("pathlib").Path(file))
    assert code is not None
    names: dict = {"__name__": "again"}  # type: ignore[type-arg]
    exec(pyasm.encode(pyasm.decode(code)), names)
    assert names["dedent"]("  a\n    b") == textwrap.dedent("  a\n    b") == "a\n  b"


def test_neighbours_on_one_line_share_an_entry_of_lines() -> None:
    """Interpreters look through the table whenever something is raised."""
    places = [(1, 1, 0, 3), (1, 1, 4, 5), (2, 2, 0, 1), None, (None, None, None, None), (2, 2, 3, 4)]
    table = positions.write(isa.load("3.10"), places, [1, 2, 3, 1, 1, 1], 1)
    assert table == bytes((6, 0, 8, 1, 2, 128, 2, 0))
