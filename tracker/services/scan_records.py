"""A scan that was recorded, told again."""

from __future__ import annotations

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.codes import event_id, parse_event_id
from tracker.domain.days import moment_text
from tracker.domain.errors import NotFound
from tracker.domain.facts import Scanned
from tracker.services.context import Tracker
from tracker.services.shapes import CodeOut, code_out
from tracker.services.vendor_reading import find_number


class ScanRecord(Struct, frozen=True, kw_only=True):
    """What a scan found, and how its code stands now; `incident` is the id of what it reported."""

    id: str
    market: str
    vendor: str
    stall: str
    verdict: str
    code: CodeOut | None
    incident: str | None
    scanned_at: str


async def get(tracker: Tracker, principal: Principal, scan: str) -> ScanRecord:
    """The scan with this id, within the principal's scope; else `NotFound`."""
    try:
        prefix, number, ordinal = parse_event_id(scan)
    except NotFound as wrong:
        raise hidden() from wrong
    market, history = await find_number(tracker, principal, prefix, number)
    fact = history.facts[ordinal - 1] if ordinal <= history.version else None
    if not isinstance(fact, Scanned):
        raise hidden()
    vendor = history.replay()
    code = None if fact.code is None else vendor.codes.get(fact.code)
    incident = None if fact.incident is None else event_id(history.vendor_code, fact.incident)
    return ScanRecord(
        id=scan,
        market=market,
        vendor=history.vendor_code,
        stall=vendor.stall or "",
        verdict=fact.verdict,
        code=None if code is None else code_out(market, history, code),
        incident=incident,
        scanned_at=moment_text(fact.at),
    )
