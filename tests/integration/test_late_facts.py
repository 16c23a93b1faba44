"""Facts that arrive late: just the published days whose content they change get a revision."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar

import httpx
import pytest
from msgspec import json
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, OTHER, City
from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, BIDV, VCB, Clock, dump, restore
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date, day_number, moment_text, start_of
from tracker.domain.figures import content
from tracker.domain.snapshot import GENESIS, canonical, digest_holds
from tracker.domain.withholding import withhold
from tracker.services import audit, published, schedule, snapshots
from tracker.settings import Settings
from tracker.store.client import connect

T = TypeVar("T")
HOUR_MS = 3_600_000
FIRST = day_number(date(2040, 1, 15))
"""Far ahead of the server's clock, which says how long a market has been quiet."""

DAYS = 40
LAST = FIRST + DAYS - 1
PREFIXES = {MARKET: "CVT", OTHER: "CP7"}
TRADERS = 8
FORGOTTEN = (FIRST + 5, FIRST + 20)
"""Days that BIDV did not report."""

Digests = dict[tuple[str, int], tuple[bytes, bytes]]
"""(market, day) → digests of the content and of what it withholds."""


class History:
    """Two markets over forty days, each closed in its night."""

    def __init__(self, run: Run, store: Redis) -> None:
        """The office, before the first day."""
        self.clock = Clock()
        self.city = City(run, store, self.clock, Settings(revision_quiet_s=0))
        self.city.keys["second"] = self.city.new_key("admin")
        self.tracker = self.city.tracker
        self.run = run
        self.dice = random.Random(40)

    def live_through(self) -> None:
        """All that happens in the forty days."""
        self.at(FIRST, 8)
        for market, prefix in PREFIXES.items():
            self.city.open_market(market, prefix)
            for n in range(1, TRADERS + 1):
                bin_ = VCB if n % 2 else BIDV
                body = {
                    "stall": f"A{n}",
                    "name": f"Lê Thị {prefix} {n}",
                    "zone": "Khu A" if n < 6 else "Khu B",
                    "account": {"bin": bin_, "number": f"{prefix}71{n:06d}"},
                    "issue_code": True,
                }
                made = self.city.post("admin", f"/v1/markets/{market}/vendors", body)
                assert made.status_code == 201, made.text
        self.run(schedule.tick(self.tracker))
        for day in range(FIRST, LAST + 1):
            self.live(day)

    def at(self, day: int, hour: int) -> None:
        """An hour of a day."""
        self.clock.ms = start_of(day) + hour * HOUR_MS

    def live(self, day: int) -> None:
        """One day: a sticker goes up or comes down, two banks report, the night closes it."""
        self.at(day, 12)
        n = (day - FIRST) % 20 + 1
        if n <= TRADERS - 2:
            verb, body = (
                ("attachments", {}) if day < FIRST + 20 else ("removals", {"reason": "other"})
            )
            if not (verb == "removals" and n % 3):
                assert self.hang(MARKET, n, verb, **body).is_success
        self.at(day, 22)
        for market in PREFIXES:
            for bin_ in (VCB, BIDV):
                if bin_ == VCB or day not in FORGOTTEN:
                    who = [n for n in range(1, TRADERS + 1) if self.dice.random() < n / 9]
                    self.report(day, bin_, who, market)
        self.at(day + 1, 1)
        self.work()

    def hang(self, market: str, n: int, verb: str, **body: Any) -> Any:
        """A sticker goes up or comes down."""
        code = f"{vendor_code(PREFIXES[market], n)}.c1"
        return self.city.post("admin", f"/v1/codes/{code}/{verb}", body)

    def report(self, day: int, bin_: str, who: list[int], market: str = MARKET) -> None:
        """A bank says which of its customers were paid on a day."""
        lines = [
            {"vendor": vendor_code(PREFIXES[market], n), "payments": n, "amount_vnd": 1_000 * n}
            for n in who
            if (n % 2 == 1) == (bin_ == VCB)
        ]
        path = f"/v1/markets/{market}/activity/{day_date(day)}/{bin_}"
        answer = self.city.call("admin", "PUT", path, {"lines": lines})
        assert answer.status_code == 200, answer.text

    def agreed(self, answer: httpx.Response) -> None:
        """What was stated stands, where it needs a second person after that one agreed."""
        if answer.status_code == 202:
            path = f"/v1/approvals/{answer.json()['id']}/decision"
            body = {"decision": "approved", "reason": "Đã xem sổ chợ"}
            answer = self.city.post("second", path, body)
        assert answer.status_code in {200, 201}, answer.text

    def work(self) -> None:
        """The schedule and the workers, until nothing is left to do."""
        while True:
            self.run(schedule.tick(self.tracker))
            jobs = self.run(self.tracker.jobs.open_ids())
            if not jobs:
                return
            for job in jobs:
                assert self.city.worked(job, snapshots.run)["state"] == "done"

    def recomputed(self) -> Digests:
        """What each day's content is by all that is known now."""
        found = {}
        for market in PREFIXES:
            look = self.run(self.tracker.looks.at([market], FIRST, LAST))[0]
            assert look.grounds is not None
            for day in range(FIRST, LAST + 1):
                body, details = withhold(content(look.grounds, day, self.clock()))
                found[market, day] = (_sha(body), _sha(details) if details else b"")
        return found

    def stored(self) -> tuple[Digests, dict[tuple[str, int], int]]:
        """The digests of each day's latest revision, and its number."""
        digests, revisions = {}, {}
        for market in PREFIXES:
            days = range(FIRST, LAST + 1)
            latest = self.run(self.tracker.publications.latest_days(market, days))
            for day, one in latest.items():
                digests[market, day] = (one.content_digest, one.details_digest)
                revisions[market, day] = one.revision
        return digests, revisions

    def body(self, day: int, market: str = MARKET, as_of: int | None = None) -> bytes:
        """A day as it is read, now or as of a moment."""
        return self.run(published.one(self.tracker, ADMIN, market, day, as_of=as_of))

    def differences(self) -> list[str]:
        """What `verify` says."""

        async def all_() -> list[str]:
            return [found.text() async for found in audit.verify(self.tracker)]

        return self.run(all_())


def _sha(body: Any) -> bytes:
    return hashlib.sha256(canonical(body)).digest()


@pytest.fixture(scope="module")
def lived(store_url: str) -> tuple[dict[bytes, bytes], dict[str, str]]:
    """The store after the forty days, and the keys: made once, put back for each test."""

    async def whole(work: Awaitable[T]) -> T:
        return await work

    with asyncio.Runner() as runner:
        client = connect(store_url)
        runner.run(whole(client.flushall()))
        history = History(lambda work: runner.run(whole(work)), client)
        history.live_through()
        made = runner.run(dump(client))
        runner.run(client.aclose())
    return made, history.city.keys


@pytest.fixture
def history(run: Run, store: Redis, lived: tuple[dict[bytes, bytes], dict[str, str]]) -> History:
    """The forty days, on the morning after."""
    history = History(run, store)
    run(store.flushall())
    run(restore(store, lived[0]))
    history.city.keys = lived[1]
    history.at(LAST + 1, 9)
    return history


def late_attachment(history: History) -> int:
    day = FIRST + 17
    when = moment_text(start_of(day) + 10 * HOUR_MS)
    assert history.hang(MARKET, 8, "attachments", occurred_at=when).is_success
    return day


def late_activity(history: History) -> int:
    day = FORGOTTEN[0]
    history.report(day, BIDV, [2, 4])
    return day


def replaced_activity(history: History) -> int:
    day = FIRST + 9
    history.report(day, VCB, [1])
    return day


def void_of_an_attachment(history: History) -> int:
    """Of the fourth trader's, who is still attached: e1 registered … e4 attached, on day 3."""
    event = f"{vendor_code('CVT', 4)}.e4"
    answer = history.city.post("admin", f"/v1/events/{event}/void", {"reason": "Ghi nhầm sạp"})
    history.agreed(answer)
    return FIRST + 3


def late_census(history: History) -> int:
    day = FIRST + 11
    body = {"effective_on": day_date(day).isoformat(), "vendors": 12, "source": "Sổ chợ"}
    answer = history.city.post("admin", f"/v1/markets/{MARKET}/census", body)
    history.agreed(answer)
    return day


TO_THE_END = (late_attachment, void_of_an_attachment, late_census)
"""These change every day since."""


def test_just_the_days_that_change_get_a_revision(history: History) -> None:
    digests, numbers = history.stored()
    assert digests.keys() == {(market, day) for market in PREFIXES for day in _days()}
    assert digests == history.recomputed()
    assert numbers == {(m, day): 1 + (day in FORGOTTEN) for m in PREFIXES for day in _days()}
    for late in (*TO_THE_END, late_activity, replaced_activity):
        _check_one(history, late)
    _check_chains(history)
    assert history.differences() == []


def _check_one(history: History, late: Callable[[History], int]) -> None:
    """States a late fact, and compares every day before and after."""
    before, numbers = history.stored()
    bodies = {place: history.body(place[1], place[0]) for place in before}
    then = history.clock()
    history.clock.ms += HOUR_MS

    since = late(history)
    after = history.recomputed()
    changed = {place for place in after if after[place] != before[place]}
    assert (MARKET, since) in changed, late
    assert all(market == MARKET and day >= since for market, day in changed), late
    assert (len(changed) == LAST - since + 1) == (late in TO_THE_END), late

    history.work()
    stored, revisions = history.stored()
    assert stored == after
    assert revisions == {place: n + (place in changed) for place, n in numbers.items()}
    for place, old in bodies.items():
        market, day = place
        assert history.body(day, market, as_of=then) == old
        assert (history.body(day, market) == old) == (place not in changed)
    path = f"/v1/markets/{MARKET}/snapshots/{day_date(since)}"
    asked = history.city.get("admin", path, params={"as_of": moment_text(then)})
    assert asked.content == bodies[MARKET, since]
    history.work()
    assert history.stored() == (stored, revisions)


def test_what_changes_nothing_gives_no_revision(history: History) -> None:
    known = history.stored()
    noon = start_of(FIRST + 17) + 12 * HOUR_MS
    at, off = moment_text(noon), moment_text(noon + HOUR_MS)
    assert history.hang(OTHER, 7, "attachments", occurred_at=at).is_success
    assert history.hang(OTHER, 7, "removals", occurred_at=off, reason="fraud").is_success
    history.work()
    assert history.stored() == known
    assert history.differences() == []


def test_a_late_fact_and_its_void_end_where_they_began(history: History) -> None:
    digests, numbers = history.stored()
    since = late_attachment(history)
    history.work()
    event = f"{vendor_code('CVT', 8)}.e4"
    history.clock.ms += HOUR_MS
    answer = history.city.post("admin", f"/v1/events/{event}/void", {"reason": "Nhầm"})
    history.agreed(answer)
    history.work()
    changed = {(MARKET, day) for day in _days() if day >= since}
    assert history.stored() == (digests, {p: n + 2 * (p in changed) for p, n in numbers.items()})
    _check_chains(history)
    assert history.differences() == []


def _days() -> range:
    return range(FIRST, LAST + 1)


def _check_chains(history: History) -> None:
    """Each publication names the one before it, in the order of the feed."""
    heads = dict.fromkeys(PREFIXES, f"sha256:{GENESIS}")
    page = history.run(history.tracker.publications.feed_page(0, 10_000))
    places = [(entry.market, entry.day, entry.revision) for entry in page]
    assert len(set(places)) == len(places)
    for raw in history.run(history.tracker.publications.bodies(places)):
        body = json.decode(raw or b"")
        assert digest_holds(body)
        assert body["previous_digest"] == heads[body["market"]]
        heads[body["market"]] = body["digest"]
