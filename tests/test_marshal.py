"""The marshal format: known answers, what `marshal` itself writes and reads, our own form, malformed data."""

from __future__ import annotations

import marshal as host
import math
import struct
from typing import Any

import pycs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyasm import EncodeError, MalformedError, TargetError, isa, marshal, pyc
from pyasm.marshal.form import MAX_DEPTH, FrozenDict, frozendict
from pyasm.native.constants import key
from pyasm.native.raw import RawCode

NEWEST = isa.load("3.15")
OLDEST = isa.load("3.9")
RUNNING = isa.running()


def number(n: int) -> bytes:
    return struct.pack("<i", n)


def same(one: Any, other: Any) -> bool:
    """Equal in type and value, through and through, order of dicts included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (dict, frozendict)):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, (set, frozenset)):
        return {key(item) for item in one} == {key(item) for item in other}
    if isinstance(one, slice):
        return same((one.start, one.stop, one.step), (other.start, other.stop, other.step))
    return one is other or key(one) == key(other)


# -- known answers

KNOWN = [
    (b"N", None),
    (b"T", True),
    (b"F", False),
    (b".", ...),
    (b"S", StopIteration),
    (b"i" + number(-2), -2),
    (b"\xe9" + number(2**31 - 1), 2**31 - 1),
    (b"i" + number(-(2**31)), -(2**31)),
    (b"l" + number(0), 0),
    (b"l" + number(1) + b"\x05\0", 5),
    (b"l" + number(3) + b"\0\0\0\0\x02\0", 2**31),
    (b"\xec" + number(-3) + b"\x01\0\0\0\x02\0", -(2**31) - 1),
    (b"g" + struct.pack("<d", -0.0), -0.0),
    (b"\xe7" + bytes.fromhex("010000000000f87f"), math.nan),
    (b"y" + struct.pack("<dd", 1.5, -0.0), complex(1.5, -0.0)),
    (b"s" + number(3) + b"a\0\xff", b"a\0\xff"),
    (b"z\x02hi", "hi"),
    (b"\xda\x02hi", "hi"),
    (b"z\0", ""),
    (b"a" + number(2) + b"hi", "hi"),
    (b"A" + number(256) + b"x" * 256, "x" * 256),
    (b"u" + number(2) + b"\xc3\xa9", "\xe9"),
    (b"t" + number(4) + b"\xf0\x9f\x90\x8d", "\U0001f40d"),
    (b"u" + number(3) + b"\xed\xb3\xbf", "\udcff"),
    (b")\0", ()),
    (b")\x02Ni" + number(1), (None, 1)),
    (b"(" + number(1) + b"T", (True,)),
    (b"[" + number(2) + b"N[" + number(0), [None, []]),
    (b"<" + number(1) + b"N", {None}),
    (b">" + number(2) + b"z\x01bz\x01a", frozenset("ab")),
    (b">" + number(2) + b"z\x01az\x01b", frozenset("ab")),
    (b"{0", {}),
    (b"{z\x01ai" + number(1) + b"NN0", {"a": 1, None: None}),
    (b"}z\x01aN0", frozendict({"a": None})),
    (b":NNN", slice(None, None, None)),
    (b")\x02\xbai" + number(1) + b"NNr" + number(0), (slice(1, None), slice(1, None))),
    (b"\xa9\x03\xda\x01ar" + number(1) + b"\xa9\0", ("a", "a", ())),
    (b")\x02\xbe" + number(1) + b"\xfa\x01ar" + number(0), (frozenset("a"), frozenset("a"))),
]


@pytest.mark.parametrize(("data", "value"), KNOWN, ids=[repr(data[:9]) for data, _ in KNOWN])
def test_known_answer(data: bytes, value: Any) -> None:
    loaded, form = marshal.loads(data, NEWEST)
    if value == value:
        assert same(loaded, value)
        assert marshal.dumps(value, NEWEST, form) == data
    else:
        assert math.isnan(loaded)
    assert marshal.dumps(loaded, NEWEST, form) == data


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (
            (1, 1, 1 << 31, 1 << 31),
            b"\xa9\x04\xe9" + number(1) + b"r" + number(1) + b"\xec" + number(3) + bytes(4) + b"\2\0r" + number(2),
        ),
        (("name", "no name", "name"), b"\xa9\x03\xda\x04name\xfa\x07no namer" + number(1)),
        ((b"x", b"x"), b"\xa9\x02\xf3" + number(1) + b"xr" + number(1)),
        (((), (1.0,), (1.0,)), b"\xa9\x03\xa9\0\xa9\x01\xe7" + struct.pack("<d", 1) + b"r" + number(2)),
        (frozenset((3, 1, 2)), b"\xbe" + number(3) + b"".join([b"\xe9" + number(n) for n in (1, 2, 3)])),
        ((True, 1, 1.0), b"\xa9\x03T\xe9" + number(1) + b"\xe7" + struct.pack("<d", 1)),
        ((0.0, -0.0), b"\xa9\x02\xe7" + bytes(8) + b"\xe7" + bytes(7) + b"\x80"),
        (([], []), b"\xa9\x02[" + number(0) + b"[" + number(0)),
        (("\xe9", "\xe9!"), b"\xa9\x02\xf4" + number(2) + b"\xc3\xa9\xf5" + number(3) + b"\xc3\xa9!"),
        ("x" * 300, b"\xc1" + number(300) + b"x" * 300),
        (" " * 300, b"\xe1" + number(300) + b" " * 300),
    ],
)
def test_our_own_form(value: Any, data: bytes) -> None:
    assert marshal.dumps(value, NEWEST) == data


def test_long_tuple() -> None:
    value = tuple(range(256))
    data = marshal.dumps(value, OLDEST)
    assert data[:5] == b"\xa8" + number(256)
    assert marshal.loads(data, OLDEST)[0] == value


# -- what the running interpreter writes and reads

_atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.just(...),
    st.just(StopIteration),
    st.integers(),
    st.integers(-(1 << 80), 1 << 80),
    st.floats(),
    st.complex_numbers(),
    st.binary(max_size=300),
    st.text(st.characters(), max_size=8),
    st.text("abc_1 ", max_size=300),
)
_hashable = st.recursive(
    _atoms,
    lambda inner: st.one_of(st.lists(inner, max_size=5).map(tuple), st.frozensets(inner, max_size=5)),
    max_leaves=12,
)
values = st.recursive(
    _hashable,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.sets(_hashable, max_size=5),
        st.dictionaries(_hashable, inner, max_size=5),
        st.tuples(inner).map(lambda items: items * 2),
        *([st.builds(slice, inner, inner, inner)] if RUNNING.marshal >= 5 else []),
        *([st.dictionaries(_hashable, inner, max_size=5).map(frozendict)] if RUNNING.marshal >= 6 else []),
    ),
    max_leaves=12,
)
EXAMPLES = settings(max_examples=3000 if pycs.FULL else 150, deadline=None)


@EXAMPLES
@given(values)
def test_what_the_interpreter_writes(value: Any) -> None:
    data = host.dumps(value)
    loaded, form = marshal.loads(data, RUNNING)
    assert same(loaded, value)
    assert marshal.dumps(loaded, RUNNING, form) == data


@EXAMPLES
@given(values)
def test_the_interpreter_reads_our_form(value: Any) -> None:
    data = marshal.dumps(value, RUNNING)
    assert same(host.loads(data), value)
    assert same(marshal.loads(data, RUNNING)[0], value)


def test_a_set_keeps_each_of_its_nans() -> None:
    one, other = float("nan"), float("nan")
    for members in ([one, other], [complex(0, one), complex(0, other)], [(one,), (other,)]):
        assert len(marshal.loads(marshal.dumps(frozenset(members), RUNNING), RUNNING)[0]) == 2


@EXAMPLES
@given(values, values)
def test_form_of_another_value(value: Any, other: Any) -> None:
    form = marshal.loads(host.dumps((value, value, other, value)), RUNNING)[1]
    for edited in (other, (other, value, other, value), (value, other, value), (value, value, other, value, 5)):
        assert same(host.loads(marshal.dumps(edited, RUNNING, form)), edited)


@pytest.mark.parametrize(
    ("data", "edited", "expected"),
    [
        (b")\x02z\x01az\x01b", ("a", "c"), b")\x02z\x01az\x01c"),
        (b")\x02z\x01az\x01b", ("a", "\xe9"), b")\x02z\x01a\xf4" + number(2) + b"\xc3\xa9"),
        (b")\x01a" + number(1) + b"a", ("\xe9!",), b")\x01\xf5" + number(3) + b"\xc3\xa9!"),
        (b")\x01z\x01a", ("a" * 256,), b")\x01\xc1" + number(256) + b"a" * 256),
        (b")\x01i" + number(1), (1 << 31,), b")\x01\xec" + number(3) + b"\0\0\0\0\x02\0"),
        (b")\x02\xfa\x01aN", ("a", "a"), b")\x02\xfa\x01ar" + number(0)),
        (b")\x03\xfa\x01aNz\x01c", ("a", True, "a"), b")\x03\xfa\x01aTr" + number(0)),
        (b"\xa9\x02\xfa\x01ar" + number(1), ("a", "b"), b"\xa9\x02\xfa\x01a\xda\x01b"),
        (b"\xa9\x02i" + number(1) + b"N", (1, None, None), b"\xa9\x03i" + number(1) + b"NN"),
        (b")\x01T", (1,), b")\x01\xe9" + number(1)),
        (b")\x01i" + number(1), (True,), b")\x01T"),
        (b")\0", tuple([None] * 256), b"\xa8" + number(256) + b"N" * 256),
    ],
)
def test_edited(data: bytes, edited: Any, expected: bytes) -> None:
    assert marshal.dumps(edited, NEWEST, marshal.loads(data, NEWEST)[1]) == expected


def test_our_form_does_not_depend_on_the_order_of_sets() -> None:
    names = [f"n{i}" for i in range(50)]
    one, other = frozenset(names), frozenset(reversed(names))
    nested = frozenset([one, frozenset(["x"])])
    assert marshal.dumps(one, NEWEST) == marshal.dumps(other, NEWEST)
    assert marshal.dumps(nested, NEWEST) == marshal.dumps(frozenset([frozenset(["x"]), other]), NEWEST)


# -- types that not every version has


def test_types_of_later_versions() -> None:
    for version in pycs.VERSIONS:
        dialect = isa.load(version)
        for value, since in ((slice(1, 2), 5), (frozendict({1: 2}), 6)):
            if dialect.marshal >= since:
                data = marshal.dumps((value, value), dialect)
                assert same(marshal.loads(data, dialect)[0], (value, value))
            else:
                with pytest.raises(TargetError, match=f"{version} has no constants of type {type(value).__name__}: "):
                    marshal.dumps((value, value), dialect)
                with pytest.raises(MalformedError, match="byte 0: the type"):
                    marshal.loads(marshal.dumps(value, NEWEST), dialect)


def test_frozen_dict() -> None:
    one, other = FrozenDict({"a": 1, "b": 2}), FrozenDict([("b", 2), ("a", 1)])
    assert one == other
    assert hash(one) == hash(other)
    assert one != FrozenDict({"a": 1})
    assert one != {"a": 1, "b": 2}
    assert (dict(one), len(one), one["a"], list(other)) == ({"a": 1, "b": 2}, 2, 1, ["b", "a"])
    assert repr(one) == "frozendict({'a': 1, 'b': 2})"
    with pytest.raises(TypeError):
        hash(FrozenDict({"a": []}))
    with pytest.raises(TypeError):
        one["a"] = 2  # type: ignore[index]


class _Text(str):
    pass


@pytest.mark.parametrize(
    "value", [object(), _Text("x"), int, print, range(3), bytearray(b"x"), type("T", (int,), {})(1)]
)
def test_what_has_no_form(value: Any) -> None:
    with pytest.raises(TargetError, match=f"a constant of type {type(value).__name__} has no form"):
        marshal.dumps((1, value), NEWEST)


def test_containers_that_contain_themselves() -> None:
    endless: Any = []
    endless.append(endless)
    with pytest.raises(EncodeError, match="nested"):
        marshal.dumps(endless, NEWEST)


# -- malformed data

LAUGHS = b")\x02" * 60 + b"N" * 61
MALFORMED = [
    (b"", 0, "the data end"),
    (b")\x02N", 3, "the data end"),
    (b"NN", 1, "1 bytes too many"),
    (b"?", 0, "the type b'\\?'"),
    (b"f\x011", 0, "the type"),
    (b"I" + bytes(8), 0, "the type"),
    (b"\xceN", 0, "the type"),
    (b"\xf2" + number(0), 0, "the type"),
    (b"0", 0, "the end of a dict where there is none"),
    (b"\xb0", 0, "the type"),
    (b"{N0", 2, "the end of a dict where there is none"),
    (b")\x010", 2, "the end of a dict where there is none"),
    (b"i\0\0", 1, "4 bytes are needed, and 2 are left"),
    (b"g" + bytes(7), 1, "8 bytes are needed, and 7 are left"),
    (b"z\x05abc", 2, "5 bytes are needed, and 3 are left"),
    (b"z", 1, "1 bytes are needed"),
    (b"s" + number(-1), 1, "a length of -1"),
    (b"s" + number(2**31 - 1) + b"x", 1, "a length of 2147483647, and 1 bytes are left"),
    (b"(" + number(2**31 - 1) + b"N", 1, "a length of 2147483647"),
    (b"[" + number(-(2**31)), 1, "a length of -2147483648"),
    (b">" + number(7) + b"N", 1, "a length of 7, and 1 bytes are left"),
    (b"z\x03ab\x80", 4, "not ASCII"),
    (b"a" + number(1) + b"\xff", 5, "not ASCII"),
    (b"u" + number(3) + b"ab\xff", 7, "not UTF-8"),
    (b"t" + number(2) + b"\xc0\x80", 5, "not UTF-8"),
    (b"u" + number(4) + b"\xf4\x90\x80\x80", 5, "not UTF-8"),
    (b"l" + number(-(2**31)), 1, "an int of 2147483648 digits, and 0 bytes are left"),
    (b"l" + number(1) + b"\0\x80", 0, "a digit of more than 15 bits"),
    (b"l" + number(2) + b"\x01\0\0\0", 0, "begins with a digit 0"),
    (b"r" + number(0), 0, "reference 0, but only 0 objects"),
    (b")\x02\xe9" + number(1) + b"r" + number(1), 7, "reference 1, but only 1 objects"),
    (b")\x02\xe9" + number(1) + b"r" + number(-1), 7, "reference -1"),
    (b"\xa9\x01r" + number(0), 2, "to an object that contains it"),
    (b"\xdb" + number(1) + b"r" + number(0), 5, "to an object that contains it"),
    (b">" + number(2) + b"NN", 0, "a set with equal members"),
    (b"<" + number(2) + b"Ti" + number(1), 0, "a set with equal members"),
    (b"{NNNN0", 0, "a dict with equal keys"),
    (b"<" + number(1) + b"[" + number(0), 0, "no member of a set .*unhashable"),
    (b"{{0N0", 0, "no key of a dict: .*unhashable"),
    (b">" + number(1) + b")\x01<" + number(0), 0, "no member of a set"),
    (b")\x01" * (MAX_DEPTH + 1) + b"N", 2 * MAX_DEPTH, "nested more than 2000 deep"),
    (b"[" * 100_000, 1, "a length of 1532713819, and 99995 bytes are left"),
    (b"c" + bytes(20), 21, "the data end"),
    (b"c" + bytes(24), 21, "the type"),
]


@pytest.mark.parametrize(("data", "place", "reason"), MALFORMED, ids=[repr(data[:12]) for data, _, _ in MALFORMED])
def test_malformed(data: bytes, place: int, reason: str) -> None:
    with pycs.limits(5, 200), pytest.raises(MalformedError, match=reason) as caught:
        marshal.loads(data, NEWEST)
    assert caught.value.findings[0].place == f"byte {place}"


def test_offsets_count_from_the_beginning_of_the_file() -> None:
    with pytest.raises(MalformedError, match="byte 17: "):
        marshal.loads(bytes(16) + b"z", NEWEST, 16)


def test_deep_nesting() -> None:
    for shape in (b")\x01", b"[" + number(1), b">" + number(1), b":NN", b"{N"):
        data = shape * MAX_DEPTH + b"N" + b"0" * (MAX_DEPTH if shape == b"{N" else 0)
        value, form = marshal.loads(data, NEWEST)
        assert marshal.dumps(value, NEWEST, form) == data


# -- code objects

FIELDS = {
    "argcount": b"\0\0\0\0",
    "posonly": b"\0\0\0\0",
    "kwonly": b"\0\0\0\0",
    "stack": b"\x01\0\0\0",
    "flags": b"\x03\0\0\0",
    "code": b"s\x02\0\0\0\x97\0",
    "consts": b")\x01N",
    "names": b")\0",
    "variables": b")\x03z\x01az\x01bz\x01c",
    "kinds": b"s\x03\0\0\0\x20\x40\x80",
    "filename": b"z\x01f",
    "name": b"z\x01n",
    "qualname": b"z\x01n",
    "line": b"\x07\0\0\0",
    "lines": b"s\0\0\0\0",
    "exceptions": b"s\0\0\0\0",
}


def code(**changes: bytes) -> bytes:
    return b"c" + b"".join({**FIELDS, **changes}.values())


def test_code_object() -> None:
    raw, form = marshal.loads(code(), isa.load("3.12"))
    assert raw == RawCode(
        0, 0, 0, 1, 1, 3, b"\x97\0", (None,), (), ("a",), ("c",), ("b",), "f", "n", "n", 7, b"", b"", b"\x20\x40\x80"
    )
    assert marshal.dumps(raw, isa.load("3.12"), form) == code()
    assert marshal.loads(marshal.dumps(raw, isa.load("3.12")), isa.load("3.12"))[0] == raw


def test_code_object_with_separate_variables() -> None:
    data = b"c" + bytes(12) + number(1) + number(1) + number(3)
    data += b"s\0\0\0\0)\0)\0)\x01z\x01a)\x01z\x01c)\x01z\x01bz\x01fz\x01n" + number(7) + b"s\0\0\0\0"
    raw, form = marshal.loads(data, OLDEST)
    assert raw == RawCode(0, 0, 0, 1, 1, 3, b"", (), (), ("a",), ("c",), ("b",), "f", "n", None, 7, b"", None, None)
    assert marshal.dumps(raw, OLDEST, form) == data


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"argcount": number(2)}, "2 parameters, 0 positional-only, but 1 local variables"),
        ({"argcount": number(-1)}, "a negative number"),
        ({"kwonly": number(2**31 - 1)}, "2147483647 parameters"),
        ({"posonly": number(1)}, "0 parameters, 1 positional-only"),
        ({"stack": number(-1)}, "a negative number"),
        ({"code": b"N"}, "co_code is of type NoneType, not bytes"),
        ({"consts": b"[\0\0\0\0"}, "co_consts is of type list, not tuple"),
        ({"names": b")\x01N"}, "co_names has members that are no str"),
        ({"names": b")\x02z\x01az\x01a"}, "the name 'a' is listed twice"),
        ({"variables": b")\x01z\x01a"}, "1 variables, but the kinds of 3"),
        ({"variables": b")\x03z\x01az\x01az\x01c"}, "order locals, cells, free variables"),
        ({"kinds": b"s\x03\0\0\0\x40\x20\x80"}, "order locals, cells, free variables"),
        ({"kinds": b"s\x03\0\0\0\x20\x40\x00"}, "order locals, cells, free variables"),
        ({"kinds": b"s\x03\0\0\0\x20\x40\xa0"}, "order locals, cells, free variables"),
        ({"kinds": b"z\x03\x20\x40\x20"}, "local_kinds is of type str, not bytes"),
        ({"filename": b"N"}, "co_filename is of type NoneType, not str"),
        ({"name": b"s\0\0\0\0"}, "co_name is of type bytes, not str"),
        ({"qualname": b")\0"}, "co_qualname is of type tuple, not str"),
        ({"lines": b"N"}, "line_table is of type NoneType, not bytes"),
        ({"exceptions": b"N"}, "co_exceptiontable is of type NoneType, not bytes"),
        ({"consts": b")\x01)\x01" + code()}, "a code object inside a constant"),
        ({"consts": b")\x01[\x01\0\0\0" + code()}, "a code object that is no constant"),
        ({"names": b")\x01" + code()}, "a code object inside a constant"),
        ({"consts": b")\x02\xe3" + code()[1:] + b")\x01r\0\0\0\0"}, "a code object inside a constant"),
        ({"consts": b"\xa9\x01" + code(), "names": b"r\0\0\0\0"}, "a code object inside a constant"),
    ],
)
def test_malformed_code_object(changes: Any, reason: str) -> None:
    with pytest.raises(MalformedError, match=f"^byte [0-9]+: .*{reason}"):
        marshal.loads(code(**changes), isa.load("3.12"))


def test_a_code_object_may_be_a_constant_twice() -> None:
    data = code(consts=b")\x02\xe3" + code()[1:] + b"r\0\0\0\0")
    raw, form = marshal.loads(data, isa.load("3.12"))
    assert raw.co_consts[0] == raw.co_consts[1]
    assert marshal.dumps(raw, isa.load("3.12"), form) == data


def test_numbers_of_a_code_object_must_fit() -> None:
    raw = marshal.loads(code(), isa.load("3.12"))[0]
    for field in ("co_flags", "co_firstlineno"):
        with pytest.raises(EncodeError, match=f"code object n: {field} is no number of 32 bits"):
            marshal.dumps(raw._replace(**{field: 1 << 31}), isa.load("3.12"))


def test_kinds_that_do_not_fit_are_derived() -> None:
    raw, form = marshal.loads(code(kinds=b"s\x03\0\0\0\x30\x40\x80"), isa.load("3.12"))
    assert raw.local_kinds == b"\x30\x40\x80"
    edited = raw._replace(co_varnames=("a", "d"), co_cellvars=("a",), co_nlocals=2)
    assert (
        marshal.loads(marshal.dumps(edited, isa.load("3.12"), form), isa.load("3.12"))[0].local_kinds == b"\x60\x20\x80"
    )


def nested(levels: int) -> bytes:
    """A code object in a code object in a code object, ..."""
    before, after = code(consts=b")\x01%s").split(b"%s")
    return before * levels + b"N" + after * levels


def test_nested_code_objects() -> None:
    dialect = isa.load("3.12")
    raw, form = marshal.loads(nested(MAX_DEPTH // 2), dialect)
    assert marshal.dumps(raw, dialect, form) == nested(MAX_DEPTH // 2)
    with pytest.raises(MalformedError, match="nested more than 2000 deep"):
        marshal.loads(nested(MAX_DEPTH // 2 + 1), dialect)


HEADER = isa.load("3.12").magic.to_bytes(2, "little") + b"\r\n" + bytes(12)


def test_nested_code_objects_decoded() -> None:
    assert pyc.dump(pyc.load(HEADER + nested(200)), verify=False) == HEADER + nested(200)
    with pytest.raises(MalformedError, match="code objects nested too deeply"):
        pyc.load(HEADER + nested(MAX_DEPTH // 2))


def sized(content: bytes) -> bytes:
    return b"s" + number(len(content)) + content


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exceptions": sized(b"\xff" + b"\x7f" * 300_000 + b"\0")}, "a number of more than 32 bits"),
        ({"code": sized(bytes([144, 1]) * 300_000 + b"\x97\0")}, "an operand of more than 32 bits"),
    ],
)
def test_malformed_tables(changes: Any, reason: str) -> None:
    with pycs.limits(5, 300), pytest.raises(MalformedError, match=f"^code object n: .*{reason}"):
        pyc.load(HEADER + code(**changes))


# -- data that make more of themselves


def laughs(levels: int, inner: bytes = b"\xa9\0") -> bytes:
    """A tuple of two of the tuple below, which is of two of the tuple below, ..."""
    data = b"\xa9\x02" * levels + inner
    for level in range(levels):
        data += b"r" + number(levels - level)
    return data


@pytest.mark.parametrize("wrap", [b"%s", b">\x01\0\0\0%s", b"{%sN0", b")\x02%sN"])
def test_references_to_references(wrap: bytes) -> None:
    with pycs.limits(10, 300), pytest.raises(MalformedError, match="out of proportion"):
        marshal.loads(wrap % laughs(60), NEWEST)


def test_few_references_to_references_are_right() -> None:
    data = b">\x01\0\0\0" + laughs(5)
    value, form = marshal.loads(data, NEWEST)
    assert marshal.dumps(value, NEWEST, form) == data


def test_references_to_code() -> None:
    shared = b"\xf3" + number(60_000) + bytes(60_000)
    consts = b")\xff" + code(code=shared) + b"".join([code(code=b"r" + number(0)) for _ in range(254)])
    with pycs.limits(10, 300), pytest.raises(MalformedError, match="references to large code"):
        marshal.loads(code(consts=consts), isa.load("3.12"))


def test_many_uses_of_a_large_constant() -> None:
    large = b"\xa8" + number(2000) + b"".join([b"i" + number(n) for n in range(2000)])
    consts = b")\xff" + large + b"".join([code(consts=b")\x01r" + number(0)) for _ in range(254)])
    data = code(consts=consts)
    raw, form = marshal.loads(data, isa.load("3.12"))
    assert raw.co_consts[254].co_consts == (tuple(range(2000)),)
    assert marshal.dumps(raw, isa.load("3.12"), form) == data


def test_nested_references_to_code() -> None:
    level = code(consts=b")\0")
    for _ in range(40):
        level = code(consts=b")\x02\xe3" + level[1:] + b"r%s")
    data = level
    for n in reversed(range(40)):
        data = data.replace(b"r%s", b"r" + number(n), 1)
    with pycs.limits(10, 300), pytest.raises(MalformedError, match="out of proportion"):
        marshal.loads(data, isa.load("3.12"))


@pytest.mark.parametrize("shape", [b"(%s", b">%s", b"<%s"])
def test_made_up_collisions(shape: bytes) -> None:
    members = [marshal.dumps((n + 1) * ((1 << 61) - 1), NEWEST) for n in range(20_000)]
    with pycs.limits(10, 300), pytest.raises(MalformedError, match="with the same hash"):
        marshal.loads(shape % number(len(members)) + b"".join(members), NEWEST)


def test_large_tuples_in_large_tuples() -> None:
    data = b")\xff" * 1900 + (b")\0" + b"N" * 254) * 1900
    with pycs.limits(10, 300), pytest.raises(MalformedError, match="out of proportion"):
        marshal.loads(data, NEWEST)


def test_large_int() -> None:
    value = 7**300_000
    with pycs.limits(10, 300):
        data = marshal.dumps(value, NEWEST)
        assert marshal.loads(data, NEWEST)[0] == value
    assert host.loads(data) == value
