"""What the clock does: closes days, has outdated days recomputed, keeps feed and seals complete."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from tracker.domain.days import DAY_MS, OFFSET_MS, day_of
from tracker.services import account_index, activity_retention, erasure, findings, seals, waiting
from tracker.services.context import Tracker
from tracker.services.job_ids import new_job
from tracker.services.waiting import Waiting
from tracker.store.keys import SERVICE

T = TypeVar("T")

HOUR_MS = 3_600_000


async def tick(tracker: Tracker) -> None:
    """One look at the clock; safe to repeat at any time, and after any outage.

    A step that fails does not keep the others from their work; what failed is raised at the end,
    as an `ExceptionGroup` where it is more than one.
    """
    failed: list[Exception] = []
    await _try(failed, _close_days(tracker))
    todo = await _try(failed, waiting.look(tracker)) or Waiting()
    failed += todo.damaged.values()
    await _try(failed, _recompute(tracker, todo.outdated))
    await _try(failed, _complete_feed(tracker, todo.unfed))
    await _try(failed, _index(tracker, todo.unindexed))
    await _try(failed, findings.find_in(tracker, todo.prefixes, todo.behind))
    await _try(failed, seals.keep_sealed(tracker, [SERVICE, *todo.unsealed]))
    await _try(failed, activity_retention.drop_old_sets(tracker))
    await _try(failed, _erase(tracker, todo.erasing))
    if len(failed) > 1:
        raise ExceptionGroup("Several steps of a tick failed.", failed)
    if failed:
        raise failed[0]


async def _try(failed: list[Exception], step: Awaitable[T]) -> T | None:
    try:
        return await step
    except Exception as error:  # raised at the tick's end
        failed.append(error)
        return None


async def _close_days(tracker: Tracker) -> None:
    """Each day since the last closed one, once the new day is some minutes old."""
    now = tracker.now()
    minute = (now + OFFSET_MS) % DAY_MS // 60_000
    yesterday = day_of(now) - 1
    until = await tracker.schedule_state.closed_until()
    if until is None:
        await tracker.schedule_state.close(yesterday)  # nothing to close before the first start
        return
    if minute < tracker.settings.close_at_minute or until >= yesterday:
        return
    if await _open_mode(tracker, "days", closes=True):
        return
    params = {"mode": "days", "from": until + 1, "to": yesterday, "markets": None, "closes": True}
    job = new_job(tracker, "snapshots", "schedule", params)
    known = await tracker.jobs.create(job, f"close:{yesterday}:{now // HOUR_MS}")
    await tracker.dispatch(known.job)


async def _recompute(tracker: Tracker, outdated: Sequence[str]) -> None:
    if not outdated or await _open_mode(tracker, "outdated"):
        return
    job = new_job(tracker, "snapshots", "schedule", {"mode": "outdated"})
    await tracker.jobs.create(job)
    await tracker.dispatch(job.id)


async def _open_mode(tracker: Tracker, mode: str, *, closes: bool = False) -> bool:
    for id_ in await tracker.jobs.open_ids():
        job = await tracker.jobs.get(id_)
        if job is None or job.params.get("mode") != mode:
            continue
        if job.params.get("closes") or not closes:
            return True
    return False


async def _complete_feed(tracker: Tracker, unfed: Sequence[str]) -> None:
    """Publications and reported values whose writer committed and died before feeding."""
    await tracker.publications.feed_markets(unfed)
    await tracker.reported.feed()


async def _index(tracker: Tracker, unindexed: Sequence[str]) -> None:
    for market in unindexed:
        await account_index.complete(tracker, market)


async def _erase(tracker: Tracker, erasing: Sequence[str]) -> None:
    if erasing:
        await erasure.complete_all(tracker, erasing)
