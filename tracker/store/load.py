"""Writing a backup into an empty store: what `tracker.store.dump` reads, put back.

Every call writes keys of one slot, so it works on one server and on a cluster alike. Nobody else
writes meanwhile: `tracker.store.schema_version` keeps them away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from msgspec import msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.activity import BanksOfDay, encode_day
from tracker.store.cluster import servers
from tracker.store.dump_shapes import Answer, Early, FeedLine, People, Stored
from tracker.store.jobs import Job
from tracker.store.keys import (
    CLOSED_UNTIL,
    ERASED,
    EXAMINED,
    FEED,
    FEED_LAST,
    INVITATIONS,
    JOBS_FAILED,
    JOBS_OPEN,
    LOGINS,
    PASSWORDS,
    SECRETS,
    SERVICE,
    USED,
    Space,
    job,
)
from tracker.store.packing import pack
from tracker.store.seals import NEWEST, Newest, Seal

FEED_JUMP: Final = 1_000_000
"""Positions that the feed leaves out after a restore. What was published after the backup was made
had positions that readers remember as theirs; the next ones must lie beyond all of them. A country
publishes as many in a hundred days."""

NUMBERS_JUMP: Final = 256
"""Vendor numbers that each market leaves out after a restore: those given since the backup was made
are printed on stickers. 8 bytes a number, once a restore."""

FIELDS_MAX: Final = 1_000
"""Fields a command."""


class Load:
    """Writes to one store."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("load.lua").read_text("utf-8")
        self._entries = AsyncScript(client, script)

    async def is_empty(self) -> bool:
        """Whether the store holds nothing at all."""
        for server in await servers(self._client):
            client: Any = server.client
            if await client.dbsize():
                return False
        return True

    async def entries(self, space: str, first: int, parts: Sequence[bytes]) -> None:
        """Entries of a ledger from position `first` on: subject and fact, one after the other."""
        await self._entries(keys=[Space(space).ledger], args=[b"%d" % first, *parts])

    async def seals(self, space: str, seals: Mapping[int, Seal]) -> None:
        """All seals of a ledger, by number, in order."""
        if seals:
            number, last = max(seals.items())
            fields = {str(n): msgpack.encode(seal) for n, seal in seals.items()}
            newest = msgpack.encode(Newest(number, last.last, last.digest))
            await self._hash(Space(space).seals, {**fields, NEWEST: newest})

    async def space(self, name: str, numbers: int, mark: Mapping[str, str]) -> None:
        """The counter of vendor numbers, with a gap, and the mark of outdated figures."""
        if numbers:
            await self._client.set(Space(name).numbers, numbers + NUMBERS_JUMP)
        await self._hash(Space(name).marks, mark)

    async def data_keys(self, space: str, keys: Mapping[str, bytes]) -> None:
        """Wrapped data keys."""
        await self._hash(Space(space).data_keys, keys)

    async def paid(self, space: str, days: Mapping[str, BanksOfDay]) -> None:
        """What the banks reported for some days."""
        fields = {day: encode_day(banks) for day, banks in days.items()}
        await self._hash(Space(space).paid, fields)

    async def bodies(self, space: str, texts: Mapping[str, str]) -> None:
        """Published bodies and what they withhold."""
        packed = {name: pack(text.encode()) for name, text in texts.items()}
        await self._hash(Space(space).bodies, packed)

    async def secrets(self, secrets: Mapping[str, bytes]) -> None:
        """The installation's wrapped secrets."""
        await self._hash(SECRETS, secrets)

    async def service(self, early: Early, people: People) -> None:
        """Progress of derived steps, and what people sign in with."""
        if early.closed_until is not None:
            await self._client.set(CLOSED_UNTIL, early.closed_until)
        for key, fields in (
            (EXAMINED, early.examined),
            (USED, early.used),
            (LOGINS, people.logins),
            (PASSWORDS, people.passwords),
            (INVITATIONS, people.invitations),
        ):
            await self._hash(key, fields)

    async def feed(self, lines: Sequence[FeedLine]) -> None:
        """Entries of the feed at their positions."""
        pipeline = self._client.pipeline(transaction=False)
        for line in lines:
            fields: dict[str, str | int] = {"v": line.body}
            if line.market != SERVICE:
                fields = {"m": line.market, "r": line.body}
            if line.published is not None:
                fields["t"] = line.published
            pipeline.xadd(FEED, fields, id=f"0-{line.position}")
        await pipeline.execute()

    async def end_feed(self, reached: Mapping[str, int], last: int) -> None:
        """How far each market has been taken over; the next position lies far beyond `last`."""
        await self._hash(FEED_LAST, {market: str(n) for market, n in reached.items()})
        place = f"0-{last + FEED_JUMP}"
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xadd(FEED, {"m": "", "r": ""}, id=place)
        pipeline.xdel(FEED, place)
        await pipeline.execute()

    async def erased(self, vendors: Mapping[str, int]) -> None:
        """The list of the erased: vendor code → when (ms)."""
        await self._hash(ERASED, vendors)

    async def answers(self, some: Sequence[Answer]) -> None:
        """Stored answers, each until its moment."""
        pipeline = self._client.pipeline(transaction=False)
        for answer in some:
            key = Space(answer.space).answers + answer.name
            pipeline.set(key, answer.sealed, pxat=answer.until)
        await pipeline.execute()

    async def jobs(self, some: Sequence[Stored]) -> None:
        """Records, keys, and parts of files and results; a job that has not ended is open again."""
        pipeline = self._client.pipeline(transaction=False)
        for stored in some:
            key = job(stored.name)
            if stored.value is None:
                pipeline.hset(key, mapping=stored.fields)
                if stored.until is not None:
                    pipeline.pexpireat(key, stored.until)
                continue
            pipeline.set(key, stored.value, pxat=stored.until)
            if ":" not in stored.name:
                record = msgpack.decode(stored.value, type=Job)
                if not record.ended:
                    pipeline.zadd(JOBS_OPEN, {record.id: record.created})
                elif record.state == "failed":
                    pipeline.zadd(JOBS_FAILED, {record.id: record.created})
        await pipeline.execute()

    async def _hash(self, key: str, fields: Mapping[str, Any]) -> None:
        items = list(fields.items())
        for start in range(0, len(items), FIELDS_MAX):
            await self._client.hset(key, mapping=dict(items[start : start + FIELDS_MAX]))
