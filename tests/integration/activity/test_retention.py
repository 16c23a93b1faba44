"""Sets older than 24 months are dropped; what they said about first payments is kept."""

from __future__ import annotations

import pytest

from tests.integration.activity.bank import MARKET, NUMBERS, TODAY, Desk
from tests.integration.registry import ADMIN, BIDV, VCB, tracker_on
from tracker.domain.errors import Invalid
from tracker.services import schedule
from tracker.services.activity import get, oldest_day
from tracker.services.activity_retention import DAYS_PER_RUN, drop_old_sets
from tracker.settings import Settings

A, B, C, *_ = NUMBERS


@pytest.fixture
def old(desk: Desk) -> Desk:
    """Two years after three reports."""
    desk.report([A, B], TODAY - 1)
    desk.report([B, C], TODAY - 1, BIDV)
    desk.report([A, C], TODAY)
    desk.at(TODAY + 731)
    return desk


def test_nothing_younger_is_dropped(old: Desk) -> None:
    assert old.run(drop_old_sets(old.tracker)) == 1
    assert old.bank_day(TODAY - 1) == (4, 20_000 + A + B, None)
    assert old.bank_day(TODAY - 1, BIDV) == (4, 20_000 + B + C, None)
    assert old.paid(TODAY) == [A, C]
    assert old.first() == {A: TODAY - 1, B: TODAY - 1, C: TODAY - 1}
    assert old.differences() == []


def test_it_may_run_twice_and_at_once(old: Desk) -> None:
    old.run(drop_old_sets(old.tracker))
    position = old.position()
    assert old.run(drop_old_sets(old.tracker)) == 0
    assert old.run(drop_old_sets(tracker_on(old.store, old.clock))) == 0
    assert old.position() == position


def test_first_days_can_be_made_anew_from_the_ledger(old: Desk) -> None:
    old.at(TODAY + 740)
    old.run(drop_old_sets(old.tracker))
    before = old.first()
    old.run(old.store.hdel(f"{{m:{MARKET}}}:paid", "first"))
    assert old.differences() != []
    old.rebuild()
    assert old.first() == before
    assert old.differences() == []


def test_a_day_beyond_is_reported_no_more(old: Desk) -> None:
    old.run(drop_old_sets(old.tracker))
    with pytest.raises(Invalid) as refused:
        old.report([C], oldest_day(old.tracker) - 1)
    assert refused.value.code == "TOO_OLD"


def test_a_dropped_day_stays_closed_if_more_is_kept_later(old: Desk) -> None:
    old.run(drop_old_sets(old.tracker))
    old.at(TODAY)  # as if the setting had been raised
    with pytest.raises(Invalid) as refused:
        old.report([C], TODAY - 1)
    assert refused.value.code == "TOO_OLD"
    old.report([A, B, C], TODAY - 2)
    assert old.first() == {A: TODAY - 2, B: TODAY - 2, C: TODAY - 2}
    old.report([C], TODAY - 2)
    assert old.first() == {A: TODAY - 1, B: TODAY - 1, C: TODAY - 2}
    assert old.differences() == []


def test_the_day_as_it_is_given_out_has_no_set_any_more(old: Desk) -> None:
    old.run(drop_old_sets(old.tracker))
    day = old.run(get(old.tracker, ADMIN, MARKET, TODAY - 1, VCB))
    assert (day.payments, day.vendors, day.paid) == (4, 2, None)


def test_a_run_is_bounded_and_the_next_goes_on(desk: Desk) -> None:
    for day in range(TODAY - DAYS_PER_RUN - 2, TODAY + 1):
        desk.report([A], day)
    desk.at(TODAY + 732)
    counts = [desk.run(drop_old_sets(desk.tracker)) for _ in range(3)]
    assert counts == [DAYS_PER_RUN, 3, 0]
    assert desk.differences() == []


def test_no_fewer_days_are_kept_than_the_figures_look_back() -> None:
    with pytest.raises(Invalid) as refused:
        Settings.read({"TRACKER_ACTIVITY_DAYS_KEPT": "97"})
    assert refused.value.code == "SETTING_INVALID"
    assert Settings.read({"TRACKER_ACTIVITY_DAYS_KEPT": "98"}).activity_days_kept == 98


def test_the_tick_does_it_once_a_day(old: Desk) -> None:
    old.run(schedule.tick(old.tracker))
    assert old.bank_day(TODAY - 1) == (4, 20_000 + A + B, None)
    old.at(TODAY + 732)
    old.run(schedule.tick(old.tracker))
    assert old.bank_day(TODAY) == (4, 20_000 + A + C, None)
    assert old.differences() == []
