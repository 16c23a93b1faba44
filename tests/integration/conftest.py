"""A real store for the integration tests: one embedded server for all, emptied for each test.

With ``TRACKER_TEST_STORE=cluster`` it is a cluster of three nodes in its place, for all but the
tests of the workers (their queue needs a single server) and of the embedded server. A few tests ask
the one server themselves (INFO, KEYS, TIME, CONFIG) and fail there by that alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from os import environ
from typing import Protocol, TypeVar

import pytest
from redis.asyncio import Redis

from tests.integration.cluster.nodes import ClusterOfThree
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer

T = TypeVar("T")


class Run(Protocol):
    """What the fixture `run` gives: it runs an awaitable to its end and returns the result."""

    def __call__(self, work: Awaitable[T], /) -> T: ...


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running, durable store (database 0); it may hold what other tests left."""
    place = tmp_path_factory.mktemp("store")
    if environ.get("TRACKER_TEST_STORE") == "cluster":
        with ClusterOfThree(place) as cluster:
            yield cluster.url
        return
    with EmbeddedServer(place / "data") as server:
        yield server.url()


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs awaitables; one event loop for the whole test, so a client can be used many times."""

    async def whole(work: Awaitable[T]) -> T:
        return await work

    with asyncio.Runner() as runner:
        yield lambda work: runner.run(whole(work))


@pytest.fixture
def store(store_url: str, run: Run) -> Iterator[Redis]:
    """A client of the store, with all databases emptied; to be used through `run`."""
    client = connect(store_url)
    run(client.flushall())
    yield client
    run(client.aclose())
