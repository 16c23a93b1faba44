"""The service on a cluster: no step spans two slots, and every figure is what it is on one server.

All other tests run on a cluster too: ``TRACKER_TEST_STORE=cluster pytest tests/integration``.
"""

from __future__ import annotations

from redis.asyncio import Redis

from tests.integration import everything
from tests.integration.cluster.nodes import ClusterOfThree
from tests.integration.conftest import Run
from tests.integration.registry import Clock


def test_the_sample_from_its_files_to_the_feed(
    run: Run, store: Redis, cluster: ClusterOfThree
) -> None:
    everything.sample(run, store)
    assert all(node.ask("DBSIZE") for node in cluster.nodes)


def test_every_use_of_the_service(run: Run, store: Redis) -> None:
    everything.service(run, store, Clock())
