"""How much there may be of a thing: limits that honest work never meets, so that nothing grows
without end. Each says what it protects; what is refused beyond it names the limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tracker.domain.errors import Conflict, TooMany
from tracker.domain.facts import (
    ApprovalDecided,
    CodeRevoked,
    DoubtDecided,
    Fact,
    FindingEnded,
    FindingOpened,
    IncidentHandled,
    PersonalDataErased,
    Removed,
    StatusChanged,
    Voided,
)

FACTS_MAX: Final = 5_000
"""Facts of one vendor, or of a market itself. Each commit writes the whole document anew, some
100 bytes a fact; a stall that is scanned every day for ten years has 3 700."""

FACTS_ENDING_MORE: Final = 1_000
"""Beyond `FACTS_MAX`, so many that end something: nobody is kept from taking a sticker down."""

GROUPS_MAX: Final = 500
"""Names of zones and categories that a market ever used. Each is a row of every snapshot; the
largest markets have some 30 zones, an office's lists some 40 trades."""

VENDORS_MAX: Final = 2_000_000
"""Vendor numbers of a market, 8 bytes each in rows that figures read whole. A file has up to a
million rows, the largest market some 5 000 stalls."""

APPROVALS_WAITING_MAX: Final = 1_000
"""Approvals asked for in a market within the days that one waits: people decide them by hand."""

JOBS_OPEN_MAX: Final = 500
"""Jobs that wait or run, of all principals: each has a file of up to `upload_bytes_max`, and the
schedule looks at all of them each second."""

JOBS_OPEN_EACH_MAX: Final = 50
"""Of those, as many of one principal: one does not fill the queue for all."""

JOBS_RETRY_S: Final = 30
"""When a place in the queue may be free: an import of a market takes a second or two."""

_ENDING: Final = (
    ApprovalDecided,
    CodeRevoked,
    DoubtDecided,
    IncidentHandled,
    Removed,
    StatusChanged,
    Voided,
)
_ALWAYS: Final = (FindingEnded, FindingOpened, PersonalDataErased)
"""What the service itself finds out, and what a trader may demand."""


def require_history(name: str, version: int, facts: Iterable[Fact]) -> None:
    """Passes facts for a history of so many; raises `Conflict` `HISTORY_FULL`."""
    new = [fact for fact in facts if not isinstance(fact, _ALWAYS)]
    if not new or version + len(new) <= FACTS_MAX:
        return
    ending = all(isinstance(fact, _ENDING) for fact in new)
    if not ending or version + len(new) > FACTS_MAX + FACTS_ENDING_MORE:
        raise Conflict(
            f"{name} has {version} facts, and {FACTS_MAX} is the most: only what ends something is "
            "still taken. Find out who records so much there.",
            code="HISTORY_FULL",
        )


def require_groups(known: int) -> None:
    """Passes one more name of a zone or category beside so many; raises `Conflict`."""
    if known >= GROUPS_MAX:
        raise Conflict(
            f"The market uses {GROUPS_MAX} names of zones and categories, which is the most. "
            "Take one of those; a column may have been mistaken for zones.",
            code="TOO_MANY_GROUPS",
        )


def require_vendors(number: int) -> None:
    """Passes a vendor number that is given out; raises `Conflict` `MARKET_FULL`."""
    if number > VENDORS_MAX:
        raise Conflict(
            f"The market has given out {VENDORS_MAX} vendor numbers, which is the most.",
            code="MARKET_FULL",
        )


def require_approvals(waiting: int) -> None:
    """Passes one more approval beside so many; raises `Conflict` `APPROVALS_WAITING`."""
    if waiting >= APPROVALS_WAITING_MAX:
        raise Conflict(
            f"{APPROVALS_WAITING_MAX} approvals of this market were asked for within the days that "
            "one waits. Have them decided first.",
            code="APPROVALS_WAITING",
        )


def require_jobs(open_: int, own: int) -> None:
    """Passes one more job beside so many, `own` of them the principal's; raises `TooMany`."""
    if own >= JOBS_OPEN_EACH_MAX or open_ >= JOBS_OPEN_MAX:
        raise TooMany(
            f"{own} of your jobs wait or run ({JOBS_OPEN_EACH_MAX} is the most), and {open_} in "
            f"all ({JOBS_OPEN_MAX}). Nothing was taken; send it again when some have ended.",
            retry_after_s=JOBS_RETRY_S,
            code="JOBS_WAITING",
        )
