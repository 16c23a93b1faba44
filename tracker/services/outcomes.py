"""What became of a commit that may take a unique name."""

from __future__ import annotations

from tracker.domain.codes import vendor_code
from tracker.domain.errors import Conflict
from tracker.domain.views import stall_name
from tracker.store.commit import Done, Outcome, Taken


def stands(outcome: Outcome, prefix: str) -> bool:
    """Whether the commit was written; False means: read and decide again.

    `prefix` is the market's. Raises `Conflict` `STALL_TAKEN` or `PARTNER_REF_TAKEN` where a name
    belongs to another vendor, with the vendor code that is printed on the sticker there.
    """
    if isinstance(outcome, Taken):
        holder = vendor_code(prefix, int(outcome.holder.partition(".")[0]))
        if outcome.name.startswith(stall_name("")):
            raise stall_taken(holder)
        raise Conflict(
            "The partner_ref that this would take up again was given to another vendor since.",
            code="PARTNER_REF_TAKEN",
            vendor=holder,
        )
    return isinstance(outcome, Done)


def stall_taken(holder: str) -> Conflict:
    """The refusal of a stall at which the vendor `holder` (its code) trades."""
    return Conflict(
        "Another vendor trades at this stall; the code on the sticker there is in `vendor`. "
        "Correct the stall, or move one of the two to another stall first.",
        code="STALL_TAKEN",
        vendor=holder,
    )
