"""The schedule: one tick at a time, and nothing that the queue lost stays lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.conftest import Run
from tests.integration.workers.conftest import Start, until
from tests.integration.workers.stand_in import PERSONAL, nothing
from tracker.bootstrap import queue_url, store_url
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.client import connect_sync
from tracker.store.keys import TICK_LOCK
from tracker.store.lock import Lock
from tracker.store.queue import QueueClient
from workers.schedule import reconcile, run_ticks, tick_once


@pytest.fixture
def lock(settings: Settings) -> Iterator[Lock]:
    lock = Lock(store_url(settings), TICK_LOCK, ms=400)
    yield lock
    lock.close()


def lose_the_queue(settings: Settings) -> None:
    client = connect_sync(queue_url(settings))
    client.flushdb()
    client.close()


def test_a_job_that_the_queue_lost_is_dispatched_again(
    settings: Settings, tracker: Tracker, queue: QueueClient, run: Run, new: Callable[..., str]
) -> None:
    ids = [new(), new("import"), new("sheets")]
    for id_ in ids:
        run(queue.dispatch(id_))
    assert run(reconcile(tracker, queue)) == 0
    lose_the_queue(settings)
    assert run(reconcile(tracker, queue)) == 3
    assert run(queue.depths()) == {"imports": 1, "snapshots": 1, "sheets": 1}
    assert run(reconcile(tracker, queue)) == 0


def test_a_job_that_was_never_dispatched_is(
    tracker: Tracker, queue: QueueClient, run: Run, new: Callable[..., str]
) -> None:
    id_ = new()
    assert run(reconcile(tracker, queue)) == 1
    assert run(queue.state(id_)) == "queued"


def test_a_job_without_a_record_is_forgotten(
    tracker: Tracker, queue: QueueClient, run: Run, new: Callable[..., str]
) -> None:
    run(tracker.client.delete(f"{{jobs}}:{new()}"))
    assert run(reconcile(tracker, queue)) == 0
    assert run(tracker.jobs.open_ids()) == []


def test_two_schedulers_tick_one_at_a_time(settings: Settings, run: Run) -> None:
    inside: list[str] = []
    most: list[int] = []
    enough = asyncio.Event()

    def ticking(name: str) -> Callable[[Tracker], Any]:
        async def tick(tracker: Tracker) -> None:
            inside.append(name)
            most.append(len(inside))
            if len(most) == 20:
                enough.set()
            await tracker.client.ping()
            await asyncio.sleep(0.02)
            inside.remove(name)

        return tick

    async def both() -> None:
        tasks = [asyncio.ensure_future(run_ticks(settings, ticking(name))) for name in "ab"]
        async with asyncio.timeout(10):
            await enough.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(both())
    assert max(most) == 1


def test_a_scheduler_that_died_in_a_tick_holds_the_others_up_for_the_lock_s_life_only(
    settings: Settings, tracker: Tracker, queue: QueueClient, lock: Lock, run: Run
) -> None:
    dead = Lock(store_url(settings), TICK_LOCK, ms=400)
    assert dead.take()
    assert not run(tick_once(tracker, queue, lock, nothing))
    dead.close()  # as a death does: not given back
    until(lambda: run(tick_once(tracker, queue, lock, nothing)), limit_s=2)


def test_a_tick_whose_lock_was_taken_is_cut_off(
    tracker: Tracker, queue: QueueClient, lock: Lock, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def loses(tracker: Tracker) -> None:
        await tracker.client.set(TICK_LOCK, "another")
        await asyncio.Event().wait()

    assert run(tick_once(tracker, queue, lock, loses))
    assert "cut off" in caplog.text
    assert run(tracker.client.get(TICK_LOCK)) == b"another"


def test_a_tick_that_fails_stops_neither_the_reconciliation_nor_the_next(
    tracker: Tracker,
    queue: QueueClient,
    lock: Lock,
    run: Run,
    new: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails(_: Tracker) -> None:
        raise ValueError(PERSONAL)

    id_ = new()
    assert run(tick_once(tracker, queue, lock, fails))
    assert run(queue.state(id_)) == "queued"
    assert run(tick_once(tracker, queue, lock, nothing))
    assert "tick: ValueError at" in caplog.text
    assert PERSONAL not in caplog.text


def test_the_process_ends_when_told(
    settings: Settings, tracker: Tracker, queue: QueueClient, start: Start, run: Run, new: Any
) -> None:
    id_ = new()
    process = start("schedule")
    until(lambda: run(queue.state(id_)) == "queued")
    process.terminate()
    assert process.wait(5) == 0
    until(lambda: not run(tracker.client.exists(TICK_LOCK)), limit_s=1)
