"""A store that could lose or evict what it acknowledged is refused, and told what to change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tracker.store.client import connect
from tracker.store.durability import (
    VolatileStore,
    check,
    faults_of_server,
    faults_of_settings,
    require_durable,
)

GOOD = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}


@pytest.fixture
def spoilt(store: Redis, run: Run) -> Iterator[Redis]:
    """The store, whose settings are put right again afterwards."""
    yield store
    for name, value in GOOD.items():
        run(store.config_set(name, value))


def test_the_embedded_store_is_durable(store: Redis, run: Run) -> None:
    assert run(check(store)) == []
    assert run(require_durable(store, accept_volatile=False)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("appendfsync", "no"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "allkeys-lru"),
        ("maxmemory-policy", "volatile-ttl"),
    ],
)
def test_each_bad_setting_is_refused_by_name(
    spoilt: Redis, run: Run, name: str, value: str
) -> None:
    run(spoilt.config_set(name, value))
    with pytest.raises(VolatileStore) as refused:
        run(require_durable(spoilt, accept_volatile=False))
    assert f"{name} is {value}: set it to {GOOD[name]}" in refused.value.detail
    assert "\n" not in refused.value.detail
    assert len(run(require_durable(spoilt, accept_volatile=True))) == 1


def test_all_faults_are_named_at_once(spoilt: Redis, run: Run) -> None:
    run(spoilt.config_set("appendfsync", "everysec"))
    run(spoilt.config_set("maxmemory-policy", "allkeys-lfu"))
    assert len(run(check(spoilt))) == 2


@pytest.mark.parametrize(("denied", "missing"), [("-config", "+config|get"), ("-info", "+info")])
def test_a_missing_right_is_a_reason(
    store: Redis, store_url: str, run: Run, denied: str, missing: str
) -> None:
    run(
        store.acl_setuser(
            "clerk", enabled=True, reset=True, passwords=["+pw"], keys=["*"],
            categories=["+@all"], commands=[denied],
        )
    )  # fmt: skip
    clerk = connect(store_url + "&username=clerk&password=pw")
    try:
        (reason,) = run(check(clerk))
    finally:
        run(clerk.aclose())
        run(store.acl_deluser("clerk"))
    assert missing in reason


@pytest.mark.parametrize(
    ("info", "good"),
    [
        ({"valkey_version": "9.1.2", "redis_version": "7.2.4"}, True),
        ({"valkey_version": "8.0.0", "redis_version": "7.2.4"}, True),
        ({"valkey_version": "7.2.9", "redis_version": "7.2.4"}, False),
        ({"redis_version": "7.2.0"}, True),
        ({"redis_version": "8.2.1"}, True),
        ({"redis_version": "7.0.15"}, False),
        ({"redis_version": "6.2.14"}, False),
        ({}, False),
        ({"valkey_version": "9.1.2", "role": "slave"}, False),
    ],
)
def test_old_servers_and_replicas_are_refused(info: dict[str, str], good: bool) -> None:
    assert (faults_of_server(info) == []) is good


def test_a_setting_that_is_not_shown_is_a_fault() -> None:
    assert faults_of_settings(GOOD) == []
    (fault,) = faults_of_settings({**GOOD, "appendfsync": None})
    assert fault.startswith("appendfsync cannot be read")
