"""The schedule: one tick at a time, however many schedulers run.

A tick does what the clock asks for (`tracker.services.schedule`) and gives the queue what it
lost. RQ's own cron is not used: two of them enqueue everything twice, and it speaks pickle.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from typing import Final

import structlog

from tracker.bootstrap import lock_url, open_tracker, queue_url
from tracker.domain.errors import TrackerError
from tracker.observe import tallies
from tracker.observe.meters import TICKS
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.beats import Beat
from tracker.store.cancelling import heed_cancelling
from tracker.store.keys import TICK_LOCK
from tracker.store.lock import Lock
from tracker.store.queue import QueueClient
from workers.jobs import AWAY, places

PAUSE_MAX_S: Final = 5.0
SLOW_MS: Final = 5_000
"""A tick that takes longer is told of; others are only counted."""

Tick = Callable[[Tracker], Awaitable[None]]

log = logging.getLogger(__name__)
lines = structlog.stdlib.get_logger("tracker.schedule")


def run_schedule(settings: Settings, *, tick: Tick | None = None) -> None:
    """Ticks every ``settings.tick_s`` seconds until SIGTERM or SIGINT; outlives the store."""
    asyncio.run(_until_told(settings, tick or _clock_tick()))


def _clock_tick() -> Tick:
    # Imported where it runs: whoever only names this module pays nothing.
    from tracker.services import schedule  # noqa: PLC0415

    return schedule.tick


async def _until_told(settings: Settings, tick: Tick) -> None:
    async with tallies.kept():
        await _ticking(settings, tick)


async def _ticking(settings: Settings, tick: Tick) -> None:
    loop, ticking = asyncio.get_running_loop(), asyncio.ensure_future(run_ticks(settings, tick))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ticking.cancel)
    with suppress(asyncio.CancelledError):
        await ticking


async def run_ticks(settings: Settings, tick: Tick) -> None:
    """Ticks for ever; where the store is away, looks for it again after a pause that grows."""
    pause_s = settings.tick_s
    while True:
        try:
            async with open_tracker(settings) as tracker:
                with (
                    closing(QueueClient(queue_url(settings))) as queue,
                    closing(Lock(lock_url(settings), TICK_LOCK)) as lock,
                ):
                    while True:
                        await tick_once(tracker, queue, lock, tick)
                        pause_s = settings.tick_s  # a store that is full can be opened too
                        heed_cancelling()
                        await asyncio.sleep(settings.tick_s)
        except AWAY as error:
            log.warning("schedule waits for the store (%s)", type(error).__name__)
        except TrackerError as error:  # a store that could lose facts, a wrong key
            log.error("schedule cannot run: %s", error.detail)  # noqa: TRY400  # it says what to do
        heed_cancelling()
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, PAUSE_MAX_S)


async def tick_once(tracker: Tracker, queue: QueueClient, lock: Lock, tick: Tick) -> bool:
    """One tick, unless another scheduler is at it; whether there was one.

    A tick or a reconciliation that fails is logged and leaves the other and the next one alone.
    Where the lock is lost, which takes a store or a process that stood still for the lock's life,
    the tick is cut off. Raises `RedisError` and `Unavailable` where the store is away.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as limit:
            try:
                if not await asyncio.to_thread(lock.take, lambda: _end(loop, limit)):
                    return False
                began = tracker.now()
                whole = await _guarded("tick", tick(tracker))
                whole &= await _guarded("reconciliation", reconcile(tracker, queue))
                await _tell(tracker, began, whole=whole)
            finally:
                await asyncio.to_thread(lock.release)
    except TimeoutError:
        log.warning("a tick was cut off: another scheduler took the lock")
    return True


async def reconcile(tracker: Tracker, queue: QueueClient) -> int:
    """Gives the queue the open jobs that nothing is going to run; how many those were.

    The queue is asked before the record is read: a job that ends meanwhile is then seen as ended.
    """
    dispatched = 0
    for job_id, state in (await queue.states(await tracker.jobs.open_ids())).items():
        if state != "none":
            continue
        job = await tracker.jobs.get(job_id)
        if job is None or job.ended:
            await tracker.jobs.forget(job_id)
        else:
            await queue.dispatch(job_id)
            dispatched += 1
    return dispatched


async def _tell(tracker: Tracker, began: int, *, whole: bool) -> None:
    """Shows everybody that the schedule lives, and counts the tick."""
    now = tracker.now()
    took_ms = max(0, now - began)
    TICKS.observe(("ok" if whole else "failed",), took_ms / 1000)
    if not whole or took_ms >= SLOW_MS:
        lines.info("tick", whole=whole, ms=took_ms)
    await tracker.beats.ticked(Beat(now, took_ms, whole))


async def _guarded(name: str, part: Awaitable[object]) -> bool:
    """Whether a part worked; what failed is logged and nobody else's affair."""
    try:
        await part
    except AWAY:
        raise
    except ExceptionGroup as several:
        for error in several.exceptions:
            _log(name, error)
        if away := next((e for e in several.exceptions if isinstance(e, AWAY)), None):
            raise away from None
        return False
    except Exception as error:  # whatever it is, the next tick is not its affair
        _log(name, error)
        return False
    return True


def _log(name: str, error: Exception) -> None:
    """The class and the place: a message may quote a record."""
    log.error("%s: %s at\n%s", name, type(error).__name__, places(error))


def _end(loop: asyncio.AbstractEventLoop, limit: asyncio.Timeout) -> None:
    """Lets a limit pass, from another thread; one whose body has ended is left alone."""

    def now() -> None:
        with suppress(RuntimeError):
            limit.reschedule(loop.time())

    loop.call_soon_threadsafe(now)
