"""Why a vendor on the roster is not attached: the causes by which a manager lists who is left."""

from __future__ import annotations

from typing import Final

from tracker.domain.vendor import Vendor

NO_ACCOUNT: Final = "no_account"
NOT_ISSUED: Final = "not_issued"
NOT_PRINTED: Final = "not_printed"
PRINTED: Final = "printed_not_attached"
REMOVED: Final = "removed"
PATTERN: Final = f"^({NO_ACCOUNT}|{NOT_ISSUED}|{NOT_PRINTED}|{PRINTED}|{REMOVED}(:[a-z_]+)?)$"
"""What may be asked for; `removed` is all removals, `removed:tax_worry` those of one reason."""


def why_left(vendor: Vendor) -> str | None:
    """The first of these that holds; None for one who is attached or off the roster.

    `removed:<reason>`: a sticker hung and none does now; the reason is that of the last ending, a
    removal's, or `superseded` or `revoked` of the code. `printed_not_attached`, `not_printed`: a
    code is live, and a sticker of it was printed or none. `not_issued`: there is an account and no
    live code. `no_account`: no bank has linked one.
    """
    if not vendor.on_roster or vendor.stage == "attached":
        return None
    if vendor.first_attached_at is not None:
        return f"{REMOVED}:{vendor.last_end or 'other'}"
    live = [code for code in vendor.codes.values() if code.live]
    if live:
        return PRINTED if any(code.prints for code in live) else NOT_PRINTED
    return NOT_ISSUED if vendor.accounts else NO_ACCOUNT


def asked_for(wanted: str, reason: str | None) -> bool:
    """Whether a reason is the one that is wanted, or of its kind."""
    return reason is not None and (reason == wanted or reason.partition(":")[0] == wanted)
