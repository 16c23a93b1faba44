"""Is there room for one more: looked up where something may grow, before it is taken.

Several callers at the same moment may each see the last place free: the limits keep growth within
bounds, they are no counts to rely on.
"""

from __future__ import annotations

from tracker.access.keys import Principal
from tracker.domain import limits
from tracker.domain.approvals import VALID_MS
from tracker.services.context import Tracker


async def for_job(tracker: Tracker, principal: Principal) -> None:
    """Passes where the principal may ask for one more job; raises `TooMany` `JOBS_WAITING`."""
    makers = await tracker.jobs.open_makers(limits.JOBS_OPEN_MAX)
    limits.require_jobs(len(makers), makers.count(principal.id))


async def for_approval(tracker: Tracker, market: str) -> None:
    """Passes where one more approval may wait in the market; raises `Conflict`."""
    since = tracker.now() - VALID_MS
    asked = await tracker.reader.asked([market])
    limits.require_approvals(sum(moment >= since for moment, *_ in asked))
