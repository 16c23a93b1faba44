"""Which markets a tick asks: those that commits name, those with something to do, at times all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, Clock, tracker_on, trader
from tracker.clock import wall_clock
from tracker.domain.days import day_of, start_of
from tracker.services import account_index, markets, schedule, vendors, waiting
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.waiting import MARKET_MS, Waiting
from tracker.settings import Settings
from tracker.store.commit import Committer
from tracker.store.errands import ErrandStore, Look
from tracker.store.keys import NEWS, Space
from tracker.store.news import News

TOWN = {"cho-a": "CAA", "cho-b": "CBB", "cho-c": "CCC"}
ALL = sorted(TOWN)
QUIET_S = 600


class Asked(ErrandStore):
    """Remembers whom it asked."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self.markets: list[str] = []

    async def of(self, markets: Sequence[str]) -> Look:
        self.markets = sorted(markets)
        return await super().of(markets)


class Town:
    """Three markets; a service process that writes, and the schedule's, each with its memory."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.client: Any = store
        self.clock = Clock()
        self.clock.ms = start_of(day_of(wall_clock()) + 2) + 8 * 3_600_000
        self.service: Tracker = tracker_on(store, self.clock)
        self.schedule: Tracker = tracker_on(store, self.clock)
        self.schedule.settings = Settings(revision_quiet_s=QUIET_S)
        self.asked = self.schedule.errands = Asked(store)
        self.opened = day_of(self.clock()) - 30
        for market, prefix in TOWN.items():
            self.found(market, prefix)
        run(self.schedule.schedule_state.close(day_of(self.clock()) - 1))
        self.settle()

    def found(self, market: str, prefix: str) -> None:
        new = NewMarket(market, f"Chợ {prefix}", prefix, None, self.opened)
        self.run(markets.create(self.service, ADMIN, new))

    def settle(self) -> None:
        """Everything is named, heard of, done and forgotten."""
        self.run(self.service.news.flush())
        for _ in range(2):
            self.run(schedule.tick(self.schedule))
        self.run(waiting.look(self.schedule, few=0))

    def register(self, market: str, n: int) -> None:
        self.run(vendors.register(self.service, ADMIN, market, trader(n)))

    def look(self) -> Waiting:
        return self.run(waiting.look(self.schedule, few=0))

    def due(self) -> dict[str, int]:
        """Whom it will ask, and when."""
        return self.schedule.schedule_state.agenda.due


@pytest.fixture
def town(run: Run, store: Redis) -> Town:
    return Town(run, store)


def test_where_nothing_happened_nobody_is_asked(town: Town) -> None:
    assert not any((town.look().unindexed, town.look().behind, town.asked.markets, town.due()))


def test_few_markets_are_all_asked_each_time(town: Town) -> None:
    town.run(waiting.look(town.schedule))
    assert town.asked.markets == ALL


def test_whom_a_commit_names_is_asked_and_nobody_else(town: Town) -> None:
    town.register("cho-b", 1)
    assert not town.look().unindexed
    assert town.asked.markets == []
    town.run(town.service.news.flush())
    found = town.look()
    assert (town.asked.markets, found.unindexed) == (["cho-b"], ["cho-b"])
    assert list(found.behind) == ["cho-b"]


def test_what_was_found_is_found_again_until_it_was_done(town: Town) -> None:
    town.register("cho-b", 1)
    town.run(town.service.news.flush())
    for _ in range(3):
        assert town.look().unindexed == ["cho-b"]
    town.run(account_index.complete(town.schedule, "cho-b"))
    assert not town.look().unindexed
    town.settle()
    assert town.due() == {}


def test_what_a_killed_process_did_not_name_is_found_in_time(town: Town) -> None:
    town.service.committer = Committer(town.client)
    town.register("cho-b", 1)
    town.clock.ms += MARKET_MS * len(TOWN) - 1
    assert not town.look().unindexed
    town.clock.ms += 1
    assert town.look().unindexed == ["cho-b"]
    assert town.asked.markets == ALL


def test_a_clock_that_went_back_delays_nothing(town: Town) -> None:
    town.service.committer = Committer(town.client)
    town.register("cho-b", 1)
    town.clock.ms -= 1
    assert town.look().unindexed == ["cho-b"]


def test_a_new_process_asks_all(town: Town) -> None:
    other = tracker_on(town.client, town.clock)
    town.service.committer = Committer(town.client)
    town.register("cho-b", 1)
    assert town.run(waiting.look(other, few=0)).unindexed == ["cho-b"]


def test_a_market_is_asked_again_when_it_was_quiet_for_long_enough(town: Town) -> None:
    town.register("cho-b", 1)
    town.settle()
    late = start_of(day_of(town.clock()) - 2)
    town.run(
        markets.declare_census(
            town.service, ADMIN, "cho-b", effective_on=day_of(late), vendors=9, source="late"
        )
    )
    town.settle()
    since = int(town.run(town.client.hget(Space("cho-b").marks, "ms")))
    assert town.due() == {"cho-b": since + QUIET_S * 1000}
    town.clock.ms = since + QUIET_S * 1000
    town.schedule.schedule_state.agenda.walked_at = town.clock.ms
    assert town.look().outdated == ["cho-b"]
    assert town.asked.markets == ["cho-b"]


def test_a_mark_of_a_day_that_is_not_over_waits_for_its_closing(town: Town) -> None:
    town.register("cho-b", 1)
    town.settle()
    assert town.due() == {}
    assert town.run(town.client.exists(Space("cho-b").marks))
    town.run(town.schedule.schedule_state.close(day_of(town.clock())))
    town.clock.ms += 1
    town.look()
    assert town.asked.markets == ALL


def test_a_market_that_nobody_knew_makes_all_be_asked(town: Town) -> None:
    town.found("cho-d", "CDD")
    town.run(town.service.news.flush())
    assert "cho-d" in town.look().prefixes
    assert town.asked.markets == [*ALL, "cho-d"]


def test_a_store_that_was_replaced_makes_all_be_asked(town: Town) -> None:
    town.run(town.client.delete(NEWS))
    town.look()
    assert town.asked.markets == ALL
    town.look()
    assert town.asked.markets == []


def test_a_damaged_market_is_told_of_and_stops_no_other(town: Town) -> None:
    town.register("cho-a", 1)
    town.register("cho-b", 1)
    town.run(town.client.set(Space("cho-a").marks, "no hash"))
    town.run(town.service.news.flush())
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        town.run(schedule.tick(town.schedule))
    assert not town.run(town.client.exists(Space("cho-b").unindexed))
    assert town.run(town.client.exists(Space("cho-a").unindexed))


def test_an_unreadable_seal_is_left_to_the_sealing(town: Town) -> None:
    town.run(town.client.set(Space("cho-a").seals, "no hash"))
    town.run(waiting.look(town.schedule))
    assert "cho-a" in town.schedule.schedule_state.agenda.unsealed


def test_a_refused_commit_is_named_too(town: Town) -> None:
    """Whether one whose outcome is unknown was written cannot be told: it costs a look."""
    town.run(town.client.set(Space("cho-c").unindexed, "no hash"))
    with pytest.raises(ResponseError):
        town.register("cho-c", 1)
    before = town.run(town.service.news.since(None)).reached
    town.run(town.service.news.flush())
    assert town.run(town.service.news.since(before)).markets == ["cho-c"]


# ── the news ─────────────────────────────────────────────────────────────────────────────────


def test_a_market_is_heard_of_once_a_naming(run: Run, store: Redis) -> None:
    news = News(store)
    start = run(news.since(None))
    assert (start.reached, start.whole) == (0, False)
    news.note("cho-a")
    news.note("cho-b")
    news.note("sys")
    run(news.flush())
    first = run(news.since(0))
    assert (sorted(first.markets), first.reached, first.whole) == (["cho-a", "cho-b"], 1, True)
    assert run(news.since(first.reached)).markets == []
    news.note("cho-a")
    run(news.flush())
    assert run(news.since(first.reached)).markets == ["cho-a"]


def test_what_could_not_be_named_stays_noted(run: Run, store: Redis) -> None:
    client: Any = store
    news = News(store)
    news.note("cho-a")
    run(client.set(NEWS, "no set"))
    with pytest.raises(ResponseError):
        run(news.flush())
    run(client.delete(NEWS))
    run(news.flush())
    assert run(news.since(0)).markets == ["cho-a"]


def test_an_open_process_names_by_itself_and_at_its_end(run: Run, store: Redis) -> None:
    news = News(store)

    async def open_() -> None:
        async with news.kept():
            news.note("cho-a")
            while not (await news.since(0)).markets:
                pass
            news.note("cho-b")

    run(open_())
    assert sorted(run(news.since(0)).markets) == ["cho-a", "cho-b"]


def test_what_two_processes_wrote_is_heard_of_both(town: Town) -> None:
    other = tracker_on(town.client, town.clock)
    town.register("cho-a", 1)
    town.run(vendors.register(other, ADMIN, "cho-c", trader(2)))
    town.run(other.news.flush())
    town.run(town.service.news.flush())
    assert sorted(town.look().unindexed) == ["cho-a", "cho-c"]


class Deaf(News):
    """Once finishes a write that is cancelled and does not say that it was, as redis-py may."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self.began = asyncio.Event()

    async def flush(self) -> None:
        if self.began.is_set():
            await super().flush()
            return
        with suppress(asyncio.CancelledError):
            self.began.set()
            await asyncio.Event().wait()


def test_the_news_end_whatever_becomes_of_a_write_that_is_cancelled(store: Redis, run: Run) -> None:
    news = Deaf(store)

    async def kept() -> None:
        async with news.kept():
            news.note("cho-a")
            await news.began.wait()

    async def once() -> None:
        ended, _ = await asyncio.wait({asyncio.create_task(kept())}, timeout=20)
        assert ended
        assert (await news.since(0)).markets == ["cho-a"]

    run(once())
