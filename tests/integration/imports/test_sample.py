"""The sample of `tracker/sample`: every number of `expected.json`, once and again."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.imports.office import ADMIN, Office, Outcome
from tracker.domain.days import day_number
from tracker.domain.figures import rate
from tracker.sample import Expected, bank_files, expected, roster_files
from tracker.services import areas, feed, snapshots
from tracker.services.adoption import LiveFigures

EFFECTIVE_ON = date(2023, 1, 1)
REPORTED_ON = date(2023, 5, 31)


@pytest.fixture
def sample(city: Office) -> Office:
    """The four markets of the sample, without a vendor, as the demo sets them up."""
    city.run(areas.seed(city.tracker))
    for slug, place in expected().markets.items():
        city.open_market(slug, name=place.name, prefix=place.prefix, opened_on=date(2000, 1, 1))
    return city


def import_all(office: Office, *, dry_run: bool = False) -> dict[str, Outcome]:
    """All rosters by market, then all banks' files by BIN."""
    outcomes = {}
    for slug, file in roster_files().items():
        job = office.accept(
            "roster",
            file.read_bytes(),
            market=slug,
            effective_on=EFFECTIVE_ON,
            dry_run=dry_run,
        )
        outcomes[slug] = office.work(job)
    for bin_, file in bank_files().items():
        job = office.accept(
            "attachments", file.read_bytes(), effective_on=EFFECTIVE_ON, dry_run=dry_run
        )
        outcomes[bin_] = office.work(job)
    return outcomes


def totals(outcomes: dict[str, Outcome], wanted: Expected) -> dict[str, Any]:
    """The rosters' totals and their rejections in the order of the file."""
    return {
        slug: (outcomes[slug].totals, tuple(c for c in outcomes[slug].said if c.isupper()))
        for slug in wanted.markets
    }


def test_the_numbers_are_those_of_the_city(sample: Office) -> None:
    wanted = expected()
    outcomes = import_all(sample)
    rows = {
        slug: (
            {
                "accepted": place.roster_rows.accepted,
                "duplicate": place.roster_rows.duplicate,
                "rejected": place.roster_rows.rejected,
            },
            place.roster_rejected,
        )
        for slug, place in wanted.markets.items()
    }
    assert totals(outcomes, wanted) == rows
    assert all(outcomes[slug].result["not_listed"] == [] for slug in wanted.markets)
    for bin_ in bank_files():
        assert set(outcomes[bin_].said) == {"accepted"}
    counts = {slug: sample.counts(market=slug) for slug in wanted.markets}
    assert counts == {
        slug: (place.vendors, place.issued, place.attached)
        for slug, place in wanted.markets.items()
    }
    family = sum(
        account.owner == "family"
        for slug, place in wanted.markets.items()
        for history in sample.run(sample.tracker.reader.all_histories(slug, place.prefix)).values()
        for account in history.replay().accounts.values()
    )
    assert family == 19


def test_again_nothing_is_new(sample: Office) -> None:
    wanted = expected()
    first = import_all(sample)
    states = {slug: sample.state(slug) for slug in wanted.markets}
    again = import_all(sample)
    for name, outcome in again.items():
        before = first[name]
        same = ["duplicate" if said == "accepted" else said for said in before.said]
        assert outcome.said == same
        assert [row["id"] for row in outcome.rows] == [row["id"] for row in before.rows]
    assert {slug: sample.state(slug) for slug in wanted.markets} == states


def test_a_dry_run_says_the_same_and_writes_nothing(sample: Office) -> None:
    wanted = expected()
    states = {slug: sample.state(slug) for slug in wanted.markets}
    dry = import_all(sample, dry_run=True)
    assert {slug: sample.state(slug) for slug in wanted.markets} == states
    real = import_all(sample)
    for slug in wanted.markets:
        assert dry[slug].said == real[slug].said
    assert set(dry["970436"].said) == {"STALL_UNKNOWN"}  # no vendor was there to be linked


def test_both_days_are_published_and_sum_up_to_168_of_542(sample: Office) -> None:
    import_all(sample)
    yesterday = sample.clock.today - timedelta(days=1)
    for day in (REPORTED_ON, yesterday):
        number = day_number(day)
        job = sample.run(snapshots.start_run(sample.tracker, "test", first=number, last=number))
        sample.run(snapshots.run(sample.tracker, job))
    bodies, _, more = sample.run(feed.follow(sample.tracker, ADMIN, 0, 100))
    items = [json.loads(body) for body in bodies]
    assert not more
    assert len(items) == 8
    for day in (REPORTED_ON, yesterday):
        figures = [body for body in items if body["date"] == day.isoformat()]
        attached = sum(body["figures"]["attached"]["count"] for body in figures)
        base = sum(body["denominator"]["value"] for body in figures)
        assert (attached, base, rate(attached, base)) == (168, 542, 31)
    live = json.loads(sample.run(LiveFigures(sample.tracker).city(ADMIN)).body)
    assert live["figures"]["attached"] == {"count": 168, "rate": 31}
    assert live["denominator"]["value"] == 542
