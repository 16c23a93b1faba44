"""One attempt at a job, and what its record says afterwards."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from msgspec import msgpack
from msgspec.structs import replace

from tests.integration.conftest import Run
from tests.integration.workers.conftest import until
from tests.integration.workers.stand_in import CASES, PERSONAL, begun
from tracker.bootstrap import open_tracker, queue_url
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.client import connect_sync
from tracker.store.embedded import EmbeddedServer
from tracker.store.jobs import Job
from tracker.store.queue import QueueClient, lease
from workers import jobs


def attempt(settings: Settings, job_id: str) -> None:
    """One attempt, with the pause that the one before left behind cut short."""
    client = connect_sync(queue_url(settings))
    client.delete(f"tracker:lease:{job_id}")
    client.close()
    jobs.run(job_id, settings=settings, cases=CASES)


def test_a_job_is_done_once(
    settings: Settings, tracker: Tracker, run: Run, new: Callable[..., str], record: Any
) -> None:
    id_ = new()
    attempt(settings, id_)
    attempt(settings, id_)
    assert (record(id_).state, record(id_).result) == ("done", {"attempt": 1})
    assert run(tracker.client.llen(begun(id_))) == 1
    assert run(tracker.jobs.open_ids()) == []


def test_a_refusal_is_the_answer(settings: Settings, new: Callable[..., str], record: Any) -> None:
    id_ = new("import", what="refuse")
    attempt(settings, id_)
    assert record(id_).state == "failed"
    assert record(id_).problem.code == "STALL_TAKEN"
    assert record(id_).attempts == 1


def test_an_error_is_tried_again_and_given_up_without_its_message(
    settings: Settings,
    queue: QueueClient,
    run: Run,
    new: Callable[..., str],
    record: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    id_ = new("import", what="break")
    for number in range(1, jobs.ATTEMPTS_MAX):
        attempt(settings, id_)
        assert (record(id_).state, record(id_).attempts) == ("running", number)
        assert run(queue.state(id_)) == "running"  # the pause before the next attempt
    attempt(settings, id_)
    assert (record(id_).state, record(id_).problem.code) == ("failed", "INTERNAL")
    assert PERSONAL not in caplog.text
    assert "ValueError" in caplog.text
    assert "stand_in.py" in caplog.text
    assert PERSONAL.encode() not in msgpack.encode(record(id_))


def test_a_job_that_kills_its_workers_is_given_up(
    settings: Settings, tracker: Tracker, run: Run, new: Callable[..., str], record: Any
) -> None:
    id_ = new()
    died = replace(record(id_), state="running", attempts=jobs.ATTEMPTS_MAX)
    run(tracker.jobs.save(died))
    attempt(settings, id_)
    assert (record(id_).state, record(id_).problem.code) == ("failed", "INTERNAL")
    assert run(tracker.client.llen(begun(id_))) == 0


def test_a_job_in_other_hands_is_left_alone(
    settings: Settings, tracker: Tracker, run: Run, new: Callable[..., str], record: Any
) -> None:
    id_ = new()
    held = lease(queue_url(settings), id_)
    assert held.take()
    jobs.run(id_, settings=settings, cases=CASES)
    assert record(id_).state == "queued"
    held.release()
    held.close()


def test_an_unknown_job_is_nothing(settings: Settings) -> None:
    jobs.run("sunknown", settings=settings, cases=CASES)


def test_progress_survives_the_end(
    settings: Settings, new: Callable[..., str], record: Any
) -> None:
    async def counts(tracker: Tracker, job: Job) -> dict[str, Any]:
        await tracker.jobs.save(replace(job, done=3, total=7))
        return {}

    id_ = new()
    jobs.run(id_, settings=settings, cases={"snapshots": counts})
    assert (record(id_).state, record(id_).done, record(id_).total) == ("done", 7, 7)


def test_a_job_waits_for_a_store_that_is_killed_under_it(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedServer(tmp_path / "data") as server:
        settings = Settings(data=tmp_path / "data", store_url=server.url())
        killed: list[int] = []

        async def kills(tracker: Tracker, job: Job) -> dict[str, Any]:
            if server.pid is not None and not killed:
                killed.append(server.pid)
                psutil.Process(server.pid).kill()
            await tracker.client.set("test:written", 1)
            return {}

        async def create() -> None:
            async with open_tracker(settings) as tracker:
                await tracker.jobs.create(
                    Job(id="s1", kind="snapshots", by="test", created=1, params={})
                )

        async def read() -> Job | None:
            async with open_tracker(settings) as tracker:
                return await tracker.jobs.get("s1")

        run(create())
        with caplog.at_level(logging.WARNING):
            jobs.run("s1", settings=settings, cases={"snapshots": kills})
        until(lambda: server.state == "ready")
        job = run(read())
    assert job is not None
    assert (job.state, job.attempts) == ("done", 1)
    assert "waits for the store" in caplog.text
