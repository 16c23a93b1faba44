"""The service over the test store, called as partners call it: by HTTP, with a key of their own."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import City
from tests.integration.api.over_time import on
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.services import areas


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


@pytest.fixture
def known(market: City) -> City:
    """That market with the units of the first start; 10 July 2025, nine days after the merger."""
    market.run(areas.seed(market.tracker))
    on(market, "2025-07-10")
    return market
