"""What becomes of a market over time: its name, the units it belongs to, its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.areas import Unit, first_change, overlapping, unit_through
from tracker.domain.days import day_date, start_of
from tracker.domain.errors import Conflict, Fault, Invalid
from tracker.domain.facts import AreasAssigned, MarketClosed, MarketFact, MarketRenamed
from tracker.domain.market import Market, Membership
from tracker.services import areas
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.markets import MarketOut, market_out
from tracker.store.commit import MARKET, Commit, Done
from tracker.store.keys import Space


class Period(Struct, frozen=True):
    """The market belongs to the unit with this code from a day until (exclusive) another."""

    area_code: str
    first: int
    end: int | None


async def change(
    tracker: Tracker,
    principal: Principal,
    market: str,
    *,
    name: str | None = None,
    periods: Sequence[Period] | None = None,
    check: Callable[[MarketOut], None],
) -> MarketOut:
    """A new name, and in place of the units before it those of `periods`; None leaves as it is.

    `check` gets the market as it stands and may refuse. Raises `Invalid` `INVALID_BODY` with every
    fault of the periods.
    """
    for _ in range(ATTEMPTS_MAX):
        place = await _seen(tracker, principal, market)
        check(market_out(place))
        facts: list[MarketFact] = []
        commit, now = Commit(Space(market)), tracker.now()
        if name is not None and name != place.name:
            place = replace(place, name=name)
            facts.append(MarketRenamed(now, now, principal.id, name=name))
        if periods is not None:
            members = _members(await areas.units(tracker), periods)
            changed_on = first_change(place.areas, members)
            if members != place.areas:
                place = replace(place, areas=members)
                rows = tuple((m.code, m.valid_from, m.first, m.end) for m in members)
                facts.append(AreasAssigned(now, now, principal.id, areas=rows))
            if changed_on is not None:
                commit.mark(max(changed_on, place.opened_on))
        if not facts:
            return market_out(place)
        commit.append(MARKET, place.version, facts)
        if isinstance(await tracker.commit(commit), Done):
            return market_out(replace(place, version=place.version + len(facts)))
    raise busy()


async def _seen(tracker: Tracker, principal: Principal, market: str) -> Market:
    place = await tracker.reader.market(market) if principal.may_market(market) else None
    if place is None:
        raise hidden()
    return place


def _members(units: Sequence[Unit], periods: Sequence[Period]) -> tuple[Membership, ...]:
    """The units of the periods by first day; raises `Invalid` with the faults of all of them."""
    faults: list[Fault] = []
    members: list[Membership] = []
    for n, period in enumerate(periods):
        unit = unit_through(units, period.area_code, period.first, period.end)
        if period.end is not None and period.end <= period.first:
            faults.append(
                Fault(f"/areas/{n}/to", "ORDER", "This must be after `from`; it is exclusive.")
            )
        elif unit is None:
            faults.append(Fault(f"/areas/{n}/area_code", "AREA_UNKNOWN", _known(units, period)))
        first = 0 if unit is None else unit.valid_from
        members.append(Membership(period.area_code, first, period.first, period.end))
    faults += (
        Fault(f"/areas/{n}/from", "OVERLAP", "Another period has not ended by this day.")
        for n in sorted(overlapping(members))
    )
    if faults:
        raise _refused(faults)
    return tuple(sorted(members, key=_first))


def _first(member: Membership) -> int:
    return member.first


def _known(units: Sequence[Unit], period: Period) -> str:
    named = [
        f"{unit.name} from {day_date(unit.valid_from)}"
        + (f" to {day_date(unit.valid_to)}" if unit.valid_to is not None else "")
        for unit in units
        if unit.code == period.area_code
    ]
    if not named:
        return "No unit has this code. GET /v1/areas lists all."
    return (
        "The code does not name one unit for the whole period; it names "
        + ", ".join(named)
        + ". Split the period where units change; `to` is exclusive."
    )


def _refused(faults: Sequence[Fault]) -> Invalid:
    return Invalid(
        "`errors` names each fault of the body with its place. Nothing was written.",
        code="INVALID_BODY",
        faults=tuple(faults),
    )


async def close(
    tracker: Tracker,
    principal: Principal,
    market: str,
    *,
    closed_on: int,
    into: str | None,
    reason: str,
    once: Once | None = None,
) -> tuple[MarketOut, bool]:
    """The market is no more from a day (which may lie ahead), or merged into another.

    The same closure again gives the market; the flag tells a new one. Raises `Conflict`
    `MARKET_CLOSED` where it closed on another day, into another market or for another reason;
    `Invalid` `BEFORE_OPENING`, and `INVALID_BODY` for a market that it cannot merge into.
    """
    for _ in range(ATTEMPTS_MAX):
        place = await _seen(tracker, principal, market)
        new = place.closed_on is None
        commit, now = Commit(Space(market)), tracker.now()
        out = market_out(place)
        if new:
            await _check_closure(tracker, principal, place, closed_on, into)
            fact = MarketClosed(start_of(closed_on), now, principal.id, into=into, reason=reason)
            commit.append(MARKET, place.version, [fact])
            commit.mark(closed_on)
            closed = replace(place, closed_on=closed_on, into=into, version=place.version + 1)
            out = market_out(closed)
        elif (place.closed_on, place.into, place.closed_for) != (closed_on, into, reason):
            raise Conflict(
                f"The market closed on {out.closed_on} already, in other words or elsewhere. "
                "GET the market and compare.",
                code="MARKET_CLOSED",
            )
        if once is not None:
            commit.answer(once.key, once.seal((out, new)))
        elif not new:
            return out, new
        if isinstance(await tracker.commit(commit), Done):
            return out, new
    raise busy()


async def _check_closure(
    tracker: Tracker, principal: Principal, place: Market, closed_on: int, into: str | None
) -> None:
    if closed_on <= place.opened_on:
        raise Invalid(
            f"The market opened on {day_date(place.opened_on)}; it can close after that day.",
            code="BEFORE_OPENING",
            faults=(Fault("/closed_on", "OUT_OF_RANGE", "After the day of the opening."),),
        )
    if into is None:
        return
    if into == place.id:
        raise _refused([Fault("/into", "INTO_ITSELF", "Name the market that goes on.")])
    other = await tracker.reader.market(into) if principal.may_market(into) else None
    if other is None:
        raise _refused([Fault("/into", "MARKET_UNKNOWN", "No market in your scope has this id.")])
    if not other.open_on(closed_on):
        raise _refused([Fault("/into", "INTO_CLOSED", "That market is not open on this day.")])
