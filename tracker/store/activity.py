"""The banks' days of a market: records of who was paid, and the latest report of each day.

`paid` holds under a day's number a map of BIN → payments, amount, set, under the same with a `u`
the union of these sets, and under `first` since when each vendor has been paid (see
`tracker.domain.activity`). The unions are a view: a third of the bytes for whoever asks only who
was paid at all. A day of before there were unions has none, and is read as a map. `reports` holds
of each day and bank's latest report what the map does not say (`tracker.store.bank_reports`), and
under `version` how many facts about activity the ledger has: every commit of one expects and
raises it, so that whoever decides by several days sees all of them as they stood at one moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct, msgpack
from redis.asyncio import Redis
from redis.exceptions import ResponseError, WatchError

from tracker.domain.facts import ActivityReported, FirstPaid, MarketFact
from tracker.domain.paid import union_of
from tracker.store import bank_reports
from tracker.store.bank_reports import Standing, report_field
from tracker.store.commit import MARKET, Commit
from tracker.store.keys import Space

FIRST: Final = "first"
VERSION: Final = "version"


class BankDay(NamedTuple):
    """What a bank reported for a day: payments, their sum in dong, and the set of vendors paid.

    The set is None once it was dropped.
    """

    payments: int
    amount_vnd: int
    paid: bytes | None


BanksOfDay = Mapping[str, BankDay]

encode_day = msgpack.Encoder(order="sorted").encode
"""A day's banks by BIN as they are stored."""
decode_day = msgpack.Decoder(dict[str, BankDay]).decode
"""The inverse of `encode_day`; raises `msgspec.DecodeError`."""
_decode_days = msgpack.Decoder(list[dict[str, tuple[int, int, bytes | None]]]).decode


def union_of_day(raw: bytes) -> bytes | None:
    """The union of a day's sets as it is stored; None where one was dropped."""
    return union_of(bank.paid for bank in decode_day(raw).values())


def decode_days(raws: Sequence[bytes]) -> list[dict[str, tuple[int, int, bytes | None]]]:
    """Many days at once: a third of the time that `decode_day` takes for each."""
    return _decode_days(b"\xdd" + len(raws).to_bytes(4, "big") + b"".join(raws))


class DayState(Struct, frozen=True):
    """One day of a market as it stands for one bank; the raw values are a commit's conditions."""

    day: int
    bin: str
    raw_day: bytes | None
    raw_first: bytes | None
    raw_report: bytes | None
    version: int

    @property
    def banks(self) -> dict[str, BankDay]:
        """What the banks reported for the day, by BIN."""
        return {} if self.raw_day is None else decode_day(self.raw_day)

    @property
    def report(self) -> Standing | None:
        """The bank's standing report."""
        raw, bank = self.raw_report, self.banks.get(self.bin)
        if raw is None or bank is None:
            return None
        return bank_reports.of_stored(raw, self.day, self.bin, bank.payments, bank.amount_vnd)


class Everything(NamedTuple):
    """The hashes of a market as they are stored; None for one that is a key of another type."""

    position: int
    paid: dict[str, bytes] | None
    reports: dict[str, bytes] | None


class Activity:
    """Reads the days, and puts changes of them into commits."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def day(self, market: str, day: int, bin_: str) -> DayState:
        """One day for one bank, at one moment."""
        space = Space(market)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hmget(space.paid, str(day), FIRST)
        pipeline.hmget(space.reports, report_field(day, bin_), VERSION)
        (raw_day, raw_first), (raw_report, version) = await pipeline.execute()
        return DayState(day, bin_, raw_day, raw_first, raw_report, int(version or 0))

    async def days(self, market: str) -> tuple[int, bytes | None, dict[int, bytes]]:
        """The version, `first` and all days of a market as they are stored, at one moment."""
        space = Space(market)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hget(space.reports, VERSION)
        pipeline.hgetall(space.paid)
        version, paid = await pipeline.execute()
        first = paid.pop(FIRST.encode(), None)
        days = {int(day): raw for day, raw in paid.items() if day.isdigit()}
        return int(version or 0), first, days

    async def known_days(self, markets: Sequence[str]) -> dict[str, list[int]]:
        """The days of each market that any bank reported."""
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hkeys(Space(market).paid)
        found = zip(markets, await pipeline.execute() if markets else [], strict=True)
        return {m: sorted(int(d) for d in days if d.isdigit()) for m, days in found}

    async def documents_naming(self, market: str, bin_: str) -> list[tuple[int, bytes]]:
        """Numbers and documents of the vendors whose facts hold this BIN anywhere."""
        documents: dict[bytes, bytes] = await self._client.hgetall(Space(market).docs)
        documents.pop(MARKET.encode(), None)
        needle = bin_.encode()
        return [(int(number), raw) for number, raw in documents.items() if needle in raw]

    async def everything(self, market: str) -> Everything:
        """Both hashes whole, and the ledger's last position, at one moment."""
        space = Space(market)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xinfo_stream(space.ledger)
        pipeline.hgetall(space.paid)
        pipeline.hgetall(space.reports)
        stream, paid, reports = await pipeline.execute(raise_on_error=False)
        return Everything(_position(stream), _texts(paid), _texts(reports))

    async def swap(
        self,
        market: str,
        position: int,
        reports: Mapping[str, bytes],
        views: Mapping[str, bytes | None],
    ) -> bool:
        """Puts these reports, and these fields of `paid` (None = absent), in the place of others.

        Only if the ledger's last entry is the one at `position`; else the answer is False.
        """
        space = Space(market)
        async with self._client.pipeline(transaction=True) as step:
            await step.watch(space.ledger)
            if _position(await _reply(step.xinfo_stream(space.ledger))) != position:
                return False
            step.multi()
            step.delete(space.reports)
            if reports:
                step.hset(space.reports, mapping=dict(reports))
            for field, value in views.items():
                if value is None:
                    step.hdel(space.paid, field)
                else:
                    step.hset(space.paid, field, value)
            try:
                await step.execute()
            except WatchError:
                return False
        return True


def put_fact(commit: Commit, space: Space, fact: MarketFact, version: int) -> None:
    """A fact about activity, and the version that it was decided on and raises by one."""
    commit.entry(MARKET, fact)
    before = None if version == 0 else _version(version)
    commit.record(space.reports, VERSION, _version(version + 1), expected=before, new=not version)


def union_field(day: int | str) -> str:
    """The field of a day's union."""
    return f"{day}u"


def is_union(field: str) -> bool:
    """Whether it is the field of a union."""
    return field.endswith("u") and field[:-1].isdigit()


def put_day(
    commit: Commit, space: Space, day: int, before: bytes | None, after: BanksOfDay
) -> None:
    """A day's banks in place of what was read, and their union."""
    commit.record(space.paid, str(day), encode_day(after), expected=before, new=before is None)
    union = union_of(bank.paid for bank in after.values())
    if union is None:
        commit.drop(space.paid, union_field(day))
    else:
        commit.record(space.paid, union_field(day), union, new=False)


def put_first(commit: Commit, space: Space, before: bytes | None, after: bytes) -> None:
    """`first` in place of what was read, if it changes."""
    if after != (before or b""):
        commit.record(space.paid, FIRST, after, expected=before, new=before is None)


def put_report(commit: Commit, space: Space, fact: ActivityReported, before: bytes | None) -> None:
    """A report in place of the one that was read."""
    field = report_field(fact.day, fact.bin)
    raw = bank_reports.kept(fact)
    commit.record(space.reports, field, raw, expected=before, new=before is None)


def reports_of(facts: Sequence[ActivityReported | FirstPaid]) -> dict[str, bytes]:
    """The view of reports that these facts, in the order of the ledger, give."""
    made = {
        report_field(fact.day, fact.bin): bank_reports.kept(fact)
        for fact in facts
        if isinstance(fact, ActivityReported)
    }
    return {**made, VERSION: _version(len(facts))} if facts else {}


def _version(version: int) -> bytes:
    return str(version).encode()


async def _reply(reading: Any) -> Any:
    try:
        return await reading
    except ResponseError as error:
        return error


def _position(stream: Any) -> int:
    """The position of the last entry ever written; what cannot be read is `verify`'s to say."""
    if isinstance(stream, ResponseError):
        return 0
    return int(stream["last-generated-id"].partition(b"-")[2])


def _texts(found: Any) -> dict[str, bytes] | None:
    if isinstance(found, ResponseError):
        return None
    return {field.decode(errors="backslashreplace"): raw for field, raw in found.items()}
