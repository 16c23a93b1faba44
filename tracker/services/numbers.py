"""Vendor numbers, handed out from blocks: a write more for each vendor would be a sync more."""

from __future__ import annotations

from collections import OrderedDict, deque

from tracker.store.reads import Reader

BLOCK = 32
"""Numbers a block. What a process has not used when it ends is a gap: 32 bytes a number."""

MARKETS_MAX = 10_000
"""Markets whose blocks a process keeps: beyond, the block longest unused is given up."""


class Numbers:
    """The numbers that this process may give to vendors; no other process has them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._spare: OrderedDict[str, deque[int]] = OrderedDict()

    async def take(self, market: str, prefix: str) -> int:
        """A number that no vendor of the market has or had."""
        spare = self._spare.get(market)
        if not spare:
            spare = deque(await self._reader.reserve_numbers(market, prefix, BLOCK))
            self._spare.setdefault(market, deque()).extend(spare)
            spare = self._spare[market]
        self._spare.move_to_end(market)
        if len(self._spare) > MARKETS_MAX:
            self._spare.popitem(last=False)
        return spare.popleft()
