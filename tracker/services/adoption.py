"""Live adoption: the figures as they stand now, computed once a change."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, json

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import day_date, day_of
from tracker.domain.figures import DEFINITION_VERSION, content
from tracker.domain.market import Market
from tracker.domain.roll_up import roll_up
from tracker.domain.snapshot import canonical
from tracker.services.context import Tracker
from tracker.services.sight import Sight, seen, sight

CACHED_MAX = 10_000
"""Markets whose live figures a process keeps: a country has some 8 500."""

BATCH = 100
"""Markets read in one round trip: some MB of replies."""


class Live(Struct, frozen=True):
    """A live body, encoded, and the ETag that changes with it."""

    body: bytes
    etag: str


class Kept(Struct):
    """A market's content at a position on a day, and what was shown of it so far, by sight.

    `silent` are the banks with accounts there that did not report the day before.
    """

    position: int
    day: int
    market: Market
    content: bytes
    silent: tuple[str, ...]
    shown: dict[Sight, Live]

    @property
    def is_open(self) -> bool:
        """Whether the market trades on that day."""
        return self.market.open_on(self.day)

    def holds(self, position: int, day: int) -> bool:
        """Whether nothing has changed since."""
        return (self.position, self.day) == (position, day)


class LiveFigures:
    """Live figures, exact at every call: one small read tells whether the kept ones still hold."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    async def market(self, principal: Principal, market: str) -> Live:
        """A market's figures now. Raises `NotFound` out of scope."""
        if not principal.may_market(market):
            raise hidden()
        position = await self._tracker.reader.position(market)
        kept = self._kept.get(market)
        if kept is None or not kept.holds(position, self._today()):
            kept = (await self._look([market])).get(market)
            if kept is None:
                raise hidden()
        as_ = sight(principal)
        live = kept.shown.get(as_)
        if live is None:
            body = seen(json.decode(kept.content), as_)
            live = kept.shown[as_] = _live({**body, "ledger_position": str(kept.position)})
        return live

    async def city(self, principal: Principal) -> Live:
        """The sum over all markets in scope that are open today."""
        today, as_ = self._today(), sight(principal)
        ids = [m for m in await self._tracker.reader.markets() if principal.may_market(m)]
        summed = [(m, kept) for m, kept in (await self.standing(ids)).items() if kept.is_open]
        parts = [seen(json.decode(kept.content), as_) for _, kept in summed]
        return _live(
            {
                "group": "city",
                "date": day_date(today).isoformat(),
                "definition_version": DEFINITION_VERSION,
                "markets": len(parts),
                **roll_up(parts),
                "inputs": [
                    {"market": market, "ledger_position": str(kept.position)}
                    for market, kept in summed
                ],
                "missing": [],
            }
        )

    async def standing(self, ids: Sequence[str]) -> dict[str, Kept]:
        """How these markets stand now, those that there are, in their order."""
        today = self._today()
        standing: dict[str, Kept] = {}
        for market, position in zip(ids, await self._tracker.reader.positions(ids), strict=True):
            kept = self._kept.get(market)
            if kept is not None and kept.holds(position, today):
                standing[market] = kept
        changed = [market for market in ids if market not in standing]
        for start in range(0, len(changed), BATCH):
            standing |= await self._look(changed[start : start + BATCH])
        return {market: standing[market] for market in ids if market in standing}

    def _today(self) -> int:
        return day_of(self._tracker.now())

    async def _look(self, markets: Sequence[str]) -> dict[str, Kept]:
        """Computes the figures of these markets, those that there are, and keeps them."""
        now = self._tracker.now()
        today, found = day_of(now), dict[str, Kept]()
        looks = await self._tracker.looks.at(markets, today, today)
        for market, look in zip(markets, looks, strict=True):
            if look.grounds is None:
                continue
            body = content(look.grounds, today, now)
            reported = look.grounds.paid.reported(today - 1)
            silent = tuple(b for b in body["completeness"]["expected"] if b not in reported)
            found[market] = self._kept[market] = Kept(
                look.position, today, look.grounds.market, canonical(body), silent, {}
            )
            self._kept.move_to_end(market)
        while len(self._kept) > CACHED_MAX:
            self._kept.popitem(last=False)
        return found


def _live(body: dict[str, Any]) -> Live:
    encoded = canonical(body)
    return Live(encoded, f'"{hash_of(encoded)}"')


def hash_of(encoded: bytes) -> str:
    """A short digest for ETags: equal bodies have equal tags in every process."""
    return hashlib.sha256(encoded).hexdigest()[:32]
