"""Simple statements: a function each, of a frame and a node."""

from __future__ import annotations

from collections.abc import Callable

from pyasm import isa
from pyasm.lang import scopes, targets, tops, tree, variables
from pyasm.lang.frame import Frame
from pyasm.lang.static import NotStatic
from pyasm.text.errors import near
from pyasm.text.tokens import described
from pyasm.typed import Any


def _store(frame: Frame, node: tree.Store) -> None:
    if node.value is not None:
        targets.evaluated(frame, node.value, node.target)
    else:
        value(frame, node)
        frame.store(node.target)


def value(frame: Frame, node: Any) -> None:
    """The value of a statement: its expression, or the top of the stack."""
    if node.value is not None:
        frame.push(node.value)
    else:
        frame.take(tops.IMPLICIT, node)


def instruction(frame: Frame, node: tree.Instruction) -> None:
    """A portable instruction, with a value before it and a target behind it."""
    op, arg = node.mnemonic, node.operand
    if node.value is not None:
        frame.push(node.value)
    kind = frame.unit.table[op].operand
    if type(arg) is tree.StaticGlobal:
        try:
            arg = frame.unit.static.value(arg)
        except NotStatic as error:
            frame.wrong(error.node, error.message, error.hint)
    elif type(arg) is tree.Literal:
        arg = arg.value
    elif kind == "local" and type(arg) is int:
        arg = variables.by_number(frame, arg, node)
    elif kind in ("absolute", "forward"):
        found = frame.find_label(tree.Name(node.start, node.end, arg))
        arg = frame.label_name(found) if found else arg
        if not found:
            frame.reached = frame.reached and frame.unit.table[op].flow != "jump"
            return
    frame.emit(op, arg, node)
    if node.target is not None:
        frame.store(node.target)


def _stack(frame: Frame, node: tree.Stack) -> None:
    """POP n, DUP n, SWAP n."""
    n = _USUAL[node.mnemonic] if node.number is None else node.number
    tops.check(frame, node, n)
    if node.mnemonic == "POP":
        for _ in range(min(n, frame.depth)):
            frame.emit("POP_TOP", None, node)
    elif node.mnemonic == "DUP":
        words: list[tuple[str, Any]] = _DUPS[n] if n < len(_DUPS) else [("COPY", n)] * min(n, frame.depth)
        for op, arg in words:
            frame.emit(op, arg, node)
    elif n == 2:
        frame.emit("ROT_TWO", None, node)
    elif n > 2:
        frame.emit("SWAP", n, node)


_USUAL = {"POP": 1, "DUP": 1, "SWAP": 2}
"""The number where none is written."""

_DUPS: list[list[tuple[str, Any]]] = [[], [("DUP_TOP", None)], [("DUP_TOP_TWO", None)]]
"""What pushes so many entries again."""


def return_(frame: Frame, node: tree.Return) -> None:
    """RETURN: leave all blocks, with the value on top of the stack."""
    constant = type(node.value) is tree.Constant
    if frame.scope.kind == scopes.CLASS:
        frame.wrong(node, "a CLASS does not return")
    if not constant:
        value(frame, node)
    opened = frame.opened()
    while frame.blocks:
        frame.leave(not constant, node)
    if constant:
        frame.push(node.value)
    frame.emit("RETURN_VALUE", None, node)
    frame.reopen(opened)


def _yield_(frame: Frame, node: tree.Yield) -> None:
    value(frame, node)
    if frame.scope.kind != scopes.FUNCTION:
        frame.wrong(node, "YIELD stands in a DEF only")
    if not node.delegate:
        frame.emit("YIELD_VALUE", None, node)
    else:
        if frame.scope.coroutine:
            frame.wrong(node, "YIELD * does not stand in an ASYNC DEF", "ASYNC FOREACH, and YIELD in it")
        frame.emit("GET_YIELD_FROM_ITER", None, node)
        frame.emit("LOAD_CONST", None, node)
        frame.emit("YIELD_FROM", None, node)
    frame.put(node.target)


def _raise_(frame: Frame, node: tree.Raise) -> None:
    parts = [part for part in (node.exception, node.cause) if part is not None]
    frame.push_all(parts)
    frame.emit("RAISE_VARARGS", len(parts), node)


def _assert_(frame: Frame, node: tree.Assert) -> None:
    if node.static:
        _assert_static(frame, node)
        return
    passed = frame.fresh()
    frame.jump_if(node.condition, passed, True)
    frame.emit("LOAD_ASSERTION_ERROR", None, node)
    if node.message is not None:
        frame.push(node.message)
        frame.emit("CALL_FUNCTION", 1, node)
    frame.emit("RAISE_VARARGS", 1, node)
    frame.label(passed)


def _assert_static(frame: Frame, node: tree.Assert) -> None:
    static = frame.unit.static
    try:
        holds = static.value(tree.Unary(node.condition.start, node.condition.end, "not", node.condition)) is False
        message = None if holds or node.message is None else str(static.value(node.message))
    except NotStatic as error:
        frame.wrong(error.node, error.message, error.hint)
        return
    if not holds:
        frame.wrong(node, "the assertion does not hold" + (f": {message}" if message is not None else ""))


def import_(frame: Frame, node: tree.Import) -> None:
    """IMPORT a.b.c: the module c."""
    frame.emit("LOAD_CONST", 0, node)
    frame.emit("LOAD_CONST", None, node)
    frame.emit("IMPORT_NAME", node.module, node)
    _, *inner = node.module.split(".")
    for i, name in enumerate(inner):
        frame.emit("IMPORT_FROM", name, node)
        if i < len(inner) - 1:
            frame.emit("ROT_TWO", None, node)
            frame.emit("POP_TOP", None, node)
    if inner:
        frame.emit("ROT_TWO", None, node)
        frame.emit("POP_TOP", None, node)
    frame.put(node.target)


def from_import(frame: Frame, node: tree.FromImport) -> None:
    """FROM a IMPORT b -> t, c: what has no target is left on the stack."""
    frame.emit("LOAD_CONST", node.level, node)
    frame.emit("LOAD_CONST", tuple(name.text for name, _ in node.names), node)
    frame.emit("IMPORT_NAME", node.module, node)
    for name, target in node.names:
        frame.emit("IMPORT_FROM", name.text, name)
        if target is not None and type(target) is not tree.Top:
            frame.store(target)
        else:
            frame.emit("ROT_TWO", None, node)
    frame.emit("POP_TOP", None, node)


def _unpack(frame: Frame, node: tree.Unpack) -> None:
    targets.evaluated(frame, node.value, node.targets)


def _located(frame: Frame, node: tree.Located) -> None:
    frame.fix(node.position)


def _raw(frame: Frame, node: tree.Raw) -> None:
    """An instruction of the running dialect."""
    dialect = isa.running()
    row = dialect.opcodes.get(node.mnemonic)
    if row is None:
        hint = near(node.mnemonic, dialect.opcodes)
        frame.wrong(node, f"{dialect.name} has no instruction {described(node.mnemonic)}", hint)
        return
    portable = isa.load(isa.PORTABLE).opcodes.get(node.mnemonic)
    if portable is not None and (portable.operand, portable.stack) != (row.operand, row.stack):
        message = (
            f"{node.mnemonic} of {dialect.name} is not the portable {node.mnemonic}, and cannot be told from it here"
        )
        frame.wrong(node, message, "write what it is for; pyasm asm of a text with .target has it as it is")
        return
    arg = node.argument
    if row.operand in isa.JUMPS and isinstance(arg, str):
        found = frame.find_label(tree.Name(node.start, node.end, arg))
        if found is None:
            return
        arg = frame.label_name(found)
    frame.raw(node.mnemonic, arg, node)


def _python(frame: Frame, node: tree.Python) -> None:
    from pyasm.lang import embedded  # it needs `ast`, and most texts have none

    embedded.expand(frame, node)


STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {
    tree.Load: targets.load,
    tree.Store: _store,
    tree.Delete: targets.delete,
    tree.Instruction: instruction,
    tree.Stack: _stack,
    tree.Raw: _raw,
    tree.Return: return_,
    tree.Yield: _yield_,
    tree.Raise: _raise_,
    tree.Assert: _assert_,
    tree.Import: import_,
    tree.FromImport: from_import,
    tree.Unpack: _unpack,
    tree.Located: _located,
    tree.Python: _python,
}
