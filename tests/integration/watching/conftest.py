"""A tracker over the test store with a queue, and servers that hang or are not there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock, tracker_on
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.queue import QueueClient


@pytest.fixture
def clock() -> Clock:
    """Stands at 08:00 on 2 May 2023 until it is moved."""
    return Clock()


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    """Settings of a service whose store is the test store."""
    return Settings(data=tmp_path, store_url=store_url)


@pytest.fixture
def queue(store_url: str) -> Iterator[QueueClient]:
    """The queue in the same server."""
    client = QueueClient(store_url.replace("?db=0", "?db=1"))
    yield client
    client.close()


@pytest.fixture
def tracker(store: Redis, clock: Clock, queue: QueueClient, run: Run) -> Tracker:
    """A tracker on an empty store, with the queue and no worker."""
    del run
    made = tracker_on(store, clock)
    made.queue = queue
    return made


@pytest.fixture
def hanging() -> Iterator[str]:
    """The URL of a server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def nobody() -> str:
    """The URL of a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
