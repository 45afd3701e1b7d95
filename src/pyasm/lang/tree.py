"""The tree of a text in the assembly language.

Every node has the places in the text where it starts and ends, counted in characters. Nodes say what was written, not
what it means: nothing is looked up, folded or checked beyond the grammar.

Expressions, targets and statements are three kinds of node, blocks hold statements, and what is a code object of its
own has `settings`: what its directives say.
"""

from __future__ import annotations

from pyasm.code import Code, Position
from pyasm.text.definition import Definition
from pyasm.typed import TYPE_CHECKING, Any, NamedTuple

# -- expressions: values of the program


class Constant(NamedTuple):
    """A literal: a number, a string, bytes, None, True, False or `...`. LOAD_CONST has more of them, see Literal."""

    start: int
    end: int
    value: Any


class Global(NamedTuple):
    """`@name`: looked up when it runs."""

    start: int
    end: int
    name: str


class StaticGlobal(NamedTuple):
    """`@!name`: the value that the global has when the code is assembled."""

    start: int
    end: int
    name: str


class Local(NamedTuple):
    """`$name`, or `$0` by its number."""

    start: int
    end: int
    name: str | int


class CallerLocal(NamedTuple):
    """`$:name` in a macro: a local variable of the code that calls it."""

    start: int
    end: int
    name: str


class Captured(NamedTuple):
    """`§name`: a variable that is shared with an outer or inner function."""

    start: int
    end: int
    name: str


class Builtin(NamedTuple):
    """`~name`: a builtin, a module, or a word that the assembler knows; found when the code is assembled."""

    start: int
    end: int
    name: str


class Binding(NamedTuple):
    """`&name`: a parameter of the macro around it, or an object that was handed to the assembler."""

    start: int
    end: int
    name: str


class Top(NamedTuple):
    """`%`, `%n`: the value on top of the stack, or n below it. As a target: leave the value there."""

    start: int
    end: int
    depth: int


class Item(NamedTuple):
    """`value[key]`; the key may be a Slice, or a Tuple with slices in it."""

    start: int
    end: int
    value: Expression
    key: Expression


class Slice(NamedTuple):
    """`lower:upper:step` in brackets; what is left out is None."""

    start: int
    end: int
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Attribute(NamedTuple):
    """`value.name`"""

    start: int
    end: int
    value: Expression
    name: str


class ComputedAttribute(NamedTuple):
    """`value.(name)`: the name is the value of an expression."""

    start: int
    end: int
    value: Expression
    name: Expression


class StaticAttribute(NamedTuple):
    """`value.!name`: read when the code is assembled."""

    start: int
    end: int
    value: Expression
    name: str


class Call(NamedTuple):
    """`function(arguments)`. `partial`: CALL PARTIAL, which gives a callable. The span is from the function on."""

    start: int
    end: int
    function: Expression
    arguments: tuple[Argument, ...]
    partial: bool = False


class Argument(NamedTuple):
    """An argument: `e`, `name=e` (with `name`), `*e` (`stars` is 1) or `**e` (2). `delayed`: a `?` is before it."""

    start: int
    end: int
    value: Expression
    name: str | None = None
    stars: int = 0
    delayed: bool = False


class List(NamedTuple):
    """`[a, *b]`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Tuple(NamedTuple):
    """`(a, *b)`, `(a,)`, `()`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Set(NamedTuple):
    """`{a, *b}`"""

    start: int
    end: int
    elements: tuple[Expression | Starred, ...]


class Map(NamedTuple):
    """`{key: value, **more}`; `**more` is a Pair without a key."""

    start: int
    end: int
    pairs: tuple[Pair, ...]


class Pair(NamedTuple):
    """`key: value`; without a key it is `**value`."""

    start: int
    end: int
    key: Expression | None
    value: Expression


class Starred(NamedTuple):
    """`*value`, in a display, or `*target` where something is unpacked."""

    start: int
    end: int
    value: Expression | Target | Starred


class Unary(NamedTuple):
    """`operator` is "-", "+", "~" or "not"."""

    start: int
    end: int
    operator: str
    operand: Expression


class Binary(NamedTuple):
    """Both operands are evaluated. `operator` is one of Python's, or "xor", "nand", "nor", "xnor" (of truths),
    "isinstance", "issubclass", "hasattr".
    """

    start: int
    end: int
    operator: str
    left: Expression
    right: Expression


class Compare(NamedTuple):
    """`first < second <= third`: `rest` has the operators, as Python spells them ("not in"), and operands."""

    start: int
    end: int
    first: Expression
    rest: tuple[tuple[str, Expression], ...]


class Logic(NamedTuple):
    """`a and b and c`: `operator` is "and" or "or"; there are two operands or more."""

    start: int
    end: int
    operator: str
    operands: tuple[Expression, ...]


class Assign(NamedTuple):
    """`target := value` and `value =: target`: it is stored, and the value stays. The value is evaluated first."""

    start: int
    end: int
    target: Target
    value: Expression


class Reduce(NamedTuple):
    """`sum(a, b)`: `operator` is sum, prod, avg, avgi, tuple, list, set, dict, min, max or len."""

    start: int
    end: int
    operator: str
    arguments: tuple[Argument, ...]


class Await(NamedTuple):
    """`AWAIT value`"""

    start: int
    end: int
    value: Expression


if TYPE_CHECKING:
    Expression = (
        Constant
        | Global
        | StaticGlobal
        | Local
        | CallerLocal
        | Captured
        | Builtin
        | Binding
        | Top
        | Item
        | Slice
        | Attribute
        | ComputedAttribute
        | StaticAttribute
        | Call
        | List
        | Tuple
        | Set
        | Map
        | Unary
        | Binary
        | Compare
        | Logic
        | Assign
        | Reduce
        | Await
    )


# -- targets: places for a value


class Discard(NamedTuple):
    r"""The target `\`: drop the value."""

    start: int
    end: int


class Targets(NamedTuple):
    """`a, b, *rest`: unpack the value. One of them may be Starred."""

    start: int
    end: int
    elements: tuple[Target | Starred, ...]


if TYPE_CHECKING:
    Target = (
        Global
        | Local
        | CallerLocal
        | Captured
        | Binding
        | Attribute
        | ComputedAttribute
        | Item
        | Top
        | Discard
        | Targets
    )


# -- statements. A `target` that is None leaves the value on the stack.


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


class If(NamedTuple):
    """The conditions with their blocks, in order, and the block of ELSE."""

    start: int
    end: int
    label: Name | None
    branches: tuple[tuple[Expression, Block], ...]
    orelse: Block | None


class While(NamedTuple):
    """`WHILE condition 'label' { } ELSE { }`"""

    start: int
    end: int
    label: Name | None
    condition: Expression
    body: Block
    orelse: Block | None


class Foreach(NamedTuple):
    """`FOREACH targets IN a, b * c`: `sources` is ((a, b), (c,)), the product of what is zipped.

    There is one target for each source, in order.
    """

    start: int
    end: int
    asynchronous: bool
    label: Name | None
    targets: tuple[Target, ...]
    sources: tuple[tuple[Expression, ...], ...]
    body: Block


class Break(NamedTuple):
    """`BREAK 'label'`"""

    start: int
    end: int
    label: Name | None


class Continue(NamedTuple):
    """`CONTINUE 'label'`"""

    start: int
    end: int
    label: Name | None


class Try(NamedTuple):
    """`TRY { } EXCEPT { } ELSE { } FINALLY { }`"""

    start: int
    end: int
    body: Block
    handlers: tuple[Except, ...]
    orelse: Block | None
    final: Block | None


class Except(NamedTuple):
    """`EXCEPT type -> target { }`; `star`: `EXCEPT *type`. Without a target the exception is dropped."""

    start: int
    end: int
    star: bool
    type: Expression | None
    target: Target | None
    body: Block


class With(NamedTuple):
    """`WITH value -> target, value { }`"""

    start: int
    end: int
    asynchronous: bool
    items: tuple[WithItem, ...]
    body: Block


class WithItem(NamedTuple):
    """One value of a WITH, and where what it gives on entry goes; without a target it is dropped."""

    start: int
    end: int
    value: Expression
    target: Target | None


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


class Located(NamedTuple):
    """`.loc`: the position of the statements that follow. None: that of what is before (`.loc same`)."""

    start: int
    end: int
    position: Position | None


# -- definitions


class Parameter(NamedTuple):
    """`name: annotation = default`. `kind` is one of "posonly", "arg", "vararg", "kwonly", "kwarg"."""

    start: int
    end: int
    kind: str
    name: str
    annotation: Expression | None
    default: Expression | None


class Function(NamedTuple):
    """`ASYNC DEF name <captured> (parameters) -> target { }`. Without a name or a target the function is left on the
    stack; without a target but with a name it is stored under it.
    """

    start: int
    end: int
    asynchronous: bool
    name: Name | None
    captured: tuple[Name, ...]
    parameters: tuple[Parameter, ...]
    target: Target | None
    body: Block
    settings: Definition | None


class Class(NamedTuple):
    """`CLASS name <a:b> (arguments) -> target { }`; the namespace is () when there is none."""

    start: int
    end: int
    name: Name
    namespace: tuple[str, ...]
    arguments: tuple[Argument, ...]
    target: Target | None
    body: Block
    settings: Definition | None


class Define(NamedTuple):
    """`DEFINE name ... END`, the flat form, with statements that are more than instructions.

    `settings.code` is the code object itself, which `code(name)` refers to: it has the parameters, and no body yet.
    """

    start: int
    end: int
    name: Name
    body: Block
    settings: Definition


class Flat(NamedTuple):
    """`DEFINE name ... END` of plain instructions: the code object, complete."""

    start: int
    end: int
    name: Name
    code: Code


# -- macros


class MacroType(NamedTuple):
    """`VARIABLE`, `CODE_BLOCK[2]`, `VARIABLE_ARG[LABEL]`; the words in brackets are types or numbers."""

    start: int
    end: int
    name: str
    arguments: tuple[MacroType | int, ...]


class MacroParameter(NamedTuple):
    """`&name TYPE`, `!name TYPE`; `once`: a `!` is before it."""

    start: int
    end: int
    name: str
    once: bool
    type: MacroType | None


class Macro(NamedTuple):
    """`MACRO ASSEMBLY a:name (parameters) -> type { }`; `path` is ("a", "name")."""

    start: int
    end: int
    assembly: bool
    path: tuple[str, ...]
    parameters: tuple[MacroParameter, ...]
    returns: MacroType | None
    body: Block


class MacroCall(NamedTuple):
    """`CALL MACRO a:name(arguments) -> target`; `bare`: without the words CALL MACRO, for a MACRO ASSEMBLY.

    An argument is an expression, a Block, or the Name of a label. `{ }` is a Block without statements.
    """

    start: int
    end: int
    bare: bool
    path: tuple[str, ...]
    arguments: tuple[Expression | Block | Name, ...]
    target: Target | None


class MacroPaste(NamedTuple):
    """`MACRO_PASTE parameter [arguments] -> target`"""

    start: int
    end: int
    name: Name
    arguments: tuple[Expression | Block | Name, ...]
    target: Target | None


class MacroReturn(NamedTuple):
    """`MACRO_RETURN value`"""

    start: int
    end: int
    value: Expression | None


class MacroImport(NamedTuple):
    """`MACRO_IMPORT module -> a:b`; the namespace is None when none is given."""

    start: int
    end: int
    module: str
    namespace: tuple[str, ...] | None


class Namespace(NamedTuple):
    """`NAMESPACE a:b { }`"""

    start: int
    end: int
    path: tuple[str, ...]
    body: Block


if TYPE_CHECKING:
    Statement = (
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


# -- the whole


class Module(NamedTuple):
    """A text: its statements, and the code objects of its DEFINEs, which may stand between them.

    `root` is the name of the DEFINE that is the program, the outermost one; None where the statements are the program.
    `settings` are the directives outside of everything.
    """

    start: int
    end: int
    text: str
    body: Block
    definitions: tuple[Define | Flat, ...]
    settings: Definition | None
    root: str | None = None
