"""Named groups of markets over time."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tracker.domain.days import day_of
from tracker.domain.facts import GroupDefined, ServiceFact

CITY = "city"
"""The group of every market: made by the first start, and nobody defines it anew."""


class Group(Struct, frozen=True):
    """A group as it is defined since the day `since`; `markets` None is every market."""

    id: str
    name: str
    markets: tuple[str, ...] | None
    since: int


def definitions(facts: Iterable[ServiceFact]) -> list[Group]:
    """The group's definitions by the day from which they count; of one day the last stated."""
    stated = {
        day_of(fact.at): Group(fact.group, fact.name, fact.markets, day_of(fact.at))
        for fact in facts
        if isinstance(fact, GroupDefined)
    }
    return [stated[day] for day in sorted(stated)]


def group_on(facts: Iterable[ServiceFact], day: int) -> Group | None:
    """The group as it was on that day; None before it was first defined."""
    standing = [group for group in definitions(facts) if group.since <= day]
    return standing[-1] if standing else None
