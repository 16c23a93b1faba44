"""What the tests of workers share: settings, a tracker, the queue, and processes that end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tracker.bootstrap import open_tracker, queue_url
from tracker.processes import told
from tracker.services.context import Tracker
from tracker.services.job_ids import LETTERS
from tracker.settings import Settings
from tracker.store.jobs import Job, Kind
from tracker.store.queue import QueueClient

DEADLINE_S = 20.0


class Start(Protocol):
    """What the fixture `start` gives: it starts a stand-in process (see `stand_in`)."""

    def __call__(self, *args: str) -> subprocess.Popen[bytes]: ...


def until(condition: Callable[[], object], *, limit_s: float = DEADLINE_S) -> float:
    """Waits for a condition; how long it took in seconds. Fails after the limit."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < limit_s, "it did not happen in time"
        Event().wait(0.02)
    return time.monotonic() - began


@pytest.fixture
def settings(store: Redis, store_url: str, tmp_path: Path) -> Settings:
    """Settings on an empty store."""
    return Settings(data=tmp_path, store_url=store_url, tick_s=0.05)


@pytest.fixture
def tracker(settings: Settings, run: Run) -> Iterator[Tracker]:
    """A tracker on these settings; to be used through `run`."""
    stack = AsyncExitStack()
    yield run(stack.enter_async_context(open_tracker(settings)))
    run(stack.aclose())


@pytest.fixture
def queue(settings: Settings) -> Iterator[QueueClient]:
    """A client of the queue that calls a job lost after a short while."""
    client = QueueClient(queue_url(settings), starting_ms=500)
    yield client
    client.close()


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts stand-in processes, and ends those that are left."""
    started: list[subprocess.Popen[bytes]] = []

    def one(*args: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "tests.integration.workers.stand_in", *args]
        started.append(subprocess.Popen(program, env=told(settings, os.environ)))
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def new(tracker: Tracker, run: Run) -> Callable[..., str]:
    """Creates a job that nobody dispatched, and gives its id."""
    numbers = iter(range(1_000))

    def one(kind: Kind = "snapshots", **params: Any) -> str:
        id_ = f"{LETTERS[kind]}test{next(numbers)}"
        run(tracker.jobs.create(Job(id=id_, kind=kind, by="test", created=1, params=params)))
        return id_

    return one


@pytest.fixture
def record(tracker: Tracker, run: Run) -> Callable[[str], Job]:
    """Reads the record of a job."""

    def one(id_: str) -> Job:
        job = run(tracker.jobs.get(id_))
        assert job is not None
        return job

    return one
