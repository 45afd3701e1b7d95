"""What is on the stack in the code of handlers: a walk from where exceptions are caught."""

from __future__ import annotations

from pyasm.errors import TargetError
from pyasm.native.units import LABEL
from pyasm.translate.flow import reached
from pyasm.translate.kinds import VALUE, SparseWalk, State

_BEGIN = State(None, (VALUE,) * 8)
"""What is taken to be there where a region begins; handlers that compilers make do not read as many values."""


class HandlerWalk(SparseWalk):
    """A walk that tells what is there in the code of handlers; elsewhere there are only values.

    It begins where exceptions are caught. Where that does not do, every way is followed.
    """

    setups: frozenset[str]
    """The instructions that name a handler."""
    alike: frozenset[str]
    """Those whose state must be known, even if there are only values."""
    odd: frozenset[str]
    """Those that are in no other code than that of handlers, if all is well. `told` are both."""

    def _look(self) -> None:
        """Tell the turns apart."""
        self.labels = {}
        self.begins: list[int] = []
        """Indexes of `setups`."""
        self.tells: list[int] = []
        """Indexes of those that are `alike` or `odd`."""
        self.jumps: list[int] = []
        body, ops, setups, told, jumps = self.body, self.ops, self.setups, self.told, self.table.jumps
        for index in self.turns:
            op = ops[index]
            if op == LABEL:
                self.labels[body[index][1]] = index
                continue
            if op in jumps:
                self.jumps.append(index)
            if op in told:
                self.tells.append(index)
                if op in setups:
                    self.begins.append(index)

    def run(self) -> None:
        """Fill `states`."""
        self._begin()
        if not self._run_handlers():
            self.unentered = frozenset()
            self.seen = bytearray(len(self.body) + 1)
            super().run()

    def _run_handlers(self) -> bool:
        body, labels, states = self.body, self.labels, self.states
        reach = reached(body, self.table, handlers=True, ops=self.ops, turns=self.turns)
        begun = set()
        entered = set()
        try:
            for index in self.begins:
                if reach[index] and index not in states:
                    begun.add(index)
                    way = op, label = body[index][:2]
                    if way not in entered:
                        entered.add(way)
                        handler = self.specials[op](self, index, label, _BEGIN)[1]
                        if handler is not None:
                            self._follow_all(labels[label], handler)
        except TargetError:
            return False  # the other walk says it better
        walked, self.seen = self.seen, reach
        return begun.isdisjoint(states) and self._is_apart(walked) and self._tell_rest(walked)

    def _is_apart(self, walked: bytearray) -> bool:
        """Does no other code lead into what was followed?"""
        ops, body, met, seen, ends = self.ops, self.body, self.met, self.seen, self.table.ends
        inside = {body[index][1] for index in met}
        either = inside.union(self.unentered)
        for index in self.jumps:
            label = body[index][1]
            if label in either and seen[index] and (label in self.unentered or not walked[index]):
                return False
        for index in [*met, *map(self.labels.__getitem__, self.unentered)]:
            before = index - 1
            while before >= 0 and ops[before] == LABEL:
                before -= 1
            if before < 0 or (ops[before] not in ends and seen[before] and (not walked[before] or index not in met)):
                return False
        for index in self.left:
            while index < len(ops) and ops[index] == LABEL:
                if index in met:
                    return False
                index += 1
        return True

    def _tell_rest(self, walked: bytearray) -> bool:
        """States for those that need one; False when there is what cannot be."""
        ops, seen = self.ops, self.seen
        for index in self.tells:
            if not walked[index] and seen[index]:
                if ops[index] in self.odd:
                    return False
                self.states[index] = _BEGIN
        return True
