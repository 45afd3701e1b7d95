"""The flat form of code objects: DEFINE, instructions, END. What a text is around them is in parser.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyasm import isa
from pyasm.code import Instruction
from pyasm.native.units import LABEL
from pyasm.text import constants, directives, link
from pyasm.text.definition import Definition
from pyasm.text.errors import Report, near
from pyasm.text.operands import Readers
from pyasm.text.tokens import ENDS, Tokens, Wrong, described

_new = tuple.__new__  # of a NamedTuple: faster than its own

KEYWORDS = ("DEFINE", "END", "ADD_ARG", LABEL)


class Structured(Exception):
    """A statement of the portable language that is more than the flat form."""


class FlatReader:
    """Reads the code objects of a text in one dialect, and keeps them by name."""

    def __init__(
        self, tokens: Tokens, report: Report, dialect: isa.Dialect, is_structured: Callable[[int], bool] | None = None
    ) -> None:
        self.tokens, self.texts, self.report, self.dialect = tokens, tokens.texts, report, dialect
        self.is_structured = is_structured
        """Is the wrong statement that begins at a token one of the language, and not wrong?"""
        self.definitions: dict[str, Definition] = {}
        self.references = link.References()
        self.constants = constants.Reader(tokens, self.references.code)
        self.readers = Readers(dialect, self.constants)

    def note(self, wrong: Wrong) -> None:
        """Add to the report what is wrong."""
        self.report.add(self.tokens.offset(wrong.index) + wrong.shift, wrong.message, wrong.hint)

    def note_all(self, wrongs: Iterable[Wrong]) -> None:
        """Add to the report what is wrong, unless there is enough in it."""
        for wrong in wrongs:
            if self.report.full:
                return
            self.note(wrong)

    def expect_end(self, i: int) -> int:
        """The index, where a statement must end."""
        if self.texts[i] not in ENDS:
            raise Wrong(i, f"the end of the statement is needed, not {described(self.texts[i])}")
        return i

    def keyword(self, i: int) -> str:
        """The keyword that a token is, or an empty string."""
        word = self.texts[i].upper()
        return word if word in KEYWORDS and self.texts[i + 1] != ":" else ""

    def definition(self, i: int) -> int:
        """Read from DEFINE to END; where it goes on. Structured when that is more than the flat form."""
        definition, i = self.head(i)
        return self.rest(definition, i)

    def head(self, i: int) -> tuple[Definition, int]:
        """Read DEFINE and the name; where it goes on."""
        start = i
        try:
            name, i = self.constants.name(i + 1)
            self.expect_end(i)
        except Wrong as wrong:
            self.note(wrong)
            name, i = f"?{start}", self.tokens.statement_end(start)
        if name in self.definitions:
            self.note(Wrong(start + 1, f"{name!r} is defined twice", "a .name gives two of the same name"))
            name = f"?{start}"
        code = self.references.define(name, self.dialect.name)
        definition = Definition(self.constants, code, self.dialect, name, start)
        self.definitions[name] = definition
        return definition, i

    def rest(self, definition: Definition, i: int) -> int:
        """Read what comes behind the name, up to END; where it goes on."""
        i = self._body(definition, i)
        definition.close()
        self.note_all(definition.faults())
        return i

    def _body(self, definition: Definition, i: int) -> int:
        """Read statements up to END; the index behind it."""
        texts, readers = self.texts, self.readers.table
        body, starts = definition.body, definition.starts
        while texts[i]:
            op = texts[i]
            if op in ENDS:
                i += 1
                continue
            reader = readers.get(op)
            try:
                if reader is not None and texts[i + 1] != ":":
                    arg, end = reader(i + 1)
                    if texts[end] not in ENDS:
                        self.expect_end(end)
                    body.append(_new(Instruction, (op, arg, definition.position)))
                    starts.append(i)
                    i = end
                elif op[0] == ".":
                    i = self.expect_end(directives.read(definition, i))
                elif self.keyword(i) == "END":
                    return self.expect_end(i + 1 + (texts[i + 1] == "0"))  # the 0 of the tuple form
                elif self.keyword(i) == "DEFINE":
                    name = definition.name
                    whose = "" if name[0] == "?" else f", for that of {described(name)}"
                    self.note(Wrong(i, f"END is needed before the next DEFINE{whose}"))
                    return i
                else:
                    i = self._other(definition, i)
            except Wrong as wrong:
                if self.is_structured is not None and self.is_structured(i):
                    raise Structured from None
                self.note(wrong)
                ended = self.keyword(i) == "END"
                i = self.tokens.statement_end(i)
                if ended or self.report.full:
                    return i
        self.note(Wrong(definition.start, "this DEFINE has no END"))
        return i

    def _other(self, definition: Definition, i: int) -> int:
        """Read a statement that is no instruction in capitals; where it goes on."""
        word = self.texts[i]
        if self.texts[i + 1] == ":" and word[:1] != '"':
            label, i = self.constants.label(i)
            definition.add_label(label, i - 1)
            return i + 1
        keyword = self.keyword(i)
        if keyword == LABEL:
            label, end = self.constants.label(i + 1)
            definition.add_label(label, i + 1)
        elif keyword == "ADD_ARG":
            end = definition.add_argument(i + 1)
        elif word.upper() in self.readers.table:
            arg, end = self.readers.table[word.upper()](i + 1)
            definition.body.append(Instruction(word.upper(), arg, definition.position))
            definition.starts.append(i)
        else:
            words = [*self.readers.table, *KEYWORDS]
            hint = self.elsewhere(word.upper()) or self.portable(word.upper()) or near(word.upper(), words)
            raise Wrong(i, f"no {self._kind()} is called {described(word)}", hint)
        return self.expect_end(end)

    def _kind(self) -> str:
        """What the instructions of this text are called."""
        name = self.dialect.name
        return "portable instruction" if name == isa.PORTABLE else f"instruction of {name}"

    def portable(self, word: str) -> str:
        """A hint for text of a native dialect: that the language has such a statement."""
        from pyasm.lang.parser.table import STATEMENTS  # only when something is wrong

        known = word in STATEMENTS and self.dialect.name != isa.PORTABLE
        return f"{word} is a statement of the language, which is portable: without .target" if known else ""

    def elsewhere(self, mnemonic: str) -> str:
        """Which dialects have an instruction."""
        having = [name for name in (isa.PORTABLE, *isa.names()) if mnemonic in isa.load(name).opcodes]
        if not having:
            return ""
        found = f"it is one of {', '.join(having)}"
        return f"{found}; text of these begins with .target" if self.dialect.name == isa.PORTABLE else found
