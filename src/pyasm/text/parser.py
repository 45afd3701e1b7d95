"""Text as `Code`. The inverse is in printer.py; docs/text.md has the grammar.

A text is statements, a statement is tokens up to the end of a line or a semicolon. What is wrong with a statement is
noted, and reading goes on with the next one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from pyasm import isa
from pyasm.code import Code, Instruction
from pyasm.errors import TargetError
from pyasm.native.units import LABEL
from pyasm.text import constants, directives, link
from pyasm.text.definition import Definition
from pyasm.text.errors import Report, near
from pyasm.text.operands import Readers
from pyasm.text.tokens import ENDS, Tokens, Wrong, described

_new = tuple.__new__  # of a NamedTuple: faster than its own

_KEYWORDS = ("DEFINE", "END", "ADD_ARG", LABEL)


def parse(text: str, filename: str = "<assembly>") -> Code:
    """The code object of a text; `pyasm.parse` says what it takes and raises."""
    if not isinstance(text, str):
        raise TypeError(f"parse takes a str, not {type(text).__name__}")
    report = Report(text, filename)
    tokens = Tokens(text)
    try:
        code = _Parser(tokens, report, filename).parse()
    except RecursionError:
        report.add(0, "nested too deeply")
        code = None
    report.finish()
    assert code is not None  # else there is an error
    return code


class _Parser:
    """Reads one text."""

    def __init__(self, tokens: Tokens, report: Report, filename: str) -> None:
        self.tokens, self.texts, self.report, self.filename = tokens, tokens.texts, report, filename
        self.definitions: dict[str, Definition] = {}
        self.references = link.References()
        self.constants = constants.Reader(tokens, self.references.code)

    def parse(self) -> Code | None:
        """The outermost code object; None when something is wrong."""
        start = self._skip(0)
        dialect = self._target(start)
        if dialect is None:
            return None
        self.dialect = dialect
        self.readers = Readers(dialect, self.constants)
        self._statements(self._end(start) if self.texts[start] == ".target" else start)
        return None if self.report.full else self._finish()

    def _note(self, wrong: Wrong) -> None:
        self.report.add(self.tokens.offset(wrong.index) + wrong.shift, wrong.message, wrong.hint)

    def _note_all(self, wrongs: Iterable[Wrong]) -> None:
        for wrong in wrongs:
            if self.report.full:
                return
            self._note(wrong)

    def _end(self, i: int) -> int:
        return self.tokens.statement_end(i)

    def _skip(self, i: int) -> int:
        """The index of the next token that is no end of a statement, or the end of the text."""
        texts = self.texts
        while texts[i] in ENDS and texts[i]:
            i += 1
        return i

    def _expect_end(self, i: int) -> int:
        if self.texts[i] not in ENDS:
            raise Wrong(i, f"the end of the statement is needed, not {described(self.texts[i])}")
        return i

    def _target(self, i: int) -> isa.Dialect | None:
        """The dialect that the first statement names, the portable one without it; None when it is not there."""
        if self.texts[i] != ".target":
            return isa.load(isa.PORTABLE)
        name = "".join(self.texts[i + 1 : self._end(i)])
        try:
            return isa.load(name)
        except TargetError:
            message = f"there is no dialect {described(name)}" if name else "the name of a dialect is needed"
            self._note(Wrong(i + 1, message, "one of " + " ".join(isa.names())))
            return None

    # -- statements

    def _statements(self, i: int) -> None:
        texts, report = self.texts, self.report
        lost = False  # between definitions, after an error
        while not report.full:
            i = self._skip(i)
            if not texts[i]:
                return
            try:
                if self._keyword(i) == "DEFINE":
                    lost = False
                    i = self._definition(i)
                    continue
                if not lost:
                    lost = True
                    hint = self._outside(i) or "instructions stand between DEFINE and END"
                    raise Wrong(i, f"DEFINE is needed, not {described(texts[i])}", hint)
            except Wrong as wrong:
                self._note(wrong)
            i = self._end(i)

    def _outside(self, i: int) -> str:
        """A hint about what stands outside of all definitions, if there is one."""
        if self.texts[i].lower() == ".target":
            return ".target stands once, at the beginning, in small letters"
        return near(self.texts[i], ["DEFINE", ".target"])

    def _keyword(self, i: int) -> str:
        """The keyword that a token is, or an empty string."""
        word = self.texts[i].upper()
        return word if word in _KEYWORDS and self.texts[i + 1] != ":" else ""

    def _definition(self, i: int) -> int:
        """Read from DEFINE to END; where it goes on."""
        start = i
        try:
            name, i = self.constants.name(i + 1)
            self._expect_end(i)
        except Wrong as wrong:
            self._note(wrong)
            name, i = f"?{start}", self._end(start)
        if name in self.definitions:
            self._note(Wrong(start + 1, f"{name!r} is defined twice", "a .name gives two of the same name"))
            name = f"?{start}"
        code = self.references.define(name, self.dialect.name)
        definition = Definition(self.constants, code, self.dialect, name, start)
        self.definitions[name] = definition
        i = self._body(definition, i)
        definition.close()
        self._note_all(definition.faults())
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
                        self._expect_end(end)
                    body.append(_new(Instruction, (op, arg, definition.position)))
                    starts.append(i)
                    i = end
                elif op[0] == ".":
                    i = self._expect_end(directives.read(definition, i))
                elif self._keyword(i) == "END":
                    return self._expect_end(i + 1 + (texts[i + 1] == "0"))  # the 0 of the tuple form
                elif self._keyword(i) == "DEFINE":
                    self._note(
                        Wrong(i, f"END is needed before the next DEFINE, for that of {described(definition.name)}")
                    )
                    return i
                else:
                    i = self._other(definition, i)
            except Wrong as wrong:
                self._note(wrong)
                ended = self._keyword(i) == "END"
                i = self._end(i)
                if ended or self.report.full:
                    return i
        self._note(Wrong(definition.start, "this DEFINE has no END"))
        return i

    def _other(self, definition: Definition, i: int) -> int:
        """Read a statement that is no instruction in capitals; where it goes on."""
        word = self.texts[i]
        if self.texts[i + 1] == ":" and word[:1] != '"':
            label, i = self.constants.label(i)
            definition.add_label(label, i - 1)
            return i + 1
        keyword = self._keyword(i)
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
            words = [*self.readers.table, *_KEYWORDS]
            hint = self._elsewhere(word.upper()) or near(word.upper(), words)
            raise Wrong(i, f"no {self._kind()} is called {described(word)}", hint)
        return self._expect_end(end)

    def _kind(self) -> str:
        """What the instructions of this text are called."""
        name = self.dialect.name
        return "portable instruction" if name == isa.PORTABLE else f"instruction of {name}"

    def _elsewhere(self, mnemonic: str) -> str:
        """Which dialects have an instruction."""
        having = [name for name in (isa.PORTABLE, *isa.names()) if mnemonic in isa.load(name).opcodes]
        if not having:
            return ""
        found = f"it is one of {', '.join(having)}"
        return f"{found}; text of these begins with .target" if self.dialect.name == isa.PORTABLE else found

    # -- the end

    def _finish(self) -> Code | None:
        """What can only be checked when everything has been read."""
        if not self.definitions:
            self._note(Wrong(len(self.texts) - 1, "the text defines no code object", "DEFINE name ... END"))
            return None
        names = {name: definition.start + 1 for name, definition in self.definitions.items()}
        self._note_all(self.references.undefined(names))
        if self.report.found:
            return None
        root = self.references.root(names)
        self._note_all(self.references.faults(root, names))
        if root is None or self.report.found:
            return None
        self._complete(root)
        return root

    def _complete(self, root: Code) -> None:
        outer = next(d for d in self.definitions.values() if d.code is root)
        filename = self.filename if outer.filename is None else outer.filename
        lines: array[int] | None = None
        for definition in self.definitions.values():
            own = outer.filename is None and definition.filename is None
            if own and lines is None:
                lines = self.tokens.lines()
            definition.complete(filename, lines if own else None)
