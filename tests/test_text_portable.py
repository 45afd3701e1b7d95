"""The text of portable code: written and read by the same rules as that of native code, and without loss."""

import pytest
from support import SEED, compiled, function_code, sample, stdlib_files
from translatekit import COMPLETE

import pyasm
from pyasm import isa, translate
from pyasm.code import FIELDS, Code, Instruction, Layout, Position

OLDEST = isa.running().name == isa.names()[0]

GREET = """
define greet; add_arg name
    load_const "hello, "; Load_Fast name
    BINARY_ADD
    LABEL end
    return_value
end 0
"""


def differing(one, other, path=""):
    """The attributes in which two codes differ, nested ones, layouts, types and positions included."""
    path = f"{path}/{one.name}"
    found = [(path, name) for name in FIELDS if name not in ("layout", "rows")]
    found = [(path, name) for path, name in found if getattr(one, name) != getattr(other, name)]
    if _shape(one.layout) != _shape(other.layout):
        found.append((path, "layout"))
    if len(one.body) != len(other.body):
        return [*found, (path, "length")]
    for a, b in zip(one.body, other.body):
        if isinstance(a.arg, Code) and isinstance(b.arg, Code):
            found += differing(a.arg, b.arg, path)
        elif _plain(a.arg) != _plain(b.arg) or (a.op, a.position) != (b.op, b.position):
            found.append((path, a, b))
    return found


def _plain(value):
    """A constant as text that tells types apart; sets have no order."""
    if isinstance(value, (tuple, frozenset)):
        parts = list(map(_plain, value))
        return type(value).__name__, parts if isinstance(value, tuple) else sorted(map(str, parts))
    return "code" if isinstance(value, Code) else f"{type(value).__name__} {value!r}"


def _shape(layout):
    return layout and (_plain(layout.consts), layout._replace(consts=(), file=None, tables=None))


# -- reading


def test_a_text_without_target_is_portable():
    code = pyasm.parse(GREET, "greet.pyasm")
    assert (code.dialect, code.name, code.args, code.layout) == ("portable", "greet", ["name"], None)
    assert [(op, arg) for op, arg, _ in code.body] == [
        ("LOAD_CONST", "hello, "),
        ("LOAD_FAST", "name"),
        ("BINARY_ADD", None),
        ("LABEL", "end"),
        ("RETURN_VALUE", None),
    ]
    assert [position.line for _, _, position in code.body if position] == [3, 3, 4, 6]
    assert pyasm.parse(".target portable\n" + GREET, "greet.pyasm").body[0][:2] == code.body[0][:2]


def test_nested_code_by_its_name():
    text = "DEFINE outer\nLOAD_CONST code(inner)\nLOAD_CONST 'x'\nEND\nDEFINE inner\nLOAD_CONST 1\nRETURN_VALUE\nEND"
    text = text.replace("'x'", '"outer.<locals>.inner"')
    code = pyasm.parse(text)
    inner = code.body[0].arg
    assert (inner.name, inner.dialect) == ("inner", "portable")
    assert pyasm.parse(pyasm.format(code)).body[0].arg.body[0][:2] == ("LOAD_CONST", 1)


SPECIAL = {"COMPARE_OP": "<=", "UNPACK_EX": "257", "CALL_INTRINSIC_1": "TYPEVAR", "LOAD_COMMON_CONSTANT": "-1"}
OPERANDS = {"-": "", "number": "2", "const": '("a", 1)', "name": "n", "local": "v", "deref": "c"}


@pytest.mark.parametrize("mnemonic", isa.load(isa.PORTABLE).opcodes)
def test_every_instruction_is_understood(mnemonic):
    row = isa.load(isa.PORTABLE).opcodes[mnemonic]
    kind = row.operand if row.operand not in isa.load(isa.PORTABLE).enums else "1"
    operand = SPECIAL.get(mnemonic) or OPERANDS.get(kind) or ("L" if kind in isa.JUMPS else kind.strip("-"))
    for word in (mnemonic, mnemonic.lower(), mnemonic.title()):
        code = pyasm.parse(f"DEFINE f\n.cell c\n{word} {operand}\nL: NOP\nEND")
        assert code.body[0].op == mnemonic
        assert pyasm.parse(pyasm.format(code, exact=True)) == code


# -- writing


def test_no_target_line_and_no_blank_line_before_the_first():
    text = pyasm.format(pyasm.parse(GREET))
    assert text.startswith("DEFINE greet\n    ADD_ARG name\n")
    assert ".target" not in text


def test_portable_and_native_code_are_not_mixed():
    inner = Code("inner", [Instruction("NOP")], dialect="3.13")
    with pytest.raises(pyasm.TargetError, match=r"inner is of 3\.13, f of portable"):
        pyasm.format(Code("f", [Instruction("LOAD_CONST", inner)], dialect="portable"))


def lifted(source="def f(a):\n    return a + 1"):
    """Portable code with a layout, as lift leaves it."""
    code = translate.lift(pyasm.decode(function_code(source)))
    assert code.layout.origin == isa.running().name
    body = [Instruction("LOAD_FAST", "a", Position(2)), Instruction("NOP"), Instruction("RETURN_VALUE")]
    return code.replace(body=body)  # whatever can be lifted so far


def test_what_lift_leaves_comes_back():
    code = lifted()
    code.layout = code.layout._replace(
        consts=(None, 1, 1.0, True), names=("x", "y"), plain=frozenset(("re", "a b")), local_kinds=b"\x20", file=None
    )
    text = pyasm.format(code, exact=True)
    parsed = pyasm.parse(text)
    assert f"    .origin {isa.running().name}\n" in text
    assert "    .consts None, 1, 1.0, True\n" in text
    assert "    .plain `a b` re\n" in text
    assert differing(code, parsed) == []
    assert pyasm.format(parsed, exact=True) == text


def test_plain_text_has_nothing_of_the_layout():
    text = pyasm.format(lifted())
    for directive in (".origin", ".consts", ".names", ".stacksize", ".local_kinds", ".loc"):
        assert directive not in text


def test_an_instruction_without_position_stays_so():
    body = [Instruction("NOP"), Instruction("NOP", None, Position(3)), Instruction("NOP"), Instruction("NOP")]
    code = Code("f", [*body, Instruction("NOP", None, Position(3))], dialect="portable", filename="f.py")
    text = pyasm.format(code, exact=True)
    assert text.count(".loc same") == 1
    assert pyasm.parse(text) == code


def test_what_the_layout_says_of_the_stack_holds_for_the_text_as_it_was():
    code = lifted()
    code.layout = code.layout._replace(local_kinds=b"\x20", file=None)
    text = pyasm.format(code, exact=True)
    edited = pyasm.parse(text.replace("    NOP\n", "    NOP\n    NOP\n"))
    assert edited.stack_size == code.stack_size
    assert edited.layout == code.layout._replace(stack_size=0, local_kinds=None, tables=None)
    code.stack_size += 1
    again = pyasm.parse(pyasm.format(code, exact=True))
    assert (again.stack_size, again.layout.stack_size) == (code.stack_size, 0)


def test_one_of_two_equal_constants():
    """The compiler of 3.9 keeps constants that it computed apart; which one is meant, the object itself tells."""
    one, other = (tuple(value.split()) for value in ("strict", "strict"))
    body = [Instruction("LOAD_CONST", other), Instruction("LOAD_CONST", one), Instruction("RETURN_VALUE")]
    code = Code("f", body, dialect="portable", layout=Layout((one, other), origin="3.9"), filename="f.py")
    text = pyasm.format(code, exact=True)
    assert text.count("    .pick 1\n    LOAD_CONST") == 1
    parsed = pyasm.parse(text)
    assert parsed.body[0].arg is parsed.layout.consts[1]
    assert parsed.body[1].arg is not parsed.layout.consts[1]
    assert pyasm.parse(text.replace(".pick 1", ".pick 7")) == code


def test_layouts_of_all_sorts():
    body = [Instruction("LOAD_CONST", 1), Instruction("RETURN_VALUE")]
    for layout in (
        None,
        Layout((1,), ("a",)),
        Layout((1, 2), (), origin="3.10"),
        Layout(origin="3.9"),
        Layout(plain=frozenset("a")),
    ):
        for stack_size in (0, 3):
            code = Code("f", body, dialect="portable", layout=layout, stack_size=stack_size, filename="f.py")
            parsed = pyasm.parse(pyasm.format(code, exact=True))
            assert parsed == code
            assert parsed.layout == layout


@pytest.mark.skipif(not OLDEST and not COMPLETE, reason="lifting is not complete everywhere")
def test_the_standard_library_comes_back():
    count = 0
    refused = []
    for file in sample(stdlib_files(), 20):
        raw = compiled(file)
        if raw is None:
            continue
        try:
            code = translate.lift(pyasm.decode(raw))
        except pyasm.TargetError as error:
            refused.append(f"{file}: {error}")
            continue
        text = pyasm.format(code, exact=True)
        parsed = pyasm.parse(text)
        assert differing(code, parsed) == [], (file, SEED)
        assert pyasm.format(parsed, exact=True) == text, (file, SEED)
        count += 1
    assert len(refused) <= 3, refused  # of the whole library
    assert count > 10
