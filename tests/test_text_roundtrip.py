"""parse and format are inverses: for compiled code, for what no compiler writes, and for every instruction."""

import sys
from types import CodeType

import pytest
from support import FULL, SEED, compiled, differences, function_code, sample, stdlib_files, walk

import pyasm
from pyasm import isa
from pyasm.code import Code, Free, Handler, Instruction, Layout, Position
from pyasm.text import printer

LOOP = """
def f(a, /, b, *rest, key=1, **more):
    "doc"
    total = 0
    for item in rest:
        try:
            total += item(a, b)
        except ValueError as error:
            print("no", error, total, lambda: total + key)
    return total
"""


def test_the_standard_library_comes_back_exactly():
    files = codes = 0
    for file in sample(stdlib_files(), 25):
        code = compiled(file)
        if code is None:
            continue
        decoded = pyasm.decode(code)
        text = pyasm.format(decoded, exact=True)
        parsed = pyasm.parse(text)
        assert not differences(code, pyasm.encode(parsed)), (file, SEED)
        assert pyasm.format(parsed, exact=True) == text, (file, SEED)
        files += 1
        codes += sum(1 for _ in walk(code))
    print(f"{files} files, {codes} code objects")
    assert files > (500 if FULL else 10)


def test_plain_text_assembles_to_the_same_instructions():
    for file in sample(stdlib_files(), 8):
        code = compiled(file)
        if code is not None:
            decoded = pyasm.decode(code)
            parsed = pyasm.parse(pyasm.format(decoded))
            assert _instructions(parsed) == _instructions(decoded), (file, SEED)
            assert _instructions(pyasm.decode(pyasm.encode(parsed))) == _instructions(decoded), (file, SEED)


def _instructions(code):
    """Mnemonics and labels of a code object and of those in it, and the names of its variables."""
    names = (code.name, code.qualname, code.filename, code.first_line, code.flags, code.doc, code.cells, code.frees)
    inner = [_instructions(arg) for _, arg, _ in code.body if isinstance(arg, Code)]
    body = [(op, arg if isinstance(arg, (str, int)) else None) for op, arg, _ in code.body]
    return names, code.parameters, body, code.handlers, inner


def test_plain_text_leaves_out_what_is_derived():
    text = pyasm.format(pyasm.decode(function_code(LOOP)))
    for directive in (".loc", ".consts", ".names", ".stacksize", ".local "):
        assert directive not in text
    assert "ADD_ARG /" in text
    assert "ADD_ARG *rest" in text
    assert "ADD_ARG **more" in text


def test_str_is_the_plain_text():
    code = pyasm.decode(function_code(LOOP))
    assert str(code) == pyasm.format(code)


def test_lines_make_up_the_text():
    code = pyasm.decode(function_code(LOOP))
    lines = list(printer.lines(code, exact=True))
    assert "\n".join(map(str, lines)) + "\n" == pyasm.format(code, exact=True)
    assert {line.kind for line in lines} >= {"target", "blank", "define", "argument", "directive", "position", "end"}
    for line in lines:
        if line.kind == "instruction":
            assert line.code.body[line.at].op == line.head


# -- edited text


def _without(text, *directives):
    return "".join(line + "\n" for line in text.split("\n") if line.split(" ")[4:5] not in [[d] for d in directives])


@pytest.mark.parametrize(
    "directives",
    [
        [".consts"],
        [".names"],
        [".consts", ".names"],
        [".stacksize"],
        [".loc"],
        [".local"],
        [".pick", ".prefixes"],
        [".consts", ".names", ".stacksize", ".loc", ".local", ".filename", ".firstline", ".pick", ".prefixes"],
    ],
)
def test_exact_text_without_some_directives_still_assembles(directives):
    for file in sample(stdlib_files(), 4)[:40]:
        code = compiled(file)
        if code is not None:
            decoded = pyasm.decode(code)
            if ".consts" in directives and _is_held_by_pool(decoded):
                continue  # its text then defines a code object that nothing names, which is an error
            if ".local" in directives and _needs_order(decoded):
                continue  # the first locals of its text then are others than two that stand in one instruction
            edited = _without(pyasm.format(decoded, exact=True), *directives)
            assert all(f"    {directive} " not in edited for directive in directives)
            again = pyasm.encode(pyasm.parse(edited))
            assert again.co_name == code.co_name


def _needs_order(code):
    """Are there two locals in one instruction, which only the first 16 may be, in a code object with more of them?"""
    pairs = any(each.op.count("FAST") > 1 for each in code.body) and len(code.parameters) + len(code.locals) > 16
    return pairs or any(_needs_order(each.arg) for each in code.body if isinstance(each.arg, pyasm.Code))


def _is_held_by_pool(code):
    """Is there a code object among the constants that no instruction loads? Compilers leave some of dead functions."""
    inner = [const for const in code.layout.consts if isinstance(const, pyasm.Code)]
    loaded = {id(each.arg) for each in code.body}
    return any(id(const) not in loaded or _is_held_by_pool(const) for const in inner)


def test_an_added_instruction_makes_the_stack_deeper():
    code = pyasm.decode(function_code("def f(a): return a"))
    text = pyasm.format(code, exact=True)
    pushes = "    LOAD_CONST 1\n" * 20 + "    POP_TOP\n" * 20
    end = text.index("    RETURN_VALUE")
    edited = pyasm.encode(pyasm.parse(text[:end] + pushes + text[end:]))
    assert edited.co_stacksize >= 21
    function = type(lambda: 0)(edited, {})
    assert function("x") == "x"


def test_a_table_is_dropped_when_the_instructions_change():
    raw = function_code("def f(a):\n    return a")
    odd = _odd_positions(raw)
    text = pyasm.format(pyasm.decode(odd), exact=True)
    assert ".line_table" in text
    table = "co_linetable" if sys.version_info >= (3, 10) else "co_lnotab"
    assert getattr(pyasm.encode(pyasm.parse(text)), table) == getattr(odd, table)
    edited = text.replace("    RETURN_VALUE", "    NOP\n    RETURN_VALUE")
    assert getattr(pyasm.encode(pyasm.parse(edited)), table) != getattr(odd, table)


def _odd_positions(raw):
    """The same code with a position table that no compiler writes."""
    if sys.version_info >= (3, 10):
        return raw.replace(co_linetable=raw.co_linetable + raw.co_linetable)
    return raw.replace(co_lnotab=raw.co_lnotab + b"\0\1\0\1\0\1")


# -- code objects that no compiler writes


def _exactly(raw):
    text = pyasm.format(pyasm.decode(raw), exact=True)
    assert differences(raw, pyasm.encode(pyasm.parse(text))) == []
    return text


def test_a_stack_size_that_is_too_small_or_too_large_is_kept():
    raw = function_code(LOOP)
    for size in (0, 1, 99):
        _exactly(raw.replace(co_stacksize=size))


def test_pools_in_another_order_and_with_more_in_them():
    raw = function_code("def f(): return g(1, 2.0, h)")
    text = _exactly(
        raw.replace(co_consts=(*raw.co_consts, None, 1, (1, "x"), 1), co_names=(*raw.co_names, "more", "ä b"))
    )
    assert ".consts" in text
    assert "`ä b`" in text


def test_equal_constants_are_picked():
    raw = compile("x = 'abc'; y = 12345678", "f", "exec")
    consts = [12345678 if const == "abc" else const for const in raw.co_consts]
    text = _exactly(raw.replace(co_consts=tuple(consts)))
    assert ".pick" in text
    edited = pyasm.encode(pyasm.parse(text.replace(".consts ", ".consts None, ")))
    namespace = {}
    exec(edited, namespace)
    assert (namespace["x"], namespace["y"]) == (12345678, 12345678)


def test_names_that_are_no_identifiers():
    raw = function_code("def f(a, b):\n    c = a\n    return c")
    names = ("", "a b\n`\\\0", "\ud800#;")
    text = _exactly(raw.replace(co_varnames=names, co_name="<f>", co_filename="\udcff\n"))
    text.encode()  # has no lone surrogates


def test_code_objects_of_the_same_name():
    source = "f = [lambda: 1, lambda: 2, lambda: (lambda: 3)]"
    code = compile(source, "f", "exec")
    text = _exactly(code)
    assert "DEFINE `<lambda>#2`" in text
    assert "    .name `<lambda>`" in text


def test_a_generated_name_does_not_meet_a_real_one():
    inner = [Code(name, [Instruction("NOP")], dialect="3.13") for name in ("f", "f#2", "f", "f#2", "f")]
    outer = Code("f", [Instruction("LOAD_CONST", code) for code in inner], dialect="3.13")
    assert pyasm.parse(pyasm.format(outer, exact=True)) == outer


def test_one_code_object_in_two_places_stays_one():
    raw = compile("def f(): pass", "f", "exec")
    code = pyasm.decode(raw)
    inner = next(arg for _, arg, _ in code.body if isinstance(arg, Code))
    code.body.append(Instruction("LOAD_CONST", inner))
    text = pyasm.format(code)
    assert text.count("DEFINE f\n") == 1
    found = [arg for _, arg, _ in pyasm.parse(text).body if isinstance(arg, Code)]
    assert len(found) == 2
    assert found[0] is found[1]


def test_deep_nesting_of_code():
    code = Code("inner", [Instruction("NOP")], dialect="3.13", filename="f.py")
    for _ in range(3000):
        code = Code("f", [Instruction("LOAD_CONST", code)], dialect="3.13", filename="f.py")
    text = pyasm.format(code)
    assert pyasm.format(pyasm.parse(text)) == text


def test_a_code_object_that_contains_itself_has_no_text():
    code = Code("f", dialect="3.13")
    code.body.append(Instruction("LOAD_CONST", code))
    with pytest.raises(pyasm.AssemblyError, match="contains itself"):
        pyasm.format(code)


def test_closure_variables_with_the_names_of_locals():
    body = [Instruction("LOAD_FAST", "x"), Instruction("LOAD_DEREF", Free("x")), Instruction("LOAD_DEREF", "c")]
    code = Code("f", body, dialect="3.13", args=["x"], cells=["c"], frees=["x"], filename="f.py")
    text = pyasm.format(code)
    assert "LOAD_DEREF §x" in text
    parsed = pyasm.parse(text)
    assert parsed == code
    assert type(parsed.body[1].arg) is Free


def test_positions_of_all_forms():
    places = [Position(1, 1, 2, 3), Position(1, 1, 2, 3), Position(), Position(5), Position(5, 6), Position(5, 5, 0)]
    places += [Position(5, 7, None, 3), Position(5, 5, 1, None), Position(-3, -3, 0, 0), Position(None, 4, 1, 2)]
    body = [Instruction("NOP", None, place) for place in places] + [Instruction("NOP", None, None)]
    code = Code("f", body, dialect="3.13")
    text = pyasm.format(code, exact=True)
    assert text.count(".loc") == len(places)
    assert [instruction.position for instruction in pyasm.parse(text).body] == [*places, None]


def test_without_positions_an_instruction_is_on_its_line_of_the_text():
    code = pyasm.parse(".target 3.13\n\nDEFINE f\n    NOP; NOP\n\n    NOP\nEND", "prog.pyasm")
    assert (code.filename, code.first_line) == ("prog.pyasm", 3)
    assert [instruction.position.line for instruction in code.body] == [4, 4, 6]
    assert code.body[0].position is code.body[1].position
    other = pyasm.parse('.target 3.13\nDEFINE f\n.filename "x.py"\nNOP\nEND', "prog.pyasm")
    assert (other.filename, other.first_line, other.body[0].position) == ("x.py", 1, None)


# -- every instruction of every dialect


def _operands(row, dialect):
    """Operands of all sorts for an instruction."""
    if row.flags:
        return [("name", bits) for bits in range(1 << len(row.flags))] + [("not a name", 1)]
    if row.operand in dialect.enums:
        return [*dialect.enums[row.operand].values(), 250]
    kinds = {
        "-": [None, 7],
        "number": [0, 1, 255, 256, 0xFFFFFFFF],
        "const": [None, -1, "x"],
        "name": ["x", "code", "None", "a.b"],
        "local": ["x", ".0", "x y"],
        "deref": ["c", "e", Free("e")],
        "locals": [("x", "y"), ("x", ".0")],
        "forward": ["end"],
        "absolute": ["end", "start"],
        "backward": ["start"],
    }
    return kinds[row.operand]


@pytest.mark.parametrize("name", [isa.PORTABLE, *isa.names()])
def test_every_instruction_with_all_sorts_of_operands(name):
    dialect = isa.load(name)
    body = [Instruction("LABEL", "start")]
    for row in dialect.opcodes.values():
        body += [Instruction(row.name, operand) for operand in _operands(row, dialect)]
    body.append(Instruction("LABEL", "end"))
    handlers = [Handler("start", "end", "end", 3, True), Handler("end", "end", "start", 0)]
    handlers = handlers if dialect.blocks == "table" else []
    code = Code("f", body, dialect=name, cells=["c"], frees=["e"], handlers=handlers, filename="f.py")
    for exact in (False, True):
        parsed = pyasm.parse(pyasm.format(code, exact))
        assert parsed == code
        assert [type(arg) for _, arg, _ in parsed.body] == [type(arg) for _, arg, _ in body]


def test_mnemonics_and_keywords_in_any_case_and_free_layout():
    text = ".target 3.13 ; define F; add_arg a;; label 'x:y' # text\n\tload_fast a;Return_Value ; END  "
    code = pyasm.parse(text)
    ops = [(op, arg) for op, arg, _ in code.body]
    assert ops == [("LABEL", "x:y"), ("LOAD_FAST", "a"), ("RETURN_VALUE", None)]
    assert code.args == ["a"]


def test_windows_line_ends():
    text = pyasm.format(pyasm.decode(function_code(LOOP)), exact=True)
    assert pyasm.format(pyasm.parse(text.replace("\n", "\r\n")), exact=True) == text


# -- what has no text


def test_a_constant_without_text_is_a_comment_or_an_error():
    code = Code("f", [Instruction("LOAD_CONST", object()), Instruction("LOAD_FAST", 3)], dialect="3.13")
    assert "# f, instruction 0 (LOAD_CONST): an object of type object has no text" in pyasm.format(code)
    assert pyasm.parse(pyasm.format(code)).body == []
    with pytest.raises(pyasm.AssemblyError) as caught:
        pyasm.format(code, exact=True)
    assert len(caught.value.findings) == 2


def test_a_pool_without_text_is_an_error_only_for_exact():
    code = Code("f", [Instruction("NOP")], dialect="3.13", layout=Layout((None, [])))
    assert "list" not in pyasm.format(code)
    with pytest.raises(pyasm.AssemblyError, match="an object of type list has no text"):
        pyasm.format(code, exact=True)


@pytest.mark.parametrize(
    "body",
    [
        [None],
        [()],
        [("LOAD_CONST",)],
        [("NOPE", 1, None)],
        [("LABEL", 3, None)],
        [("NOP", None, 3)],
        [("LOAD_GLOBAL", 1, None)],
    ],
)
def test_nothing_but_assembly_errors_for_bodies_of_all_sorts(body):
    code = Code("f", body, dialect="3.13")
    for exact in (False, True):
        try:
            assert isinstance(pyasm.format(code, exact), str)
        except pyasm.AssemblyError:
            assert exact


def test_a_dialect_that_is_not_there():
    with pytest.raises(pyasm.TargetError):
        pyasm.format(Code("f", dialect="4.0"))
    with pytest.raises(TypeError):
        pyasm.format(test_windows_line_ends)
    with pytest.raises(TypeError):
        pyasm.parse(b".target 3.13")


def test_code_is_really_compared():
    one = function_code("def f(): return 1")
    other = function_code("def f(): return True")
    assert isinstance(one, CodeType)
    assert differences(one, one) == []
    assert differences(one, other) != [] or sys.version_info >= (3, 14)
