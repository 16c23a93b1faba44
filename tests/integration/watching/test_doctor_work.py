"""What the doctor says of the work beside the service: each fault is made in a real store."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, OPENED, Clock, build, code_of
from tracker.domain.days import DAY_MS, day_of
from tracker.services import codes as code_service
from tracker.services import doctor_work, findings, keys, seals
from tracker.services.context import Tracker
from tracker.services.doctor import Finding
from tracker.services.snapshots import publish_days
from tracker.store.beats import Beat
from tracker.store.commit import Commit
from tracker.store.erasures import Pending, put
from tracker.store.jobs import Job, JobProblem, failed
from tracker.store.keys import FEED_LAST, Space

HOUR_MS = 3_600_000
MARKET = "cho-vung-tau"


class Town:
    """Two markets of some days, all of them closed and everything done; and what is said of it."""

    def __init__(self, tracker: Tracker, clock: Clock, run: Run) -> None:
        self.tracker = tracker
        self.clock = clock
        self.run = run
        self.client: Any = tracker.client
        run(build(tracker, clock))
        run(publish_days(tracker, list(MARKETS), range(OPENED, day_of(clock.ms)), covers=OPENED))
        run(tracker.schedule_state.close(day_of(clock.ms) - 1))
        clock.ms += HOUR_MS
        run(findings.find(tracker))
        run(seals.seal(tracker))
        self.tick()

    def tick(self) -> None:
        """The schedule lives."""
        self.run(self.tracker.beats.ticked(Beat(self.clock.ms, 1, whole=True)))

    def job(self, id_: str, **more: Any) -> None:
        """A job of now, with these fields."""
        made = Job(id=id_, kind="import", by="test", created=self.clock.ms, params={})
        self.run(self.tracker.jobs.create(made))
        if more:
            self.run(self.tracker.jobs.save(replace(made, **more)))

    def said(self) -> set[str]:
        """All that is said of the work, but that no worker runs here."""
        looks = (
            doctor_work.look_at_workers,
            doctor_work.look_at_jobs,
            doctor_work.look_at_markets,
            doctor_work.look_at_derived,
            doctor_work.look_at_keys,
        )
        found: list[Finding] = []
        for look in looks:
            found += self.run(look(self.tracker))
        return {f"{one.severity} {one.code}" for one in found} - {"error NO_WORKER"}


@pytest.fixture
def town(tracker: Tracker, clock: Clock, run: Run) -> Town:
    return Town(tracker, clock, run)


def test_where_all_is_done_nothing_is_said(town: Town) -> None:
    assert town.said() == set()


def test_queues_without_a_worker_are_named(town: Town) -> None:
    found = town.run(doctor_work.look_at_workers(town.tracker))
    assert [one.code for one in found] == ["NO_WORKER"] * 3


def test_a_schedule_that_is_late_or_fails(town: Town) -> None:
    town.run(town.tracker.beats.ticked(Beat(town.clock.ms, 1, whole=False)))
    assert town.said() == {"error SCHEDULE_FAILS"}
    town.clock.ms += 200_000
    assert town.said() == {"error SCHEDULE_LATE"}


def test_jobs_that_wait_fail_or_were_given_up(town: Town) -> None:
    town.job("i1")
    assert town.said() == set()
    town.job("i2", state="running", attempts=3)
    assert town.said() == {"warning JOBS_FAILING"}
    made = Job(id="i3", kind="import", by="test", created=town.clock.ms, params={})
    town.run(town.tracker.jobs.create(made))
    town.run(town.tracker.jobs.save(failed(made, JobProblem("INTERNAL", "x"))))
    assert town.said() == {"warning JOBS_FAILING", "error JOBS_GIVEN_UP"}
    town.clock.ms += 900_000
    town.tick()
    assert "warning JOBS_WAIT" in town.said()


def test_a_refused_file_is_no_fault_of_ours(town: Town) -> None:
    made = Job(id="i3", kind="import", by="test", created=town.clock.ms, params={})
    town.run(town.tracker.jobs.create(made))
    town.run(town.tracker.jobs.save(failed(made, JobProblem("BAD_FILE", "x"))))
    assert town.said() == set()


def test_days_that_are_over_and_not_closed(town: Town) -> None:
    town.clock.ms += DAY_MS
    town.tick()
    assert "warning DAYS_UNCLOSED" in town.said()
    town.clock.ms += DAY_MS
    town.tick()
    assert "error DAYS_UNCLOSED" in town.said()


def test_a_market_without_figures_for_a_closed_day(town: Town) -> None:
    day = day_of(town.clock.ms) - 1
    town.run(town.client.hdel(Space(MARKET).published, str(day)))
    found = town.run(doctor_work.look_at_markets(town.tracker))
    assert [one.code for one in found] == ["DAY_UNPUBLISHED"]
    assert MARKET in found[0].says


def test_figures_that_facts_have_overtaken(town: Town) -> None:
    code = town.run(code_of(town.tracker, MARKET, "CVT", 5))
    at = town.clock.ms - 2 * DAY_MS
    town.run(code_service.remove(town.tracker, ADMIN, code, occurred_at=at, reason="tax_worry"))
    # A mark has the time of the server, which is not that of this test.
    town.run(town.client.hset(Space(MARKET).marks, "ms", town.clock.ms))
    town.clock.ms += 2 * HOUR_MS
    town.tick()
    assert "warning FIGURES_OUTDATED" in town.said()


def test_a_feed_that_lacks_a_publication(town: Town) -> None:
    town.run(town.client.hdel(FEED_LAST, MARKET))
    assert town.said() == {"error FEED_BEHIND"}


def test_an_erasure_that_is_not_done_everywhere(town: Town) -> None:
    vendor = town.run(town.tracker.reader.history(MARKET, "CVT", 1)).vendor_code

    pending = Pending(MARKET, 1, vendor, town.clock.ms, ("a-look-up-that-is-there-still",))
    commit = Commit(Space(MARKET))
    put(commit, Space(MARKET), pending)  # what an erasure leaves until the schedule has done it
    town.run(town.tracker.commit(commit))
    town.clock.ms += 2 * HOUR_MS
    town.tick()
    assert "error ERASURES_WAIT" in town.said()


def test_entries_nobody_looked_at(town: Town) -> None:
    town.run(town.client.xadd(Space(MARKET).ledger, {"n": "x", "e": "x"}, id="0-99999"))
    assert "warning FINDINGS_BEHIND" in town.said()


def test_a_ledger_that_cannot_be_sealed(town: Town) -> None:
    town.run(town.client.hset(Space(MARKET).seals, "last", b"nonsense"))
    assert town.said() == {"error SEALS_DAMAGED"}


def test_entries_that_wait_for_their_seal(town: Town) -> None:
    code = town.run(code_of(town.tracker, MARKET, "CVT", 5))
    town.run(
        code_service.remove(
            town.tracker, ADMIN, code, occurred_at=town.clock.ms, reason="tax_worry"
        )
    )
    assert town.said() == set()
    town.clock.ms += 2 * HOUR_MS
    town.tick()
    assert town.said() == {"warning SEALS_LATE"}


def test_keys_that_end(town: Town) -> None:
    soon, ended = town.clock.ms + 3 * DAY_MS, town.clock.ms + HOUR_MS
    for name, expires in (("a", soon), ("b", ended)):
        town.run(keys.create(town.tracker, "t", name=name, role="ioc", expires=expires))
    town.clock.ms += 2 * HOUR_MS
    town.tick()
    assert {"warning KEYS_EXPIRE", "note KEYS_ENDED"} <= town.said()
