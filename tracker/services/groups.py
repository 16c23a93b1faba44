"""Named groups of markets over time, and `city`, which is all of them."""

from __future__ import annotations

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import day_date, day_of, start_of
from tracker.domain.errors import Fault, Invalid
from tracker.domain.facts import GroupDefined
from tracker.domain.groups import CITY, Group, definitions, group_on
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space

CITY_NAME = "Toàn thành phố"
_PREFIX = "group:"


class GroupOut(Struct, frozen=True):
    """A group as it is defined since `effective_on`; `markets` null is every market."""

    id: str
    name: str
    markets: list[str] | None
    effective_on: str


class NewGroup(Struct, frozen=True):
    """A definition of a group, from a day on (None: today)."""

    id: str
    name: str
    markets: tuple[str, ...]
    effective_on: int | None = None


def subject(group: str) -> str:
    """The service's subject that holds a group's definitions."""
    return _PREFIX + group


async def seed(tracker: Tracker) -> None:
    """First start: the group of all markets, on every day."""
    if await tracker.reader.service(subject(CITY)):
        return
    fact = GroupDefined(start_of(0), tracker.now(), "start", CITY, CITY_NAME, None)
    commit = Commit(Space(SERVICE))
    commit.append(subject(CITY), 0, [fact])
    await tracker.committer.commit(commit)


async def listed(tracker: Tracker, principal: Principal) -> list[GroupOut]:
    """Every group whose markets the principal may see, by id, as it stands today or will."""
    today = day_of(tracker.now())
    every = await tracker.reader.markets()
    shown = []
    for facts in (await tracker.reader.service_subjects(_PREFIX)).values():
        group = group_on(facts, today) or definitions(facts)[0]
        wanted = every if group.markets is None else group.markets
        if all(principal.may_market(market) for market in wanted):
            shown.append(_out(group))
    return shown


async def define(
    tracker: Tracker, principal: Principal, new: NewGroup, once: Once | None = None
) -> tuple[GroupOut, bool]:
    """A group from a day on; what it was before that day it stays.

    A definition that stands on that day anyway is not stated again; the flag tells a new one.
    Raises `Invalid` for a market that there is not and for `city`, `NotFound` for a group that
    holds markets out of the principal's scope.
    """
    await _check(tracker, principal, new)
    own = tuple(sorted(set(new.markets)))
    for _ in range(ATTEMPTS_MAX):
        now = tracker.now()
        since = day_of(now) if new.effective_on is None else new.effective_on
        facts = await tracker.reader.service(subject(new.id))
        for known in definitions(facts):
            if not all(principal.may_market(market) for market in known.markets or ()):
                raise hidden()
        stands = group_on(facts, since)
        wanted = Group(new.id, new.name, own, since)
        made = stands is None or (stands.name, stands.markets) != (wanted.name, wanted.markets)
        commit = Commit(Space(SERVICE))
        if made:
            fact = GroupDefined(start_of(since), now, principal.id, new.id, new.name, own)
            commit.append(subject(new.id), len(facts), [fact])
        out = _out(wanted if made or stands is None else stands)
        if once is not None:
            commit.answer(once.key, once.seal((out, made)))
        elif not made:
            return out, made
        if isinstance(await tracker.commit(commit), Done):
            return out, made
    raise busy()


async def _check(tracker: Tracker, principal: Principal, new: NewGroup) -> None:
    known = await tracker.reader.markets()
    faults = [
        Fault(f"/markets/{n}", "MARKET_UNKNOWN", "No market in your scope has this id.")
        for n, market in enumerate(new.markets)
        if market not in known or not principal.may_market(market)
    ]
    if new.id == CITY:
        faults.append(Fault("/id", "RESERVED", "This group always holds every market."))
    if faults:
        raise Invalid(
            "`errors` names each fault of the body with its place. Nothing was written.",
            code="INVALID_BODY",
            faults=tuple(faults),
        )


def _out(group: Group) -> GroupOut:
    return GroupOut(
        id=group.id,
        name=group.name,
        markets=None if group.markets is None else list(group.markets),
        effective_on=day_date(group.since).isoformat(),
    )
