"""An office with six traders, on an empty store."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tests.integration.sheets.office import (
    Office,
)


@pytest.fixture
def office(run: Run, store: Redis) -> Office:
    """The office; its clock stands."""
    return Office(run, store, Clock())
