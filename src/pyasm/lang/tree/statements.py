"""Statements of one line. A `target` that is None leaves the value on the stack."""

from __future__ import annotations

from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typing import TypeAlias

    from pyasm.code import Position
    from pyasm.lang.tree.definitions import Class, Function
    from pyasm.lang.tree.expressions import Expression, Target, Targets
    from pyasm.lang.tree.flow import Break, Continue, Foreach, If, Try, While, With
    from pyasm.lang.tree.macros import Macro, MacroCall, MacroImport, MacroPaste, MacroReturn, Namespace


class Name(NamedTuple):
    """A word in a statement whose place an error may need: a label, a name."""

    start: int
    end: int
    text: str


class Block(NamedTuple):
    """`{ statements }`, from bracket to bracket."""

    start: int
    end: int
    statements: tuple[Statement, ...]


class Load(NamedTuple):
    """`LOAD value -> target`, and in the same way OP, CALL and AWAIT: evaluate, then store."""

    start: int
    end: int
    value: Expression
    target: Target | None


class Store(NamedTuple):
    """`STORE target (value)`; without a value it is the top of the stack."""

    start: int
    end: int
    target: Target
    value: Expression | None


class Delete(NamedTuple):
    """`DELETE target`"""

    start: int
    end: int
    target: Target


class Literal(NamedTuple):
    """The operand of LOAD_CONST: any constant that has text, a code object of this text (`code(f)`) among them."""

    start: int
    end: int
    value: Any


class Instruction(NamedTuple):
    """A portable instruction: `MNEMONIC operand (value) -> target`.

    The operand is as in `Code`: a name, a label, a number, a word, or None. For LOAD_CONST it is a Literal or a
    StaticGlobal (`@g`); a variable or name that is given by its number is an int.
    """

    start: int
    end: int
    mnemonic: str
    operand: Any
    value: Expression | None
    target: Target | None


class Stack(NamedTuple):
    """`POP n`, `DUP n`, `SWAP n`: the number is None where none is written."""

    start: int
    end: int
    mnemonic: str
    number: int | None


class Raw(NamedTuple):
    """`RAW opname argument`: an instruction of the running dialect. The argument is as in its `Code`, None when the
    dialect has no such instruction.
    """

    start: int
    end: int
    mnemonic: str
    argument: Any


class Label(NamedTuple):
    """`LABEL name`, `name:`"""

    start: int
    end: int
    name: Name


class Jump(NamedTuple):
    """`JUMP label IF condition`"""

    start: int
    end: int
    label: Name
    condition: Expression | None


class Return(NamedTuple):
    """`RETURN value`; without one it is the top of the stack."""

    start: int
    end: int
    value: Expression | None


class Yield(NamedTuple):
    """`YIELD value -> target`; `delegate`: `YIELD * value`. Without a value it is the top of the stack."""

    start: int
    end: int
    delegate: bool
    value: Expression | None
    target: Target | None


class Raise(NamedTuple):
    """`RAISE exception FROM cause`; without an exception it raises the one that is being handled."""

    start: int
    end: int
    exception: Expression | None
    cause: Expression | None


class Assert(NamedTuple):
    """`ASSERT condition message`; `static`: ASSERT_STATIC, evaluated when the code is assembled."""

    start: int
    end: int
    static: bool
    condition: Expression
    message: Expression | None


class Import(NamedTuple):
    """`IMPORT a.b.c -> target`; without a target the module is left on the stack."""

    start: int
    end: int
    module: str
    target: Target | None


class FromImport(NamedTuple):
    """`FROM a IMPORT b -> target, c`; `level` counts the dots before the module."""

    start: int
    end: int
    level: int
    module: str
    names: tuple[tuple[Name, Target | None], ...]


class Unpack(NamedTuple):
    """`UNPACK value -> a, *b, c`"""

    start: int
    end: int
    value: Expression
    targets: Targets


class Python(NamedTuple):
    """`PYTHON { source }`: what stands between the brackets, as it stands there; it starts at `source_start`."""

    start: int
    end: int
    source: str
    source_start: int
    names: tuple[tuple[str, str], ...] | None = None
    """In a macro: the variables with their names in the code that calls it."""


class Located(NamedTuple):
    """`.loc`: the position of the statements that follow. None: that of what is before (`.loc same`)."""

    start: int
    end: int
    position: Position | None


if TYPE_CHECKING:
    Statement: TypeAlias = (
        Load
        | Store
        | Delete
        | Instruction
        | Stack
        | Raw
        | Label
        | Jump
        | If
        | While
        | Foreach
        | Break
        | Continue
        | Try
        | With
        | Return
        | Yield
        | Raise
        | Assert
        | Import
        | FromImport
        | Unpack
        | Python
        | Located
        | Function
        | Class
        | Macro
        | MacroCall
        | MacroPaste
        | MacroReturn
        | MacroImport
        | Namespace
    )
