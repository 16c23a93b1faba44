"""Vendor numbers, handed out from blocks: a write more for each vendor would be a sync more."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from tracker.store.reads import Reader

BLOCK = 32
BLOCK_MAX = 256
"""Numbers of a market's first block, and of the largest: each is twice the one before it.

What a process has not used when it ends is a gap, of 8 bytes a number and a bit a set: no
more than it used.
"""

MARKETS_MAX = 10_000
"""Markets whose blocks a process keeps: beyond, the block longest unused is given up."""


class Numbers:
    """The numbers that this process may give to vendors; no other process has them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._spare: OrderedDict[str, deque[int]] = OrderedDict()
        self._next: dict[str, int] = {}
        self._reserving = asyncio.Lock()

    async def take(self, market: str, prefix: str) -> int:
        """A number that no vendor of the market has or had."""
        while not (spare := self._spare.get(market)):
            async with self._reserving:  # a thousand at once want blocks, not one block each
                if not self._spare.get(market):
                    size = self._next.get(market, BLOCK)
                    fresh = await self._reader.reserve_numbers(market, prefix, size)
                    self._spare[market] = deque(fresh)
                    self._next[market] = min(2 * size, BLOCK_MAX)
        self._spare.move_to_end(market)
        if len(self._spare) > MARKETS_MAX:
            quiet, _ = self._spare.popitem(last=False)
            self._next.pop(quiet, None)
        return spare.popleft()

    def give_back(self, market: str, number: int) -> None:
        """A number that was taken, and that certainly nothing was written under."""
        spare = self._spare.get(market)
        if spare is not None:
            spare.appendleft(number)
