"""A market over time: units, censuses and targets from a day on, its end, and who groups it."""

from __future__ import annotations

import pytest

from tests.unit.domain.life import at
from tracker.domain.days import day_of, start_of
from tracker.domain.errors import Conflict
from tracker.domain.facts import (
    AreasAssigned,
    CensusDeclared,
    GroupDefined,
    MarketClosed,
    MarketFact,
    MarketOpened,
    MarketRenamed,
    TargetSet,
    Voided,
    known_by,
)
from tracker.domain.groups import Group, definitions, group_on
from tracker.domain.market import Market, market_of, require_open

DAY = day_of(at("2023-05-01 00:00"))
OPENED = MarketOpened(start_of(DAY), 1, "k", "Chợ cũ", "CVT", "26506", DAY - 100)


def market(*facts: MarketFact) -> Market:
    """The market that opened on `DAY` and of which this was stated after."""
    made = market_of("m", (OPENED, *facts))
    assert made is not None
    return made


def test_a_name_counts_from_when_it_was_given_whenever_the_market_opened() -> None:
    assert market(MarketRenamed(start_of(DAY + 9), 2, "k", "Chợ mới")).name == "Chợ mới"


def test_areas_that_are_assigned_replace_those_before() -> None:
    rows = (("26506", DAY - 100, DAY - 50, DAY + 5), ("26526", DAY + 5, DAY + 5, None))
    place = market(AreasAssigned(start_of(DAY + 9), 2, "k", rows))
    codes = [area.code if (area := place.area_on(day)) else None for day in (DAY + 4, DAY + 5)]
    assert codes == ["26506", "26526"]
    assert place.area_on(DAY - 51) is None
    assert market(AreasAssigned(start_of(DAY + 9), 2, "k", ())).area_on(DAY) is None


def test_a_census_of_a_future_day_waits_for_it() -> None:
    place = market(CensusDeclared(start_of(DAY + 30), 2, "k", 214, "s"))
    assert (place.census_on(DAY + 29), place.census_on(DAY + 30)) == (None, 214)


def test_the_last_effective_target_of_a_figure_and_day_stands() -> None:
    place = market(
        TargetSet(start_of(DAY), 2, "k", "attached", DAY + 90, 150),
        TargetSet(start_of(DAY + 20), 3, "k", "attached", DAY + 90, 0),
        TargetSet(start_of(DAY + 10), 4, "k", "attached", DAY + 90, 180),
        TargetSet(start_of(DAY), 5, "k", "active_30d", DAY + 60, 40),
    )

    def standing(day: int) -> list[tuple[str, int]]:
        return [(target.figure, target.vendors) for target in place.targets_on(day)]

    assert standing(DAY - 1) == []
    assert standing(DAY) == [("active_30d", 40), ("attached", 150)]
    assert standing(DAY + 10) == [("active_30d", 40), ("attached", 180)]
    assert standing(DAY + 20) == [("active_30d", 40)]


def test_a_market_is_open_from_its_first_day_until_the_day_on_which_it_is_no_more() -> None:
    place = market(MarketClosed(start_of(DAY + 5), 2, "k", "m2", "dời chợ"))
    assert [day - DAY for day in range(DAY - 1, DAY + 7) if place.open_on(day)] == [0, 1, 2, 3, 4]
    assert (place.closed_on, place.into, place.closed_for) == (DAY + 5, "m2", "dời chợ")
    require_open(place, start_of(DAY + 5) - 1)
    with pytest.raises(Conflict, match=r"closed on 2023-05-06 and merged into m2") as refused:
        require_open(place, start_of(DAY + 5))
    assert refused.value.code == "MARKET_CLOSED"


def test_a_closure_that_is_voided_never_was() -> None:
    closed = MarketClosed(start_of(DAY + 5), 2, "k")
    assert market(closed, Voided(start_of(DAY + 6), 3, "k", 2, "wrong market")).closed_on is None


def test_what_was_known_at_a_moment_is_what_was_recorded_by_then() -> None:
    facts = (OPENED, MarketClosed(start_of(DAY - 9), 200, "k"), MarketRenamed(0, 100, "k", "x"))
    assert known_by(facts, None) == facts
    assert known_by(facts, 200) == facts
    assert known_by(facts, 199) == (OPENED,)
    assert known_by(facts, 0) == ()


def test_a_group_of_a_past_day_is_what_it_was_then() -> None:
    facts = [
        GroupDefined(start_of(DAY), 1, "k", "g", "Nhóm", ("a",)),
        GroupDefined(start_of(DAY + 9), 2, "k", "g", "Nhóm", ("a", "b")),
        GroupDefined(start_of(DAY + 4), 3, "k", "g", "Nhóm", ("c",)),
        GroupDefined(start_of(DAY + 4), 4, "k", "g", "Nhóm", ("d",)),
    ]
    assert group_on(facts, DAY - 1) is None
    assert group_on(facts, DAY) == Group("g", "Nhóm", ("a",), DAY)
    assert group_on(facts, DAY + 8) == Group("g", "Nhóm", ("d",), DAY + 4)
    assert group_on(facts, DAY + 9) == Group("g", "Nhóm", ("a", "b"), DAY + 9)
    assert [group.since - DAY for group in definitions(facts)] == [0, 4, 9]
