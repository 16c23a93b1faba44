"""What may happen to a vendor after registration: another stall, another status, no account.

As `decide`: the history and a wish in, facts out; no facts where nothing is new. That a stall is
free is the commit's to hold.
"""

from __future__ import annotations

from tracker.domain.decide import Stated, at_the_time, on_record, registered
from tracker.domain.errors import Conflict, NotFound
from tracker.domain.facts import (
    AccountUnlinked,
    Fact,
    Moved,
    Registered,
    Status,
    StatusChanged,
    VendorFact,
)
from tracker.domain.vendor import History, in_order


def move(history: History, when: Stated, *, stall: str) -> list[VendorFact]:
    """The vendor trades at another stall since `when.at`; nothing is new where they do already.

    One who left may be moved too: it says at which stall they will come back.
    """
    for vendor in (on_record(history, when.at), at_the_time(history, when)):
        if vendor.stall == stall:
            return []
    return [Moved(*when, stall=stall)]


def change_status(
    history: History, when: Stated, *, status: Status, reason: str | None
) -> list[VendorFact]:
    """Trading, suspended or left since `when.at`; nothing is new where it stands so already.

    Raises `NotFound` `ERASED`: who was forgotten stays as they were.
    """
    for vendor in (on_record(history, when.at), at_the_time(history, when)):
        if (vendor.status, vendor.status_reason) == (status, reason):
            return []
    if history.replay().erased:
        raise NotFound(
            "The personal data of this vendor were erased. Register the trader anew.",
            code="ERASED",
        )
    return [StatusChanged(*when, status=status, reason=reason)]


def unlink_account(history: History, when: Stated, *, bin_: str) -> list[VendorFact]:
    """The vendor has no account at that bank any more.

    Raises `NotFound` where there is none, `Conflict` `ACCOUNT_HAS_LIVE_CODE` where a code of the
    bank is live.
    """
    vendor = registered(history, when.at)
    if bin_ not in vendor.accounts:
        raise NotFound("The vendor has no account at this bank.")
    if vendor.live_code(bin_) is not None:
        raise Conflict(
            "A code over this account is live. Revoke the code first, or keep the account.",
            code="ACCOUNT_HAS_LIVE_CODE",
            vendor=history.vendor_code,
        )
    return [AccountUnlinked(*when, bin=bin_)]


def placed_by(history: History, stall: str) -> tuple[int, Fact]:
    """The event, with its ordinal, that last put the vendor at the stall; raises `NotFound`."""
    for ordinal, fact in reversed(in_order(history.facts)):
        if isinstance(fact, Moved | Registered) and fact.stall == stall:
            return ordinal, fact
    raise NotFound("There is no such event.")
