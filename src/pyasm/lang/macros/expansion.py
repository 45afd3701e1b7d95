"""Calls of macros become what the macros say, in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyasm.errors import nearest
from pyasm.lang import functions, scopes, tree
from pyasm.lang.macros import copying
from pyasm.lang.macros.library import Definition, Library, Loader, Path
from pyasm.lang.macros.matching import Bound, choose
from pyasm.lang.static import Static
from pyasm.text.tokens import described
from pyasm.typed import Any, NamedTuple

_MOST_NODES = 500_000
"""So many nodes may all macros of a text become."""
_DEEPEST = 100
"""Macros in macros."""

_DEFINING = (tree.Macro, tree.MacroImport)


class Expanded(NamedTuple):
    """A tree without macros.

    `origins` tells of each node that came from a macro, by its identity, which macro it was: the node stands where the
    call does. `kept` are the nodes, so that the identities stay theirs. `files` are those that macros come from.
    """

    module: tree.Module
    origins: dict[int, str]
    kept: list[Any]
    files: list[str]


def expanded(module: tree.Module, filename: str, wrong: Callable[..., None], static: Static | None = None) -> Expanded:
    """A text with its macros expanded. `wrong(node, message, hint)` notes what is wrong.

    Calls of Python functions, which `static` knows, stay: functions.py expands them.
    """
    if not _mentions_macros(module.text):
        return Expanded(module, {}, [], [])
    loader = Loader(wrong)
    library = loader.library(module, filename)
    work = _Work(wrong, static)
    body = _Walker(work, library).block(module.body)
    definitions = [
        node._replace(body=_Walker(work, library, scopes.FUNCTION).block(node.body))
        if type(node) is tree.Define
        else node
        for node in module.definitions
    ]
    plain = module._replace(body=body, definitions=tuple(definitions))
    return Expanded(plain, work.origins, work.kept, sorted(loader.files))


def _mentions_macros(text: str) -> bool:
    text = text.upper()
    return "MACRO" in text or "NAMESPACE" in text


class _Work:
    """What all expansions of a text share."""

    def __init__(self, wrong: Callable[..., None], static: Static | None) -> None:
        self._wrong, self.static = wrong, static
        self.origins: dict[int, str] = {}
        self.kept: list[Any] = []
        self.open: list[Definition] = []
        """The macros that are being expanded, from the outermost."""
        self.number = 0
        self.full = False
        self._own: dict[int, set[str]] = {}

    def wrong(self, node: Any, message: str, hint: str = "") -> None:
        origin = self.origins.get(id(node))
        self._wrong(node, f"{message}, in {origin}" if origin else message, hint)

    def own_variables(self, definition: Definition) -> set[str]:
        """The variables of a macro: `$x` in it, and what its PYTHON blocks set."""
        key = id(definition.node)
        if key not in self._own:
            self._own[key] = set(_variables(definition.node.body, definition.library.text))
        return self._own[key]

    def note(self, node: Any, origin: str) -> None:
        """A new node that a macro made."""
        self.origins[id(node)] = origin
        self.kept.append(node)
        if len(self.kept) > _MOST_NODES and not self.full:
            self.full = True
            self._wrong(node, f"the macros of this text become more than {_MOST_NODES:,} nodes", origin)


class _Walker(copying.Copier):
    """Code as it stands in the text: only calls of macros change."""

    def __init__(
        self, work: _Work, library: Library, kind: str = scopes.MODULE, namespace: Path = (), depth: int = 0
    ) -> None:
        super().__init__({})
        self.work, self.library, self.kind, self.namespace = work, library, kind, namespace
        self.depth = depth
        """So many functions and classes are around, within the code that calls the macro, if this is one."""
        self.special.update({tree.Block: self.block, tree.Function: self._function, tree.Class: self._class})

    def again(self, node: Any) -> Any:
        """The node itself where nothing in it changes."""
        fields = [self.field(value) for value in node]
        if all(map(_is, fields, node)):
            return node
        return self.made(node, type(node)(*fields))

    def field(self, value: Any) -> Any:
        if type(value) is not tuple:
            return super().field(value)
        items = self.items(value)
        return value if len(items) == len(value) and all(map(_is, items, value)) else tuple(items)

    def items(self, nodes: tuple[Any, ...]) -> list[Any]:
        """What is in a tuple; of one node there may come several."""
        return list(map(self.field, nodes))

    def block(self, node: tree.Block) -> Any:
        """A block, with what its macros say in the place of their calls."""
        statements = [new for each in node.statements for new in self.statement(each)]
        start, end = self.span(node)
        return self.made(node, tree.Block(start, end, tuple(statements)))

    def statement(self, node: Any) -> Iterator[Any]:
        """What a statement becomes."""
        kind = type(node)
        if kind is tree.MacroCall:
            yield from _call(self, node)
        elif kind is tree.Namespace:
            namespace, self.namespace = self.namespace, (*self.namespace, *node.path)
            for each in node.body.statements:
                yield from self.statement(each)
            self.namespace = namespace
        elif kind not in _DEFINING:
            yield self.node(node)

    def argument(self, node: Any) -> list[Any]:
        """An argument of a call of a macro; one that stands for several gives all of them."""
        return [self.node(node)]

    def inner(self, kind: str) -> _Walker:
        """What makes the code of a function or class in this one."""
        return _Walker(self.work, self.library, kind, self.namespace)

    def _function(self, node: tree.Function) -> Any:
        new = self.again(node._replace(body=_NO_BLOCK))
        return new._replace(body=self.inner(scopes.FUNCTION).block(node.body))

    def _class(self, node: tree.Class) -> Any:
        new = self.again(node._replace(body=_NO_BLOCK))
        return new._replace(body=self.inner(scopes.CLASS).block(node.body))


_NO_BLOCK = tree.Block(0, 0, ())


def _is(one: Any, other: Any) -> bool:
    return one is other


class _Body(_Walker):
    """The body of a macro, for one call of it."""

    def __init__(self, work: _Work, definition: Definition, call: Any, caller: _Walker, values: Bound) -> None:
        super().__init__(work, definition.library, caller.kind, (*definition.namespace, *definition.node.path))
        self.definition, self.call, self.caller, self.values = definition, call, caller, values
        work.number += 1
        self.suffix = f"{definition.node.path[-1]}.{{}}.{work.number}"
        self.labels = {name: self.own(name) for name in copying.labels(definition.node.body)}
        self.origin = f"the macro {definition.name} ({definition.place})"
        self.pasted: dict[str, int] = {}
        self.kept_names: Any = None
        """In a function in the body: the only variables that are the macro's own, those that it captures."""
        self.special.update(
            {
                tree.Local: self._local,
                tree.Captured: self._local,
                tree.CallerLocal: self._caller_local,
                tree.Binding: self._binding,
                tree.Item: self._item,
                tree.Reduce: self._reduce,
                tree.Instruction: self._instruction,
                tree.Python: self._python,
            }
        )

    # -- names

    def own(self, name: str) -> str:
        """The name that a variable or label of the macro has in the code that calls it."""
        return self.suffix.format(name)

    def span(self, node: Any) -> tuple[int, int]:
        return self.call.start, self.call.end

    def made(self, old: Any, new: Any) -> Any:
        self.work.note(new, self.origin)
        return new

    def again(self, node: Any) -> Any:
        start, end = self.span(node)
        return self.made(node, type(node)(start, end, *map(self.field, node[2:])))

    def label_name(self, text: str) -> str:
        given = self.values.get(text)
        return given.text if type(given) is tree.Name else super().label_name(text)

    def _is_own(self, name: Any) -> bool:
        return isinstance(name, str) and (self.kept_names is None or name in self.kept_names)

    def _local(self, node: Any) -> Any:
        new = self.again(node)
        return self.made(node, new._replace(name=self.own(node.name))) if self._is_own(node.name) else new

    def _caller_local(self, node: tree.CallerLocal) -> Any:
        return self.caller.node(tree.Local(*self.span(node), node.name))

    def _instruction(self, node: tree.Instruction) -> Any:
        new = self.instruction(node)
        if node.mnemonic in copying.LOCALS and self._is_own(node.operand):
            new = self.made(node, new._replace(operand=self.own(node.operand)))
        return new

    def _python(self, node: tree.Python) -> Any:
        """A PYTHON block, with its variables as the macro has them."""
        from pyasm.lang import hygiene  # it needs `ast`

        own = self.work.own_variables(self.definition)
        kept = own if self.kept_names is None else own & self.kept_names
        callers = hygiene.said(node, self.definition.library.text).callers
        names = {name: self.own(name) for name in kept - callers}
        names.update((name, self.caller.node(tree.Local(*self.span(node), name)).name) for name in callers)
        return self.made(node, self.again(node)._replace(names=tuple(sorted(names.items()))))

    # -- parameters

    def value(self, name: str, node: Any) -> Any:
        """What a parameter stands for, as a new node."""
        given = self.values[name]
        if isinstance(given, list):
            return self.made(node, tree.Tuple(*self.span(node), tuple(map(self._fresh, given))))
        if type(given) in (tree.Block, tree.Name):
            what = "a block" if type(given) is tree.Block else "a label"
            self.work.wrong(self.again(node), f"&{name} is {what}", f"MACRO_PASTE {name}" if what[2] == "b" else "")
        return self._fresh(given)

    def _fresh(self, given: Any) -> Any:
        copier = copying.Enclosed(self.caller.kind == scopes.MODULE) if self.depth else copying.Copier({})
        return copier.node(given)

    def _binding(self, node: tree.Binding) -> Any:
        return self.value(node.name, node) if node.name in self.values else self.again(node)

    def _several(self, node: Any) -> list[Any] | None:
        """The arguments that a `&name` stands for, if its parameter is a VARIABLE_ARG."""
        given = self.values.get(node.name) if type(node) is tree.Binding else None
        return given if isinstance(given, list) else None

    def items(self, nodes: tuple[Any, ...]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            starred = type(node) is tree.Starred or (type(node) is tree.Argument and node.stars == 1)
            several = self._several(node.value) if starred else None
            if several is None:
                found.append(self.field(node))
            elif type(node) is tree.Starred:
                found += map(self._fresh, several)
            else:
                found += [node._replace(value=self._fresh(each), stars=0) for each in several]
        return found

    def argument(self, node: Any) -> list[Any]:
        several = self._several(node)
        if several is not None:
            return [copying.Copier({}).node(each) for each in several]
        if type(node) is tree.Name:
            return [self.name(node)]
        if type(node) is tree.Binding and type(self.values.get(node.name)) in (tree.Block, tree.Name):
            return [copying.Copier({}).node(self.values[node.name])]
        return [self.node(node)]

    def _item(self, node: tree.Item) -> Any:
        """`&args[0]` is that argument."""
        several = self._several(node.value)
        if several is None or type(node.key) is not tree.Constant or not isinstance(node.key.value, int):
            return self.again(node)
        if not -len(several) <= node.key.value < len(several):
            self.work.wrong(self.again(node), f"there are only {len(several)} arguments")
            return self.again(node)
        return self._fresh(several[node.key.value])

    def _reduce(self, node: tree.Reduce) -> Any:
        """`len(&args)` is known."""
        several = self._several(node.arguments[0].value) if len(node.arguments) == 1 else None
        if several is None or node.operator != "len":
            return self.again(node)
        return self.made(node, tree.Constant(*self.span(node), len(several)))

    # -- functions in the body

    def inner(self, kind: str) -> _Walker:
        raise NotImplementedError  # a body makes its functions itself

    def _function(self, node: tree.Function) -> Any:
        new = self.again(node._replace(body=_NO_BLOCK))
        captured = tuple(
            name._replace(text=self.own(old.text)) if self._is_own(old.text) else name
            for name, old in zip(new.captured, node.captured)
        )
        if node.target is None and node.name is not None:
            new = new._replace(target=self._local(tree.Local(*self.span(node), node.name.text)))
        names = {name.text for name in node.captured if self._is_own(name.text)}
        return self.made(node, new._replace(captured=captured, body=self._within(node.body, names)))

    def _class(self, node: tree.Class) -> Any:
        new = self.again(node._replace(body=_NO_BLOCK))
        if node.target is None:
            new = new._replace(target=self._local(tree.Local(*self.span(node), node.name.text)))
        return self.made(node, new._replace(body=self._within(node.body, set())))

    def _within(self, block: tree.Block, names: set[str]) -> Any:
        """The code of a function in the body: only the variables that it captures are the macro's."""
        kept, labels, self.kept_names, self.labels = self.kept_names, self.labels, names, {}
        self.depth += 1
        made = self.block(block)
        self.depth -= 1
        self.kept_names, self.labels = kept, labels
        return made

    # -- statements

    def statement(self, node: Any) -> Iterator[Any]:
        kind = type(node)
        if kind is tree.MacroPaste:
            yield from self._paste(node)
        elif kind is tree.MacroReturn and not self.depth:
            yield from self._return(node)
        else:
            yield from super().statement(node)

    def _paste(self, node: tree.MacroPaste) -> Iterator[Any]:
        name = node.name.text
        if name not in self.values:
            hint = nearest(name, self.values)
            self.work.wrong(self.again(node.name), f"the macro has no parameter {described(name)}", hint)
            return
        given = self.values[name]
        for argument in node.arguments:
            yield self.made(node, tree.Load(*self.span(node), self.node(argument), None))
        target = None if node.target is None else self.node(node.target)
        if type(given) is not tree.Block:
            if node.arguments:
                self.work.wrong(self.again(node), f"{name} is no block, and takes no arguments")
            yield self.made(node, tree.Load(*self.span(node), self.value(name, node), target))
            return
        self._check_count(name, node)
        number = self.pasted[name] = self.pasted.get(name, -1) + 1
        block = copying.Pasted(given, number).node(given)
        yield from block.statements
        if target is not None:
            yield self.made(node, tree.Store(*self.span(node), target, None))

    def _check_count(self, name: str, node: tree.MacroPaste) -> None:
        """A CODE_BLOCK[n] finds n values on the stack."""
        kind = next(each.type for each in self.definition.node.parameters if each.name == name)
        counts = [each for each in kind.arguments if isinstance(each, int)] if kind is not None else []
        wanted = counts[0] if counts else 0
        if kind is not None and kind.name == "CODE_BLOCK" and len(node.arguments) != wanted:
            message = f"{name} is a CODE_BLOCK[{wanted}], and {len(node.arguments)} arguments are given"
            self.work.wrong(self.again(node), message)

    def _return(self, node: tree.MacroReturn) -> Iterator[Any]:
        span = self.span(node)
        if self._gives():
            result = tree.Local(*span, self.own("result"))
            if node.value is None:
                yield self.made(node, tree.Store(*span, result, None))
            else:
                yield self.made(node, tree.Load(*span, self.node(node.value), result))
        yield self.made(node, tree.Jump(*span, tree.Name(*span, self.own("end")), None))

    def _gives(self) -> bool:
        """Does the macro have a value?"""
        node = self.definition.node
        return node.returns is not None or any(each.value is not None for each in _returns(node.body))

    def whole(self, target: Any) -> Iterator[Any]:
        """All that a call becomes; `target`: where its value goes."""
        node, span = self.definition.node, self.span(self.call)
        returns = list(_returns(node.body))
        statements: tuple[Any, ...] = node.body.statements
        *before, last = statements or (None,)
        if not self._gives():
            if target is not None:
                self.work.wrong(self.call, f"{self.definition.name} has no value", "a MACRO_RETURN with one gives it")
            yield from self._statements(node.body.statements)
        elif returns == [last] and last.value is not None:
            yield from self._statements(before)
            yield self.made(self.call, tree.Load(*span, self.node(last.value), target))
            return
        else:
            yield self.made(self.call, tree.Load(*span, tree.Constant(*span, None), self._result()))
            yield from self._statements(node.body.statements)
        if returns:
            yield self.made(self.call, tree.Label(*span, tree.Name(*span, self.own("end"))))
        if self._gives():
            yield self.made(self.call, tree.Load(*span, self._result(), target))

    def _result(self) -> tree.Local:
        return tree.Local(*self.span(self.call), self.own("result"))

    def _statements(self, nodes: Sequence[Any]) -> Iterator[Any]:
        for node in nodes:
            yield from self.statement(node)


def _variables(node: Any, text: str) -> Iterator[str]:
    """The variables of a macro, but for those of functions in it."""
    from pyasm.lang import hygiene

    for child in node:
        kind = type(child)
        if kind is tree.Local and isinstance(child.name, str):
            yield child.name
        elif kind is tree.Python:
            yield from hygiene.said(child, text).bound
        elif kind is tuple or (kind in scopes.NODES and kind not in _OTHER_CODE):
            yield from _variables(child, text)


def _returns(node: Any) -> Iterator[Any]:
    """The MACRO_RETURNs of a macro, but for those of macros and functions in it."""
    for child in node:
        kind = type(child)
        if kind is tree.MacroReturn:
            yield child
        elif kind is tuple or (kind in scopes.NODES and kind not in _OTHER_CODE):
            yield from _returns(child)


_OTHER_CODE = (tree.Macro, tree.MacroCall, tree.Function, tree.Class)


def _call(walker: _Walker, node: tree.MacroCall) -> Iterator[Any]:
    """What a call of a macro becomes, in the code that a walker makes."""
    work = walker.work
    arguments = [new for each in node.arguments for new in walker.argument(each)]
    target = None if node.target is None else walker.node(node.target)
    call = walker.made(node, tree.Name(*walker.span(node), ":".join(node.path)))
    found = walker.library.find(node.path, walker.namespace)
    if not found and not node.bare and work.static is not None and functions.find(work.static, node.path) is not None:
        yield walker.made(node, node._replace(arguments=tuple(arguments), target=target))
        return
    if not found:
        names = () if node.bare or work.static is None else work.static.functions()
        hint = nearest(call.text, [*walker.library.paths(), *names])
        kind = "statement, portable instruction or macro" if node.bare else "macro"
        work.wrong(call, f"no {kind} is called {described(call.text)}", hint)
        return
    chosen = choose(found, arguments)
    if isinstance(chosen, str):
        work.wrong(call, chosen)
        return
    definition, bound = chosen
    if not _may_open(work, call, definition, node.bare):
        return
    work.open.append(definition)
    body = _Body(work, definition, call, walker, bound)
    yield from _evaluated(body, definition, call)
    yield from body.whole(target)
    work.open.pop()


def _may_open(work: _Work, call: Any, definition: Definition, bare: bool) -> bool:
    names = [each.name for each in work.open]
    if definition in work.open:
        first = work.open.index(definition)
        work.wrong(call, "a macro cannot call itself: " + " -> ".join([*names[first:], definition.name]))
        return False
    if bare and not definition.node.assembly:
        work.wrong(call, f"{definition.name} is no MACRO ASSEMBLY", f"CALL MACRO {definition.name}(...)")
        return False
    if len(names) >= _DEEPEST:
        work.wrong(call, f"macros call each other more than {_DEEPEST} deep")
        return False
    return not work.full


def _evaluated(body: _Body, definition: Definition, call: Any) -> Iterator[Any]:
    """The arguments of `!p`, evaluated once; the parameters stand for variables then."""
    for parameter in definition.node.parameters:
        given = body.values[parameter.name]
        if not parameter.once or type(given) in (tree.Block, tree.Name):
            continue
        several = given if isinstance(given, list) else [given]
        kept = []
        for i, each in enumerate(several):
            name = parameter.name if several is not given else f"{parameter.name}{i}"
            variable = tree.Local(call.start, call.end, body.own(name))
            yield body.made(call, tree.Load(call.start, call.end, each, variable))
            kept.append(variable)
        body.values[parameter.name] = kept if several is given else kept[0]
