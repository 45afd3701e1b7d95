"""TRY and WITH, as CPython 3.9's compiler does them; the portable instructions are that version's."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree
from pyasm.lang.expressions import wait
from pyasm.lang.flow import closing, head
from pyasm.lang.frame import Block, Frame
from pyasm.typed import Any

_MOST_COPIES = 1000
"""So many copies of FINALLY blocks are made in a code object: one for each way out."""


def _try_(frame: Frame, node: tree.Try) -> None:
    if node.final is not None:
        _try_finally(frame, node, node.final)
    else:
        _try_except(frame, node)


# -- FINALLY


def _try_finally(frame: Frame, node: tree.Try, final: tree.Block) -> None:
    place, close = head(frame, node, node.body), closing(final)
    handler, end = frame.fresh(), frame.fresh()

    def leave(frame: Frame, keeping: bool, at: Any) -> None:
        frame.emit_unplaced("POP_BLOCK")
        _final(frame, node, final, _drop_below if keeping else None)

    frame.emit("SETUP_FINALLY", handler, place)
    frame.enter(Block((id(node), "protected"), leave))
    if node.handlers:
        _try_except(frame, node)
    else:
        frame.statements(node.body)
    frame.exit()
    reached = frame.reached
    if reached:
        frame.emit_unplaced("POP_BLOCK")
        _final(frame, node, final, None)
        if frame.reached:
            frame.emit("JUMP_FORWARD", end, close)
    frame.reached = False
    frame.label(handler)
    _final(frame, node, final, _leave_handler)
    frame.emit("RERAISE", None, close)
    frame.label(end)


def _final(frame: Frame, node: tree.Try, final: tree.Block, leave: Callable[[Frame, bool, Any], None] | None) -> None:
    """A copy of a FINALLY block. `leave` is what leaving it takes."""
    key = (id(node), "final")
    count = frame.copied.get(key, 0)
    if sum(frame.copied.values()) >= _MOST_COPIES:
        frame.wrong(node, "there are too many ways out of this TRY, with a FINALLY block for each", "put it into a DEF")
        return
    frame.copied[key] = count + 1
    before = frame.copies.get(key)
    frame.copies[key] = count
    tops = frame.tops
    frame.enter(Block(key, leave))
    frame.block(final)
    frame.exit()
    frame.tops = tops
    del frame.copies[key]
    if before is not None:
        frame.copies[key] = before


def _drop_below(frame: Frame, keeping: bool, node: Any) -> None:
    """Drop the value that a RETURN has left for after the FINALLY block: another one is on its way."""
    if keeping:
        frame.emit("ROT_TWO", None, node)
    frame.emit("POP_TOP", None, node)


def _leave_handler(frame: Frame, keeping: bool, node: Any) -> None:
    """Drop the exception, and what was handled before is handled again."""
    if keeping:
        frame.emit("ROT_FOUR", None, node)
    for _ in range(3):
        frame.emit("POP_TOP", None, node)
    _leave_except(frame, keeping, node)


# -- EXCEPT


def _leave_try(frame: Frame, keeping: bool, node: Any) -> None:
    frame.emit_unplaced("POP_BLOCK")


def _leave_except(frame: Frame, keeping: bool, node: Any) -> None:
    if keeping:
        frame.emit("ROT_FOUR", None, node)
    frame.emit("POP_EXCEPT", None, node)


def _try_except(frame: Frame, node: tree.Try) -> None:
    if not node.handlers:
        frame.statements(node.body)
        return
    place = head(frame, node, node.body)
    handler, orelse, end = frame.fresh(), frame.fresh(), frame.fresh()
    if node.final is None:
        frame.emit("SETUP_FINALLY", handler, place)
    else:  # that of the FINALLY stands before it
        frame.emit_unplaced("SETUP_FINALLY", handler)
    frame.enter(Block((id(node), "body"), _leave_try))
    frame.statements(node.body)
    frame.exit()
    if frame.reached:
        frame.emit_unplaced("POP_BLOCK")
        frame.emit("JUMP_FORWARD", orelse, closing(node.body))
    frame.reached = False
    frame.label(handler)
    if node.handlers[0].star:
        _star_handlers(frame, node, end)
    else:
        for i, each in enumerate(node.handlers):
            _except(frame, node, i, each, end)
        if node.handlers[-1].type is not None:
            frame.emit("RERAISE", None, closing(node.handlers[-1].body))
    frame.reached = False
    frame.label(orelse)
    if node.orelse is not None:
        frame.statements(node.orelse)
    frame.drop_as_at(end)  # which handlers come to with nothing
    frame.label(end)


def _except(frame: Frame, node: tree.Try, i: int, each: tree.Except, end: str) -> None:
    """One EXCEPT: it is entered with the six values of a handler."""
    place = head(frame, each, each.body)
    following = frame.fresh()
    if each.star:
        frame.wrong(each, "EXCEPT and EXCEPT * do not stand in one TRY")
    if each.type is None and i < len(node.handlers) - 1:
        frame.wrong(each, "an EXCEPT without a type has to be the last one")
    if each.type is not None:
        frame.tops = {}
        frame.emit("DUP_TOP", None, place)
        frame.push(each.type)
        frame.emit("JUMP_IF_NOT_EXC_MATCH", following, place)
    frame.emit("POP_TOP", None, place)
    _store(frame, each, place)
    frame.emit("POP_TOP", None, place)
    frame.enter(Block((id(node), i), _leave_except))
    frame.block(each.body)
    frame.exit()
    if frame.reached:
        bracket = closing(each.body)
        frame.emit("POP_EXCEPT", None, bracket)
        frame.emit("JUMP_FORWARD", end, bracket)
    frame.reached = False
    frame.label(following)


def _store(frame: Frame, each: tree.Except, place: Any) -> None:
    """Store the exception, or drop it."""
    if each.target is None:
        frame.emit("POP_TOP", None, place)
    elif type(each.target) is tree.Top:
        frame.wrong(each.target, "the exception cannot stay on the stack", "store it in a variable")
    else:
        frame.store(each.target)


# -- EXCEPT *


def _star_handlers(frame: Frame, node: tree.Try, end: str) -> None:
    """All EXCEPT * of a TRY: each gets its part of the group, what is left and what they raise is raised again."""
    place = head(frame, node.handlers[0], node.handlers[0].body)
    again = frame.fresh()
    for op, arg in (("POP_TOP", None), ("ROT_TWO", None), ("POP_TOP", None), ("BUILD_LIST", 0), ("COPY", 2)):
        frame.emit(op, arg, place)
    for i, each in enumerate(node.handlers):
        _star_handler(frame, node, i, each)
    frame.emit("LIST_APPEND", 1, place)
    frame.emit("CALL_INTRINSIC_2", "PREP_RERAISE_STAR", place)
    frame.emit("DUP_TOP", None, place)
    frame.emit("LOAD_CONST", None, place)
    frame.emit("IS_OP", 0, place)
    frame.emit("POP_JUMP_IF_FALSE", again, place)
    frame.emit("POP_TOP", None, place)
    frame.emit("POP_EXCEPT", None, place)
    frame.emit("JUMP_FORWARD", end, place)
    frame.reached = False
    frame.label(again)
    frame.emit("ROT_FOUR", None, place)
    frame.emit("POP_EXCEPT", None, place)
    frame.emit("RERAISE_VALUE", None, place)


def _star_handler(frame: Frame, node: tree.Try, i: int, each: tree.Except) -> None:
    """One EXCEPT *: on the stack are the group, a list of what handlers raised, and what is left of the group."""
    place = head(frame, each, each.body)
    raised, none, following = frame.fresh(), frame.fresh(), frame.fresh()
    if not each.star or each.type is None:
        frame.wrong(each, "EXCEPT * needs a type, and stands with others of its kind only")
        return
    frame.tops = {}
    frame.push(each.type)
    frame.emit("CHECK_EG_MATCH", None, place)
    frame.emit("DUP_TOP", None, place)
    frame.emit("LOAD_CONST", None, place)
    frame.emit("IS_OP", 1, place)
    frame.emit("POP_JUMP_IF_FALSE", none, place)
    _store(frame, each, place)
    frame.emit("SETUP_CLEANUP", raised, place)
    frame.enter(Block((id(node), i), _not_out))
    frame.block(each.body)
    frame.exit()
    if frame.reached:
        frame.emit_unplaced("POP_BLOCK")
        frame.emit("JUMP_FORWARD", following, closing(each.body))
    frame.reached = False
    frame.label(raised)
    frame.emit("LIST_APPEND", 3, place)
    frame.emit("POP_TOP", None, place)
    frame.emit("JUMP_FORWARD", following, place)
    frame.label(none)
    frame.emit("POP_TOP", None, place)
    frame.label(following)


def _not_out(frame: Frame, keeping: bool, node: Any) -> None:
    frame.wrong(node, "no RETURN, BREAK, CONTINUE or JUMP leads out of EXCEPT *")


# -- WITH


def _whole_with(frame: Frame, node: tree.With) -> None:
    _with(frame, node, 0)


def _with(frame: Frame, node: tree.With, i: int) -> None:
    """From one of the values on: the next ones are in its block."""
    if i == len(node.items):
        frame.block(node.body)
        return
    item, asynchronous = node.items[i], node.asynchronous
    handler, end = frame.fresh(), frame.fresh()
    if i:
        frame.claim(item.value)
    frame.push(item.value)
    if asynchronous:
        frame.emit("BEFORE_ASYNC_WITH", None, item)
        wait(frame, item)
        frame.emit("SETUP_ASYNC_WITH", handler, item)
    else:
        frame.emit("SETUP_WITH", handler, item)

    def leave(frame: Frame, keeping: bool, at: Any) -> None:
        frame.emit_unplaced("POP_BLOCK")
        if keeping:
            frame.emit("ROT_TWO", None, at)
        _exit(frame, asynchronous, item)

    frame.depth -= 1
    frame.enter(Block((id(node), i), leave))
    frame.depth += 1
    if item.target is None:
        frame.emit("POP_TOP", None, item)
    else:
        frame.store(item.target)
    _with(frame, node, i + 1)
    frame.exit()
    if frame.reached:
        frame.emit_unplaced("POP_BLOCK")
        _exit(frame, asynchronous, item)
        frame.emit("JUMP_FORWARD", end, item)
    frame.reached = False
    frame.label(handler)
    _exceptional_exit(frame, asynchronous, item)
    frame.label(end)


def _exit(frame: Frame, asynchronous: bool, node: Any) -> None:
    """Call __exit__, the top of the stack, without an exception, and drop what it gives."""
    frame.emit("LOAD_CONST", None, node)
    frame.emit("DUP_TOP", None, node)
    frame.emit("DUP_TOP", None, node)
    frame.emit("CALL_FUNCTION", 3, node)
    if asynchronous:
        wait(frame, node)
    frame.emit("POP_TOP", None, node)


def _exceptional_exit(frame: Frame, asynchronous: bool, node: Any) -> None:
    """Call __exit__ with the exception, and raise that again unless it says no."""
    swallowed = frame.fresh()
    frame.emit("WITH_EXCEPT_START", None, node)
    if asynchronous:
        wait(frame, node)
    frame.emit("POP_JUMP_IF_TRUE", swallowed, node)
    frame.emit("RERAISE", None, node)
    frame.label(swallowed)
    for _ in range(3):
        frame.emit("POP_TOP", None, node)
    frame.emit("POP_EXCEPT", None, node)
    frame.emit("POP_TOP", None, node)


STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {tree.Try: _try_, tree.With: _whole_with}
