"""A market's last days for people: computed once a change, kept for some markets."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import day_of
from tracker.domain.market import Market, denominator
from tracker.domain.period import Period, period
from tracker.services.context import Tracker

CACHED_MAX = 200
"""Periods that a process keeps: counts, a kilobyte each."""


class MarketPeriod(Struct, frozen=True):
    """A market and its period; the denominators at the two ends."""

    market: Market
    period: Period
    denominators: tuple[int, int]


class MarketPeriods:
    """Periods that end at a day, at any ledger position; what is kept is named by the position."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: OrderedDict[tuple[str, int, int], tuple[int, MarketPeriod]] = OrderedDict()

    async def last_days(self, principal: Principal, market: str, days: int) -> MarketPeriod:
        """The last `days` days, today included. Raises `NotFound` out of scope."""
        today = day_of(self._tracker.now())
        return await self.between(principal, market, today - days + 1, today)

    async def between(
        self, principal: Principal, market: str, first: int, last: int
    ) -> MarketPeriod:
        """The days `first` … `last`. Raises `NotFound` out of scope."""
        if not principal.may_market(market):
            raise hidden()
        reader = self._tracker.reader
        position = await reader.position(market)
        known = self._kept.get((market, first, last))
        if known is not None and known[0] == position:
            return known[1]
        place = await self._tracker.market(market)
        histories = await reader.all_histories(market, place.prefix)
        found = await asyncio.to_thread(period, histories.values(), first, last)
        ends = zip((first - 1, last), found.registered, strict=True)
        before, after = (denominator(place.census_on(day), n).value for day, n in ends)
        made = MarketPeriod(place, found, (before, after))
        self._kept[market, first, last] = position, made
        self._kept.move_to_end((market, first, last))
        while len(self._kept) > CACHED_MAX:
            self._kept.popitem(last=False)
        return made
