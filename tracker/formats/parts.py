"""Parts of a published body that more than one format writes value by value.

The orders are the formats' own: the domain may sort its lists anew, a header line may not. A test
compares them with the domain's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FIGURES: Final = (
    "registered",
    "issued",
    "attached",
    "verified_30d",
    "transacting",
    "active_30d",
    "active_90d",
    "regular_90d",
    "dormant",
)
"""All figures; the first has a count alone, the others a rate beside it."""

REASONS: Final = (
    "tax_worry",
    "fraud",
    "lost_phone",
    "no_signal",
    "bank_change",
    "moved_stall",
    "closed",
    "other",
    "superseded",
    "revoked",
)
"""Why attachments ended: the reasons of a removal, and what ends a code."""

FIRST_FLAGS: Final = ("no_census", "registered_exceeds_census", "swap_suspected")
LATER_FLAGS: Final = (
    "activity_missing",
    "activity_without_attachment",
    "duplicate_account",
    "stale_verification",
    "partner_ref_reused",
)
"""Findings of the closed list: those that bodies always could have, and those that came later."""

MONEY: Final = ("payments", "amount_vnd", "vendors")
"""Of `activity` and its `month_to_date`."""

Part = Mapping[str, Any]
_NOTHING: Final[Part] = {}
_FIRST: Final = dict.fromkeys(FIRST_FLAGS, 0)
_ALL: Final = dict.fromkeys((*FIRST_FLAGS, *LATER_FLAGS), 0)
_REMOVED: Final = dict.fromkeys(REASONS, 0)


def flags(body: Part) -> dict[str, int]:
    """The count of each finding that the body could have; one that it does not name is 0."""
    found = {flag["code"]: flag["count"] for flag in body.get("flags", ())}
    return {**(_ALL if "completeness" in body else _FIRST), **found}


def removed(body: Part) -> dict[str, int]:
    """The vendors removed on the day, by each reason of the closed list."""
    return {**_REMOVED, **body.get("waterfall", _NOTHING).get("removed", _NOTHING)}


def day(body: Part) -> Part:
    """What was paid on the day; empty where the body has no activity."""
    found: Part = body.get("activity", _NOTHING)
    return found


def month(body: Part) -> Part:
    """What was paid from the first of the day's month."""
    found: Part = day(body).get("month_to_date", _NOTHING)
    return found
