"""YIELD_FROM and the loops of 3.11 and later that stand for it.

    s: SEND z                   until the receiver returns, which goes to z
       SETUP_FINALLY t          since 3.12: what is thrown in and the receiver raises
       YIELD_VALUE
       POP_BLOCK
       JUMP_BACKWARD_NO_INTERRUPT s
    z: END_SEND                 since 3.12: drop the receiver
       ...
    t: CLEANUP_THROW            a StopIteration is the result
       JUMP z

Compilers move code that only an exception reaches behind all other. So the handler of a delegation stands behind: among
the other handlers, in the order in which all had been made. Where a handler had been before is found from where it
leads and from positions. For code in which that fails, lift leaves a label that nothing names and whose name tells it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from pyasm import isa
from pyasm.code import Code, Place, Position, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.edit import Labels, instruction, places, rewrite
from pyasm.translate.effects import Effects, effects
from pyasm.translate.flow import reached
from pyasm.translate.frames import handlers_around
from pyasm.translate.kinds import next_real
from pyasm.translate.notes import EMPTY
from pyasm.typed import Any, NamedTuple

MARK = "throws"
"""The stem of a label that tells the places of handlers."""
NOWHERE = Position()
_BEFORE = frozenset({LABEL, "LOAD_CONST", "LOAD_COMMON_CONSTANT", "PUSH_NULL"})
"""What stands between GET_ANEXT and the delegation."""
_SETUPS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})


class _Loop(NamedTuple):
    """A delegation in native code: indexes of its first and last instruction, of the labels of exit and handler."""

    send: int
    back: int
    exit: int
    handler: int | None


def lift(code: Code, dialect: isa.Dialect) -> None:
    """Loops of SEND to YIELD_FROM."""
    if "SEND" not in dialect.opcodes:
        return
    body = code.rows
    edits: dict[int, Sequence[Row]] = {}
    sends = []
    for index, (op, arg, position) in enumerate(body):
        if op == "SEND":
            sends.append(index)
        elif op == "END_ASYNC_FOR" and arg is not None:
            edits[index] = (instruction(op, None, position),)
    if not sends:
        code.rows = rewrite(body, edits)
        return
    labels = places(body)
    loops = [_loop(code, index, labels) for index in sends]
    throws: list[int] = []  # the handlers that are not in front of their exits
    for loop in loops:
        edits[loop.send] = (instruction("YIELD_FROM", None, body[loop.send][2]),)
        edits.update(dict.fromkeys(range(loop.send + 1, loop.back + 1), ()))
        end = next_real(body, loop.exit)
        if end < len(body) and body[end][0] == "END_SEND":
            edits[end] = ()
            taken = [each[0] for each in body[end + 2 : end + 3]]
            if taken == ["NOT_TAKEN"] and _is_async_for(body, loop.send - 1, end + 1, labels):
                edits[end + 2] = ()
        if loop.handler is not None:
            edits[loop.handler + 1] = ()
            if loop.handler + 2 != loop.exit:
                edits[loop.handler + 2] = ()
                throws.append(loop.handler)
    _drop_labels(body, edits, [body[index][1] for loop in loops for index in _labels_of(body, loop)], labels)
    code.rows = rewrite(body, edits)
    if loops[0].handler is not None:
        _mark(code, dialect, throws, edits)


def _loop(code: Code, send: int, labels: dict[Any, int]) -> _Loop:
    """The delegation with this SEND; TargetError when it is no loop as compilers make it."""
    body = code.rows
    exit = labels[body[send][1]]
    index, handler = send + 1, None
    if index < len(body) and body[index][0] == "SETUP_FINALLY":
        handler = labels[body[index][1]]
        index += 1
    back = index + (1 if handler is None else 2)
    following = [each[0] for each in body[index : back + 1]]
    expected = ["YIELD_VALUE"] if handler is None else ["YIELD_VALUE", "POP_BLOCK"]
    closed = len(following) == len(expected) + 1 and following[:-1] == expected
    if not closed or "JUMP" not in following[-1] or body[send - 1] != (LABEL, body[back][1], None):
        raise TargetError(Finding("SEND outside of a delegation", f"{code.qualname}, instruction {send}"))
    if handler is not None and [op for op, _, _ in body[handler + 1 : handler + 2]] != ["CLEANUP_THROW"]:
        raise TargetError(Finding("a delegation without CLEANUP_THROW", f"{code.qualname}, instruction {send}"))
    return _Loop(send, back, exit, handler)


def _is_async_for(body: Sequence[Row], start: int, end: int, labels: dict[Any, int]) -> bool:
    """Is the delegation between these indexes that of an `async for`, not of a comprehension?

    Both have a region with GET_ANEXT and the delegation, and END_ASYNC_FOR at its handler; compilers give that another
    position in a statement. Then NOT_TAKEN follows.
    """
    if end == len(body) or body[end][0] != "POP_BLOCK":
        return False
    while start and body[start][0] != "GET_ANEXT" and body[start][0] in _BEFORE:
        start -= 1
    setup = body[start - 1]
    if body[start][0] != "GET_ANEXT" or setup[0] != "SETUP_FINALLY":
        return False
    behind = labels[setup[1]] + 1
    if behind == len(body):
        return False
    op, _, position = body[behind]
    return op == "END_ASYNC_FOR" and position is not None and position != body[start][2]


def _labels_of(body: Sequence[Row], loop: _Loop) -> Iterable[int]:
    yield loop.send - 1
    yield loop.exit
    if loop.handler is not None:
        yield loop.handler


def _drop_labels(
    body: Sequence[Row], edits: dict[int, Sequence[Row]], names: Iterable[str], labels: dict[Any, int]
) -> None:
    """Edits without those labels that nothing names any more."""
    used = Counter(arg for index, (op, arg, _) in enumerate(body) if op != LABEL and index not in edits and _name(arg))
    for name in names:
        if not used[name]:
            edits[labels[name]] = ()


def _name(arg: Any) -> bool:
    return type(arg) is str


def lower(code: Code, dialect: isa.Dialect) -> None:
    """YIELD_FROM to loops of SEND."""
    body = code.rows
    if "SEND" not in dialect.opcodes:
        return
    delegations = [index for index, each in enumerate(body) if each[0] == "YIELD_FROM"]
    ends = _named_ends(body, dialect)
    if not delegations and not ends:
        return
    handlers = "CLEANUP_THROW" in dialect.opcodes
    spots = handler_places(body, delegations, dialect) if handlers else {}
    new = Labels(body).new
    edits: dict[int, list[Row]] = {}
    exits: dict[int, str] = {}
    tells = "NOT_TAKEN" in dialect.opcodes
    labels = places(body) if tells else {}
    for index in delegations:
        spot = spots.get(index)
        main, handler = _native(body[index][2], new, dialect, inline=spot is None)
        edits[index] = main
        following = body[index + 1 : index + 2]
        if main[-1][0] == "END_SEND" and following and following[0][0] == LABEL and following[0][1].startswith(EMPTY):
            main.insert(len(main) - 1, following[0])  # it is where the loop ends
            edits[index + 1] = []
        exits[index] = next(arg for op, arg, _ in main[1:] if op == LABEL)
        if spot is not None:
            edits.setdefault(spot, []).extend(handler)
        if tells and _is_async_for(body, index - 1, index + 1, labels):
            edits[index + 1] = [body[index + 1], instruction("NOT_TAKEN", None, body[index][2])]
    for spot in set(spots.values()):
        if spot is not None and spot < len(body):
            edits[spot].append(body[spot])
    if ends:
        _name_exits(body, ends, exits, edits, effects(dialect.name), new)
    code.rows = [each for each in rewrite(body, edits) if each[0] != LABEL or not each[1].startswith(MARK)]


def _named_ends(body: Sequence[Row], dialect: isa.Dialect) -> dict[str, int]:
    """Handler -> index of its END_ASYNC_FOR, where that names the END_SEND of its loop."""
    if dialect.opcodes["END_ASYNC_FOR"].operand == "-":
        return {}
    ends: dict[str, int] = {}
    at: list[str] = []
    for index, (op, arg, _) in enumerate(body):
        if op == LABEL:
            at.append(arg)
            continue
        if op == "END_ASYNC_FOR":
            ends.update(dict.fromkeys(at or [f"{LABEL} {index}"], index))
        at = []
    return ends


def _name_exits(
    body: Sequence[Row],
    ends: dict[str, int],
    exits: dict[int, str],
    edits: dict[int, list[Row]],
    table: Effects,
    new: Callable[[], str],
) -> None:
    """Give END_ASYNC_FOR the label behind the delegation in the loop that it ends.

    It is for tracing only. Where there is no such loop it is an END_SEND that is never executed.
    """
    around = handlers_around(body, table, list(exits))
    named = {ends.get(handlers[-1]): exits[index] for index, handlers in around.items() if handlers}
    for index in set(ends.values()):
        op, _, position = body[index]
        before: list[Row] = []
        if index not in named:
            over, named[index] = new(), new()
            before = [instruction("JUMP_FORWARD", over, position), instruction(LABEL, named[index])]
            before += [instruction("END_SEND", None, position), instruction(LABEL, over)]
        edits[index] = [*before, instruction(op, named[index], position)]


def _native(
    position: Place | None, new: Callable[[], str], dialect: isa.Dialect, *, inline: bool
) -> tuple[list[Row], list[Row]]:
    """The loop, and the handler that stands elsewhere."""
    start, exit = new(), new()
    send = [instruction(LABEL, start), instruction("SEND", exit, position)]
    yielding = [instruction("YIELD_VALUE", None, position)]
    back = instruction("JUMP_BACKWARD_NO_INTERRUPT", start, position)
    if "CLEANUP_THROW" not in dialect.opcodes:
        return [*send, *yielding, back, instruction(LABEL, exit)], []
    thrown = new()
    handler = [instruction(LABEL, thrown), instruction("CLEANUP_THROW", None, position)]
    setup = instruction("SETUP_FINALLY", thrown)
    end = [instruction(LABEL, exit), instruction("END_SEND", None, position)]
    main = [*send, setup, *yielding, instruction("POP_BLOCK"), back, *(handler if inline else ()), *end]
    jump = "JUMP_BACKWARD_NO_INTERRUPT" if dialect.late_positions else "JUMP_BACKWARD"
    handler.append(instruction(jump, exit, position if dialect.late_positions else NOWHERE))
    return main, handler


# The places of handlers


def _mark(code: Code, dialect: isa.Dialect, throws: Sequence[int], edits: dict[int, Sequence[Row]]) -> None:
    """A label that tells where the handlers were, unless lowering finds these places."""
    body = code.rows
    actual = _shifted(sorted(throws), edits)
    delegations = [index for index, each in enumerate(body) if each[0] == "YIELD_FROM"]
    found = handler_places(body, delegations, dialect)
    if [spot for spot in found.values() if spot is not None] != actual:
        table = effects(dialect.name)
        starts = [each.label for each in _handlers(body, _tail(reached(body, table)), table)]
        numbers = [str(sum(start < spot for start in starts)) for spot in actual]
        code.rows = [*body, instruction(LABEL, MARK + "_".join(numbers))]


def _marked(body: Sequence[Row], count: int) -> Sequence[int]:
    """What the label says that lift has left: for each of so many delegations the number of its next handler."""
    name = next((arg for op, arg, _ in body if op == LABEL and arg.startswith(MARK)), "")
    numbers = name[len(MARK) :].split("_")
    return list(map(int, numbers)) if len(numbers) == count and all(each.isdigit() for each in numbers) else ()


def _shifted(indexes: Iterable[int], edits: dict[int, Sequence[Row]]) -> list[int]:
    """Where these indexes are after the edits; all are in order."""
    shifted = []
    changes = sorted((index, len(new) - 1) for index, new in edits.items())
    shift = place = 0
    for index in indexes:
        while place < len(changes) and changes[place][0] < index:
            shift += changes[place][1]
            place += 1
        shifted.append(index + shift)
    return shifted


def handler_places(body: Sequence[Row], delegations: Sequence[int], dialect: isa.Dialect) -> dict[int, int | None]:
    """Index of each YIELD_FROM -> that in front of which its handler goes; None: right behind it."""
    table = effects(dialect.name)
    warm = reached(body, table)
    outer = [index for index in delegations if warm[index]]
    places: dict[int, int | None] = dict.fromkeys(delegations)
    if not outer:
        return places
    handlers = _handlers(body, _tail(warm), table)
    numbers = _marked(body, len(outer)) or _numbers(body, outer, handlers, table)
    for index, number in zip(outer, numbers):
        places[index] = handlers[number].label if number < len(handlers) else len(body)
    return places


def _tail(warm: bytearray) -> int:
    """Where the cold part at the end begins."""
    return warm.rfind(1) + 1


def _numbers(body: Sequence[Row], outer: Sequence[int], handlers: Sequence[_Handler], table: Effects) -> Sequence[int]:
    """For each delegation the number of the handler that was the next one behind it."""
    around = handlers_around(body, table, outer)
    numbers = []
    number = 0
    for index in outer:
        while number < len(handlers) and not handlers[number].had_behind(index, around[index], body):
            number += 1
        numbers.append(number)
    return numbers


class _Handler(NamedTuple):
    """A handler in the cold part: index of its label, its name, the first index of its region, where it leads to, and
    the first and last position in it."""

    label: int
    name: str
    setup: int
    exits: Sequence[int]
    first: Place
    last: Place

    def had_behind(self, index: int, around: Sequence[str], body: Sequence[Row]) -> bool:
        """Was this handler, before it was moved, behind this instruction?"""
        if index < self.setup or self.name in around:
            return True
        ahead = [each for each in self.exits if each > self.setup]
        if ahead:
            return index < min(ahead)
        position = body[index][2]
        return position is not None and _order(self.first) <= _order(position) <= _order(self.last)


def _order(position: Place) -> tuple[int, int]:
    return position[0] or 0, position[2] or 0


def _handlers(body: Sequence[Row], tail: int, table: Effects) -> list[_Handler]:
    """The handlers from index `tail` on of regions that begin before it."""
    setups: dict[str, int] = {}
    for index in range(tail):
        if body[index][0] in _SETUPS:
            setups.setdefault(body[index][1], index)
    starts = [i for i in range(tail, len(body)) if body[i][0] == LABEL and body[i][1] in setups]
    labels = places(body)
    found = []
    for start, end in zip(starts, [*starts[1:], len(body)]):
        exits = [
            labels[arg]
            for op, arg, _ in body[start:end]
            if op != LABEL and table.rows[op].names_label and labels[arg] < tail
        ]
        known = [each[2] for each in body[start:end] if each[2] is not None and each[2][0] is not None]
        first, last = min(known, key=_order, default=NOWHERE), max(known, key=_order, default=NOWHERE)
        found.append(_Handler(start, body[start][1], setups[body[start][1]], exits, first, last))
    return found
