"""Seals as they are stored: numbered records of a space, and the newest of them once more.

A seal is written with the condition that the newest is still the one that it follows, in one step:
of two sealers one writes, the other finds that it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from importlib.resources import files
from typing import Any, NamedTuple

from msgspec import DecodeError, Struct, msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from tracker.domain.seal import DIGEST_BYTES, SealedEntry, Stretch
from tracker.store.keys import Space

NEWEST = "last"
"""The field of `seals` that says which seal is the newest; the others are numbered from 1."""


class Seal(Struct, frozen=True, array_like=True):
    """One seal: the positions of the first and the last entry that it covers, and its digest."""

    first: int
    last: int
    digest: bytes


class Newest(Struct, frozen=True, array_like=True):
    """The newest seal: its number, the position of its last entry, its digest."""

    ordinal: int
    last: int
    digest: bytes


class Unsealed(NamedTuple):
    """Where a ledger and its seals end. `newest` is as stored; None before the first seal.

    `position` is that of the ledger's last entry and `fact` that entry's bytes (None where the
    ledger is empty). `wrong` says why the ledger or its seals could not be read, or is empty.
    """

    space: str
    position: int
    fact: bytes | None
    newest: bytes | None
    wrong: str = ""


class NewSeals(NamedTuple):
    """Seals to be added to a ledger's: they follow seal number `after`.

    `newest` is the newest record as it was read.
    """

    space: str
    newest: bytes | None
    after: int
    seals: Sequence[Seal]


class StoredSeals(NamedTuple):
    """All seal records of a ledger, by field, as they are stored.

    `wrong` says why they could not be read, or is empty.
    """

    records: Mapping[str, bytes]
    wrong: str = ""


class Covering(NamedTuple):
    """A seal and its number."""

    number: int
    seal: Seal


NO_SEALS = StoredSeals({})


class Written(IntEnum):
    """What came of seals to be added."""

    DONE = 1
    OUTRUN = 0
    """Somebody was faster."""
    TAKEN = -1
    """A number is taken though the newest record says otherwise: the records are damaged."""


def read_seal(raw: bytes) -> Seal | None:
    """A stored seal; None where the bytes are none."""
    try:
        seal = msgpack.decode(raw, type=Seal)
    except (DecodeError, UnicodeDecodeError):
        return None
    return seal if len(seal.digest) == DIGEST_BYTES and 0 < seal.first <= seal.last else None


def read_newest(raw: bytes) -> Newest | None:
    """The stored record of the newest seal; None where the bytes are none."""
    try:
        newest = msgpack.decode(raw, type=Newest)
    except (DecodeError, UnicodeDecodeError):
        return None
    return newest if len(newest.digest) == DIGEST_BYTES and newest.ordinal > 0 else None


class SealStore:
    """Reads what is to be sealed, and writes the seals."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._add = AsyncScript(client, files("tracker.store").joinpath("seal.lua").read_text())

    async def look(self, spaces: Sequence[str]) -> list[Unsealed]:
        """Where these ledgers and their seals end, in one round trip, each at its own moment."""
        pipeline = self._client.pipeline(transaction=False)
        for name in spaces:
            # The seals first: what they cover is then in the ledger when its end is read.
            pipeline.hget(Space(name).seals, NEWEST)
            pipeline.xrevrange(Space(name).ledger, count=1)
        replies = await pipeline.execute(raise_on_error=False) if spaces else []
        return [
            _unsealed(name, newest, end)
            for name, newest, end in zip(spaces, replies[::2], replies[1::2], strict=True)
        ]

    async def all(self, space: str) -> StoredSeals:
        """All seal records of a ledger."""
        try:
            found = await self._client.hgetall(Space(space).seals)
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            return StoredSeals({}, "a key of another type")
        records = {k.decode(errors="backslashreplace"): v for k, v in found.items()}
        return StoredSeals(records)

    async def covering(self, space: str, first: int, last: int) -> list[Covering]:
        """The seals of the entries from `first` to `last`, in order; those that are not sealed yet
        have none. Empty where a record on the way is damaged: `verify` says more.

        Found by halving: some round trips, however many seals there are.
        """
        newest = read_newest(await self._client.hget(Space(space).seals, NEWEST) or b"")
        if newest is None or newest.last < first:
            return []
        low, high = 1, newest.ordinal
        while low < high:
            middle = (low + high) // 2
            (seal,) = await self._numbered(space, [middle])
            if seal is None:
                return []
            low, high = (low, middle) if seal.last >= first else (middle + 1, high)
        numbers = range(low, min(newest.ordinal, low + last - first) + 1)
        found = zip(numbers, await self._numbered(space, numbers), strict=True)
        return [Covering(n, s) for n, s in found if s is not None and s.first <= last]

    async def _numbered(self, space: str, numbers: Sequence[int]) -> list[Seal | None]:
        raws = await self._client.hmget(Space(space).seals, [str(n) for n in numbers])
        return [None if raw is None else read_seal(raw) for raw in raws]

    async def facts(self, wanted: Sequence[tuple[str, int]]) -> list[bytes | None]:
        """The bytes of single entries of (space, position); None where there is none."""
        pipeline = self._client.pipeline(transaction=False)
        for name, position in wanted:
            pipeline.xrange(Space(name).ledger, f"0-{position}", f"0-{position}", count=1)
        pages = await pipeline.execute() if wanted else []
        return [page[0][1].get(b"e") if page else None for page in pages]

    async def entries(
        self, wanted: Sequence[tuple[str, Stretch]]
    ) -> list[list[SealedEntry] | None]:
        """The entries of stretches; None for one that lacks an entry, or part of one."""
        pipeline = self._client.pipeline(transaction=False)
        for name, (first, last) in wanted:
            pipeline.xrange(Space(name).ledger, f"0-{first}", f"0-{last}")
        pages = await pipeline.execute() if wanted else []
        return [_entries(stretch, page) for (_, stretch), page in zip(wanted, pages, strict=True)]

    async def add(self, many: Sequence[NewSeals]) -> list[Written]:
        """Writes the seals of each ledger in a step of its own, all of them or none."""
        pipeline = self._client.pipeline(transaction=False)
        for name, newest, after, seals in many:
            records: list[bytes] = []
            for number, seal in enumerate(seals, after + 1):
                records += [b"%d" % number, msgpack.encode(seal)]
            reached = Newest(after + len(seals), seals[-1].last, seals[-1].digest)
            args = [newest or b"", msgpack.encode(reached), *records]
            await self._add(keys=[Space(name).seals], args=args, client=pipeline)
        return [Written(reply) for reply in (await pipeline.execute() if many else [])]


def _unsealed(name: str, newest: Any, end: Any) -> Unsealed:
    for reply in (newest, end):
        if isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE"):
            return Unsealed(name, 0, None, None, "a key of another type")
        if isinstance(reply, Exception):
            raise reply
    if not end:
        return Unsealed(name, 0, None, newest)
    (id_, fields), *_ = end
    time, _, position = id_.partition(b"-")
    if time != b"0":
        return Unsealed(name, 0, None, newest, "an entry with a foreign id")
    return Unsealed(name, int(position), fields.get(b"e", b""), newest)


def _entries(stretch: Stretch, page: Sequence[Any]) -> list[SealedEntry] | None:
    found = [
        SealedEntry(int(id_.partition(b"-")[2]), fields[b"n"], fields[b"e"])
        for id_, fields in page
        if b"n" in fields and b"e" in fields
    ]
    should = range(stretch.first, stretch.last + 1)
    return found if [entry.position for entry in found] == list(should) else None
