"""Edits of a body: a new one, and its mnemonics in step with it."""

from __future__ import annotations

import random

import pytest
from support import SEED

from pyasm.code import Code, Row
from pyasm.translate import edit


@pytest.mark.parametrize("size", [0, 1, 2, 40, 999, 1000, 1001, 3000])
def test_edits_take_the_place_of_instructions(size: int) -> None:
    rng = random.Random(f"{SEED} {size}")
    body: list[Row] = [(f"OLD_{index}", index, None) for index in range(size)]
    for count in {0, 1, size // 8, size, size + 1}:
        places = rng.sample(range(size + 1), count)
        edits = {place: [(f"NEW_{place}", n, None) for n in range(rng.choice((0, 0, 1, 1, 2, 5)))] for place in places}
        expected = [row for index in range(size + 1) for row in edits.get(index, body[index : index + 1])]
        code = Code("f", body, dialect="portable")  # type: ignore[arg-type]
        rows, ops = code.rows, [op for op, _, _ in body]
        assert edit.rewrite(body, edits) == expected
        assert edit.put_in(code, ops, edits) == {op for rows in edits.values() for op, _, _ in rows}
        assert code.rows == expected
        assert code.rows is rows  # there is one body, which nobody has as it was
        assert ops == [op for op, _, _ in expected]
