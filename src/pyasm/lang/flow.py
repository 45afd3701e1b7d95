"""Labels and jumps, IF, WHILE, FOREACH, BREAK, CONTINUE."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from pyasm.lang import tree
from pyasm.lang.frame import Block, Frame, Loop, Span, new
from pyasm.lang.static import fold
from pyasm.text.errors import near
from pyasm.text.tokens import described
from pyasm.typed import Any


def _label(frame: Frame, node: tree.Label) -> None:
    frame.label(frame.label_name(node.name.text))


def _jump(frame: Frame, node: tree.Jump) -> None:
    name = frame.find_label(node.label)
    if node.condition is None:
        if name is not None:
            frame.jump_to_label(name, node)
    elif name is None:
        frame.push(node.condition)
        frame.emit("POP_TOP", None, node)
    elif frame.jumps_plainly(name):
        frame.jump_if(node.condition, frame.label_name(name), True)
    else:
        skip = frame.fresh()
        frame.jump_if(node.condition, skip, False)
        frame.jump_to_label(name, node)
        frame.label(skip)


def head(frame: Frame, node: Any, body: tree.Block) -> Span:
    """The first line of a statement with blocks, for instructions that belong to all of it."""
    end = frame.unit.text.find("\n", node.start, body.start)
    return new(Span, (node.start, end if end >= 0 else body.start))


def closing(block: tree.Block) -> Span:
    """The bracket at the end of a block."""
    start, end = block[0], block[1]
    return new(Span, (end - 1 if end > start else start, end))


def _labels(frame: Frame, label: tree.Name | None, *suffixes: str) -> None:
    """Place labels of a statement here, if it has one."""
    if label is not None:
        for suffix in suffixes:
            frame.label(frame.label_name(label.text + suffix))


def _if_(frame: Frame, node: tree.If) -> None:
    _labels(frame, node.label, "", ":HEAD")
    end = frame.fresh()
    ends: list[tuple[int, int]] = []
    """Of the branches: index and depth."""
    for i, (condition, body) in enumerate(node.branches):
        last = i == len(node.branches) - 1 and node.orelse is None
        following = end if last else frame.fresh()
        if i:
            frame.claim(condition)
        frame.jump_if(condition, following, False)
        start = frame.depth
        frame.statements(body)
        if frame.reached:
            ends.append((len(frame.body), frame.depth))
        if not last:
            if frame.reached:
                frame.emit("JUMP_FORWARD", end, closing(body))
            frame.label(following)
    least = start  # that without an ELSE, where no condition holds
    if node.orelse is not None:
        frame.statements(node.orelse)
        if frame.reached:
            ends.append((len(frame.body), frame.depth))
        least = min([depth for _, depth in ends], default=start)
    if ends and max([depth for _, depth in ends]) > least:
        frame.drop_more(ends, least, max(0, least - start))
    frame.label(end)
    _labels(frame, node.label, ":END")


# -- loops


def while_(frame: Frame, node: tree.While) -> None:
    """The condition is evaluated before the loop and again behind its body, which saves a jump in every round."""
    again, body, orelse, end = frame.fresh(), frame.fresh(), frame.fresh(), frame.fresh()
    frame.label(again)
    _labels(frame, node.label, "", ":HEAD")
    frame.jump_if(node.condition, orelse, False)
    frame.label(body)
    frame.enter(Block(None, None, Loop(_text(node.label), end, again)), kept=False)
    frame.block(node.body)
    frame.exit()
    frame.jump_if(node.condition, body, True)
    frame.label(orelse)
    if node.orelse is not None:
        frame.statements(node.orelse)
        frame.drop_as_at(end)
    frame.label(end)
    _labels(frame, node.label, ":END")


def _text(label: tree.Name | None) -> str | None:
    return None if label is None else label.text


def _foreach(frame: Frame, node: tree.Foreach) -> None:
    if node.asynchronous:
        _async_foreach(frame, node)
        return
    place = head(frame, node, node.body)
    again, done, end = frame.fresh(), frame.fresh(), frame.fresh()
    target = _sources(frame, node)
    frame.emit("GET_ITER", None, place)
    frame.label(again)
    _labels(frame, node.label, "", ":HEAD")
    frame.emit("FOR_ITER", done, place)
    frame.depth -= 1
    frame.enter(Block(id(node), _leave_iterator, Loop(_text(node.label), end, again)))
    frame.depth += 1
    frame.store(target)
    frame.block(node.body)
    if frame.reached:
        frame.emit("JUMP_ABSOLUTE", again, place)
    frame.exit()
    frame.reached = False
    frame.label(done)
    frame.label(end)
    _labels(frame, node.label, ":END")


def _leave_iterator(frame: Frame, keeping: bool, node: Any) -> None:
    if keeping:
        frame.emit("ROT_TWO", None, node)
    frame.emit("POP_TOP", None, node)


def _sources(frame: Frame, node: tree.Foreach) -> Any:
    """Push what the loop goes through; the target for one item of it."""
    groups = node.sources
    if len(groups) > 1:
        frame.emit("LOAD_CONST", itertools.product, node.sources[0][0])
    places = iter(node.targets)
    targets = []
    for group in groups:
        if len(group) > 1:
            frame.emit("LOAD_CONST", zip, group[0])
        for source in group:
            _source(frame, source)
        if len(group) > 1:
            frame.emit("CALL_FUNCTION", len(group), Span(group[0].start, group[-1].end))
        targets.append(_together([next(places) for _ in group]))
    if len(groups) > 1:
        frame.emit("CALL_FUNCTION", len(groups), Span(groups[0][0].start, groups[-1][-1].end))
    return _together(targets)


def _source(frame: Frame, node: Any) -> None:
    """Push something to go through; of a list of constants a tuple, as CPython does it."""
    folded = fold(tree.Tuple(*node)) if type(node) is tree.List else None
    if folded is not None:
        frame.emit("LOAD_CONST", folded.value, node)
    else:
        frame.push(node)


def _together(targets: list[Any]) -> Any:
    if len(targets) == 1:
        return targets[0]
    return tree.Targets(targets[0].start, targets[-1].end, tuple(targets))


def _async_foreach(frame: Frame, node: tree.Foreach) -> None:
    place = head(frame, node, node.body)
    if len(node.sources) > 1 or len(node.sources[0]) > 1:
        frame.wrong(node.sources[-1][-1], "ASYNC FOREACH goes through one thing only")
    again, done, end = frame.fresh(), frame.fresh(), frame.fresh()
    frame.push(node.sources[0][0])
    frame.emit("GET_AITER", None, place)
    frame.label(again)
    _labels(frame, node.label, "", ":HEAD")
    frame.emit("SETUP_FINALLY", done, place)
    frame.emit("GET_ANEXT", None, place)
    if not frame.scope.coroutine:
        frame.wrong(node, "this stands in an ASYNC DEF only")
    frame.emit("LOAD_CONST", None, place)
    frame.emit("YIELD_FROM", None, place)
    frame.emit_unplaced("POP_BLOCK")
    frame.depth -= 1
    frame.enter(Block(id(node), _leave_iterator, Loop(_text(node.label), end, again)))
    frame.depth += 1
    frame.store(node.targets[0])
    frame.block(node.body)
    if frame.reached:
        frame.emit("JUMP_ABSOLUTE", again, place)
    frame.exit()
    frame.reached = False
    frame.label(done)
    frame.emit("END_ASYNC_FOR", None, place)
    frame.label(end)
    _labels(frame, node.label, ":END")


def _break_(frame: Frame, node: tree.Break) -> None:
    _away(frame, node, "BREAK")


def _continue_(frame: Frame, node: tree.Continue) -> None:
    _away(frame, node, "CONTINUE")


def _away(frame: Frame, node: tree.Break | tree.Continue, word: str) -> None:
    """Go out of the blocks up to a loop; BREAK leaves the loop too."""
    loops = [block for block in frame.blocks if block.loop is not None]
    wanted = _text(node.label)
    found = next((block for block in reversed(loops) if wanted is None or block.loop.label == wanted), None)  # type: ignore[union-attr]
    if found is None or found.loop is None:
        _no_loop(frame, node, word, [block.loop.label or "" for block in loops if block.loop])
        return
    loop = found.loop
    opened = frame.opened()
    while frame.blocks[-1] is not found:
        frame.leave(False, node)
    if word == "BREAK":
        frame.leave(False, node)
    else:
        frame.drop(found.depth)
    frame.emit("JUMP_ABSOLUTE", loop.end if word == "BREAK" else loop.next, node)
    frame.reopen(opened)


def _no_loop(frame: Frame, node: Any, word: str, labels: list[str]) -> None:
    if node.label is None:
        frame.wrong(node, f"{word} stands outside of a loop")
    else:
        hint = near(node.label.text, filter(None, labels))
        frame.wrong(node.label, f"no loop around is called {described(node.label.text)}", hint)


STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {
    tree.Label: _label,
    tree.Jump: _jump,
    tree.If: _if_,
    tree.While: while_,
    tree.Foreach: _foreach,
    tree.Break: _break_,
    tree.Continue: _continue_,
}
