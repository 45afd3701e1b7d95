"""DICT_MERGE without a call: what portable code merges wherever it stands."""

from __future__ import annotations

import pytest
from translatekit import RUNNING

import pyasm

FARTHEST = 2 if RUNNING.name == "3.9" else 9
"""How far the dict may be from the mapping."""


def merging(count: int, *more: str) -> str:
    between = "LOAD_CONST 5\n" * (count - 1)
    body = f"BUILD_MAP 0\n{between}LOAD_FAST one\nDICT_MERGE {count}\nLOAD_FAST other\nDICT_MERGE {count}\n"
    return "\n".join(
        ["DEFINE f", "ADD_ARG one", "ADD_ARG other", *more, body, "POP_TOP\n" * (count - 1), "RETURN_VALUE", "END"]
    )


@pytest.mark.parametrize("count", range(1, FARTHEST + 1))
@pytest.mark.parametrize("below", [0, 1, 2, 5])
def test_mappings_are_merged(count: int, below: int) -> None:
    function = pyasm.function(merging(count, *["LOAD_CONST 7"] * below))
    assert function({"a": 1}, {"b": 2}) == {"a": 1, "b": 2}
    with pytest.raises(TypeError, match="multiple values for keyword argument 'a'"):
        function({"a": 1}, {"a": 2})
    with pytest.raises(TypeError, match="must be a mapping, not int"):
        function({"a": 1}, 3)


def test_beside_a_call() -> None:
    """The one that has a callable keeps it."""
    call = "LOAD_GLOBAL dict\nLOAD_CONST ()\nBUILD_MAP 0\nLOAD_FAST one\nDICT_MERGE 1\n"
    function = pyasm.function(merging(1, call, "LOAD_FAST one", "DICT_MERGE 1", "CALL_FUNCTION_EX 1", "POP_TOP"))
    with pytest.raises(TypeError, match=r"dict\(\) got multiple values for keyword argument 'a'"):
        function({"a": 1}, {"b": 2})
    assert function({}, {"b": 2}) == {"b": 2}


def test_what_3_9_cannot_say() -> None:
    """There entries that are further away are moved in tuples, which forgets what is a dict."""
    code = pyasm.parse(merging(3))
    with pytest.raises(pyasm.TargetError, match=r"3\.9 can only express DICT_MERGE 3 for the arguments of a call"):
        pyasm.lower(code, "3.9")
