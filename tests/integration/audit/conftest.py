"""The registry that the tests of the audit begin with."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from tests.integration.audit.world import World
from tests.integration.conftest import Run
from tests.integration.registry import Clock, build, dump, restore, tracker_on
from tracker.store.client import connect


@pytest.fixture(scope="package")
def built(store_url: str) -> tuple[dict[bytes, bytes], int]:
    """The registry as a dump, and its clock: made once, put back for each test."""

    async def scene() -> tuple[dict[bytes, bytes], int]:
        client, clock = connect(store_url), Clock()
        await client.flushall()
        await build(tracker_on(client, clock), clock)
        made = await dump(client)
        await client.aclose()
        return made, clock.ms

    return asyncio.run(scene())


@pytest.fixture
def world(built: tuple[dict[bytes, bytes], int], store: Redis, run: Run) -> World:
    made = World(store, Clock())
    made.clock.ms = built[1]
    run(restore(store, built[0]))
    return made
