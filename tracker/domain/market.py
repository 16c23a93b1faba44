"""A market's state: what the facts about the market itself come to."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from tracker.domain.codes import event_id
from tracker.domain.days import day_date, day_of
from tracker.domain.errors import Conflict
from tracker.domain.facts import (
    AreasAssigned,
    CensusDeclared,
    MarketClosed,
    MarketFact,
    MarketOpened,
    MarketRenamed,
    TargetFigure,
    TargetSet,
    ZoneAdded,
)
from tracker.domain.vendor import in_order

Basis = Literal["census", "roster"]


class Census(Struct, frozen=True):
    """A declared number of vendors; `id` is the event's."""

    id: str
    effective_on: int
    vendors: int
    source: str
    recorded: int


class Target(Struct, frozen=True):
    """How many vendors a figure is to reach by a day; a target since the day `since`."""

    id: str
    figure: TargetFigure
    due_on: int
    vendors: int
    since: int
    recorded: int


class Membership(Struct, frozen=True):
    """The market belongs to the unit (`code`, `valid_from`) from `first` until (not on) `end`."""

    code: str
    valid_from: int
    first: int
    end: int | None


class Market(Struct, frozen=True):
    """One market: names, areas in order, zones, censuses and targets, the latest effective last.

    `closed_on` is the first day on which it is no more, `into` the market that it merged into,
    `closed_for` the reason.
    """

    id: str
    name: str
    prefix: str
    areas: tuple[Membership, ...]
    opened_on: int
    zones: tuple[str, ...]
    censuses: tuple[Census, ...]
    version: int
    targets: tuple[Target, ...] = ()
    closed_on: int | None = None
    into: str | None = None
    closed_for: str | None = None

    def open_on(self, day: int) -> bool:
        """Whether the market trades on that day."""
        return self.opened_on <= day and (self.closed_on is None or day < self.closed_on)

    def area_on(self, day: int) -> Membership | None:
        """The unit that the market belongs to on the day; None while unassigned."""
        for area in self.areas:
            if area.first <= day and (area.end is None or day < area.end):
                return area
        return None

    def targets_on(self, day: int) -> list[Target]:
        """The targets that stand on the day, by figure and day due; of equal ones the latest."""
        standing: dict[tuple[str, int], Target] = {}
        for target in self.targets:
            if target.since <= day:
                standing[target.figure, target.due_on] = target
        return [target for _, target in sorted(standing.items()) if target.vendors]

    def census_on(self, day: int) -> int | None:
        """The latest census effective on or before the day."""
        effective = [c.vendors for c in self.censuses if c.effective_on <= day]
        return effective[-1] if effective else None


class Denominator(NamedTuple):
    """What the rates are taken of, and whether a census was overrun by the roster."""

    value: int
    basis: Basis
    overrun: bool


def first_area(code: str | None, valid_from: int | None) -> tuple[Membership, ...]:
    """The area given when a market is set up: its own since the unit is valid, and for now."""
    if code is None or valid_from is None:
        return ()
    return (Membership(code, valid_from, valid_from, None),)


def market_of(market: str, facts: tuple[MarketFact, ...]) -> Market | None:
    """The market's state from its facts in the order of the ledger; None before it opened."""
    opened: MarketOpened | None = None
    name, closed = "", None
    zones: list[str] = []
    areas: tuple[Membership, ...] | None = None
    censuses: list[Census] = []
    targets: list[Target] = []
    prefix = facts[0].prefix if facts and isinstance(facts[0], MarketOpened) else ""
    for ordinal, fact in in_order(facts):
        day, id_ = day_of(fact.at), event_id(prefix, ordinal)
        match fact:
            case MarketOpened():
                opened, name = fact, name or fact.name
                zones.extend(z for z in fact.zones if z not in zones)
            case MarketRenamed():
                name = fact.name
            case ZoneAdded() if fact.zone not in zones:
                zones.append(fact.zone)
            case AreasAssigned():
                areas = tuple(Membership(*row) for row in fact.areas)
            case CensusDeclared():
                censuses.append(Census(id_, day, fact.vendors, fact.source, fact.recorded))
            case TargetSet():
                targets.append(
                    Target(id_, fact.figure, fact.due_on, fact.vendors, day, fact.recorded)
                )
            case MarketClosed():
                closed = fact
    if opened is None:
        return None
    if areas is None:
        areas = first_area(opened.area_code, opened.area_from)
    return Market(
        id=market,
        name=name,
        prefix=opened.prefix,
        areas=areas,
        opened_on=day_of(opened.at),
        zones=tuple(zones),
        censuses=tuple(censuses),
        version=len(facts),
        targets=tuple(targets),
        closed_on=None if closed is None else day_of(closed.at),
        into=None if closed is None else closed.into,
        closed_for=None if closed is None else closed.reason,
    )


def require_open(market: Market, moment: int) -> None:
    """Passes where the market had not closed by the day of that moment (ms).

    Raises `Conflict` `MARKET_CLOSED`. Asked before registering, issuing and attaching; stickers
    come down after the end too.
    """
    if market.closed_on is not None and day_of(moment) >= market.closed_on:
        into = f" and merged into {market.into}" if market.into else ""
        raise Conflict(
            f"The market closed on {day_date(market.closed_on).isoformat()}{into}: from that day "
            "nobody is registered there, and no code is issued or attached.",
            code="MARKET_CLOSED",
        )


def denominator(census: int | None, registered: int) -> Denominator:
    """The census where there is one that the roster has not overrun, else the roster."""
    if census is not None and census >= registered:
        return Denominator(census, "census", False)
    return Denominator(registered, "roster", census is not None)
