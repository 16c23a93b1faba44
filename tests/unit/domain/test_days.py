"""Days and moments against the zone database, and the dating rule of the offices' files."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.life import at
from tests.unit.domain.worlds import examples
from tracker.domain.days import (
    DAY_MS,
    day_date,
    day_number,
    day_of,
    moment_of,
    moment_on,
    moment_text,
    start_of,
)

HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")
UTC_7 = timedelta(hours=7)
FIRST_MS = int(datetime(1976, 1, 1, tzinfo=UTC).timestamp()) * 1000
LAST_MS = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp()) * 1000 - 1
MOMENTS = st.integers(FIRST_MS, LAST_MS)
DATES = st.dates(date(1976, 1, 1), date(2100, 12, 31))


def local(moment: int) -> datetime:
    """The market's clock at a moment, by the zone database."""
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return utc.astimezone(HO_CHI_MINH)


@examples(100)
@given(MOMENTS)
def test_the_day_of_a_moment_is_that_of_the_zone_database(moment: int) -> None:
    assert day_date(day_of(moment)) == local(moment).date()


@examples(100)
@given(DATES)
def test_the_start_of_a_day_is_that_of_the_zone_database(on: date) -> None:
    midnight = datetime(on.year, on.month, on.day, tzinfo=HO_CHI_MINH)
    assert start_of(day_number(on)) == midnight.timestamp() * 1000
    assert day_date(day_number(on)) == on


def test_vietnam_keeps_one_offset_all_the_years() -> None:
    offsets = {local(moment).utcoffset() for moment in range(FIRST_MS, LAST_MS, DAY_MS)}
    assert offsets == {UTC_7}


@examples(80)
@given(MOMENTS)
def test_a_moment_lies_in_its_day_and_no_other(moment: int) -> None:
    day = day_of(moment)
    assert start_of(day) <= moment < start_of(day + 1) == start_of(day) + DAY_MS


@examples(80)
@given(MOMENTS)
def test_a_moment_as_text_is_the_moment(moment: int) -> None:
    text = moment_text(moment)
    assert text.endswith("+07:00")
    assert moment_of(datetime.fromisoformat(text)) == moment
    assert datetime.fromisoformat(text).replace(tzinfo=None) == local(moment).replace(tzinfo=None)


def test_a_moment_as_text_shows_milliseconds_only_where_there_are_some() -> None:
    assert moment_text(at("2023-05-31 17:00")) == "2023-05-31T17:00:00+07:00"
    assert moment_text(at("2023-05-31 17:00") + 7) == "2023-05-31T17:00:00.007+07:00"


@pytest.mark.parametrize("offset", [-12, 0, 7, 14])
def test_a_moment_in_any_offset_is_the_same_moment_and_its_fraction_is_cut(offset: int) -> None:
    value = datetime.fromisoformat("2023-05-31T10:00:00.001999+00:00")
    moved = (
        value.astimezone(ZoneInfo("UTC"))
        if offset == 0
        else value.astimezone(datetime.fromisoformat(f"2023-01-01T00:00:00{offset:+03d}:00").tzinfo)
    )
    assert moment_of(moved) == at("2023-05-31 17:00") + 1


class TestAFactGivenAsADayAlone:
    DAY = day_number(date(2023, 5, 10))

    def test_happened_at_the_start_of_that_day(self) -> None:
        assert moment_on(self.DAY, at("2023-05-09 23:59:59.999")) == at("2023-05-10 00:00")

    def test_happened_when_what_it_belongs_to_happened_later_on_that_day(self) -> None:
        assert moment_on(self.DAY, at("2023-05-10 14:30")) == at("2023-05-10 14:30")
        assert moment_on(self.DAY, at("2023-05-10 23:59:59.999")) == at("2023-05-10 23:59:59.999")

    def test_is_not_moved_where_what_it_belongs_to_happened_on_a_later_day(self) -> None:
        assert moment_on(self.DAY, at("2023-05-11 00:00")) == at("2023-05-10 00:00")

    @examples(80)
    @given(st.integers(10_000, 20_000), st.integers(-3 * DAY_MS, 3 * DAY_MS))
    def test_lies_on_that_day_and_not_before_an_anchor_of_that_day(
        self, day: int, distance: int
    ) -> None:
        anchor = start_of(day) + distance
        moment = moment_on(day, anchor)
        assert day_of(moment) == day
        assert moment >= anchor or day_of(anchor) > day
