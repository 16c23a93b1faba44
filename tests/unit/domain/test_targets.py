"""Targets: what is reached, what it takes, and where the pace of the last 30 days leads."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.place import on
from tests.unit.domain.worlds import examples
from tracker.domain.days import day_date
from tracker.domain.market import Target
from tracker.domain.targets import SIGHT_DAYS, outlook

DAY = on("2026-11-20")


def told(vendors: int, count: int, before: int, days_left: int = 60) -> dict[str, Any]:
    target = Target("CVT.e9", "attached", DAY + days_left, vendors, DAY - 200, 0)
    return outlook(target, DAY, count, before)


class TestOutlook:
    def test_says_what_is_reached_what_it_takes_and_where_the_pace_leads(self) -> None:
        assert told(542, 168, 138, days_left=100) == {
            "figure": "attached",
            "due_on": "2027-02-28",
            "vendors": 542,
            "count": 168,
            "progress": 31,
            "remaining": 374,
            "days_left": 100,
            "pace_needed": 112.2,
            "pace_30d": 30,
            "projected_on": "2027-11-29",
            "projected_by": "pace_30d",
        }

    def test_reached_needs_nothing_more(self) -> None:
        for count in (10, 12):
            found = told(10, count, 9)
            assert (found["remaining"], found["pace_needed"]) == (0, 0)
            assert (found["projected_on"], found["projected_by"]) == (None, "reached")
        assert told(10, 12, 9)["progress"] == 120

    def test_that_falls_is_reached_all_the_same_while_it_is(self) -> None:
        assert told(10, 11, 40)["projected_by"] == "reached"
        assert told(10, 11, 40)["pace_30d"] == -29

    @pytest.mark.parametrize("before", [5, 6])
    def test_without_growth_there_is_no_projection(self, before: int) -> None:
        found = told(10, 5, before)
        assert (found["projected_on"], found["projected_by"]) == (None, "not_growing")

    def test_the_projection_is_the_first_day_on_which_the_pace_has_reached_it(self) -> None:
        assert told(12, 5, 2)["projected_on"] == day_date(DAY + 70).isoformat()
        assert told(12, 5, 1)["projected_on"] == day_date(DAY + 53).isoformat()
        assert told(6, 5, 0)["projected_on"] == day_date(DAY + 6).isoformat()

    def test_beyond_a_hundred_years_there_is_no_projection(self) -> None:
        far = SIGHT_DAYS // 30
        assert told(far + 1, 1, 0)["projected_by"] == "pace_30d"
        found = told(far + 3, 1, 0)
        assert (found["projected_on"], found["projected_by"]) == (None, "out_of_sight")

    @pytest.mark.parametrize(("days_left", "needed"), [(1, 150), (30, 5), (0, None), (-3, None)])
    def test_after_the_day_due_no_pace_reaches_it(self, days_left: int, needed: int | None) -> None:
        found = told(10, 5, 0, days_left)
        assert (found["pace_needed"], found["days_left"]) == (needed, days_left)

    @pytest.mark.parametrize(
        ("vendors", "count", "progress"),
        [
            (800, 1, 0.13),
            (800, 3, 0.38),
            (20_000, 1, 0.01),
            (20_001, 1, 0),
            (3, 2, 66.67),
            (3, 0, 0),
        ],
    )
    def test_a_half_goes_up(self, vendors: int, count: int, progress: float) -> None:
        assert told(vendors, count, 0)["progress"] == progress

    def test_whole_numbers_are_integers(self) -> None:
        found = told(10, 5, 0, days_left=30)
        assert {type(found[name]) for name in ("progress", "pace_needed")} == {int}

    @examples(120)
    @given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 900))
    def test_what_it_says_adds_up(
        self, vendors: int, count: int, before: int, days_left: int
    ) -> None:
        found = told(vendors, count, before, days_left)
        assert found["remaining"] == max(vendors - count, 0)
        for name, exact in (
            ("progress", Decimal(100 * count) / vendors),
            ("pace_needed", Decimal(30 * found["remaining"]) / days_left),
        ):
            assert Decimal(repr(found[name])) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        if found["projected_on"] is not None:
            days = on(found["projected_on"]) - DAY
            pace = found["pace_30d"]
            assert (days - 1) * pace < 30 * found["remaining"] <= days * pace
