"""What may happen to a code after it was issued, and to what hangs in its place.

As `decide`: the history and a wish in, facts out; no facts where nothing is new.
"""

from __future__ import annotations

from typing import Literal

from tracker.domain.days import moment_text
from tracker.domain.decide import Stated, code_of, details_of, registered
from tracker.domain.errors import Conflict, Invalid, NotFound
from tracker.domain.facts import (
    AccountDetails,
    CodePrinted,
    CodeRevoked,
    IncidentHandled,
    IncidentOpened,
    InvoiceComposed,
    Scanned,
    Vault,
    VendorFact,
)
from tracker.domain.scans import Judged, Seen
from tracker.domain.vendor import Code, History, IncidentState

NEXT: dict[IncidentState, frozenset[IncidentState]] = {
    "open": frozenset({"confirmed", "dismissed", "resolved"}),
    "confirmed": frozenset({"dismissed", "resolved"}),
    "dismissed": frozenset(),
    "resolved": frozenset(),
}
"""Where an incident may go from each state; dismissed and resolved are the ends."""


def revoke(history: History, when: Stated, *, code: int, reason: str) -> list[VendorFact]:
    """The end of a code that nothing replaces; nothing is new where it was revoked before."""
    known = code_of(registered(history, when.at), code)
    if known.ended == "revoked":
        return []
    if not known.live:
        raise Conflict(
            "The code was superseded by a newer version; revoke that one.",
            code="CODE_NOT_LIVE",
            vendor=history.vendor_code,
        )
    if when.at < known.issued_at:
        raise Invalid(
            f"The code was issued at {moment_text(known.issued_at)}; it cannot end before that. "
            "Correct the date.",
            code="BEFORE_ISSUE",
        )
    return [CodeRevoked(*when, code=code, reason=reason)]


def print_code(
    history: History, when: Stated, *, code: int, sheet: str | None = None
) -> list[VendorFact]:
    """One more print of a live code. A sheet prints a code once, however often it is tried."""
    known = live_code(history, when, code)
    if sheet is not None and print_number(history, code=code, sheet=sheet) is not None:
        return []
    return [CodePrinted(*when, code=code, number=known.prints + 1, sheet=sheet)]


def print_number(history: History, *, code: int, sheet: str) -> int | None:
    """Which print of a code this sheet is, if it is recorded; others may have come since."""
    for fact in history.facts:
        if isinstance(fact, CodePrinted) and (fact.code, fact.sheet) == (code, sheet):
            return fact.number
    return None


def compose_invoice(history: History, when: Stated, *, code: int) -> list[VendorFact]:
    """A one-off payload over a live code was made; only that is kept."""
    live_code(history, when, code)
    return [InvoiceComposed(*when, code=code)]


def live_code(history: History, when: Stated, code: int) -> Code:
    """One of the vendor's codes that is live; else `NotFound` or `Conflict` `CODE_NOT_LIVE`."""
    known = code_of(registered(history, when.at), code)
    if not known.live:
        raise Conflict(
            f"The code is {known.ended}; use the one that is live.",
            code="CODE_NOT_LIVE",
            vendor=history.vendor_code,
        )
    return known


def record_scan(
    history: History, vault: Vault, when: Stated, *, seen: Seen, judged: Judged
) -> list[VendorFact]:
    """The scan, and with a stranger's account the incident that it opens.

    The same account seen again while its incident is unresolved opens no second one.
    """
    vendor = registered(history, when.at)
    if judged.verdict != "foreign_account" or seen.bin is None or seen.account is None:
        code = None if judged.code is None else judged.code.ordinal
        return [Scanned(*when, verdict=judged.verdict, code=code)]
    for event, incident in vendor.incidents.items():
        known = details_of(incident.seen, vault).number
        if incident.unresolved and (incident.bin, known) == (seen.bin, seen.account):
            return [Scanned(*when, verdict=judged.verdict, incident=event)]
    event = history.version + 1
    blob = vault.seal(event, AccountDetails(seen.account, ""))
    return [
        IncidentOpened(*when, bin=seen.bin, personal=blob),
        Scanned(*when, verdict=judged.verdict, incident=event),
    ]


def handle_incident(
    history: History,
    when: Stated,
    *,
    incident: int,
    state: Literal["confirmed", "dismissed", "resolved"],
    reason: str,
) -> list[VendorFact]:
    """Confirms, dismisses or resolves; nothing is new where it stands so for the same reason."""
    known = history.replay().incidents.get(incident)
    if known is None:
        raise NotFound("There is no such incident.")
    if (known.state, known.reason) == (state, reason):
        return []
    if state not in NEXT[known.state]:
        raise Conflict(
            f"The incident is {known.state} already. A new scan opens a new one.",
            code="INCIDENT_CLOSED",
        )
    return [IncidentHandled(*when, incident=incident, state=state, reason=reason)]
