"""Where the NULL of a call goes, and the call itself as the dialect has it."""

from __future__ import annotations

from pyasm import isa
from pyasm.code import Code, Place, Row
from pyasm.native.units import LABEL
from pyasm.translate.callables import LEAVES, Calls, Paths, contains, union
from pyasm.translate.edit import instruction
from pyasm.translate.entries import MIXED
from pyasm.translate.straight import Straight, Winding

_GLOBALS = frozenset({"LOAD_GLOBAL"})

Call = tuple[int, str, int, int, int]
"""A call that wants NULL: where it stands, its portable mnemonic, how many arguments it has, where its callable is
complete, and the start of that.
"""


class Placing(Calls):
    """Of one body: the calls that were found, and what becomes of them."""

    def __init__(self, code: Code, ops: list[str], dialect: isa.Dialect, stack: Straight | Paths) -> None:
        super().__init__(code, ops, dialect, stack)
        self.before: dict[int, list[Row]] = {}
        self.after: dict[int, list[Row]] = {}
        """What comes before an instruction, or after it."""
        self.calls: list[Call] = []
        self.supers: dict[int, int] = {}
        """Indexes of calls of super, and how many arguments they have."""
        self.flagged: set[int] = set()
        """Indexes of those that load a global with NULL."""
        self.placed: set[int] = set()
        """Callables that have their NULL."""
        self.merges: list[tuple[int, int, int, int]] = []
        """DICT_MERGE: index and operand, the callable for its message, the mapping."""
        self.first_merge: dict[int, tuple[int, int]] = {}
        self.mappings: dict[int, int] = {}
        self.early: set[int] = set()

    def place(self) -> None:
        """Decide where each NULL goes."""
        self._pair_branches()
        ops, flagged, placed, bad, used = self.ops, self.flagged, self.placed, self.stack.bad, self.stack.used
        leaves = _GLOBALS if self.habits.null_first else LEAVES
        for call in self.calls:
            index, op, count, callee, _ = call
            loader = ops[callee] if op == "CALL_FUNCTION" and callee >= 0 else ""
            if loader not in leaves or callee in placed or callee in bad or callee in used:
                self._place(call)
                continue
            if loader == "LOAD_GLOBAL":
                flagged.add(callee)
            else:
                self.after[callee] = [instruction("PUSH_NULL", None, self.body[callee][2])]
            placed.add(callee)
            self.finish(index, count)
        for index, arguments in self.supers.items():
            self._super(index, arguments)
        for merge in self.merges:
            self._merge(*merge)

    def edit(self) -> None:
        """Change the body, and its mnemonics. TargetError when there are findings."""
        new, edits, before, after = self.new, self.instead, self.before, self.after
        for index in {*before, *after} if before or after else ():
            edits[index] = [*before.get(index, ()), *edits.get(index, (new[index],)), *after.get(index, ())]
        super().edit()

    def finish(self, index: int, count: int, named: bool = False) -> None:
        """The call itself."""
        position = self.body[index][2]
        op = "CALL_KW" if named and self.habits.names_pushed else "CALL"
        if self.habits.counted:
            calls = instruction("PRECALL", count, position), instruction(op, count, position)
            self.instead[index] = [*self.before.pop(index, ()), *calls]
        elif index in self.before:
            self.instead[index] = [*self.before.pop(index), instruction(op, count, position)]
        else:
            self.new[index] = (op, count, position)
            self.words[index] = op

    def _place(self, call: Call) -> None:
        """Put NULL where it belongs, and finish the call."""
        index, op, count, callee, start = call
        apart = callee < 0 or callee in self.stack.bad or callee in self.stack.used
        if op == "plain" and apart:
            self.finish(index, count)
            return
        if op == "LOAD_METHOD" and not apart:
            self.put(callee, instruction("LOAD_METHOD", *self.body[callee][1:]))
        elif op == "swapped":
            self._null_before(start, self.body[callee][2])
        elif apart or not self._put_null(callee, start):
            self._at_call(call)
            return
        elif op == "plain":
            self.put(callee, instruction("LOAD_ATTR", *self.body[callee][1:]))
        if op == "CALL_FUNCTION_EX":
            self._finish_ex(index, count == 2)
        else:
            self.finish(index, count, op in ("CALL_FUNCTION_KW", "LOAD_METHOD"))

    def _finish_ex(self, index: int, mapping: bool, early: list[Row] | None = None) -> None:
        position = self.body[index][2]
        calls = self.before.pop(index, []) + (early or [])
        if not self.habits.flagless:
            calls.append(instruction("CALL_FUNCTION_EX", int(mapping), position))
        else:
            if not mapping and not calls and self.ops[index - 1] == "LOAD_GLOBAL":
                self.flagged.add(index - 1)
            elif not mapping:
                calls.append(instruction("PUSH_NULL", None, position))
            calls.append(instruction("CALL_FUNCTION_EX", None, position))
        self.instead[index] = calls

    def _pair_branches(self) -> None:
        """`(a if test else b)(x)` where the compiler copies the call: NULL, pushed before the test, is for both."""
        count = len(self.calls)
        if count < 2 or len({self.body[call[0]][2] for call in self.calls}) == count:
            return
        calls = [call for call in self.calls if call[1] not in ("plain", "LOAD_METHOD", "swapped")]
        places = [place for place in (self.body[call[0]][2] for call in calls) if place is not None]
        if len(set(places)) == len(places):
            return
        body, paths = self.body, self.stack
        by_start = {paths.first(call[4]): call for call in calls}
        for start, (at, _, _, callee, _) in by_start.items():
            test = self._before(start - 1)
            position = body[at][2]
            if not paths.is_test(test) or not contains(position, body[test][2]):
                continue
            if isinstance(paths, Straight):
                raise Winding
            other = by_start.get(self._behind(paths.places[body[test][1]]))
            begin = paths.begin(paths.tests[test])
            if other is None or begin is None:
                continue
            second, _, _, last, middle = other
            if body[second][2] == position and last >= callee and paths.bad.isdisjoint((callee, last)):
                self.placed.update((callee, last))
                extent = union([*body[begin : callee + 1], *body[middle : last + 1]])
                if self.habits.null_first:
                    self._null_before(begin, extent)
                else:
                    push = instruction("PUSH_NULL", None, extent)
                    self.after[callee] = self.after[last] = [push]

    def _before(self, index: int) -> int:
        """The index, or that of the last instruction before, where labels are."""
        while index >= 0 and self.ops[index] == LABEL:
            index -= 1
        return index

    def _behind(self, index: int) -> int:
        while index < len(self.ops) and self.ops[index] == LABEL:
            index += 1
        return index

    def _put_null(self, callee: int, start: int) -> bool:
        """NULL before the expression of the callable, or after it. False when there is no such place."""
        if callee in self.placed:
            return True
        if self.ops[callee] == "LOAD_GLOBAL":
            self.flagged.add(callee)
        elif not self.habits.null_first:
            self._null_after(callee, self.extent(self.stack.begin(start), callee))
        else:
            begin = self.stack.begin(start)
            if begin is None or self.stack.forked.get(start, callee) < callee:
                return False
            self._null_before(begin, self.extent(begin, callee))
        self.placed.add(callee)
        return True

    def _null_before(self, begin: int, position: Place | None) -> None:
        if self.ops[begin] == "LOAD_GLOBAL" and begin not in self.flagged:
            self.flagged.add(begin)
        else:
            self.before.setdefault(begin, []).insert(0, instruction("PUSH_NULL", None, position))

    def _null_after(self, callee: int, position: Place | None) -> None:
        ops = self.ops
        following = callee + 1  # the attribute of super may have a line of its own
        if callee - 1 in self.supers and following < len(ops) and ops[following] == "NOP":
            callee = following
        while ops[callee] == LABEL and following < len(ops) and self.stack.is_mark(following):
            callee, following = following, following + 1
        self.after[callee] = [instruction("PUSH_NULL", None, position)]

    def _at_call(self, call: Call) -> None:
        """No place for NULL: the first argument takes it, or NULL is moved below what is there."""
        index, op, count, _, _ = call
        position = self.body[index][2]
        named = op in ("CALL_FUNCTION_KW", "LOAD_METHOD")
        if op == "CALL_FUNCTION_EX":
            early = not self.habits.null_first and self._merge_first(index)
            sunk = [] if early else self._sink(count + self.habits.null_first, position)
            self._finish_ex(index, count == 2, sunk)
        elif count and self._is_first_unnamed(index, named, count):
            self.finish(index, count - 1, named)
        elif count:  # all arguments have a name, none can be the first one
            names = self.before.pop(index, [])
            self.finish(index, count, named=True)
            sunk = self._sink(count + self.habits.null_first + self.habits.names_pushed, position)
            self.instead[index] = [*sunk, *names, *self.instead.get(index, (self.new[index],))]
        else:
            push = [instruction("PUSH_NULL", None, position)]
            if named and self.habits.names_pushed:
                push.insert(0, instruction("POP_TOP", None, position))
            if self.habits.null_first:
                push.append(instruction("SWAP", 2, position))
            self.finish(index, 0)
            self.instead[index] = push + self.instead.get(index, [self.new[index]])

    def _is_first_unnamed(self, index: int, named: bool, count: int) -> bool:
        """Is it certain that the first argument of a call has no name?"""
        if not named:
            return True
        kind, names, _ = (self.before.get(index) or [self.body[index - 1]])[0]
        return kind in ("KW_NAMES", "LOAD_CONST") and type(names) is tuple and len(names) < count

    def _super(self, call: int, arguments: int) -> None:
        """One instruction for a call of super and the attribute of that."""
        position = self.body[call][2]
        loads = []
        if not arguments:
            code = self.code
            first = (code.posonlyargs + code.args)[0]
            load = "LOAD_DEREF" if first in code.cells else "LOAD_FAST"
            loads = [instruction("LOAD_DEREF", "__class__", position), instruction(load, first, position)]
        self.instead[call] = loads
        op, name, where = self.new[call + 1]
        flags = (op == "LOAD_METHOD") | arguments
        self.put(call + 1, instruction("LOAD_SUPER_ATTR", (name, flags), where))

    def _sink(self, below: int, position: Place | None) -> list[Row]:
        """Push NULL below so many entries."""
        moves = [instruction("SWAP", depth, position) for depth in range(below + 1, 1, -1)]
        return [instruction("PUSH_NULL", None, position), *moves]

    def _merge_first(self, index: int) -> bool:
        """Put NULL beside the callable of this call before the first DICT_MERGE into its mapping, if there is one."""
        mapping = self.mappings.get(index, MIXED)
        if mapping == MIXED or mapping in self.stack.shared or mapping not in self.first_merge:
            return False
        place, number = self.first_merge[mapping]
        self.before.setdefault(place, []).extend(self._sink(number + 2, self.body[place][2]))
        self.early.add(mapping)
        return True

    def _merge(self, index: int, number: int, callee: int, mapping: int) -> None:
        """DICT_MERGE where NULL does not stand beside the callable yet: put anything there meanwhile."""
        if callee in self.placed or mapping in self.early:
            return
        position = self.body[index][2]
        _, *down = self._sink(number + 2, position)
        up = [instruction("SWAP", depth, position) for depth in range(2, number + 3)]
        push, drop = instruction("LOAD_CONST", None, position), instruction("POP_TOP", None, position)
        self.instead[index] = [push, *down, self.body[index], *up, drop]
