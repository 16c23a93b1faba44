"""What of each market waits for the schedule: all that it may have to do there, in one look."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from msgspec import DecodeError, msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from tracker.store.keys import EXAMINED, FEED_LAST, Space
from tracker.store.publications import Head
from tracker.store.seals import read_newest

MARKETS_A_LOOK: Final = 1_000
"""Markets asked about in one round trip: some milliseconds of the store's time."""


class Errands(NamedTuple):
    """One market, as far as the schedule cares.

    `mark`: the first day whose figures may be outdated, and since when (ms). `behind`: up to which
    ledger entry findings are known, and the last entry. `unindexed`, `erasing`: how many vendors
    wait for it. `unfed`: the feed lacks publications. `unsealed`: the newest seal does not end
    where the ledger does.
    """

    market: str
    mark: tuple[int, int] | None
    behind: tuple[int, int]
    unindexed: int
    erasing: int
    unfed: bool
    unsealed: bool


class Look(NamedTuple):
    """What was found, and what the store, or a damaged record, said of the other markets."""

    found: list[Errands]
    damaged: dict[str, Exception]


class ErrandStore:
    """Asks markets."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("errands.lua").read_text()
        self._script = AsyncScript(client, script)

    async def of(self, markets: Sequence[str]) -> Look:
        """What waits in these markets, each at its own moment; a damaged one stops no other."""
        look = Look([], {})
        for start in range(0, len(markets), MARKETS_A_LOOK):
            await self._ask(markets[start : start + MARKETS_A_LOOK], look)
        return look

    async def _ask(self, markets: Sequence[str], look: Look) -> None:
        pipeline = self._client.pipeline(transaction=False)
        # How far derived steps came, first: what is read after it is then never behind it.
        pipeline.hmget(EXAMINED, list(markets))
        pipeline.hmget(FEED_LAST, list(markets))
        for market in markets:
            space = Space(market)
            keys = [space.ledger, space.marks, space.unindexed, space.erasing, space.published]
            await self._script(keys=[*keys, space.seals], client=pipeline)
        examined, fed, *replies = await pipeline.execute(raise_on_error=False)
        for reply in (examined, fed):
            if isinstance(reply, Exception):
                raise reply
        for market, done, last, reply in zip(markets, examined, fed, replies, strict=True):
            if isinstance(reply, Exception):
                if not isinstance(reply, ResponseError):
                    raise reply
                look.damaged[market] = reply
                continue
            try:
                look.found.append(_errands(market, int(done or 0), int(last or 0), reply))
            except DecodeError as error:
                look.damaged[market] = error


def _errands(market: str, examined: int, fed: int, reply: Sequence[Any]) -> Errands:
    last, day, ms, unindexed, erasing, head, sealed = reply
    position = 0 if last is None else int(last.partition(b"-")[2])
    newest = None if sealed is None else read_newest(sealed)
    return Errands(
        market,
        mark=None if day is None else (int(day), int(ms)),
        behind=(examined, position),
        unindexed=unindexed,
        erasing=erasing,
        unfed=head is not None and msgpack.decode(head, type=Head).ordinal > fed,
        unsealed=position != (0 if newest is None else newest.last) or (sealed == b""),
    )
