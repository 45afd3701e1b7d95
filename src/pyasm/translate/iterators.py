"""Iterators that are two entries of the stack, as in 3.15: a sequence or iterator, and an index or NULL.

In portable code an iterator is one entry. Lift drops what the second one needs and counts it no more in the operands of
COPY, SWAP, LIST_APPEND and their like. Lower finds the entries that are only iterated over, moved and dropped: they
become pairs. An iterator that is used as a value as well is made by the builtin iter(), since GET_ITER would leave a
list a list; it gets its second entry for each FOR_ITER.

3.15 has also generator expressions that call iter() themselves, on what the creator passes. And it drops an iterator in
two ways, as 3.14 does: POP_ITER when no GET_ITER made it (`any` and `all` of a generator expression), else POP_TOP.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Row
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate.edit import NOTHING, Picked, instruction, rewrite, where
from pyasm.translate.iteration import DELEGATED, FIRST, GENERATOR_EXPRESSION, Edits, is_expression
from pyasm.translate.pairs import PICKED, SECOND, Pairs, lift_makers
from pyasm.translate.singles import pair_all
from pyasm.translate.webs import Lowering, Webs

_DELEGATING = frozenset({"GET_YIELD_FROM_ITER", "YIELD_FROM"})
_AWAITED = frozenset({"GET_AWAITABLE", "GET_ANEXT"})
_ITERATING = frozenset({"FOR_ITER", "GET_ITER", "GET_AITER"})
_LOOPS = frozenset({"FOR_ITER"})
_FUNCTIONS = frozenset({"MAKE_FUNCTION"})
NATIVE = SECOND.union(_LOOPS, FIRST.values(), {"MAKE_FUNCTION"})
PORTABLE = _ITERATING | _DELEGATING
"""What lifting and lowering deal with."""


def lift(code: Code, dialect: isa.Dialect, ops: Sequence[str], found: set[str]) -> Edits:
    """From pairs to single entries; for a dialect that has pairs. The edits that do so.

    `ops` are the mnemonics of the body, `found` those that there are.
    """
    makes = not found.isdisjoint(SECOND) or code.name == GENERATOR_EXPRESSION
    if not makes and "FOR_ITER" not in found and ("MAKE_FUNCTION" not in found or not _has_expressions(code.rows, ops)):
        return {}
    picked = Picked(ops, PICKED)
    edits = lift_makers(code, ops, picked)
    Pairs(code, ops, picked, dialect, edits).follow()
    return edits


def lower(code: Code, dialect: isa.Dialect, ops: Sequence[str], found: set[str], picked: Picked) -> Edits:
    """From single entries to pairs, and POP_ITER where it belongs; for a dialect that has that.

    `ops` and `found` as above; `picked` has what `singles` asks for. The edits that make loops for what is usual, else
    they are made.
    """
    body = code.rows
    edits: Edits = {}
    if dialect.opcodes["FOR_ITER"].pops(0) == 2:
        rest = not found.isdisjoint(_DELEGATING) and _lower_delegations(body, ops, edits)
        usual = None if rest else {} if found.isdisjoint(_ITERATING) else pair_all(code, ops, picked, dialect)
        if usual is not None:
            return {**edits, **usual}
        webs = Webs(code, dialect, edits)
        webs.find()
        Lowering(webs, edits).run()
        code.rows = rewrite(body, edits)
    elif "FOR_ITER" in found and _iterates_over_calls(ops, picked):
        usual = pair_all(code, ops, picked, dialect) if found.isdisjoint(_DELEGATING) else None
        if usual is not None:
            return {index: new for index, new in usual.items() if new and new[0][0] == "POP_ITER"}  # no pairs here
        webs = Webs(code, dialect, {})
        webs.find()
        return webs.popped()
    return {}


def _has_expressions(body: Sequence[Row], ops: Sequence[str]) -> bool:
    """Does it make functions of generator expressions?"""
    for index in where(ops, _FUNCTIONS):
        for _, arg, _ in body[max(0, index - 2) : index]:
            if type(arg) is Code and is_expression(arg):
                return True
    return False


def _lower_delegations(body: Sequence[Row], ops: Sequence[str], edits: Edits) -> bool:
    """Edits for delegations as compilers write them; are there others?"""
    rest = False
    for index in where(ops, _DELEGATING):
        if ops[index] != "YIELD_FROM":
            rest = rest or ops[index + 2 : index + 3] != ["YIELD_FROM"]
            continue
        op, arg, position = body[index - 2]
        if ops[index - 1] not in ("LOAD_CONST", "LOAD_COMMON_CONSTANT") or index < 2:
            rest = True
        elif op in _AWAITED:
            edits[index - 2] = (body[index - 2], instruction("PUSH_NULL", None, position))
        elif op == "GET_YIELD_FROM_ITER":
            edits[index - 2] = (instruction("GET_ITER", DELEGATED if arg is None else arg, position),)
        else:
            rest = True
    return rest


def _iterates_over_calls(ops: Sequence[str], picked: Picked) -> bool:
    """Is there a loop over what a call gave?"""
    for index in picked.where(_LOOPS):
        before = index - 1
        while before >= 0 and ops[before] == LABEL:
            before -= 1
        if before >= 0 and ops[before].startswith("CALL"):
            return True
    return False


def make_first(code: Code, ops: list[str]) -> Set[str]:
    """Let a generator expression make the iterator that portable code gets: right behind its first instruction. The
    mnemonic of what does so."""
    body = code.rows
    if code.name != GENERATOR_EXPRESSION or not code.flags & GENERATORS or not body or body[0][1] != ".0":
        return NOTHING
    position = body[0][2]
    behind = body[2:] if body[1][0] == "PUSH_NULL" else body[1:]
    following = next((each[0] for each in behind if each[0] not in (LABEL, "SETUP_FINALLY")), "")
    if following == "GET_ANEXT" or (following == "FOR_ITER" and len(behind) < len(body) - 1):
        maker = instruction(FIRST[following], 0 if following == "FOR_ITER" else None, position)
        code.rows = [body[0], maker, *behind]
        ops[: len(body) - len(behind)] = [body[0][0], maker[0]]
        return {maker[0]}
    return NOTHING
