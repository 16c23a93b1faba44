"""Rates, denominators, censuses, flags, and the edges of a day's content."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import at
from tests.unit.domain.place import OPENED, UNIT_FROM, census, market, on
from tests.unit.domain.standing import HANGING, REGISTERED, roster
from tests.unit.domain.worlds import examples
from tracker.domain import rows
from tracker.domain.activity import first_days
from tracker.domain.bitmaps import bitmap
from tracker.domain.days import start_of
from tracker.domain.facts import TargetSet, Voided, ZoneAdded
from tracker.domain.figures import FIGURES, Grounds, content, flags, rate
from tracker.domain.lines import Falls
from tracker.domain.market import denominator, market_of
from tracker.domain.paid import Paid, Reports
from tracker.domain.roster import Roster
from tracker.domain.rows import Row, Sets, pack


class TestRate:
    def test_the_headline(self) -> None:
        assert rate(168, 542) == 31
        assert rate(81_691, 277_975) == 29.39

    @examples(150)
    @given(st.integers(0, 10**6), st.integers(1, 10**6))
    def test_is_two_decimals_half_up(self, numerator: int, base: int) -> None:
        exact = Decimal(100 * numerator) / Decimal(base)
        rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert Decimal(repr(rate(numerator, base))) == rounded

    @pytest.mark.parametrize(
        ("numerator", "base", "expected"),
        [(1, 800, 0.13), (3, 800, 0.38), (1, 20_000, 0.01), (1, 20_001, 0), (2, 3, 66.67)],
    )
    def test_a_half_goes_up(self, numerator: int, base: int, expected: float) -> None:
        assert rate(numerator, base) == expected

    @pytest.mark.parametrize(("numerator", "base"), [(0, 5), (5, 5), (168, 542), (1, 2)])
    def test_a_whole_rate_is_an_integer(self, numerator: int, base: int) -> None:
        assert type(rate(numerator, base)) is int

    def test_there_is_none_of_nothing(self) -> None:
        assert rate(0, 0) is None


class TestDenominator:
    @examples(100)
    @given(st.none() | st.integers(0, 30), st.integers(0, 30))
    def test_is_the_census_unless_there_is_none_or_the_roster_has_overrun_it(
        self, declared: int | None, registered: int
    ) -> None:
        found = denominator(declared, registered)
        if declared is None:
            assert found == (registered, "roster", False)
        elif declared < registered:
            assert found == (registered, "roster", True)
        else:
            assert found == (declared, "census", False)
        assert found.value >= registered

    def test_is_the_latest_census_effective_on_or_before_the_day(self) -> None:
        place = market(census("2023-05-10 00:00", 550), census("2023-03-01 00:00", 542))
        days = ("2023-02-28", "2023-03-01", "2023-05-09", "2023-05-10", "2024-01-01")
        assert [place.census_on(on(day)) for day in days] == [None, 542, 542, 550, 550]

    def test_of_two_censuses_of_one_day_the_one_declared_last_counts(self) -> None:
        place = market(census("2023-03-01 00:00", 542), census("2023-03-01 00:00", 543))
        assert place.census_on(on("2023-03-01")) == 543

    def test_a_voided_census_was_never_declared(self) -> None:
        facts = (census("2023-03-01 00:00", 542), census("2023-05-01 00:00", 999))
        void = Voided(at("2023-06-01 00:00"), 0, "key", event=3, reason="wrong")
        assert market(*facts, void).census_on(on("2023-05-02")) == 542
        again = Voided(at("2023-06-01 00:00"), 0, "key", event=4, reason="it was right")
        assert market(*facts, void, again).census_on(on("2023-05-02")) == 999

    def test_a_census_bears_the_id_of_its_event(self) -> None:
        place = market(ZoneAdded(OPENED.at, 0, "key", "C"), census("2023-03-01 00:00", 542))
        assert [c.id for c in place.censuses] == ["CVT.e3"]


class TestFlags:
    @pytest.mark.parametrize(
        ("declared", "registered", "expected"),
        [
            (None, 3, [{"code": "no_census", "count": 1}]),
            (2, 3, [{"code": "registered_exceeds_census", "count": 1}]),
            (3, 3, []),
            (0, 0, []),
        ],
    )
    def test_are_a_closed_list_each_with_its_count(
        self, declared: int | None, registered: int, expected: list[dict[str, Any]]
    ) -> None:
        base = denominator(declared, registered)
        assert flags(declared, base, {}) == expected

    def test_what_was_found_follows_in_its_order_where_there_is_any(self) -> None:
        found = {"activity_missing": 2, "duplicate_account": 0, "swap_suspected": 1}
        assert flags(3, denominator(3, 3), found) == [
            {"code": "activity_missing", "count": 2},
            {"code": "swap_suspected", "count": 1},
        ]


class TestMarket:
    def test_an_area_is_the_markets_from_the_day_that_the_unit_is_valid(self) -> None:
        place = market()
        assert place.area_on(UNIT_FROM - 1) is None
        unit = place.area_on(UNIT_FROM)
        assert unit is not None
        assert (unit.code, unit.valid_from) == ("26506", UNIT_FROM)

    def test_is_open_from_its_first_day(self) -> None:
        place = market()
        assert not place.open_on(on("2022-12-31"))
        assert place.open_on(on("2023-01-01"))

    def test_lists_a_zone_once(self) -> None:
        again = [ZoneAdded(OPENED.at, 0, "key", zone) for zone in ("B", "C", "C")]
        assert market(*again).zones == ("A", "B", "C")

    def test_is_nothing_before_it_opens(self) -> None:
        assert market_of("cho-vung-tau", ()) is None


VCB, BIDV = "970436", "970418"
DAY = on("2023-05-31")
NONE = {"payments": None, "amount_vnd": None, "vendors": None}


def paid(reports: Mapping[int, Mapping[str, tuple[int, int, list[int]]]]) -> Paid:
    """The banks' reports: day → BIN → payments, amount, vendor numbers."""
    told: Reports = {
        day: {bin_: (n, amount, bitmap(who)) for bin_, (n, amount, who) in by_bank.items()}
        for day, by_bank in reports.items()
    }
    sets = [(day, raw) for day, by_bank in told.items() for _, _, raw in by_bank.values() if raw]
    return Paid(told, first_days(sets).encoded())


def standing(*stages: Sets, since: int = 0, bank: str | None = None) -> Roster:
    """Vendors 0, 1, … of these stages; attached since a day, with an account at a bank."""
    account = {rows.ACCOUNT + bank} if bank else frozenset[str]()
    return roster(*((Row(since=since), stage | account) for stage in stages))


def told(roster: Roster, reports: Paid, *, day: int = DAY, days_later: int = 1) -> dict[str, Any]:
    grounds = Grounds(market(), Falls({}), roster, {}, reports)
    return content(grounds, day, start_of(day + days_later))


class TestContent:
    def test_of_a_market_without_vendors_and_reports_is_nothing_of_nothing(self) -> None:
        found = content(Grounds(market(), Falls({})), DAY, start_of(DAY + 1))
        assert found["denominator"] == {"value": 0, "basis": "roster"}
        assert found["figures"].pop("registered") == {"count": 0}
        assert list(found["figures"]) == list(FIGURES[1:])
        assert all(f == {"count": 0, "rate": None} for f in found["figures"].values())
        assert found["activity"] == {**NONE, "month_to_date": NONE}
        assert found["completeness"] == {"expected": [], "reported": [], "final": True}
        assert found["targets"] == []
        assert found["flags"] == [{"code": "no_census", "count": 1}]
        assert found["breakdowns"] == {"bank": [], "zone": [], "category": []}

    def test_a_report_without_payments_is_zero_and_no_report_is_nothing(self) -> None:
        found = told(standing(REGISTERED, bank=VCB), paid({DAY: {VCB: (0, 0, [])}}))
        assert found["activity"]["payments"] == 0
        assert found["activity"]["vendors"] == 0
        assert found["completeness"]["reported"] == [VCB]
        silent = told(standing(REGISTERED, bank=VCB), paid({}))
        assert silent["activity"] == {**NONE, "month_to_date": NONE}

    def test_on_the_first_of_a_month_the_month_to_date_is_the_day(self) -> None:
        first = on("2023-06-01")
        reports = paid({first - 1: {VCB: (9, 900, [0])}, first: {VCB: (2, 70, [0])}})
        found = told(standing(REGISTERED), reports, day=first)["activity"]
        assert found["month_to_date"] == {"payments": 2, "amount_vnd": 70, "vendors": 1}
        assert found["payments"] == 2

    def test_a_vendor_paid_twice_in_a_month_or_by_two_banks_is_one_vendor(self) -> None:
        reports = paid(
            {
                DAY - 3: {VCB: (1, 10, [0, 1])},
                DAY: {VCB: (1, 10, [1]), BIDV: (1, 10, [1])},
            }
        )
        found = told(standing(*[REGISTERED] * 2), reports)["activity"]
        assert found["vendors"] == 1
        assert found["month_to_date"]["vendors"] == 2
        assert found["month_to_date"]["payments"] == 3

    @pytest.mark.parametrize(
        ("days_ago", "active_30d", "active_90d"),
        [(0, 1, 1), (29, 1, 1), (30, 0, 1), (89, 0, 1), (90, 0, 0)],
    )
    def test_active_days_include_the_day_itself(
        self, days_ago: int, active_30d: int, active_90d: int
    ) -> None:
        reports = paid({DAY - days_ago: {VCB: (1, 10, [0])}})
        found = told(standing(REGISTERED), reports)["figures"]
        assert found["active_30d"]["count"] == active_30d
        assert found["active_90d"]["count"] == active_90d
        assert found["transacting"]["count"] == 1

    def test_a_regular_was_paid_on_ten_days_whatever_the_bank(self) -> None:
        days = [DAY - 9 * n for n in range(10)]
        every = {day: {(VCB, BIDV)[day % 2]: (1, 10, [0, 1])} for day in days}
        nine = {**every, days[3]: {VCB: (5, 50, [0])}}
        twice = {**nine, days[4]: {VCB: (1, 10, [0, 1]), BIDV: (1, 10, [0, 1])}}
        vendors = standing(*[REGISTERED] * 2)
        regular = [told(vendors, paid(r))["figures"]["regular_90d"] for r in (every, nine, twice)]
        assert [figure["count"] for figure in regular] == [2, 1, 1]

    @pytest.mark.parametrize(("days", "dormant"), [(89, 1), (88, 0)])
    def test_dormant_is_attached_for_ninety_days_without_being_paid(
        self, days: int, dormant: int
    ) -> None:
        vendors = standing(HANGING, HANGING, since=DAY - days)
        reports = paid({DAY - 80: {VCB: (1, 10, [1])}})
        assert told(vendors, reports)["figures"]["dormant"]["count"] == dormant

    def test_who_is_not_on_the_roster_any_more_is_paid_but_not_counted(self) -> None:
        reports = paid({DAY: {VCB: (3, 30, [0, 1, 77])}})
        found = told(standing(REGISTERED, frozenset()), reports)
        assert found["figures"]["active_30d"]["count"] == 1
        assert found["figures"]["transacting"]["count"] == 1
        assert found["activity"]["vendors"] == 3
        assert {"code": "activity_without_attachment", "count": 1} in found["flags"]

    @pytest.mark.parametrize(
        ("days_later", "missing", "final"),
        [(0, 0, False), (1, 1, False), (6, 1, False), (7, 1, True)],
    )
    def test_a_report_is_missing_when_the_day_is_over_and_waited_for_seven_days(
        self, days_later: int, missing: int, final: bool
    ) -> None:
        found = told(standing(REGISTERED, bank=VCB), paid({}), days_later=days_later)
        flags_ = {flag["code"]: flag["count"] for flag in found["flags"]}
        assert flags_.get("activity_missing", 0) == missing
        assert found["completeness"] == {"expected": [VCB], "reported": [], "final": final}

    def test_a_bank_that_reported_before_in_the_month_is_listed_without_accounts(self) -> None:
        reports = paid({on("2023-05-01"): {BIDV: (0, 0, [])}, on("2023-04-30"): {VCB: (0, 0, [])}})
        found = told(standing(REGISTERED), reports)["breakdowns"]["bank"]
        assert [(r["key"], r["payments"], r["month_to_date"]["payments"]) for r in found] == [
            (BIDV, None, 0)
        ]

    def test_a_target_compares_with_the_count_thirty_days_before(self) -> None:
        row = Row(DAY - 29, DAY - 29)
        hanging = roster(*[(row, HANGING)] * 3)
        past = {n: [rows.Step(DAY - 29, pack(row), HANGING)] for n in range(3)}
        goal = TargetSet(at("2023-05-31 09:00"), 0, "key", "attached", DAY + 60, 6)
        grounds = Grounds(market(goal), Falls({}), hanging, past)
        (target,) = content(grounds, DAY, start_of(DAY + 1))["targets"]
        assert (target["count"], target["pace_30d"], target["pace_needed"]) == (3, 3, 1.5)
        assert content(grounds, DAY - 1, start_of(DAY))["targets"] == []
