"""Units over time: a code names a place only together with a day."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.worlds import examples
from tracker.domain.areas import (
    Unit,
    first_change,
    key_on,
    keys_within,
    overlapping,
    unit_on,
    unit_through,
    units_of,
)
from tracker.domain.days import day_number
from tracker.domain.facts import AreaAdded, AreasSeeded
from tracker.domain.market import Market, Membership

MERGER = day_number(date(2025, 7, 1))
OLD = day_number(date(2014, 12, 16))
PHUONG_1 = Unit("26506", "Phường 1", "77", OLD, MERGER)
VUNG_TAU = Unit("26506", "Phường Vũng Tàu", "79", MERGER, None)
BA_RIA = Unit("77", "Tỉnh Bà Rịa - Vũng Tàu", None, day_number(date(1991, 8, 12)), MERGER)
HCM = Unit("79", "Thành phố Hồ Chí Minh", None, MERGER, None)
UNITS = [PHUONG_1, VUNG_TAU, BA_RIA, HCM]

memberships = st.lists(
    st.builds(
        lambda code, first, length: Membership(
            code, OLD, first, None if length is None else first + length
        ),
        st.sampled_from(["26506", "26526"]),
        st.integers(0, 12),
        st.none() | st.integers(1, 6),
    ),
    max_size=4,
)


def market(*areas: Membership) -> Market:
    """A market in these units."""
    return Market("m", "M", "MMM", areas, 0, (), (), 1)


def days_of(area: Membership) -> set[int]:
    """The days of a membership, up to day 40."""
    return set(range(area.first, 40 if area.end is None else area.end))


def test_the_same_digits_name_another_place_after_the_merger() -> None:
    assert unit_on(UNITS, "26506", MERGER - 1) == PHUONG_1
    assert unit_on(UNITS, "26506", MERGER) == VUNG_TAU
    assert unit_on(UNITS, "26506", OLD - 1) is None
    assert unit_on(UNITS, "26999", MERGER) is None


def test_a_period_needs_one_unit_for_all_its_days() -> None:
    assert unit_through(UNITS, "26506", OLD, MERGER) == PHUONG_1
    assert unit_through(UNITS, "26506", MERGER, None) == VUNG_TAU
    assert unit_through(UNITS, "26506", OLD, MERGER + 1) is None
    assert unit_through(UNITS, "26506", OLD, None) is None
    assert unit_through(UNITS, "26506", OLD - 1, MERGER) is None


def test_a_province_holds_itself_and_its_wards_of_the_day() -> None:
    assert keys_within(UNITS, BA_RIA, MERGER - 1) == {BA_RIA.key, PHUONG_1.key}
    assert keys_within(UNITS, HCM, MERGER) == {HCM.key, VUNG_TAU.key}
    assert keys_within(UNITS, VUNG_TAU, MERGER) == {VUNG_TAU.key}


def test_a_market_in_a_unit_that_has_ended_belongs_to_none() -> None:
    place = market(Membership(PHUONG_1.code, PHUONG_1.valid_from, OLD, None))
    before = frozenset(u.key for u in UNITS if u.valid_on(MERGER - 1))
    after = frozenset(u.key for u in UNITS if u.valid_on(MERGER))
    assert key_on(place, before, MERGER - 1) == PHUONG_1.key
    assert key_on(place, after, MERGER) is None


def test_a_unit_that_is_stated_again_has_the_last_stated_end() -> None:
    row = (PHUONG_1.code, PHUONG_1.name, PHUONG_1.parent, OLD, None)
    seeded = AreasSeeded(0, 0, "start", "s", (row,))
    ended = AreaAdded(1, 1, "k", PHUONG_1.code, PHUONG_1.name, PHUONG_1.parent, OLD, MERGER)
    assert units_of([seeded, ended]) == [PHUONG_1]


@examples(200)
@given(memberships)
def test_a_list_overlaps_where_two_of_it_share_a_day(areas: list[Membership]) -> None:
    shared = any(
        days_of(one) & days_of(other) for n, one in enumerate(areas) for other in areas[n + 1 :]
    )
    assert bool(overlapping(areas)) == shared


@examples(200)
@given(memberships, memberships)
def test_the_first_change_is_the_first_day_in_another_unit(
    before: list[Membership], after: list[Membership]
) -> None:
    before = [area for n, area in enumerate(before) if n not in overlapping(before)]
    after = [area for n, area in enumerate(after) if n not in overlapping(after)]

    def unit(areas: list[Membership], day: int) -> tuple[str, int] | None:
        area = market(*areas).area_on(day)
        return None if area is None else (area.code, area.valid_from)

    differ = [day for day in range(40) if unit(before, day) != unit(after, day)]
    assert first_change(before, after) == (differ[0] if differ else None)
