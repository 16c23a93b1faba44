"""The field team's round: which stalls to visit next, in which order, and why."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import day_of
from tracker.domain.facts import Attached, Fact, Removed, Scanned
from tracker.domain.figures import WINDOW_DAYS, dormant
from tracker.domain.text import walking_order
from tracker.domain.vendor import Code, History, Vendor
from tracker.services.context import Tracker

Reason = Literal[
    "incident", "printed_not_attached", "issued_not_printed", "stale_verification", "dormant"
]
ORDER: tuple[Reason, ...] = get_args(Reason)


class Visit(Struct, frozen=True, kw_only=True):
    """One stall to visit: the first reason that holds, and the code and sheet it is about."""

    stall: str
    vendor: str
    zone: str | None
    reason: Reason
    code: str | None
    sheet: str | None


class Round(Struct, frozen=True):
    """The visits, and the vendors (codes) of the roster at whose stalls somebody was today.

    Somebody was there where a sticker was scanned, and the reader where the reader's own
    attachment or removal says so: what a bank declares from its office is no visit.
    """

    visits: list[Visit]
    visited: frozenset[str]


async def visits(tracker: Tracker, principal: Principal, market: str) -> list[Visit]:
    """The stalls to visit, each once, in ascending order of `place`."""
    return (await walk(tracker, principal, market)).visits


async def walk(tracker: Tracker, principal: Principal, market: str) -> Round:
    """The round as it stands: the visits in ascending order of `place`, and where one was."""
    if not principal.may_market(market):
        raise hidden()
    today = day_of(tracker.now())
    look = (await tracker.looks.at([market], today, today))[0]
    if look.grounds is None:
        raise hidden()
    asleep = frozenset(dormant(look.grounds, today))
    prefix = look.grounds.market.prefix
    found, visited = [], set()
    for number, history in (await tracker.reader.all_histories(market, prefix)).items():
        vendor = history.replay()
        visit = _visit(history, vendor, today, dormant_=number in asleep)
        if visit is not None:
            found.append(visit)
        if vendor.on_roster and any(_was_there(f, principal.id, today) for f in history.facts):
            visited.add(history.vendor_code)
    return Round(sorted(found, key=place), frozenset(visited))


def place(visit: Visit) -> str:
    """Where a visit stands in the round: by reason, then zone, then stall (A2 before A10)."""
    order = str(ORDER.index(visit.reason))
    return "\0".join((order, visit.zone or "", walking_order(visit.stall), visit.vendor))


def _was_there(fact: Fact, reader: str, today: int) -> bool:
    if isinstance(fact, Scanned):
        return day_of(fact.at) == today
    return isinstance(fact, Attached | Removed) and fact.by == reader and day_of(fact.at) == today


def _visit(history: History, vendor: Vendor, today: int, *, dormant_: bool) -> Visit | None:
    if not vendor.on_roster or vendor.stall is None:
        return None
    live = [code for code in vendor.codes.values() if code.live]
    reasons: list[tuple[Reason, Code | None]] = []
    if any(incident.unresolved for incident in vendor.incidents.values()):
        reasons.append(("incident", live[0] if live else None))
    for code in live:
        if code.attached_at is None:
            reasons.append(("printed_not_attached" if code.prints else "issued_not_printed", code))
        elif day_of(max(code.matched_at or 0, code.attached_at)) <= today - WINDOW_DAYS:
            reasons.append(("stale_verification", code))
    if dormant_:
        reasons.append(("dormant", next((code for code in live if code.attached_at), None)))
    if not reasons:
        return None
    reason, about = min(reasons, key=lambda found: ORDER.index(found[0]))
    return Visit(
        stall=vendor.stall,
        vendor=history.vendor_code,
        zone=vendor.zone,
        reason=reason,
        code=None if about is None else history.code_id(about.ordinal),
        sheet=None if about is None else about.sheet,
    )
