"""names: what has another name or another form of operand, one by one or a few at a time.

PAIRS is the page to read: what a dialect has, and the portable words for it. A pair holds for a dialect that has
all mnemonics on the left, and for which both sides do the same to the depth of the stack. What does not fit into pairs
is in `longhand`: format specifications, slices that are read and written, imports, and much of what a target lacks.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from pyasm import isa
from pyasm.code import Code, Place
from pyasm.errors import Finding, TargetError
from pyasm.translate import longhand
from pyasm.translate.edit import instruction
from pyasm.translate.effects import number
from pyasm.translate.peephole import ByType, Flagged, Peephole, Rules, Unflagged, Words
from pyasm.typed import Any, NamedTuple

PAIRS = """
    BINARY_OP +                               BINARY_ADD
    BINARY_OP &                               BINARY_AND
    BINARY_OP //                              BINARY_FLOOR_DIVIDE
    BINARY_OP <<                              BINARY_LSHIFT
    BINARY_OP @                               BINARY_MATRIX_MULTIPLY
    BINARY_OP *                               BINARY_MULTIPLY
    BINARY_OP %                               BINARY_MODULO
    BINARY_OP |                               BINARY_OR
    BINARY_OP **                              BINARY_POWER
    BINARY_OP >>                              BINARY_RSHIFT
    BINARY_OP -                               BINARY_SUBTRACT
    BINARY_OP /                               BINARY_TRUE_DIVIDE
    BINARY_OP ^                               BINARY_XOR
    BINARY_OP +=                              INPLACE_ADD
    BINARY_OP &=                              INPLACE_AND
    BINARY_OP //=                             INPLACE_FLOOR_DIVIDE
    BINARY_OP <<=                             INPLACE_LSHIFT
    BINARY_OP @=                              INPLACE_MATRIX_MULTIPLY
    BINARY_OP *=                              INPLACE_MULTIPLY
    BINARY_OP %=                              INPLACE_MODULO
    BINARY_OP |=                              INPLACE_OR
    BINARY_OP **=                             INPLACE_POWER
    BINARY_OP >>=                             INPLACE_RSHIFT
    BINARY_OP -=                              INPLACE_SUBTRACT
    BINARY_OP /=                              INPLACE_TRUE_DIVIDE
    BINARY_OP ^=                              INPLACE_XOR
    BINARY_OP []                              BINARY_SUBSCR
    BINARY_SLICE                              BUILD_SLICE 2; BINARY_SUBSCR
    STORE_SLICE                               BUILD_SLICE 2; STORE_SUBSCR

    COPY 1                                    DUP_TOP
    COPY 2; COPY 2                            DUP_TOP_TWO
    SWAP 2                                    ROT_TWO
    SWAP 3; SWAP 2                            ROT_THREE
    SWAP 4; SWAP 3; SWAP 2                    ROT_FOUR
    SWAP 2; COPY 2                            DUP_TOP; ROT_THREE

    CALL_INTRINSIC_1 PRINT; POP_TOP           PRINT_EXPR
    CALL_INTRINSIC_1 IMPORT_STAR; POP_TOP     IMPORT_STAR
    CALL_INTRINSIC_1 UNARY_POSITIVE           UNARY_POSITIVE
    CALL_INTRINSIC_1 LIST_TO_TUPLE            LIST_TO_TUPLE
    PREP_RERAISE_STAR                         CALL_INTRINSIC_2 PREP_RERAISE_STAR

    FORMAT_SIMPLE                             FORMAT_VALUE 0
    CONVERT_VALUE 1; FORMAT_SIMPLE            FORMAT_VALUE 1
    CONVERT_VALUE 2; FORMAT_SIMPLE            FORMAT_VALUE 2
    CONVERT_VALUE 3; FORMAT_SIMPLE            FORMAT_VALUE 3
    FORMAT_WITH_SPEC                          FORMAT_VALUE 4

    LOAD_LOCALS; LOAD_FROM_DICT_OR_DEREF x    LOAD_CLASSDEREF x
    MATCH_KEYS                                MATCH_KEYS; DUP_TOP; LOAD_CONST None; IS_OP 1
    MATCH_CLASS x                             MATCH_CLASS x; DUP_TOP; LOAD_CONST None; IS_OP 1
"""
"""An operand x is any, the same on both sides."""

SUBSTITUTES = """
    DUP_TOP                                   COPY 1
    DUP_TOP_TWO; POP_TOP                      COPY 2
    ROT_THREE; ROT_THREE; DUP_TOP; ROT_FOUR   COPY 3
    ROT_TWO                                   SWAP 2
    ROT_THREE; ROT_TWO                        SWAP 3
    ROT_FOUR; ROT_THREE; ROT_THREE            SWAP 4
    FORMAT_VALUE x                            CONVERT_VALUE x
    MATCH_KEYS; POP_TOP                       MATCH_KEYS
"""
"""In lowering only: for dialects without the portable word on the right, or with another instruction of that name."""

FLAGGED = {
    "LOAD_ATTR": {0: "LOAD_ATTR", 1: "LOAD_METHOD"},
    "IMPORT_NAME": {0: "IMPORT_NAME", 1: "IMPORT_NAME_LAZY", longhand.EAGER: "IMPORT_NAME"},
}
"""Mnemonic whose name has flags in some dialects -> flags -> the portable one."""

CONSTRUCTS = {
    "GET_LEN": "match statements",
    "MATCH_MAPPING": "match statements",
    "MATCH_SEQUENCE": "match statements",
    "MATCH_KEYS": "match statements",
    "MATCH_CLASS": "match statements",
    "COPY_DICT_WITHOUT_KEYS": "match statements",
    "CHECK_EG_MATCH": "except* clauses",
    "PREP_RERAISE_STAR": "except* clauses",
    "MAKE_CELL": "comprehensions in the frame around them",
    "LOAD_LOCALS": "type parameters",
    "LOAD_FROM_DICT_OR_DEREF": "type parameters",
    "LOAD_FROM_DICT_OR_GLOBALS": "type parameters",
    "CALL_INTRINSIC_1": "type parameters",
    "CALL_INTRINSIC_2": "type parameters",
    "BUILD_INTERPOLATION": "template strings",
    "BUILD_TEMPLATE": "template strings",
    "IMPORT_NAME_LAZY": "lazy imports",
}
"""Portable word that not every dialect can express -> what in Python it is for."""

ANY = "x"


@cache
def lifting(name: str) -> Rules:
    """The rules from a dialect's words to the portable ones."""
    dialect = isa.load(name)
    flags = {op: words for op, words in FLAGGED.items() if dialect.opcodes[op].flags}
    rules: Rules = {op: ByType({tuple: Unflagged(words)}) for op, words in flags.items()}
    return {**rules, **_by_first(_rules(dialect, PAIRS, lifting=True), positions=True)}


@cache
def lowering(name: str) -> Rules:
    """The rules from the portable words to those of a dialect, its compiler's choice."""
    dialect = isa.load(name)
    rules: Rules = {}
    for op, words in FLAGGED.items():
        if dialect.opcodes[op].flags:
            rules.update({word: Flagged(op, flags) for flags, word in sorted(words.items(), reverse=True)})
    pairs = _rules(dialect, PAIRS, lifting=False)
    pairs += [each for each in _rules(dialect, SUBSTITUTES, lifting=False) if not _means_the_same(each, dialect)]
    return {**rules, **_by_first(pairs, positions=False)}


@cache
def lacking(name: str) -> dict[str, Any]:
    """Portable words that a dialect cannot express: all of them (None), or those but with these operands."""
    portable, dialect = isa.load(isa.PORTABLE), isa.load(name)
    found: dict[str, Any] = {op: None for op in CONSTRUCTS if name not in isa.expressing(op)}
    for op in ("CALL_INTRINSIC_1", "CALL_INTRINSIC_2"):
        kind = portable.opcodes[op].operand
        known = set(dialect.enums.get(kind, {}).values())
        known |= {rule.old[0][1] for rule in _rules(dialect, PAIRS, lifting=False) if rule.old[0][0] == op}
        found[op] = known
    return found


def refuse(code: Code, dialect: isa.Dialect, present: Set[str]) -> None:
    """TargetError with all instructions that the dialect has no words for, if there are any."""
    without = lacking(dialect.name)
    if without.keys().isdisjoint(present):
        return
    findings = []
    for index, (op, arg, _) in enumerate(code.rows):
        if op in without:
            known = without[op]
            if known is not None and arg in known:
                continue
            name, word = (op, op) if known is None else (f"{op} {arg}", arg)
            construct = CONSTRUCTS.get(word, CONSTRUCTS[op])
            message = f"{dialect.name} cannot express {name}, which is for {construct}"
            findings.append(Finding(message, f"{code.qualname}, instruction {index}"))
    if findings:
        raise TargetError(findings)


# -- rules


class _Rule(NamedTuple):
    """Mnemonics and operands in a row, and what stands for them."""

    old: tuple[tuple[str, Any], ...]
    new: tuple[tuple[str, Any], ...]


class _Several:
    """Several instructions on one side, or any operand."""

    def __init__(self, rules: list[_Rule], positions: bool, single: Words) -> None:
        several = sorted((rule for rule in rules if len(rule.old) > 1), key=lambda rule: -len(rule.old))
        self.rows = [([op for op, _ in rule.old], rule) for rule in several]
        """The mnemonics of each, and the rule."""
        self.seconds = {ops[1] for ops, _ in self.rows}
        self.short = [rule for rule in rules if len(rule.old) == 1]
        self.positions = positions
        """Only instructions of one position are taken together."""
        self.single = single

    def put(self, walk: Peephole, index: int, arg: Any, position: Place | None) -> None:
        if walk.ops[index + 1] in self.seconds and self._put_row(walk, index):
            return
        for ((_, wanted),), new in self.short:
            if _fits(arg, wanted):
                walk.edits[index] = [instruction(op, arg if each == ANY else each, position) for op, each in new]
                return
        made = self.single.get(arg)
        if made is not None:
            walk.put(index, instruction(made[0], made[1], position))

    def _put_row(self, walk: Peephole, index: int) -> bool:
        """Change several in a row, if they are such."""
        for ops, (old, new) in self.rows:
            size = len(ops)
            if walk.ops[index : index + size] != ops:
                continue
            found = walk.body[index : index + size]
            value: Any = None
            last = found[-1][2]
            for each, (_, wanted) in zip(found, old):
                if wanted == ANY:
                    value = each[1]
                elif not _fits(each[1], wanted):
                    break
                if self.positions and each[2] != last:
                    break
            else:
                walk.edits.update(dict.fromkeys(range(index + 1, index + size), ()))
                walk.edits[index] = [instruction(op, value if arg == ANY else arg, last) for op, arg in new]
                return True
        return False


def _by_first(rules: list[_Rule], *, positions: bool) -> Rules:
    """The rules for each mnemonic with which some begin."""
    found: Rules = {}
    for op in {rule.old[0][0] for rule in rules}:
        mine = [rule for rule in rules if rule.old[0][0] == op]
        short = [rule for rule in mine if len(rule.old) == len(rule.new) == 1 and rule.old[0][1] != ANY]
        several = [rule for rule in mine if rule not in short]
        single = {rule.old[0][1]: rule.new[0] for rule in short}
        found[op] = _Several(several, positions, single).put if several else single
    return found


def _fits(arg: Any, wanted: Any) -> bool:
    return wanted == ANY or wanted is arg or (type(wanted) is type(arg) and wanted == arg)


def _rules(dialect: isa.Dialect, page: str, *, lifting: bool) -> list[_Rule]:
    """The lines of a page that hold for the dialect."""
    rules = []
    for line in page.split("\n"):
        columns = [column for column in line.split("  ") if column]
        if not columns:
            continue
        native, portable = (tuple(_words(each) for each in column.split("; ")) for column in columns)
        if all(_has(dialect, *each) for each in native) and (
            _net(native, dialect) == _net(portable, isa.load(isa.PORTABLE))
        ):
            rules.append(_Rule(native, portable) if lifting else _Rule(portable, native))
    return rules


def _has(dialect: isa.Dialect, op: str, arg: Any) -> bool:
    """Does a dialect have the instruction, with that operand?"""
    row = dialect.opcodes.get(op)
    return row is not None and (row.operand not in dialect.enums or arg in dialect.enums[row.operand].values())


def _words(text: str) -> tuple[str, Any]:
    op, _, arg = text.strip().partition(" ")
    return op, None if arg in ("", "None") else int(arg) if arg.isdigit() else arg


def _net(sequence: tuple[tuple[str, Any], ...], dialect: isa.Dialect) -> int:
    """What a sequence does to the depth."""
    return sum(dialect.opcodes[op].effect(number(arg)) for op, arg in sequence)


def _means_the_same(rule: _Rule, dialect: isa.Dialect) -> bool:
    """Does the dialect have the portable word itself?"""
    op = rule.old[0][0]
    return op in dialect.opcodes and _net(rule.old, dialect) == _net(rule.old, isa.load(isa.PORTABLE))
