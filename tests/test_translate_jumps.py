"""The pass words, jumps and names: what compilers make comes back, and what nobody compiled does what it says."""

import types

import pytest
import translatekit
from translatekit import RUNNING, codes, instructions, library

import pyasm
from pyasm import Code, Instruction, isa, translate
from pyasm.errors import TargetError
from pyasm.translate import longhand, names, words

EARLIER = translate.PASSES.index(words)
NATIVE = isa.names()
DIRECTED = [name for name in NATIVE if "JUMP_BACKWARD" in isa.load(name).opcodes]
WITH_TO_BOOL = [name for name in NATIVE if "TO_BOOL" in isa.load(name).opcodes]


def through(text, dialect, direction):
    """Text through the pass: `lift` or `lower`, as text of the same kind."""
    code = Code("f", instructions(text), dialect=dialect)
    translatekit.run(getattr(words, direction), code, isa.load(dialect))
    return shown(code.body)


def shown(body):
    """Instructions as text, labels renamed by their order."""
    marks = {each.arg: f"L{i}" for i, each in enumerate(e for e in body if e.op == "LABEL")}
    parts = []
    for op, arg, _ in body:
        if op == "LABEL":
            parts.append(f"{marks[arg]}:")
        else:
            parts.append(op if arg is None else f"{op} {marks.get(arg, arg) if type(arg) is str else arg}")
    return "; ".join(parts)


def function(text, args="", **attributes):
    """A function of portable text, on the running interpreter."""
    code = Code("f", instructions(text), dialect="portable", args=args.split(), **attributes)
    return types.FunctionType(pyasm.encode(translate.lower(code)), globals())


# -- what compilers make


def test_the_library_comes_back():
    different = []
    for module in library(25):
        for code in codes(pyasm.decode(module)):
            before = translatekit.lifted_to(code, EARLIER)
            after = before.replace()
            translatekit.run(words.lift, after)
            translatekit.run(words.lower, after)
            found = translatekit.compare(_settled(before), _settled(after))
            if found is not None:
                different.append(f"{module.co_filename}: {found}")
    assert not different, "\n".join(different[:5])


def _settled(code):
    """Without the positions of loads behind stores: a test behind one gives its own, and fusing drops it again."""
    body = list(code.body)
    for index in range(1, len(body)):
        if (body[index - 1].op, body[index].op) == ("STORE_FAST", "LOAD_FAST"):
            body[index] = body[index]._replace(position=None)
    return code.replace(body=body)


def test_the_library_leaves_nothing_native():
    """What these passes stand for is portable afterwards, but the jumps of SEND and the NOT_TAKEN of async for."""
    portable = isa.load(isa.PORTABLE).opcodes
    own = {"TO_BOOL", "JUMP_BACKWARD", "BINARY_OP", "BINARY_SLICE", "STORE_SLICE", "PREP_RERAISE_STAR"}
    own |= {name for name in RUNNING.opcodes if name.startswith(("POP_JUMP", "FORMAT_"))} - set(portable)
    for module in library(5):
        for code in codes(pyasm.decode(module)):
            lifted = translatekit.lifted_to(code, EARLIER + 1)
            native = {each.op for each in lifted.body} & own
            native |= {b.op for a, b in zip(lifted.body, lifted.body[1:]) if b.op == "NOT_TAKEN" != a.op != "POP_BLOCK"}
            assert not native, (module.co_filename, code.qualname)


# -- jumps


@pytest.mark.parametrize("dialect", DIRECTED)
def test_a_jump_has_the_direction_of_its_label(dialect):
    made = through("A:; NOP; JUMP_ABSOLUTE B; JUMP_FORWARD B; B:; JUMP_ABSOLUTE A; JUMP_FORWARD A", dialect, "lower")
    assert made == "L0:; NOP; JUMP_FORWARD L1; JUMP_FORWARD L1; L1:; JUMP_BACKWARD L0; JUMP_BACKWARD_NO_INTERRUPT L0"


@pytest.mark.parametrize("dialect", [name for name in NATIVE if name not in DIRECTED])
def test_a_jump_back_is_absolute_in_older_dialects(dialect):
    made = through("A:; NOP; JUMP_ABSOLUTE B; JUMP_FORWARD B; B:; JUMP_FORWARD A", dialect, "lower")
    assert made == "L0:; NOP; JUMP_ABSOLUTE L1; JUMP_FORWARD L1; L1:; JUMP_ABSOLUTE L0"


@pytest.mark.parametrize("dialect", NATIVE)
def test_a_conditional_jump_back(dialect):
    opcodes = isa.load(dialect).opcodes
    made = through("A:; LOAD_FAST x; POP_JUMP_IF_TRUE A; NOP", dialect, "lower")
    if "JUMP_ABSOLUTE" in opcodes:
        assert made == "L0:; LOAD_FAST x; POP_JUMP_IF_TRUE L0; NOP"
    elif "POP_JUMP_BACKWARD_IF_TRUE" in opcodes:
        assert made == "L0:; LOAD_FAST x; POP_JUMP_BACKWARD_IF_TRUE L0; NOP"
    else:
        test = "TO_BOOL; " if "TO_BOOL" in opcodes else ""
        hint = "NOT_TAKEN; " if "NOT_TAKEN" in opcodes else ""
        assert made == f"L0:; LOAD_FAST x; {test}POP_JUMP_IF_FALSE L1; {hint}JUMP_BACKWARD L0; L1:; NOP"
    assert through(made, dialect, "lift") == "L0:; LOAD_FAST x; POP_JUMP_IF_TRUE L0; NOP"


@pytest.mark.parametrize("dialect", DIRECTED)
@pytest.mark.parametrize("operand", [0, 1])
@pytest.mark.parametrize("jump", ["POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"])
def test_a_comparison_with_none_is_one_jump(dialect, operand, jump):
    made = through(f"LOAD_FAST x; LOAD_CONST None; IS_OP {operand}; {jump} A; A:", dialect, "lower")
    away = "NONE" if (operand == 1) == (jump == "POP_JUMP_IF_FALSE") else "NOT_NONE"
    assert made.replace("_FORWARD", "").replace("; NOT_TAKEN", "") == f"LOAD_FAST x; POP_JUMP_IF_{away} L0; L0:"


@pytest.mark.parametrize("dialect", WITH_TO_BOOL)
@pytest.mark.parametrize(
    ("before", "test"),
    [
        ("LOAD_FAST x", "LOAD_FAST x; TO_BOOL"),
        ("IS_OP 0", "IS_OP 0"),
        ("CONTAINS_OP 1", "CONTAINS_OP 1"),
        ("COMPARE_OP '<'", "COMPARE_OP bool(<)"),
        ("MATCH_SEQUENCE", "MATCH_SEQUENCE"),
        ("GET_LEN; LOAD_CONST 2; COMPARE_OP '>='", "GET_LEN; LOAD_CONST 2; COMPARE_OP >="),
        ("LOAD_FAST x; UNARY_NOT", "LOAD_FAST x; TO_BOOL; UNARY_NOT"),
        ("LOAD_FAST x; UNARY_NOT; UNARY_NOT", "LOAD_FAST x; TO_BOOL"),
        ("COMPARE_OP '<'; UNARY_NOT", "COMPARE_OP bool(<); UNARY_NOT"),
        ("A:", "L0:; TO_BOOL"),
    ],
)
def test_what_makes_a_bool_for_a_jump(dialect, before, test):
    made = through(f"{before}; POP_JUMP_IF_FALSE B; NOP; B:", dialect, "lower")
    made = made.replace("NOT_TAKEN; ", "").replace("LOAD_SMALL_INT", "LOAD_CONST")
    assert made.startswith(f"{test}; POP_JUMP_IF_FALSE")


TRUTH = [0, 1, "", "a", None, [], [0]]


@pytest.mark.parametrize("value", TRUTH)
def test_tests_run(value):
    for word in ("FALSE", "TRUE"):
        f = function(f"LOAD_FAST x; JUMP_IF_{word}_OR_POP A; LOAD_CONST 'other'; A:; RETURN_VALUE", "x")
        assert f(value) == (value if bool(value) == (word == "TRUE") else "other")
        f = function(
            f"LOAD_FAST x; POP_JUMP_IF_{word} A; LOAD_CONST 1; RETURN_VALUE; A:; LOAD_CONST 2; RETURN_VALUE", "x"
        )
        assert f(value) == (2 if bool(value) == (word == "TRUE") else 1)
    assert function("LOAD_FAST x; UNARY_NOT; UNARY_NOT; RETURN_VALUE", "x")(value) is bool(value)
    assert function("LOAD_FAST x; UNARY_NOT; UNARY_NOT; UNARY_NOT; RETURN_VALUE", "x")(value) is (not value)


@pytest.mark.parametrize("jump", ["JUMP_ABSOLUTE", "JUMP_FORWARD"])
def test_loops_run(jump):
    """Both jumps, back and forth; conditional jumps back, with and without a value that stays."""
    f = function(
        f"""
        LOAD_CONST 0; STORE_FAST s; {jump} TEST
        AGAIN:; LOAD_FAST s; LOAD_FAST n; INPLACE_ADD; STORE_FAST s
        LOAD_FAST n; LOAD_CONST 1; INPLACE_SUBTRACT; STORE_FAST n
        {jump} TEST; NOP
        OUT:; LOAD_FAST s; RETURN_VALUE
        TEST:; LOAD_FAST n; LOAD_CONST 0; COMPARE_OP '>'; POP_JUMP_IF_TRUE AGAIN
        {jump} OUT
        """,
        "n",
    )
    assert f(10) == 55
    f = function(
        """
        LOAD_FAST n; JUMP_FORWARD TEST
        AGAIN:; LOAD_CONST 1; BINARY_SUBTRACT
        TEST:; JUMP_IF_TRUE_OR_POP AGAIN
        LOAD_CONST 'done'; RETURN_VALUE
        """,
        "n",
    )
    assert f(5) == "done"


# -- names


def test_every_pair_is_read():
    """Each line of the page holds for a dialect, and comes back."""
    lines = [line for line in names.PAIRS.splitlines() if line.strip()]
    held = {rule for name in NATIVE for rule in names._rules(isa.load(name), names.PAIRS, lifting=True)}
    assert len(held) == len(lines)


@pytest.mark.parametrize("dialect", NATIVE)
def test_pairs_come_back(dialect):
    for old, new in names._rules(isa.load(dialect), names.PAIRS, lifting=True):
        code = Code("f", [Instruction(*each) for each in old], dialect=dialect)
        translatekit.run(words.lift, code, isa.load(dialect))
        assert [each[:2] for each in code.body] == list(new)
        translatekit.run(words.lower, code, isa.load(dialect))
        assert [each[:2] for each in code.body] == list(old)


@pytest.mark.parametrize("dialect", NATIVE)
def test_older_words_are_everywhere(dialect):
    """What 3.9 has never stays as a word that the dialect does not know, after all passes that are below."""
    own = {"JUMP_ABSOLUTE", "SETUP_ASYNC_WITH"}
    for op in set(isa.load(NATIVE[0]).opcodes) - own:
        if op.startswith(("BINARY", "INPLACE", "UNARY", "ROT", "DUP", "PRINT", "LIST_TO", "IMPORT_S", "LOAD_CLASSD")):
            code = Code("f", [Instruction(op)], dialect=dialect)
            translatekit.run(words.lower, code, isa.load(dialect))
            assert {each.op for each in code.body} <= set(isa.load(dialect).opcodes), op


@pytest.mark.parametrize("count", range(2, 9))
@pytest.mark.parametrize("op", ["COPY", "SWAP", "ROT_N"])
def test_stack_instructions_run(op, count):
    values = list(range(10, 10 + count))
    size = count + (op == "COPY")
    load = "; ".join(f"LOAD_CONST {value}" for value in values)
    expected = {
        "COPY": [*values, values[0]],
        "SWAP": [values[-1], *values[1:-1], values[0]],
        "ROT_N": [values[-1], *values[:-1]],
    }[op]
    assert function(f"{load}; {op} {count}; BUILD_LIST {size}; RETURN_VALUE")() == expected


@pytest.mark.parametrize(("text", "size"), [("DUP_TOP", 4), ("DUP_TOP_TWO", 5), ("DUP_TOP; ROT_THREE", 4)])
def test_copies_run(text, size):
    f = function(f"LOAD_FAST a; LOAD_FAST b; LOAD_FAST c; {text}; BUILD_LIST {size}; RETURN_VALUE", "a b c")
    expected = {"DUP_TOP": [1, 2, 3, 3], "DUP_TOP_TWO": [1, 2, 3, 2, 3], "DUP_TOP; ROT_THREE": [1, 3, 2, 3]}
    assert f(1, 2, 3) == expected[text]


@pytest.mark.parametrize("conversion", range(4))
def test_formats_run(conversion):
    convert = [str, str, repr, ascii][conversion]
    f = function(f"LOAD_FAST x; FORMAT_VALUE {conversion}; RETURN_VALUE", "x")
    assert f("ä") == convert("ä")
    spec = "LOAD_CONST '>'; LOAD_FAST w; FORMAT_VALUE 0; BUILD_STRING 2"
    either = f"LOAD_FAST w; POP_JUMP_IF_TRUE A; LOAD_CONST ''; JUMP_FORWARD B; A:; {spec}; B:"
    for text in (spec, either):
        f = function(f"LOAD_FAST x; {text}; FORMAT_VALUE {4 | conversion}; RETURN_VALUE", "x w")
        assert f("ä", 9) == format(convert("ä"), ">9")


def test_dicts_of_constant_keys_run():
    f = function("LOAD_FAST a; LOAD_FAST b; LOAD_CONST ('x', 'y'); BUILD_CONST_KEY_MAP 2; RETURN_VALUE", "a b")
    assert list(f(1, 2).items()) == [("x", 1), ("y", 2)]
    either = "LOAD_FAST a; JUMP_IF_TRUE_OR_POP A; LOAD_FAST b; A:"
    f = function(f"LOAD_FAST b; {either}; LOAD_CONST ('x', 'y'); BUILD_CONST_KEY_MAP 2; RETURN_VALUE", "a b")
    assert list(f(0, 2).items()) == [("x", 2), ("y", 2)]


def test_slices_in_place_run():
    read = "LOAD_FAST o; LOAD_CONST 1; LOAD_CONST 3; BUILD_SLICE 2; DUP_TOP_TWO; BINARY_SUBSCR"
    written = "ROT_THREE; STORE_SUBSCR; LOAD_FAST o; RETURN_VALUE"
    for value in ("LOAD_FAST x", "LOAD_FAST x; JUMP_IF_TRUE_OR_POP A; LOAD_FAST o; A:"):
        assert function(f"{read}; {value}; INPLACE_ADD; {written}", "o x")([1, 2, 3, 4], [9]) == [1, 2, 3, 9, 4]
    # the same words for something else: what was read is dropped, and another item written
    f = function(f"{read}; POP_TOP; POP_TOP; POP_TOP; LOAD_FAST o; LOAD_CONST 0; LOAD_CONST 7; {written}", "o")
    assert f([1, 2, 3, 4]) == [7, 2, 3, 4]


@pytest.mark.skipif("MATCH_KEYS" not in RUNNING.opcodes, reason="match statements")
def test_matches_run():
    f = function("LOAD_FAST d; LOAD_FAST k; MATCH_KEYS; BUILD_TUPLE 3; RETURN_VALUE", "d k")
    assert f({1: 2}, (1,)) == ({1: 2}, (1,), (2,))
    assert f({1: 2}, (3,)) == ({1: 2}, (3,), None)
    f = function("LOAD_FAST o; LOAD_FAST t; LOAD_CONST ('real',); MATCH_CLASS 0; RETURN_VALUE", "o t")
    assert f(2j, complex) == (0.0,)
    assert f("", complex) is None
    f = function("LOAD_FAST d; LOAD_FAST k; COPY_DICT_WITHOUT_KEYS; ROT_TWO; POP_TOP; RETURN_VALUE", "d k")
    given = {1: 2, 3: 4, 5: 6}
    assert f(given, (1, 5)) == {3: 4}
    assert given == {1: 2, 3: 4, 5: 6}


IMPORTING = [name for name in NATIVE if isa.load(name).opcodes["IMPORT_NAME"].flags]


@pytest.mark.parametrize("dialect", IMPORTING)
def test_imports_that_may_become_lazy(dialect):
    body = instructions(
        "IMPORT_NAME a; SETUP_FINALLY H; IMPORT_NAME b; POP_BLOCK; IMPORT_NAME c; IMPORT_NAME_LAZY d; IMPORT_NAME e;"
        "IMPORT_STAR; JUMP_FORWARD END; H:; SETUP_CLEANUP C; PUSH_EXC_INFO; IMPORT_NAME f; POP_BLOCK; POP_EXCEPT;"
        "IMPORT_NAME g; END:; RETURN_VALUE; C:; RERAISE 1"
    )
    for name, expected in ((longhand.MODULE, [0, 2, 0, 1, 2, 2, 0]), ("f", [2, 2, 2, 1, 2, 2, 2])):
        code = Code(name, body, dialect=dialect)
        translatekit.run(words.lower, code, isa.load(dialect))
        assert [each.arg[1] for each in code.body if each.op == "IMPORT_NAME"] == expected


def test_what_a_target_lacks_is_said_at_once():
    code = Code("f", instructions("GET_LEN; NOP; CHECK_EG_MATCH; IMPORT_NAME_LAZY x"), dialect="portable")
    with pytest.raises(TargetError) as caught:
        translatekit.run(words.lower, code, isa.load("3.9"))
    assert [str(each) for each in caught.value.findings] == [
        "f, instruction 0: 3.9 cannot express GET_LEN, which is for match statements",
        "f, instruction 2: 3.9 cannot express CHECK_EG_MATCH, which is for except* clauses",
        "f, instruction 3: 3.9 cannot express IMPORT_NAME_LAZY, which is for lazy imports",
    ]


def test_what_inner_code_lacks_is_said_with_the_rest():
    inner = Code("g", instructions("GET_LEN; RETURN_VALUE"), dialect="portable", qualname="f.g")
    body = [Instruction("LOAD_CONST", inner), *instructions("POP_TOP; CHECK_EG_MATCH")]
    with pytest.raises(TargetError) as caught:
        translate.lower(Code("f", body, dialect="portable"), "3.9")
    assert [each.place for each in caught.value.findings] == ["f.g, instruction 0", "f, instruction 2"]


@pytest.mark.parametrize("op", sorted(isa.load(isa.PORTABLE).since))
def test_targets_lack_what_the_table_says(op):
    if op in {"CALL_INTRINSIC_1", "CALL_INTRINSIC_2", "LOAD_COMMON_CONSTANT"}:
        return  # it depends on the operand
    for dialect in NATIVE:
        code = Code("f", [Instruction(op, "x" if "LOAD" in op or "IMPORT" in op else 2)], dialect=dialect)
        if dialect in isa.expressing(op):
            translatekit.run(words.lower, code, isa.load(dialect))
        else:
            with pytest.raises(TargetError):
                translatekit.run(words.lower, code, isa.load(dialect))
