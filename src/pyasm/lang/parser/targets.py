"""Targets: `-> $x`, `-> $a, *$rest`."""

from __future__ import annotations

from pyasm.lang import tree
from pyasm.lang.parser.cursor import new
from pyasm.lang.parser.expressions import Operands
from pyasm.text.tokens import ENDS, FINAL, Wrong
from pyasm.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pyasm.lang.tree import Expression, Target


class TargetReader(Operands):
    """Reads targets."""

    def arrow(self) -> Target | None:
        """`-> target`, where several targets unpack the value; None without an arrow."""
        texts, i = self.texts, self.i
        if texts[i] != "->":
            return None
        kind, name = SIMPLE.get(texts[i + 1]), texts[i + 2]
        if kind is not None and texts[i + 3] in FINAL and name.isidentifier():
            self.i, starts = i + 3, self.starts
            found: Target = new(kind, (starts[i + 1], starts[i + 2] + len(name), name))
            return found
        self.i += 1
        return self.targets()

    def arrow_one(self) -> Target | None:
        """`-> target` where a comma means something else."""
        if self.texts[self.i] != "->":
            return None
        self.i += 1
        return self.target()

    def targets(self) -> Target:
        """One target, or several with commas between them."""
        i = self.i
        first = self.starred_target()
        if self.texts[self.i] != ",":
            if isinstance(first, tree.Starred):
                raise Wrong(i, "'*' stands before one of several targets")
            return first
        return self._more_targets(first, "")

    def _more_targets(self, first: Target | tree.Starred, closing: str) -> tree.Targets:
        """What follows the first target, up to a bracket if there is one."""
        found: list[Target | tree.Starred] = [first]
        while self.texts[self.i] == ",":
            self.i += 1
            if closing and self.texts[self.i] == closing:
                break
            found.append(self.starred_target())
        return self.several(found)

    def several(self, found: list[Target | tree.Starred]) -> tree.Targets:
        """Several targets as one."""
        if sum(isinstance(one, tree.Starred) for one in found) > 1:
            raise Wrong(self.i - 1, "two of the targets have a '*'")
        return tree.Targets(found[0].start, self.end(), tuple(found))

    def starred_target(self) -> Target | tree.Starred:
        """A target among several."""
        if self.texts[self.i] != "*":
            return self.target()
        start = self.starts[self.i]
        self.i += 1
        target = self.target()
        return tree.Starred(start, target.end, target)

    def target(self) -> Target:
        """A single target; in brackets several."""
        token = self.texts[self.i]
        i = self.i
        if token == "\\":
            self.i += 1
            return tree.Discard(self.starts[i], self.end())
        if token in _OPENING and self.is_bracketed(i):
            return self._bracketed()
        if token in ENDS or token == "{":
            self.wanted("a target", _HINT)
        return self.as_target(self.operand(), i)

    def is_bracketed(self, i: int) -> bool:
        """Do targets in brackets begin at a token, and not `(e).name` or `(e)[e]`?"""
        texts = self.texts
        if texts[i] not in _OPENING:
            return False
        closers = self.tokens.closers
        while i in closers:
            i = closers[i] + 1
            if texts[i] != "(":
                return texts[i] != "[" and (texts[i][:1] != "." or texts[i] == "...")
        return True

    def _bracketed(self) -> Target:
        opener = self.i
        closing = ")" if self.texts[opener] == "(" else "]"
        self._open()
        if self.texts[self.i] == closing:
            self.wanted("a target", _HINT)
        first = self.starred_target()
        if self.texts[self.i] == ")" and not isinstance(first, tree.Starred):
            found: Target = first
        else:
            found = self._more_targets(first, closing)
        self.close(opener, closing)
        self.depth -= 1
        return found._replace(start=self.starts[opener], end=self.end())

    def as_target(self, node: Expression, i: int) -> Target:
        """An expression as a target; it begins at the token `i`."""
        if type(node) in _TARGETS and not (type(node) is tree.Top and node.depth):
            return node  # type: ignore[return-value]
        raise Wrong(i, f"{_NAMES.get(type(node), 'this')} cannot be a target", _HINT)


_OPENING = ("(", "[")

SIMPLE: dict[str, type] = {"$": tree.Local, "@": tree.Global}
"""The signs of targets that are names."""

_TARGETS = frozenset(
    {
        tree.Global,
        tree.Local,
        tree.CallerLocal,
        tree.Captured,
        tree.Binding,
        tree.Attribute,
        tree.ComputedAttribute,
        tree.Item,
        tree.Top,
    }
)
_NAMES: dict[type, str] = {
    tree.Constant: "a constant",
    tree.Call: "a call",
    tree.Builtin: "what ~ finds",
    tree.StaticGlobal: "what @! finds",
    tree.StaticAttribute: "what .! finds",
    tree.Top: "an entry below the top of the stack",
}
_HINT = "targets are $x  @x  §x  e.name  e.(e)  e[e]  %  \\ and several of them: $a, *$b"
