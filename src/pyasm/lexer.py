"""Assembly text in colour: a lexer for Pygments, which finds it by the name `pyasm` and by the suffix of a file.

It needs Pygments, so nothing else of the package imports it but the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pygments.lexer import ExtendedRegexLexer, LexerContext, bygroups, default, include, words
from pygments.lexers.python import PythonLexer
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from pyasm.lang import words as table

_NAME = r"(?:[^\W\d]\w*|`[^`\\\n]*(?:\\.[^`\\\n]*)*`)"
_LABEL = rf"(?:{_NAME}(?::{_NAME})*|'[^'\\\n]*(?:\\.[^'\\\n]*)*')"
_NUMBER = r"0[xXoObB]\w+|(?:[0-9][0-9_]*(?:\.[0-9][0-9_]*|\.(?![\w(!]))?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?[jJ]?"
_SIGN = r"->|:=|=:|\*\*=?|//=?|>>=?|<<=?|[<>=!]=|[-+*/%@&|^]=?|[~!<>?=\\]"


def _any_case(kind: Sequence[str], behind: str = "") -> words:
    return words(kind, prefix="(?i:", suffix=rf")(?!\w){behind}")


def _exact(kind: Sequence[str], behind: str = "") -> words:
    return words(kind, suffix=rf"(?!\w){behind}")


def _python(lexer: PyasmLexer, match: re.Match[str], context: LexerContext) -> Iterator[tuple[int, Any, str]]:
    """PYTHON, its bracket, and the Python source up to the one that closes it."""
    from pyasm.lang.parser.tokens import python_end

    yield match.start(1), Keyword, match[1]
    yield match.start(2), Whitespace, match[2]
    yield match.start(3), Punctuation, match[3]
    start, end = match.end(), python_end(context.text, match.end())
    for place, token, text in PythonLexer().get_tokens_unprocessed(context.text[start:end]):
        yield start + place, token, text
    context.pos = end


class PyasmLexer(ExtendedRegexLexer):
    """For the assembly language, and for the flat form in every dialect."""

    name = "Python Assembly"
    aliases: ClassVar[list[str]] = ["pyasm", "python-assembly"]
    filenames: ClassVar[list[str]] = ["*.pyasm"]
    mimetypes: ClassVar[list[str]] = ["text/x-python-assembly"]
    url = "https://pypi.org/project/python-assembly/"
    version_added = ""

    tokens: ClassVar[dict[str, list[Any]]] = {
        # where a statement may begin
        "root": [
            (r"[ \t\r\f\n]+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r"[;{}]", Punctuation),
            (r"(?i:(PYTHON))(\s*)(\{)", _python),
            (rf"(?i:(DEF|DEFINE))([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Function), "rest"),
            (rf"(?i:(CLASS))([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Class), "rest"),
            (rf"(?i:(NAMESPACE))([ \t]+)({_LABEL})", bygroups(Keyword, Whitespace, Name.Namespace), "rest"),
            (
                rf"(?i:(MACRO)([ \t]+)(?:(ASSEMBLY)([ \t]+))?)({_LABEL})",
                bygroups(Keyword, Whitespace, Keyword, Whitespace, Name.Function),
                "rest",
            ),
            (rf"({_LABEL})(:)(?!=)", bygroups(Name.Label, Punctuation)),
            (_any_case(["ASYNC"]), Keyword),
            (_any_case([word for word in table.words().jumps if word in table.STATEMENTS]), Keyword, "label"),
            (_any_case(table.words().jumps), Name.Function, "label"),
            (_any_case(table.STATEMENTS), Keyword, "rest"),
            (_any_case(table.CLAUSES), Keyword, "rest"),
            (_any_case(table.words().mnemonics), Name.Function, "operand"),
            (r"\.handler(?!\w)", Keyword.Pseudo, "labels"),
            (_exact(table.words().directives), Keyword.Pseudo, "rest"),
            (_exact(table.REDUCERS, r"(?=\s*\()"), Operator.Word, "rest"),
            (rf"({_NAME})(?=[ \t(])", Name.Function, "rest"),
            default("rest"),
        ],
        # behind a word that names a label
        "label": [
            (r"[ \t]+", Whitespace),
            (_LABEL, Name.Label, ("#pop", "rest")),
            default(("#pop", "rest")),
        ],
        "labels": [
            (r"[ \t]+", Whitespace),
            (r"lasti(?!\w)", Keyword),
            (_LABEL, Name.Label),
            (_NUMBER, Number),
            default(("#pop", "rest")),
        ],
        # behind the mnemonic of an instruction
        "operand": [
            (r"[ \t]+", Whitespace),
            include("constants"),
            (rf"{_NAME}(?!\()", Name, ("#pop", "rest")),
            default(("#pop", "rest")),
        ],
        # up to the end of a statement, or to where another one may begin in it
        "rest": [
            (r"[ \t\r\f]+", Whitespace),
            (r"\n", Whitespace, "#pop"),
            (r"[;{}]", Punctuation, "#pop"),
            (r"#[^\n]*", Comment.Single),
            include("constants"),
            (rf"@!?{_NAME}", Name.Variable.Global),
            (rf"\$:?(?:{_NAME}|[0-9]+)", Name.Variable.Instance),
            (rf"§{_NAME}", Name.Variable.Class),
            (rf"~{_NAME}", Name.Builtin),
            (rf"[&!]{_NAME}", Name.Variable.Magic),
            (rf"\.!?{_NAME}", Name.Attribute),
            (r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'?", Name.Label),
            (rf"{_NAME}(?=\s*=[^=:])", Name.Variable),
            (_exact(table.WITHIN), Keyword),
            (_exact(table.TYPES), Keyword.Type),
            (_any_case(table.OPERATORS), Operator.Word),
            (_exact(table.REDUCERS, r"(?=\s*\()"), Operator.Word),
            (_exact(table.words().flags), Keyword.Constant),
            (_SIGN, Operator),
            (r"[()\[\],:.]", Punctuation),
            (_NAME, Name),
        ],
        "constants": [
            (_exact(table.CONSTANTS), Keyword.Constant),
            (r"\.\.\.", Keyword.Constant),
            (_exact(table.FORMS, r"(?=\()"), Name.Builtin),
            (_NUMBER, Number),
            (r'([bB]?)(")', bygroups(String.Affix, String.Double), "string"),
        ],
        "string": [
            (r'[^"\\\n]+', String.Double),
            (r'"', String.Double, "#pop"),
            (r"\\(?:N\{[^}\n]*\}|x\w{2}|u\w{4}|U\w{8}|[0-7]{1,3}|.)", String.Escape),
            default("#pop"),
        ],
    }
