"""An office with one open market, on an empty store."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.imports.office import Clock, Office


@pytest.fixture
def clock() -> Clock:
    """10:00 on 20 November 2026, until the test moves it."""
    return Clock()


@pytest.fixture
def city(run: Run, store: Redis, clock: Clock) -> Office:
    """An office of a city without any market."""
    return Office(run, store, clock)


@pytest.fixture
def office(city: Office) -> Office:
    """An office with the market `cho-thu`, open since 2020-03-01."""
    city.open_market()
    return city
