"""Code objects that no compiler makes: refused with a place and a reason."""

from __future__ import annotations

import pytest

import pyasm
from pyasm import isa

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
