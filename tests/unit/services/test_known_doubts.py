"""Doubts are worked out once a change of the ledger, a market at a time, and kept within bounds."""

from __future__ import annotations

import asyncio

from tracker.domain.doubts import Doubt
from tracker.services.known_doubts import KnownDoubts, MarketDoubts


class Work:
    """Stands for the reading of markets: counts, and tells how many were at it at once."""

    def __init__(self, vendors: int = 3) -> None:
        self.position = 1
        self.done: list[str] = []
        self.most = 0
        self._vendors = vendors
        self._now = 0

    async def of(self, known: KnownDoubts, market: str) -> MarketDoubts:
        """Asks for a market's doubts."""

        async def position() -> int:
            return self.position

        async def work_out() -> MarketDoubts:
            self._now += 1
            self.most = max(self.most, self._now)
            await asyncio.sleep(0)
            self._now -= 1
            self.done.append(market)
            stalls = {f"{market}-{n}": "A1" for n in range(self._vendors)}
            return MarketDoubts([(Doubt("same_name", "a", "b", "1.1"), None)], stalls)

        return await known.of(market, position, work_out)


def test_until_the_ledger_goes_on_nothing_is_worked_out_again() -> None:
    known, work = KnownDoubts(), Work()

    async def three() -> None:
        first = await work.of(known, "a")
        assert await work.of(known, "a") is first
        work.position = 2
        assert await work.of(known, "a") is not first

    asyncio.run(three())
    assert work.done == ["a", "a"]


def test_many_who_ask_at_once_are_answered_by_one_reading_a_market() -> None:
    known, work = KnownDoubts(), Work()

    async def many() -> None:
        await asyncio.gather(*(work.of(known, "ab"[n % 2]) for n in range(20)))

    asyncio.run(many())
    assert sorted(work.done) == ["a", "b"]
    assert work.most == 1


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    known, work = KnownDoubts(lines_max=8), Work()

    async def ask() -> None:
        for market in ("a", "b", "a", "c"):
            await work.of(known, market)

    asyncio.run(ask())
    assert known.kept == ["a", "c"]


def test_a_market_that_is_larger_than_the_room_is_not_kept() -> None:
    known, work = KnownDoubts(lines_max=8), Work(vendors=20)
    assert len(asyncio.run(work.of(known, "a")).stalls) == 20
    assert known.kept == []
