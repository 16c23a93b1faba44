"""The store of these tests is a cluster of three nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cluster.nodes import ClusterOfThree


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterOfThree]:
    """Three primaries, durable; a test that adds a node gives its slots back."""
    with ClusterOfThree(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="session")
def store_url(cluster: ClusterOfThree) -> str:
    """In place of the embedded server's: `store` is then a client of the cluster."""
    return cluster.url
