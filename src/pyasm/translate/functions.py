"""Functions: how MAKE_FUNCTION gets the name, the defaults, the annotations and the closure.

Portable code makes a function as 3.9 does: everything below a code object and its qualified name, and flags that say
what there is. Annotations are a dict (flag 4), or the function that makes it (flag 16).
"""

from __future__ import annotations

from collections.abc import Set

from pyasm import isa
from pyasm.code import Code, Place, Row
from pyasm.errors import Finding, TargetError
from pyasm.native.units import LABEL
from pyasm.translate.calls_lower import PORTABLE
from pyasm.translate.edit import NOTHING, change, instruction, where
from pyasm.translate.entries import Walk
from pyasm.typed import Any

CLOSURE, ANNOTATE, ANNOTATIONS, KEYWORD_DEFAULTS, DEFAULTS = ATTRIBUTES = (8, 16, 4, 2, 1)
_MADE = frozenset({"MAKE_FUNCTION"})
_MAKING = _MADE | {"SET_FUNCTION_ATTRIBUTE"}
_ADDED = frozenset({"LOAD_CONST", "CALL_FUNCTION", "DUP_TOP", "ROT_TWO", "STORE_ATTR", "BUILD_TUPLE"})
"""What lowering may put in that passes after it deal with."""
_CELLS = frozenset({"LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_BORROW"})
_Edits = dict[int, list[Row]]


def lifts(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lifting deals with."""
    return _MAKING


def lift(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Functions made in one instruction, with the name on the stack."""
    edits: _Edits = {}
    findings: list[Finding] = []
    for index in where(ops, _MAKING):
        op, flags, position = code.rows[index]
        if op == "MAKE_FUNCTION":
            inner = _code_at(code.rows, index - (1 if dialect.qualname else 2))
            end = index + 1
            if "SET_FUNCTION_ATTRIBUTE" in dialect.opcodes:
                flags, end = _attributes(code.rows, end)
            if not dialect.qualname:
                _take_name(code.rows, index, inner)
            else:
                edits[index] = [*_name(inner, position), instruction(op, flags, position)]
                for each in range(index + 1, end):
                    edits[each] = []
            if flags & ANNOTATIONS and dialect.annotations == "tuple":
                _lift_annotations(code.rows, index - (1 if dialect.qualname else 2), flags, edits)
        elif index not in edits:
            findings.append(_error(code, index, "it does not follow MAKE_FUNCTION in the order 8, 16 or 4, 2, 1"))
    if findings:
        raise TargetError(findings)
    change(code, ops, edits)
    return NOTHING


def lowers(dialect: isa.Dialect) -> Set[str]:
    """The mnemonics that lowering deals with."""
    return _MADE


def lower(code: Code, ops: list[str], dialect: isa.Dialect) -> Set[str]:
    """Functions made as the dialect does it; inner code objects learn their names."""
    lowering = _Lower(code, dialect)
    for index in where(ops, _MADE):
        lowering.function(index)
    if lowering.findings:
        raise TargetError(lowering.findings)
    change(code, ops, lowering.edits())
    return _ADDED


def _error(code: Code, index: int, message: str, hint: str = "") -> Finding:
    return Finding(message, f"{code.qualname}, instruction {index} ({code.rows[index][0]})", hint)


def _code_at(body: list[Row], index: int) -> Code | None:
    if index < 0 or body[index][0] != "LOAD_CONST":
        return None
    found = body[index][1]
    return found if isinstance(found, Code) else None


def _take_name(body: list[Row], index: int, inner: Code | None) -> None:
    """3.9 and 3.10: the code object does not know the qualified name, the instruction before does."""
    op, name, _ = body[index - 1]
    if inner is not None and op == "LOAD_CONST" and isinstance(name, str):
        inner.qualname = _qualname(inner, name)


def _qualname(inner: Code, name: str) -> str:
    """The qualified name of a code object that is made into a function of this name."""
    return (_qualname_in_body(inner) if name == inner.name else None) or name


def _qualname_in_body(inner: Code) -> str | None:
    """The name that the body of a class begins with setting."""
    before = None
    for op, arg, _ in inner.rows[: len(inner.cells) + _CLASS_BEGINS_WITHIN]:
        if op == "STORE_NAME" and arg == "__qualname__":
            return before if type(before) is str else None
        before = arg
    return None


_CLASS_BEGINS_WITHIN = 10
"""Instructions, beside those that make cells."""


def _name(inner: Code | None, position: Place | None) -> list[Row]:
    """Push the name of the code object on top: the qualified one, but for a class, whose body has that."""
    if inner is not None:
        name = inner.qualname
        if name != inner.name and _qualname_in_body(inner) == name:
            name = inner.name
        return [("LOAD_CONST", name, position)]
    return [instruction("DUP_TOP", None, position), instruction("LOAD_ATTR", "co_name", position)]


def _attributes(body: list[Row], index: int) -> tuple[int, int]:
    """The flags that SET_FUNCTION_ATTRIBUTE from here on stand for, and where that ends."""
    flags, last = 0, 2 * CLOSURE
    while index < len(body) and body[index][0] == "SET_FUNCTION_ATTRIBUTE":
        flag = ANNOTATIONS if body[index][1] == ANNOTATE else body[index][1]
        if flag >= last:
            break
        flags |= body[index][1]
        last = flag
        index += 1
    return flags, index


def _below_closure(body: list[Row], index: int, flags: int) -> int:
    """The last instruction before the closure of the code that is loaded at this index; -1 when it is not found."""
    index = _backwards(body, index - 1)
    if not flags & CLOSURE:
        return index
    if index < 0 or body[index][0] != "BUILD_TUPLE":
        return -1
    for _ in range(body[index][1]):
        index = _backwards(body, index - 1)
        if index < 0 or body[index][0] not in _CELLS:
            return -1
    return _backwards(body, index - 1)


def _backwards(body: list[Row], index: int) -> int:
    while index >= 0 and body[index][0] in ("NOP", LABEL):
        index -= 1
    return index


def _lift_annotations(body: list[Row], index: int, flags: int, edits: _Edits) -> None:
    """The tuple of names and annotations as a dict."""
    place = _below_closure(body, index, flags)
    if place < 0:
        return
    op, arg, position = body[place]
    if op == "BUILD_TUPLE" and arg % 2 == 0:
        edits[place] = [instruction("BUILD_MAP", arg // 2, position)]
    elif op == "LOAD_CONST" and type(arg) is tuple and len(arg) % 2 == 0:
        loads = [instruction("LOAD_CONST", each, position) for each in arg]
        edits[place] = [*loads, instruction("BUILD_MAP", len(arg) // 2, position)]


class _Starts(Walk):
    """Where the values of BUILD_CONST_KEY_MAP begin."""

    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        super().__init__(code, dialect, PORTABLE)
        self.found: dict[int, list[int | None]] = {}
        self.run({"BUILD_CONST_KEY_MAP": self._wanted})

    def _wanted(self, index: int, count: int) -> None:
        """It takes so many values and something on top."""
        self.found[index] = [self.begin(start) for start in self.starts[-1 - count : -1]]
        self.replace(index, count + 1, 1)


class _Lower:
    def __init__(self, code: Code, dialect: isa.Dialect) -> None:
        self.code = code
        self.dialect = dialect
        self.before: _Edits = {}
        self.instead: _Edits = {}
        self.findings: list[Finding] = []
        self.starts: _Starts | None = None

    def edits(self) -> _Edits:
        """What becomes of the body."""
        body, edits = self.code.rows, self.instead
        for index, first in self.before.items():
            edits[index] = first + edits.get(index, [body[index]])
        return edits

    def function(self, index: int) -> None:
        """A function is made here."""
        _, flags, position = self.code.rows[index]
        late: list[Row] = []
        if flags & ANNOTATE and self.dialect.annotations != "function":
            flags -= ANNOTATE
            late = self._annotate(index, flags)
        elif flags & ANNOTATIONS and self.dialect.annotations == "tuple":
            self._annotations(index, flags)
        self.instead[index] = [*self._made(index, flags, position), *late]

    def _made(self, index: int, flags: int, position: Place | None) -> list[Row]:
        inner = _code_at(self.code.rows, index - 2)
        op, name, _ = self.code.rows[index - 1]
        named = op == "LOAD_CONST" and type(name) is str
        if not self.dialect.qualname:
            return [instruction("MAKE_FUNCTION", flags, position)]
        late = []
        if inner is not None and named:
            self.instead[index - 1] = []
            inner.qualname = _qualname(inner, name)
        elif named:
            self.instead[index - 1] = []
            late = _set_attribute("__qualname__", [instruction("LOAD_CONST", name, position)], position)
        else:
            self.findings.append(_error(self.code, index, "the qualified name must be a constant", "load it before"))
        if "SET_FUNCTION_ATTRIBUTE" not in self.dialect.opcodes:
            return [instruction("MAKE_FUNCTION", flags, position), *late]
        attributes = [instruction("SET_FUNCTION_ATTRIBUTE", each, position) for each in ATTRIBUTES if flags & each]
        return [instruction("MAKE_FUNCTION", None, position), *attributes, *late]

    def _annotations(self, index: int, flags: int) -> None:
        """The dict of annotations as a tuple of names and values, which the compiler folds when all are constants."""
        body = self.code.rows
        place = _below_closure(body, index - 2, flags)
        op, count, position = body[place] if place >= 0 else body[index]
        if op == "BUILD_MAP":
            first = place - 2 * count
            if all(each[0] == "LOAD_CONST" for each in body[first:place]) and first >= 0:
                self._fold(range(first, place), place, tuple(each[1] for each in body[first:place]))
            else:
                self.instead[place] = [instruction("BUILD_TUPLE", 2 * count, position)]
        elif op == "BUILD_CONST_KEY_MAP" and body[place - 1][0] == "LOAD_CONST":
            self._pairs(place, count)

    def _fold(self, loads: range, place: int, constants: tuple[Any, ...]) -> None:
        for each in loads:
            self.instead[each] = []
        self.instead[place] = [instruction("LOAD_CONST", constants, self.code.rows[place][2])]

    def _pairs(self, place: int, count: int) -> None:
        """3.9's form, values and then a tuple of names: each name goes before its value."""
        body = self.code.rows
        names, position = body[place - 1][1], body[place][2]
        values = body[place - 1 - count : place - 1]
        if all(each[0] == "LOAD_CONST" for each in values):
            pairs = [each for name, value in zip(names, values) for each in (name, value[1])]
            self._fold(range(place - 1 - count, place), place, tuple(pairs))
            return
        if self.starts is None:
            self.starts = _Starts(self.code, self.dialect)
        begins = self.starts.found.get(place, [None])
        if None in begins:
            return
        for name, begin in zip(names, begins):
            self.before.setdefault(begin or 0, []).append(instruction("LOAD_CONST", name, body[begin or 0][2]))
        self.instead[place - 1] = []
        self.instead[place] = [instruction("BUILD_TUPLE", 2 * count, position)]

    def _annotate(self, index: int, flags: int) -> list[Row]:
        """Before 3.14 annotations are made with the function: call, then, what later makes them when it is asked to."""
        body = self.code.rows
        position = body[index][2]
        last = _below_closure(body, index - 2, flags)
        if last < 0 or body[last][0] != "MAKE_FUNCTION" or _code_at(body, last - 2) is None:
            message = f"{self.dialect.name} has no functions for annotations"
            self.findings.append(_error(self.code, index, message, "make the annotations a dict, flag 4"))
            return []
        first = last - 2
        if body[last][1] & CLOSURE:
            built = _backwards(body, first - 1)
            if built < 0 or body[built][0] != "BUILD_TUPLE":
                self.findings.append(_error(self.code, index, "the function for annotations has no plain closure"))
                return []
            first = built - body[built][1]
        makes = [each for place in range(first, last + 1) for each in self.instead.get(place, [body[place]])]
        for place in range(first, last + 1):
            self.instead[place] = []
        makes += [instruction("LOAD_CONST", 1, position), instruction("CALL_FUNCTION", 1, position)]
        return _set_attribute("__annotations__", makes, position)


def _set_attribute(name: str, value: list[Row], position: Place | None) -> list[Row]:
    """Set an attribute of the object on top, which stays."""
    return [
        instruction("DUP_TOP", None, position),
        *value,
        instruction("ROT_TWO", None, position),
        instruction("STORE_ATTR", name, position),
    ]
