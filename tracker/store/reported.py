"""Reported values in the feed: a step of its own, that takes over what the feed does not have.

A value is a fact in the service's ledger, and its feed entry names the ledger's position. How far
that ledger was looked through stands beside the markets' last numbers: run again, or by many at
once, the step adds nothing twice and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.domain.facts import IndicatorReported, decode_fact
from tracker.store.keys import FEED, FEED_LAST, SERVICE, Space
from tracker.store.reads import LEDGER_PAGE


class Reported:
    """Feeds reported values, and reads them by their position."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("feed_reported.lua").read_text()
        self._feed = AsyncScript(client, script)
        self._ledger = Space(SERVICE).ledger

    async def feed(self) -> None:
        """Takes over the values that the feed does not have yet."""
        while True:
            last = int(await self._client.hget(FEED_LAST, SERVICE) or 0)
            page = await self._client.xrange(self._ledger, f"(0-{last}", "+", count=LEDGER_PAGE)
            if not page:
                return
            found: list[int] = []
            for id_, fields in page:
                fact = decode_fact(fields[b"e"])
                if isinstance(fact, IndicatorReported):
                    found += (_position(id_), fact.recorded)
            await self._feed(
                keys=[FEED, FEED_LAST], args=[SERVICE, last, _position(page[-1][0]), *found]
            )

    async def values(self, positions: Sequence[int]) -> list[IndicatorReported | None]:
        """The values at these positions of the service's ledger; None where none is."""
        if not positions:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for position in positions:
            pipeline.xrange(self._ledger, f"0-{position}", f"0-{position}")
        facts = [
            decode_fact(page[0][1][b"e"]) if page else None for page in await pipeline.execute()
        ]
        return [fact if isinstance(fact, IndicatorReported) else None for fact in facts]


def _position(id_: bytes) -> int:
    return int(id_.partition(b"-")[2])
