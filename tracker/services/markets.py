"""Markets and censuses: what the city department sets up."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain import decide
from tracker.domain.codes import PREFIX, event_id
from tracker.domain.days import day_date, day_number, day_of, moment_text, start_of
from tracker.domain.decide_approvals import ask_census
from tracker.domain.errors import Conflict, Fault, Invalid
from tracker.domain.facts import (
    CensusDeclared,
    MarketFact,
    MarketFounded,
    MarketOpened,
)
from tracker.domain.market import Census, Market, first_area, market_of
from tracker.services import areas, room
from tracker.services.approval_shapes import Pending, asker, pending_of_market
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import MARKET, Commit, Done, Taken
from tracker.store.keys import SERVICE, Space


class MarketArea(Struct, frozen=True, rename={"from_": "from"}):
    """The unit that a market belongs to, from a day and until (exclusive) another or for now."""

    area_code: str
    from_: str
    to: str | None


class MarketOut(Struct, frozen=True):
    """A market; from `closed_on` on it is no more, `into` is the market that it merged into."""

    id: str
    name: str
    prefix: str
    area_code: str | None
    areas: list[MarketArea]
    zones: list[str]
    opened_on: str
    closed_on: str | None
    into: str | None
    version: int


class CensusOut(Struct, frozen=True):
    """A declared number of vendors."""

    id: str
    effective_on: str
    vendors: int
    source: str
    recorded_at: str


class Created(NamedTuple):
    """A market after a write; `created` is false where it was there, just so."""

    market: MarketOut
    created: bool


class NewMarket(Struct, frozen=True):
    """A market to be; `opened_on` is a day."""

    id: str
    name: str
    prefix: str
    area_code: str | None
    opened_on: int
    zones: tuple[str, ...] = ()


async def create(
    tracker: Tracker, principal: Principal, new: NewMarket, once: Once | None = None
) -> Created:
    """Sets up a market. The same market again is no error; it comes back as it is.

    Two steps, id and prefix in the service's ledger, then the market's own: a call that died in
    between is completed by the next one like it. Raises `Conflict` `MARKET_EXISTS` or
    `PREFIX_TAKEN`, `Invalid` `AREA_UNKNOWN`.
    """
    if new.id == SERVICE:
        raise Invalid("This id is the service's own. Choose another.", code="RESERVED")
    area_from = await _area_from(tracker, new)
    await _found(tracker, principal, new)
    for _ in range(ATTEMPTS_MAX):
        when = decide.stated(None, tracker.now(), principal.id)
        opened = MarketOpened(
            start_of(new.opened_on),
            when.now,
            when.by,
            name=new.name,
            prefix=new.prefix,
            area_code=new.area_code,
            area_from=area_from,
            zones=new.zones,
        )
        there = await tracker.reader.market(new.id)
        if there is not None:
            as_asked = first_area(new.area_code, area_from)
            same = (new.name, new.prefix, as_asked, new.opened_on)
            if (there.name, there.prefix, there.areas, there.opened_on) != same:
                raise _exists()
            created = Created(market_out(there), False)
        else:
            market = Market(
                id=new.id,
                name=new.name,
                prefix=new.prefix,
                areas=first_area(new.area_code, area_from),
                opened_on=new.opened_on,
                zones=new.zones,
                censuses=(),
                version=1,
            )
            created = Created(market_out(market), True)
        commit = Commit(Space(new.id))
        commit.append(MARKET, 0, [opened])
        if not created.created or isinstance(await tracker.commit(commit), Done):
            return await _answered(tracker, created, once)
    raise busy()


async def _answered(tracker: Tracker, created: Created, once: Once | None) -> Created:
    """Keeps the answer beside the service's ledger: the key must be known under any market id."""
    if once is not None:
        commit = Commit(Space(SERVICE))
        commit.answer(once.key, once.seal(created))
        await tracker.commit(commit)
    return created


async def _area_from(tracker: Tracker, new: NewMarket) -> int | None:
    if new.area_code is None:
        return None
    today = day_of(tracker.now())
    for area in await areas.listed(tracker):
        if area.code == new.area_code and area.valid_to is None:
            return day_number(date.fromisoformat(area.valid_from))
    raise Invalid(
        "No administrative unit with this code is valid today. GET /v1/areas lists them.",
        code="AREA_UNKNOWN",
        faults=(Fault("/area_code", "AREA_UNKNOWN", f"Not a unit on {day_date(today)}."),),
    )


async def _found(tracker: Tracker, principal: Principal, new: NewMarket) -> None:
    if not PREFIX.fullmatch(new.prefix):
        raise Invalid(
            "A prefix has three characters A-Z0-9, the first a letter.", code="PREFIX_INVALID"
        )
    now = tracker.now()
    commit = Commit(Space(SERVICE))
    fact = MarketFounded(now, now, principal.id, market=new.id, prefix=new.prefix)
    commit.append(f"market:{new.id}", 0, [fact])
    commit.claim(f"market:{new.id}", new.prefix)
    commit.claim(f"prefix:{new.prefix}", new.id)
    known = await tracker.reader.service(f"market:{new.id}")
    if known:
        if isinstance(known[0], MarketFounded) and known[0].prefix == new.prefix:
            return
        raise _exists()
    outcome = await tracker.committer.commit(commit)
    if isinstance(outcome, Taken):
        if outcome.name.startswith("prefix:"):
            raise Conflict("Another market has this prefix.", code="PREFIX_TAKEN")
        raise _exists()
    if not isinstance(outcome, Done):
        await _found(tracker, principal, new)


def _exists() -> Conflict:
    return Conflict(
        "A market with this id exists already, with other particulars.", code="MARKET_EXISTS"
    )


def market_out(market: Market) -> MarketOut:
    """The market as everybody may see it."""
    its_areas = [
        MarketArea(
            area.code,
            day_date(area.first).isoformat(),
            None if area.end is None else day_date(area.end).isoformat(),
        )
        for area in market.areas
    ]
    return MarketOut(
        id=market.id,
        name=market.name,
        prefix=market.prefix,
        area_code=its_areas[-1].area_code if its_areas and its_areas[-1].to is None else None,
        areas=its_areas,
        zones=list(market.zones),
        opened_on=day_date(market.opened_on).isoformat(),
        closed_on=None if market.closed_on is None else day_date(market.closed_on).isoformat(),
        into=market.into,
        version=market.version,
    )


async def get(tracker: Tracker, principal: Principal, market: str) -> MarketOut:
    """One market."""
    if not principal.may_market(market):
        raise hidden()
    found = await tracker.reader.market(market)
    if found is None:
        raise hidden()
    return market_out(found)


async def listed(tracker: Tracker, principal: Principal) -> list[MarketOut]:
    """The markets in the principal's scope, by id."""
    ids = [m for m in await tracker.reader.markets() if principal.may_market(m)]
    return [market_out(market) for market in await tracker.reader.some_markets(ids)]


async def declare_census(
    tracker: Tracker,
    principal: Principal,
    market: str,
    *,
    effective_on: int,
    vendors: int,
    source: str,
    once: Once | None = None,
) -> tuple[CensusOut, bool] | Pending:
    """A declared number of vendors, effective from a day (which may lie ahead).

    The same declaration again gives the one that stands; the flag tells a new one. One that is
    lower than the census in force on its day waits for a second person.
    """
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.market_facts(market)
        place = market_of(market, facts)
        if place is None:
            raise hidden()
        when = decide.stated(None, tracker.now(), principal.id)
        known = _just_so(place, effective_on, vendors, source)
        asked = None
        if known is None:
            asked = ask_census(
                facts,
                when,
                asker(principal),
                effective_on=effective_on,
                vendors=vendors,
                source=source,
            )
        if asked is not None and not isinstance(asked, int):
            await room.for_approval(tracker, market)
        commit = Commit(Space(market))
        new: MarketFact | None = None
        done: tuple[CensusOut, bool] | Pending
        if known is not None:
            done = known, False
        elif asked is None:
            dated = when._replace(at=start_of(effective_on))
            new = CensusDeclared(*dated, vendors=vendors, source=source)
            made = Census(
                event_id(place.prefix, len(facts) + 1), effective_on, vendors, source, when.now
            )
            done = _census_out(made), True
            commit.mark(effective_on)
        elif isinstance(asked, int):
            done = pending_of_market(tracker, principal, place, facts, asked)
        else:
            new = asked
            after = (*facts, asked)
            done = pending_of_market(tracker, principal, place, after, len(after))
        if new is not None:
            commit.append(MARKET, len(facts), [new])
        elif once is None:
            return done
        if once is not None:
            commit.answer(once.key, once.seal(done))
        if isinstance(await tracker.commit(commit), Done):
            return done
    raise busy()


def _just_so(place: Market, day: int, vendors: int, source: str) -> CensusOut | None:
    """The census that stands for the day, if it says just this."""
    of_day = [census for census in place.censuses if census.effective_on == day]
    if of_day and (of_day[-1].vendors, of_day[-1].source) == (vendors, source):
        return _census_out(of_day[-1])
    return None


def _census_out(census: Census) -> CensusOut:
    return CensusOut(
        id=census.id,
        effective_on=day_date(census.effective_on).isoformat(),
        vendors=census.vendors,
        source=census.source,
        recorded_at=moment_text(census.recorded),
    )


async def censuses(tracker: Tracker, principal: Principal, market: str) -> list[CensusOut]:
    """A market's censuses by the day from which they count."""
    if not principal.may_market(market):
        raise hidden()
    place = await tracker.reader.market(market)
    if place is None:
        raise hidden()
    return [_census_out(census) for census in place.censuses]
