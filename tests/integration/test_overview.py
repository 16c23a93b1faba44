"""The rows of all markets: found once for all who ask, at hand from the start, awaited briefly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, Clock, build, tracker_on, trader
from tracker.access.keys import Principal
from tracker.services import vendors
from tracker.services.adoption import Kept, LiveFigures
from tracker.services.context import Tracker
from tracker.services.overview import Overview
from tracker.services.overview_rows import Glance

CITY = "cho-vung-tau"
MANAGER = Principal("key-7", "their office", "manager", markets=frozenset({CITY}))


class Gate(LiveFigures):
    """Figures that somebody holds back, as a country's hold themselves back; counts who comes."""

    def __init__(self, tracker: Tracker) -> None:
        super().__init__(tracker)
        self.open = asyncio.Event()
        self.open.set()
        self.came = asyncio.Event()
        self.fails = False
        self.asked = 0

    async def standing(self, ids: Sequence[str]) -> dict[str, Kept]:
        self.asked += 1
        self.came.set()
        await self.open.wait()
        if self.fails:
            raise LookupError
        return await super().standing(ids)


class City:
    """Two markets, and what is seen of them."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.clock = Clock()
        self.tracker = tracker_on(store, self.clock)
        run(build(self.tracker, self.clock))
        self.gate = Gate(self.tracker)
        self.overview = Overview(self.tracker, self.gate, patience_s=0.0, warm_after_s=0.0)

    def register(self, n: int) -> None:
        self.run(vendors.register(self.tracker, ADMIN, CITY, trader(n)))

    def age(self) -> None:
        """What is known is old now."""
        self.overview._until_ns = 0

    async def search(self) -> None:
        """The end of the search that is under way."""
        assert self.overview._finding is not None
        await self.overview._finding

    async def look(self, who: Principal = ADMIN) -> Glance:
        return await self.overview.glance(who)


@pytest.fixture
def city(run: Run, store: Redis) -> City:
    return City(run, store)


def registered(glance: Glance) -> dict[str, int]:
    return {row.market: row.registered for row in glance.rows}


def test_all_who_ask_at_once_wait_for_one_search(city: City) -> None:
    async def three() -> list[Glance]:
        return list(await asyncio.gather(city.look(), city.look(), city.look()))

    found = city.run(three())
    assert [sorted(registered(one)) for one in found] == [sorted(MARKETS)] * 3
    assert city.gate.asked == 1


def test_who_would_wait_for_long_sees_what_was_found_before(city: City) -> None:
    before = city.run(city.look())
    city.register(20)
    city.clock.next_day()
    city.age()
    city.gate.open.clear()

    async def held() -> tuple[Glance, Glance]:
        old = await city.look()
        city.gate.open.set()
        await city.search()
        return old, await city.look()

    old, new = city.run(held())
    assert (registered(old), old.as_of) == (registered(before), before.as_of)
    assert registered(new)[CITY] == registered(before)[CITY] + 1
    assert new.as_of > before.as_of


def test_who_has_few_markets_sees_them_as_they_are(city: City) -> None:
    before = registered(city.run(city.look()))
    city.register(20)
    assert registered(city.run(city.look(MANAGER))) == {CITY: before[CITY] + 1}
    nowhere = Principal("key-8", "x", "manager", markets=frozenset({"nowhere"}))
    assert city.run(city.look(nowhere)).rows == []


def test_an_open_process_has_the_rows_before_anybody_asks(city: City) -> None:
    async def open_() -> Glance:
        async with city.overview.kept():
            await city.gate.came.wait()
            await city.search()
            asked = city.gate.asked
            found = await city.look()
            assert city.gate.asked == asked
            return found

    assert sorted(registered(city.run(open_()))) == sorted(MARKETS)


def test_a_process_that_ends_gives_its_search_up(city: City) -> None:
    async def ended() -> bool:
        city.gate.open.clear()
        async with city.overview.kept():
            await city.gate.came.wait()
        search = city.overview._finding
        return search is not None and search.cancelled()

    assert city.run(ended())


def test_a_search_that_failed_is_told_to_who_asked_and_tried_again(city: City) -> None:
    city.gate.fails = True
    with pytest.raises(LookupError):
        city.run(city.look())
    city.gate.fails = False
    assert registered(city.run(city.look()))


def test_a_search_that_failed_is_not_told_to_who_did_not_wait_for_it(city: City) -> None:
    city.run(city.look())
    city.age()

    async def held() -> Glance:
        city.gate.open.clear()
        city.gate.fails = True
        await city.look()
        city.gate.open.set()
        with suppress(LookupError):
            await city.search()
        city.gate.fails = False
        return await city.look()

    assert registered(city.run(held()))
