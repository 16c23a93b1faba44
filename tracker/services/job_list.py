"""Jobs of everybody at a glance, for who keeps the service: open ones, and those that failed."""

from __future__ import annotations

from tracker.domain.limits import JOBS_OPEN_MAX
from tracker.services.context import Tracker
from tracker.store.jobs import Job


async def open_jobs(tracker: Tracker) -> list[Job]:
    """The jobs that have not ended, oldest first."""
    ids = await tracker.jobs.open_ids(JOBS_OPEN_MAX)
    return [job for job in await tracker.jobs.some(ids) if not job.ended]


async def failed(tracker: Tracker) -> list[Job]:
    """The jobs that failed within the seven days that a record is kept, the latest first.

    At most `tracker.store.jobs.FAILED_MAX` of them.
    """
    return await tracker.jobs.failed()
