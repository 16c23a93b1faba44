"""Rates, denominators, censuses, flags and roll-ups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import at
from tests.unit.domain.worlds import examples
from tracker.domain.days import day_number
from tracker.domain.facts import CensusDeclared, MarketFact, MarketOpened, Voided, ZoneAdded
from tracker.domain.figures import Counts, DaySums, content, figures, flags, rate, roll_up
from tracker.domain.market import Market, denominator, market_of

UNIT_FROM = day_number(date(2025, 7, 1))
OPENED = MarketOpened(
    at("2023-01-01 00:00"), 0, "key", "Chợ Vũng Tàu", "CVT", "26506", UNIT_FROM, ("A", "B")
)


def market(*facts: MarketFact) -> Market:
    found = market_of("cho-vung-tau", (OPENED, *facts))
    assert found is not None
    return found


def census(moment: str, vendors: int) -> CensusDeclared:
    return CensusDeclared(at(moment), at("2023-12-01 09:00"), "key", vendors, "office")


def on(text: str) -> int:
    return day_number(date.fromisoformat(text))


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
        assert flags(declared, base, Counts(registered, 0, 0)) == expected


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


def part(counts: Sequence[int], declared: int | None, removed: dict[str, int]) -> dict[str, Any]:
    """The content of a market's day with these counts, of which some were removed that day."""
    day = on("2023-05-31")
    lines = {(day - 1, line): n for line, n in zip("ria", counts, strict=True)}
    for reason, n in removed.items():
        lines[day, f"-{reason}"] = n
    lines[day, "a"] = -sum(removed.values())
    facts = () if declared is None else (census("2023-03-01 00:00", declared),)
    return content(market(*facts), DaySums(lines), day)


class TestRollUp:
    def test_is_the_sum_of_numerators_over_the_sum_of_denominators(self) -> None:
        parts = [
            part((10, 5, 1), 10, {}),
            part((300, 200, 150), 400, {}),
            part((90, 80, 17), 132, {}),
        ]
        city = roll_up(parts)
        assert city["denominator"] == {"value": 542, "basis": "census"}
        assert city["figures"] == {
            "registered": {"count": 400},
            "issued": {"count": 285, "rate": rate(285, 542)},
            "attached": {"count": 168, "rate": 31},
        }

    def test_is_no_mean_of_rates(self) -> None:
        small, large = part((1, 1, 1), 1, {}), part((99, 0, 0), 99, {})
        assert roll_up([small, large])["figures"]["attached"]["rate"] == 1

    def test_says_where_the_bases_differ(self) -> None:
        counted, listed = part((1, 1, 1), 5, {}), part((3, 1, 1), None, {})
        assert roll_up([counted, counted])["denominator"] == {"value": 10, "basis": "census"}
        assert roll_up([listed])["denominator"] == {"value": 3, "basis": "roster"}
        assert roll_up([counted, listed])["denominator"] == {"value": 8, "basis": "mixed"}

    def test_adds_up_waterfalls_and_flags(self) -> None:
        one = part((9, 9, 9), None, {"tax_worry": 2, "fraud": 1})
        other = part((9, 9, 9), 4, {"tax_worry": 1, "closed": 1})
        whole = roll_up([one, other, one])
        assert whole["waterfall"] == {
            "opening": 27,
            "attached": 0,
            "reattached": 0,
            "removed": {"closed": 1, "fraud": 2, "tax_worry": 5},
            "left": 0,
            "closing": 19,
            "denominator": {"opening": 27, "change": 0, "closing": 27},
        }
        assert whole["flags"] == [
            {"code": "no_census", "count": 2},
            {"code": "registered_exceeds_census", "count": 5},
        ]

    @examples(100)
    @given(
        st.lists(
            st.tuples(
                st.tuples(*[st.integers(0, 50)] * 3).map(lambda c: sorted(c, reverse=True)),
                st.none() | st.integers(0, 60),
            ),
            max_size=5,
        )
    )
    def test_of_any_markets_sums_every_number(
        self, wanted: list[tuple[list[int], int | None]]
    ) -> None:
        parts = [part(counts, declared, {}) for counts, declared in wanted]
        whole = roll_up(parts)
        base = sum(max(counts[0], declared or 0) for counts, declared in wanted)
        sums = Counts(*(sum(counts[n] for counts, _ in wanted) for n in range(3)))
        assert whole["denominator"]["value"] == base
        assert whole["figures"] == figures(sums, base)

    def test_of_no_market_is_nothing_of_nothing(self) -> None:
        assert roll_up([])["figures"]["attached"] == {"count": 0, "rate": None}


class TestDaySums:
    def test_a_count_is_the_sum_of_all_days_up_to_it(self) -> None:
        sums = DaySums({(5, "r"): 3, (7, "r"): -1, (7, "i"): 2, (7, "a"): 1, (7, "+"): 1})
        assert sums.counts(4) == Counts(0, 0, 0)
        assert sums.counts(5) == sums.counts(6) == Counts(3, 0, 0)
        assert sums.counts(7) == sums.counts(800) == Counts(2, 2, 1)
        assert sums.lines(6) == {}
        assert sums.lines(7)["+"] == 1
