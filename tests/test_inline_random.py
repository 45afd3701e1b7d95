"""Jumps out of random nests of loops and blocks do what an exception does that is caught at the label."""

import linecache
import random

import support

from pyasm import assembly, inline, jump, label

COUNT = 60


class Nest:
    """A random function, once with jumps and once with exceptions in their place."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.labels = 0
        self.steps = 0
        body = self.block(4, [], "    ")
        self.jumping = "\n".join(["def f(log, go, Manager):", *[line for line, _ in body], "    return 'end'"])
        raising = [line for _, line in body]
        self.raising = "\n".join(["def f(log, go, Manager):", *raising, "    return 'end'"])

    def block(self, depth, targets, indent):
        """Lines as pairs; `targets` are the labels that stand behind the blocks around."""
        lines = []
        for _ in range(self.random.randrange(1, 3)):
            self.steps += 1
            lines += both(f"{indent}log.append({self.steps})")
            if depth and self.random.random() < 0.8:
                lines += self.labelled(depth, targets, indent)
            if targets and self.random.random() < 0.7:
                lines += self.jump(targets, indent)
        return lines

    def labelled(self, depth, targets, indent):
        """A compound statement with a label behind it."""
        self.labels += 1
        name = self.labels
        inner = self.compound(depth - 1, [*targets, name], indent)
        tried = self.indented([line for _, line in inner])
        raising = [
            f"{indent}try:",
            *tried,
            f"{indent}except Jump as jump_:",
            f"{indent}    if jump_.args != ({name},):",
        ]
        raising.append(f"{indent}        raise")
        jumping = [line for line, _ in inner] + [f"{indent}label('{name}')"]
        return padded(jumping, raising)

    def compound(self, depth, targets, indent):
        kind = self.random.choice(["for", "while", "with", "finally", "except", "handler", "named", "if"])
        body = self.block(depth, targets, indent + "    ")
        self.steps += 1
        step = self.steps
        log = both(f"{indent}    log.append({step})")
        if kind == "for":
            return both(f"{indent}for x{step} in (1, 2):") + body
        if kind == "while":
            count = f"{indent}c{step}"
            return both(f"{count} = 2", f"{indent}while c{step}:", f"{indent}    c{step} -= 1") + body
        if kind == "with":
            return both(f"{indent}with Manager(log, {step}):") + body
        if kind == "finally":
            return [*both(f"{indent}try:"), *body, *both(f"{indent}finally:"), *log]
        if kind == "except":
            return [*both(f"{indent}try:"), *body, *both(f"{indent}except ValueError:"), *log]
        if kind == "if":
            return [*both(f"{indent}if go():"), *body, *both(f"{indent}else:"), *log]
        raises = both(f"{indent}try:", f"{indent}    raise ValueError({step})")
        handler = f"{indent}except ValueError as e{step}:" if kind == "named" else f"{indent}except ValueError:"
        return [*raises, *both(handler), *body]

    def jump(self, targets, indent):
        """A jump, in one of the ways to write it."""
        name = self.random.choice(targets)
        jumping = self.random.choice(
            [
                f"{indent}jump('{name}', go())",
                f"{indent}[1, jump('{name}', go())]",
                f"{indent}assembly('JUMP \\'{name}\\' IF CALL $go()')".replace("CALL ", ""),
                f"{indent}if go(): assembly('JUMP \\'{name}\\'')",
            ]
        )
        return padded([jumping], [f"{indent}if go(): raise Jump({name})"])

    def indented(self, lines):
        return ["    " + line for line in lines]


def both(*lines):
    return [(line, line) for line in lines]


def padded(jumping, raising):
    """Lines for one and lines for the other, side by side; empty lines do no harm."""
    count = max(len(jumping), len(raising))
    fill = lambda lines: [*lines, *[""] * (count - len(lines))]  # noqa: E731
    return list(zip(fill(jumping), fill(raising)))


class Jump(BaseException):
    pass


class Manager:
    def __init__(self, log, step):
        self.log, self.step = log, step

    def __enter__(self):
        self.log.append(("enter", self.step))

    def __exit__(self, *error):
        self.log.append(("exit", self.step))


def made(source, seed, kind):
    name = f"<random {seed} {kind}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"jump": jump, "label": label, "assembly": assembly, "Jump": Jump}
    exec(compile(source, name, "exec"), space)
    return space["f"]


def outcome(function, seed):
    log, decide = [], random.Random(seed)
    result = function(log, lambda: decide.random() < 0.3, Manager)
    return result, log


def test_random_jumps():
    jumps = 0
    for seed in support.sample(range(support.SEED % 100_000, support.SEED % 100_000 + 2000), COUNT):
        nest = Nest(seed)
        jumping = inline(made(nest.jumping, seed, "jumping"))
        raising = made(nest.raising, seed, "raising")
        jumps += "jump(" in nest.jumping
        for way in range(4):
            assert outcome(jumping, way) == outcome(raising, way), nest.jumping
    assert jumps > COUNT // 4
