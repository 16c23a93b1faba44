"""What the clock does: closing days, revisions of closed ones, a feed without gaps."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, Clock, attach, tracker_on, trader
from tracker.clock import wall_clock
from tracker.domain.days import DAY_MS, day_of, start_of
from tracker.services import codes, markets, published, schedule, snapshots, vendors
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.settings import Settings
from tracker.store.jobs import Job, finished
from tracker.store.keys import FEED, FEED_LAST

MARKET = "cho-ben"
MINUTE = 60_000


class Night:
    """A market with one attached trader, and a clock at eight in the morning.

    The clock runs ahead of the server's, which says since when figures are outdated.
    """

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.store: Any = store
        self.clock = Clock()
        self.clock.ms = start_of(day_of(wall_clock()) + 2) + 8 * 60 * MINUTE
        self.tracker: Tracker = tracker_on(store, self.clock)
        self.tracker.settings = Settings(revision_quiet_s=0)
        self.opened = day_of(self.clock()) - 30
        new = NewMarket(MARKET, "Chợ Bến", "CBN", None, self.opened)
        run(markets.create(self.tracker, ADMIN, new))
        made = run(vendors.register(self.tracker, ADMIN, MARKET, trader(1)))
        self.code = run(codes.listed(self.tracker, ADMIN, made.vendor.vendor))[0].id
        run(schedule.tick(self.tracker))

    def at(self, day: int, minute: int) -> None:
        """Moves the clock to a minute of a day."""
        self.clock.ms = start_of(day) + minute * MINUTE

    def tick(self) -> list[Job]:
        """One tick, and the jobs that are open after it."""
        self.run(schedule.tick(self.tracker))
        ids = self.run(self.tracker.jobs.open_ids())
        return [job for id_ in ids if (job := self.run(self.tracker.jobs.get(id_))) is not None]

    def work(self) -> dict[str, Any]:
        """Ticks and runs the one job that is open then."""
        (job,) = self.tick()
        result = self.run(snapshots.run(self.tracker, job))
        self.run(self.tracker.jobs.save(finished(job, result)))
        return result

    def revisions(self) -> dict[int, int]:
        """Published days and their latest revisions."""
        days = self.run(self.tracker.publications.published_days(MARKET))
        latest = self.run(self.tracker.publications.latest_days(MARKET, days)) if days else {}
        return {day: found.revision for day, found in latest.items()}

    def body(self, day: int) -> dict[str, Any]:
        """The latest body of a day."""
        body: dict[str, Any] = json.decode(
            self.run(published.one(self.tracker, ADMIN, MARKET, day))
        )
        return body

    def fed(self) -> list[tuple[int, int]]:
        """(day, revision) in the order of the feed."""
        page = self.run(self.tracker.publications.feed_page(0, 1_000))
        return [(entry.day, entry.revision) for entry in page]


@pytest.fixture
def night(run: Run, store: Redis) -> Night:
    """A market before its first night."""
    return Night(run, store)


def test_nothing_before_the_first_start_is_closed(night: Night) -> None:
    assert night.tick() == []
    assert night.revisions() == {}


def test_a_day_is_closed_some_minutes_after_it_is_over_and_once(night: Night) -> None:
    today = day_of(night.clock())
    night.at(today + 1, 4)
    assert night.tick() == []
    night.at(today + 1, 5)
    assert night.work() == {"markets": 1, "days": 1, "published": 1}
    assert night.revisions() == {today: 1}
    assert night.tick() == []
    assert night.body(today)["figures"]["issued"]["count"] == 1


def test_an_outage_of_days_is_caught_up_in_order(night: Night) -> None:
    today = day_of(night.clock())
    night.at(today + 4, 60)
    assert night.work()["days"] == 4
    assert night.fed() == [(day, 1) for day in range(today, today + 4)]


def test_while_the_closing_is_open_no_second_one_begins(night: Night) -> None:
    night.at(day_of(night.clock()) + 1, 5)
    (first,) = night.tick()
    night.clock.ms += 3 * 60 * MINUTE
    assert [job.id for job in night.tick()] == [first.id]


def test_a_late_fact_gives_a_revision_to_the_days_that_it_changes(night: Night) -> None:
    today = day_of(night.clock())
    night.at(today + 3, 60)
    night.work()
    night.run(attach(night.tracker, night.code, start_of(today + 1) + DAY_MS // 2))
    assert night.work() == {"markets": 1, "published": 2}
    assert night.revisions() == {today: 1, today + 1: 2, today + 2: 2}
    assert night.body(today + 1)["waterfall"]["attached"] == 1
    assert night.body(today + 2)["waterfall"]["opening"] == 1
    first = json.decode(night.run(published.one(night.tracker, ADMIN, MARKET, today + 1, 1)))
    assert first["figures"]["attached"]["count"] == 0
    assert night.tick() == []


def test_a_late_fact_closes_no_day_that_was_never_published(night: Night) -> None:
    today = day_of(night.clock())
    night.at(today + 2, 60)
    night.work()
    early = night.opened + 3
    night.run(
        vendors.register(night.tracker, ADMIN, MARKET, trader(2))
    )  # today: nothing closed is touched
    assert night.tick() == []
    night.run(
        markets.declare_census(
            night.tracker, ADMIN, MARKET, effective_on=early, vendors=9, source="late"
        )
    )
    assert night.work() == {"markets": 1, "published": 2}
    assert night.revisions() == {today: 2, today + 1: 2}
    assert night.tick() == []


def test_late_facts_that_change_no_figure_give_no_revision(night: Night) -> None:
    today = day_of(night.clock())
    night.at(today + 2, 60)
    night.work()
    noon = start_of(today + 1) + DAY_MS // 2
    night.run(attach(night.tracker, night.code, noon))
    night.run(
        codes.remove(
            night.tracker, ADMIN, night.code, occurred_at=noon + MINUTE, reason="no_signal"
        )
    )
    assert night.work() == {"markets": 1, "published": 0}
    assert night.revisions() == {today: 1, today + 1: 1}
    assert night.tick() == []


def test_what_a_dead_worker_did_not_feed_is_fed_by_the_next_tick(night: Night) -> None:
    night.at(day_of(night.clock()) + 3, 60)
    night.work()
    whole = night.fed()
    night.run(night.store.delete(FEED, FEED_LAST))
    assert night.tick() == []
    assert night.fed() == whole


class TestBackFill:
    """Days of years, as `tracker snapshot` asks for them."""

    DAYS = 400

    def job(self, night: Night, count: int = 3) -> Job:
        """A run over some markets that were open all the time."""
        yesterday = day_of(night.clock()) - 1
        opened = yesterday - self.DAYS + 1
        for number in range(count):
            new = NewMarket(f"cho-{number}", f"Chợ {number}", f"C0{number}", None, opened)
            night.run(markets.create(night.tracker, ADMIN, new))
        names = [f"cho-{number}" for number in range(count)]
        return night.run(
            snapshots.start_run(
                night.tracker, "office", first=opened, last=yesterday, markets=names
            )
        )

    def test_tells_how_many_days_of_markets_are_done(self, night: Night) -> None:
        job = self.job(night)
        result = night.run(snapshots.run(night.tracker, job))
        assert result == {"markets": 3, "days": self.DAYS, "published": 3 * self.DAYS}
        saved = night.run(night.tracker.jobs.get(job.id))
        assert saved is not None
        assert (saved.done, saved.total) == (3 * self.DAYS, 3 * self.DAYS)

    def test_goes_on_after_the_market_up_to_which_it_came(self, night: Night) -> None:
        job = self.job(night)
        stopped = replace(job, params={**job.params, "after": "cho-1", "published": 800})
        result = night.run(snapshots.run(night.tracker, stopped))
        assert result == {"markets": 3, "days": self.DAYS, "published": 800 + self.DAYS}
        latest = [
            len(night.run(night.tracker.publications.published_days(f"cho-{n}"))) for n in range(3)
        ]
        assert latest == [0, 0, self.DAYS]
        saved = night.run(night.tracker.jobs.get(job.id))
        assert saved is not None
        assert saved.params["after"] == "cho-2"
        assert (saved.done, saved.total) == (3 * self.DAYS, 3 * self.DAYS)
