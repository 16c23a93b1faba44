"""A bank's desk on an empty store."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.activity.bank import Desk
from tests.integration.conftest import Run
from tests.integration.registry import Clock


@pytest.fixture
def desk(run: Run, store: Redis) -> Desk:
    """A market with six traders who have accounts at two banks."""
    return Desk(run, store, Clock())
