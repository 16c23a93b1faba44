"""Workers that are killed, told to end, or lose the store: every job is done in the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.integration.conftest import Run
from tests.integration.workers.conftest import Start, until
from tests.integration.workers.stand_in import begun
from tracker.bootstrap import open_tracker
from tracker.processes import told
from tracker.services.context import Tracker
from tracker.services.job_ids import LETTERS
from tracker.settings import Settings
from tracker.store.embedded import EmbeddedServer
from tracker.store.jobs import Job, Kind
from tracker.store.queue import QueueClient
from tracker.store.queues import QUEUES

KINDS: tuple[Kind, ...] = tuple(LETTERS)


def begun_by(tracker: Tracker, run: Run, job_id: str) -> list[int]:
    """The processes that began a job, in order."""
    return [int(pid) for pid in run(tracker.client.lrange(begun(job_id), 0, -1))]


def is_gone(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_the_jobs_of_killed_workers_are_done_by_others_within_seconds(
    tracker: Tracker,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
) -> None:
    jobs = {QUEUES[LETTERS[kind]]: new(kind, what="hold first") for kind in KINDS}
    for job_id in jobs.values():
        run(queue.dispatch(job_id))
    start("schedule")
    killed = [start("worker", name) for name in jobs]
    until(lambda: all(begun_by(tracker, run, job_id) for job_id in jobs.values()))
    for worker in killed:
        worker.kill()
        worker.wait()
    for name in jobs:
        start("worker", name)
    until(lambda: all(record(job_id).ended for job_id in jobs.values()), limit_s=12)
    for job_id in jobs.values():
        assert (record(job_id).state, record(job_id).result) == ("done", {"attempt": 2})
        died, _ = begun_by(tracker, run, job_id)
        assert is_gone(died)


def test_the_job_of_a_killed_process_of_a_worker_is_done_by_the_same_worker(
    tracker: Tracker,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
) -> None:
    job_id = new("import", what="hold first")
    run(queue.dispatch(job_id))
    start("schedule")
    worker = start("worker", "imports")
    until(lambda: begun_by(tracker, run, job_id))
    horse = begun_by(tracker, run, job_id)[0]
    assert horse != worker.pid
    os.kill(horse, signal.SIGKILL)
    until(lambda: record(job_id).state == "done", limit_s=12)
    assert worker.poll() is None


def test_a_light_job_is_run_by_the_worker_itself_and_after_its_death_apart(
    tracker: Tracker,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
) -> None:
    job_id = new("import", what="hold first")
    run(queue.dispatch(job_id, light=True))
    start("schedule")
    worker = start("worker", "imports")
    until(lambda: begun_by(tracker, run, job_id))
    assert begun_by(tracker, run, job_id) == [worker.pid]
    worker.kill()
    worker.wait()
    other = start("worker", "imports")
    until(lambda: record(job_id).state == "done", limit_s=12)
    assert begun_by(tracker, run, job_id)[1] != other.pid
    assert other.poll() is None


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_is_told_to_end_finishes_its_job_first(
    kind: Kind,
    light: bool,
    tracker: Tracker,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
) -> None:
    job_id = new(kind, what="hold")
    run(queue.dispatch(job_id, light=light))
    worker = start("worker", QUEUES[LETTERS[kind]])
    until(lambda: begun_by(tracker, run, job_id))
    worker.terminate()
    run(tracker.client.rpush("test:go", 1))
    assert worker.wait(10) == 0
    assert record(job_id).state == "done"


@pytest.mark.parametrize("name", QUEUES.values())
def test_an_idle_worker_ends_at_once_when_told(
    name: str,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
) -> None:
    job_id = new(next(kind for kind in KINDS if QUEUES[LETTERS[kind]] == name))
    run(queue.dispatch(job_id))
    worker = start("worker", name)
    until(lambda: record(job_id).ended)
    worker.terminate()
    assert worker.wait(3) == 0


def test_idle_workers_and_the_schedule_outlive_the_store(tmp_path: Path, run: Run) -> None:
    data = tmp_path / "data"
    with EmbeddedServer(data) as server:
        settings = Settings(data=data, store_url=server.url(), tick_s=0.05)

        async def create(job_id: str, kind: Kind) -> None:
            async with open_tracker(settings) as tracker:
                await tracker.jobs.create(
                    Job(id=job_id, kind=kind, by="test", created=1, params={})
                )

        async def all_done(*job_ids: str) -> bool:
            async with open_tracker(settings) as tracker:
                found = await asyncio.gather(*(tracker.jobs.get(id_) for id_ in job_ids))
                return all(job is not None and job.ended for job in found)

        def stand_in(*args: str) -> subprocess.Popen[bytes]:
            program = [sys.executable, "-m", "tests.integration.workers.stand_in", *args]
            return subprocess.Popen(program, env=told(settings, os.environ))

        processes = [
            stand_in("worker", "imports"),
            stand_in("worker", "snapshots"),
            stand_in("schedule"),
        ]
        try:
            run(create("i1", "import"))
            run(create("s1", "snapshots"))
            until(lambda: run(all_done("i1", "s1")))
            for turn in (1, 2):
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                assert server.wait_for("ready", timeout_s=10, restarts=turn)
            run(create("i2", "import"))
            run(create("s2", "snapshots"))
            until(lambda: run(all_done("i2", "s2")))
            assert [process.poll() for process in processes] == [None, None, None]
        finally:
            for process in processes:
                process.terminate()
            assert [process.wait(10) for process in processes] == [0, 0, 0]
