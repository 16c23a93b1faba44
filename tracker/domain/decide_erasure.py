"""When a vendor may be forgotten, and the facts that say that their personal data were read or
erased.

What is erased is the vendor's data key; facts, counts and digests stay as they are. A vendor on the
roster whom nobody could name would hold a stall that nobody could register again, and a live code
pays an account that nobody could look up: so who is to be forgotten has left, and their codes have
ended.
"""

from __future__ import annotations

from tracker.domain.decide import Stated
from tracker.domain.errors import Conflict, NotFound
from tracker.domain.facts import (
    CodeRevoked,
    PersonalDataErased,
    PersonalDataRead,
    StatusChanged,
    VendorFact,
)
from tracker.domain.vendor import History

REASON = "erased"
"""Why an erasure that is applied again ends codes and takes a vendor off the roster."""


def read(history: History, when: Stated) -> list[VendorFact]:
    """Somebody is given everything held about the vendor. Raises `NotFound` `ERASED`."""
    if history.replay().erased:
        raise erased()
    return [PersonalDataRead(*when)]


def erase(history: History, when: Stated, *, anyway: bool = False) -> list[VendorFact]:
    """The vendor is forgotten; nothing is new where they were before.

    Raises `Conflict` `HAS_LIVE_CODES`, `STILL_ON_ROSTER`. With `anyway` codes are revoked and the
    vendor leaves: an older copy of the registry, put back, must forget whom a newer one forgot.
    """
    vendor = history.replay()
    if vendor.erased:
        return []
    facts: list[VendorFact] = []
    live = [code.ordinal for code in vendor.codes.values() if code.live]
    if live and not anyway:
        named = ", ".join(history.code_id(ordinal) for ordinal in live)
        raise Conflict(
            f"Codes of this vendor are live: {named}. Take the stickers down and revoke the codes "
            "first, or payments go on to an account that nobody can look up.",
            code="HAS_LIVE_CODES",
            vendor=history.vendor_code,
        )
    if vendor.on_roster and not anyway:
        raise Conflict(
            "The vendor is on the roster. Set the status to `left` first: the stall is then free "
            "for a registration.",
            code="STILL_ON_ROSTER",
            vendor=history.vendor_code,
        )
    facts += [CodeRevoked(*when, code=ordinal, reason=REASON) for ordinal in live]
    if vendor.on_roster:
        facts.append(StatusChanged(*when, status="left", reason=REASON))
    return [*facts, PersonalDataErased(*when)]


def erased() -> NotFound:
    """The refusal of everything that needs a forgotten vendor's data."""
    return NotFound("The personal data of this vendor were erased.", code="ERASED")
