"""Published snapshots: bodies, which revision is a day's latest, the chain, and the feed.

A market's publications are numbered (its chain); each is a ledger entry, a stored body, the day's
latest revision and the chain's new head, written in one commit. The feed spans markets, so it is
a step of its own that takes over what it does not have yet: run again, it adds nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from itertools import chain
from typing import Any, NamedTuple

from msgspec import Struct, msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.domain.facts import Published
from tracker.store.commit import MARKET, Commit
from tracker.store.keys import FEED, FEED_LAST, Space
from tracker.store.packing import pack, unpack

HEAD = "head"
"""The field of `published` that holds the chain's head."""

TAKEN_AT_ONCE = 50
"""Markets whose publications one step of the store takes into the feed: bounds how long it is."""


class Latest(Struct, frozen=True, array_like=True):
    """A day's latest revision, the digest of its content and that of what it withholds."""

    revision: int
    content_digest: bytes
    details_digest: bytes = b""


class Head(Struct, frozen=True, array_like=True):
    """The market's last publication: its number and the digest of its body."""

    ordinal: int
    digest: bytes


class FeedEntry(NamedTuple):
    """One line of the feed: its position, what it names, and when that was published (ms).

    A market's publication, or (`market` is '') the value reported at position `value` of the
    service's ledger. Entries of before the feed kept times have None for `published`.
    """

    position: int
    market: str
    day: int
    revision: int
    published: int | None = None
    value: int = 0


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


def details_name(day: int, revision: int) -> str:
    """The name under which what a body withholds is stored beside it."""
    return f"{day}.{revision}d"


def records_of(fact: Published) -> dict[str, bytes]:
    """What one publication writes into the publication records; later ones write over it."""
    return {
        str(fact.day): msgpack.encode(
            Latest(fact.revision, fact.content_digest, fact.details_digest)
        ),
        HEAD: msgpack.encode(Head(fact.ordinal, fact.digest)),
        f"#{fact.ordinal}": f"{body_name(fact)}.{fact.at}".encode(),
    }


def add_publication(
    commit: Commit,
    space: Space,
    fact: Published,
    body: bytes,
    details: bytes,
    before: dict[str, bytes],
) -> dict[str, bytes]:
    """Adds one publication to a commit; `before` are the publication records that it follows.

    `details` is what the body withholds (b'' = nothing). Returns the records as they are after
    it, for the next publication of the same commit.
    """
    records = records_of(fact)
    commit.entry(MARKET, fact)
    commit.record(space.bodies, body_name(fact), pack(body), new=True)
    if details:
        name = details_name(fact.day, fact.revision)
        commit.record(space.bodies, name, pack(details), new=True)
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
        return [None if raw is None else unpack(raw) for raw in await pipeline.execute()]

    async def details(self, wanted: Sequence[tuple[str, int, int]]) -> list[bytes]:
        """What the published bodies of (market, day, revision) withhold; b'' = nothing."""
        if not wanted:
            return []
        pipeline = self._client.pipeline(transaction=False)
        for market, day, revision in wanted:
            pipeline.hget(Space(market).bodies, details_name(day, revision))
        return [b"" if raw is None else unpack(raw) for raw in await pipeline.execute()]

    async def latest_days(self, market: str, days: Sequence[int]) -> dict[int, Latest]:
        """The latest revision of each of these days that has one."""
        found = await self.records(market, [str(day) for day in days])
        return {int(day): msgpack.decode(raw, type=Latest) for day, raw in found.items()}

    async def latest_of(self, markets: Sequence[str], day: int) -> dict[str, int]:
        """Market → the latest revision of one day, of those that have one, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hget(Space(market).published, str(day))
        found = zip(markets, await pipeline.execute() if markets else [], strict=True)
        return {
            market: msgpack.decode(raw, type=Latest).revision
            for market, raw in found
            if raw is not None
        }

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

    async def feed_new(self, new: Sequence[tuple[str, Sequence[Published]]]) -> None:
        """Takes publications that were just committed, by market, into the feed.

        In one round trip; where the feed lacks earlier ones of a market, as `feed_markets`.
        """
        named = [(m, facts[0].ordinal, [_named(fact) for fact in facts]) for m, facts in new]
        reached = await self._take(named)
        its = zip(new, reached, strict=True)
        await self.feed_markets([m for (m, facts), last in its if last < facts[-1].ordinal])

    async def feed_market(self, market: str) -> int:
        """`feed_markets` of one."""
        return await self.feed_markets([market])

    async def feed_markets(self, markets: Sequence[str]) -> int:
        """Takes these markets' publications that the feed does not have yet into it.

        Returns how many it added. In three round trips, however many markets.
        """
        behind: list[tuple[str, range]] = []
        pipeline = self._client.pipeline(transaction=False)
        for market, last, head in await self._heads(markets):
            if head > last:
                behind.append((market, ordinals := range(last + 1, head + 1)))
                pipeline.hmget(Space(market).published, [f"#{n}" for n in ordinals])
        if not behind:
            return 0
        named = []
        for (market, ordinals), fields in zip(behind, await pipeline.execute(), strict=True):
            if None in fields:
                raise LookupError(f"The chain of {market} lacks one of the numbers {ordinals}.")
            named.append((market, ordinals.start, list(map(_name_and_moment, fields))))
        reached = await self._take(named)
        return sum(n - ordinals.start + 1 for n, (_, ordinals) in zip(reached, behind, strict=True))

    async def _take(self, named: Sequence[tuple[str, int, list[tuple[bytes, bytes]]]]) -> list[int]:
        """Takes publications into the feed: of each market from one ordinal on, by `_named`."""
        pipeline = self._client.pipeline(transaction=False)
        for part in range(0, len(named), TAKEN_AT_ONCE):
            args: list[str | bytes | int] = []
            for market, first, its in named[part : part + TAKEN_AT_ONCE]:
                args += (market, first, len(its), *chain.from_iterable(its))
            await self._feed(keys=[FEED, FEED_LAST], args=args, client=pipeline)
        replies = await pipeline.execute() if named else []
        return [int(last) for reached in replies for last in reached]

    async def unfed(self, markets: Sequence[str]) -> list[str]:
        """Markets with publications that the feed does not have yet."""
        return [market for market, last, head in await self._heads(markets) if head > last]

    async def unfed_since(self, markets: Sequence[str]) -> dict[str, int]:
        """Markets with publications that the feed does not have yet, and since when (ms)."""
        behind = {
            market: last + 1 for market, last, head in await self._heads(markets) if head > last
        }
        pipeline = self._client.pipeline(transaction=False)
        for market, ordinal in behind.items():
            pipeline.hget(Space(market).published, f"#{ordinal}")
        named = await pipeline.execute() if behind else []
        moments = [_name_and_moment(raw or b".")[1] for raw in named]
        return {m: int(at) if at else 0 for m, at in zip(behind, moments, strict=True)}

    async def _heads(self, markets: Sequence[str]) -> list[tuple[str, int, int]]:
        """Each market with the number that the feed has reached, and that of its chain's head."""
        if not markets:
            return []
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hmget(FEED_LAST, list(markets))
        for market in markets:
            pipeline.hget(Space(market).published, HEAD)
        lasts, *heads = await pipeline.execute()
        return [
            (market, int(last or 0), 0 if head is None else msgpack.decode(head, type=Head).ordinal)
            for market, last, head in zip(markets, lasts, heads, strict=True)
        ]

    async def feed_position(self) -> int:
        """The position of the feed's last entry."""
        last = await self._client.xrevrange(FEED, count=1)
        return int(last[0][0].partition(b"-")[2]) if last else 0

    async def feed_page(self, after: int, limit: int) -> list[FeedEntry]:
        """The feed's entries after a position, oldest first."""
        page = await self._client.xrange(FEED, f"(0-{after}", "+", count=limit)
        return [_feed_entry(id_, fields) for id_, fields in page]


def _named(fact: Published) -> tuple[bytes, bytes]:
    """What `_name_and_moment` gives of the publication's record."""
    return body_name(fact).encode(), b"%d" % fact.at


def _name_and_moment(field: bytes) -> tuple[bytes, bytes]:
    """`<day>.<revision>` and, where the record has one, the moment of publication."""
    day, revision, *moment = field.split(b".")
    return day + b"." + revision, moment[0] if moment else b""


def _feed_entry(id_: bytes, fields: dict[bytes, Any]) -> FeedEntry:
    position = int(id_.partition(b"-")[2])
    published = int(fields[b"t"]) if b"t" in fields else None
    if b"v" in fields:
        return FeedEntry(position, "", 0, 0, published, int(fields[b"v"]))
    day, _, revision = fields[b"r"].partition(b".")
    return FeedEntry(position, fields[b"m"].decode(), int(day), int(revision), published)
