"""A market's state: what the facts about the market itself come to."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from tracker.domain.codes import event_id
from tracker.domain.days import day_of
from tracker.domain.facts import CensusDeclared, MarketFact, MarketOpened, ZoneAdded
from tracker.domain.vendor import in_order

Basis = Literal["census", "roster"]


class Census(Struct, frozen=True):
    """A declared number of vendors; `id` is the event's."""

    id: str
    effective_on: int
    vendors: int
    source: str
    recorded: int


class Market(Struct, frozen=True):
    """One market: its names, its area, its zones and its censuses, the latest effective last."""

    id: str
    name: str
    prefix: str
    area_code: str | None
    area_from: int | None
    opened_on: int
    zones: tuple[str, ...]
    censuses: tuple[Census, ...]
    version: int

    def open_on(self, day: int) -> bool:
        """Whether the market trades on that day."""
        return self.opened_on <= day

    def area_on(self, day: int) -> str | None:
        """The code of the unit that the market belongs to on the day; None while unassigned."""
        return self.area_code if self.area_from is not None and self.area_from <= day else None

    def census_on(self, day: int) -> int | None:
        """The latest census effective on or before the day."""
        effective = [c.vendors for c in self.censuses if c.effective_on <= day]
        return effective[-1] if effective else None


class Denominator(NamedTuple):
    """What the rates are taken of, and whether a census was overrun by the roster."""

    value: int
    basis: Basis
    overrun: bool


def market_of(market: str, facts: tuple[MarketFact, ...]) -> Market | None:
    """The market's state from its facts in the order of the ledger; None before it opened."""
    opened: MarketOpened | None = None
    zones: list[str] = []
    censuses: list[Census] = []
    for ordinal, fact in in_order(facts):
        match fact:
            case MarketOpened():
                opened = fact
                zones.extend(z for z in fact.zones if z not in zones)
            case ZoneAdded() if fact.zone not in zones:
                zones.append(fact.zone)
            case CensusDeclared():
                prefix = facts[0].prefix if isinstance(facts[0], MarketOpened) else ""
                id_ = event_id(prefix, ordinal)
                day = day_of(fact.at)
                censuses.append(Census(id_, day, fact.vendors, fact.source, fact.recorded))
    if opened is None:
        return None
    return Market(
        id=market,
        name=opened.name,
        prefix=opened.prefix,
        area_code=opened.area_code,
        area_from=opened.area_from,
        opened_on=day_of(opened.at),
        zones=tuple(zones),
        censuses=tuple(censuses),
        version=len(facts),
    )


def denominator(census: int | None, registered: int) -> Denominator:
    """The census where there is one that the roster has not overrun, else the roster."""
    if census is not None and census >= registered:
        return Denominator(census, "census", False)
    return Denominator(registered, "roster", census is not None)
