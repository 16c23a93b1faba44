"""A small registry to be damaged and compared, and what the comparison says."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from tests.integration.registry import MARKETS, OPENED, Clock, tracker_on
from tracker.domain.codes import vendor_code
from tracker.services.audit import Difference, Rebuilt, rebuild, verify
from tracker.store.keys import FEED_LAST, SERVICE, Space
from tracker.store.reads import SETS

MARKET = "cho-vung-tau"
SPACE = Space(MARKET)
SYS = Space(SERVICE)
FIRST = f"{OPENED}.1"
DAY_1, DAY_2 = "2023-05-02", "2023-05-03"


class World:
    """A built registry and the store under it."""

    def __init__(self, store: Redis, clock: Clock) -> None:
        self.client: Any = store
        self.clock = clock
        self.tracker = tracker_on(store, clock)

    async def verify(self, *markets: str) -> list[Difference]:
        """All differences, as a list."""
        return [d async for d in verify(self.tracker, markets or None)]

    async def rebuild(self, *markets: str) -> list[Rebuilt]:
        """All results, as a list."""
        return [r async for r in rebuild(self.tracker, markets or None)]

    async def number(self, n: int) -> int:
        """The number of the trader at stall A<n>."""
        return int((await self.tracker.reader.holders(MARKET, [f"s:A{n:02d}"]))[0] or 0)

    async def vendor(self, n: int) -> str:
        """The code of the trader at stall A<n>."""
        return vendor_code("CVT", await self.number(n))


def short(differences: list[Difference]) -> list[tuple[str, str, str, str]]:
    """Kind, subject, expected and found of the differences of the one market."""
    assert all(d.space == MARKET for d in differences)
    return [(d.kind, d.subject, d.expected, d.found) for d in differences]


async def content(world: World) -> dict[str, Any]:
    """All views by their content: a hash has no order, rows may end in zeros."""
    content: dict[str, Any] = {"feed": await world.client.hgetall(FEED_LAST)}
    for name in (SERVICE, *MARKETS):
        space = Space(name)
        hashes = (space.docs, space.names, space.deltas, space.published)
        for key in (*hashes, space.asked):
            content[key] = await world.client.hgetall(key)
        sets = iter(await world.client.eval(SETS, 1, space.sets))
        content[space.sets] = {
            name: raw.rstrip(b"\0") for name, raw in zip(sets, sets, strict=True)
        }
        content[space.rows] = (await world.client.get(space.rows) or b"").rstrip(b"\0")
        numbers = map(int, await world.client.hkeys(space.docs)) if name != SERVICE else ()
        given = int(await world.client.get(space.numbers) or 0)
        content[space.numbers] = given >= max(numbers, default=0)  # a block may be given out
    return content
