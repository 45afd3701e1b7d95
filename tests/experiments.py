"""Reads `verify/experiments.txt`: programs that a verifier has to refuse, and those that it has to accept.

The same program is written once for all versions where only spelling differs: `@call 1` is what a call is there. For
each dialect in which a program is meant, `programs()` has its text.
"""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import driving

import pyasm
from pyasm import isa

FILE = Path(__file__).parent / "verify" / "experiments.txt"
HEAD = ("ADD_ARG", ".", "@generator", "@coroutine", "@raw")


class Experiment(NamedTuple):
    """A program in one dialect, and whether it is to be refused."""

    name: str
    what: str
    dialect: str
    refused: bool
    text: str

    def __str__(self) -> str:
        return f"{self.name}-{self.dialect}-{'refused' if self.refused else 'accepted'}"


def programs() -> Iterator[Experiment]:
    """All programs of the file, for every dialect that they are meant for."""
    for block in _blocks():
        title, _, rest = block.partition("\n")
        name, _, what = title.partition(": ")
        rest = re.sub(r"^beside .*\n", "", rest, flags=re.M)
        parts = re.split(r"^(refused|accepted) (.*)\n", rest, flags=re.M)[1:]
        for verdict, versions, body in zip(parts[::3], parts[1::3], parts[2::3]):
            for dialect in dialects(versions):
                yield Experiment(name, what, dialect, verdict == "refused", program(body, dialect))


def besides() -> dict[str, str]:
    """Where the right program next to a wrong one is: the name of its block -> a block, or `spec/` and a program."""
    found = {}
    for block in _blocks():
        name = block.partition(":")[0]
        beside = re.search(r"^beside (.*)", block, flags=re.M)
        if beside or "\naccepted " in block:
            found[name] = beside[1] if beside else name
    return found


def _blocks() -> list[str]:
    text = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.M)
    return text.split("\n== ")[1:]


def dialects(versions: str) -> list[str]:
    """`P 9-11` as the names of dialects."""
    found = []
    for word in versions.split():
        if word == "P":
            found.append(isa.PORTABLE)
            continue
        first, _, last = word.partition("-")
        names = isa.names()
        found += names[names.index(f"3.{first}") : names.index(f"3.{last or first}") + 1]
    return found


def runnable(refused: bool) -> list[Experiment]:
    """Those of the running version, and portable ones."""
    names = (isa.PORTABLE, isa.running().name)
    return [each for each in programs() if each.dialect in names and each.refused is refused]


def death(experiment: Experiment, seconds: float = 0.2) -> str:
    """How a child ends that runs a program without asking the verifier: an empty text when it goes on to its end."""
    code = pyasm.encode(pyasm.lower(pyasm.parse(experiment.text)))
    process = os.fork()
    if not process:
        status = 3
        try:
            if "PYASM_LOUD" not in os.environ:
                os.dup2(os.open(os.devnull, os.O_RDWR), 2)
            driving.limits()
            resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
            driving.Driver(seconds).drive(code, {"x": [1]}, random.Random(1))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(process, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {status}" if status else ""


# -- from a body to a text


def program(body: str, dialect: str) -> str:
    """The text of a program. It may have several definitions; the first one begins without being named."""
    table = isa.load(dialect)
    definitions = re.split(r"^END\nDEFINE (.*)\n", body, flags=re.M)
    names = ["f", *definitions[1::2]]
    head = "" if dialect == isa.PORTABLE else f".target {dialect}\n\n"
    return head + "\n".join(
        definition(name, lines(each, dialect), table) for name, each in zip(names, definitions[::2])
    )


def lines(body: str, dialect: str) -> list[str]:
    """The lines that are for this dialect."""
    found = []
    for line in filter(None, map(str.strip, body.splitlines())):
        condition, _, rest = line[1:].partition("] ") if line[0] == "[" else ("", "", line)
        if not condition or dialect in dialects(condition):
            found += rest.split("; ")
    return found


def definition(name: str, statements: list[str], table: isa.Dialect) -> str:
    """A code object: what stands in its head first, then what it begins with, then its instructions."""
    head = [each for each in statements if each.startswith(HEAD) and not each.startswith((".handler", "@end"))]
    body = [each for each in statements if each not in head]
    directives = [each for each in head if each[0] != "@"]
    if "@generator" in head or "@coroutine" in head:
        body = beginning(table) + body
        flags = [each for each in directives if each.startswith(".flags")] or [
            ".flags 0x23" if "@generator" in head else ".flags 0x83"
        ]
        directives = [each for each in directives if each not in flags] + flags
    elif "@raw" not in head:
        body = ["RESUME 0", *body] if "RESUME" in table.opcodes else body
    if "@raw" not in head:
        body = prologue(directives, table) + body
    expanded = [each for statement in body for each in expansion(statement, table)]
    inner = next((each for each in expanded if each.startswith(".handler s2 s3")), None)
    if inner and "@end" in body:  # regions stand in order, side by side
        expanded.remove(inner)
        i = expanded.index(".handler g1 g2 g2 0 lasti")
        expanded[i : i + 1] = [".handler g1 s2 g2 0 lasti", inner, ".handler s3 g2 g2 0 lasti"]
    return "\n    ".join([f"DEFINE {name}", *directives, *expanded]) + "\nEND\n"


def prologue(directives: list[str], table: isa.Dialect) -> list[str]:
    """What a frame needs for its cells."""
    named = {word: each.split()[1:] for each in directives for word in [each.split()[0]]}
    made = []
    if named.get(".free") and "COPY_FREE_VARS" in table.opcodes:
        made.append(f"COPY_FREE_VARS {len(named['.free'])}")
    if table.name != isa.PORTABLE and "MAKE_CELL" in table.opcodes:
        made += [f"MAKE_CELL {name}" for name in named.get(".cell", ())]
    return made


def expansion(statement: str, table: isa.Dialect) -> list[str]:
    """A statement, or what its word with @ stands for."""
    word, _, rest = statement.partition(" ")
    return WORDS[word](table, rest) if word[0] == "@" else [statement]


def has(table: isa.Dialect, mnemonic: str) -> bool:
    return mnemonic in table.opcodes


def either(table: isa.Dialect, *choices: str) -> list[str]:
    """The first of the statements that the dialect has."""
    return [next(each for each in choices if has(table, each.split()[0]))]


def _callable(table: isa.Dialect, name: str) -> list[str]:
    if not has(table, "PUSH_NULL"):
        return [f"LOAD_GLOBAL {name}"]
    return [f"LOAD_GLOBAL {name} + NULL"]


def _call(table: isa.Dialect, count: str) -> list[str]:
    before = [f"PRECALL {count}"] if has(table, "PRECALL") else []
    return before + either(table, f"CALL {count}", f"CALL_FUNCTION {count}")


def _if_false(table: isa.Dialect, label: str) -> list[str]:
    before = ["TO_BOOL"] if has(table, "TO_BOOL") else []
    after = ["NOT_TAKEN"] if has(table, "NOT_TAKEN") else []
    return before + either(table, f"POP_JUMP_FORWARD_IF_FALSE {label}", f"POP_JUMP_IF_FALSE {label}") + after


def _end_of_loop(table: isa.Dialect, _: str) -> list[str]:
    if has(table, "POP_ITER"):
        return ["END_FOR", "POP_ITER"]
    if not has(table, "END_FOR"):
        return []
    return ["END_FOR", "POP_TOP"] if table.opcodes["END_FOR"].pops(0) == 1 else ["END_FOR"]


def _function(table: isa.Dialect, flags: str) -> list[str]:
    """A function of the code g, with the attributes that are on the stack."""
    if has(table, "SET_FUNCTION_ATTRIBUTE"):
        return ["LOAD_CONST code(g)", "MAKE_FUNCTION"] + ([f"SET_FUNCTION_ATTRIBUTE {flags}"] if flags != "0" else [])
    name = ['LOAD_CONST "g"'] if table.opcodes["MAKE_FUNCTION"].pops(0) == 2 else []
    return ["LOAD_CONST code(g)", *name, f"MAKE_FUNCTION {flags}"]


def _yield(table: isa.Dialect, _: str) -> list[str]:
    if not has(table, "RESUME"):
        return ["YIELD_VALUE"]
    if table.yield_operand == "ignored":
        return ["YIELD_VALUE", "RESUME 1"]
    return [f"YIELD_VALUE {1 if table.yield_operand == 'handlers' else 0}", f"RESUME {1 + table.closing_bit}"]


def _delegation(table: isa.Dialect, name: str) -> list[str]:
    """`yield from` a local."""
    start = [f"LOAD_FAST {name}", *either(table, "GET_YIELD_FROM_ITER", "GET_ITER 3"), "LOAD_CONST None"]
    if has(table, "YIELD_FROM"):
        return [*start, "YIELD_FROM"]
    if not has(table, "CLEANUP_THROW"):
        return [*start, "s1:", "SEND s4", "YIELD_VALUE", "RESUME 2", "JUMP_BACKWARD_NO_INTERRUPT s1", "s4:"]
    operand = {"handlers": "2", "delegation": "1"}[table.yield_operand]
    loop = ["s1:", "SEND s4", "s2:", f"YIELD_VALUE {operand}", "s3:", "RESUME 2"]
    loop += ["JUMP_BACKWARD_NO_INTERRUPT s1", "s4:"]
    depth = 1 + table.opcodes["SEND"].pops(0)
    back = ["JUMP_FORWARD s6", "s5:", "CLEANUP_THROW", "JUMP_BACKWARD_NO_INTERRUPT s4", "s6:"]
    return [*start, *loop, "END_SEND", *back, f".handler s2 s3 s5 {depth - 1}"]


def beginning(table: isa.Dialect) -> list[str]:
    """What a generator begins with."""
    if has(table, "GEN_START"):
        return ["GEN_START 0"]
    if not has(table, "RESUME"):
        return []
    return ["RETURN_GENERATOR", "POP_TOP", *(["g1:"] if has(table, "CALL_INTRINSIC_1") else []), "RESUME 0"]


def _end(table: isa.Dialect, _: str) -> list[str]:
    """The return of a generator, and its handler for StopIteration."""
    wrapper = ["g2:", "CALL_INTRINSIC_1 STOPITERATION_ERROR", "RERAISE 1", ".handler g1 g2 g2 0 lasti"]
    return _return(table, "") + (wrapper if has(table, "RETURN_GENERATOR") and has(table, "CALL_INTRINSIC_1") else [])


def _return(table: isa.Dialect, _: str) -> list[str]:
    return ["LOAD_CONST None", "RETURN_VALUE"]


def _times(table: isa.Dialect, rest: str) -> list[str]:
    count, _, statement = rest.partition(" ")
    return [statement] * int(count)


WORDS: dict[str, Callable[[isa.Dialect, str], list[str]]] = {
    "@add": lambda table, _: either(table, "BINARY_OP +", "BINARY_ADD"),
    "@back": lambda table, label: either(table, f"JUMP_BACKWARD {label}", f"JUMP_ABSOLUTE {label}"),
    "@call": _call,
    "@callable": _callable,
    "@cell": lambda table, name: either(table, f"LOAD_CLOSURE {name}", f"LOAD_FAST {name}"),
    "@delegate": _delegation,
    "@end": _end,
    "@endfor": _end_of_loop,
    "@function": _function,
    "@iffalse": _if_false,
    "@iter": lambda table, _: ["GET_ITER 0" if table.opcodes["GET_ITER"].operand == "number" else "GET_ITER"],
    "@return": _return,
    "@times": _times,
    "@yield": _yield,
}


def main() -> None:
    """Says of each program how it ends on the running version: right ones that die, wrong ones that do not."""
    for each in [*runnable(False), *runnable(True)]:
        try:
            end = death(each)
        except pyasm.AssemblyError as error:
            end = f"not assembled: {str(error)[:100]}"
        except Exception as error:  # lowering trusts what a verifier accepts
            end = f"not lowered: {type(error).__name__}"
        if bool(end) is not each.refused:
            print(each, end or "lives")


if __name__ == "__main__":
    main()
