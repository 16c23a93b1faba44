"""Jobs of everybody at a glance, for who keeps the service: open ones, and those that failed."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import msgpack

from tracker.domain.limits import JOBS_OPEN_MAX
from tracker.services.context import Tracker
from tracker.store.jobs import Job

FAILED_MAX: Final = 1_000
"""Failed jobs that are listed, the latest of them."""


async def open_jobs(tracker: Tracker) -> list[Job]:
    """The jobs that have not ended, oldest first."""
    ids = await tracker.jobs.open_ids(JOBS_OPEN_MAX)
    found = await asyncio.gather(*map(tracker.jobs.get, ids))
    return [job for job in found if job is not None and not job.ended]


async def failed(tracker: Tracker) -> list[Job]:
    """The jobs that failed within the seven days that a record is kept, the latest first.

    Looks at every job's record: some milliseconds in a city, a second where banks send millions.
    """
    found = []
    async for _, raw in tracker.sealed.job_records():
        job = msgpack.decode(raw, type=Job)
        if job.state == "failed":
            found.append(job)
    return sorted(found, key=_created, reverse=True)[:FAILED_MAX]


def _created(job: Job) -> tuple[int, str]:
    return job.created, job.id
