"""Published snapshots: bodies, which revision is a day's latest, the chain, and the feed.

A market's publications are numbered (its chain); each is a ledger entry, a stored body, the day's
latest revision and the chain's new head, written in one commit. The feed spans markets, so it is
a step of its own that takes over what it does not have yet: run again, it adds nothing twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from msgspec import Struct, json, msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.domain.facts import Published
from tracker.store.commit import MARKET, Commit
from tracker.store.keys import FEED, FEED_LAST, Space

HEAD = "head"
"""The field of `published` that holds the chain's head."""


class Latest(Struct, frozen=True, array_like=True):
    """A day's latest revision and the digest of its content."""

    revision: int
    content_digest: bytes


class Head(Struct, frozen=True, array_like=True):
    """The market's last publication: its number and the digest of its body."""

    ordinal: int
    digest: bytes


class FeedEntry(NamedTuple):
    """One line of the feed: its position, and which body it names."""

    position: int
    market: str
    day: int
    revision: int


def read_latest(published: dict[str, bytes], day: int) -> Latest | None:
    """The day's latest revision among publication records that were read."""
    raw = published.get(str(day))
    return None if raw is None else msgpack.decode(raw, type=Latest)


def read_head(published: dict[str, bytes]) -> Head | None:
    """The chain's head among publication records that were read."""
    raw = published.get(HEAD)
    return None if raw is None else msgpack.decode(raw, type=Head)


def body_name(fact: Published) -> str:
    """The name of a publication's body, in `bodies` and in the feed: `<day>.<revision>`."""
    return f"{fact.day}.{fact.revision}"


def records_of(fact: Published) -> dict[str, bytes]:
    """What one publication writes into the publication records; later ones write over it."""
    return {
        str(fact.day): msgpack.encode(Latest(fact.revision, fact.content_digest)),
        HEAD: msgpack.encode(Head(fact.ordinal, fact.digest)),
        f"#{fact.ordinal}": body_name(fact).encode(),
    }


def add_publication(
    commit: Commit,
    space: Space,
    fact: Published,
    body: bytes,
    before: dict[str, bytes],
) -> dict[str, bytes]:
    """Adds one publication to a commit; `before` are the publication records that it follows.

    Returns the records as they are after it, for the next publication of the same commit.
    """
    records = records_of(fact)
    commit.entry(MARKET, fact)
    commit.record(space.bodies, body_name(fact), zlib.compress(body, 9), new=True)
    for field, value in records.items():
        old = before.get(field)
        commit.record(space.published, field, value, expected=old, new=old is None)
    return {**before, **records}


class Publications:
    """Reads of published bodies, and the feed."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._feed = AsyncScript(client, files("tracker.store").joinpath("feed.lua").read_text())

    async def records(self, market: str, fields: Sequence[str]) -> dict[str, bytes]:
        """Publication records of one market, those that exist."""
        found = await self._client.hmget(Space(market).published, list(fields))
        return {f: v for f, v in zip(fields, found, strict=True) if v is not None}

    async def bodies(self, wanted: Sequence[tuple[str, int, int]]) -> list[bytes | None]:
        """The published bodies (canonical JSON) of (market, day, revision)."""
        if not wanted:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for market, day, revision in wanted:
            pipeline.hget(Space(market).bodies, f"{day}.{revision}")
        return [None if raw is None else zlib.decompress(raw) for raw in await pipeline.execute()]

    async def latest_days(self, market: str, days: Sequence[int]) -> dict[int, Latest]:
        """The latest revision of each of these days that has one."""
        found = await self.records(market, [str(day) for day in days])
        return {int(day): msgpack.decode(raw, type=Latest) for day, raw in found.items()}

    async def newest(self, markets: Sequence[str], last: int) -> dict[str, tuple[int, int]]:
        """Market → its latest published day and that day's latest revision, where it has one.

        `last` is the last day that can have been published: most markets have it, and only of the
        others all days are read.
        """
        first = self._client.pipeline(transaction=False)
        for market in markets:
            first.hget(Space(market).published, str(last))
        found = zip(markets, await first.execute() if markets else [], strict=True)
        records = {market: (last, raw) for market, raw in found}
        rest = self._client.pipeline(transaction=False)
        others = [market for market, (_, raw) in records.items() if raw is None]
        for market in others:
            rest.hgetall(Space(market).published)
        for market, fields in zip(others, await rest.execute() if others else [], strict=True):
            days = [int(field) for field in fields if field.isdigit()]
            records[market] = (max(days), fields[b"%d" % max(days)]) if days else (last, None)
        return {
            market: (day, msgpack.decode(raw, type=Latest).revision)
            for market, (day, raw) in records.items()
            if raw is not None
        }

    async def published_days(self, market: str) -> list[int]:
        """Every day that has a published revision, ascending."""
        fields = await self._client.hkeys(Space(market).published)
        return sorted(int(field) for field in fields if field.isdigit())

    async def feed_market(self, market: str) -> int:
        """Takes the market's publications that the feed does not have yet into it.

        Returns how many it added.
        """
        raw = await self._client.hget(FEED_LAST, market)
        last = int(raw or 0)
        head = read_head(await self.records(market, [HEAD]))
        if head is None or head.ordinal <= last:
            return 0
        ordinals = range(last + 1, head.ordinal + 1)
        fields = await self._client.hmget(Space(market).published, [f"#{n}" for n in ordinals])
        if None in fields:
            raise LookupError(f"The chain of {market} lacks a publication after number {last}.")
        reached = await self._feed(keys=[FEED, FEED_LAST], args=[market, last + 1, *fields])
        return int(reached) - last

    async def unfed(self, markets: Sequence[str]) -> list[str]:
        """Markets with publications that the feed does not have yet."""
        if not markets:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hget(Space(market).published, HEAD)
        heads = await pipeline.execute()
        lasts = await self._client.hmget(FEED_LAST, list(markets))
        return [
            market
            for market, head, last in zip(markets, heads, lasts, strict=True)
            if head is not None and msgpack.decode(head, type=Head).ordinal > int(last or 0)
        ]

    async def feed_position(self) -> int:
        """The position of the feed's last entry."""
        last = await self._client.xrevrange(FEED, count=1)
        return int(last[0][0].partition(b"-")[2]) if last else 0

    async def feed_page(self, after: int, limit: int) -> list[FeedEntry]:
        """The feed's entries after a position, oldest first."""
        page = await self._client.xrange(FEED, f"(0-{after}", "+", count=limit)
        return [_feed_entry(id_, fields) for id_, fields in page]


def _feed_entry(id_: bytes, fields: dict[bytes, Any]) -> FeedEntry:
    day, _, revision = fields[b"r"].partition(b".")
    position = int(id_.partition(b"-")[2])
    return FeedEntry(position, fields[b"m"].decode(), int(day), int(revision))


def decode_body(body: bytes) -> dict[str, Any]:
    """A published body as an object."""
    decoded: dict[str, Any] = json.decode(body)
    return decoded
