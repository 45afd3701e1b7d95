"""What must stand around instructions: blocks, generators, loops, calls in two halves; and what means something there.

These are acts like those on variables; see acts.py.
"""

from __future__ import annotations

from pyasm.code import made_by_compiler
from pyasm.errors import shown
from pyasm.isa.slots import fits, meaning
from pyasm.typed import TYPE_CHECKING, Any
from pyasm.verifier.stack import Problem, Stack
from pyasm.verifier.types import beginnings

if TYPE_CHECKING:
    from pyasm.verifier.walk import Walk

ASYNC_GENERATOR = 0x200
SHORT_JUMP = 255


# -- blocks


def _pop_block(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    walk.leave(index, "block", before, after)


def _leave_handler(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    walk.leave(index, "handler", before, after)


def _end_async_for(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    walk.leave(index, "handler", before, after.push("value"))  # the asynchronous iterator is below the block


def _reraise(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if arg and (walk.blocks is None or walk.blocks.kind != "handler"):
        walk.wrong(index, Problem("block", "there is no handler here whose place could be taken", "RERAISE 0"), before)


def _return(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if walk.blocks is not None:
        what = "POP_EXCEPT" if walk.blocks.kind == "handler" else "POP_BLOCK"
        walk.wrong(index, Problem("block", "it is inside of a block", f"{what} before it"), before)
    if walk.code.flags & ASYNC_GENERATOR and before.type != "none":
        walk.wrong(index, Problem("generator", "an asynchronous generator returns a value", "None"), before)


def _portable_return(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    """Where no compiler has made the code, lowering drops what is below, if that can be dropped."""
    _return(walk, index, arg, before, after)
    if before.depth > 1:
        walk.leftover = True
        if made_by_compiler(walk.code):
            walk.wrong(index, left_over(before.depth - 1), before)
        else:
            _check_dropped(walk, index, before)


def _check_dropped(walk: Walk, index: int, stack: Stack) -> None:
    """What is below the value must not be NULL, as half of a method may be."""
    for entry, kind in enumerate(stack.types()[::-1], 1):
        if entry > 1 and not fits(kind, _DROPPED):
            message = f"the entry {entry} from the top is {meaning(kind)}, and would have to be dropped"
            walk.wrong(index, Problem("leftover", message, meaning(_DROPPED), entry), stack)
            break


_DROPPED = "entry"
"""What POP_TOP takes."""


def left_over(count: int) -> Problem:
    """So many entries are below a value that is returned."""
    entries = f"{count} entries are" if count != 1 else "one entry is"
    expected = "nothing below the value; POP_TOP drops an entry, and so does `-> \\` behind a statement"
    return Problem("leftover", f"{entries} left on the stack", expected, 1)


def _return_const(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if walk.code.flags & ASYNC_GENERATOR and arg is not None:
        walk.wrong(index, Problem("generator", "an asynchronous generator returns a value", "None"), before)


# -- what must stand around an instruction


def _yield(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if not walk.generator:
        expected = "a code with one of the flags 0x20, 0x80, 0x200"
        walk.wrong(index, Problem("generator", "it is in no generator or coroutine", expected), before)
    if "CLEANUP_THROW" in walk.rows and walk.body[index][0] == "YIELD_VALUE" and _delegates(walk, index, arg):
        _cleans_up(walk, index, before)


def _delegates(walk: Walk, index: int, arg: Any) -> bool:
    """Is what is thrown where it yields thrown into the receiver first?"""
    if walk.dialect.yield_operand == "delegation":
        return bool(arg == 1)
    following = walk.body[index + 1] if index + 1 < len(walk.body) else None
    return following is not None and following[0] == "RESUME" and following[1] in (2, 3)


def _cleans_up(walk: Walk, index: int, before: Stack) -> None:
    """When the receiver returns because of what was thrown into it, that is a StopIteration here."""
    receiver = before.cut(max(0, before.depth - walk.rows["SEND"].pops(0) + 1)).type
    handled = walk.region is not None and walk.real_ops(walk.region.target, 1) == ["CLEANUP_THROW"]
    if fits(receiver, "receiver") and not handled:
        message = "what its receiver returns when something is thrown into it gets lost"
        walk.wrong(index, Problem("delegation", message, "a handler around it that begins with CLEANUP_THROW"), before)


def _wrap(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if not walk.code.flags & ASYNC_GENERATOR:
        walk.wrong(
            index, Problem("generator", "it is in no asynchronous generator", "a code with the flag 0x200"), before
        )


def _intrinsic(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    if arg == "STOPITERATION_ERROR" and not walk.generator:
        walk.wrong(
            index, Problem("generator", "it is in no generator or coroutine", "a generator's last handler"), before
        )


def _suspend(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    """RESUME behind a yield: close() reads its bit, and what it says beside that; throw() of 3.11 the SEND before."""
    closing = walk.dialect.closing_bit
    if closing and type(arg) is int and arg & closing and arg & (closing - 1) in beginnings(walk.dialect):
        message = f"RESUME {arg} says that a call begins here, and how a generator is closed"
        walk.wrong(index, Problem("generator", message, f"RESUME {1 | closing} behind a yield"), before)
    if type(arg) is not int or arg < 2 or "END_SEND" in walk.rows or "SEND" not in walk.rows:
        return
    ops = [walk.body[i][0] for i in range(max(0, index - 2), index)]
    if ops != ["SEND", "YIELD_VALUE"]:
        walk.wrong(
            index, Problem("generator", "it is not behind SEND and YIELD_VALUE", "SEND, YIELD_VALUE, RESUME"), before
        )


def _behind_jump(walk: Walk, index: int, label: Any, before: Stack, after: Stack) -> None:
    """The loop ends at these instructions and nowhere else, because it skips some of them."""
    op = walk.body[index][0]
    expected = walk.loop_ends[op]
    start = walk.labels.get(label)
    if start is not None and walk.real_ops(start, len(expected)) != expected:
        there = walk.real_ops(start, 1)
        message = f"its label is at {there[0]}" if there else "its label is at the end"
        walk.wrong(index, Problem("loop", message, "; ".join(expected)), before)
    if op == "SEND":
        _yield(walk, index, label, before, after)
        if start is not None and not expected and not index < start <= index + SHORT_JUMP // 4:
            walk.wrong(index, Problem("generator", "its label is too far away", "a label close behind it"), before)


def _end_for(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    """A debugger that sees it asks whether the iterator below is a generator."""
    there = before.depth - walk.rows["FOR_ITER"].pops(0)
    if there < 1 or not fits(before.cut(there).type, "value"):
        walk.wrong(index, Problem("loop", "there is no iterator below the item that it drops", "an iterator"), before)


def _names(walk: Walk, index: int, names: Any, before: Stack, after: Stack) -> None:
    """The names of the next call."""
    following = walk.body[index + 1 : index + 3]
    call = following[0] if following else None
    if call is None or call[0] not in ("PRECALL", "CALL"):
        walk.wrong(index, Problem("names", "there is no call directly behind it", "PRECALL or CALL"), before)
    elif type(names) is not tuple or not all(type(each) is str for each in names):
        walk.wrong(index, Problem("names", f"{shown(names)} are no names", "a tuple of str"), before)
    elif type(call[1]) is int and len(names) > call[1]:
        message = f"it has {len(names)} names for {call[1]} arguments"
        walk.wrong(index, Problem("names", message, "not more names than arguments"), before)


def _precall(walk: Walk, index: int, count: Any, before: Stack, after: Stack) -> None:
    call = walk.body[index + 1] if index + 1 < len(walk.body) else None
    if call is None or call[:2] != ("CALL", count):
        walk.wrong(index, Problem("call", "there is no such CALL directly behind it", f"CALL {count}"), before)


# -- what means something where it stands


def _portable_function(walk: Walk, index: int, arg: Any, before: Stack, after: Stack) -> None:
    """Its name becomes part of the code."""
    if index == 0 or walk.ops[index - 1] != "LOAD_CONST" or type(walk.body[index - 1][1]) is not str:
        walk.wrong(
            index, Problem("function", "its name is no constant", "LOAD_CONST of a str directly before it", 1), before
        )


def attribute_of_exception(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    """The top entry is an exception."""
    return after.cut(after.depth - 1).push("type") if name == "__class__" else None


def _import(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    if isinstance(name, tuple):
        name = name[0]
    return after.cut(after.depth - 1).push("builtins") if name == "builtins" else None


def import_from_builtins(walk: Walk, index: int, name: Any, before: Stack, after: Stack) -> Stack | None:
    """The top entry is the module builtins."""
    return after.cut(after.depth - 1).push("iterating") if name == "iter" else None


ALWAYS: dict[str, Any] = {
    "IMPORT_NAME": _import,
    "YIELD_VALUE": _yield,
    "YIELD_FROM": _yield,
    "ASYNC_GEN_WRAP": _wrap,
    "CALL_INTRINSIC_1": _intrinsic,
    "RESUME": _suspend,
    "FOR_ITER": _behind_jump,
    "END_FOR": _end_for,
    "SEND": _behind_jump,
    "KW_NAMES": _names,
    "PRECALL": _precall,
    "RETURN_VALUE": _return,
    "RETURN_CONST": _return_const,
}

STACKED: dict[str, Any] = {
    "POP_BLOCK": _pop_block,
    "POP_EXCEPT": _leave_handler,
    "END_ASYNC_FOR": _end_async_for,
    "RERAISE": _reraise,
}
"""Where blocks are on a stack."""

PORTABLE: dict[str, Any] = {"MAKE_FUNCTION": _portable_function, "RETURN_VALUE": _portable_return}
"""In portable code."""
