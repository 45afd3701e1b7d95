"""Operators: as values, and as conditions that jump."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import calls, tops, tree
from pyasm.lang.frame import Frame
from pyasm.lang.static import fold
from pyasm.typed import Any

BINARY = {
    "+": "BINARY_ADD",
    "-": "BINARY_SUBTRACT",
    "*": "BINARY_MULTIPLY",
    "/": "BINARY_TRUE_DIVIDE",
    "//": "BINARY_FLOOR_DIVIDE",
    "%": "BINARY_MODULO",
    "**": "BINARY_POWER",
    "@": "BINARY_MATRIX_MULTIPLY",
    "<<": "BINARY_LSHIFT",
    ">>": "BINARY_RSHIFT",
    "&": "BINARY_AND",
    "|": "BINARY_OR",
    "^": "BINARY_XOR",
}

TRUTHS: dict[str, tuple[str, Any]] = {
    "xor": ("IS_OP", 1),
    "xnor": ("IS_OP", 0),
    "nand": ("BINARY_OR", None),
    "nor": ("BINARY_AND", None),
}
"""What the operators of truths do with the two negated truths."""

UNARY = {"-": "UNARY_NEGATIVE", "+": "UNARY_POSITIVE", "~": "UNARY_INVERT", "not": "UNARY_NOT"}

COMPARISONS: dict[str, tuple[str, Any]] = {
    **{op: ("COMPARE_OP", op) for op in ("<", "<=", "==", "!=", ">", ">=")},
    "is": ("IS_OP", 0),
    "is not": ("IS_OP", 1),
    "in": ("CONTAINS_OP", 0),
    "not in": ("CONTAINS_OP", 1),
}
"""The instruction of each, with its operand."""

_DISPLAYS = (tree.List, tree.Set)


def _unary(frame: Frame, node: tree.Unary) -> None:
    folded = fold(node) if node.operator != "not" else None
    if folded is not None:
        frame.emit("LOAD_CONST", folded.value, node)
        return
    frame.push(node.operand)
    frame.emit(UNARY[node.operator], None, node)


def _binary(frame: Frame, node: tree.Binary) -> None:
    op = node.operator
    if op in BINARY:
        _arithmetic(frame, node)
    elif op in TRUTHS:
        for operand in (node.left, node.right):
            frame.push(operand)
            frame.emit("UNARY_NOT", None, operand)
        frame.emit(*TRUTHS[op], node)
    else:
        calls.builtin(frame, op, (node.left, node.right), node)


def _arithmetic(frame: Frame, node: tree.Binary) -> None:
    """An operator, and those on its left side, which may be many: innermost first, constants folded."""
    if type(node.left) is tree.Local:
        frame.push_all((node.left, node.right))
        frame.emit(BINARY[node.operator], None, node)
        return
    spine = [node]
    while type(spine[-1].left) is tree.Binary and spine[-1].left.operator in BINARY:
        spine.append(spine[-1].left)
    known = fold(spine[-1].left)
    if known is None:
        frame.push(spine[-1].left)
    for each in reversed(spine):
        right = fold(each.right) if known is not None else None
        folded = fold(each._replace(left=known, right=right)) if known is not None and right is not None else None
        if folded is not None:
            known = folded
            continue
        if known is not None:
            frame.emit("LOAD_CONST", known.value, known)
            known = None
        frame.push(each.right)
        frame.emit(BINARY[each.operator], None, each)
    if known is not None:
        frame.emit("LOAD_CONST", known.value, node)


# -- comparisons


def _compare(frame: Frame, node: tree.Compare) -> None:
    if len(node.rest) > 1:
        _chain(frame, node)
        return
    op, operand = node.rest[0]
    if type(operand) in _DISPLAYS:
        frame.push(node.first)
        _compared_with(frame, op, operand)
    else:
        frame.push_all((node.first, operand))
    word, arg = COMPARISONS[op]
    frame.emit(word, arg, node)


def _comparison(frame: Frame, node: tree.Compare, op: str, operand: Any) -> None:
    """Compare the top of the stack with an operand."""
    _compared_with(frame, op, operand)
    frame.emit(*COMPARISONS[op], node)


def _compared_with(frame: Frame, op: str, operand: Any) -> None:
    """Push the right operand; a display that is only searched is a constant, as CPython has it."""
    if type(operand) in _DISPLAYS and op in ("in", "not in"):
        folded = fold(tree.Tuple(*operand))
        if folded is not None:
            value = folded.value if type(operand) is tree.List else frozenset(folded.value)
            frame.emit("LOAD_CONST", value, operand)
            return
    frame.push(operand)


def _links(frame: Frame, node: tree.Compare, jump: str, away: str) -> None:
    """All comparisons of a chain but the last, each with a jump for when it is false; the last operand is pushed."""
    frame.push(node.first)
    for op, operand in node.rest[:-1]:
        _compared_with(frame, op, operand)
        frame.emit("DUP_TOP", None, node)
        frame.emit("ROT_THREE", None, node)
        frame.emit(*COMPARISONS[op], node)
        frame.emit(jump, away, node)
    _comparison(frame, node, *node.rest[-1])


def _chain(frame: Frame, node: tree.Compare) -> None:
    if _conditional_tops(frame, [operand for _, operand in node.rest[1:]]):
        _chain_with_tops(frame, node)
        return
    away, end = frame.fresh(), frame.fresh()
    _links(frame, node, "JUMP_IF_FALSE_OR_POP", away)
    frame.emit("JUMP_FORWARD", end, node)
    frame.reached = False
    frame.label(away)
    frame.emit("ROT_TWO", None, node)
    frame.emit("POP_TOP", None, node)
    frame.label(end)


def _chain_with_tops(frame: Frame, node: tree.Compare) -> None:
    """A chain in which an operand that may not be evaluated is a value from the stack: that has to go all the same."""
    end = frame.fresh()
    exits: list[tuple[str, dict[int, int]]] = []
    frame.push(node.first)
    for op, operand in node.rest[:-1]:
        _compared_with(frame, op, operand)
        frame.emit("DUP_TOP", None, node)
        frame.emit("ROT_THREE", None, node)
        frame.emit(*COMPARISONS[op], node)
        exits.append((frame.fresh(), dict(frame.tops)))
        frame.emit("JUMP_IF_FALSE_OR_POP", exits[-1][0], node)
    _comparison(frame, node, *node.rest[-1])
    _settle(frame, node, exits, end, extra=1)


# -- and, or


def _logic(frame: Frame, node: tree.Logic) -> None:
    jump = "JUMP_IF_TRUE_OR_POP" if node.operator == "or" else "JUMP_IF_FALSE_OR_POP"
    end = frame.fresh()
    exits: list[tuple[str, dict[int, int]]] | None = [] if _conditional_tops(frame, node.operands[1:]) else None
    for operand in node.operands[:-1]:
        frame.push(operand)
        if exits is None:
            frame.emit(jump, end, node)
        else:
            exits.append((frame.fresh(), dict(frame.tops)))
            frame.emit(jump, exits[-1][0], node)
    frame.push(node.operands[-1])
    if exits is None:
        frame.label(end)
    else:
        _settle(frame, node, exits, end, extra=0)


def _conditional_tops(frame: Frame, nodes: Any) -> bool:
    """Do these operands, which may not be evaluated, take values from the stack?"""
    return bool(frame.tops) and any(True for node in nodes for _ in tops.find(node))


def _settle(frame: Frame, node: Any, exits: list[tuple[str, dict[int, int]]], end: str, extra: int) -> None:
    """The ways out of an expression: each drops the values that only the rest of the expression takes.

    `extra`: so many entries are below the top, of the expression itself, and go too.
    """
    left, depth = frame.tops, frame.depth
    frame.emit("JUMP_FORWARD", end, node)
    for i, (label, tops_there) in enumerate(exits):
        frame.reached = False
        frame.label(label)
        frame.tops = tops_there
        for _ in range(extra):
            frame.emit("ROT_TWO", None, node)
            frame.emit("POP_TOP", None, node)
        for key in [key for key in tops_there if key not in left]:
            frame.take(key, node)
            frame.emit("POP_TOP", None, node)
        if i < len(exits) - 1:
            frame.emit("JUMP_FORWARD", end, node)
    frame.label(end)
    frame.tops, frame.depth = left, depth


# -- conditions


def _not_condition(frame: Frame, node: tree.Unary, label: str, when: bool) -> None:
    if node.operator == "not":
        frame.jump_if(node.operand, label, not when)
    else:
        _by_value(frame, node, label, when)


def _by_value(frame: Frame, node: Any, label: str, when: bool) -> None:
    frame.push(node)
    frame.emit("POP_JUMP_IF_TRUE" if when else "POP_JUMP_IF_FALSE", label, node)


def _logic_condition(frame: Frame, node: tree.Logic, label: str, when: bool) -> None:
    if _conditional_tops(frame, node.operands[1:]):
        _by_value(frame, node, label, when)
        return
    early = node.operator == "or"
    away = label if early is when else frame.fresh()
    for operand in node.operands[:-1]:
        frame.jump_if(operand, away, early)
    frame.jump_if(node.operands[-1], label, when)
    if away != label:
        frame.label(away)


def _compare_condition(frame: Frame, node: tree.Compare, label: str, when: bool) -> None:
    if len(node.rest) == 1:
        _compare(frame, node)
        frame.emit("POP_JUMP_IF_TRUE" if when else "POP_JUMP_IF_FALSE", label, node)
        return
    if _conditional_tops(frame, [operand for _, operand in node.rest[1:]]):
        _by_value(frame, node, label, when)
        return
    away, end = frame.fresh(), frame.fresh()
    _links(frame, node, "POP_JUMP_IF_FALSE", away)
    frame.emit("POP_JUMP_IF_TRUE" if when else "POP_JUMP_IF_FALSE", label, node)
    frame.emit("JUMP_FORWARD", end, node)
    frame.label(away)
    frame.emit("POP_TOP", None, node)
    if not when:
        frame.emit("JUMP_FORWARD", label, node)
    frame.label(end)


def _constant_condition(frame: Frame, node: tree.Constant, label: str, when: bool) -> None:
    if bool(node.value) is when:
        frame.emit("JUMP_FORWARD", label, node)


# -- sum, prod, avg ...


def _reduce(frame: Frame, node: tree.Reduce) -> None:
    op, arguments = node.operator, node.arguments
    plain = not any(argument.stars or argument.name or argument.delayed for argument in arguments)
    if op in _BUILDS and plain and len(arguments) != 1:
        values = tuple(argument.value for argument in arguments)
        frame.push(_BUILDS[op](node.start, node.end, values))
    elif op in _FOLDS and plain and len(arguments) > 1:
        frame.push(arguments[0].value)
        for argument in arguments[1:]:
            frame.push(argument.value)
            frame.emit(_FOLDS[op], None, node)
        if op in _MEANS:
            frame.emit("LOAD_CONST", len(arguments), node)
            frame.emit(_MEANS[op], None, node)
    elif op in _FOLDS:
        _fold_items(frame, node)
    else:
        calls.arguments(frame, op, arguments, node)


def _fold_items(frame: Frame, node: tree.Reduce) -> None:
    """sum, prod, avg, avgi of what an iterable gives, or of values with starred ones among them."""
    op, arguments = node.operator, node.arguments
    if not arguments or any(argument.name or argument.stars > 1 or argument.delayed for argument in arguments):
        frame.wrong(node, f"{op} takes values, or one iterable")
        frame.emit("LOAD_CONST", None, node)
        return
    if len(arguments) == 1 and not arguments[0].stars:
        items = arguments[0].value
    else:
        starred = [tree.Starred(a.start, a.end, a.value) if a.stars else a.value for a in arguments]
        items = tree.List(node.start, node.end, tuple(starred))
    if op not in _MEANS:
        calls.builtin(frame, op, (items,), node)
        return
    calls.builtin(frame, "list", (items,), node)
    frame.emit("DUP_TOP", None, node)
    for name in ("sum", "len"):  # of the list on top
        frame.emit("LOAD_CONST", calls.BUILTINS[name], node)
        frame.emit("ROT_TWO", None, node)
        frame.emit("CALL_FUNCTION", 1, node)
        if name == "sum":
            frame.emit("ROT_TWO", None, node)
    frame.emit(_MEANS[op], None, node)


_BUILDS: dict[str, Callable[..., Any]] = {"tuple": tree.Tuple, "list": tree.List, "set": tree.Set}
_FOLDS = {"sum": "BINARY_ADD", "prod": "BINARY_MULTIPLY", "avg": "BINARY_ADD", "avgi": "BINARY_ADD"}
_MEANS = {"avg": "BINARY_TRUE_DIVIDE", "avgi": "BINARY_FLOOR_DIVIDE"}


EXPRESSIONS: dict[type, Callable[[Frame, Any], None]] = {
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Compare: _compare,
    tree.Logic: _logic,
    tree.Reduce: _reduce,
}

CONDITIONS: dict[type, Callable[[Frame, Any, str, bool], None]] = {
    tree.Unary: _not_condition,
    tree.Logic: _logic_condition,
    tree.Compare: _compare_condition,
    tree.Constant: _constant_condition,
}
