"""frames: what begins a frame and what resumes one, which portable code does not have.

Lift drops it, lower derives it from the flags, the cells, the free variables, and the handlers around each yield:

- the prologue (GEN_START; COPY_FREE_VARS, MAKE_CELL, RETURN_GENERATOR and POP_TOP, RESUME),
- the handler around a generator that turns a StopIteration into a RuntimeError,
- RESUME after YIELD_VALUE, the operand of YIELD_VALUE, and the wrapping of what an asynchronous generator yields.

In the loop of a delegation (SEND) YIELD_VALUE is the instruction after SEND.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pyasm import isa
from pyasm.code import Code, Position, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.flags import GENERATORS
from pyasm.native.units import LABEL
from pyasm.translate import edit
from pyasm.translate.edit import instruction
from pyasm.translate.effects import Effects, effects
from pyasm.translate.flow import forward
from pyasm.translate.iteration import FIRST, begins_with_iterator, is_expression
from pyasm.typed import Any

ASYNC_GENERATOR, ASYNCHRONOUS = 0x200, 0x80 | 0x200
NOWHERE = Position()
STOP_ITERATION = "STOPITERATION_ERROR"
YIELD_RESUMED, DELEGATION_RESUMED, AWAIT_RESUMED = 1, 2, 3
GENERATOR_EXPRESSION_RESUMED = 4
"""The operand of the RESUME before the first iterator of a generator expression is made."""
_FIRST_ITERATORS = frozenset(FIRST.values())
_BEGINNINGS = frozenset({"RESUME", "GEN_START", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "YIELD_VALUE"})
_new = tuple.__new__
_SETUPS = frozenset({"SETUP_FINALLY", "SETUP_CLEANUP", "SETUP_WITH"})
_BETWEEN_SEND_AND_YIELD = frozenset({LABEL, "SETUP_FINALLY"})
_BETWEEN_YIELD_AND_RESUME = frozenset({LABEL, "POP_BLOCK"})


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _BEGINNINGS & dialect.opcodes.keys()


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Drop what begins and resumes the frame."""
    body = code.rows
    if "RESUME" in dialect.opcodes:
        generates = code.flags & GENERATORS
        if not generates and body and body[0][0] == "RESUME" and body[0][1] != GENERATOR_EXPRESSION_RESUMED:
            del body[0], ops[0]
            return edit.NOTHING
        edits: dict[int, Sequence[Row]] = {}
        _drop_prologue(code, edits)
        if generates:
            _drop_resumptions(code, edits)
        edit.change(code, ops, edits)
    elif body and body[0][0] == "GEN_START":
        del body[0], ops[0]
    return edit.NOTHING


def lowers(dialect: isa.Dialect) -> None:
    """Every frame has a beginning."""


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str] | None:
    """Add what begins and resumes the frame, as the compiler does."""
    generates = code.flags & GENERATORS
    if "RESUME" not in dialect.opcodes:
        if generates and "GEN_START" in dialect.opcodes:
            kind = 2 if code.flags & ASYNC_GENERATOR else 1 if code.flags & ASYNCHRONOUS else 0
            code.rows = [instruction("GEN_START", kind, NOWHERE), *code.rows]
    elif generates:
        _add_resumptions(code, dialect)
        _begin_generator(code, dialect)
    else:
        prologue = [*_prologue(code), _resume(code)]
        code.rows[:0] = prologue
        ops[:0] = map(edit.opcode, prologue)
    return None if generates else edit.NOTHING


# The prologue


def _drop_prologue(code: Code, edits: dict[int, Sequence[Row]]) -> None:
    """Edits without the prologue and without the handler of StopIteration."""
    body = code.rows
    for index, (op, arg, _) in enumerate(body):
        if op == "COPY_FREE_VARS" and arg != len(code.frees):
            raise TargetError(_finding(code, index, f"the code has {len(code.frees)} free variables"))
        if op in ("COPY_FREE_VARS", "MAKE_CELL"):
            edits[index] = ()
        elif op == "RETURN_GENERATOR":
            edits[index] = edits[index + 1] = ()
        elif op == "SETUP_CLEANUP":
            handler = _stop_iteration_handler(body, arg)
            if not handler:
                break
            edits.update(dict.fromkeys([index, *handler], ()))
            if any(each[1] == arg and each[0] in _SETUPS for each in body[index + 1 :]):
                edits[handler[0]] = (body[handler[0]],)  # code that no path reaches begins with it, too
        elif op == "RESUME":
            edits[index] = ()
            if arg != GENERATOR_EXPRESSION_RESUMED:
                break
        elif op != LABEL and index not in edits and not _makes_first_iterator(body, index):
            break


def _makes_first_iterator(body: Sequence[Row], index: int) -> bool:
    """Is this one of the two instructions that make the iterator of a generator expression before it is one?"""
    found = body[index : index + 3] if body[index][0] not in _FIRST_ITERATORS else body[index - 1 : index + 2]
    ops = [op for op, _, _ in found]
    return len(ops) == 3 and found[0][1] == ".0" and ops[1] in _FIRST_ITERATORS and ops[2] == "RETURN_GENERATOR"


def _stop_iteration_handler(body: Sequence[Row], label: str) -> Sequence[int]:
    """Indexes of the handler at the label, with the label, if it is the one that every generator has."""
    index = len(body) - 3
    if body[index][:2] != (LABEL, label):
        index = edit.places(body)[label]
    found = body[index + 1 : index + 3]
    if [each[:2] for each in found] == [("CALL_INTRINSIC_1", STOP_ITERATION), ("RERAISE", 1)]:
        return range(index, index + 3)
    return ()


def _prologue(code: Code) -> list[Row]:
    """What begins a frame, without the RESUME in which it ends."""
    prologue: list[Row] = []
    if code.frees:
        prologue.append(instruction("COPY_FREE_VARS", len(code.frees), NOWHERE))
    if code.cells:
        prologue += [instruction("MAKE_CELL", name, NOWHERE) for name in code.cells]
    return prologue


def _resume(code: Code) -> Row:
    """The RESUME at the start."""
    line = code.first_line
    return "RESUME", 0, _new(Position, (0, 1, 0, 0) if code.name == "<module>" else (line, line, 0, 0))


def _begin_generator(code: Code, dialect: isa.Dialect) -> None:
    """The body with its prologue and, where it has one, the handler of StopIteration."""
    body = code.rows
    prologue = _prologue(code)
    epilogue: Sequence[Row] = ()
    if dialect.first_iterator == "generator" and is_expression(code) and begins_with_iterator(code.rows, dialect):
        prologue.append(instruction("RESUME", GENERATOR_EXPRESSION_RESUMED, NOWHERE))
        prologue += body[:2]
        body = body[2:]
    position = Position(code.first_line, code.first_line)
    prologue.append(instruction("RETURN_GENERATOR", None, position))
    prologue.append(instruction("POP_TOP", None, position if dialect.late_positions else NOWHERE))
    if _catches_stop_iteration(code, dialect):
        label = _last_handler(body) or edit.Labels(body).new()
        prologue.append(instruction("SETUP_CLEANUP", label))
        if body[-1:] == [(LABEL, label, None)]:
            body = body[:-1]
        epilogue = (
            instruction(LABEL, label),
            instruction("CALL_INTRINSIC_1", STOP_ITERATION, NOWHERE),
            instruction("RERAISE", 1, NOWHERE),
        )
    code.rows = [*prologue, _resume(code), *body, *epilogue]


def _last_handler(body: Sequence[Row]) -> str | None:
    """The label behind all instructions, if a region's handler is there."""
    if not body or body[-1][0] != LABEL:
        return None
    label: str = body[-1][1]
    return label if any(arg == label and op in _SETUPS for op, arg, _ in body) else None


def _catches_stop_iteration(code: Code, dialect: isa.Dialect) -> bool:
    """Has it a handler of StopIteration? Compilers make none for a lambda."""
    return code.name != "<lambda>" and STOP_ITERATION in dialect.enums.get("intrinsic1", {}).values()


# What comes after and before a yield


def _drop_resumptions(code: Code, edits: dict[int, Sequence[Row]]) -> None:
    """Edits without RESUME after each yield, without the operands of yields, and without wrapping."""
    body = code.rows
    wraps = code.flags & ASYNC_GENERATOR
    for index, (op, arg, position) in enumerate(body):
        if op != "YIELD_VALUE":
            continue
        if arg is not None:
            edits[index] = (instruction(op, None, position),)
        following = _past(body, index, 1, _BETWEEN_YIELD_AND_RESUME)
        if body[following][0] == "RESUME":
            edits[following] = ()
        if wraps and not _delegates(body, index):
            if not _is_wrapping(body[index - 1]):
                raise TargetError(_finding(code, index, "what an asynchronous generator yields must be wrapped"))
            edits[index - 1] = ()


def _add_resumptions(code: Code, dialect: isa.Dialect) -> None:
    """RESUME after each yield, the operands, the wrapping."""
    body = code.rows
    yields = [index for index, (op, _, _) in enumerate(body) if op == "YIELD_VALUE"]
    if not yields:
        return
    delegations = {index for index in yields if _delegates(body, index)}
    own = int(_catches_stop_iteration(code, dialect))
    around: dict[int, tuple[str, ...]] = {}
    if dialect.yield_operand == "handlers" or (dialect.closing_bit and (not own or len(delegations) < len(yields))):
        around = handlers_around(body, effects(dialect.name), yields)
    wrapping = _wrapping(dialect) if code.flags & ASYNC_GENERATOR else None
    delegation = AWAIT_RESUMED if code.flags & ASYNCHRONOUS else DELEGATION_RESUMED
    edits: dict[int, Sequence[Row]] = {}
    for index in yields:
        _, arg, position = body[index]
        delegates = index in delegations
        count = len(around.get(index, ())) + own
        if arg is None and dialect.yield_operand != "ignored":
            arg = count if dialect.yield_operand == "handlers" else int(delegates)
        yielding = instruction("YIELD_VALUE", arg, position)
        edits[index] = (
            (yielding,)
            if delegates or wrapping is None
            else (instruction(wrapping[0], wrapping[1], position), yielding)
        )
        bits = dialect.closing_bit if count == 1 and (not own or not delegates) else 0
        resume = instruction("RESUME", (delegation if delegates else YIELD_RESUMED) + bits, position)
        last = _past(body, index, 1, _BETWEEN_YIELD_AND_RESUME) - 1 if delegates else index
        edits[last] = (*edits.get(last, (body[last],)), resume)
    code.rows = edit.rewrite(body, edits)


def _wrapping(dialect: isa.Dialect) -> Row:
    if "ASYNC_GEN_WRAP" in dialect.opcodes:
        return instruction("ASYNC_GEN_WRAP")
    return instruction("CALL_INTRINSIC_1", "ASYNC_GEN_WRAP")


def _is_wrapping(each: Row) -> bool:
    return each[0] == "ASYNC_GEN_WRAP" or each[1] == "ASYNC_GEN_WRAP"


def _delegates(body: Sequence[Row], index: int) -> bool:
    """Is this YIELD_VALUE that of a delegation?"""
    return body[_past(body, index, -1, _BETWEEN_SEND_AND_YIELD)][0] == "SEND"


def _past(body: Sequence[Row], index: int, step: int, passed: frozenset[str]) -> int:
    """Index of the next instruction in one direction that is none of these."""
    index += step
    while 0 <= index < len(body) - 1 and body[index][0] in passed:
        index += step
    return index


def handlers_around(body: Sequence[Row], table: Effects, wanted: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Index of each wanted instruction -> the handlers that are set up there, outermost first.

    One straight way through the body finds it wherever a label is jumped to before it comes; if not, data flow does.
    What no path reaches has none.
    """
    found: dict[int, tuple[str, ...]] = {}
    at: dict[Any, tuple[str, ...]] = {}
    around: tuple[str, ...] | None = ()
    rest = set(wanted)
    for index, (op, arg, _) in enumerate(body):
        if op == LABEL:
            if around is None:
                around = at.get(arg)
            continue
        if index in rest:
            if around is None:
                return _handlers_by_flow(body, table, wanted)
            found[index] = around
        if around is None:
            continue
        row = table.rows[op]
        if row.names_label:
            at.setdefault(arg, around)
        around = None if row.flow in ("jump", "return", "raise") else _inside(op, arg, around)
    return found


def _handlers_by_flow(body: Sequence[Row], table: Effects, wanted: Sequence[int]) -> dict[int, tuple[str, ...]]:
    def transfer(
        index: int, each: Row, around: tuple[str, ...]
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        op, arg, _ = each
        row = table.rows[op]
        following = None if row.flow in ("jump", "return", "raise") else _inside(op, arg, around)
        return following, around if row.names_label else None

    start: tuple[str, ...] = ()
    states = forward(body, start, transfer, lambda old, new: old)
    return {index: states[index] or () for index in wanted}


def _inside(op: str, arg: Any, around: tuple[str, ...]) -> tuple[str, ...]:
    if op in _SETUPS:
        return (*around, arg)
    return around[:-1] if op == "POP_BLOCK" else around


def _finding(code: Code, index: int, message: str) -> Finding:
    return Finding(message, f"{code.qualname}, instruction {index} ({code.rows[index][0]})")
