"""How far each market's ledger was examined by a step that is derived from it.

A position here is never ahead of the work: whoever dies in between examines the same entries
again. Losing all of it costs a look at everything, no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from tracker.store.keys import EXAMINED, Space


class Examined:
    """Market → position up to which its entries were examined."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def behind(self, markets: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Markets with entries not yet examined: the last one that was, and the last one.

        Those with the fewest come first, so that one long backlog holds no other market up.
        """
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.xrevrange(Space(market).ledger, count=1)
        newest = await pipeline.execute() if markets else []
        known = await self._client.hgetall(EXAMINED)
        found: dict[str, tuple[int, int]] = {}
        for market, entries in zip(markets, newest, strict=True):
            last = int(entries[0][0].partition(b"-")[2]) if entries else 0
            done = int(known.get(market.encode(), 0))
            if last > done:
                found[market] = (done, last)
        return dict(sorted(found.items(), key=lambda one: one[1][1] - one[1][0]))

    async def reached(self, positions: Mapping[str, int]) -> None:
        """The entries up to and with these positions were examined."""
        if positions:
            await self._client.hset(EXAMINED, mapping=dict(positions))
