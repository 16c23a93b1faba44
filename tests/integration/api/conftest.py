"""The service over the test store, called as partners call it: by HTTP, with a key of their own."""

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
def city(run: Run, store: Redis, clock: Clock) -> City:
    """A service with one key a role and no market yet."""
    return City(run, store, clock)


@pytest.fixture
def market(city: City) -> City:
    """The same with the market `cho-vung-tau` (CVT), which the scoped keys are for."""
    city.open_market()
    return city
