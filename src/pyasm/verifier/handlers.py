"""Blocks and regions: what handlers find when something raises, and who may take what they need."""

from __future__ import annotations

from pyasm.isa.slots import fits, slots
from pyasm.verifier.stack import NEVER, Problem, Stack
from pyasm.verifier.states import Block, Region, States

MOST_BLOCKS = 20
"""So many blocks the interpreter has room for."""
SAVED = ["saved_tb", "saved_exc", "saved_type"]


def _dangling(stack: Stack) -> Stack:
    """The stack with entries that a handler finds without knowing whose they are."""
    if not stack.borrows or stack.below is None:
        return stack
    return _dangling(stack.below).push("dangling" if fits(stack.type, "borrowed") else stack.type)


class Handlers(States):
    """What is known of handlers, and what instructions tell them."""

    __slots__ = ()

    def _enter(self, index: int) -> None:
        """Begin a block of the exception table."""
        self.region = self.regions.get(index)
        if self.region is not None or self.guarded >= 0:
            self.floor = NEVER
        if self.region is not None:
            self.deepest = max(self.deepest, self.region.depth + self.region.lasti + 1)

    def _raise(self, region: Region, stack: Stack, origin: int) -> None:
        """An instruction in a region raises."""
        handler = _dangling(stack.cut(region.depth))
        if region.lasti:
            handler = handler.push("lasti")
        handler = handler.push("thrown" if self.rows[self.ops[origin]].flow == "yield" else "exc")
        if self._merge(region.target, handler, None, self.slots, origin):
            self._push(region.target)

    def _raise_in_block(self, stack: Stack, origin: int) -> None:
        """An instruction in a block raises: what is above its depth is dropped, and so are handlers that it is in."""
        block = self.blocks
        while block is not None and block.kind == "handler":
            block = block.outer
        if block is not None and stack.depth >= block.depth:
            handler = stack.cut(block.depth).push(*block.finds)
            inner = block.outer
            if block.finds[-1] == "type":
                inner = self._block("handler", block.depth, block.target, block.finds, inner)
            if self._merge(block.target, handler, inner, self.slots, origin):
                self._push(block.target)

    def raises(self, index: int, stack: Stack) -> None:
        """An instruction raises with the variables as they are now, which its own end will change."""
        if self.region is None:
            self._raise_in_block(stack, index)
        elif stack.depth >= self.region.depth:
            self._raise(self.region, stack, index)

    def weaker(self) -> None:
        """Less is known of the variables: the handler is to know it, as soon as something may raise."""
        if self.region is not None or self.blocks is not None:
            self.floor = NEVER

    def _set_up(self, target: int, handler: Stack, origin: int) -> None:
        """Begin a block of the block stack. Its handler is told what it gets by what raises within it."""
        finds = tuple(handler.types(2 if handler.type == "exc" else 6))
        depth = handler.depth - len(finds)
        self.blocks = self._block("block", depth, target, finds, self.blocks)
        self.floor = NEVER
        if self.blocks.count > MOST_BLOCKS:
            self.wrong(origin, Problem("block", f"there are more than {MOST_BLOCKS} blocks around it"), handler)

    def _block(self, kind: str, depth: int, target: int, finds: tuple[str, ...], outer: Block | None) -> Block:
        key = kind, depth, target, id(outer)
        found = self.every_block.get(key)
        if found is None:
            found = self.every_block[key] = Block(kind, depth, target, finds, outer)
        return found

    def leave(self, index: int, kind: str, before: Stack, after: Stack) -> None:
        """End a block of the block stack."""
        block = self.blocks
        if block is None or block.kind != kind:
            inside = "no block" if block is None else "a handler" if kind == "block" else "a block with a handler"
            expected = "a block begun by SETUP_FINALLY" if kind == "block" else "a handler that an exception led to"
            self.wrong(index, Problem("block", f"it is inside of {inside}", expected), before)
            return
        if kind == "handler" and not 0 <= after.depth - block.depth <= 1:
            message = f"there are {after.depth} entries below it, and {block.depth} around the block"
            self.wrong(index, Problem("block", message, f"{block.depth} of them, or one more"), before)
        self.blocks = block.outer
        self.floor = 0 if self.blocks is None else NEVER

    def _intact(self, stack: Stack) -> bool:
        """Are the entries that the blocks around need where they must be?"""
        block = self.blocks
        while block is not None:
            if block.kind == "handler":
                if stack.depth < block.depth + 3 or stack.cut(block.depth + 3).types(3) != SAVED:
                    return False
            elif stack.depth < block.depth:
                return False
            block = block.outer
        return True

    def _deep(self, index: int, stack: Stack, low: int, following: Stack | None) -> None:
        """An instruction takes what the handler around it needs, or would if it raised."""
        op = self.ops[index]
        quiet = op in slots().quiet
        if self.blocks is not None:
            self._deep_in_block(index, self.blocks, stack, low, following, quiet)
        elif self.region is not None:
            if self.rows[op].flow == "yield" and following is not None:  # what is thrown finds what is sent
                stack, low = following, following.depth
            self._deep_in_region(index, self.region, stack, low, quiet)
        elif not quiet and index >= self.guarded >= 0 and not self._may_leave(index, stack):
            message = "a StopIteration that it raises would leave the generator"
            self.wrong(index, Problem("generator", message, "a handler with STOPITERATION_ERROR around it"), stack)

    def _deep_in_region(self, index: int, region: Region, stack: Stack, low: int, quiet: bool) -> None:
        self.floor = NEVER if low < region.depth else self.floor
        if not quiet and low < region.depth:
            message = f"the handler around it needs {region.depth} entries, and it leaves {low}"
            self.wrong(index, Problem("handler", message, "a handler with a smaller depth"), stack)
        elif not quiet:
            self._raise(region, stack, index)
            if self.rows[self.ops[index]].flow != "yield":  # what is thrown there is not all that may be raised
                self.floor = region.depth

    def _may_leave(self, index: int, stack: Stack) -> bool:
        op, arg, _ = self.body[index]
        if op == "RERAISE":
            return stack.type == "stopped"
        if self.rows[op].stack.startswith("bool "):  # a jump that has no need to ask an object
            return True
        return bool(op in ("RESUME", "JUMP_BACKWARD") or (op == "CALL_INTRINSIC_1" and arg == "STOPITERATION_ERROR"))

    def _deep_in_block(
        self, index: int, block: Block, stack: Stack, low: int, following: Stack | None, quiet: bool
    ) -> None:
        """Every instruction is looked at until one has raised with all as it must be."""
        if quiet:
            self.floor = NEVER
            return
        needed = block.depth if block.kind == "block" else block.depth + 3
        intact = self._intact(stack)
        if low < needed or not intact:
            message = f"the block around it needs {needed} entries, and it leaves {low}"
            if low >= needed:
                message = "what the handler saved is not where it must be"
            self.wrong(index, Problem("handler", message, "POP_BLOCK or POP_EXCEPT before it"), stack)
        else:
            self._raise_in_block(stack, index)
            self.floor = needed if following is None or self._intact(following) else NEVER
