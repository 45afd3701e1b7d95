"""Writes pyasm.tmLanguage.json, the grammar for editors, from the words of the language: python editors/textmate.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyasm.lang import words

FILE = Path(__file__).with_name("pyasm.tmLanguage.json")

NAME = r"(?:[\p{L}_][\p{L}\p{N}_]*|`(?:\\.|[^`\\])*`)"
LABEL = rf"(?:{NAME}(?::{NAME})*|'(?:\\.|[^'\\])*')"
BEGIN = r"(?:^|(?<=[;{}:]))\s*"
END = r"(?![\p{L}\p{N}_])"
BEFORE = r"(?<![\p{L}\p{N}_.$@~&§!])"


def any_case(kind: Iterable[str]) -> str:
    """A pattern for one of these words, in capitals or not."""
    return f"(?i:{exact(kind)})"


def exact(kind: Iterable[str]) -> str:
    """A pattern for one of these words, the longest first."""
    return "|".join(map(re.escape, sorted(kind, key=lambda word: (-len(word), word))))


def grammar() -> dict[str, Any]:
    """The whole grammar."""
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "comment": "Made by editors/textmate.py",
        "name": "Python Assembly",
        "scopeName": "source.pyasm",
        "fileTypes": ["pyasm"],
        "patterns": [{"include": f"#{name}"} for name in repository()],
        "repository": repository(),
    }


def repository() -> dict[str, Any]:
    """The parts of the grammar, in the order in which they are tried."""
    return {
        "comment": {"name": "comment.line.number-sign.pyasm", "match": "#.*$"},
        "python": python(),
        "string": string(),
        "definition": {"patterns": definitions()},
        "statement": {"patterns": statements()},
        "label": {"name": "entity.name.label.pyasm", "match": r"'(?:\\.|[^'\\])*'"},
        "variable": {"patterns": variables()},
        "word": {"patterns": other_words()},
        "number": number(),
        "operator": {"name": "keyword.operator.pyasm", "match": r"->|:=|=:|[<>=!]=|[-+*/%@&|^~!<>?=]|\\"},
    }


def python() -> dict[str, Any]:
    return {
        "begin": rf"{BEGIN}(?i:(PYTHON))\s*(\{{)",
        "beginCaptures": captures("keyword.control", "punctuation.section.block"),
        "end": r"\}",
        "contentName": "meta.embedded.block.python",
        "patterns": [{"include": "source.python"}],
    }


def string() -> dict[str, Any]:
    escapes = r"\\(?:N\{[^}]*\}|x\h{2}|u\h{4}|U\h{8}|[0-7]{1,3}|.)"
    return {
        "name": "string.quoted.double.pyasm",
        "begin": r"(?i:\b(b))?\"",
        "beginCaptures": captures("storage.type.string"),
        "end": '"|$',
        "patterns": [{"name": "constant.character.escape.pyasm", "match": escapes}],
    }


def definitions() -> list[dict[str, Any]]:
    kinds = {"function": "DEF|DEFINE|MACRO(?:\\s+ASSEMBLY)?", "class": "CLASS", "namespace": "NAMESPACE"}
    return [
        {
            "match": rf"{BEGIN}(?i:(ASYNC\s+)?({pattern}))\s+({LABEL})",
            "captures": captures("keyword.control", "keyword.control", f"entity.name.{kind}"),
        }
        for kind, pattern in kinds.items()
    ]


def statements() -> list[dict[str, Any]]:
    table = words.words()
    jumps = [word for word in table.jumps if word not in words.STATEMENTS]
    labelled = [word for word in table.jumps if word in words.STATEMENTS]
    keywords = [*words.STATEMENTS, *words.CLAUSES]
    return [
        {
            "match": rf"{BEGIN}({any_case(labelled)}){END}(?:[ \t]+({LABEL}))?",
            "captures": captures("keyword.control", "entity.name.label"),
        },
        {
            "match": rf"{BEGIN}({any_case(jumps)}){END}(?:[ \t]+({LABEL}))?",
            "captures": captures("support.function", "entity.name.label"),
        },
        {"match": rf"{BEGIN}({LABEL})(:)(?!=)", "captures": captures("entity.name.label", "punctuation.separator")},
        {"match": rf"{BEGIN}({any_case(keywords)}){END}", "captures": captures("keyword.control")},
        {"match": rf"{BEGIN}({any_case(table.mnemonics)}){END}", "captures": captures("support.function")},
        {"match": rf"{BEGIN}({exact(table.directives)}){END}", "captures": captures("keyword.other.directive")},
    ]


def variables() -> list[dict[str, Any]]:
    kinds = {
        "variable.other.global": rf"@!?{NAME}",
        "variable.other.local": rf"\$:?(?:{NAME}|[0-9]+)",
        "variable.other.captured": rf"§{NAME}",
        "support.constant.builtin": rf"~{NAME}",
        "variable.parameter": rf"[&!]{NAME}",
        "variable.other.member": rf"\.!?{NAME}",
    }
    return [{"name": f"{scope}.pyasm", "match": pattern} for scope, pattern in kinds.items()]


def other_words() -> list[dict[str, Any]]:
    kinds = {
        "keyword.control": exact(words.WITHIN),
        "keyword.operator.word": any_case(words.OPERATORS),
        "support.type": exact(words.TYPES),
        "constant.language": exact([*words.CONSTANTS, *words.words().flags]),
    }
    calls = exact([*words.REDUCERS, *words.FORMS])
    return [
        *({"name": f"{scope}.pyasm", "match": f"{BEFORE}(?:{pattern}){END}"} for scope, pattern in kinds.items()),
        {"name": "constant.language.pyasm", "match": r"\.\.\."},
        {"name": "support.function.builtin.pyasm", "match": rf"{BEFORE}(?:{calls})(?=\s*\()"},
    ]


def number() -> dict[str, Any]:
    pattern = r"0[xXoObB][\h_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?[jJ]?"
    return {"name": "constant.numeric.pyasm", "match": rf"(?<![\p{{L}}\p{{N}}_])(?:{pattern})"}


def captures(*scopes: str) -> dict[str, dict[str, str]]:
    """The scopes of the groups of a pattern."""
    return {str(i): {"name": f"{scope}.pyasm"} for i, scope in enumerate(scopes, 1)}


def text() -> str:
    """What the file must hold."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8", newline="\n")
