"""kill -9 of the worker at random points of runs over 200 markets: nothing is lost or doubled.

Five kills by default; `KILLS=20` in the environment makes twenty.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter, defaultdict
from datetime import date

import pytest
from msgspec import json

from tests.e2e.conftest import DEADLINE_S, Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.domain.snapshot import GENESIS, digest_holds
from tracker.services import audit, markets, snapshots
from tracker.services.context import Tracker
from tracker.store.publications import FeedEntry

KILLS = int(os.environ.get("KILLS", "5"))
KILLS_EACH = 4
"""Kills of one round: a job that dies a fifth time is given up, as it should be."""

MARKETS = {f"cho-{n}": f"M{n:02d}" if n < 100 else f"N{n - 100:02d}" for n in range(200)}
DAYS = 35
"""Days of a run: two commits a market."""

OPENED = day_number(date(2020, 1, 1))

LOOK_S = 0.01
"""Between two looks at the ledgers: looks without a pause would keep the worker from its work."""

Expected = dict[tuple[str, int], int]
"""(market, day) → the one revision that is to be its latest."""


async def _open(tracker: Tracker) -> None:
    for market, prefix in MARKETS.items():
        new = markets.NewMarket(market, market, prefix, None, OPENED)
        await markets.create(tracker, OFFICE, new)


async def _at_rest(tracker: Tracker) -> bool:
    """Whether no job is open and none is to come."""
    return not (await tracker.jobs.open_ids() or await tracker.reader.marks(list(MARKETS)))


async def _published(tracker: Tracker) -> int:
    """Publications of all markets together, in the feed or not yet."""
    entries = await tracker.reader.positions(list(MARKETS))
    return sum(entries)


async def _reach(tracker: Tracker, point: int) -> bool:
    """Waits until the ledgers have so many entries; false where the work ended before."""
    end = time.monotonic() + DEADLINE_S
    while await _published(tracker) < point:
        if await _at_rest(tracker):
            return False
        assert time.monotonic() < end, f"nothing came to entry {point}"
        await asyncio.sleep(LOOK_S)
    return True


def _kill_often(up: Running, dice: random.Random, to_come: int, kills: int) -> int:
    """Kills at random points of what `to_come` publications take, in order; how many hit work.

    The worker dies with the process that it forked for the job, or that process alone.
    """
    start = up.inside(_published)
    made = 0
    for point in sorted(dice.randrange(to_come) for _ in range(kills)):
        if not up.inside(lambda tracker, at=start + point: _reach(tracker, at)):  # type: ignore[misc]
            break
        processes = up.children("work", "snapshots")
        for process in processes if dice.random() < 0.5 else processes[-1:]:
            process.kill()
        made += not up.inside(_at_rest)
        until("a worker is there again", lambda: up.children("work", "snapshots"))
    return made


@pytest.mark.timeout(300 + 60 * KILLS)
def test_worker_killed_at_random_points_of_runs_over_200_markets(up: Running) -> None:
    dice = random.Random(2023)
    up.inside(_open)
    until("the schedule has begun", lambda: up.inside(_begun))
    expected: Expected = {}
    kills = turn = 0
    while kills < KILLS:
        some = min(KILLS_EACH, KILLS - kills)
        if turn % 2 == 0:
            first = OPENED + turn * DAYS
            expected |= {(m, first + n): 1 for m in MARKETS for n in range(DAYS)}
            up.inside(lambda tracker, day=first: _start(tracker, day))  # type: ignore[misc]
        else:  # the schedule finds out by itself what is to be published anew
            changed = [place for place in expected if place[1] >= first]
            expected |= dict.fromkeys(changed, 2)
            up.inside(lambda tracker, day=first, of=7 + turn: _declare(tracker, day, of))  # type: ignore[misc]
        kills += _kill_often(up, dice, len(MARKETS) * DAYS, some)
        until("all is published", lambda: up.inside(_at_rest), 100)
        turn += 1
        assert turn <= KILLS + 2, f"{kills} of {KILLS} kills hit a worker at work"
    up.inside(lambda tracker: _check(tracker, expected))


async def _begun(tracker: Tracker) -> bool:
    return await tracker.schedule_state.closed_until() is not None and await _at_rest(tracker)


async def _start(tracker: Tracker, first: int) -> None:
    await snapshots.start_run(tracker, "test", first=first, last=first + DAYS - 1)


async def _declare(tracker: Tracker, first: int, vendors: int) -> None:
    """A new census for every market, since a day that is published."""
    for market in MARKETS:
        await markets.declare_census(
            tracker, OFFICE, market, effective_on=first, vendors=vendors, source="count"
        )


async def _check(tracker: Tracker, expected: Expected) -> None:
    entries = await tracker.publications.feed_page(0, 10 * len(expected))
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    times = Counter((entry.market, entry.day, entry.revision) for entry in entries)
    assert set(times.values()) == {1}
    assert set(times) == {(*place, r) for place, n in expected.items() for r in range(1, n + 1)}
    latest: Expected = {}
    for market in MARKETS:
        days = await tracker.publications.published_days(market)
        found = await tracker.publications.latest_days(market, days)
        latest |= {(market, day): one.revision for day, one in found.items()}
    assert latest == expected
    await _check_chains(tracker, entries)
    assert [found.text() async for found in audit.verify(tracker)] == []


async def _check_chains(tracker: Tracker, entries: list[FeedEntry]) -> None:
    """Each body is what its digest says and names the one before it of its market."""
    heads: dict[str, str] = defaultdict(lambda: f"sha256:{GENESIS}")
    for start in range(0, len(entries), 1_000):
        some = entries[start : start + 1_000]
        bodies = await tracker.publications.bodies([(e.market, e.day, e.revision) for e in some])
        for entry, raw in zip(some, bodies, strict=True):
            assert raw is not None
            body = json.decode(raw)
            assert (body["market"], body["revision"]) == (entry.market, entry.revision)
            assert digest_holds(body)
            assert body["previous_digest"] == heads[entry.market]
            heads[entry.market] = body["digest"]
