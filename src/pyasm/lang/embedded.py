"""PYTHON { }: Python source in the middle of a text. It has the variables of the code around it.

The source is compiled in a function that has the same variables, of the same kinds; its instructions, lifted, are put
in place. What a statement of Python is, only Python's compiler has to know.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pyasm.code import Code, Instruction, Place
from pyasm.errors import AssemblyError
from pyasm.isa import JUMPS
from pyasm.lang import scopes, tree
from pyasm.lang.frame import Frame, Span
from pyasm.native.decode import decode
from pyasm.native.units import LABEL
from pyasm.translate import lift
from pyasm.typed import Any, NamedTuple

_START, _END = "start of PYTHON", "end of PYTHON"
"""Names that are read where the source begins and ends; no source can spell them."""

_OUTER, _INNER = "around PYTHON", "PYTHON"
"""The names of the functions that the source is compiled in."""


class Source(NamedTuple):
    """A source, read: its statements, and what is to be added to their lines."""

    statements: list[ast.stmt]
    line: int


class Names(NamedTuple):
    """What a source says of variables."""

    bound: list[str]
    """The variables that it sets, in order."""
    inner: set[str]
    """What functions in it may share with it."""
    mentioned: set[str]
    yields: bool


def read(node: tree.Python, text: str, wrong: Any) -> Source | None:
    """The statements of a source. None, and an error, when it is not Python."""
    start = node.source_start
    line_start = text.rfind("\n", 0, start) + 1
    line = text.count("\n", 0, start)
    source = node.source
    first = source.split("\n", 1)[0]
    if first.strip():  # it begins in the line of the bracket
        column = start - line_start + len(first) - len(first.lstrip())
        header, source = "if 1:\n" + " " * column, source.lstrip(" \t\f")
        line -= 1
    elif _is_indented(source):
        header = "if 1:"
    else:
        header = ""
    try:
        statements = ast.parse(header + source).body
    except (SyntaxError, ValueError, MemoryError) as error:
        _complain(error, line, text, node, wrong)
        return None
    if header and statements:
        statements = statements[0].body  # type: ignore[attr-defined]
    if node.names is not None:
        from pyasm.lang import hygiene

        statements = hygiene.renamed(statements, dict(node.names))
    return Source(statements, line)


def _is_indented(source: str) -> bool:
    """Is the first line indented that has more than a comment?"""
    lines = (line for line in source.split("\n") if line.strip() and line.strip()[0] != "#")
    return next(lines, "")[:1] in (" ", "\t", "\f")


def _complain(error: Exception, line: int, text: str, node: tree.Python, wrong: Any) -> None:
    """Note a SyntaxError at its place in the text."""
    place, end = node.start, node.end
    if isinstance(error, SyntaxError) and error.lineno is not None:
        place = 0
        for _ in range(line + error.lineno - 1):
            place = text.find("\n", place) + 1
        place += max(0, (error.offset or 1) - 1)
        place = min(max(place, node.start), max(node.start, end - 1))
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    wrong(Span(place, place), f"this is not Python: {message}")


# -- variables


def names(source: Source) -> Names:
    """What a source says of variables."""
    binding = _Binding()
    for statement in source.statements:
        binding.visit(statement)
    bound = [name for name in binding.bound if name not in binding.foreign]
    mentioned = {each.id for each in _walk(source) if isinstance(each, ast.Name)}
    return Names(list(dict.fromkeys(bound)), binding.inner - binding.foreign, mentioned, binding.yields)


def _walk(source: Source) -> Iterator[ast.AST]:
    for statement in source.statements:
        yield from ast.walk(statement)


class _Binding(ast.NodeVisitor):
    """Finds the names that statements bind, but for those in functions, and those that functions in them mention."""

    def __init__(self) -> None:
        self.bound: list[str] = []
        self.foreign: set[str] = set()
        self.inner: set[str] = set()
        self.yields = False

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.bound.append(node.id)

    def visit_Global(self, node: ast.Global) -> None:
        self.foreign.update(node.names)

    visit_Nonlocal = visit_Global  # type: ignore[assignment]

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.bound += [alias.asname or alias.name.split(".")[0] for alias in node.names]

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.append(node.name)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> None:
        self.yields = True
        self.generic_visit(node)

    visit_YieldFrom = visit_Yield

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.bound.append(node.target.id)
        self.visit(node.value)

    def generic_visit(self, node: ast.AST) -> None:
        """Patterns of `match` bind by fields that are names."""
        if type(node).__name__ in ("MatchAs", "MatchStar", "MatchMapping"):
            name = getattr(node, "name", None) or getattr(node, "rest", None)
            if name:
                self.bound.append(name)
        super().generic_visit(node)

    def _function(self, node: Any) -> None:
        self.bound.append(node.name)
        for part in (*node.decorator_list, *getattr(node, "bases", ()), *getattr(node, "keywords", ())):
            self.visit(part)
        self._inside(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _function

    def _inside(self, node: ast.AST) -> None:
        """A function: all that it mentions may be a variable of the code around it."""
        for each in ast.walk(node):
            if isinstance(each, ast.Name):
                self.inner.add(each.id)
            elif isinstance(each, ast.Nonlocal):
                self.inner.update(each.names)
            elif isinstance(each, ast.NamedExpr) and isinstance(node, _COMPREHENSIONS):
                self.bound.append(each.target.id)

    visit_Lambda = visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _inside


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


# -- instructions


def expand(frame: Frame, node: tree.Python) -> None:
    """Put the instructions of a source in place."""
    source = frame.unit.sources.pop(id(node), None)  # compiling changes it, so a copy of the block reads it again
    if source is None:
        source = read(node, frame.unit.text, frame.wrong)
    if source is None:
        return
    whole = frame.scope.kind == scopes.MODULE
    wrapped = _module(source) if whole else _function(frame, source)
    try:
        compiled = compile(wrapped, frame.code.filename, "exec", dont_inherit=True)
        code = _found(lift(decode(compiled)), () if whole else (_OUTER, _INNER))
    except SyntaxError as error:
        _complain(error, 0, frame.unit.text, node, frame.wrong)
    except (AssemblyError, ValueError, RecursionError, MemoryError) as error:
        frame.wrong(node, f"this cannot be compiled: {error}")
    else:
        _Splice(frame, node, code).instructions()


def _module(source: Source) -> ast.Module:
    return _moved(ast.parse(""), source, _marked(source))


def _function(frame: Frame, source: Source) -> ast.Module:
    """A module with a function that has the shared variables, and in it a function or class with the source."""
    scope, said = frame.scope, names(source)
    used = said.mentioned.union(said.bound, said.inner, (scopes.CLASS_CELL,) if "super" in said.mentioned else ())
    outside = scope.frees if scope.kind == scopes.CLASS else (*scope.cells, *scope.frees)
    shared = sorted(used.intersection(outside))
    module = ast.parse(f"def outer():\n {_HEADS[scope.kind, scope.coroutine]}: pass")
    outer: Any = module.body[0]
    inner: Any = outer.body[0]
    outer.name, inner.name = _OUTER, _INNER
    inner.body = _marked(source)
    if scope.kind == scopes.FUNCTION:
        foreign = _foreign(source)
        plain = [name for name in scope.locals if name in used - foreign and name not in shared]
        inner.args.args = [ast.arg(arg=name, annotation=None, type_comment=None) for name in plain]
        undeclared = [name for name in shared if name not in foreign and name != scopes.CLASS_CELL]
        if undeclared:
            inner.body.insert(0, ast.Nonlocal(names=undeclared))
    for name in shared:
        outer.body.insert(0, ast.Assign(targets=[ast.Name(name, ast.Store())], value=ast.Constant(None), lineno=1))
    return _moved(module, source, module.body)


_HEADS = {
    (scopes.FUNCTION, False): "def inner()",
    (scopes.FUNCTION, True): "async def inner()",
    (scopes.CLASS, False): "class inner",
}


def _marked(source: Source) -> list[ast.stmt]:
    """The statements, between two that tell where they begin and end."""
    marks = [ast.Expr(ast.Name(name, ast.Load())) for name in (_START, _END)]
    for mark, neighbour in zip(marks, (source.statements[:1], source.statements[-1:])):
        if neighbour:
            ast.copy_location(mark, neighbour[0])
            ast.copy_location(mark.value, neighbour[0])
    return [marks[0], *source.statements, marks[1]]


def _foreign(source: Source) -> set[str]:
    """The names that a source declares as global or nonlocal."""
    return {name for each in _walk(source) if isinstance(each, (ast.Global, ast.Nonlocal)) for name in each.names}


def _moved(module: ast.Module, source: Source, body: list[ast.stmt]) -> ast.Module:
    """A module of these statements, with the lines of the text."""
    module.body = body
    ast.fix_missing_locations(module)
    ast.increment_lineno(module, source.line)
    return module


def _found(code: Code, path: tuple[str, ...]) -> Code:
    """A code object in another."""
    for name in path:
        code = next(arg for _, arg, _ in code.body if isinstance(arg, Code) and arg.name == name)
    return code


class _Splice:
    """The instructions of a source on their way into a frame."""

    def __init__(self, frame: Frame, node: tree.Python, code: Code) -> None:
        self.frame, self.node, self.code = frame, node, code
        self.rows = frame.unit.table
        self.fixed = frame.fixed is not None or id(node) in frame.unit.origins
        self.old, self.new = f"{_OUTER}.<locals>.{_INNER}", frame.code.qualname

    def instructions(self) -> None:
        """Emit them. What is before the first one is the compiler's, what is behind the last one not reached."""
        frame, body = self.frame, self.code.body
        start = next(i for i, each in enumerate(body) if each.arg == _START)
        body = body[start + 2 :]
        labels = {each.arg: frame.fresh() for each in body if each.op == LABEL}
        end = frame.fresh()
        over = False
        position: Place | None = None
        for op, arg, place in body:
            position = place or position
            if op == LABEL:
                over = False
                frame.label(labels[arg])
            elif over:
                continue
            elif arg == _END:
                over = True
                self._emit("JUMP_ABSOLUTE", end, position)
            elif op == "RETURN_VALUE":
                self._return(position)
            elif self.rows[op].operand in JUMPS:
                self._emit(op, labels[arg], position)
            else:
                self._emit(*self._adapted(op, arg), position)
        frame.label(end)

    def _emit(self, op: str, arg: Any, position: Place | None) -> None:
        self.frame.emit(op, arg, self.node)
        if not self.fixed and position is not None:
            self.frame.body[-1] = op, arg, position

    def _return(self, position: Place | None) -> None:
        opened = self.frame.opened()
        while self.frame.blocks:
            self.frame.leave(True, self.node)
        self._emit("RETURN_VALUE", None, position)
        self.frame.reopen(opened)

    def _adapted(self, op: str, arg: Any) -> tuple[str, Any]:
        if op == "LOAD_CONST":
            return op, _requalified_constant(arg, self.old, self.new)
        if op == "LOAD_NAME" and arg in self.frame.scope.frees:
            return "LOAD_CLASSDEREF", arg
        return op, arg


def _requalified(code: Code, old: str, new: str) -> Code:
    """A code object, and those in it, whose qualified names begin with that of another function."""
    body = [Instruction(op, _requalified_constant(arg, old, new), position) for op, arg, position in code.body]
    return code.replace(body=body, qualname=_requalified_constant(code.qualname, old, new))


def _requalified_constant(arg: Any, old: str, new: str) -> Any:
    if isinstance(arg, Code):
        return _requalified(arg, old, new)
    return new + arg[len(old) :] if isinstance(arg, str) and arg.startswith(old + ".") else arg
