"""Nodes made again, with other spans, variables and labels.

What is made of a node here is always new, because the scopes and the `%` of a text are known by their nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyasm import isa
from pyasm.lang import tree
from pyasm.lang.scopes import NODES
from pyasm.typed import Any

LOCALS = frozenset({"LOAD_FAST", "STORE_FAST", "DELETE_FAST", "LOAD_FAST_AND_CLEAR"})
"""Instructions whose operand is a local variable."""

_JUMPS = frozenset(row.name for row in isa.load(isa.PORTABLE).opcodes.values() if row.operand in isa.JUMPS)


class Copier:
    """Makes nodes again. Each method gives a node of the same kind; subclasses put others in their place."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels
        """The new names of labels."""
        self.special: dict[type, Callable[[Any], Any]] = {
            tree.Label: self._label,
            tree.Jump: self._jump,
            tree.If: self._labelled,
            tree.While: self._labelled,
            tree.Foreach: self._labelled,
            tree.Break: self._labelled,
            tree.Continue: self._labelled,
            tree.Instruction: self.instruction,
        }

    def node(self, node: Any) -> Any:
        """A node, made again with all that is in it."""
        make = self.special.get(type(node))
        return self.again(node) if make is None else make(node)

    def again(self, node: Any) -> Any:
        """A node of the same type, from the fields made again."""
        start, end = self.span(node)
        return self.made(node, type(node)(start, end, *map(self.field, node[2:])))

    def field(self, value: Any) -> Any:
        """A field of a node: a node, a tuple of fields, or something else, which stays."""
        kind = type(value)
        if kind is tuple:
            return tuple(map(self.field, value))
        return self.node(value) if kind in NODES else value

    def span(self, node: Any) -> tuple[int, int]:
        """Where the new node stands in the text."""
        return node.start, node.end

    def made(self, old: Any, new: Any) -> Any:
        """Called with each new node."""
        return new

    def name(self, node: Any) -> Any:
        """A Name that is a label."""
        if node is None:
            return None
        return self.made(node, self.again(node)._replace(text=self.label_name(node.text)))

    def label_name(self, text: str) -> str:
        """The new name of a label; `l:HEAD` and `l:END` go with `l`."""
        if text in self.labels:
            return self.labels[text]
        loop, colon, part = text.rpartition(":")
        return f"{self.labels[loop]}:{part}" if colon and loop in self.labels else text

    def _label(self, node: tree.Label) -> Any:
        return self.made(node, self.again(node)._replace(name=self.name(node.name)))

    def _jump(self, node: tree.Jump) -> Any:
        return self.made(node, self.again(node)._replace(label=self.name(node.label)))

    def _labelled(self, node: Any) -> Any:
        return self.made(node, self.again(node)._replace(label=self.name(node.label)))

    def instruction(self, node: tree.Instruction) -> Any:
        """An instruction, whose operand may be a label."""
        new = self.again(node)
        if node.mnemonic in _JUMPS and isinstance(node.operand, str):
            return self.made(node, new._replace(operand=self.label_name(node.operand)))
        return new


class Pasted(Copier):
    """A part of the text that is put in once more: its own labels get new names."""

    def __init__(self, block: Any, number: int) -> None:
        super().__init__({name: f"{name}.{number}" for name in labels(block)} if number else {})


class Enclosed(Copier):
    """An argument that is put into a function inside of the one that it is of: its variables are captured there."""

    def __init__(self, module_level: bool) -> None:
        super().__init__({})
        self.special[tree.Local] = self._global if module_level else self._captured

    def _captured(self, node: tree.Local) -> Any:
        return tree.Captured(node.start, node.end, node.name) if isinstance(node.name, str) else node

    def _global(self, node: tree.Local) -> Any:
        return tree.Global(node.start, node.end, node.name) if isinstance(node.name, str) else node


def labels(node: Any) -> set[str]:
    """The labels that stand in a node, but for those in functions in it."""
    found: set[str] = set()
    pending = [node]
    while pending:
        each = pending.pop()
        kind = type(each)
        if kind is tree.Function or kind is tree.Class or kind is tree.Macro:
            continue
        if kind is tree.Label:
            found.add(each.name.text)
        elif kind in (tree.If, tree.While, tree.Foreach) and each.label is not None:
            found.add(each.label.text)
        pending.extend(child for child in each if type(child) is tuple or type(child) in NODES)
    return found
