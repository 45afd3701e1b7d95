"""Everything that can go wrong, in one family: `AssemblyError`.

An error holds *findings*: all that is wrong with one input, each with its place, so that a program is mended in one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyasm.typed import NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong.

    `place` says where, as a reader would look for it: `f.pyc: byte 83`, `f, instruction 3 (LOAD_FAST)`;
    `hint` what would be right, or the nearest valid name; `excerpt` the line of a text with a caret. Each may be
    empty.
    """

    message: str
    place: str = ""
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        if self.excerpt:
            return f"{text}\n{self.excerpt}\n    {self.hint}" if self.hint else f"{text}\n{self.excerpt}"
        return f"{text} ({self.hint})" if self.hint else text


class AssemblyError(Exception):
    """Base of all errors that Python Assembly raises for its input. `findings` holds every one of them."""

    findings: tuple[Finding, ...]

    def __init__(self, findings: str | Finding | Iterable[Finding]) -> None:
        if isinstance(findings, str):
            findings = Finding(findings)
        if isinstance(findings, Finding):
            findings = (findings,)
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


class MalformedError(AssemblyError, ValueError):
    """A `.pyc` file or a code object that no compiler of its version writes: cut off, out of range, of a wrong type."""


class EncodeError(AssemblyError, ValueError):
    """A `Code` that has no bytes: an unknown instruction or label, an operand of the wrong kind, a number too large."""


class TargetError(AssemblyError):
    """The target cannot express what the code holds: an instruction, a constant, a dialect that is not there."""


class VerificationError(AssemblyError, ValueError):
    """A `Code` that could crash the interpreter; its findings also have the rule, the stack and the way there."""


class TupleError(AssemblyError, ValueError):
    """A list of tuples that is no program: an unknown instruction or label, a missing END, text that is no literal."""


class AssemblySyntaxError(AssemblyError, SyntaxError):
    """Assembly text that cannot be read: a real SyntaxError, with file, line, column and the line itself.

    The attributes are those of the first error; `findings` and the message have all of them, each with its caret.
    """

    def __init__(
        self,
        findings: str | Finding | Iterable[Finding],
        filename: str = "<assembly>",
        lineno: int = 1,
        offset: int = 1,
        text: str = "",
    ) -> None:
        AssemblyError.__init__(self, findings)
        self.msg = str(self.findings[0].message)
        self.filename = filename
        self.lineno = lineno
        self.offset = offset
        self.text = text
        if len(self.findings) > 1 or self.findings[0].hint:
            self.__notes__ = [self._note()]

    def _note(self) -> str:
        """What a traceback is to show below the first finding: its hint, and the other findings."""
        first, *others = self.findings
        return "\n".join([*filter(None, [first.hint]), *map(str, others)])

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


def shown(value: object) -> str:
    """A value in a message, whatever it is."""
    try:
        return repr(value)
    except Exception:  # a number of very many digits, or an object that cannot say what it is
        return "a very large number" if isinstance(value, int) else f"a {type(value).__name__}"


def named(value: object) -> str:
    """A name in a message, even when it is none."""
    return value if isinstance(value, str) else shown(value)


def nearest(word: object, words: Iterable[str]) -> str:
    """The hint `did you mean …?` for a misspelt word, or an empty string when nothing is near."""
    import difflib  # only when something is wrong: it costs more than the rest of the package to import

    word = named(word)
    candidates: Sequence[str] = list(words)
    near = difflib.get_close_matches(word, candidates, 1) or difflib.get_close_matches(word.upper(), candidates, 1)
    return f"did you mean {near[0]}?" if near else ""


_WIDTH = 110
"""So many characters of a line are shown."""


def excerpt(line: str, column: int) -> str:
    """The part of a line around a column, and a caret under it."""
    first = max(0, column - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = "".join(map(_printable, line[first : first + _WIDTH]))
    left = shown.lstrip()
    caret = max(0, column - first - (len(shown) - len(left)))
    dots = "..." if first else ""
    return f"    {dots}{left}\n    {' ' * (len(dots) + caret)}^"


def source_lines(filename: str) -> list[str]:
    """The lines of a file, as tracebacks find them; none where nobody has them."""
    import linecache  # only when something is wrong, or of a function that has a text in it

    try:
        return linecache.getlines(filename)
    except Exception:  # it may ask the loader of a module, which may raise anything
        return []


def _printable(char: str) -> str:
    return char if char.isprintable() else " " if char in "\t\f" else "\N{REPLACEMENT CHARACTER}"
