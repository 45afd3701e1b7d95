"""Macros and namespaces: their definitions, their calls."""

from __future__ import annotations

from pyasm.lang import tree
from pyasm.text.constants import NAMED
from pyasm.text.errors import near
from pyasm.text.tokens import ENDS, FINAL, Wrong, described
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.lang.parser.statements import Reader
    from pyasm.lang.parser.text import Parser
    from pyasm.lang.tree import Block, Expression, Name, Statement


def _macro(p: Parser, start: int) -> Statement:
    p.i += 1
    assembly = p.word() == "ASSEMBLY" and p.texts[p.i + 1] not in ("(", "{", ":", "->")
    p.i += assembly
    path = p.path()
    parameters = _parameters(p)
    returns = None
    if p.texts[p.i] == "->":
        p.i += 1
        returns = _type(p)
    body = p.block()
    return tree.Macro(start, p.end(), assembly, path, parameters, returns, body)


def _parameters(p: Parser) -> tuple[tree.MacroParameter, ...]:
    found: list[tree.MacroParameter] = []
    if p.texts[p.i] != "(":
        return ()
    opener = p.i
    p.i += 1
    while p.texts[p.i] not in {")", *ENDS}:
        i = p.i
        found.append(_parameter(p))
        if found[-1].name in [parameter.name for parameter in found[:-1]]:
            raise Wrong(i, f"there is a parameter {described(found[-1].name)} already")
        if p.texts[p.i] != ",":
            break
        p.i += 1
    p.close(opener, ")")
    return tuple(found)


def _parameter(p: Parser) -> tree.MacroParameter:
    start = p.starts[p.i]
    once = p.texts[p.i] == "!"
    p.i += p.texts[p.i] in ("!", "&")
    name = p.name()
    p.i += p.texts[p.i] == ":"
    kind = _type(p) if p.texts[p.i].isidentifier() else None
    return tree.MacroParameter(start, p.end(), name, once, kind)


TYPES = ("ANY", "CODE_BLOCK", "LABEL", "VARIABLE", "VARIABLE_ARG")


def _type(p: Parser) -> tree.MacroType:
    """A type; its name is in capitals in the tree."""
    start = p.starts[p.i]
    name = p.word()
    if name not in TYPES:
        p.wanted("a type", near(name, TYPES) or "one of " + "  ".join(TYPES))
    p.i += 1
    if p.texts[p.i] != "[":
        return tree.MacroType(start, p.end(), name, ())
    opener = p.i
    p.deeper()
    p.i += 1
    arguments: list[tree.MacroType | int] = []
    while p.texts[p.i] not in {"]", *ENDS}:
        if p.texts[p.i][:1].isdigit():
            number, p.i = p.constants.number(p.i)
            arguments.append(number)
        else:
            arguments.append(_type(p))
        if p.texts[p.i] != ",":
            break
        p.i += 1
    p.close(opener, "]")
    p.depth -= 1
    return tree.MacroType(start, p.end(), name, tuple(arguments))


def call(p: Parser, start: int) -> Statement:
    """`CALL MACRO ...`; `p.i` is at MACRO."""
    p.i += 1
    path = p.path()
    if p.texts[p.i] != "(":
        p.wanted("'(' with the arguments of the macro", "CALL MACRO name(arguments)")
    return _called(p, start, False, path)


def bare_call(p: Parser, start: int) -> Statement:
    """The call of a MACRO ASSEMBLY: its name, and arguments with or without brackets."""
    return _called(p, start, True, p.path())


def _called(p: Parser, start: int, bare: bool, path: tuple[str, ...]) -> Statement:
    arguments = _bracketed(p, "(", ")") if p.texts[p.i] == "(" else _listed(p)
    target = p.arrow()
    return tree.MacroCall(start, p.end(), bare, path, arguments, target)


def _bracketed(p: Parser, opening: str, closing: str) -> tuple[Expression | Block | Name, ...]:
    opener = p.i
    p.deeper()
    p.i += 1
    found: list[Expression | Block | Name] = []
    while p.texts[p.i] != closing and p.texts[p.i] not in ENDS:
        found.append(_argument(p))
        if p.texts[p.i] != ",":
            break
        p.i += 1
    p.close(opener, closing)
    p.depth -= 1
    return tuple(found)


def _listed(p: Parser) -> tuple[Expression | Block | Name, ...]:
    """Arguments without brackets."""
    found: list[Expression | Block | Name] = []
    while p.texts[p.i] not in FINAL and p.texts[p.i] != "->":
        found.append(_argument(p))
        if p.texts[p.i] != ",":
            break
        p.i += 1
    return tuple(found)


def _argument(p: Parser) -> Expression | Block | Name:
    token = p.texts[p.i]
    if token == "{" and _is_block(p):
        free, p.free = p.free, False
        block = p.block()
        p.free = free
        return block
    if token[:1] == "'" or (token.isidentifier() and _is_label(p)):
        return p.label()
    return p.operation()


def _is_block(p: Parser) -> bool:
    """Does a block of statements begin at this bracket, and no set or map?"""
    i = p.i + 1
    while p.texts[i] in ("\n", ";"):
        i += 1
    token = p.texts[i]
    if token == "}" or (token[:1] == "." and token[1:].isidentifier()):
        return True
    return p.begins_statement(i)


def _is_label(p: Parser) -> bool:
    """Is the name here all of an argument?"""
    i = p.i + 1
    while p.texts[i] == ":" and p.texts[i + 1].isidentifier():
        i += 2
    return p.texts[i] in (",", ")", "]", "->", *FINAL) and p.texts[p.i] not in NAMED


def _paste(p: Parser, start: int) -> Statement:
    p.i += 1
    p.i += p.texts[p.i] in ("&", "!")
    name = p.named()
    opening = p.texts[p.i]
    arguments = _bracketed(p, opening, {"[": "]", "(": ")"}[opening]) if opening in ("[", "(") else ()
    target = p.arrow()
    return tree.MacroPaste(start, p.end(), name, arguments, target)


def _macro_return(p: Parser, start: int) -> Statement:
    p.i += 1
    value = None if p.texts[p.i] in FINAL else p.operation()
    return tree.MacroReturn(start, p.end(), value)


def _macro_import(p: Parser, start: int) -> Statement:
    p.i += 1
    module = p.dotted()
    namespace = None
    if p.texts[p.i] == "->":
        p.i += 1
        namespace = p.path()
    return tree.MacroImport(start, p.end(), module, namespace)


def _namespace(p: Parser, start: int) -> Statement:
    p.i += 1
    path = p.path()
    body = p.block()
    return tree.Namespace(start, p.end(), path, body)


READERS: dict[str, Reader] = {
    "MACRO": _macro,
    "MACRO_PASTE": _paste,
    "MACRO_RETURN": _macro_return,
    "MACRO_IMPORT": _macro_import,
    "NAMESPACE": _namespace,
}
