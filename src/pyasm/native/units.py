"""The bytes of a code object as opcodes and operands: EXTENDED_ARG and cache units taken out, and put back.

A *unit* is two bytes: an opcode and eight bits of operand. An instruction is its EXTENDED_ARG prefixes, itself, and its
cache units, which are zero. `co_code` is always this plain form; what the interpreter specializes is in another copy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from itertools import accumulate, compress
from operator import itemgetter, ne, sub

from pyasm.errors import MalformedError
from pyasm.isa import JUMPS, Dialect, Opcode, load
from pyasm.typed import Any, NamedTuple

EXTENDED_ARG = "EXTENDED_ARG"
MAX_OPERAND = 0xFFFFFFFF
OPERAND_KINDS = ("-", "number", "jump", "label", "const", "name", "local", "deref", "locals", "name+1", "name+2")
"""What an operand means; `name+n` is a name with n flag bits. The enums of a dialect come behind these."""
JUMP = OPERAND_KINDS.index("jump")
LABEL = "LABEL"
LABEL_NUMBER = 255
"""No instruction of any dialect has it. A label takes no units."""
_CACHE = 0
_UNKNOWN = 255


class Units(NamedTuple):
    """Instructions in columns. `bounds` are the units where they begin, and one more: where the last one ends."""

    opcodes: Sequence[int]
    operands: Sequence[int]
    bounds: Sequence[int]


class Shape(NamedTuple):
    """What a dialect says about its bytes, by opcode number."""

    dialect: Dialect
    names: list[str]
    sizes: bytes
    """Units of the instruction with its caches; 0 for a cache itself, 255 for what is no instruction."""
    written_sizes: bytes
    """The same, for opcodes that stand in a body: 0 for a label."""
    kinds: bytes
    """Index of the operand kind in OPERAND_KINDS, or after it among the dialect's enums."""
    jumps: dict[int, str]
    """Jump kind, for the instructions that jump."""
    cells: list[bytes]
    """The opcode column of an instruction: its number, then a zero for each cache."""
    numbers: dict[str, int]
    """The number of each mnemonic."""
    extended_arg: int
    has_caches: bool


@cache
def shape(dialect_name: str) -> Shape:
    """The shape of a dialect's bytes."""
    dialect = load(dialect_name)
    has_caches = any(opcode.caches for opcode in dialect.opcodes.values())
    sizes = bytearray([_UNKNOWN] * 256)
    names = [""] * 256
    cells = [b""] * 256
    kinds = bytearray(256)
    kinds[LABEL_NUMBER] = OPERAND_KINDS.index("label")
    for opcode in dialect.opcodes.values():
        names[opcode.number] = opcode.name
        sizes[opcode.number] = 1 + opcode.caches
        cells[opcode.number] = bytes([opcode.number]) + bytes(opcode.caches)
        kinds[opcode.number] = _kind(opcode, [*OPERAND_KINDS, *dialect.enums])
    if has_caches:
        sizes[_CACHE] = 0
    jumps = {opcode.number: opcode.operand for opcode in dialect.opcodes.values() if opcode.operand in JUMPS}
    return Shape(
        dialect,
        names,
        bytes(sizes),
        bytes(sizes[:LABEL_NUMBER]) + b"\0",
        bytes(kinds),
        jumps,
        cells,
        {LABEL: LABEL_NUMBER, **{opcode.name: opcode.number for opcode in dialect.opcodes.values()}},
        dialect.opcodes[EXTENDED_ARG].number,
        has_caches,
    )


def _kind(opcode: Opcode, kinds: list[str]) -> int:
    if opcode.operand in JUMPS:
        return JUMP
    return kinds.index(f"name+{len(opcode.flags)}" if opcode.flags else opcode.operand)


def read(code: bytes, form: Shape) -> Units:
    """The instructions of `co_code`, plain: EXTENDED_ARG are like others. MalformedError for bytes that are none."""
    if len(code) % 2:
        raise MalformedError(f"bytecode of {len(code)} bytes: an odd number")
    opcodes, operands = code[::2], code[1::2]
    all_opcodes, all_operands = opcodes, operands
    if form.has_caches:
        opcodes = all_opcodes.translate(None, b"\0")
    sizes = opcodes.translate(form.sizes)
    if _UNKNOWN in sizes:
        bad = code[::2].index(opcodes[sizes.index(_UNKNOWN)])
        raise MalformedError(f"bytecode, byte {2 * bad}: {code[2 * bad]} is no instruction of {form.dialect.name}")
    bounds = list(accumulate(sizes, initial=0))
    if form.has_caches:
        at_starts = picker(bounds[:-1])
        # as many units as there are instructions are no caches: none is elsewhere when all stand where they should
        if bounds[-1] != len(all_opcodes) or _CACHE in at_starts(all_opcodes):
            raise _wrong_caches(all_opcodes, all_operands, form)
        operands = bytes(at_starts(all_operands))
        if len(operands) - operands.count(0) != len(all_operands) - all_operands.count(0):
            raise _wrong_caches(all_opcodes, all_operands, form)
    return Units(opcodes, operands, bounds)


def joined(plain: Units, form: Shape) -> Units:
    """The same with prefixes as a part of their instructions. MalformedError for those that have none, or too many.

    An EXTENDED_ARG that adds nothing to its operand stays as an instruction of its own, so that it can be put back.
    """
    return _join_prefixes(*plain, form.extended_arg) if form.extended_arg in plain.opcodes else plain


def pick(items: Any, indexes: Sequence[Any]) -> tuple[Any, ...]:
    """The items at these indexes or keys, in their order."""
    return picker(indexes)(items)


def picker(indexes: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What picks the items at these indexes or keys."""
    if len(indexes) < 2:
        return lambda items: tuple([items[index] for index in indexes])
    return itemgetter(*indexes)  # the fastest way there is


def _wrong_caches(opcodes: bytes, operands: bytes, form: Shape) -> MalformedError:
    i = 0
    while i < len(opcodes):
        size = form.sizes[opcodes[i]]
        if size == 0 or any(opcodes[i + 1 : i + size]) or i + size > len(opcodes):
            return MalformedError(f"bytecode, byte {2 * i}: the wrong number of cache units")
        if any(operands[i + 1 : i + size]):
            return MalformedError(f"bytecode, byte {2 * i}: a cache that is not empty")
        i += size
    return MalformedError("bytecode: the wrong number of cache units")


def _join_prefixes(opcodes: Any, operands: Sequence[int], bounds: Sequence[int], extended_arg: int) -> Units:
    kept_opcodes: list[int] = []
    kept_operands: list[int] = []
    kept_bounds: list[int] = []
    done = 0
    first = opcodes.find(extended_arg)
    while first >= 0:
        kept_opcodes += opcodes[done:first]
        kept_operands += operands[done:first]
        kept_bounds += bounds[done:first]
        last = first
        value = 0
        while last < len(opcodes) and opcodes[last] == extended_arg:
            value = min(value, MAX_OPERAND + 1) << 8 | operands[last]
            last += 1
        if last == len(opcodes):
            raise MalformedError(f"bytecode, byte {2 * bounds[first]}: EXTENDED_ARG at the end")
        value = value << 8 | operands[last]
        if value > MAX_OPERAND:
            raise MalformedError(f"bytecode, byte {2 * bounds[first]}: an operand of more than 32 bits")
        idle = last - first - prefixes(value)
        kept_opcodes += [extended_arg] * idle + [opcodes[last]]
        kept_operands += [0] * idle + [value]
        kept_bounds += bounds[first : first + idle + 1]
        done = last + 1
        first = opcodes.find(extended_arg, done)
    kept_opcodes += opcodes[done:]
    kept_operands += operands[done:]
    kept_bounds += bounds[done:]
    return Units(kept_opcodes, kept_operands, kept_bounds)


def indexes(marks: bytes, mark: int) -> list[int]:
    """Where a mark stands."""
    found = []
    i = marks.find(mark)
    while i >= 0:
        found.append(i)
        i = marks.find(mark, i + 1)
    return found


def prefixes(operand: int) -> int:
    """How many EXTENDED_ARG an operand needs."""
    return (operand.bit_length() - 1) // 8 if operand > 255 else 0


def plain(
    opcodes: bytes, operands: Sequence[int], starts: Sequence[int], labels: Collection[int], form: Shape
) -> tuple[bytes, bytes]:
    """Plain opcodes and operands, of instructions and labels that begin at these units; the inverse of `joined`.

    The last of `starts` is the end; `labels` are the indexes of the labels, in order. An instruction gets as many
    EXTENDED_ARG prefixes as there is room for before the next one's start.
    """
    if sum(opcodes.translate(form.written_sizes)) != starts[-1]:
        opcodes, operands = _split_prefixes(opcodes, operands, starts, form)
        labels = indexes(opcodes, LABEL_NUMBER)
    if labels:
        operands = without(operands, labels)
        opcodes = opcodes.translate(None, _LABELS)
    return opcodes, bytes(operands)


def without(items: Sequence[Any], places: Iterable[int]) -> list[Any]:
    """The items that are not at these places, which come in order."""
    kept: list[Any] = []
    done = 0
    for place in places:
        kept += items[done:place]
        done = place + 1
    kept += items[done:]
    return kept


_LABELS = bytes([LABEL_NUMBER])


def write(opcodes: bytes, operands: bytes, form: Shape) -> bytes:
    """The bytes of plain instructions; the inverse of `read`."""
    code = bytearray(2 * sum(opcodes.translate(form.sizes)))
    code[::2], code[1::2] = _with_caches(opcodes, operands, form) if form.has_caches else (opcodes, operands)
    return bytes(code)


def _with_caches(opcodes: bytes, operands: bytes, form: Shape) -> tuple[bytes, bytearray]:
    column = b"".join(pick(form.cells, opcodes))
    low_bits = bytearray(len(column))
    for start, operand in zip(accumulate(opcodes.translate(form.sizes), initial=0), operands):
        low_bits[start] = operand
    return column, low_bits


def _split_prefixes(
    opcodes: bytes, operands: Sequence[int], starts: Sequence[int], form: Shape
) -> tuple[bytes, list[int]]:
    """The same opcodes and operands with the prefixes as instructions of their own."""
    all_opcodes = bytearray()
    all_operands: list[int] = []
    sizes = opcodes.translate(form.written_sizes)
    done = 0
    for i in compress(range(len(sizes)), map(ne, map(sub, starts[1:], starts), sizes)):
        all_opcodes += opcodes[done:i]
        all_operands += operands[done:i]
        count = starts[i + 1] - starts[i] - sizes[i]
        all_opcodes += bytes([form.extended_arg] * count) + opcodes[i : i + 1]
        all_operands += [operands[i] >> 8 * left & 255 for left in range(count, -1, -1)]
        done = i + 1
    return bytes(all_opcodes + opcodes[done:]), all_operands + list(operands[done:])
