"""What the commands write to: colour where it is wanted, columns that line up, errors, and a quiet end."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import wraps
from typing import Any, Callable, NamedTuple, Optional, TextIO, TypeVar, Union

from rich.style import Style

from pyasm.errors import AssemblyError


class Color(str, Enum):
    """When to write in colour: on a terminal, always, never."""

    auto = "auto"
    always = "always"
    never = "never"


STYLES: dict[str, Style] = {
    "mnemonic": Style(color="cyan"),
    "label": Style(color="yellow"),
    "name": Style(),
    "constant": Style(color="green"),
    "keyword": Style(bold=True),
    "directive": Style(color="magenta"),
    "comment": Style(color="bright_black"),
    "heading": Style(bold=True),
    "number": Style(color="blue"),
    "error": Style(color="red", bold=True),
    "plain": Style(),
}
"""The kinds of text, and how each looks; only the sixteen colours that every terminal has and its user chose."""


class Paint:
    """Writes a piece of text in the style of its kind, or plainly."""

    def __init__(self, color: Color, stream: TextIO) -> None:
        """`auto` is colour on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is a dumb one."""
        self.colored = color is Color.always
        if color is Color.auto and stream.isatty():
            self.colored = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def __call__(self, kind: str, text: str) -> str:
        """The text as it is written."""
        style = STYLES[kind]
        if not self.colored or not style or not text:
            return text
        return style.render(text)


class Cell(NamedTuple):
    """A piece of a table."""

    text: str
    kind: str = "plain"


def columns(
    rows: Sequence[Sequence[Cell]], paint: Paint, right: Iterable[int] = (), width: Optional[int] = None
) -> list[str]:
    """Rows of cells as lines, two spaces between columns, those in `right` set to the right.

    The last column is broken at spaces where a line would be wider than `width`.
    """
    right = set(right)
    widths = [max(map(len, texts)) for texts in zip(*[[cell.text for cell in row[:-1]] for row in rows])]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for row in rows:
        pieces = []
        for i, (cell, size) in enumerate(zip(row, widths)):
            padding = " " * (size - len(cell.text))
            painted = paint(cell.kind, cell.text)
            pieces.append(padding + painted if i in right else painted + padding)
        first, *more = _broken(row[-1].text, width and width - indent)
        lines.append("  ".join([*pieces, paint(row[-1].kind, first)]).rstrip())
        lines += [" " * indent + paint(row[-1].kind, text) for text in more]
    return lines


def _broken(text: str, width: Optional[int]) -> list[str]:
    if width is None or len(text) <= width:
        return [text]
    return textwrap.wrap(text, max(width, 24), break_long_words=False, break_on_hyphens=False)


class Output:
    """Standard output, for text: UTF-8 in a file or a pipe; a terminal gets what it can show."""

    def __init__(self, color: Color) -> None:
        stream: Any = sys.stdout
        self.paint = Paint(color, stream)
        self.width: Optional[int] = None
        """How many characters a line of the terminal holds; None when it is none."""
        if stream.isatty():
            self.width = shutil.get_terminal_size().columns
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace", newline="\n")

    def lines(self, lines: Iterable[str]) -> None:
        """Write these lines, and let them be seen: what comes next may take its time."""
        sys.stdout.writelines(line + "\n" for line in lines)
        sys.stdout.flush()

    def table(self, rows: Sequence[Sequence[Cell]], right: Iterable[int] = ()) -> None:
        """Write rows of cells in columns, those in `right` set to the right."""
        self.lines(columns(rows, self.paint, right, self.width))


@contextmanager
def progress(count: int, wanted: bool) -> Iterator[Callable[[], object]]:
    """A bar on the terminal, if it is wanted; what it gives is called after each of so many steps."""
    if not wanted:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    bar = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=count)
        yield lambda: shown.advance(task)


def complain(error: Union[AssemblyError, OSError]) -> None:
    """Write what is wrong to stderr, `pyasm:` before it."""
    text = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    print(Paint(Color.auto, sys.stderr)("error", "pyasm:"), text, file=sys.stderr)


Command = TypeVar("Command", bound=Callable[..., Any])


def guarded(command: Command) -> Command:
    """A command that ends with an exit code and a message instead of a traceback."""

    @wraps(command)
    def run(*args: Any, **keywords: Any) -> None:
        try:
            code = command(*args, **keywords)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush does not fail too
            code = 141
        except (AssemblyError, OSError) as error:
            complain(error)
            code = 1
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    return run  # type: ignore[return-value]
