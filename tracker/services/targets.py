"""Targets: how many vendors of a market a figure is to reach by a day."""

from __future__ import annotations

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.codes import event_id
from tracker.domain.days import day_date, day_of, moment_text, start_of
from tracker.domain.errors import Fault, Invalid
from tracker.domain.facts import TargetFigure, TargetSet
from tracker.domain.market import Market, Target
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import MARKET, Commit, Done
from tracker.store.keys import Space


class TargetOut(Struct, frozen=True):
    """A stated target, effective from a day; `vendors` 0 takes back what stood before it."""

    id: str
    figure: TargetFigure
    due_on: str
    vendors: int
    effective_on: str
    recorded_at: str


async def listed(tracker: Tracker, principal: Principal, market: str) -> list[TargetOut]:
    """Everything stated about a market's targets, by the day from which it counts."""
    place = await tracker.reader.market(market) if principal.may_market(market) else None
    if place is None:
        raise hidden()
    return [_out(target) for target in place.targets]


async def state(
    tracker: Tracker,
    principal: Principal,
    market: str,
    *,
    figure: TargetFigure,
    due_on: int,
    vendors: int,
    effective_on: int | None,
    once: Once | None = None,
) -> tuple[TargetOut, bool]:
    """A target from a day on (by default today), in place of one for the same figure and day.

    What stands on that day anyway is not stated again; the flag tells a new one. Raises `Invalid`
    where it would be due before it is one, or nothing stands that could be taken back.
    """
    for _ in range(ATTEMPTS_MAX):
        place = await tracker.reader.market(market) if principal.may_market(market) else None
        if place is None:
            raise hidden()
        now = tracker.now()
        since = day_of(now) if effective_on is None else effective_on
        stands = _standing(place, figure, due_on, since)
        _check(due_on, vendors, since, stands)
        commit = Commit(Space(market))
        new = stands is None or stands.vendors != vendors
        if stands is None or new:
            fact = TargetSet(
                start_of(since), now, principal.id, figure=figure, due_on=due_on, vendors=vendors
            )
            id_ = event_id(place.prefix, place.version + 1)
            stands = Target(id_, figure, due_on, vendors, since, now)
            commit.append(MARKET, place.version, [fact])
            commit.mark(max(since, place.opened_on))
        out = _out(stands)
        if once is not None:
            commit.answer(once.key, once.seal((out, new)))
        elif not new:
            return out, new
        if isinstance(await tracker.commit(commit), Done):
            return out, new
    raise busy()


def _standing(place: Market, figure: TargetFigure, due_on: int, day: int) -> Target | None:
    """The last word on a figure and day due, as of a day."""
    said = [t for t in place.targets if (t.figure, t.due_on) == (figure, due_on) and t.since <= day]
    return said[-1] if said else None


def _check(due_on: int, vendors: int, since: int, stands: Target | None) -> None:
    faults = []
    if due_on < since:
        faults.append(
            Fault("/due_on", "ORDER", f"This must not be before {day_date(since)}, its first day.")
        )
    elif stands is None and not vendors:
        faults.append(Fault("/vendors", "NO_TARGET", "There is no such target to take back."))
    if faults:
        raise Invalid(
            "`errors` names each fault of the body with its place. Nothing was written.",
            code="INVALID_BODY",
            faults=tuple(faults),
        )


def _out(target: Target) -> TargetOut:
    return TargetOut(
        id=target.id,
        figure=target.figure,
        due_on=day_date(target.due_on).isoformat(),
        vendors=target.vendors,
        effective_on=day_date(target.since).isoformat(),
        recorded_at=moment_text(target.recorded),
    )
