"""The one function that workers run: a job's id in, its use case, done.

Its record says where a job stands. An attempt is counted when it starts, so that a job that kills
its worker is given up at last; an attempt that waits for a store that is away goes on when it is
back, and is one attempt. Nothing of an error but its class and its place goes into a log, and
nothing at all into RQ's records: messages may quote what a file held.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from msgspec.structs import replace
from redis.exceptions import ConnectionError as StoreAway
from redis.exceptions import OutOfMemoryError as StoreFull
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as StoreSilent

from tracker.bootstrap import open_tracker, queue_url
from tracker.domain.errors import TrackerError, Unavailable
from tracker.observe import tallies
from tracker.observe.meters import JOBS
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.jobs import Job, JobProblem, Kind, failed, finished
from tracker.store.queue import RUN_S_MAX, lease, queue_of

ATTEMPTS_MAX: Final = 5
PAUSE_FIRST_MS, PAUSE_MAX_MS = 1_000, 30_000
"""Between a failed attempt and the next; doubled each time."""
GIVEN_UP: Final = JobProblem(
    "INTERNAL", "The job failed again and again. The reason is in the worker's log."
)

AWAY_FIRST_S, AWAY_MAX_S = 0.1, 5.0
AWAY: Final = (StoreAway, StoreSilent, StoreFull, Unavailable)
"""What is waited for: nothing was done wrong, and the same will do later."""

UseCase = Callable[[Tracker, Job], Awaitable[dict[str, Any]]]
UseCases = Mapping[Kind, UseCase]

log = logging.getLogger(__name__)
lines = structlog.stdlib.get_logger("tracker.jobs")


def use_cases(queue: str) -> UseCases:
    """The use cases of a queue's jobs.

    Imported where a worker starts, before it forks, and those of its own queue only: what draws
    stickers takes 20 MB.
    """
    match queue:
        case "imports":
            from tracker.services import imports  # noqa: PLC0415

            return {"import": imports.run}
        case "snapshots":
            from tracker.services import snapshots  # noqa: PLC0415

            return {"snapshots": snapshots.run}
        case _:
            from tracker.services import sheets  # noqa: PLC0415

            return {"sheets": sheets.run}


def run(job_id: str, *, settings: Settings | None = None, cases: UseCases | None = None) -> None:
    """One attempt at a job, alone: where another worker is at it, or it has ended, none.

    Never raises for what a job does. Its record says what came of it; one that stays open is
    dispatched again by the schedule, once the lease that this leaves behind has ended.
    """
    settings = settings or Settings.read()
    cases = use_cases(queue_of(job_id)) if cases is None else cases
    try:
        held = lease(queue_url(settings), job_id)
    except Unavailable as error:
        log.warning("job %s waits for the store (%s)", job_id, error.code)
        return
    pause_ms = 0
    try:
        if not held.take():
            log.info("job %s is in other hands", job_id)
            return
        try:
            pause_ms = asyncio.run(_attempt(job_id, settings, cases))
        finally:
            held.release(after_ms=pause_ms)
    except RedisError as error:
        log.warning("job %s waits for the queue (%s)", job_id, type(error).__name__)
    finally:
        held.close()


async def _attempt(job_id: str, settings: Settings, cases: UseCases) -> int:
    """One attempt, begun anew each time the store was away; the pause after it in ms."""
    counted = 0
    away_s = AWAY_FIRST_S
    try:
        async with tallies.kept(), asyncio.timeout(RUN_S_MAX):
            while True:
                try:
                    async with open_tracker(settings) as tracker:
                        job = await _begin(tracker, job_id, counted)
                        if job is None:
                            return 0
                        counted = job.attempts
                        return await _perform(tracker, job, cases)
                except AWAY as error:
                    log.warning("job %s waits for the store (%s)", job_id, type(error).__name__)
                await asyncio.sleep(away_s)
                away_s = min(away_s * 2, AWAY_MAX_S)
    except Exception as error:  # before or after the use case: the store, the keys, the time
        said = f": {error.detail}" if isinstance(error, TrackerError) else f" at\n{places(error)}"
        log.error("job %s: %s%s", job_id, type(error).__name__, said)  # noqa: TRY400  # as above
    return PAUSE_MAX_MS


async def _begin(tracker: Tracker, job_id: str, counted: int) -> Job | None:
    """The record, marked as running; None where there is nothing to do."""
    job = await tracker.jobs.get(job_id)
    if job is None or job.ended:
        return None
    if job.attempts >= ATTEMPTS_MAX and not counted:
        log.error("job %s is given up: %d attempts died", job_id, job.attempts)
        await tracker.jobs.save(failed(job, GIVEN_UP))
        _told(job, "gave_up", time.monotonic())
        return None
    job = replace(job, state="running", attempts=counted or job.attempts + 1)
    await tracker.jobs.save(job)
    return job


async def _perform(tracker: Tracker, job: Job, cases: UseCases) -> int:
    """Calls the use case and writes down what came of it; the pause before the next attempt."""
    began = time.monotonic()
    try:
        result = await cases[job.kind](tracker, job)
    except AWAY:
        raise
    except TrackerError as error:
        if not 400 <= error.status < 500:
            return await _fault(tracker, job, error, began)
        _told(job, "refused", began, code=error.code)
        problem = JobProblem(error.code, error.detail)
        await _end(tracker, job, lambda latest: failed(latest, problem))
        return 0
    except Exception as error:  # a bug: told below, tried again, given up at last
        return await _fault(tracker, job, error, began)
    await _end(tracker, job, lambda latest: finished(latest, result))
    _told(job, "done", began)
    return 0


async def _fault(tracker: Tracker, job: Job, error: Exception, began: float) -> int:
    """An attempt that failed through no fault of its data; the pause before the next."""
    log.error(
        "job %s, attempt %d of %d: %s at\n%s",
        *(job.id, job.attempts, ATTEMPTS_MAX, type(error).__name__, places(error)),
    )
    if job.attempts < ATTEMPTS_MAX:
        _told(job, "error", began)
        return min(PAUSE_FIRST_MS << job.attempts - 1, PAUSE_MAX_MS)
    await _end(tracker, job, lambda latest: failed(latest, GIVEN_UP))
    _told(job, "gave_up", began)
    return 0


def _told(job: Job, outcome: str, began: float, **more: str) -> None:
    """One line and one count of an attempt that came to an end."""
    took_s = time.monotonic() - began
    JOBS.observe((job.kind, outcome), took_s)
    lines.info(
        "job",
        id=job.id,
        kind=job.kind,
        outcome=outcome,
        attempt=job.attempts,
        ms=round(took_s * 1000),
        **more,
    )


async def _end(tracker: Tracker, job: Job, ending: Callable[[Job], Job]) -> None:
    """Ends a record, with the progress in it; one that another run has ended stays as it is."""
    latest = await tracker.jobs.get(job.id) or job
    if not latest.ended:
        await tracker.jobs.save(ending(latest))


def places(error: Exception) -> str:
    """Where an error came from, without its message: that may quote what a file held."""
    return "".join(traceback.format_tb(error.__traceback__)).rstrip()
