"""The code of a function with nothing dropped: compilers leave out what stands behind `return`, where a label may be.

The source is compiled again with a test around each statement that ends a block. When the labels are in their places,
the tests are taken out.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType

from pyasm.code import Code, Instruction
from pyasm.native.decode import decode
from pyasm.native.units import LABEL
from pyasm.translate import lift
from pyasm.typed import Any

_TEST = "__pyasm_always__"
_FUTURE = 0x1FF_0000
"""The flags of `from __future__ import`."""


def complete_code(function: FunctionType) -> Code | None:
    """The portable code of a function with its unreachable statements, and tests that seem to lead to them.

    None when its source is not there, or is that of another function.
    """
    try:
        lines, first = inspect.getsourcelines(function)
        module = ast.parse("if 1:\n" + "".join(lines) if lines[0][:1].isspace() else "".join(lines))
    except (OSError, TypeError, SyntaxError, ValueError, RecursionError):
        return None
    ast.increment_lineno(module, first - 1 - (1 if lines[0][:1].isspace() else 0))
    definition = next((each for each in ast.walk(module) if _is_definition(each, function)), None)
    if definition is None:
        return None
    code = _compiled(definition, function)
    if code is None or code.co_varnames[: code.co_argcount] != function.__code__.co_varnames[: code.co_argcount]:
        return None
    new = lift(decode(code))
    new.qualname = function.__qualname__
    return new


def _is_definition(node: Any, function: FunctionType) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function.__code__.co_name


def _compiled(definition: Any, function: FunctionType) -> CodeType | None:
    """The code object of a definition, in a function that has the same variables to share."""
    original = function.__code__
    _Tests().visit(definition)
    definition.decorator_list = []
    names = original.co_freevars
    shared = [ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.Constant(None)) for name in names]
    body: list[Any] = [definition]
    owner = function.__qualname__.rpartition(".")[0].rpartition(".")[2]
    if owner.isidentifier():  # its name is in those that begin with two underscores
        body = [ast.ClassDef(name=owner, bases=[], keywords=[], body=body, decorator_list=[], **_TYPED)]
    outer: Any = ast.parse("def outer(): pass")
    outer.body[0].body = [*shared, *body]
    ast.fix_missing_locations(outer)
    try:
        whole = compile(outer, original.co_filename, "exec", original.co_flags & _FUTURE, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = [code for code in _codes(whole) if _same(code, original)]
    return found[0] if found else None


_TYPED: dict[str, Any] = {"type_params": []} if "type_params" in ast.ClassDef._fields else {}


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def _same(code: CodeType, original: CodeType) -> bool:
    return code.co_name == original.co_name and set(code.co_freevars) == set(original.co_freevars)


class _Tests(ast.NodeTransformer):
    """Puts a test before every statement that ends a block, and in place of a condition that is always true."""

    def _tested(self, node: Any) -> Any:
        test = ast.copy_location(ast.Name(id=_TEST, ctx=ast.Load()), node)
        return ast.copy_location(ast.If(test=test, body=[node], orelse=[]), node)

    visit_Return = visit_Raise = visit_Break = visit_Continue = _tested

    def visit_While(self, node: ast.While) -> Any:
        """A loop without an end."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant) and node.test.value:
            node.test = ast.copy_location(ast.Name(id=_TEST, ctx=ast.Load()), node.test)
        return node


def without_tests(code: Code) -> Code:
    """The code without the tests: what comes behind one is always executed."""
    body: list[Instruction] = []
    tested = False
    for each in code.body:
        op, arg, position = each
        if op == "LOAD_GLOBAL" and arg == _TEST:
            tested = True
        elif tested and op in ("POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE"):
            tested = False
            if op == "POP_JUMP_IF_TRUE":
                body.append(Instruction("JUMP_ABSOLUTE", arg, position))
        else:
            tested = tested and op == LABEL
            if isinstance(arg, Code):
                each = each._replace(arg=without_tests(arg))
            body.append(each)
    code.body = body
    code.layout = None
    return code
