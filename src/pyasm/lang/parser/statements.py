"""Statements of one line: load, store, call, labels and jumps, imports, and the instructions themselves.

A reader gets the parser, whose `i` is at the statement's first word, and gives the node; what must follow is checked by
the parser.
"""

from __future__ import annotations

from collections.abc import Callable

from pyasm import isa
from pyasm.errors import TargetError
from pyasm.lang import tree
from pyasm.lang.parser import macros
from pyasm.lang.parser.cursor import new
from pyasm.text.operands import Readers
from pyasm.text.tokens import FINAL, Wrong, described
from pyasm.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyasm.lang.parser.text import Parser
    from pyasm.lang.tree import Expression, Statement, Target

    Reader = Callable[[Parser, int], Statement]
    """Reads a statement; it gets the place in the text where that starts."""


def _load(p: Parser, start: int) -> Statement:
    p.i += 1
    return _evaluated(p, start, p.operation())


def _operation(p: Parser, start: int) -> Statement:
    return _evaluated(p, start, p.operation())


def _await(p: Parser, start: int) -> Statement:
    return _evaluated(p, start, p.operand())


def _evaluated(p: Parser, start: int, value: Expression) -> Statement:
    target = p.arrow() if p.texts[p.i] == "->" else None
    end = value[1] if target is None else target[1]
    return new(tree.Load, (start, end, value, target))


def _store(p: Parser, start: int) -> Statement:
    p.i += 1
    target, value = _target_and_value(p)
    found = [target]
    while value is None and p.texts[p.i] == ",":
        p.i += 1
        target, value = _target_and_value(p)
        found.append(target)
    first = found[0]
    if len(found) > 1 or isinstance(first, tree.Starred):
        first = p.several(found)
    return new(tree.Store, (start, p.end(), first, value))


def _target_and_value(p: Parser) -> tuple[Target | tree.Starred, Expression | None]:
    """A target of STORE, and the value behind the last one."""
    start = p.starts[p.i]
    if p.texts[p.i] == "*":
        p.i += 1
        starred, value = _target_and_value(p)
        return tree.Starred(start, starred.end, starred), value
    i = p.i
    if p.texts[i] in _NO_OPERAND or p.is_bracketed(i):
        return p.target(), optional(p) if p.texts[p.i] == "(" else None
    node = p.operand()
    value = None
    if type(node) is tree.Call:
        value, node = _stored(p, node), node.function
    return p.as_target(node, i), value


def _stored(p: Parser, call: tree.Call) -> Expression:
    """The value in `STORE target (value)`, which reads like a call of the target."""
    arguments = call.arguments
    named = next((argument for argument in arguments if argument.name is not None or argument.stars == 2), None)
    if named is not None:
        raise Wrong(p.i - 1, "a value has no arguments by name", "STORE target (value)")
    start = p.tokens.text.index("(", call.function.end)
    if len(arguments) == 1 and not arguments[0].stars and p.texts[p.i - 2] != ",":
        value = arguments[0].value
        return new(type(value), (start, call.end, *value[2:]))
    elements = [tree.Starred(a.start, a.end, a.value) if a.stars else a.value for a in arguments]
    return tree.Tuple(start, call.end, tuple(elements))


def _delete(p: Parser, start: int) -> Statement:
    p.i += 1
    i = p.i
    target = p.target()
    if isinstance(target, (tree.Discard, tree.Top, tree.Targets)):
        raise Wrong(i, "this cannot be deleted", "DELETE $x, @x, e.name or e[e]")
    return tree.Delete(start, p.end(), target)


def _call(p: Parser, start: int) -> Statement:
    p.i += 1
    word = p.word()
    if word == "MACRO":
        return macros.call(p, start)
    partial = word == "PARTIAL"
    p.i += partial
    i = p.i
    p.delaying = partial
    node = p.operand()
    p.delaying = False
    if type(node) is not tree.Call:
        hint = "CALL target(arguments)"
        if p.texts[p.i] in FINAL or p.texts[p.i] == "->":
            p.wanted("'(' with the arguments of the call", hint)
        raise Wrong(i, "this is no call", hint)
    if partial:
        _check_delays(p, node, i)
        node = node._replace(partial=True)
    return _evaluated(p, start, node)


def _check_delays(p: Parser, call: tree.Call, i: int) -> None:
    """Only the last of several calls is partial."""
    node: Any = call.function
    while hasattr(node, "value") or type(node) is tree.Call:
        if type(node) is tree.Call and any(argument.delayed for argument in node.arguments):
            raise Wrong(i, "only the arguments of the last call can be delayed by '?'")
        node = node.function if type(node) is tree.Call else node.value


def _stack(p: Parser, start: int) -> Statement:
    mnemonic = p.word()
    p.i += 1
    number = None
    if p.texts[p.i] not in FINAL:
        number, p.i = p.constants.number(p.i)
    return tree.Stack(start, p.end(), mnemonic, number)


def _raw(p: Parser, start: int) -> Statement:
    p.i += 1
    i = p.i
    mnemonic = p.name().upper()
    argument = None
    reader = _native_readers(p).get(mnemonic)
    if reader is None:
        _known_somewhere(mnemonic, i)
        while p.texts[p.i] not in FINAL:
            p.i += 1
    elif p.texts[p.i] not in FINAL:
        argument, p.i = reader(p.i)
    return tree.Raw(start, p.end(), mnemonic, argument)


def _native_readers(p: Parser) -> dict[str, Any]:
    try:
        return Readers(isa.running(), p.constants).table
    except TargetError:
        return {}


def _known_somewhere(mnemonic: str, i: int) -> None:
    """Refuse what no version has; what others have is for a program that asks for the version."""
    if not any(mnemonic in isa.load(name).opcodes for name in isa.names()):
        raise Wrong(i, f"no version has an instruction {described(mnemonic)}")


def _label(p: Parser, start: int) -> Statement:
    p.i += 1
    name = p.label()
    return tree.Label(start, p.end(), name)


def _jump(p: Parser, start: int) -> Statement:
    p.i += 1
    label = p.label()
    condition = None
    if p.word() == "IF":
        p.i += 1
        condition = p.operation()
    elif p.texts[p.i] == "(":
        condition = p.operation()
    return new(tree.Jump, (start, p.end(), label, condition))


def _break(p: Parser, start: int) -> Statement:
    kind = tree.Break if p.word() == "BREAK" else tree.Continue
    p.i += 1
    label = None if p.texts[p.i] in FINAL else p.label()
    return kind(start, p.end(), label)


def optional(p: Parser) -> Expression | None:
    """An expression, unless the statement ends."""
    return None if p.texts[p.i] in FINAL else p.operation()


def _return(p: Parser, start: int) -> Statement:
    p.i += 1
    value = optional(p)
    return new(tree.Return, (start, p.end() if value is None else value[1], value))


def _yield(p: Parser, start: int) -> Statement:
    p.i += 1
    delegate = p.texts[p.i] == "*"
    p.i += delegate
    value = None if p.texts[p.i] == "->" else optional(p)
    target = p.arrow()
    return tree.Yield(start, p.end(), delegate, value, target)


def _raise(p: Parser, start: int) -> Statement:
    p.i += 1
    exception, cause = optional(p), None
    if exception is not None and p.word() == "FROM":
        p.i += 1
        cause = p.operation()
    return new(tree.Raise, (start, p.end(), exception, cause))


def _assert(p: Parser, start: int) -> Statement:
    static = p.word() == "ASSERT_STATIC"
    p.i += 1
    condition = p.operation()
    p.i += p.texts[p.i] == ","
    message = optional(p)
    return tree.Assert(start, p.end(), static, condition, message)


def _import(p: Parser, start: int) -> Statement:
    p.i += 1
    module = p.dotted()
    target = p.arrow()
    return tree.Import(start, p.end(), module, target)


def _from(p: Parser, start: int) -> Statement:
    p.i += 1
    level = 0
    while p.texts[p.i] in (".", "..."):
        level += len(p.texts[p.i])
        p.i += 1
    module = ""
    token = p.texts[p.i]
    if token[:1] == "." and token[1:].isidentifier():
        level += 1
        p.i += 1
        module = token[1:]
        if p.texts[p.i][:1] == ".":
            module += _rest_of_path(p)
    elif not level or p.word() != "IMPORT":
        module = p.dotted()
    if p.word() != "IMPORT":
        p.wanted("IMPORT", "FROM module IMPORT name -> target")
    p.i += 1
    names = _imported(p)
    return tree.FromImport(start, p.end(), level, module, tuple(names))


def _rest_of_path(p: Parser) -> str:
    rest = ""
    while p.texts[p.i][:1] == "." and p.texts[p.i][1:].isidentifier():
        rest += p.texts[p.i]
        p.i += 1
    return rest


def _imported(p: Parser) -> list[tuple[tree.Name, Target | None]]:
    names: list[tuple[tree.Name, Target | None]] = []
    while True:
        name = p.named()
        names.append((name, p.arrow_one()))
        if p.texts[p.i] != ",":
            return names
        p.i += 1


def _unpack(p: Parser, start: int) -> Statement:
    p.i += 1
    value: Expression = tree.Top(start, p.end(), 0) if p.texts[p.i] == "->" else p.operation()
    if p.texts[p.i] != "->":
        p.wanted("'->' with the targets", "UNPACK e -> $a, *$b, $c")
    i = p.i
    targets = p.arrow()
    if type(targets) is not tree.Targets:
        raise Wrong(i + 1, "UNPACK has several targets", "UNPACK e -> $a, *$b, $c")
    return tree.Unpack(start, p.end(), value, targets)


# -- instructions


def instruction(p: Parser, start: int, mnemonic: str) -> Statement:
    """A portable instruction with its operand, `(value)` and `-> target` where it can have these."""
    p.i += 1
    kind = isa.load(isa.PORTABLE).opcodes[mnemonic].operand
    operand = _OPERANDS.get(kind, _plain_operand)(p, mnemonic)
    value = target = None
    if p.texts[p.i] == "(" and mnemonic in STORES:
        value = p.operation()
    elif p.texts[p.i] == "->":
        if not _pushes_one(mnemonic):
            raise Wrong(p.i, f"{mnemonic} pushes no value for a target")
        target = p.arrow()
    return tree.Instruction(start, p.end(), mnemonic, operand, value, target)


def _plain_operand(p: Parser, mnemonic: str) -> Any:
    operand, p.i = p.readers.table[mnemonic](p.i)
    return operand


def _no_operand(p: Parser, mnemonic: str) -> Any:
    return None if p.texts[p.i] in _AFTER else _plain_operand(p, mnemonic)


def _constant(p: Parser, mnemonic: str) -> Any:
    start = p.starts[p.i]
    if p.texts[p.i] == "@":
        p.i += 1
        p.i += p.texts[p.i] == "!"
        name = p.name()
        return tree.StaticGlobal(start, p.end(), name)
    value, p.i = p.constants.operand(p.i)
    return tree.Literal(start, p.end(), value)


def _variable(p: Parser, mnemonic: str) -> Any:
    """A name, which may have its sign before it, or a number."""
    token = p.texts[p.i]
    if token in ("@", "$"):
        p.i += 1
        return p.name()
    if token[:1].isdigit():
        number, p.i = p.constants.number(p.i)
        return number
    return _plain_operand(p, mnemonic)


def _jump_label(p: Parser, mnemonic: str) -> str:
    return p.label().text


def _pushes_one(mnemonic: str) -> bool:
    row = isa.load(isa.PORTABLE).opcodes[mnemonic]
    after = row.stack.partition("--")[2].partition("|")[0].split()
    return bool(after) and row.operand not in isa.JUMPS


_OPERANDS: dict[str, Callable[[Parser, str], Any]] = {
    "-": _no_operand,
    "const": _constant,
    "name": _variable,
    "local": _variable,
    "deref": _variable,
    **dict.fromkeys(isa.JUMPS, _jump_label),
}
STORES = frozenset({"STORE_FAST", "STORE_GLOBAL", "STORE_NAME", "STORE_DEREF"})
NAMED = frozenset(
    row.name for row in isa.load(isa.PORTABLE).opcodes.values() if row.operand in ("name", "local", "deref")
)
"""The instructions whose operand is a name, which may be given by a number."""
_AFTER = FINAL | {"->"}
_NO_OPERAND = FINAL | {"\\"}

READERS: dict[str, Reader] = {
    "LOAD": _load,
    "STORE": _store,
    "DELETE": _delete,
    "CALL": _call,
    "OP": _operation,
    "AWAIT": _await,
    "POP": _stack,
    "DUP": _stack,
    "SWAP": _stack,
    "RAW": _raw,
    "LABEL": _label,
    "JUMP": _jump,
    "BREAK": _break,
    "CONTINUE": _break,
    "RETURN": _return,
    "YIELD": _yield,
    "RAISE": _raise,
    "ASSERT": _assert,
    "ASSERT_STATIC": _assert,
    "IMPORT": _import,
    "FROM": _from,
    "UNPACK": _unpack,
}
