"""What the clock does: closes days, has outdated days recomputed, keeps feed and seals complete."""

from __future__ import annotations

from tracker.domain.days import DAY_MS, OFFSET_MS, day_of
from tracker.services import account_index, activity_retention, erasure, findings, seals, snapshots
from tracker.services.context import Tracker
from tracker.services.job_ids import new_job

HOUR_MS = 3_600_000


async def tick(tracker: Tracker) -> None:
    """One look at the clock; safe to repeat at any time, and after any outage.

    A step that fails does not keep the others from their work; what failed is raised at the end,
    as an `ExceptionGroup` where it is more than one.
    """
    failed: list[Exception] = []
    for step in (
        _close_days,
        _recompute,
        _complete_feed,
        account_index.complete_all,
        findings.find,
        seals.keep_sealed,
        activity_retention.drop_old_sets,
        erasure.complete_all,
    ):
        try:
            await step(tracker)
        except Exception as error:  # raised below
            failed.append(error)
    if len(failed) > 1:
        raise ExceptionGroup("Several steps of a tick failed.", failed)
    if failed:
        raise failed[0]


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


async def _recompute(tracker: Tracker) -> None:
    if not await snapshots.outdated(tracker) or await _open_mode(tracker, "outdated"):
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


async def _complete_feed(tracker: Tracker) -> None:
    """Publications and reported values whose writer committed and died before feeding."""
    markets = await tracker.publications.unfed(list(await tracker.reader.markets()))
    await tracker.publications.feed_markets(markets)
    await tracker.reported.feed()
