"""Reading a store for a backup: everything that is no view, a space at one moment each.

The order matters, and is the caller's: what names publications, answers or progress (`early`,
`feed`, `jobs`, `answers`) is read before any ledger, so that everything it names is in the ledgers
as they are read later. A space's own records are read in the same step as its ledger's end.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tracker.store.dump_shapes import Answer, Damaged, Early, FeedLine, People, SpaceRecords, Stored
from tracker.store.erasures import pending_of
from tracker.store.keys import (
    CLOSED_UNTIL,
    EXAMINED,
    FEED,
    INVITATIONS,
    LOGINS,
    PASSWORDS,
    SECRETS,
    SERVICE,
    USED,
    Space,
    job,
)
from tracker.store.reads import LEDGER_PAGE
from tracker.store.sealed import ANSWERS, space_and_name

PAGE: Final = 500
"""Keys a round trip of a scan."""

FIELDS: Final = 8
"""Fields a read of a job's hash: a chunk of a file has 512 KiB."""


class Dump:
    """Reads one store."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    # ── before the ledgers ───────────────────────────────────────────────────────────────────

    async def early(self) -> Early:
        """What derived steps have reached."""
        closed = await self._client.get(CLOSED_UNTIL)
        examined = await self._client.hgetall(EXAMINED)
        used = await self._client.hgetall(USED)
        return Early(
            None if closed is None else int(closed),
            {k.decode(): int(v) for k, v in examined.items()},
            {k.decode(): int(v) for k, v in used.items()},
        )

    async def feed(self) -> AsyncIterator[FeedLine]:
        """The feed up to where it stands now, in order."""
        last = await self._client.xrevrange(FEED, count=1)
        after, until = 0, _position(last[0][0]) if last else 0
        while after < until:
            page = await self._client.xrange(FEED, f"(0-{after}", f"0-{until}", count=LEDGER_PAGE)
            for id_, fields in page:
                after = _position(id_)
                yield _feed_line(after, fields)
            if not page:
                return

    async def answers(self) -> AsyncIterator[Answer]:
        """Every stored answer."""
        async for keys in self._keys(ANSWERS, "string"):
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.get(key)
                pipeline.pexpiretime(key)
            replies = await pipeline.execute()
            for key, sealed, until in zip(keys, replies[::2], replies[1::2], strict=True):
                place = space_and_name(key)
                if place is not None and sealed is not None and until > 0:
                    yield Answer(*place, until, sealed)

    async def jobs(self) -> AsyncIterator[Stored]:
        """Records and keys of jobs, then their files and results.

        In this order, because a file is whole before its job's record is there.
        """
        prefix = job("")
        async for keys in self._keys(job("*"), "string"):
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.get(key)
                pipeline.pexpiretime(key)
            replies = await pipeline.execute()
            for key, value, until in zip(keys, replies[::2], replies[1::2], strict=True):
                if value is not None:
                    yield Stored(key.removeprefix(prefix), _until(until), value, {})
        async for keys in self._keys(job("*"), "hash"):
            for key in keys:
                until = _until(await self._client.pexpiretime(key))
                names = await self._client.hkeys(key)
                for start in range(0, len(names), FIELDS):
                    some = names[start : start + FIELDS]
                    values = await self._client.hmget(key, some)
                    pairs = zip(some, values, strict=True)
                    fields = {name.decode(): raw for name, raw in pairs if raw is not None}
                    yield Stored(key.removeprefix(prefix), until, None, fields)

    # ── the ledgers and what belongs to them ─────────────────────────────────────────────────

    async def space(self, name: str) -> SpaceRecords:
        """A space's records and where its ledger ends, in one atomic step."""
        space = Space(name)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xinfo_stream(space.ledger)
        pipeline.get(space.numbers)
        for key in (space.marks, space.data_keys, space.seals, space.paid, space.erasing):
            pipeline.hgetall(key)
        stream, numbers, mark, keys, seals, paid, erasing = _checked(
            await pipeline.execute(raise_on_error=False)
        )
        return SpaceRecords(
            position=0 if stream is None else _position(stream["last-generated-id"]),
            numbers=int(numbers or 0),
            mark={k.decode(): v.decode() for k, v in mark.items()},
            data_keys=_named(keys),
            seals=_named(seals),
            paid={day: raw for day, raw in _named(paid).items() if day.isdecimal()},
            erasing=[pending_of(name, number, raw) for number, raw in _named(erasing).items()],
        )

    async def service(self) -> tuple[SpaceRecords, People, dict[str, bytes]]:
        """The service's own records, people's records, and the installation's wrapped secrets.

        The people's are read after the ledger's end and again until that stands still: they are
        small, and written with its facts.
        """
        while True:
            records = await self.space(SERVICE)
            pipeline = self._client.pipeline(transaction=True)
            pipeline.xrevrange(Space(SERVICE).ledger, count=1)
            for key in (LOGINS, PASSWORDS, INVITATIONS, SECRETS):
                pipeline.hgetall(key)
            last, logins, passwords, invitations, secrets = await pipeline.execute()
            if (_position(last[0][0]) if last else 0) == records.position:
                break
        names = {k: v.decode() for k, v in _named(logins).items()}
        return records, People(names, _named(passwords), _named(invitations)), _named(secrets)

    async def entries(
        self, name: str, until: int
    ) -> AsyncIterator[list[tuple[int, bytes | None, bytes | None]]]:
        """Position, subject and fact of a ledger's entries up to a position, page by page."""
        after = 0
        while after < until:
            page = await self._client.xrange(
                Space(name).ledger, f"(0-{after}", f"0-{until}", count=LEDGER_PAGE
            )
            if not page:
                return
            yield [(_position(id_), f.get(b"n"), f.get(b"e")) for id_, f in page]
            after = _position(page[-1][0])

    async def _keys(self, pattern: str, kind: str) -> AsyncIterator[list[str]]:
        keys: list[str] = []
        async for key in self._client.scan_iter(match=pattern, count=PAGE, _type=kind):
            keys.append(key.decode())
            if len(keys) == PAGE:
                yield keys
                keys = []
        if keys:
            yield keys


def _checked(replies: Sequence[Any]) -> list[Any]:
    """The replies; None for the ledger of a space that has none."""
    stream, *rest = replies
    missing = isinstance(stream, ResponseError) and "no such key" in str(stream)
    for reply in (None if missing else stream, *rest):
        if isinstance(reply, Exception):
            raise _told(reply)
    return [None if missing else stream, *rest]


def _told(error: Exception) -> Exception:
    if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
        return Damaged("A key of the store has another type than the service writes.")
    return error


def _named(fields: dict[bytes, bytes]) -> dict[str, bytes]:
    return {name.decode(): value for name, value in fields.items()}


def _feed_line(position: int, fields: dict[bytes, bytes]) -> FeedLine:
    published = int(fields[b"t"]) if b"t" in fields else None
    if b"v" in fields:
        return FeedLine(position, SERVICE, fields[b"v"].decode(), published)
    return FeedLine(position, fields[b"m"].decode(), fields[b"r"].decode(), published)


def _until(ms: int) -> int | None:
    return ms if ms > 0 else None


def _position(id_: bytes) -> int:
    return int(id_.partition(b"-")[2])
