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

from collections.abc import Callable
from functools import cache
from operator import itemgetter

from pyasm import isa
from pyasm.code import Code, Instruction, Position
from pyasm.native.units import LABEL
from pyasm.translate.blocks import BARE, HELD, SLOT
from pyasm.translate.edit import Labels, instruction, rewrite
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
NONE = instruction("LOAD_CONST", None)
OP = itemgetter(0)

Rule = Callable[["_Pass", int, Any, Any], None]


def lift(code: Code, dialect: isa.Dialect) -> None:
    """From the dialect's jumps and tests to the portable ones."""
    if "JUMP_ABSOLUTE" not in dialect.opcodes:
        code.body = _Lifting(code.body, dialect).result()


def lower(code: Code, dialect: isa.Dialect) -> None:
    """The other way."""
    if "JUMP_ABSOLUTE" in dialect.opcodes:
        _turn_back(code.body)
    else:
        code.body = _Lowering(code.body, dialect).result()


def _turn_back(body: list[Instruction]) -> None:
    """For dialects whose JUMP_FORWARD only goes forward and whose JUMP_ABSOLUTE goes anywhere."""
    if "JUMP_FORWARD" not in map(OP, body):
        return
    passed = set()
    for index, (op, arg, position) in enumerate(body):
        if op == LABEL:
            passed.add(arg)
        elif op == "JUMP_FORWARD" and arg in passed:
            body[index] = instruction("JUMP_ABSOLUTE", arg, position)


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


@cache
def _facts(name: str) -> _Facts:
    return _Facts(isa.load(name))


class _Pass:
    """One walk over a body that collects edits: a rule for each mnemonic that matters."""

    def __init__(self, body: list[Instruction], dialect: isa.Dialect) -> None:
        self.body = body
        self.facts = _facts(dialect.name)
        self.edits: dict[int, Any] = {}
        self.named: dict[Any, int] | None = None

    def before(self, index: int) -> int:
        """Index of the instruction before, whatever labels that nothing names are in between."""
        index -= 1
        while index >= 0 and self.body[index][0] == LABEL and self._is_idle(index):
            index -= 1
        return index

    def after(self, index: int) -> int:
        """Index of the instruction after, in the same way."""
        index += 1
        while index < len(self.body) and self.body[index][0] == LABEL and self._is_idle(index):
            index += 1
        return index

    def _is_idle(self, index: int) -> bool:
        return not self.references(self.body[index][1])

    def references(self, label: str) -> int:
        """How many instructions name a label, or something else of that name."""
        if self.named is None:
            self.named = {}
            for op, arg, _ in self.body:
                if type(arg) is str and op != LABEL:
                    self.named[arg] = self.named.get(arg, 0) + 1
        return self.named.get(label, 0)

    def op(self, index: int) -> str:
        """The mnemonic there; an empty string outside of the body."""
        return self.body[index][0] if 0 <= index < len(self.body) else ""

    def test_position(self, index: int, jump: Position | None) -> Position | None:
        """Position of the TO_BOOL behind this instruction, in front of a jump.

        It is that of the jump when the value is a part of what the jump is for. The jumps of a comprehension may be for
        its element instead.
        """
        value = self.body[index][2] if index >= 0 else None
        return jump if value is None or jump is None or value == jump or _inside(value, jump) else value


def _inside(part: Position, whole: Position) -> bool:
    if None in part or None in whole:
        return True
    line, end_line, column, end_column = part
    first_line, last_line, first, last = whole
    return (first_line, first) <= (line, column) and (end_line, end_column) <= (last_line, last)


class _Lifting(_Pass):
    """From a dialect to the portable one."""

    def result(self) -> list[Instruction]:
        edits = self.edits
        rule_of = _lift_rules(self.facts).get
        body = self.body
        for index, rule in enumerate(map(rule_of, map(OP, body))):
            if rule is not None and index not in edits:
                _, arg, position = body[index]
                rule(self, index, arg, position)
        return rewrite(body, edits)

    def backward(self, index: int, label: str, position: Position | None) -> None:
        self.edits[index] = (instruction("JUMP_ABSOLUTE", label, position),)

    def uninterrupted(self, index: int, label: str, position: Position | None) -> None:
        """That of a SEND loop comes right after the yield; it belongs to another pass."""
        before = self.before(index)
        while self.op(before) == "POP_BLOCK":
            before = self.before(before)
        if self.op(before) not in ("YIELD_VALUE", "RESUME"):
            self.edits[index] = (instruction("JUMP_FORWARD", label, position),)

    def conditional(self, index: int, label: str, position: Position | None) -> None:
        facts, edits = self.facts, self.edits
        name = facts.conditional[self.body[index][0]]
        after = self.after(index)
        if self.op(after) == "NOT_TAKEN":
            edits[after] = ()
            after = self.after(after)
        if not facts.directed and self._goes_back(after, label, position):
            name, label = OPPOSITE[name], self.body[after][1]
            edits[after] = ()
        elif not facts.keeps and name in KEEPING and self._keeps(index, after, position):
            name = KEEPING[name]
            edits[after] = ()
        if name in NONE_TESTS:
            edits[index] = (
                instruction("LOAD_CONST", None, position),
                instruction("IS_OP", NONE_TESTS[name], position),
                instruction("POP_JUMP_IF_FALSE", label, position),
            )
        else:
            edits[index] = (instruction(name, label, position),)

    def _goes_back(self, after: int, label: str, position: Position | None) -> bool:
        """Is a conditional jump one over the jump that it stands for? Then a label for nothing else goes."""
        if self.op(after) != "JUMP_BACKWARD" or self.body[after][2] != position:
            return False
        place = after + 1
        while self.op(place) == LABEL and self.body[place][1] != label:
            place += 1
        if self.op(place) != LABEL:
            return False
        if self.op(place - 1) != LABEL and self.op(place + 1) != LABEL and self.references(label) == 1:
            self.edits[place] = ()
        return True

    def _keeps(self, index: int, after: int, position: Position | None) -> bool:
        """Is a conditional jump one that tests a copy, dropping the value behind it? Then the copy goes."""
        copy = index - 2 if self.facts.to_bool else index - 1
        if (
            self.op(copy) != "COPY"
            or self.op(after) != "POP_TOP"
            or self.edits.get(index - 1) != (() if self.facts.to_bool else None)
        ):
            return False
        if self.body[copy][1:] != (1, position) or self.body[after][2] != position:
            return False
        self.edits[copy] = ()
        return True

    def to_bool(self, index: int, _: Any, position: Position | None) -> None:
        """Dropped where lowering puts it back; elsewhere it is what a double negation is in every dialect."""
        following = self.after(index)
        before = self.before(index)
        if self.op(following) in (*TESTS, "UNARY_NOT") and self.op(before) not in BOOLS:
            jump = self.body[following][2]
            if self.test_position(before, jump) == position:
                self.edits[index] = ()
                return
            if self._moves_load(index, before, jump):
                return
        negation = instruction("UNARY_NOT", None, position)
        self.edits[index] = (negation, negation)

    def _moves_load(self, index: int, before: int, jump: Position | None) -> bool:
        """A load that was fused with the store before it had the position of the test, until they were fused."""
        position = self.body[index][2]
        store, load = self.body[before - 1 : before + 1] if before > 0 else (NONE, NONE)
        if (store[0], load[0]) != ("STORE_FAST", "LOAD_FAST") or store[2] != load[2]:
            return False
        if position is None or jump is None or _inside(position, jump):
            return False
        self.edits[before] = (instruction("LOAD_FAST", load[1], position),)
        self.edits[index] = ()
        return True

    def compare(self, index: int, operator: str, position: Position | None) -> None:
        plain = self.facts.plain_of.get(operator)
        if plain is None:
            return
        compare = instruction("COMPARE_OP", plain, position)
        if self.op(self.after(index)) in (*TESTS, "UNARY_NOT"):
            self.edits[index] = (compare,)
        else:
            negation = instruction("UNARY_NOT", None, position)
            self.edits[index] = (compare, negation, negation)


class _Lowering(_Pass):
    """From the portable dialect to another."""

    def __init__(self, body: list[Instruction], dialect: isa.Dialect) -> None:
        super().__init__(body, dialect)
        self.passed: set[Any] = set()
        """The labels so far: a jump to them goes back."""
        self.labels: Labels | None = None

    def result(self) -> list[Instruction]:
        edits, body = self.edits, self.body
        rule_of = _lower_rules(self.facts).get
        for index, rule in enumerate(map(rule_of, map(OP, body))):
            if rule is not None and index not in edits:
                _, arg, position = body[index]
                rule(self, index, arg, position)
        return rewrite(body, edits)

    def label(self, _: int, label: str, __: Position | None) -> None:
        self.passed.add(label)

    def jump(self, index: int, label: str, position: Position | None) -> None:
        op = self.body[index][0]
        if label in self.passed:
            made = "JUMP_BACKWARD" if op == "JUMP_ABSOLUTE" else "JUMP_BACKWARD_NO_INTERRUPT"
            self.edits[index] = (instruction(made, label, position),)
        elif op == "JUMP_ABSOLUTE":
            self.edits[index] = (instruction("JUMP_FORWARD", label, position),)

    def conditional(self, index: int, label: str, position: Position | None) -> None:
        name, before = self.body[index][0], self.before(index)
        parts: list[Instruction] = []
        if name in TESTS:
            if self.op(before) == "IS_OP" and before and self.body[before - 1][:2] == NONE[:2]:
                is_none = (self.body[before][1] == 1) == (name == "POP_JUMP_IF_FALSE")
                name = "POP_JUMP_IF_NONE" if is_none else "POP_JUMP_IF_NOT_NONE"
                self.edits[before - 1] = self.edits[before] = ()
            elif self.facts.to_bool:
                self._test(index, before, position, parts)
        behind = self.body[index + 1][1] if self.op(index + 1) == LABEL else None
        if behind is not None and behind.startswith((BARE, HELD, SLOT)):  # notes of other jumps
            behind = None
        self._jump_if(name, label, position, behind, parts)
        self.edits[index] = parts

    def _test(self, index: int, before: int, position: Position | None, parts: list[Instruction]) -> None:
        """What makes a bool of the value in front of a jump."""
        op = self.op(before)
        if op == "COMPARE_OP":
            if not self._compares_ints(index, before):
                self._compare_for_test(before)
        elif op not in BOOLS:
            parts.append(instruction("TO_BOOL", None, self.test_position(before, position)))

    def _compares_ints(self, index: int, before: int) -> bool:
        """Two places where compilers know that the result is a bool: in sequence patterns and in annotation scopes."""
        if self.op(self.before(self.before(before))) == "GET_LEN":
            return True
        after = self.after(index)
        return after < len(self.body) and self.body[after][:2] == ("LOAD_COMMON_CONSTANT", "NotImplementedError")

    def _compare_for_test(self, index: int) -> None:
        op, operator, position = self.body[index]
        self.edits[index] = (instruction(op, self.facts.bool_of.get(operator, operator), position),)

    def _jump_if(
        self, name: str, label: str, position: Position | None, behind: str | None, parts: list[Instruction]
    ) -> None:
        """A conditional jump; `behind` is a label that is behind it already."""
        facts = self.facts
        back = label in self.passed
        if facts.directed:
            name = name.replace("JUMP", "JUMP_BACKWARD" if back else "JUMP_FORWARD")
        elif back:
            self.labels = self.labels or Labels(self.body)
            over = behind or self.labels.new()
            parts.append(instruction(OPPOSITE[name], over, position))
            if facts.not_taken:
                parts.append(instruction("NOT_TAKEN", None, position))
            parts.append(instruction("JUMP_BACKWARD", label, position))
            if behind is None:
                parts.append(instruction(LABEL, over))
            return
        parts.append(instruction(name, label, position))
        if facts.not_taken:
            parts.append(instruction("NOT_TAKEN", None, position))

    def keeping(self, index: int, label: str, position: Position | None) -> None:
        facts, op = self.facts, self.body[index][0]
        if facts.keeps and label not in self.passed:
            return
        parts = [instruction("COPY", 1, position)]
        if facts.to_bool:
            parts.append(instruction("TO_BOOL", None, position))
        name = "POP_JUMP_IF_FALSE" if op == "JUMP_IF_FALSE_OR_POP" else "POP_JUMP_IF_TRUE"
        self._jump_if(name, label, position, None, parts)
        parts.append(instruction("POP_TOP", None, position))
        self.edits[index] = parts

    def negation(self, index: int, _: Any, position: Position | None) -> None:
        """A negation of a bool; two of them are a test without one."""
        before = self.before(index)
        double = self.op(index + 1) == "UNARY_NOT"
        if double:
            self.edits[index + 1] = ()
        if self.op(before) == "COMPARE_OP":
            self._compare_for_test(before)
            if double:
                self.edits[index] = ()
        elif double:
            self.edits[index] = (instruction("TO_BOOL", None, position),)
        elif self.op(before) not in BOOLS:
            made = instruction("TO_BOOL", None, self.test_position(before, position))
            self.edits[index] = (made, self.body[index])


@cache
def _lift_rules(facts: _Facts) -> dict[str, Rule]:
    rules: dict[str, Any] = dict.fromkeys(facts.conditional, _Lifting.conditional)
    rules["JUMP_BACKWARD"] = _Lifting.backward
    rules["JUMP_BACKWARD_NO_INTERRUPT"] = _Lifting.uninterrupted
    if facts.to_bool:
        rules["TO_BOOL"] = _Lifting.to_bool
        rules["COMPARE_OP"] = _Lifting.compare
    return rules


@cache
def _lower_rules(facts: _Facts) -> dict[str, Rule]:
    rules: dict[str, Any] = dict.fromkeys(OPPOSITE, _Lowering.conditional)
    rules.update(dict.fromkeys(KEEPING.values(), _Lowering.keeping))
    rules[LABEL] = _Lowering.label
    rules["JUMP_ABSOLUTE"] = rules["JUMP_FORWARD"] = _Lowering.jump
    if facts.to_bool:
        rules["UNARY_NOT"] = _Lowering.negation
    return rules
