"""What the code objects of a text have: variables of their own, shared ones, labels. Found before all else."""

from __future__ import annotations

from collections.abc import Callable

from pyasm.lang import tree
from pyasm.lang.scope import CLASS as CLASS
from pyasm.lang.scope import CLASS_CELL as CLASS_CELL
from pyasm.lang.scope import FUNCTION as FUNCTION
from pyasm.lang.scope import MODULE as MODULE
from pyasm.lang.scope import Place as Place
from pyasm.lang.scope import Scope as Scope
from pyasm.text.errors import near
from pyasm.text.tokens import described
from pyasm.typed import Any


class Scanner:
    """Finds the scopes of a text. `wrong(node, message, hint)` notes what is wrong."""

    def __init__(self, wrong: Callable[..., None], text: str = "") -> None:
        self.wrong, self.text = wrong, text
        self.scopes: dict[int, Scope] = {}
        self._captures: list[tuple[Scope, str, Any]] = []
        self.read: dict[int, Any] = {}
        """The sources of PYTHON blocks, by the identities of their nodes."""
        self.sources: list[tuple[Scope, set[str]]] = []
        """Of PYTHON blocks: the code around, and the names that functions in it mention."""
        self.chain: tuple[Any, ...] = ()

    def code(self, scope: Scope, *nodes: Any) -> None:
        """Scan what is in a code object."""
        chain, self.chain = self.chain, ()
        for node in nodes:
            self.visit(scope, node)
        self.chain = chain

    def finish(self) -> None:
        """When all is scanned: find whose the captured variables are. Those that DEFs list come first."""
        listed = [each for each in self._captures if type(each[2]) in _LISTING]
        for scope, name, node in listed:
            if name in scope.parameters:
                self.wrong(node, f"{described(name)} is a parameter already")
            elif not scope.capture(name) and node is not None:
                hint = near(name, scope.capturable()) or "it needs a DEF around it that has the variable"
                self.wrong(node, f"no function around has a variable {described(name)}", hint)
        for scope, name, node in self._captures:
            if type(node) not in _LISTING and not scope.shared(name):
                self._explicit(scope, name, node)
        for scope, names in self.sources:
            for name in names:
                if name in scope.locals and not scope.shared(name):
                    scope.cells[name] = None

    def _explicit(self, scope: Scope, name: str, node: Any) -> None:
        """`§name`, which no DEF lists: that of a function around, or one of this function that has a cell for it."""
        if name not in scope.parameters and scope.capture(name):
            return
        if scope.kind == FUNCTION and name in scope.locals:
            scope.cells[name] = None
            return
        hint = near(name, [*scope.capturable(), *scope.locals]) or "it needs a DEF around it that has the variable"
        self.wrong(node, f"no function around has a variable {described(name)}", hint)

    def check_values(self, module: Scope) -> None:
        """Note the local variables that never get a value: reading them cannot work."""
        for scope in self.scopes.values():
            if scope.kind != FUNCTION or scope.opaque:
                continue
            names = list(scope.locals)
            stored = {names[each] if isinstance(each, int) and each < len(names) else each for each in scope.stored}
            stored.update(scope.parameters)
            for name, node in scope.loaded.items():
                if name in scope.locals and name not in stored and not scope.shared(name):
                    self.wrong(node, f"the variable ${name} never gets a value", _meant(scope, module, name, stored))

    def define(self, node: tree.Define) -> None:
        """A DEFINE that is more than instructions."""
        code = node.settings.code
        scope = self.scopes[id(node)] = Scope(FUNCTION if code.flags & 1 else MODULE, None, code.name)
        scope.parameters = code.parameters
        scope.locals = dict.fromkeys([*code.parameters, *code.locals])
        scope.cells, scope.frees = dict.fromkeys(code.cells), dict.fromkeys(code.frees)
        self.code(scope, node.body)

    # -- nodes

    def visit(self, scope: Scope, node: Any) -> None:
        """Note what a node says of its scope, and all that is in it."""
        scan = SCANS.get(type(node))
        if scan is not None:
            scan(self, scope, node)

    def children(self, scope: Scope, node: Any) -> None:
        """Visit the nodes in a node, in the order of the text."""
        loaded = scope.loaded
        for index in _PARTS[type(node)]:
            child = node[index]
            kind = type(child)
            if kind is tree.Local and child.name in loaded:
                continue
            scan = SCANS.get(kind)
            if scan is not None:
                scan(self, scope, child)

    def each(self, scope: Scope, nodes: tuple[Any, ...]) -> None:
        """Visit all of these."""
        for node in nodes:
            scan = SCANS.get(type(node))
            if scan is not None:
                scan(self, scope, node)

    def inside(self, key: Any, scope: Scope, *nodes: Any) -> None:
        """Visit what is in a block that a jump out of it has to leave."""
        chain = self.chain
        self.chain = (*chain, key)
        for node in nodes:
            if node is not None:
                self.visit(scope, node)
        self.chain = chain

    # -- what nodes say

    def stores(self, scope: Scope, target: Any) -> None:
        """Note what gets a value."""
        kind = type(target)
        if kind is tree.Local:
            scope.stored.add(target.name)
        elif kind is tree.Starred:
            self.stores(scope, target.value)
        elif kind is tree.Targets:
            for each in target.elements:
                self.stores(scope, each)
        elif kind is tuple:
            for each in target:
                self.stores(scope, each)

    def local(self, scope: Scope, name: Any) -> None:
        """A variable `$name`."""
        if scope.kind == FUNCTION and isinstance(name, str):
            scope.locals.setdefault(name)

    def captured(self, scope: Scope, name: str, node: Any) -> None:
        """A variable of a function around."""
        self._captures.append((scope, name, node))

    def label(self, scope: Scope, name: str, node: Any, chain: tuple[Any, ...] | None = None) -> None:
        """A label."""
        if name in scope.labels:
            self.wrong(node, f"the label {described(name)} stands twice in {described(scope.name)}")
        else:
            scope.labels[name] = Place(self.chain if chain is None else chain, node)

    def labels(self, scope: Scope, node: Any, chain: tuple[Any, ...] | None = None) -> None:
        """The labels of IF and of a loop."""
        if node.label is not None:
            name = node.label.text
            self.label(scope, name, node.label, chain)
            self.label(scope, name + ":HEAD", node.label, chain)
            self.label(scope, name + ":END", node.label)


def _meant(scope: Scope, module: Scope, name: str, stored: set[Any]) -> str:
    """A hint: the variable that may be meant."""
    if name in scope.capturable():
        word = "DEF" if scope.name == "<lambda>" else f"DEF {scope.name}"
        return f"{word} <{name}> captures that of the function around"
    if name in module.stored:
        return f"an attribute of the module is @{name} in a function"
    return near(name, [each for each in stored if isinstance(each, str)])


def _local(scan: Scanner, scope: Scope, node: tree.Local) -> None:
    name = node.name
    if name in scope.loaded or not isinstance(name, str):
        return
    scope.loaded[name] = node
    if scope.kind == FUNCTION:
        scope.locals.setdefault(name)
        if name == CLASS_CELL:
            _class_cell(scan, scope)


def _captured(scan: Scanner, scope: Scope, node: tree.Captured) -> None:
    scan.captured(scope, node.name, node)


def _maybe_super(scan: Scanner, scope: Scope, node: tree.Global | tree.Builtin) -> None:
    if node.name == "super":
        _class_cell(scan, scope)


def _class_cell(scan: Scanner, scope: Scope) -> None:
    """A function that needs its class has it from the class around it, if there is one."""
    outer = scope.parent if scope.kind == FUNCTION else None
    while outer is not None:
        if outer.kind == CLASS:
            scan.captured(scope, CLASS_CELL, None)
            return
        outer = outer.parent


def _load(scan: Scanner, scope: Scope, node: tree.Load) -> None:
    find = SCANS.get(type(node.value))
    if find is not None:
        find(scan, scope, node.value)
    target = node.target
    if type(target) is tree.Local:
        scope.stored.add(target.name)
        _local(scan, scope, target)
    elif target is not None:
        scan.stores(scope, target)
        scan.visit(scope, target)


def _compare(scan: Scanner, scope: Scope, node: tree.Compare) -> None:
    scan.visit(scope, node.first)
    for _, operand in node.rest:
        scan.visit(scope, operand)


def _instruction(scan: Scanner, scope: Scope, node: tree.Instruction) -> None:
    op, arg = node.mnemonic, node.operand
    if op in ("LOAD_FAST", "STORE_FAST", "DELETE_FAST", "LOAD_FAST_AND_CLEAR"):
        scan.local(scope, arg)
        if op != "LOAD_FAST":
            scope.stored.add(arg)
    elif op in ("LOAD_DEREF", "STORE_DEREF", "DELETE_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF") and isinstance(
        arg, str
    ):
        scan.captured(scope, str(arg), node)
    elif op in ("YIELD_VALUE", "YIELD_FROM"):
        scope.yields = scope.yields or node
    elif op in ("LOAD_GLOBAL", "LOAD_NAME") and arg == "super":
        _class_cell(scan, scope)
    scan.children(scope, node)


def _yield(scan: Scanner, scope: Scope, node: tree.Yield) -> None:
    scope.yields = scope.yields or node
    scan.children(scope, node)


def _label(scan: Scanner, scope: Scope, node: tree.Label) -> None:
    scan.label(scope, node.name.text, node.name)


def _block(scan: Scanner, scope: Scope, node: tree.Block) -> None:
    for statement in node.statements:
        SCANS[type(statement)](scan, scope, statement)


def _if(scan: Scanner, scope: Scope, node: tree.If) -> None:
    scan.labels(scope, node)
    for condition, body in node.branches:
        scan.visit(scope, condition)
        _block(scan, scope, body)
    if node.orelse is not None:
        _block(scan, scope, node.orelse)


def _while(scan: Scanner, scope: Scope, node: tree.While) -> None:
    scan.labels(scope, node)
    scan.children(scope, node)


def _foreach(scan: Scanner, scope: Scope, node: tree.Foreach) -> None:
    for zipped in node.sources:
        for source in zipped:
            scan.visit(scope, source)
    chain = (*scan.chain, id(node))
    scan.labels(scope, node, chain)
    scan.inside(id(node), scope, *node.targets, node.body)


def _try(scan: Scanner, scope: Scope, node: tree.Try) -> None:
    chain = scan.chain
    if node.final is not None:
        scan.chain = (*chain, (id(node), "protected"))
    if node.handlers:
        scan.inside((id(node), "body"), scope, node.body)
    else:
        scan.visit(scope, node.body)
    for i, handler in enumerate(node.handlers):
        if handler.type is not None:
            scan.visit(scope, handler.type)
        scan.stores(scope, handler.target)
        scan.inside((id(node), i), scope, handler.target, handler.body)
    if node.orelse is not None:
        scan.visit(scope, node.orelse)
    scan.chain = chain
    if node.final is not None:
        scan.inside((id(node), "final"), scope, node.final)


def _with(scan: Scanner, scope: Scope, node: tree.With) -> None:
    chain = scan.chain
    for i, item in enumerate(node.items):
        scan.visit(scope, item.value)
        scan.chain = (*scan.chain, (id(node), i))
        scan.stores(scope, item.target)
        if item.target is not None:
            scan.visit(scope, item.target)
    scan.visit(scope, node.body)
    scan.chain = chain


def _function(scan: Scanner, scope: Scope, node: tree.Function) -> None:
    for parameter in node.parameters:
        for part in (parameter.annotation, parameter.default):
            if part is not None:
                scan.visit(scope, part)
    if node.target is not None:
        scan.visit(scope, node.target)
    elif node.name is not None:
        scan.local(scope, node.name.text)
        scope.stored.add(node.name.text)
    inner = Scope(FUNCTION, scope, node.name.text if node.name else "<lambda>")
    scan.scopes[id(node)] = inner
    inner.coroutine = node.asynchronous
    inner.parameters = [parameter.name for parameter in ordered(node.parameters)]
    inner.locals = dict.fromkeys(inner.parameters)
    for name in node.captured:
        scan.captured(inner, name.text, name)
    scan.code(inner, node.body)


def ordered(parameters: tuple[tree.Parameter, ...]) -> list[tree.Parameter]:
    """Parameters in the order of the variables: *args and **kwargs come last."""
    last = {"vararg": 1, "kwarg": 2}
    if last.keys().isdisjoint([parameter.kind for parameter in parameters]):
        return list(parameters)
    return sorted(parameters, key=lambda parameter: last.get(parameter.kind, 0))


def _class(scan: Scanner, scope: Scope, node: tree.Class) -> None:
    for argument in node.arguments:
        scan.visit(scope, argument)
    if node.target is not None:
        scan.visit(scope, node.target)
    else:
        scan.local(scope, node.name.text)
        scope.stored.add(node.name.text)
    inner = scan.scopes[id(node)] = Scope(CLASS, scope, node.name.text)
    scan.code(inner, node.body)


def _call(scan: Scanner, scope: Scope, node: tree.Call) -> None:
    scan.visit(scope, node.function)
    delayed = []
    for argument in node.arguments:
        if argument.delayed:
            delayed.append(argument)
            continue
        find = SCANS.get(type(argument.value))
        if find is not None:
            find(scan, scope, argument.value)
    if delayed:
        inner = scan.scopes[id(node)] = Scope(FUNCTION, scope, "<lambda>")
        for argument in delayed:
            scan.code(inner, argument.value)
        for name in inner.locals:  # they are those of the code around
            scan.local(scope, name)
            if scope.kind == FUNCTION:
                scan.captured(inner, name, node)
            else:
                inner.globals.add(name)
        inner.locals = {}


def _python(scan: Scanner, scope: Scope, node: tree.Python) -> None:
    """What Python source sets is a variable of the code around; what functions in it mention may be shared."""
    from pyasm.lang import embedded  # most texts have none

    source = embedded.read(node, scan.text, scan.wrong)
    if source is None:
        return
    scan.read[id(node)] = source
    said = embedded.names(source)
    for name in said.bound:
        scan.local(scope, name)
        scope.stored.add(name)
    if said.yields:
        scope.yields = scope.yields or node
    if {"super", CLASS_CELL} & said.mentioned:
        _class_cell(scan, scope)
    if scope.kind == CLASS and {"super", CLASS_CELL} & said.inner:
        scope.cells[CLASS_CELL] = None
    scan.sources.append((scope, said.inner))


def _opaque(scan: Scanner, scope: Scope, node: Any) -> None:
    scope.opaque = True
    scan.children(scope, node)


def _from_import(scan: Scanner, scope: Scope, node: tree.FromImport) -> None:
    for _, target in node.names:
        scan.stores(scope, target)
    scan.children(scope, node)


def _binary(scan: Scanner, scope: Scope, node: tree.Binary) -> None:
    if type(node.left) is not tree.Binary:
        scan.children(scope, node)
        return
    for each in left_spine(node):
        scan.visit(scope, each)


def left_spine(node: tree.Binary) -> list[Any]:
    """The operands of an operator and of those on its left side, which may be many, in the order of the text."""
    found: list[Any] = [node.right]
    while type(node.left) is tree.Binary:
        node = node.left
        found.append(node.right)
    found.append(node.left)
    found.reverse()
    return found


_LISTING = (tree.Name, tree.Call, type(None))
"""The types of nodes that say: this is a variable of a function around."""

NODES = {each for each in vars(tree).values() if isinstance(each, type) and hasattr(each, "_fields")}
"""The types of nodes."""

_LEAVES = frozenset({"int", "bool", "str", "str | int", "str | None", "tuple[str, ...]", "Name", "Name | None"})
"""The annotations of what has no scope to tell of."""


def _parts(kind: Any) -> tuple[int, ...]:
    told = [getattr(each, "__forward_arg__", each) for each in kind.__annotations__.values()]
    return tuple(i for i, each in enumerate(told) if each not in _LEAVES)


_PARTS = {kind: _parts(kind) for kind in NODES}
"""Type of node -> the indexes of what may be a node, or hold some."""

_TARGETS = {kind: tuple(i for i, name in enumerate(kind._fields) if name in ("target", "targets")) for kind in NODES}
"""Type of node -> the indexes of what it stores in, where what scans it does not look at that."""
_TARGETS[tree.Delete] = ()
_TARGETS[tree.Load] = ()

_SPECIAL: dict[type, Callable[[Scanner, Scope, Any], None]] = {
    tree.Local: _local,
    tree.Captured: _captured,
    tree.Global: _maybe_super,
    tree.Builtin: _maybe_super,
    tree.Load: _load,
    tree.Compare: _compare,
    tree.Instruction: _instruction,
    tree.Yield: _yield,
    tree.Label: _label,
    tree.If: _if,
    tree.While: _while,
    tree.Foreach: _foreach,
    tree.Try: _try,
    tree.With: _with,
    tree.Function: _function,
    tree.Class: _class,
    tree.Block: _block,
    tree.Binary: _binary,
    tree.Call: _call,
    tree.Python: _python,
    tree.FromImport: _from_import,
    tree.MacroCall: _opaque,
    tree.MacroPaste: _opaque,
}


def _storing(scan: Callable[[Scanner, Scope, Any], None], indexes: tuple[int, ...]) -> Callable[..., None]:
    """What also notes the targets of a node."""

    def both(scanner: Scanner, scope: Scope, node: Any) -> None:
        for index in indexes:
            target = node[index]
            if type(target) is tree.Local:
                scope.stored.add(target.name)
            elif target is not None:
                scanner.stores(scope, target)
        scan(scanner, scope, node)

    return both


SCANS: dict[type, Callable[[Scanner, Scope, Any], None]] = {tuple: Scanner.each}
"""What scans a tuple, and the types of nodes that say something of their scope or have such in them."""
for _kind in NODES - {tree.Constant, tree.Literal, tree.Name, tree.Flat}:
    _scan = _SPECIAL.get(_kind, Scanner.children)
    SCANS[_kind] = _storing(_scan, _TARGETS[_kind]) if _TARGETS[_kind] else _scan
