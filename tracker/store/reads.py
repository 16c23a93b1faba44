"""Reading what stands: histories, markets, names, the ledger.

Reads may be sent again after a lost connection; nothing here writes but the counter of vendor
numbers, whose gaps do no harm.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.domain.codes import check_character
from tracker.domain.facts import (
    AnyFact,
    MarketFact,
    ServiceFact,
    decode_fact,
    decode_market,
    decode_service,
    decode_vendor,
    known_by,
)
from tracker.domain.limits import require_vendors
from tracker.domain.lines import KINDS, Falls
from tracker.domain.market import Market, market_of
from tracker.domain.roster import Roster, roster_of
from tracker.domain.rows import CATEGORY, ZONE
from tracker.domain.vendor import History
from tracker.store.commit import MARKET
from tracker.store.keys import SERVICE, Space

LEDGER_PAGE = 1_000
"""Entries a read of the ledger: bounds the reply to some hundred kB."""


SETS: Final = files("tracker.store").joinpath("sets.lua").read_text()


class Entry(NamedTuple):
    """One entry of a ledger: its position, whom it is about, the fact and its bytes."""

    position: int
    subject: str
    fact: AnyFact
    raw: bytes


def pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """A reply of names and values in turn."""
    return zip(flat[::2], flat[1::2], strict=True)


class Reader:
    """Reads of ledgers, documents and views."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("occupied.lua").read_text()
        self._occupied: Any = AsyncScript(client, script)
        self._sets: Any = AsyncScript(client, SETS)

    # ── one market ───────────────────────────────────────────────────────────────────────────

    async def position(self, space: str) -> int:
        """The position of the ledger's last entry; 0 where it is empty."""
        return (await self.positions([space]))[0]

    async def positions(self, spaces: Sequence[str]) -> list[int]:
        """The position of each ledger's last entry, in one round trip."""
        if len(spaces) == 1:
            return [_last(await self._client.xrevrange(Space(spaces[0]).ledger, count=1))]
        pipeline = self._client.pipeline(transaction=False)
        for space in spaces:
            pipeline.xrevrange(Space(space).ledger, count=1)
        return [_last(page) for page in await pipeline.execute()]

    async def marks(self, markets: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Markets with a mark: the first day whose figures may be outdated, and since when (ms)."""
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hmget(Space(market).marks, "day", "ms")
        found = zip(markets, await pipeline.execute(), strict=True)
        return {m: (int(day), int(at)) for m, (day, at) in found if day is not None}

    async def falls(self, markets: Sequence[str], first: int, last: int) -> dict[str, Falls]:
        """The day lines of the days `first` … `last` of each market, in one round trip."""
        places = [(day, line) for day in range(first, last + 1) for line in KINDS]
        fields = [f"{day}:{line}" for day, line in places]
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hmget(Space(market).deltas, fields)
        found = zip(markets, await pipeline.execute() if markets else [], strict=True)
        return {
            market: Falls({p: int(n) for p, n in zip(places, counts, strict=True) if n is not None})
            for market, counts in found
        }

    async def market(self, market: str) -> Market | None:
        """The market's state."""
        document = await self._client.hget(Space(market).docs, MARKET)
        return None if document is None else market_of(market, decode_market(document))

    async def market_facts(self, market: str) -> tuple[MarketFact, ...]:
        """The facts about the market itself, in the order of the ledger; none where there is none.

        Reports of activity and publications have no place among them.
        """
        document = await self._client.hget(Space(market).docs, MARKET)
        return () if document is None else decode_market(document)

    async def market_and_holders(
        self, market: str, names: Sequence[str]
    ) -> tuple[Market | None, list[str | None]]:
        """The market's state, and who holds each unique name, in one round trip."""
        space = Space(market)
        document, *holders = await self._occupied(keys=[space.docs, space.names], args=names)
        place = None if document is None else market_of(market, decode_market(document))
        return place, [None if holder is None else holder.decode() for holder in holders]

    async def some_markets(
        self, markets: Sequence[str], known_at: int | None = None
    ) -> list[Market]:
        """The states of these markets, those that there are, in one round trip.

        With `known_at` (ms) by what had been recorded by then.
        """
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hget(Space(market).docs, MARKET)
        found = zip(markets, await pipeline.execute() if markets else [], strict=True)
        made = [
            market_of(m, known_by(decode_market(raw), known_at))
            for m, raw in found
            if raw is not None
        ]
        return [market for market in made if market is not None]

    async def history(self, market: str, prefix: str, number: int) -> History:
        """One vendor's history, empty where there is no such vendor."""
        return (await self.histories(market, prefix, [number]))[0]

    async def histories(self, market: str, prefix: str, numbers: Sequence[int]) -> list[History]:
        """Some vendors' histories, in the order asked for."""
        if not numbers:
            return []
        documents = await self._client.hmget(Space(market).docs, [str(n) for n in numbers])
        return [
            History(prefix, number, decode_vendor(document) if document else ())
            for number, document in zip(numbers, documents, strict=True)
        ]

    async def all_histories(self, market: str, prefix: str) -> dict[int, History]:
        """Every vendor's history, those who left too, by number."""
        documents: dict[bytes, bytes] = await self._client.hgetall(Space(market).docs)
        numbers = sorted(int(subject) for subject in documents if subject != MARKET.encode())
        return {n: History(prefix, n, decode_vendor(documents[str(n).encode()])) for n in numbers}

    async def holders(self, space: str, names: Sequence[str]) -> list[str | None]:
        """Who holds each unique name."""
        if not names:
            return []
        found = await self._client.hmget(Space(space).names, list(names))
        return [None if holder is None else holder.decode() for holder in found]

    async def all_names(self, space: str) -> dict[str, str]:
        """Every unique name and its holder."""
        found = await self._client.hgetall(Space(space).names)
        return {name.decode(): holder.decode() for name, holder in found.items()}

    async def names(self, space: str, prefix: str) -> AsyncIterator[tuple[str, str]]:
        """The unique names that begin with `prefix` (none of the signs of a pattern), and holders.

        A page at a time, in no order; a name may come twice where others write meanwhile.
        """
        found = self._client.hscan_iter(Space(space).names, match=f"{prefix}*", count=LEDGER_PAGE)
        async for name, holder in found:
            yield name.decode(), holder.decode()

    async def roster(self, market: str) -> Roster:
        """Where each vendor stands by all its facts."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.get(Space(market).rows)
        await self._sets(keys=[Space(market).sets], client=pipeline)
        raw, sets = await pipeline.execute()
        return roster_of(raw, pairs(sets))

    async def groups(self, market: str) -> set[str]:
        """The names of the sets of all zones and categories that the market uses."""
        names = [name.decode() for name in await self._client.smembers(Space(market).sets)]
        return {name for name in names if name.startswith((ZONE, CATEGORY))}

    async def data_keys(self, market: str, numbers: Sequence[int]) -> list[bytes | None]:
        """The wrapped data keys of some vendors."""
        if not numbers:
            return []
        fields = [str(n) for n in numbers]
        keys: list[bytes | None] = await self._client.hmget(Space(market).data_keys, fields)
        return keys

    async def all_data_keys(self, market: str) -> dict[int, bytes]:
        """The wrapped data keys of all vendors, by number."""
        keys = await self._client.hgetall(Space(market).data_keys)
        return {int(number): wrapped for number, wrapped in keys.items()}

    async def asked(self, markets: Sequence[str]) -> list[tuple[int, str, str, int]]:
        """Every approval that was asked for in these markets, however it ended, oldest first.

        Rows of the moment (ms), market, subject (vendor number, or `MARKET`) and ordinal.
        """
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hgetall(Space(market).asked)
        found = zip(markets, await pipeline.execute() if markets else [], strict=True)
        rows = []
        for market, fields in found:
            for name, moment in fields.items():
                subject, _, ordinal = name.decode().partition(".")
                rows.append((int(moment), market, subject, int(ordinal)))
        return sorted(rows)

    async def reserve_numbers(self, market: str, prefix: str, count: int) -> list[int]:
        """At least `count` fresh vendor numbers, those whose check would be `*` left out.

        Raises `Conflict` `MARKET_FULL` beyond `VENDORS_MAX`.
        """
        numbers: list[int] = []
        while len(numbers) < count:
            missing = count - len(numbers)
            last = await self._client.incrby(Space(market).numbers, missing)
            require_vendors(last)
            numbers += [
                n for n in range(last - missing + 1, last + 1) if check_character(prefix, n) != "*"
            ]
        return numbers

    async def answer(self, space: str, key: str) -> bytes | None:
        """The stored answer under an idempotency key."""
        return (await self.answers(space, [key]))[0]

    async def answers(self, space: str, keys: Sequence[str]) -> list[bytes | None]:
        """The stored answers under some idempotency keys, in one round trip."""
        if len(keys) == 1:
            return [await self._client.get(Space(space).answers + keys[0])]
        where = Space(space).answers
        found: list[bytes | None] = await self._client.mget([where + key for key in keys])
        return found

    # ── ledgers ──────────────────────────────────────────────────────────────────────────────

    async def ledger(
        self, space: str, after: int = 0, until: int | None = None
    ) -> AsyncIterator[Entry]:
        """The entries after a position, in order, up to and with `until`."""
        while True:
            end = "+" if until is None else f"0-{until}"
            page = await self._client.xrange(
                Space(space).ledger, f"(0-{after}", end, count=LEDGER_PAGE
            )
            for id_, fields in page:
                raw = fields[b"e"]
                after = _position(id_)
                yield Entry(after, fields[b"n"].decode(), decode_fact(raw), raw)
            if len(page) < LEDGER_PAGE:
                return

    # ── the service ──────────────────────────────────────────────────────────────────────────

    async def service(self, subject: str) -> tuple[ServiceFact, ...]:
        """The facts about one subject of the service (`key:…`, `areas`)."""
        document = await self._client.hget(Space(SERVICE).docs, subject)
        return () if document is None else decode_service(document)

    async def service_documents(
        self, subjects: Sequence[str]
    ) -> dict[str, tuple[ServiceFact, ...]]:
        """The facts about some subjects of the service, by name, in one round trip."""
        if not subjects:
            return {}
        documents = await self._client.hmget(Space(SERVICE).docs, list(subjects))
        return {
            name: () if document is None else decode_service(document)
            for name, document in zip(subjects, documents, strict=True)
        }

    async def service_subjects(self, prefix: str) -> dict[str, tuple[ServiceFact, ...]]:
        """The facts of all subjects whose name begins with `prefix`, by name.

        `prefix` holds none of the signs of a pattern.
        """
        found = self._client.hscan_iter(Space(SERVICE).docs, match=f"{prefix}*", count=LEDGER_PAGE)
        documents = {name.decode(): document async for name, document in found}
        return {name: decode_service(document) for name, document in sorted(documents.items())}

    async def markets(self) -> dict[str, str]:
        """Market id → prefix, of all markets, by id."""
        names = await self.all_names(SERVICE)
        prefixes = {
            holder: name.removeprefix("prefix:")
            for name, holder in names.items()
            if name.startswith("prefix:")
        }
        return dict(sorted(prefixes.items()))

    async def market_of_prefix(self, prefix: str) -> str | None:
        """The id of the market with this prefix."""
        return (await self.holders(SERVICE, [f"prefix:{prefix}"]))[0]


def _last(page: list[tuple[bytes, Any]]) -> int:
    return _position(page[0][0]) if page else 0


def _position(id_: bytes) -> int:
    return int(id_.partition(b"-")[2])
