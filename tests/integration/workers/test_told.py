"""What workers and the schedule tell: a line and a count an attempt, a sign of life a tick."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import structlog

from tests.integration.conftest import Run
from tests.integration.workers.conftest import Start, until
from tests.integration.workers.stand_in import PERSONAL, nothing
from tests.integration.workers.test_jobs import attempt
from tracker.bootstrap import lock_url
from tracker.observe.meters import JOBS, TICKS, Family
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.keys import TICK_LOCK
from tracker.store.lock import Lock
from tracker.store.queue import QueueClient
from workers.schedule import tick_once


def counted(family: Family, *labels: str) -> float:
    """How many attempts or ticks were counted under these labels."""
    _, *buckets = family.series.get(labels, [0.0])
    return sum(buckets)


def test_each_attempt_is_told_and_counted(settings: Settings, new: Callable[..., str]) -> None:
    kinds: tuple[tuple[str, dict[str, str]], ...] = (
        ("done", {}),
        ("refused", {"what": "refuse"}),
        ("error", {"what": "break"}),
    )
    for outcome, params in kinds:
        before = counted(JOBS, "import", outcome)
        id_ = new("import", **params)
        with structlog.testing.capture_logs() as lines:
            attempt(settings, id_)
        (line,) = [line for line in lines if line["event"] == "job"]
        assert (line["id"], line["outcome"], line["attempt"]) == (id_, outcome, 1)
        assert counted(JOBS, "import", outcome) == before + 1
        assert PERSONAL not in str(lines)


def test_a_tick_shows_that_the_schedule_lives(
    settings: Settings, tracker: Tracker, queue: QueueClient, run: Run
) -> None:
    async def fails(_: Tracker) -> None:
        raise ValueError(PERSONAL)

    before = counted(TICKS, "ok"), counted(TICKS, "failed")
    assert run(tracker.beats.last_tick()) is None
    with closing(Lock(lock_url(settings), TICK_LOCK)) as lock:
        assert run(tick_once(tracker, queue, lock, nothing))
        beat = run(tracker.beats.last_tick())
        assert beat is not None
        assert beat.whole
        assert abs(tracker.now() - beat.at) < 5_000
        assert run(tick_once(tracker, queue, lock, fails))
        failed = run(tracker.beats.last_tick())
        assert failed is not None
        assert not failed.whole
    assert (counted(TICKS, "ok"), counted(TICKS, "failed")) == (before[0] + 1, before[1] + 1)


def test_signs_of_life_are_few_however_often_it_ticks(
    settings: Settings, tracker: Tracker, queue: QueueClient, run: Run
) -> None:
    with closing(Lock(lock_url(settings), TICK_LOCK)) as lock:
        for _ in range(4):
            run(tick_once(tracker, queue, lock, nothing))
        first = run(tracker.beats.last_tick())
        run(tick_once(tracker, queue, lock, nothing))
    assert run(tracker.beats.last_tick()) == first


def test_a_worker_lives_while_it_waits_while_it_works_and_no_longer(
    settings: Settings,
    tracker: Tracker,
    queue: QueueClient,
    new: Callable[..., str],
    start: Start,
    run: Run,
) -> None:
    def alive() -> int:
        return run(queue.workers())["snapshots"]

    assert alive() == 0
    process = start("worker", "snapshots")
    until(lambda: alive() == 1)
    id_ = new(what="hold")
    run(queue.dispatch(id_))
    until(lambda: run(queue.state(id_)) == "running")
    (key,) = run(_members(settings))
    run(_set(settings, key, "last_heartbeat", "2020-01-01T00:00:00.000000Z"))
    assert alive() == 1  # silent, for it runs a job in its own process: the lease tells
    run(tracker.client.rpush("test:go", 1))
    process.kill()
    process.wait()
    until(lambda: alive() == 0)


def _queue_client(settings: Settings) -> Any:
    from tracker.bootstrap import queue_url
    from tracker.store.client import connect

    return connect(queue_url(settings))


async def _members(settings: Settings) -> list[bytes]:
    async with _queue_client(settings) as client:
        return list(await client.smembers("rq:workers:snapshots"))


async def _set(settings: Settings, key: bytes, field: str, value: str) -> None:
    async with _queue_client(settings) as client:
        await client.hset(key, field, value)
