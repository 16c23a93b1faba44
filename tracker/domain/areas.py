"""Administrative units over time, and which of them a market belongs to.

A code alone names no unit: on 1 July 2025 old digits were given to new places, so the key is
(code, valid_from). What a market is said to belong to is kept under that key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from msgspec import Struct

from tracker.domain.facts import AreaAdded, AreasSeeded, ServiceFact
from tracker.domain.market import Market, Membership


class Unit(Struct, frozen=True):
    """An administrative unit, valid from a day until (exclusive) another or for now.

    `parent` is the code of the province that is valid at the same time; None for a province.
    """

    code: str
    name: str
    parent: str | None
    valid_from: int
    valid_to: int | None

    @property
    def key(self) -> tuple[str, int]:
        """What names the unit."""
        return self.code, self.valid_from

    def valid_on(self, day: int) -> bool:
        """Whether the unit is one on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def valid_through(self, first: int, end: int | None) -> bool:
        """Whether it is one on every day from `first` until (exclusive) `end`."""
        if self.valid_to is None:
            return self.valid_from <= first
        return self.valid_from <= first and end is not None and end <= self.valid_to


def units_of(facts: Iterable[ServiceFact]) -> list[Unit]:
    """The units by code and first day; of one that was stated twice the last statement."""
    found: dict[tuple[str, int], Unit] = {}
    for fact in facts:
        if isinstance(fact, AreasSeeded):
            for row in fact.areas:
                unit = Unit(*row)
                found[unit.key] = unit
        elif isinstance(fact, AreaAdded):
            unit = Unit(fact.code, fact.name, fact.parent, fact.valid_from, fact.valid_to)
            found[unit.key] = unit
    return [found[key] for key in sorted(found)]


def unit_on(units: Iterable[Unit], code: str, day: int) -> Unit | None:
    """The unit that the code names on that day; of two that overlap the later one."""
    valid = [unit for unit in units if unit.code == code and unit.valid_on(day)]
    return max(valid, key=_first_day, default=None)


def unit_through(units: Iterable[Unit], code: str, first: int, end: int | None) -> Unit | None:
    """The unit that the code names on every day of a period; None where there is no one such."""
    valid = [unit for unit in units if unit.code == code and unit.valid_through(first, end)]
    return max(valid, key=_first_day, default=None)


def _first_day(unit: Unit) -> int:
    return unit.valid_from


def keys_within(units: Iterable[Unit], unit: Unit, day: int) -> frozenset[tuple[str, int]]:
    """The unit itself and, for a province, its wards of that day."""
    wards = (u.key for u in units if u.parent == unit.code and u.valid_on(day))
    return frozenset([unit.key, *wards])


def key_on(market: Market, keys: frozenset[tuple[str, int]], day: int) -> tuple[str, int] | None:
    """Which of the day's valid units (`keys`) the market belongs to; None while unassigned."""
    area = market.area_on(day)
    if area is None or (area.code, area.valid_from) not in keys:
        return None
    return area.code, area.valid_from


def overlapping(areas: Sequence[Membership]) -> set[int]:
    """The places of memberships that begin before an earlier one (by first day) has ended."""
    found: set[int] = set()
    reached = -inf
    for place in sorted(range(len(areas)), key=lambda n: areas[n].first):
        area = areas[place]
        if area.first < reached:
            found.add(place)
        reached = max(reached, inf if area.end is None else area.end)
    return found


def first_change(before: Sequence[Membership], after: Sequence[Membership]) -> int | None:
    """The first day on which the two lists put a market into different units; None if never."""
    days = {day for area in (*before, *after) for day in (area.first, area.end) if day is not None}
    for day in sorted(days):
        if _key(before, day) != _key(after, day):
            return day
    return None


def _key(areas: Sequence[Membership], day: int) -> tuple[str, int] | None:
    for area in areas:
        if area.first <= day and (area.end is None or day < area.end):
            return area.code, area.valid_from
    return None
