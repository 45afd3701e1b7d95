"""longhand: what `names` cannot say in pairs, because it needs more than the neighbours of an instruction.

Each function deals with all instructions of one mnemonic in a body, in one direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from functools import cache

from pyasm import isa
from pyasm.code import Code, Place, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, change, instruction, where
from pyasm.translate.effects import Effects, effects
from pyasm.translate.flow import forward
from pyasm.translate.spans import end_of_entry, replaces_entry, start_of_entry
from pyasm.typed import Any

EAGER = 2
"""The flag of an IMPORT_NAME that is never lazy: all but those of a module outside of try statements."""
MODULE = "<module>"
CONVERSION, WITH_SPEC = 3, 4
"""The bits of the operand of FORMAT_VALUE."""
SHORT_ROTATIONS = {2: "ROT_TWO", 3: "ROT_THREE", 4: "ROT_FOUR"}
SLICE_READ = (("COPY", 3), ("COPY", 3), ("COPY", 3), ("BINARY_SLICE", None))
SLICE_WRITTEN = (("SWAP", 4), ("SWAP", 3), ("SWAP", 2), ("STORE_SLICE", None))
"""A slice in place: what native code does with its three entries …"""
ITEM_READ = (("BUILD_SLICE", 2), ("DUP_TOP_TWO", None), ("BINARY_SUBSCR", None))
ITEM_WRITTEN = (("ROT_THREE", None), ("STORE_SUBSCR", None))
"""… and portable code with two."""
HAS_MATCHED = (("DUP_TOP", None), ("LOAD_CONST", None), ("IS_OP", 1))
"""What makes portable code of the native MATCH_CLASS of 3.10."""

Edits = dict[int, Sequence[Row]]
Special = Callable[[Code, list[str], isa.Dialect], None]


def lift(code: Code, ops: list[str], dialect: isa.Dialect, present: Set[str]) -> None:
    """What is lifted before the words are. `present` are those of the mnemonics that this may be about."""
    specials = lifting(dialect.name)
    for name in specials.keys() & present:
        specials[name](code, ops, dialect)


def lower(code: Code, ops: list[str], dialect: isa.Dialect, present: Set[str]) -> None:
    """What is lowered before the words are."""
    specials = lowering(dialect.name)
    for name in specials.keys() & present:
        specials[name](code, ops, dialect)


@cache
def lifting(name: str) -> dict[str, Special]:
    """Mnemonic -> what lifts it, for the dialect."""
    opcodes = isa.load(name).opcodes
    specials: dict[str, Special] = {"CONVERT_VALUE": _join_conversions, "STORE_SLICE": _join_slices}
    return {op: special for op, special in specials.items() if op in opcodes}


@cache
def lowering(name: str) -> dict[str, Special]:
    """Mnemonic -> what lowers it, for the dialect."""
    opcodes = isa.load(name).opcodes
    specials: dict[str, Special] = {}
    if "STORE_SLICE" in opcodes:
        specials["DUP_TOP_TWO"] = _split_slices
    if "CONVERT_VALUE" in opcodes:
        specials["FORMAT_VALUE"] = _split_conversions
    if "BUILD_CONST_KEY_MAP" not in opcodes:
        specials["BUILD_CONST_KEY_MAP"] = _spread_keys
    if opcodes["IMPORT_NAME"].flags:
        specials["IMPORT_NAME"] = _flag_imports
    if "ROT_N" not in opcodes:
        specials["ROT_N"] = _rotate
    if "COPY" not in opcodes:
        specials["COPY"] = specials["SWAP"] = _copy_and_swap
    if "COPY_DICT_WITHOUT_KEYS" not in opcodes:
        specials["COPY_DICT_WITHOUT_KEYS"] = _delete_keys
    if "MATCH_CLASS" in opcodes and opcodes["MATCH_CLASS"].effect(0) > isa.load(isa.PORTABLE).opcodes[
        "MATCH_CLASS"
    ].effect(0):
        specials["MATCH_CLASS"] = _attributes_or_none
    return specials


def _join_conversions(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """A conversion in front of a specification goes into the FORMAT_VALUE behind it, as 3.9 has it."""
    body, table = code.rows, effects(dialect.name)
    edits: Edits = {}
    if "FORMAT_WITH_SPEC" not in ops:
        return
    for index in where(ops, {"CONVERT_VALUE"}):
        _, arg, position = body[index]
        end = end_of_entry(body, index + 1, "FORMAT_WITH_SPEC", table)
        if end is not None and body[end][2] == position and start_of_entry(body, end, table) == index + 1:
            edits[index] = ()
            edits[end] = (instruction("FORMAT_VALUE", WITH_SPEC | arg, position),)
    change(code, ops, edits)


def _split_conversions(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    body, table = code.rows, effects(dialect.name)
    edits: dict[int, Any] = {}
    for index in where(ops, {"FORMAT_VALUE"}):
        _, arg, position = body[index]
        if arg & WITH_SPEC and arg & CONVERSION:
            conversion = instruction("CONVERT_VALUE", arg & CONVERSION, position)
            formatting = instruction("FORMAT_WITH_SPEC", None, position)
            start = start_of_entry(body, index, table)
            if start is None:
                swap = instruction("SWAP", 2, position)
                edits[index] = [swap, conversion, swap, formatting]
            else:
                edits[start] = [conversion, *edits.get(start, [body[start]])]
                edits[index] = [formatting]
    change(code, ops, edits)


def _join_slices(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """A slice that is read and written in place, `a[b:c] += d`: three entries become two."""
    _exchange(code, ops, dialect, (SLICE_READ, SLICE_WRITTEN), (ITEM_READ, ITEM_WRITTEN))


def _split_slices(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    _exchange(code, ops, dialect, (ITEM_READ, ITEM_WRITTEN), (SLICE_READ, SLICE_WRITTEN))


def _exchange(code: Code, ops: list[str], dialect: isa.Dialect, old: Any, new: Any) -> None:
    """Change both ends of a stretch of code that leaves the entries below its result alone."""
    body, table = code.rows, effects(dialect.name)
    edits: Edits = {}
    begin: int | None = None
    for index in where(ops, {old[0][0][0], old[1][0][0]}):
        if _is_at(body, index, old[0]):
            begin = index
        elif begin is not None and _is_at(body, index, old[1]):
            if replaces_entry(body, begin + len(old[0]), index, table):
                _put(body, begin, len(old[0]), new[0], edits)
                _put(body, index, len(old[1]), new[1], edits)
            begin = None
    change(code, ops, edits)


def _is_at(body: Sequence[Row], index: int, sequence: Sequence[tuple[str, Any]]) -> bool:
    if body[index][:2] != sequence[0]:
        return False
    found = body[index : index + len(sequence)]
    positions = {each[2] for each in found if each[0] != "BUILD_SLICE"}
    return [each[:2] for each in found] == list(sequence) and len(positions) == 1


def _put(body: Sequence[Row], index: int, size: int, new: Sequence[tuple[str, Any]], edits: Edits) -> None:
    position = body[index + size - 1][2]
    edits.update(dict.fromkeys(range(index + 1, index + size), ()))
    edits[index] = [instruction(op, arg, position) for op, arg in new]


def _spread_keys(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """BUILD_CONST_KEY_MAP: each key goes in front of its value."""
    body, table = code.rows, effects(dialect.name)
    edits: dict[int, Any] = {}
    findings = []
    for index, (op, count, position) in enumerate(body):
        if op != "BUILD_CONST_KEY_MAP":
            continue
        keys = body[index - 1][1] if index and body[index - 1][0] == "LOAD_CONST" else None
        if type(keys) is not tuple or len(keys) != count:
            message = f"{dialect.name} can only express {op} {count} behind LOAD_CONST of a tuple of {count} keys"
            findings.append(Finding(message, f"{code.qualname}, instruction {index}"))
            continue
        starts = _starts(body, index - 1, count, table)
        edits[index - 1] = ()
        if starts is None:
            edits[index] = _collect(keys, position)
            continue
        for start, key in zip(starts, keys):
            edits[start] = [instruction("LOAD_CONST", key, body[start][2]), *edits.get(start, [body[start]])]
        edits[index] = [instruction("BUILD_MAP", count, position)]
    if findings:
        raise TargetError(findings)
    change(code, ops, edits)


def _starts(body: Sequence[Row], end: int, count: int, table: Any) -> list[int] | None:
    """Where the instructions for each of the top entries begin."""
    starts: list[int] = []
    for _ in range(count):
        start = start_of_entry(body, end, table)
        if start is None:
            return None
        starts.append(start)
        end = start
    return starts[::-1]


def _collect(keys: tuple[Any, ...], position: Place | None) -> list[Row]:
    """A dict of these keys and the values on the stack, for values that come from anywhere."""
    parts: list[tuple[str, Any]] = [("BUILD_MAP", 0)]
    for place, key in enumerate(keys):
        parts += [("LOAD_CONST", key), ("COPY", len(keys) - place + 2), ("MAP_ADD", 1)]
    parts += [("SWAP", len(keys) + 1)] + [("POP_TOP", None)] * len(keys)
    return [instruction(op, arg, position) for op, arg in parts]


def _flag_imports(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """Only imports of a module outside of try statements may become lazy by a setting."""
    body = code.rows
    protected = _protected(body, effects(dialect.name)) if code.name == MODULE else None
    for index in where(ops, {"IMPORT_NAME"}):
        op, arg, position = body[index]
        if type(arg) is not tuple:
            starred = index + 1 < len(body) and body[index + 1][0] == "IMPORT_STAR"
            if protected is None or starred or protected[index]:
                body[index] = instruction(op, (arg, EAGER), position)


def _protected(body: Sequence[Row], table: Effects) -> list[Any]:
    """For each instruction: the regions of try statements and of their handlers around it."""
    setups = {"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"}
    if not any(each[0] in setups for each in body):
        return [()] * len(body)

    plain = table.plain

    def transfer(_: int, each: Row, state: tuple[bool, ...]) -> tuple[Any, Any]:
        op = each[0]
        if op in plain:
            return state, None
        if op in setups:
            return (*state, op != "SETUP_WITH"), state
        if op == "POP_BLOCK":
            return state[:-1], None
        row = table.rows[op]
        return None if row.flow in ("jump", "return", "raise") else state, state if row.names_label else None

    start: tuple[bool, ...] = ()
    states = forward(body, start, transfer, lambda old, _: old)
    return [state is not None and any(state) for state in states]


def _rotate(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """ROT_N for dialects that have SWAP, or only the short ones."""
    edits: Edits = {}
    for index, (op, count, position) in enumerate(code.rows):
        if op == "ROT_N":
            if "SWAP" in dialect.opcodes:
                parts: Any = [("SWAP", n) for n in range(count, 1, -1)]
            else:
                parts = _rotation(count, dialect)
            edits[index] = [instruction(name, value, position) for name, value in parts]
    change(code, ops, edits)


def _rotation(count: int, dialect: isa.Dialect) -> list[tuple[str, Any]]:
    if count < 2:
        return []
    if count in SHORT_ROTATIONS:
        return [(SHORT_ROTATIONS[count], None)]
    if "ROT_N" in dialect.opcodes:
        return [("ROT_N", count)]
    return _arranged(count, [count - 1, *range(count - 1)])


def _arranged(count: int, order: Sequence[int]) -> list[tuple[str, Any]]:
    """The top entries in another order, from the bottom up, by way of a tuple."""
    parts: list[tuple[str, Any]] = [("BUILD_TUPLE", count)]
    for place in order:
        parts += [("DUP_TOP", None), ("LOAD_CONST", place), ("BINARY_SUBSCR", None), ("ROT_TWO", None)]
    return [*parts, ("POP_TOP", None)]


_COPY_FOUR = (
    *(("ROT_THREE", None), ("ROT_TWO", None), ("BUILD_TUPLE", 3), ("ROT_TWO", None), ("DUP_TOP", None)),
    *(("ROT_THREE", None), ("ROT_TWO", None), ("UNPACK_SEQUENCE", 3), *(("ROT_FOUR", None),) * 3),
)
"""COPY 4. The entry itself comes into no tuple, so the verifier goes on knowing what it is."""


def _copy_and_swap(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """COPY and SWAP of deep entries, for dialects that rotate."""
    edits: Edits = {}
    for index, (op, count, position) in enumerate(code.rows):
        if op not in ("COPY", "SWAP") or count in range(1, 5 - (op == "COPY")):
            continue
        if "ROT_N" not in dialect.opcodes:
            every = [*range(count)]
            parts = _arranged(count, [*every, 0] if op == "COPY" else [count - 1, *every[1:-1], 0])
            if (op, count) == ("COPY", 4):
                parts = list(_COPY_FOUR)
        elif op == "COPY":
            parts = _rotation(count, dialect) * (count - 1) + [("DUP_TOP", None)] + _rotation(count + 1, dialect)
        else:
            parts = _rotation(count, dialect) + _rotation(count - 1, dialect) * (count - 2)
        edits[index] = [instruction(name, value, position) for name, value in parts]
    change(code, ops, edits)


def _delete_keys(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """COPY_DICT_WITHOUT_KEYS: a copy, and a loop that deletes the keys. All but its jumps is native already."""
    opcodes = dialect.opcodes
    labels = Labels(code.rows)
    edits: Edits = {}
    for index, (op, _, position) in enumerate(code.rows):
        if op != "COPY_DICT_WITHOUT_KEYS":
            continue
        loop, end = labels.new(), labels.new()
        iterator = 1 + opcodes["GET_ITER"].effect(0)
        parts: list[tuple[str, Any]] = [("BUILD_MAP", 0), ("COPY", 3), ("DICT_UPDATE", 1), ("SWAP", 2)]
        parts += [("GET_ITER", 0 if opcodes["GET_ITER"].operand == "number" else None)]
        parts += [(LABEL, loop), ("FOR_ITER", end), ("COPY", iterator + 2), ("SWAP", 2), ("DELETE_SUBSCR", None)]
        parts += [("JUMP_ABSOLUTE", loop), (LABEL, end), *_loop_end(dialect)]
        edits[index] = [instruction(name, value, position) for name, value in parts]
    change(code, ops, edits)


def _loop_end(dialect: isa.Dialect) -> list[tuple[str, Any]]:
    """What drops an iterator that is at its end."""
    opcodes = dialect.opcodes
    if "END_FOR" not in opcodes:
        return []
    if opcodes["END_FOR"].effect(0) == -opcodes["FOR_ITER"].effect(0, True) - 1:
        return [("END_FOR", None)]
    return [("END_FOR", None), ("POP_ITER" if "POP_ITER" in opcodes else "POP_TOP", None)]


def _attributes_or_none(code: Code, ops: list[str], dialect: isa.Dialect) -> None:
    """A MATCH_CLASS that says in an entry of its own whether it succeeded, and leaves the subject when it did not."""
    labels = Labels(code.rows)
    edits: Edits = {}
    for index, each in enumerate(code.rows):
        following = code.rows[index + 1 : index + 4]
        if each[0] == "MATCH_CLASS" and tuple(other[:2] for other in following) != HAS_MATCHED:
            label = labels.new()
            parts: list[tuple[str, Any]] = [("POP_JUMP_IF_TRUE", label), ("POP_TOP", None), ("LOAD_CONST", None)]
            parts.append((LABEL, label))
            edits[index] = [each, *(instruction(op, arg, each[2]) for op, arg in parts)]
    change(code, ops, edits)
