"""Following the feed with any limits and windows gives each item once, in its order."""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import cycle
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, OPENED, Clock, publish, tracker_on
from tracker.access.keys import Principal
from tracker.domain.days import day_number
from tracker.domain.indicators import Stated
from tracker.services import areas, feed, indicator_values, indicators, markets, schedule
from tracker.services.areas import AreaOut
from tracker.services.context import Tracker
from tracker.services.feed import Window, published_at
from tracker.services.indicator_values import NewValue
from tracker.services.markets import NewMarket
from tracker.store.keys import FEED, FEED_LAST, SERVICE

AREA = AreaOut("77", "Tỉnh Bà Rịa - Vũng Tàu", None, "1991-08-12", "2025-07-01")
SIGNATURES = "digital-signatures"
DAY = day_number(date(2022, 12, 31))


class World(NamedTuple):
    """A tracker whose feed is filled, its store, and all items in their order."""

    run: Run
    tracker: Tracker
    store: Any
    clock: Clock
    items: list[bytes]


async def report(tracker: Tracker, numerator: int, day: int = DAY) -> None:
    """So many of 1 000 on a day."""
    new = NewValue(AREA.code, day, "the province", Stated(numerator, 1_000))
    await indicator_values.report(tracker, ADMIN, SIGNATURES, new)


async def everything(tracker: Tracker) -> list[bytes]:
    """The whole feed in one stretch."""
    return (await feed.follow(tracker, ADMIN, 0, 10_000)).bodies


async def fill(tracker: Tracker, clock: Clock) -> None:
    """Two markets' days and values by turns, at different moments; some entries have none."""
    await areas.add(tracker, ADMIN, AREA)
    await indicators.seed(tracker)
    for market, prefix in MARKETS.items():
        new = NewMarket(market, f"Chợ {prefix}", prefix, None, OPENED)
        await markets.create(tracker, ADMIN, new)
    for turn in range(12):
        clock.ms += 60_000
        await publish(tracker, OPENED + turn)
        clock.ms += 60_000
        await report(tracker, turn)
    client: Any = tracker.client
    entries = await client.xrange(FEED)
    await client.delete(FEED)
    for n, (id_, fields) in enumerate(entries):
        kept = {k: v for k, v in fields.items() if k != b"t" or n >= 10 or b"v" in fields}
        await client.xadd(FEED, kept, id=id_)


@pytest.fixture
def world(run: Run, store: Redis) -> World:
    clock = Clock()
    tracker = tracker_on(store, clock)
    run(fill(tracker, clock))
    return World(run, tracker, store, clock, run(everything(tracker)))


def moments(items: list[bytes]) -> list[int]:
    return [published_at(item) for item in items]


def test_values_stand_between_snapshots_in_the_order_of_publication(world: World) -> None:
    kinds = ["indicator" in json.decode(item) for item in world.items]
    assert kinds == [False, False, True] * 12
    assert moments(world.items) == sorted(moments(world.items))
    revisions = [json.decode(item)["revision"] for item in world.items[2::3]]
    assert revisions == list(range(1, 13))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bounds=st.tuples(*[st.none() | st.integers(-1, 36)] * 2),
    limits=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    stops=st.lists(st.booleans(), max_size=4),
    scoped=st.booleans(),
)
def test_any_limits_and_window_give_each_item_once_in_order(
    world: World,
    bounds: tuple[int | None, int | None],
    limits: list[int],
    stops: list[bool],
    scoped: bool,
) -> None:
    times = moments(world.items)
    # A bound is one of the moments, or outside all of them.
    after, until = (None if n is None else [*times, times[0] - 1][n] for n in bounds)
    window = Window(after, until)
    reader = Principal("i", "n", "ioc", markets=frozenset({"cho-phuong-7"})) if scoped else ADMIN
    seen: list[bytes] = []
    position = 0
    for limit, stopped in zip(cycle(limits), cycle([*stops, False]), strict=False):
        stretch = world.run(feed.follow(world.tracker, reader, position, limit, window))
        assert len(stretch.bodies) <= limit
        assert stretch.reached > position or not stretch.more
        if stopped:
            continue  # before the cursor was kept: the same again
        seen += stretch.bodies
        position = stretch.reached
        if not stretch.more:
            break
    should = [
        item
        for item, at in zip(world.items, times, strict=True)
        if window.holds(at)
        and (not scoped or json.decode(item).get("market") in {None, "cho-phuong-7"})
    ]
    assert seen == should


def test_a_window_is_judged_without_reading_bodies(world: World) -> None:
    """Whose bodies are gone is not missed where their entries say that they are outside."""
    last = moments(world.items)[-1]
    for market in MARKETS:
        world.run(world.store.delete(f"{{m:{market}}}:bodies"))
    stretch = world.run(feed.follow(world.tracker, ADMIN, 0, 100, Window(last - 1, None)))
    assert stretch.bodies == world.items[-1:]


def test_what_a_dead_process_did_not_feed_is_fed_by_the_next_tick(world: World) -> None:
    last = int(world.run(world.store.hget(FEED_LAST, SERVICE)))
    entries = world.run(world.store.xrange(FEED))
    id_, fields = entries[-1]
    assert int(fields[b"v"]) == last
    world.run(world.store.xdel(FEED, id_))
    world.run(world.store.hset(FEED_LAST, SERVICE, last - 1))
    assert world.run(everything(world.tracker)) == world.items[:-1]
    for _ in range(2):
        world.run(schedule.tick(world.tracker))
        assert world.run(everything(world.tracker)) == world.items


def test_many_feeders_at_once_add_each_value_once(world: World) -> None:
    async def scene() -> None:
        client: Any = world.store
        await client.delete(FEED, FEED_LAST)
        await asyncio.gather(*(world.tracker.reported.feed() for _ in range(8)))

    world.run(scene())
    assert world.run(everything(world.tracker)) == world.items[2::3]


def test_a_feed_that_was_set_back_meanwhile_gets_no_gap(world: World) -> None:
    async def scene() -> None:
        client: Any = world.store
        for n in range(20):
            await report(world.tracker, 500, DAY - n)
        await client.delete(FEED, FEED_LAST)
        await asyncio.gather(
            world.tracker.reported.feed(), *(report(world.tracker, n, DAY - 99) for n in range(9))
        )

    world.run(scene())
    items = [json.decode(item) for item in world.run(everything(world.tracker))]
    names = [(item["date"], item["revision"]) for item in items]
    assert len(names) == len(set(names)) == 12 + 20 + 9
