"""The field team's round: which stalls to visit next, in which order, and why."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import DAY_MS
from tracker.domain.text import walking_order
from tracker.domain.vendor import Code, History, Vendor
from tracker.services.context import Tracker

STALE_MS = 90 * DAY_MS
"""An attached code that no scan matched for so long is to be looked at again."""

Reason = Literal["incident", "printed_not_attached", "issued_not_printed", "stale_verification"]
ORDER: tuple[Reason, ...] = (
    "incident",
    "printed_not_attached",
    "issued_not_printed",
    "stale_verification",
)


class Visit(Struct, frozen=True, kw_only=True):
    """One stall to visit: the first reason that holds, and the code and sheet it is about."""

    stall: str
    vendor: str
    zone: str | None
    reason: Reason
    code: str | None
    sheet: str | None


async def visits(tracker: Tracker, principal: Principal, market: str) -> list[Visit]:
    """The stalls to visit, each once, in ascending order of `place`."""
    if not principal.may_market(market):
        raise hidden()
    known = await tracker.reader.market(market)
    if known is None:
        raise hidden()
    now = tracker.now()
    found = []
    for history in (await tracker.reader.all_histories(market, known.prefix)).values():
        visit = _visit(history, history.replay(), now)
        if visit is not None:
            found.append(visit)
    return sorted(found, key=place)


def place(visit: Visit) -> str:
    """Where a visit stands in the round: by reason, then zone, then stall (A2 before A10)."""
    order = str(ORDER.index(visit.reason))
    return "\0".join((order, visit.zone or "", walking_order(visit.stall), visit.vendor))


def _visit(history: History, vendor: Vendor, now: int) -> Visit | None:
    if not vendor.on_roster or vendor.stall is None:
        return None
    live = [code for code in vendor.codes.values() if code.live]
    reasons: list[tuple[Reason, Code | None]] = []
    if any(incident.unresolved for incident in vendor.incidents.values()):
        reasons.append(("incident", live[0] if live else None))
    for code in live:
        if code.attached_at is None:
            reasons.append(("printed_not_attached" if code.prints else "issued_not_printed", code))
        elif now - max(code.matched_at or 0, code.attached_at) >= STALE_MS:
            reasons.append(("stale_verification", code))
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
