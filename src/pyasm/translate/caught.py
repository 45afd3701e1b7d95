"""What is on the stack in the code of handlers: a walk from where exceptions are caught."""

from __future__ import annotations

from pyasm.errors import TargetError
from pyasm.native.units import LABEL
from pyasm.translate.flow import reached
from pyasm.translate.kinds import VALUE, SparseWalk, State
from pyasm.typed import Any

_BEGIN: State = None, (VALUE,) * 8
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
        self.jumps: dict[int, Any] = {}
        """Indexes of jumps, and their labels."""
        self.gaps = False
        """Is there code to which nothing in front of it leads? Compilers leave hardly any."""
        body, ops, labels, setups, told = self.body, self.ops, self.labels, self.setups, self.told
        jumps, ends = self.table.jumps, self.table.ends
        named: set[Any] = set()
        lost = 0  # where there must be a label to which something goes, if a way has just ended
        for index in self.turns:
            op = ops[index]
            if op == LABEL:
                label = body[index][1]
                labels[label] = index
                if lost:
                    self.gaps = self.gaps or index != lost
                    lost = 0 if label in named else index + 1
                continue
            if lost:
                self.gaps, lost = True, 0
            if op in jumps:
                self.jumps[index] = label = body[index][1]
                named.add(label)
            elif op in told:
                self.tells.append(index)
                if op in setups:
                    self.begins.append(index)
                    named.add(body[index][1])
            if op in ends:
                lost = index + 1
        self.gaps = self.gaps or 0 < lost < len(ops)

    def run(self) -> None:
        """Fill `states`."""
        self._begin()
        if not self._run_handlers():
            self.unentered = frozenset()
            self.seen = bytearray(len(self.body) + 1)
            super().run()

    def _run_handlers(self) -> bool:
        body, labels, states, specials = self.body, self.labels, self.states, self.known.specials
        reach = bytearray(b"\1") * len(body)
        if self.gaps:
            reach = reached(body, self.table, handlers=True, ops=self.ops, turns=self.turns)
        begun = set()
        entered = set()
        try:
            for index in self.begins:
                if reach[index] and index not in states:
                    begun.add(index)
                    op, label, _ = body[index]
                    if (op, label) not in entered:
                        entered.add((op, label))
                        handler = specials[op](self, index, label, _BEGIN)[1]
                        if handler is not None:
                            self._follow_all(labels[label], handler)
        except TargetError:
            return False  # the other walk says it better
        walked, self.seen = self.seen, reach
        return begun.isdisjoint(states) and self._is_apart(walked) and self._tell_rest(walked)

    def _is_apart(self, walked: bytearray) -> bool:
        """Does no other code lead into what was followed?"""
        ops, body, met, seen, ends = self.ops, self.body, self.met, self.seen, self.table.ends
        jumps, unentered = self.jumps, self.unentered
        inside = {body[index][1] for index in met}
        for index, label in jumps.items():
            if not walked[index] and label in inside and seen[index]:
                return False
        if not unentered.isdisjoint(jumps.values()) and any(jumps[i] in unentered and seen[i] for i in jumps):
            return False
        for index in [*met, *map(self.labels.__getitem__, unentered)]:
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
