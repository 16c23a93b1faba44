"""What the tests of the pages start from."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import City
from tests.integration.conftest import Run
from tests.integration.registry import Clock


@pytest.fixture
def clock() -> Clock:
    """Stands at 08:00 on 2 May 2023 until it is moved."""
    return Clock()


@pytest.fixture
def market(run: Run, store: Redis, clock: Clock) -> City:
    """A market with nobody in it."""
    city = City(run, store, clock)
    city.open_market()
    return city
