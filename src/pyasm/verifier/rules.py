"""What the signatures cannot say of single instructions: a function by mnemonic, which sees the entries that are taken.

It may change the types of those that are left, and note problems.
"""

from __future__ import annotations

from pyasm.isa import PORTABLE
from pyasm.isa.slots import fits, meaning
from pyasm.typed import Any
from pyasm.verifier import context
from pyasm.verifier.stack import Move, Stack
from pyasm.verifier.types import constant_type

INTRINSICS = {
    "STOPITERATION_ERROR": (("exc",), "stopped"),
    "LIST_TO_TUPLE": (("list",), "tuple"),
    "TYPEVAR": (("str",), "value"),
    "PARAMSPEC": (("str",), "value"),
    "TYPEVARTUPLE": (("str",), "value"),
    "SUBSCRIPT_GENERIC": (("tuple",), "value"),
    "TYPEALIAS": (("alias",), "value"),
    "PREP_RERAISE_STAR": (("exc", "raised"), "exc_or_none"),
    "TYPEVAR_WITH_BOUND": (("str", "function"), "value"),
    "TYPEVAR_WITH_CONSTRAINTS": (("str", "function"), "value"),
    "SET_FUNCTION_TYPE_PARAMS": (("function", "tuple"), "function"),
}
"""The functions of the interpreter that do not look at their arguments: what they take, what they give."""

CONSTANTS = {"None": "none", "True": "bool", "False": "bool", "''": "str", "-1": "int"}
"""The types of the constants that the interpreter keeps, where it is a plain one."""


def size(kind: str) -> int:
    """The number behind a type; -1 when it has none."""
    name, _, rest = kind.partition(" ")
    number = rest.partition(":")[0].partition("/")[0]
    return int(number) if number.isdigit() else 0 if name == "empty" else -1


def want(move: Move, place: int, *kinds: str, rule: str = "type") -> None:
    """The entry at this place of the taken ones must be of one of these types."""
    if not any(fits(move.taken[place], kind) for kind in kinds):
        entry = len(move.taken) - place
        where = "the top entry" if entry == 1 else f"the entry {entry} from the top"
        move.wrong(rule, f"{where} is {meaning(move.taken[place])}", " or ".join(map(meaning, kinds)), entry)


# -- constants and containers


def _constant(move: Move) -> None:
    move.left = [constant_type(move.arg)]


def _return_constant(move: Move) -> None:
    _nothing_below(move)


def _common_constant(move: Move) -> None:
    move.left = [CONSTANTS.get(move.arg, "value")]


def _tuple(move: Move) -> None:
    kinds, n = move.taken, move.n
    if n == 0:
        move.left = ["empty"]
    elif all(fits(kind, "cell") for kind in kinds):
        places = [f"/{place}" for place, kind in enumerate(kinds) if fits(kind, "tuple_cell")]
        move.left = [f"cells {n}{''.join(places)}"]
    elif all(kind == "str" for kind in kinds):
        move.left = [f"names {n}"]
    elif all(kind == "interpolation" for kind in kinds):
        move.left = [f"interpolations {n}"]
    elif (
        n == 3 and kinds[0] == "str" and fits(kinds[2], "function") and (fits(kinds[1], "tuple") or kinds[1] == "none")
    ):
        move.left = ["alias 3"]
    else:
        move.left = [f"tuple {n}"]


def _list(move: Move) -> None:
    if all(fits(kind, "exc_or_none") for kind in move.taken):
        move.left = ["raised"]


def _append(move: Move) -> None:
    if move.taken[0] == "raised" and not fits(move.taken[-1], "exc_or_none"):
        move.left[0] = "list"


def _extend(move: Move) -> None:
    if move.taken[0] == "raised":
        move.left[0] = "list"


def _copy(move: Move) -> None:
    """What is there twice is not followed: a list of exceptions, an iterable without its index."""
    for place, kind in enumerate(move.left):
        if move.left.count(kind) > 1 and kind == "raised":
            move.left[place] = "list"
        elif kind.split()[0] in ("func", "maker"):
            move.left[place] = "function"
    if move.left and move.left[-1] == "exc_or_none" and len(move.taken) == 1:
        move.left[-1] = "same"
    last = move.left[-1].partition(" ")[0] if move.left else ""
    if last == "iter" and _paired(move):
        move.left[-1] = "value"
    elif last == "index":
        move.wrong("iterator", "it takes the index of an iterable from it", "leave it where it is")


def _paired(move: Move) -> bool:
    """Are iterators two entries?"""
    return "POP_ITER" in move.rows and "index" in move.rows["POP_ITER"].stack


def _key_map(move: Move) -> None:
    if fits(move.taken[-1], "tuple"):
        want(move, move.n, f"tuple {move.n}", rule="names")


def _compare(move: Move) -> None:
    if move.arg.startswith("bool(") or all(fits(kind, "int") for kind in move.taken):
        move.left = ["bool"]


def _format(move: Move) -> None:
    move.left = ["borrowed" if fits(move.taken[0], "borrowed") else "value"]


# -- calls and functions


_SIMPLE = ("CALL", "PRECALL", "CALL_FUNCTION", "CALL_METHOD")


def _call(move: Move) -> None:
    """Some functions are called with arguments of certain types and nothing else."""
    for place, kind in enumerate(move.taken):
        if kind.startswith("picky"):
            given = [each for each in move.taken[place + 1 :] if each != "null"]
            needs = kind.partition(" ")[2].split(",")
            if move.row.name not in _SIMPLE or len(given) != len(needs) or not all(map(fits, given, needs)):
                message = "the function does not look at what it is given"
                move.wrong("arguments", message, ", ".join(map(meaning, needs)), len(move.taken) - place)
    called = move.taken[1] if move.taken[0] == "null" else move.taken[0]
    if move.row.name in ("CALL", "CALL_FUNCTION") and called.partition(" ")[0] in ("maker", "picky_maker"):
        move.left = ["generator"]
    elif called == "iterating" and move.left == ["value"]:
        move.left = ["real_iter" if _paired(move) else "iter"]


def _import_from(move: Move) -> None:
    if move.taken[-1] == "builtins":
        move.act = context.import_from_builtins


def _named_call(move: Move) -> None:
    _call(move)
    names = size(move.taken[-1])
    if names > move.n:
        arguments = f"{move.n} arguments" if move.n != 1 else "one argument"
        move.wrong("names", f"it has {names} names for {arguments}", "not more names than arguments", 1)


def _function(move: Move) -> None:
    named = "name" in move.row.stack.partition("--")[0].split()
    place = len(move.taken) - (2 if named else 1)
    code = move.taken[place]
    frees = size(code)
    closure, _, made = code.partition(" ")[2].partition(":")
    made = made or "func"
    move.left = [made]
    if "[" not in move.row.stack:  # its attributes come later
        move.left = [f"unclosed {closure}:{made}"] if frees > 0 else [made]
        return
    if move.n & 8 and fits(code, "code"):
        _closure(move, place - 1, closure)
    elif frees > 0:
        move.wrong("closure", f"the code has {frees} free variables", "a tuple of their cells, and the flag 8")
    if move.n & 4:
        _annotations(move, (move.n & 1) + (move.n >> 1 & 1))


def _closure(move: Move, place: int, closure: str) -> None:
    """The cells of a function, as many as its code has free variables."""
    kind = move.taken[place]
    if kind != f"cells {closure}" and not (kind == "empty" and closure == "0"):
        expected = f"a tuple of {closure.partition('/')[0]} cells, in the order of the free variables"
        entry = len(move.taken) - place
        move.wrong("closure", f"the closure is {meaning(kind)} ({kind})", expected, entry)


def _annotations(move: Move, place: int) -> None:
    kind = move.taken[place]
    form = getattr(move.dialect, "annotations", "any")
    if form != "tuple" and fits(kind, "dict"):
        return
    if form != "dict" and fits(kind, "tuple") and size(kind) >= 0 and size(kind) % 2 == 0:
        return
    wanted = {"dict": "a dict", "any": "a dict, or a tuple of names and values"}.get(
        form, "a tuple of names and values"
    )
    move.wrong("function", f"the annotations are {meaning(kind)}", wanted, len(move.taken) - place)


def _attribute(move: Move) -> None:
    function = move.taken[1]
    flags = [1, 2, 4, 8] + [16] * (move.dialect.annotations == "function")
    if move.n not in flags:
        move.wrong("operand", f"{move.n} is no operand of it", f"one of {' '.join(map(str, flags))}")
    elif move.n == 8:
        lacking = function.startswith("unclosed")
        if not lacking:
            move.wrong("closure", "the function lacks no closure", "a function whose code has free variables", 1)
        _closure(move, 0, function.partition(" ")[2].partition(":")[0] if lacking else "0")
        move.left = [function.partition(":")[2] or "func"]
    else:
        if move.n == 4:
            _annotations(move, 0)
        else:
            want(move, 0, {1: "tuple", 2: "dict"}.get(move.n, "value"), rule="function")
        _set_once(move, function)


def _set_once(move: Move, function: str) -> None:
    """An attribute is set once, on a function that nothing else has."""
    name, _, given = function.partition(" ")
    if name not in ("func", "maker") or (given and int(given) & move.n):
        message = f"it is {meaning(function)}" if name not in ("func", "maker") else "it has that already"
        move.wrong("function", message, "a function that was just made, without that attribute", 1)
    else:
        move.left = [f"{name} {int(given or 0) | move.n}"]


def _intrinsic(move: Move) -> None:
    found = INTRINSICS.get(move.arg)
    if found is not None:
        for place, kind in enumerate(found[0]):
            want(move, place, kind)
        move.left = [found[1]]


def _template(move: Move) -> None:
    want(move, 0, "names")
    want(move, 1, "interpolations")


# -- an exception or None


def _is(move: Move) -> None:
    if move.taken == ["same", "none"]:
        move.left = ["same_is_not_none" if move.n else "same_is_none"]


def _jump_if(move: Move) -> None:
    """What is known on one way of the entry of which the tested one was a copy."""
    tested, kind = move.row.name.rpartition("_IF_")[2], move.taken[0]
    if (kind, tested) in _JUMPS_WHEN_SOME:
        move.jumps_to = _some(move)
    elif (kind, tested) in _GOES_ON_WHEN_SOME:
        move.goes_to = _some(move)


def _some(move: Move) -> Stack | None:
    """The stack below, whose top entry is no None."""
    return move.below.below.push("exc") if move.below.below is not None else None


_JUMPS_WHEN_SOME = {("same", "NOT_NONE"), ("same_is_not_none", "TRUE"), ("same_is_none", "FALSE")}
_GOES_ON_WHEN_SOME = {("same", "NONE"), ("same_is_not_none", "FALSE"), ("same_is_none", "TRUE")}


def _attribute_of(move: Move) -> None:
    if move.taken[0] == "exc":
        move.act = context.attribute_of_exception


# -- iterators and generators


def _iterator(move: Move) -> None:
    if len(move.left) > 1:  # the object stays where it is
        _own(move)
        used = {kind.partition(" ")[2] for kind in move.below.types() if kind.startswith(("iter ", "index "))}
        number = next(i for i in range(len(used) + 1) if str(i) not in used)
        move.left = [f"iter {number}", f"index {number}"]


def _receiver(move: Move) -> None:
    _own(move)
    move.left = ["receiver"]


def _own(move: Move) -> None:
    if any(fits(kind, "borrowed") for kind in move.taken):
        move.wrong("borrow", "it keeps an entry that has no reference of its own", "LOAD_FAST instead", 1)


def _pair(move: Move) -> None:
    """Where iterators are two entries, both must belong together: an iterable and its index, a receiver and NULL."""
    if not _paired(move):
        return
    first, second = move.taken[:2]
    together = first.startswith("iter ") and second == f"index {first.partition(' ')[2]}"
    alone = fits(second, "null") and fits(first, "receiver" if move.row.name == "SEND" else "real_iter")
    if alone and move.row.name == "FOR_ITER":
        move.left[1] = "unused"
    if not together and not alone:
        message = f"{meaning(second)} is above {meaning(first)}"
        move.wrong("iterator", message, "what GET_ITER left, or a receiver with a NULL above it", len(move.taken) - 1)


def _yield(move: Move) -> None:
    """In a delegation the interpreter looks for the receiver below what is yielded."""
    if move.n == 1 and move.dialect.yield_operand == "delegation":
        _receiver_below(move)


def _return_generator(move: Move) -> None:
    """The frame moves into the generator with nothing, or with the iterator of a first loop."""
    most = 2 if move.dialect.first_iterator == "generator" else 0
    if move.below.depth > most:
        message = f"{move.below.depth} entries are on the stack"
        move.wrong("generator", message, f"at most {most}" if most else "an empty stack", 1)


def _resume(move: Move) -> None:
    if move.n >= 2 and getattr(move.dialect, "yield_operand", "") != "delegation":
        _receiver_below(move, 1)


def _receiver_below(move: Move, skipped: int = 0) -> None:
    kinds = move.below.types()
    kinds = kinds[: len(kinds) - skipped]
    paired = kinds[-2:-1] if _paired(move) else kinds[-1:]
    if not paired or not fits(paired[0], "receiver"):
        message = "there is no receiver below the entry"
        move.wrong("generator", message, "what GET_AWAITABLE or GET_YIELD_FROM_ITER left")


def _end_async_for(move: Move) -> None:
    move.keeps = 1  # when it raises


def _special(move: Move) -> None:
    move.left[1] = "special_self"


def _nothing_below(move: Move) -> None:
    if move.below.depth and move.dialect.name != PORTABLE:  # where it depends on more than the stack
        move.problems.append(context.left_over(move.below.depth))


def _store(move: Move) -> None:
    for place, kind in enumerate(move.taken):
        if fits(kind, "borrowed"):
            message = "it stores an entry that has no reference of its own"
            move.wrong("borrow", message, "LOAD_FAST instead", len(move.taken) - place)


RULES: dict[str, Any] = {
    "LOAD_CONST": _constant,
    "RETURN_CONST": _return_constant,
    "RETURN_VALUE": _nothing_below,
    "LOAD_COMMON_CONSTANT": _common_constant,
    "BUILD_TUPLE": _tuple,
    "BUILD_LIST": _list,
    "LIST_APPEND": _append,
    "LIST_EXTEND": _extend,
    "COPY": _copy,
    "DUP_TOP": _copy,
    "DUP_TOP_TWO": _copy,
    "BUILD_CONST_KEY_MAP": _key_map,
    "COMPARE_OP": _compare,
    "FORMAT_SIMPLE": _format,
    "CALL": _call,
    "PRECALL": _call,
    "CALL_FUNCTION": _call,
    "CALL_METHOD": _call,
    "CALL_FUNCTION_EX": _call,
    "DICT_MERGE": _call,
    "CALL_KW": _named_call,
    "CALL_FUNCTION_KW": _named_call,
    "MAKE_FUNCTION": _function,
    "SET_FUNCTION_ATTRIBUTE": _attribute,
    "CALL_INTRINSIC_1": _intrinsic,
    "CALL_INTRINSIC_2": _intrinsic,
    "BUILD_TEMPLATE": _template,
    "GET_ITER": _iterator,
    "IMPORT_FROM": _import_from,
    "GET_YIELD_FROM_ITER": _receiver,
    "SEND": _pair,
    "FOR_ITER": _pair,
    "YIELD_VALUE": _yield,
    "RETURN_GENERATOR": _return_generator,
    "RESUME": _resume,
    "LOAD_SPECIAL": _special,
    "END_ASYNC_FOR": _end_async_for,
    "LOAD_ATTR": _attribute_of,
    "IS_OP": _is,
    **dict.fromkeys(
        (
            f"POP_JUMP_{way}IF_{what}"
            for way in ("", "FORWARD_", "BACKWARD_")
            for what in ("TRUE", "FALSE", "NONE", "NOT_NONE")
        ),
        _jump_if,
    ),
    "STORE_FAST": _store,
    "STORE_FAST_LOAD_FAST": _store,
    "STORE_FAST_STORE_FAST": _store,
}
