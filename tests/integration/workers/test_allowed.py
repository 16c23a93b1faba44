"""Whoever can write to the queue cannot run code in a worker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Callback, Queue
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from rq.webhook import Webhook

from tests.integration.conftest import Run
from tests.integration.workers.conftest import Start, until
from tracker.bootstrap import queue_url
from tracker.settings import Settings
from tracker.store.client import connect_sync
from tracker.store.jobs import Job
from tracker.store.queue import RUN, QueueClient
from workers.allowed import AllowedJob, NotAllowed, allowing


@pytest.fixture
def client(settings: Settings) -> Iterator[Redis]:
    client = connect_sync(queue_url(settings))
    yield client
    client.close()


@pytest.fixture
def called() -> list[str]:
    """The ids that the allowed function was called with."""
    return []


@pytest.fixture
def read_back(client: Redis, called: list[str]) -> Callable[..., AllowedJob]:
    """Writes a job as anybody could, and reads it as a worker does."""
    allowed = allowing({RUN: called.append})

    def one(func: str, *args: Any, **options: Any) -> AllowedJob:
        queue = Queue("snapshots", connection=client, serializer=JSONSerializer)
        job = queue.enqueue_call(func, args=args, **options)
        found = allowed.fetch(job.id, connection=client, serializer=JSONSerializer)
        assert isinstance(found, AllowedJob)
        return found

    return one


def test_our_function_runs(read_back: Callable[..., AllowedJob], called: list[str]) -> None:
    read_back(RUN, "s1").perform()
    assert called == ["s1"]


@pytest.mark.parametrize(
    "func",
    ["subprocess.getoutput", "os.system", "builtins.exec", "workers.jobs.places", "print", ""],
)
def test_no_other_function_runs(read_back: Callable[..., AllowedJob], func: str) -> None:
    with pytest.raises(NotAllowed, match="no function of ours"):
        read_back(func, "true").perform()


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("s1", "s2"), {}), ((1,), {}), ((["s1"],), {}), (("s1",), {"settings": {}})],
)
def test_nothing_but_one_id_is_passed(
    read_back: Callable[..., AllowedJob], called: list[str], args: tuple[Any], kwargs: Any
) -> None:
    with pytest.raises(NotAllowed, match="something else"):
        read_back(RUN, *args, kwargs=kwargs).perform()
    assert called == []


def test_no_method_of_a_value_in_the_record_runs(read_back: Callable[..., AllowedJob]) -> None:
    job = read_back(RUN, "s1")
    job.data = b'["workers.jobs.run", "an instance", ["s1"], {}]'
    with pytest.raises(NotAllowed):
        job.perform()


def test_no_callback_and_no_web_address_is_called(read_back: Callable[..., AllowedJob]) -> None:
    evil = Callback("os.system")
    job = read_back(
        RUN,
        "s1",
        on_success=evil,
        on_failure=evil,
        on_stopped=evil,
        webhooks=[Webhook("http://127.0.0.1:9/", "finished")],
    )
    assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)
    assert job.webhooks == []


def test_a_worker_runs_no_shell_and_goes_on(
    client: Redis,
    queue: QueueClient,
    start: Start,
    run: Run,
    new: Callable[..., str],
    record: Callable[[str], Job],
    tmp_path: Path,
) -> None:
    written = tmp_path / "written"
    rq = Queue("snapshots", connection=client, serializer=JSONSerializer)
    evil = rq.enqueue_call(subprocess.getoutput, args=(f"touch {written}",), job_id="evil")
    good = new()
    run(queue.dispatch(good))
    start("worker", "snapshots")
    until(lambda: record(good).ended)
    assert RqJob.fetch(evil.id, connection=client, serializer=JSONSerializer).is_failed
    assert not written.exists()
