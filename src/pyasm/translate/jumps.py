"""jumps: where execution goes on, and the truth tests in front of it.

Portable jumps have no direction, test any value, and the same goes for UNARY_NOT. What dialects have instead:

    JUMP_ABSOLUTE, JUMP_FORWARD        a jump back looks for signals, or it does not: JUMP_BACKWARD, …_NO_INTERRUPT
    POP_JUMP_IF_x L                    a direction in the name; or only forward, then over a JUMP_BACKWARD for the other
    value; POP_JUMP_IF_x L             a real bool: value; TO_BOOL; …, or COMPARE_OP bool(…)
    LOAD_CONST None; IS_OP; POP_JUMP   POP_JUMP_IF_NONE, POP_JUMP_IF_NOT_NONE
    JUMP_IF_x_OR_POP L                 COPY 1; POP_JUMP_IF_x L; POP_TOP
    UNARY_NOT; UNARY_NOT               TO_BOOL

and NOT_TAKEN behind every conditional jump. The jumps of for loops and of SEND are not among these, nor is the
NOT_TAKEN of async for.

Compilers use a jump without a look for signals from a handler, which stands at the end, back to the code after the try
statement. In 3.9's order that is a jump forward, and so it is JUMP_FORWARD.
"""

from __future__ import annotations

from functools import cache

from pyasm import isa
from pyasm.code import Place
from pyasm.native.units import LABEL
from pyasm.native.variables import promised
from pyasm.translate.edit import instruction
from pyasm.translate.notes import BARE, HELD, SLOT
from pyasm.translate.peephole import PASS, Peephole, Rules
from pyasm.typed import Any

OPPOSITE = {
    "POP_JUMP_IF_FALSE": "POP_JUMP_IF_TRUE",
    "POP_JUMP_IF_TRUE": "POP_JUMP_IF_FALSE",
    "POP_JUMP_IF_NONE": "POP_JUMP_IF_NOT_NONE",
    "POP_JUMP_IF_NOT_NONE": "POP_JUMP_IF_NONE",
}
TESTS = ("POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE")
"""They read a bool."""
NONE_TESTS = {"POP_JUMP_IF_NONE": 1, "POP_JUMP_IF_NOT_NONE": 0}
"""Jump -> operand of IS_OP in front of POP_JUMP_IF_FALSE, as in Python: jump away unless x is None, or is not None."""
KEEPING = {
    "POP_JUMP_IF_FALSE": "JUMP_IF_FALSE_OR_POP",
    "POP_JUMP_IF_TRUE": "JUMP_IF_TRUE_OR_POP",
}
BOOLS = frozenset(
    {
        "CHECK_EXC_MATCH",
        "COMPARE_OP",
        "CONTAINS_OP",
        "IS_OP",
        "MATCH_MAPPING",
        "MATCH_SEQUENCE",
        "TO_BOOL",
        "UNARY_NOT",
    }
)
"""Their result is a bool, or the compiler makes it one by the operand."""
NONE = ("LOAD_CONST", None)
_BEFORE_TEST = frozenset({*TESTS, "UNARY_NOT"})
_BEHIND_TEST = frozenset({"NOT_TAKEN", "JUMP_BACKWARD", "POP_TOP"})
"""What a conditional jump may have behind it that is a part of it."""
_NOTES = (BARE, HELD, SLOT)
"""How labels begin that are notes of other jumps."""


@cache
def lifting(name: str) -> Rules:
    """The rules from a dialect's jumps and tests to the portable ones."""
    dialect = isa.load(name)
    return {} if "JUMP_ABSOLUTE" in dialect.opcodes else _Lifting(dialect).rules()


@cache
def lowering(name: str) -> Rules:
    """The other way."""
    dialect = isa.load(name)
    if "JUMP_ABSOLUTE" in dialect.opcodes:
        return {LABEL: PASS, "JUMP_FORWARD": _turn_back}
    return _Lowering(dialect).rules()


def _turn_back(walk: Peephole, index: int, label: Any, position: Place | None) -> None:
    """For dialects whose JUMP_FORWARD only goes forward and whose JUMP_ABSOLUTE goes anywhere."""
    if label in walk.passed:
        walk.put(index, instruction("JUMP_ABSOLUTE", label, position))


class _Facts:
    """What the passes ask of a dialect."""

    def __init__(self, dialect: isa.Dialect) -> None:
        opcodes = dialect.opcodes
        self.conditional = {
            name: name.replace("_FORWARD", "").replace("_BACKWARD", "")
            for name in opcodes
            if name.startswith("POP_JUMP_")
        }
        """Its conditional jumps -> their names without a direction."""
        self.directed = "POP_JUMP_FORWARD_IF_TRUE" in opcodes
        self.to_bool = "TO_BOOL" in opcodes
        self.not_taken = "NOT_TAKEN" in opcodes
        self.keeps = "JUMP_IF_TRUE_OR_POP" in opcodes
        names = dialect.enums["compare"].values()
        self.bool_of = {name: f"bool({name})" for name in names if f"bool({name})" in names}
        self.plain_of = {made: plain for plain, made in self.bool_of.items()}


def _test_position(walk: Peephole, index: int, jump: Place | None) -> Place | None:
    """Position of the TO_BOOL behind this instruction, in front of a jump.

    It is that of the jump when the value is a part of what the jump is for. The jumps of a comprehension may be for its
    element instead.
    """
    value = walk.body[index][2] if index >= 0 else None
    return jump if value is None or jump is None or value == jump or _inside(value, jump) else value


def _inside(part: Place, whole: Place) -> bool:
    if None in part or None in whole:
        return True
    line, end_line, column, end_column = part
    first_line, last_line, first, last = whole
    if line == first_line and end_line == last_line:
        return first <= column and end_column <= last  # type: ignore[operator]
    return (first_line, first) <= (line, column) and (end_line, end_column) <= (last_line, last)


def _part_behind(walk: Peephole, index: int) -> int:
    """Index of what is behind a conditional jump or its NOT_TAKEN: past labels only where it may be a part of that."""
    place = index + 1
    while walk.ops[place] == LABEL:
        place += 1
    return walk.after(index) if walk.ops[place] in _BEHIND_TEST else index + 1


class _Lifting(_Facts):
    """From a dialect to the portable one."""

    def rules(self) -> Rules:
        """Those that the dialect needs."""
        rules: Rules = dict.fromkeys(self.conditional, self.test)
        rules["JUMP_BACKWARD"] = self.backward
        rules["JUMP_BACKWARD_NO_INTERRUPT"] = self.uninterrupted
        if self.to_bool:
            rules["TO_BOOL"] = self.made_bool
            rules["COMPARE_OP"] = self.compare
        return rules

    def backward(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        walk.put(index, ("JUMP_ABSOLUTE", label, position))

    def uninterrupted(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        """That of a SEND loop comes right after the yield; it belongs to another pass."""
        before = walk.before(index)
        while walk.ops[before] == "POP_BLOCK":
            before = walk.before(before)
        if walk.ops[before] not in ("YIELD_VALUE", "RESUME"):
            walk.put(index, instruction("JUMP_FORWARD", label, position))

    def test(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        """A conditional jump."""
        body, ops, edits = walk.body, walk.ops, walk.edits
        op = ops[index]
        name = self.conditional[op]
        after = _part_behind(walk, index)
        if ops[after] == "NOT_TAKEN":
            edits[after] = ()
            after = _part_behind(walk, after)
        following = ops[after]
        if following == "JUMP_BACKWARD":
            if not self.directed and self._goes_back(walk, after, label, position):
                name, label = OPPOSITE[name], body[after][1]
                edits[after] = ()
        elif (
            following == "POP_TOP" and name in KEEPING and not self.keeps and self._keeps(walk, index, after, position)
        ):
            name = KEEPING[name]
            edits[after] = ()
        if name in NONE_TESTS:
            edits[index] = (
                ("LOAD_CONST", None, position),
                ("IS_OP", NONE_TESTS[name], position),
                ("POP_JUMP_IF_FALSE", label, position),
            )
        elif name != op or label is not body[index][1]:
            walk.put(index, (name, label, position))

    def _goes_back(self, walk: Peephole, after: int, label: str, position: Place | None) -> bool:
        """Is a conditional jump one over the jump that it stands for? Then a label for nothing else goes."""
        ops = walk.ops
        if walk.body[after][2] != position:
            return False
        place = after + 1
        while ops[place] == LABEL and walk.body[place][1] != label:
            place += 1
        if ops[place] != LABEL:
            return False
        if ops[place - 1] != LABEL and ops[place + 1] != LABEL and walk.references(label) == 1:
            walk.edits[place] = ()
        return True

    def _keeps(self, walk: Peephole, index: int, after: int, position: Place | None) -> bool:
        """Is a conditional jump one that tests a copy, dropping the value behind it? Then the copy goes."""
        copy = index - 2 if self.to_bool else index - 1
        if walk.ops[copy] != "COPY" or (self.to_bool and walk.edits.get(index - 1) != ()):
            return False
        if walk.body[copy][1:] != (1, position) or walk.body[after][2] != position:
            return False
        walk.edits[copy] = ()
        return True

    def made_bool(self, walk: Peephole, index: int, _: Any, position: Place | None) -> None:
        """Dropped where lowering puts it back; elsewhere it is what a double negation is in every dialect."""
        ops = walk.ops
        following = walk.after(index)
        before = walk.before(index)
        if ops[following] in _BEFORE_TEST and ops[before] not in BOOLS:
            jump = walk.body[following][2]
            if _test_position(walk, before, jump) == position:
                walk.edits[index] = ()
                return
            if self._moves_load(walk, index, before, jump):
                return
        negation = instruction("UNARY_NOT", None, position)
        walk.edits[index] = (negation, negation)

    def _moves_load(self, walk: Peephole, index: int, before: int, jump: Place | None) -> bool:
        """A load that was fused with the store before it had the position of the test, until they were fused."""
        position = walk.body[index][2]
        if before < 1:
            return False
        store, load = walk.body[before - 1 : before + 1]
        if (store[0], load[0]) != ("STORE_FAST", "LOAD_FAST") or store[2] != load[2]:
            return False
        if position is None or jump is None or _inside(position, jump):
            return False
        walk.put(before, instruction("LOAD_FAST", load[1], position))
        walk.edits[index] = ()
        return True

    def compare(self, walk: Peephole, index: int, operator: str, position: Place | None) -> None:
        plain = self.plain_of.get(operator)
        if plain is None:
            return
        compare = ("COMPARE_OP", plain, position)
        if walk.ops[walk.after(index)] in _BEFORE_TEST:
            walk.new[index] = compare
        else:
            negation = instruction("UNARY_NOT", None, position)
            walk.edits[index] = (compare, negation, negation)


class _Lowering(_Facts):
    """From the portable dialect to another."""

    def rules(self) -> Rules:
        """Those that the dialect needs."""
        rules: Rules = dict.fromkeys(OPPOSITE, self.test)
        rules.update(dict.fromkeys(KEEPING.values(), self.keeping))
        rules[LABEL] = PASS
        rules["JUMP_ABSOLUTE"] = rules["JUMP_FORWARD"] = self.jump
        if self.to_bool:
            rules["UNARY_NOT"] = self.negation
        return rules

    def jump(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        op = walk.ops[index]
        if label in walk.passed:
            made = "JUMP_BACKWARD" if op == "JUMP_ABSOLUTE" else "JUMP_BACKWARD_NO_INTERRUPT"
            walk.put(index, (made, label, position))
        elif op == "JUMP_ABSOLUTE":
            walk.put(index, ("JUMP_FORWARD", label, position))

    def test(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        """A conditional jump."""
        body, ops = walk.body, walk.ops
        name = ops[index]
        before = index - 1
        if ops[before] == LABEL:
            before = walk.before(index)
        parts: list[Any] = []
        if name in TESTS:
            op = ops[before]
            if op == "IS_OP" and before and body[before - 1][:2] == NONE:
                is_none = (body[before][1] == 1) == (name == "POP_JUMP_IF_FALSE")
                name = "POP_JUMP_IF_NONE" if is_none else "POP_JUMP_IF_NOT_NONE"
                walk.edits[before - 1] = walk.edits[before] = ()
            elif not self.to_bool:
                pass
            elif op == "COMPARE_OP":
                if not self._compares_ints(walk, index, before):
                    self._compare_for_test(walk, before)
            elif op not in BOOLS:
                parts.append(("TO_BOOL", None, _test_position(walk, before, position)))
        if label in walk.passed or self.directed:
            behind = body[index + 1][1] if ops[index + 1] == LABEL else None
            if behind is not None and behind.startswith(_NOTES):
                behind = None
            self._jump_if(walk, name, label, position, behind, parts)
        else:
            parts.append(body[index] if name == ops[index] else (name, label, position))
            if self.not_taken:
                parts.append(("NOT_TAKEN", None, position))
        if len(parts) == 1:
            walk.put(index, parts[0])
        else:
            walk.edits[index] = parts

    def _compares_ints(self, walk: Peephole, index: int, before: int) -> bool:
        """Two places where compilers know that the result is a bool: in sequence patterns and in annotation scopes."""
        number = walk.before(before)
        if walk.ops[number] != "LOAD_CONST" or type(walk.body[number][1]) is not int:
            return False
        if walk.ops[walk.before(number)] == "GET_LEN":
            return True
        place, after = walk.before(number), walk.after(index)
        return (
            walk.body[before][1] == ">"
            and walk.ops[place] == "LOAD_FAST"
            and walk.body[place][1] in promised(walk.code).keys() - set(walk.code.cells)
            and after < len(walk.body)
            and walk.body[after][:2] == ("LOAD_COMMON_CONSTANT", "NotImplementedError")
        )

    def _compare_for_test(self, walk: Peephole, index: int) -> None:
        op, operator, position = walk.body[index]
        made = self.bool_of.get(operator)
        if made is not None:
            walk.new[index] = (op, made, position)

    def _jump_if(
        self,
        walk: Peephole,
        name: str,
        label: str,
        position: Place | None,
        behind: str | None,
        parts: list[Any],
    ) -> None:
        """A conditional jump; `behind` is a label that is behind it already."""
        back = label in walk.passed
        if self.directed:
            name = name.replace("JUMP", "JUMP_BACKWARD" if back else "JUMP_FORWARD")
        elif back:
            over = behind or walk.new_label()
            parts.append((OPPOSITE[name], over, position))
            if self.not_taken:
                parts.append(("NOT_TAKEN", None, position))
            parts.append(("JUMP_BACKWARD", label, position))
            if behind is None:
                parts.append(instruction(LABEL, over))
            return
        parts.append((name, label, position))
        if self.not_taken:
            parts.append(("NOT_TAKEN", None, position))

    def keeping(self, walk: Peephole, index: int, label: str, position: Place | None) -> None:
        op = walk.ops[index]
        if self.keeps and label not in walk.passed:
            return
        parts = [instruction("COPY", 1, position)]
        if self.to_bool:
            parts.append(instruction("TO_BOOL", None, position))
        name = "POP_JUMP_IF_FALSE" if op == "JUMP_IF_FALSE_OR_POP" else "POP_JUMP_IF_TRUE"
        self._jump_if(walk, name, label, position, None, parts)
        parts.append(instruction("POP_TOP", None, position))
        walk.edits[index] = parts

    def negation(self, walk: Peephole, index: int, _: Any, position: Place | None) -> None:
        """A negation of a bool; two of them are a test without one."""
        before = walk.before(index)
        ops = walk.ops
        double = ops[index + 1] == "UNARY_NOT"
        if double:
            walk.edits[index + 1] = ()
        if ops[before] == "COMPARE_OP":
            self._compare_for_test(walk, before)
            if double:
                walk.edits[index] = ()
        elif double:
            walk.put(index, instruction("TO_BOOL", None, position))
        elif ops[before] not in BOOLS:
            made = instruction("TO_BOOL", None, _test_position(walk, before, position))
            walk.edits[index] = (made, walk.body[index])
