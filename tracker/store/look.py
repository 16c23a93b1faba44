"""What a market's figures are made of, all read at one ledger position."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.domain.facts import decode_market, decode_vendor
from tracker.domain.figures import BANKS_DAYS, WINDOW_DAYS, Grounds
from tracker.domain.lines import KINDS, Falls, closings
from tracker.domain.market import market_of
from tracker.domain.paid import Paid
from tracker.domain.roster import roster_of
from tracker.domain.rows import Step, steps
from tracker.domain.targets import PACE_DAYS
from tracker.domain.vendor import History
from tracker.store.activity import decode_days, union_of_day
from tracker.store.commit import MARKET
from tracker.store.keys import Space
from tracker.store.reads import pairs

DOCUMENTS_MAX = 1_000
"""Documents that are named one by one: beyond, all of a market's are read."""


class Look(NamedTuple):
    """A market as it stands at one ledger position; `grounds` are None where there is none."""

    position: int
    grounds: Grounds | None
    published: dict[str, bytes]
    marked_day: int | None


_Documents = tuple[int, ...] | None
"""Which documents of a market to read; None = all."""


class Looks:
    """Looks at markets."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._script = AsyncScript(client, files("tracker.store").joinpath("look.lua").read_text())

    async def at(
        self, markets: Sequence[str], first: int, last: int, published: Sequence[str] = ()
    ) -> list[Look]:
        """Markets, each at its own position, with what the figures of these days are made of.

        And these publication records. A market whose rows do not tell of the first day is looked
        at again, with the documents of the vendors that changed since.
        """
        fields = _Fields(first, last, published)
        wanted = dict[str, _Documents](dict.fromkeys(markets, ()))
        found: dict[str, Look] = {}
        while wanted:
            replies = await self._send(wanted, fields)
            again: dict[str, _Documents] = {}
            for (market, documents), reply in zip(wanted.items(), replies, strict=True):
                read = _Read(market, documents, fields, reply)
                if (more := read.more()) == documents:
                    found[market] = read.look()
                else:
                    again[market] = more
            wanted = again
        return [found[market] for market in markets]

    async def _send(self, wanted: dict[str, _Documents], fields: _Fields) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        published = fields.published
        for market, documents in wanted.items():
            space = Space(market)
            keys = [space.ledger, space.docs, space.deltas, space.published, space.marks]
            keys += [space.rows, space.sets, space.paid]
            count = -1 if documents is None else len(documents)
            args = [*fields.days, len(published), count, *published, *(documents or ())]
            await self._script(keys=keys, args=args, client=pipeline)
        replies: list[Any] = await pipeline.execute()
        return replies


class _Fields:
    """The fields that are read of every market, and how they are put together again."""

    def __init__(self, first: int, last: int, published: Sequence[str]) -> None:
        self.first = first
        self.published = published
        self._lines = [(day, line) for day in range(first, last + 1) for line in KINDS]
        self._banks_from = first - BANKS_DAYS + 1
        self._paid_from = first - WINDOW_DAYS + 1
        since = self._paid_from, self._banks_from
        self.days: tuple[str | int, ...] = (first, last, *since, ",".join(KINDS))

    def records(self, values: Sequence[bytes | None]) -> dict[str, bytes]:
        """The publication records that there are."""
        pairs = zip(self.published, values, strict=True)
        return {field: value for field, value in pairs if value is not None}

    def falls(self, values: Sequence[bytes | None]) -> Falls:
        """The day lines."""
        pairs = zip(self._lines, values, strict=True)
        return Falls({place: int(value) for place, value in pairs if value is not None})

    def reports(
        self,
        values: Sequence[bytes | None],
        unions: Sequence[bytes | None],
        instead: Sequence[bytes | None],
    ) -> Paid:
        """The banks' reports: `instead` are those of the days that have no union, in order."""
        since, *days = values
        older = dict(enumerate(unions, self._paid_from))
        others = [day for day, union in older.items() if union is None]
        known: dict[int, bytes | None] = {d: raw for d, raw in older.items() if raw is not None}
        known |= {day: union_of_day(raw) for day, raw in zip(others, instead, strict=True) if raw}
        found = [(day, raw) for day, raw in enumerate(days, self._banks_from) if raw is not None]
        reports = decode_days([raw for _, raw in found])
        return Paid(dict(zip([day for day, _ in found], reports, strict=True)), since or b"", known)


class _Read:
    """A market's reply, as far as it is read to see whether it is enough."""

    def __init__(self, market: str, wanted: _Documents, fields: _Fields, reply: Any) -> None:
        self._position, document, self._mark, raw, sets, *self._rest = reply
        self._wanted, self._fields = wanted, fields
        self._market = None if document is None else market_of(market, decode_market(document))
        self._roster = roster_of(raw, pairs(sets))

    def more(self) -> _Documents:
        """The documents that are needed; those that were read where they are enough."""
        if self._market is None or self._wanted is None:
            return self._wanted
        earliest = self._fields.first - (PACE_DAYS if self._market.targets else 0)
        unsaid = self._roster.unsaid(earliest)
        if set(unsaid) <= set(self._wanted):
            return self._wanted
        return None if self._wanted or len(unsaid) > DOCUMENTS_MAX else tuple(unsaid)

    def look(self) -> Look:
        """The look."""
        published, deltas, *activity, documents = self._rest
        fields, grounds = self._fields, None
        if self._market is not None:
            past = self._past(self._market.prefix, documents)
            falls, reports = fields.falls(deltas), fields.reports(*activity)
            grounds = Grounds(self._market, falls, self._roster, past, reports)
        day = self._mark[0]
        marked = None if day is None else int(day)
        return Look(self._position, grounds, fields.records(published), marked)

    def _past(self, prefix: str, documents: Sequence[bytes]) -> dict[int, list[Step]]:
        if self._wanted is None:
            subjects, raws = documents[::2], documents[1::2]
            every = zip(subjects, raws, strict=True)
            numbered = [(int(n), raw) for n, raw in every if n != MARKET.encode()]
        else:
            numbered = list(zip(self._wanted, documents, strict=True))
        return {
            number: steps(closings(History(prefix, number, decode_vendor(raw)).states()))
            for number, raw in numbered
        }
